use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use super::access::number;
use super::failure::refused;
use super::{Secrets, Server};
use crate::platform::http::{Call, MAX_PAGE};
use crate::platform::{Ask, Rate};
use crate::reading::ReadError;
use crate::text::escape;

/// Asks for a page of the versions of one secret, newest first and without what they hold.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Versions {
    /// Of this secret.
    pub of: Secrets,
    /// How many on a page.
    pub size: usize,
    /// The page, as the one before it names it; the first unless said.
    pub page: Option<Arc<str>>,
}

/// Some of the versions.
pub struct Page {
    /// Those on this page.
    pub versions: Vec<Listed>,
    /// The next page, where there is one.
    pub next: Option<Arc<str>>,
}

/// A version.
#[derive(Clone)]
pub struct Listed {
    /// They count up from 1.
    pub number: u64,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// Whether it can be read.
    pub state: State,
}

/// What can be done with a version.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// It can be read.
    Enabled,
    /// It cannot, until it is enabled again.
    Disabled,
    /// What it held is gone.
    Destroyed,
    /// Something that came later.
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    versions: Vec<Item>,
    #[serde(rename = "nextPageToken")]
    next: Option<Arc<str>>,
}

#[derive(Deserialize)]
struct Item {
    name: String,
    #[serde(rename = "createTime")]
    created: Option<Timestamp>,
    state: State,
}

impl Ask for Versions {
    type Platform = Server;
    type Answer = Page;

    /// Of a project.
    const RATE: Option<Rate> = Some(Rate::per_minute(600));

    fn host(&self, server: &Server) -> Option<Arc<str>> {
        self.of.host(server)
    }

    fn describe(&self) -> String {
        let further = if self.page.is_some() { ", further" } else { "" };
        format!("list secrets/{}/versions{further}", escape(&self.of.secret))
    }

    async fn send(server: &Server, asks: Vec<Self>) -> Vec<Result<Page, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.list(server).await);
        }
        answers
    }
}

impl Versions {
    async fn list(&self, server: &Server) -> Result<Page, ReadError> {
        let mut url = self.of.url(server, &["versions"])?;
        let size = self.size.to_string();
        url.query_pairs_mut().append_pair("pageSize", &size);
        if let Some(page) = &self.page {
            url.query_pairs_mut().append_pair("pageToken", page);
        }
        let call = server.authorized(Call::get(url)).await?;
        let reply = call.at_most(MAX_PAGE).send(&server.clients).await?;
        if !reply.status.is_success() {
            let role = "roles/secretmanager.viewer (secretmanager.versions.list)";
            let none = Page {
                versions: Vec::new(),
                next: None,
            };
            return refused(&reply, &self.of, role).map_or(Ok(none), Err);
        }
        let answer: Answer = reply.json()?;
        let versions = answer.versions.into_iter().filter_map(|item| {
            Some(Listed {
                number: number(&item.name)?,
                created_at: item.created,
                state: item.state,
            })
        });
        Ok(Page {
            versions: versions.collect(),
            next: answer.next.filter(|next| !next.is_empty()),
        })
    }
}
