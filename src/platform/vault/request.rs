use std::sync::Arc;

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{StatusCode, Url};
use serde::Deserialize;

use super::Server;
use super::settings::address_variable;
use super::token::Lent;
use crate::platform::http::{Call, Reply};
use crate::reading::{ErrorKind, ReadError};

const TOKEN: HeaderName = HeaderName::from_static("x-vault-token");
const NAMESPACE: HeaderName = HeaderName::from_static("x-vault-namespace");
/// Agents may refuse whatever comes without it.
const REQUEST: HeaderName = HeaderName::from_static("x-vault-request");

/// The part of an answer that says why it is none.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Words {
    errors: Vec<String>,
    warnings: Option<Vec<String>>,
}

/// What a server says of itself, to everybody.
#[derive(Deserialize)]
struct Health {
    #[expect(dead_code, reason = "that it says it is enough")]
    initialized: bool,
}

impl Server {
    /// The address of something in a mount: `api` is `data` or `metadata`, nothing in version 1.
    pub(super) fn url(&self, mount: &str, api: Option<&str>, path: &str) -> Result<Url, ReadError> {
        let mount = mount.trim_matches('/').split('/');
        let path = path.trim_matches('/').split('/');
        let whole = ["v1"].into_iter().chain(mount).chain(api).chain(path);
        Ok(self.address()?.at(whole))
    }

    /// Asks with the token, in a namespace, for at most this many bytes. What comes back is a success, or
    /// a refusal of what was asked for and not of the token.
    pub(super) async fn get(
        &self,
        url: Url,
        namespace: Option<&str>,
        most: usize,
    ) -> Result<Reply, ReadError> {
        let token = self.token().await?;
        let reply = self.send(url, namespace, most, token.as_ref()).await?;
        if let Some(error) = self.doubled(&reply).await {
            return Err(error);
        }
        let Some(error) = self.stranger(&reply, token.as_ref(), namespace).await? else {
            return Ok(reply);
        };
        match token.filter(|_| self.token.login.gives()) {
            // It may have been revoked, or been used by somebody else too. Another one may be taken.
            Some(token) => {
                self.token.session.forget(&token).await;
                Err(error.transient())
            }
            None => Err(error),
        }
    }

    pub(super) async fn send(
        &self,
        url: Url,
        namespace: Option<&str>,
        most: usize,
        token: Option<&Arc<Lent>>,
    ) -> Result<Reply, ReadError> {
        let mut call = self.prepared(Call::get(url).at_most(most), namespace)?;
        if let Some(lent) = token {
            call = call.credential(TOKEN, "", &lent.token)?;
        }
        call.send(&self.clients).await
    }

    /// Why there is no answer, if that is since the address ends in the `/v1` that comes with every path.
    pub(super) async fn doubled(&self, reply: &Reply) -> Option<ReadError> {
        let address = self.address().ok()?;
        if !matches!(reply.status.as_u16(), 400..=405) || !address.ends_in("v1") {
            return None;
        }
        // Behind a gateway it may belong there.
        let url = address.at(["sys", "health"]);
        let health = Call::get(url).send(&self.clients).await.ok()?;
        serde_json::from_slice::<Health>(health.body.expose()).ok()?;
        let place = match self.said {
            Some(_) => "`address`",
            None => address_variable(),
        };
        Some(ReadError {
            kind: ErrorKind::NotFound,
            next: format!("leave the `/v1` at the end of {place} out").into(),
            ..reply.refused(said(reply).as_deref(), "")
        })
    }

    /// Adds what every request has.
    pub(super) fn prepared(&self, call: Call, namespace: Option<&str>) -> Result<Call, ReadError> {
        let call = call.with(REQUEST, HeaderValue::from_static("true"));
        let Some(namespace) = namespace.filter(|namespace| !namespace.is_empty()) else {
            return Ok(call);
        };
        let value = HeaderValue::from_str(namespace).map_err(|_| {
            ReadError::new(
                ErrorKind::NotFound,
                "the namespace holds what no header can carry",
                "correct `namespace`",
            )
        })?;
        Ok(call.with(NAMESPACE, value))
    }

    /// Why there is no answer. `permission` is what whoever is denied needs.
    pub(super) fn refused(&self, reply: &Reply, permission: &str) -> ReadError {
        let words = said(reply);
        let error = reply.refused(words.as_deref(), permission);
        let has = |part| words.as_deref().is_some_and(|words| words.contains(part));
        match reply.status {
            // These wait for people, however often they are asked.
            StatusCode::SERVICE_UNAVAILABLE if has("sealed") => ReadError {
                next: "unseal it with `vault operator unseal`, then run again".into(),
                ..error
            }
            .lasting(),
            StatusCode::SERVICE_UNAVAILABLE if has("has been locked") => ReadError {
                next: "unlock the namespace with `vault namespace unlock`, then run again".into(),
                ..error
            }
            .lasting(),
            // A mount on its way from version 1 to 2.
            StatusCode::BAD_REQUEST if has("pgrading from non-versioned") => error.transient(),
            StatusCode::NOT_FOUND => ReadError {
                next: if has("namespace not found") {
                    "correct `namespace`: the whole path, from the top"
                } else if has("no handler for route") {
                    "correct `mount` and `namespace`; a namespace that is sealed says the same"
                } else {
                    "correct `mount`, `path` and `namespace`"
                }
                .into(),
                ..error
            },
            _ => error,
        }
    }
}

/// What the server says for itself: its errors, else its warnings.
pub(super) fn said(reply: &Reply) -> Option<String> {
    let words: Words = serde_json::from_slice(reply.body.expose()).ok()?;
    let lines: Vec<_> = words
        .errors
        .iter()
        .chain(words.warnings.iter().flatten())
        .flat_map(|text| text.lines())
        .map(|line| line.trim().trim_start_matches("* "))
        .filter(|line| !line.is_empty() && !counts(line))
        .collect();
    (!lines.is_empty()).then(|| lines.join("; "))
}

/// Its errors as they came.
pub(super) fn words_of(reply: &Reply) -> Vec<String> {
    let words = serde_json::from_slice::<Words>(reply.body.expose());
    words.unwrap_or_default().errors
}

/// Whether a line only says how many follow.
fn counts(line: &str) -> bool {
    line.ends_with(" error occurred:") || line.ends_with(" errors occurred:")
}
