use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use super::access::number;
use super::failure::refused;
use super::{Secrets, Server};
use crate::platform::http::{Call, MAX_PAGE};
use crate::platform::{Ask, List, Page, Portion, Rate};
use crate::reading::ReadError;
use crate::text::escape;

/// Asks for a page of the versions of one secret, newest first and without what they hold.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Versions {
    /// Of this secret.
    pub of: Secrets,
    /// Which page.
    pub page: Page,
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
    type Answer = Portion<Vec<Listed>>;

    const PAGED: bool = true;
    /// A hop on one version asks for it after others did. No value is in it.
    const KEEP: bool = true;
    /// Of a project.
    const RATE: Option<Rate> = Some(Rate::per_minute(600));

    fn host(&self, server: &Server) -> Option<Arc<str>> {
        self.of.host(server)
    }

    fn divides(&self) -> bool {
        self.page.divides()
    }

    fn describe(&self) -> String {
        let further = self.page.shown();
        format!("list secrets/{}/versions{further}", escape(&self.of.secret))
    }

    async fn send(
        server: &Server,
        asks: Vec<Self>,
    ) -> Vec<Result<Portion<Vec<Listed>>, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.list(server).await);
        }
        answers
    }
}

impl List for Versions {
    type Items = Vec<Listed>;
    const TOOL: &'static str = "`gcloud secrets versions list`";

    fn at(&self, page: Page) -> Self {
        Self {
            of: self.of.clone(),
            page,
        }
    }

    fn page(&self) -> &Page {
        &self.page
    }

    fn of(&self) -> String {
        format!("versions of {}", escape(&self.of.secret))
    }
}

impl Versions {
    async fn list(&self, server: &Server) -> Result<Portion<Vec<Listed>>, ReadError> {
        let mut url = self.of.url(server, &["versions"])?;
        let size = self.page.most.to_string();
        url.query_pairs_mut().append_pair("pageSize", &size);
        if let Some(page) = &self.page.from {
            url.query_pairs_mut().append_pair("pageToken", page);
        }
        let call = server.authorized(Call::get(url)).await?;
        let reply = call.at_most(MAX_PAGE).send(&server.clients).await?;
        if !reply.status.is_success() {
            let role = "roles/secretmanager.viewer (secretmanager.versions.list)";
            let none = Portion::Of {
                items: Vec::new(),
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
        Ok(Portion::Of {
            items: versions.collect(),
            next: answer.next.filter(|next| !next.is_empty()),
        })
    }
}
