use std::sync::Arc;

use reqwest::{StatusCode, Url};

use super::header::{Headers, fill};
use super::url::{parse, place};
use super::{Call, Http, host, location};
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

    fn place(&self, _: &Http, _: &Secret) -> Option<String> {
        place(&self.url)
    }

    fn host(&self, _: &Http) -> Option<Arc<str>> {
        self.url().ok().map(|url| host(&url))
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
    fn url(&self) -> Result<Url, ReadError> {
        parse(&self.url).map_err(|why| ReadError::new(ErrorKind::BadData, why, "correct `url`"))
    }

    async fn get(&self, http: &Http) -> Result<Secret, ReadError> {
        let url = self.url()?;
        http.credentials.uses_address(&url);
        let (headers, sent) = fill(&self.headers, &http.credentials).await?;
        let reply = Call::get(url)
            .with_all(headers, sent)
            .send(&http.clients)
            .await?;
        if matches!(
            reply.status,
            StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT
        ) {
            return Err(ReadError::new(
                ErrorKind::Protocol,
                format!(
                    "{} answered {}, without a body",
                    reply.shown(),
                    reply.status
                ),
                "ask it by hand with `curl -v`",
            ));
        }
        // Nobody asked for a part, and what is in it is not repeated.
        if reply.status == StatusCode::PARTIAL_CONTENT {
            return Err(reply.refused(Some(""), ""));
        }
        if !reply.status.is_success() {
            let next = match reply.status {
                StatusCode::UNAUTHORIZED => "send a valid credential in `headers`",
                _ => "let the credential in `headers` read this address",
            };
            return Err(reply.refused(None, next));
        }
        Ok(reply.body)
    }
}
