use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Method, Response, StatusCode, Url};

use super::Target;
use super::signature::signature;
use super::target::{is_here, parse};
use crate::key::Secret;
use crate::platform::Credential;
use crate::platform::commands::{Argv, feed};
use crate::platform::credential::Credentials;
use crate::platform::excerpt::first_words;
use crate::platform::http::{Clients, Stream, beginning, origin, wait_for};
use crate::reading::{ErrorKind, ReadError};

/// How much of what a receiver says is told.
const TOLD: usize = 120;

/// Shorter parts of a URL give nothing away.
const SHORTEST_SECRET: usize = 8;

/// Carries messages, each in one attempt: whoever sends it decides about another. A URL is never told,
/// only its scheme and host, and redirects are never followed.
pub struct Courier {
    /// For servers elsewhere.
    out: Clients,
    /// For those on this very host, where a proxy has no business.
    here: Clients,
    credentials: Credentials,
}

/// What stands on a message, beside its body.
#[derive(Clone, Copy)]
pub struct Envelope<'a> {
    /// The same for every attempt at one message.
    pub delivery: &'a str,
    /// What it is signed with.
    pub secret: Option<&'a Credential>,
}

impl Default for Courier {
    fn default() -> Self {
        Self {
            out: Clients::unfollowing(),
            here: Clients::direct().still(),
            credentials: Credentials::with_proxies(),
        }
    }
}

impl Courier {
    /// Every credential that was used so far, the secret parts of addresses among them.
    #[must_use]
    pub fn credentials(&self) -> Vec<Secret> {
        self.credentials.used()
    }

    /// Posts JSON, with an envelope where the receiver knows what to do with one.
    ///
    /// # Errors
    ///
    /// Why nobody took it, and whether another attempt may do better.
    pub async fn post(
        &self,
        target: &Target,
        body: &[u8],
        envelope: Option<Envelope<'_>>,
    ) -> Result<(), ReadError> {
        let mut headers = match envelope {
            Some(envelope) => self.headers(envelope, body).await?,
            None => HeaderMap::new(),
        };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.send(Method::POST, target, headers, body.to_vec())
            .await
    }

    /// Asks with GET, and takes any success for an answer.
    ///
    /// # Errors
    ///
    /// As [`Courier::post`].
    pub async fn get(&self, target: &Target) -> Result<(), ReadError> {
        self.send(Method::GET, target, HeaderMap::new(), Vec::new())
            .await
    }

    /// Runs a program in this folder with the body on its standard input. When this is dropped before
    /// it ends, the program and all it started are killed.
    ///
    /// # Errors
    ///
    /// When it cannot be started, or exits with another status than 0.
    pub async fn run(&self, argv: &Argv, folder: &Path, body: &[u8]) -> Result<(), ReadError> {
        feed(argv, folder, body).await
    }

    async fn headers(&self, envelope: Envelope<'_>, body: &[u8]) -> Result<HeaderMap, ReadError> {
        let time = Timestamp::now().as_second().to_string();
        let mut headers = vec![
            ("straggler-delivery", envelope.delivery.to_owned()),
            ("straggler-timestamp", time.clone()),
        ];
        if let Some(secret) = envelope.secret {
            let secret = self.credentials.resolve(secret).await?;
            let signature = signature(secret.expose(), &time, body);
            headers.push(("straggler-signature", signature));
        }
        let pair = |(name, value): (&'static str, String)| {
            let value = HeaderValue::from_str(&value).ok()?;
            Some((HeaderName::from_static(name), value))
        };
        Ok(headers.into_iter().filter_map(pair).collect())
    }

    async fn send(
        &self,
        method: Method,
        target: &Target,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<(), ReadError> {
        let url = self.url(target).await?;
        let clients = if is_here(&url) { &self.here } else { &self.out };
        let request = clients
            .client(&url)?
            .request(method, url.clone())
            .headers(headers)
            .body(body);
        let response = request.send().await.map_err(|error| {
            let error = clients.unanswered(&url, &error);
            // A receiver that is being restarted refuses connections for a moment.
            match error.kind {
                ErrorKind::Connect => error.transient(),
                _ => error,
            }
        })?;
        if response.status().is_success() {
            return Ok(());
        }
        Err(refused(&url, response).await)
    }

    async fn url(&self, target: &Target) -> Result<Url, ReadError> {
        let credential = match target {
            Target::Url(url) => {
                self.credentials.uses(url.as_bytes());
                return parse(url)
                    .map_err(|why| ReadError::new(ErrorKind::BadData, why, "correct `url`"));
            }
            Target::Credential(credential) => credential,
        };
        let secret = self.credentials.resolve(credential).await?;
        let text = std::str::from_utf8(secret.expose()).map_err(|_| "expected a URL".to_owned());
        text.and_then(parse).map_err(|why| {
            ReadError::new(
                ErrorKind::BadData,
                format!("{credential} holds something else: {why}"),
                "put the URL there, whole and with nothing around it",
            )
        })
    }
}

/// What an answer that is no success means.
async fn refused(url: &Url, response: Response) -> ReadError {
    let (host, status) = (origin(url), response.status());
    let headers = response.headers().clone();
    if status.is_redirection() {
        let location = headers.get(LOCATION);
        let location = location.and_then(|location| location.to_str().ok());
        let target = location.and_then(|location| url.join(location).ok());
        let to = match target.filter(Url::has_host) {
            Some(target) => format!("to {}", origin(&target)),
            None => "elsewhere".to_owned(),
        };
        return ReadError::new(
            ErrorKind::Protocol,
            format!("{host} answered {status}: it redirects {to}, which is never followed"),
            "write the last address in `url`",
        );
    }
    let html = headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    // Pages for people are left out, and so is what would give the URL away.
    let words = match html {
        true => String::new(),
        false => {
            let (text, whole) = beginning(Stream::of(response), &parts(url)).await;
            first_words(text.expose(), whole, TOLD)
        }
    };
    let colon = if words.is_empty() { "" } else { ": " };
    let (kind, next) = match status.as_u16() {
        401 | 403 => (
            ErrorKind::Denied,
            "give straggler a `url` or `secret` that is still valid",
        ),
        404 | 410 => (
            ErrorKind::NotFound,
            "correct `url`: nobody receives anything there",
        ),
        407 => (
            ErrorKind::Denied,
            "give the proxy its credentials in HTTPS_PROXY",
        ),
        429 => (ErrorKind::Throttled, "run again later"),
        500.. => (
            ErrorKind::Protocol,
            "look into the receiver's log, and run again when it is well",
        ),
        _ => (ErrorKind::Protocol, "look into the receiver's log"),
    };
    let error = ReadError::new(
        kind,
        format!("{host} answered {status}{colon}{words}"),
        next,
    );
    let error = error.answered();
    let busy = matches!(status.as_u16(), 429 | 503);
    match wait_for(status, &headers, Timestamp::now()) {
        Some(wait) if busy => error.after(wait),
        _ if status.is_server_error() => error.transient(),
        _ if status == StatusCode::TOO_MANY_REQUESTS => error,
        _ => error.lasting(),
    }
}

/// What of a URL may be a secret.
fn parts(url: &Url) -> Vec<Arc<Secret>> {
    let query = url.query().unwrap_or_default();
    let segments = url.path().split('/').chain(query.split(['&', '=']));
    [url.path(), query]
        .into_iter()
        .chain(segments)
        .filter(|part| part.len() >= SHORTEST_SECRET)
        .map(|part| Arc::new(Secret::copied(part.as_bytes())))
        .collect()
}
