use std::sync::Arc;

use jiff::Timestamp;
use reqwest::Url;
use reqwest::header::AUTHORIZATION;
use serde::Deserialize;

use super::Server;
use super::failure::{Refused, refused};
use super::get::{API, Attributes, Get};
use crate::platform::http::{Address, Call, MAX_PAGE};
use crate::platform::{Ask, List, Page, Portion, Rate};
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// Asks for a page of the versions of one secret, without their values and in no order.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Versions {
    /// The vault's name or address; by default the store's.
    pub vault: Option<Arc<str>>,
    /// The secret's name.
    pub secret: Arc<str>,
    /// Which page.
    pub page: Page,
}

impl Versions {
    /// The most versions that a page may have, which is also how many it has unless fewer are asked for.
    pub const MOST: usize = 25;
}

/// A version.
#[derive(Clone)]
pub struct Listed {
    /// Its id.
    pub version: Arc<str>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// Why it cannot be read, if it is switched off.
    pub disabled: Option<ReadError>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    value: Vec<Item>,
    #[serde(rename = "nextLink")]
    next: Option<Arc<str>>,
}

#[derive(Deserialize)]
struct Item {
    /// A URL that ends in the version's id.
    id: String,
    #[serde(default)]
    attributes: Attributes,
}

impl Ask for Versions {
    type Platform = Server;
    type Answer = Portion<Vec<Listed>>;

    const PAGED: bool = true;
    const RATE: Option<Rate> = Get::RATE;

    fn host(&self, server: &Server) -> Option<Arc<str>> {
        Some(server.vault(self.vault.as_deref()).ok()?.host())
    }

    fn divides(&self) -> bool {
        self.page.divides()
    }

    fn describe(&self) -> String {
        let further = self.page.shown();
        format!("GET secrets/{}/versions{further}", escape(&self.secret))
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
    const TOOL: &'static str = "`az keyvault secret list-versions`";

    fn at(&self, page: Page) -> Self {
        Self {
            page,
            ..self.clone()
        }
    }

    fn page(&self) -> &Page {
        &self.page
    }

    fn of(&self) -> String {
        format!("versions of {}", escape(&self.secret))
    }
}

impl Versions {
    async fn list(&self, server: &Server) -> Result<Portion<Vec<Listed>>, ReadError> {
        let vault = server.vault(self.vault.as_deref())?;
        let url = self.url(&vault)?;
        let token = server.token(&vault).await?;
        let reply = Call::get(url)
            .credential(AUTHORIZATION, "Bearer ", &token)?
            .at_most(MAX_PAGE)
            .send(&server.clients)
            .await?;
        if !reply.status.is_success() {
            return match refused(&reply, &self.secret, "list get") {
                Refused::Absent => Ok(Portion::Of {
                    items: Vec::new(),
                    next: None,
                }),
                Refused::Error(error) => Err(error),
            };
        }
        let answer: Answer = reply.json()?;
        let versions = answer.value.iter().map(|item| self.listed(item));
        Ok(Portion::Of {
            items: versions.collect(),
            next: answer.next.filter(|link| !link.is_empty()),
        })
    }

    fn url(&self, vault: &Address) -> Result<Url, ReadError> {
        let mut first = vault.at(["secrets", &self.secret, "versions"]);
        first.query_pairs_mut().append_pair("api-version", API);
        let Some(page) = &self.page.from else {
            return Ok(self.sized(first));
        };
        // The token goes along, so a link that leads elsewhere is not followed.
        match Url::parse(page) {
            Ok(next) if next.origin() == first.origin() => Ok(self.sized(next)),
            _ => Err(ReadError::new(
                ErrorKind::Protocol,
                format!("{} names a next page that is not its own", vault.host()),
                "ask it by hand with `curl -v`; something else may be listening there",
            )),
        }
    }

    /// With how many versions are wanted, where those are fewer than usual.
    fn sized(&self, mut url: Url) -> Url {
        const SIZE: &str = "maxresults";
        if self.page.most < Self::MOST {
            let said: Vec<_> = url.query_pairs().into_owned().collect();
            let others = said.iter().filter(|(name, _)| name != SIZE);
            url.query_pairs_mut()
                .clear()
                .extend_pairs(others)
                .append_pair(SIZE, &self.page.most.to_string());
        }
        url
    }

    fn listed(&self, item: &Item) -> Listed {
        let disabled = item.attributes.enabled == Some(false);
        Listed {
            version: item.id.rsplit('/').next().unwrap_or_default().into(),
            created_at: item.attributes.created_at(),
            disabled: disabled.then(|| super::failure::disabled(&self.secret)),
        }
    }
}
