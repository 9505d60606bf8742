use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use reqwest::StatusCode;
use serde::Deserialize;

use super::mount::Kv;
use super::read::{Gone, is_bare};
use super::{Place, Server};
use crate::platform::Ask;
use crate::platform::http::MAX_PAGE;
use crate::reading::ReadError;

/// Asks which versions of a path there are; `None` where none are kept.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Versions {
    /// Where.
    pub place: Place,
}

/// A version that is known of.
pub struct Written {
    /// Its number, from 1.
    pub version: u64,
    /// When it was written.
    pub created_at: Option<Timestamp>,
    /// What was done to it, if anything.
    pub gone: Option<Gone>,
}

impl Ask for Versions {
    type Platform = Server;
    type Answer = Option<Vec<Written>>;

    fn host(&self, server: &Server) -> Option<Arc<str>> {
        Some(server.address().ok()?.host())
    }

    fn describe(&self) -> String {
        format!("GET versions of {}", self.place)
    }

    async fn send(server: &Server, asks: Vec<Self>) -> Vec<Result<Self::Answer, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.list(server).await);
        }
        answers
    }
}

#[derive(Deserialize)]
struct Told {
    data: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    versions: BTreeMap<u64, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    created_time: Box<str>,
    deletion_time: Box<str>,
    destroyed: bool,
}

impl Versions {
    async fn list(&self, server: &Server) -> Result<Option<Vec<Written>>, ReadError> {
        let place = &self.place;
        let kv = place.mounted(server).await?.map(|mounted| mounted.kv);
        if kv == Some(Kv::One) {
            return Ok(None);
        }
        let url = server.url(place.mount(server), Some("metadata"), &place.path)?;
        let reply = server.get(url, place.namespace(server), MAX_PAGE).await?;
        match reply.status {
            status if status.is_success() => {
                let Told { data } = reply.json()?;
                let now = Timestamp::now();
                let versions = data.versions.into_iter();
                Ok(Some(versions.map(|entry| written(entry, now)).collect()))
            }
            StatusCode::NOT_FOUND if kv.is_some() && is_bare(&reply) => Ok(Some(Vec::new())),
            _ => {
                let permission = place.permission(server, "metadata/");
                Err(server.refused(&reply, &permission))
            }
        }
    }
}

fn written((version, entry): (u64, Entry), now: Timestamp) -> Written {
    // A version may be told to go at some time to come.
    let deleted: Option<Timestamp> = entry.deletion_time.parse().ok();
    let gone = match deleted {
        _ if entry.destroyed => Some(Gone::Destroyed),
        Some(at) if at <= now => Some(Gone::Deleted(Some(at))),
        _ => None,
    };
    Written {
        version,
        created_at: entry.created_time.parse().ok(),
        gone,
    }
}
