use std::collections::HashMap;
use std::sync::Arc;

use reqwest::header::AUTHORIZATION;
use serde::Deserialize;

use super::Server;
use super::failure::refused;
use crate::extract::{Members, SecretText};
use crate::key::Secret;
use crate::platform::http::{Call, MAX_PAGE};
use crate::platform::{Ask, Rate};
use crate::reading::ReadError;
use crate::text::Escaped;

/// Asks for everything in one config, so that a config costs one call however many of its names matter.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct List {
    /// The project; by default the store's.
    pub project: Option<Arc<str>>,
    /// The config; by default the store's.
    pub config: Option<Arc<str>>,
}

/// What a config holds, by name; `None` for a value that is not shown to this token.
pub type Secrets = HashMap<Box<str>, Option<Secret>>;

#[derive(Deserialize)]
struct Answer {
    secrets: Members<Kept>,
}

#[derive(Deserialize)]
struct Kept {
    /// With references to other secrets followed, as programs get it.
    computed: Option<SecretText>,
}

impl Ask for List {
    type Platform = Server;
    type Answer = Secrets;

    /// Of an address and of a token, on the Team plan.
    const RATE: Option<Rate> = Some(Rate::per_minute(240));

    fn place(&self, server: &Server, _: &Secrets) -> Option<String> {
        // A service token stands for its config without naming it, and two of them for two.
        let place = server.named(self);
        let (project, config) = (place.project?, place.config?);
        Some(format!(
            "doppler {} {project}/{config}",
            server.address().ok()?.host()
        ))
    }

    fn host(&self, server: &Server) -> Option<Arc<str>> {
        Some(server.address().ok()?.host())
    }

    fn describe(&self) -> String {
        let mut what = "GET configs/config/secrets".to_owned();
        for (name, value) in [("project", &self.project), ("config", &self.config)] {
            if let Some(value) = value {
                what = format!("{what} {name}={}", Escaped(value));
            }
        }
        what
    }

    async fn send(server: &Server, asks: Vec<Self>) -> Vec<Result<Secrets, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.list(server).await);
        }
        answers
    }
}

impl List {
    async fn list(&self, server: &Server) -> Result<Secrets, ReadError> {
        let mut url = server.address()?.at(["v3", "configs", "config", "secrets"]);
        let token = server.token().await?;
        let place = server.place(self, &token)?;
        for (name, value) in [("project", place.project), ("config", place.config)] {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        // With them, reading would issue leases: new credentials in somebody's database.
        url.query_pairs_mut()
            .append_pair("include_dynamic_secrets", "false");
        let reply = Call::get(url)
            .credential(AUTHORIZATION, "Bearer ", &token)?
            .at_most(MAX_PAGE)
            .send(&server.clients)
            .await?;
        if !reply.status.is_success() {
            return Err(refused(&reply, &place));
        }
        let answer: Answer = reply.json()?;
        let secrets = answer.secrets.0.into_iter();
        Ok(secrets
            .map(|(name, kept)| (name, kept.computed.map(|text| text.0)))
            .collect())
    }
}
