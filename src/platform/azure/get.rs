use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::AUTHORIZATION;
use serde::Deserialize;

use super::Server;
use super::failure::{Refused, refused};
use crate::extract::SecretText;
use crate::key::Secret;
use crate::platform::http::Call;
use crate::platform::{Ask, Rate};
use crate::reading::ReadError;
use crate::text::escape;

/// The version of the API that is spoken.
pub(super) const API: &str = "7.4";

/// Asks for the value of one secret; `None` where there is no such secret or version.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Get {
    /// The vault's name or address; by default the store's.
    pub vault: Option<Arc<str>>,
    /// The secret's name.
    pub secret: Arc<str>,
    /// Which version; by default the current one.
    pub version: Option<Arc<str>>,
}

/// A secret's value.
pub struct Kept {
    /// The bytes.
    pub value: Secret,
    /// When this version was created.
    pub created_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Answer {
    value: SecretText,
    #[serde(default)]
    attributes: Attributes,
}

/// What a version is beside its value.
#[derive(Default, Deserialize)]
pub(super) struct Attributes {
    /// In seconds since 1970.
    created: Option<i64>,
    pub enabled: Option<bool>,
}

impl Attributes {
    pub fn created_at(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.created?).ok()
    }
}

impl Ask for Get {
    type Platform = Server;
    type Answer = Option<Kept>;

    /// Of a vault, in its region.
    const RATE: Option<Rate> = Some(Rate {
        calls: 4000,
        within: Duration::from_secs(10),
    });

    fn place(&self, server: &Server, _: &Option<Kept>) -> Option<String> {
        // The names of vaults and secrets have no case.
        let vault = server.vault(self.vault.as_deref()).ok()?;
        Some(format!("azure {} {}", vault.host(), self.secret).to_lowercase())
    }

    fn host(&self, server: &Server) -> Option<Arc<str>> {
        Some(server.vault(self.vault.as_deref()).ok()?.host())
    }

    fn describe(&self) -> String {
        let secret = escape(&self.secret);
        match &self.version {
            Some(version) => format!("GET secrets/{secret}/{}", escape(version)),
            None => format!("GET secrets/{secret}"),
        }
    }

    async fn send(server: &Server, asks: Vec<Self>) -> Vec<Result<Option<Kept>, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.get(server).await);
        }
        answers
    }
}

impl Get {
    async fn get(&self, server: &Server) -> Result<Option<Kept>, ReadError> {
        let vault = server.vault(self.vault.as_deref())?;
        let path = ["secrets", &self.secret];
        let mut url = vault.at(path.into_iter().chain(self.version.as_deref()));
        url.query_pairs_mut().append_pair("api-version", API);
        let token = server.token(&vault).await?;
        let reply = Call::get(url)
            .credential(AUTHORIZATION, "Bearer ", &token)?
            .send(&server.clients)
            .await?;
        if reply.status.is_success() {
            let answer: Answer = reply.json()?;
            return Ok(Some(Kept {
                value: answer.value.0,
                created_at: answer.attributes.created_at(),
            }));
        }
        match refused(&reply, &self.secret, "get") {
            Refused::Absent => Ok(None),
            Refused::Error(error) => Err(error),
        }
    }
}
