use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{StatusCode, Url};
use serde::Deserialize;

use super::Server;
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

impl Server {
    /// The address of something in a mount: `api` is `data` or `metadata`, nothing in version 1.
    pub(super) fn url(&self, mount: &str, api: Option<&str>, path: &str) -> Result<Url, ReadError> {
        let mount = mount.trim_matches('/').split('/');
        let path = path.trim_matches('/').split('/');
        let whole = ["v1"].into_iter().chain(mount).chain(api).chain(path);
        Ok(self.address()?.at(whole))
    }

    /// Asks with the token, in a namespace, for at most this many bytes.
    pub(super) async fn get(
        &self,
        url: Url,
        namespace: Option<&str>,
        most: usize,
    ) -> Result<Reply, ReadError> {
        let mut call = self.prepared(Call::get(url).at_most(most), namespace)?;
        let token = self.token().await?;
        if let Some(token) = &token {
            call = call.credential(TOKEN, "", token)?;
        }
        let reply = call.send(&self.clients).await?;
        if let (Some(token), true) = (token, self.token.login.gives() && is_stranger(&reply)) {
            // The token that a login gave may have been revoked, or be used up.
            self.token.session.forget(&token).await;
            return Err(self.refused(&reply, "").transient());
        }
        Ok(reply)
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
            StatusCode::BAD_REQUEST if has("missing client token") => ReadError {
                kind: ErrorKind::Denied,
                next: self.token.login.mend().into(),
                ..error
            },
            StatusCode::FORBIDDEN if is_stranger(reply) => ReadError {
                next: self.token.login.mend().into(),
                ..error
            },
            // It waits for people, however often it is asked.
            StatusCode::SERVICE_UNAVAILABLE if has("sealed") => ReadError {
                next: "unseal it with `vault operator unseal`, then run again".into(),
                ..error
            }
            .lasting(),
            // A mount on its way from version 1 to 2.
            StatusCode::BAD_REQUEST if has("pgrading from non-versioned") => error.transient(),
            StatusCode::NOT_FOUND => ReadError {
                next: "correct `mount`, `path` and `namespace`".into(),
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

/// Whether the server refuses the token itself, and not what it asks for.
pub(super) fn is_stranger(reply: &Reply) -> bool {
    let unknown = |line: &str| {
        let words = ["invalid token", "bad token", "missing client token"];
        words.iter().any(|words| line.contains(words))
    };
    reply.status == StatusCode::FORBIDDEN && said(reply).as_deref().is_some_and(unknown)
}

/// Whether a line only says how many follow.
fn counts(line: &str) -> bool {
    line.ends_with(" error occurred:") || line.ends_with(" errors occurred:")
}
