use std::ops::RangeInclusive;
use std::sync::Arc;

use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderName, HeaderValue};
use serde::Deserialize;

use super::failure::refused;
use super::{Names, Server};
use crate::extract::SecretText;
use crate::key::{Fingerprint, Secret};
use crate::platform::http::{Call, MAX_PAGE};
use crate::platform::{Ask, Rate};
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// Of the REST API, for one endpoint and one token.
const RATE: Rate = Rate::per_minute(900);

/// More pages than the thousand names that GitHub allows anywhere could fill.
const MOST_PAGES: usize = 100;

/// Asks for the first page of a list.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct List(pub Names);

/// Asks for a further page of a list, when the first said that there is one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Further {
    /// Of which list.
    pub of: Names,
    /// The second is 2.
    pub page: usize,
}

/// Asks for the fingerprints that the variables of a list hold, a page of them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Claims {
    /// Of which list.
    pub of: Names,
    /// The first is 1.
    pub page: usize,
}

/// Some of the names in a list.
pub struct Page<T> {
    entries: Vec<T>,
    /// How many names the whole list has.
    total: usize,
}

/// A secret or a variable.
#[derive(Deserialize)]
pub struct Entry {
    name: Box<str>,
    /// When it was last written, even if with the same value.
    pub updated_at: Timestamp,
    value: Option<SecretText>,
    visibility: Option<Box<str>>,
}

/// What a variable says of a secret.
pub struct Claim {
    name: Box<str>,
    /// When the variable was last written.
    pub updated_at: Timestamp,
    /// The fingerprint; `None` for a variable that holds something else.
    pub fingerprint: Option<Fingerprint>,
}

#[derive(Deserialize)]
struct Answer {
    total_count: usize,
    #[serde(alias = "secrets", alias = "variables")]
    items: Vec<Entry>,
}

/// Whatever has a name in a list.
trait Named {
    fn name(&self) -> &str;
}

impl Named for Entry {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for Claim {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Entry {
    /// Its value, of a variable.
    #[must_use]
    pub fn value(&self) -> Option<&Secret> {
        self.value.as_ref().map(|text| &text.0)
    }

    /// Whether an organization keeps it from some of its repositories.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.visibility
            .as_deref()
            .is_some_and(|visibility| visibility != "all")
    }
}

#[expect(
    private_bounds,
    reason = "pages are of entries and of claims, and of nothing else"
)]
impl<T: Named> Page<T> {
    /// What has this name. GitHub's names are the same in any case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&T> {
        self.entries
            .iter()
            .find(|entry| entry.name().eq_ignore_ascii_case(name))
    }

    /// How many names are on it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no name is on it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many names the whole list has.
    #[must_use]
    pub fn total(&self) -> usize {
        self.total
    }

    /// The pages behind it, if it is the first. GitHub may put fewer on a page than it was asked for.
    #[must_use]
    pub fn further(&self) -> RangeInclusive<usize> {
        2..=self.total.div_ceil(self.entries.len().max(1))
    }
}

macro_rules! asks {
    ($($ask:ty: $answer:ty, kept: $keep:literal;)+) => {$(
        impl Ask for $ask {
            type Platform = Server;
            type Answer = $answer;

            const KEEP: bool = $keep;
            const RATE: Option<Rate> = Some(RATE);

            fn host(&self, server: &Server) -> Option<Arc<str>> {
                Some(server.address().ok()?.host())
            }

            fn describe(&self) -> String {
                let (names, page) = self.wanted();
                let path = names.path().join("/");
                match page {
                    1 => format!("GET {}", escape(&path)),
                    page => format!("GET {}, page {page}", escape(&path)),
                }
            }

            async fn send(
                server: &Server,
                asks: Vec<Self>,
            ) -> Vec<Result<$answer, ReadError>> {
                let mut answers = Vec::with_capacity(asks.len());
                for ask in asks {
                    let (names, page) = ask.wanted();
                    answers.push(names.page(page, server).await.map(<$answer>::from));
                }
                answers
            }
        }
    )+};
}

// What is asked after something else has to stay; fingerprints are no secrets.
asks! {
    List: Page<Entry>, kept: false;
    Further: Page<Entry>, kept: true;
    Claims: Page<Claim>, kept: true;
}

impl List {
    fn wanted(&self) -> (&Names, usize) {
        (&self.0, 1)
    }
}

impl Further {
    fn wanted(&self) -> (&Names, usize) {
        (&self.of, self.page)
    }
}

impl Claims {
    fn wanted(&self) -> (&Names, usize) {
        (&self.of, self.page)
    }
}

impl From<Page<Entry>> for Page<Claim> {
    fn from(page: Page<Entry>) -> Self {
        let claim = |entry: Entry| {
            let text = entry
                .value()
                .and_then(|value| std::str::from_utf8(value.expose()).ok());
            Claim {
                fingerprint: text.and_then(|text| text.trim().parse().ok()),
                updated_at: entry.updated_at,
                name: entry.name,
            }
        };
        Self {
            total: page.total,
            entries: page.entries.into_iter().map(claim).collect(),
        }
    }
}

impl Names {
    async fn page(&self, page: usize, server: &Server) -> Result<Page<Entry>, ReadError> {
        let mut url = server.address()?.at(self.path());
        url.query_pairs_mut()
            .append_pair("per_page", &self.what.per_page().to_string())
            .append_pair("page", &page.to_string());
        let token = server.token().await?;
        let reply = Call::get(url)
            .with(
                ACCEPT,
                HeaderValue::from_static("application/vnd.github+json"),
            )
            .with(
                HeaderName::from_static("x-github-api-version"),
                HeaderValue::from_static("2022-11-28"),
            )
            .credential(AUTHORIZATION, "Bearer ", &token)?
            .at_most(MAX_PAGE)
            .send(&server.clients)
            .await?;
        if !reply.status.is_success() {
            return Err(refused(&reply, self));
        }
        let answer: Answer = reply.json()?;
        let (listed, total) = (answer.items.len(), answer.total_count);
        if page == 1 && (total > listed * MOST_PAGES || listed > total) {
            return Err(ReadError::new(
                ErrorKind::BadData,
                format!(
                    "{} answered with {listed} names and says that there are {total}",
                    reply.shown()
                ),
                "ask it by hand with `curl -v`; something else may be listening there",
            ));
        }
        Ok(Page {
            entries: answer.items,
            total,
        })
    }
}
