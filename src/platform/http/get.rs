use std::sync::Arc;

use reqwest::Url;

use super::answer::exchange;
use super::header::{Headers, fill};
use super::{Http, check_url, location};
use crate::key::Secret;
use crate::platform::Ask;
use crate::reading::{ErrorKind, ReadError};

/// Asks for what a server answers at an address.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Get {
    /// Where.
    pub url: Arc<str>,
    /// Credentials that go along, to this origin only.
    pub headers: Arc<Headers>,
}

impl Ask for Get {
    type Platform = Http;
    type Answer = Secret;

    fn describe(&self) -> String {
        format!("GET {}", location(&self.url))
    }

    async fn send(http: &Http, asks: Vec<Self>) -> Vec<Result<Secret, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.get(http).await);
        }
        answers
    }
}

impl Get {
    async fn get(&self, http: &Http) -> Result<Secret, ReadError> {
        let url = check_url(&self.url)
            .and_then(|()| Url::parse(&self.url).map_err(|error| error.to_string()))
            .map_err(|why| ReadError::new(ErrorKind::BadData, why, "correct `url`"))?;
        let (headers, sent) = fill(&self.headers, &http.credentials).await?;
        let request = http.client(&url)?.get(url.clone()).headers(headers);
        exchange(&url, request, &sent).await
    }
}
