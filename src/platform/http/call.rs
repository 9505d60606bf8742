use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Method, StatusCode, Url};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::encoding;
use super::failure::{redirected, refused};
use super::handshake;
use super::url::shown;
use super::wait::wait;
use super::{Clients, Stream};
use crate::key::Secret;
use crate::platform::buffer::{Buffer, MAX_BYTES, Overflow};
use crate::platform::excerpt::first_words;
use crate::reading::{ErrorKind, ReadError};

/// How much of a refusal is read, how long that may take, and how much of it is told.
pub(in crate::platform) const READ: usize = 16 << 10;
const PATIENCE: Duration = Duration::from_secs(2);
const TOLD: usize = 200;

/// The most bytes of a page of a list: 32 MiB.
pub(in crate::platform) const MAX_PAGE: usize = 32 << 20;

/// One request, and the credentials in it.
pub(in crate::platform) struct Call {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Secret>,
    sent: Vec<Arc<Secret>>,
    most: usize,
}

/// What a server answered: any status but a redirect.
pub(in crate::platform) struct Reply {
    /// 200 and so on.
    pub status: StatusCode,
    /// As they came.
    pub headers: HeaderMap,
    /// The headers that came behind the body of a success.
    pub trailers: HeaderMap,
    /// The whole of a success; the beginning of anything else, without the credentials that were sent.
    pub body: Secret,
    /// Whether `body` is all that came.
    whole: bool,
    url: Url,
}

/// An answer whose body is still to come: any status but a redirect.
pub(in crate::platform) struct Arriving {
    /// 200 and so on.
    pub status: StatusCode,
    /// As they came.
    pub headers: HeaderMap,
    url: Url,
    body: Stream,
    sent: Vec<Arc<Secret>>,
}

impl Call {
    /// Asks with GET, for at most [`MAX_BYTES`].
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// Sends a body with POST.
    pub fn post(url: Url, content_type: &'static str, body: Secret) -> Self {
        let mut call = Self::new(Method::POST, url);
        call.body = Some(body);
        call.with(CONTENT_TYPE, HeaderValue::from_static(content_type))
    }

    /// Sends this along, whatever the method.
    pub fn with_body(mut self, body: Secret) -> Self {
        self.body = Some(body);
        self
    }

    /// Any method, without a body.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: None,
            sent: Vec::new(),
            most: MAX_BYTES,
        }
    }

    /// Takes this many bytes at most, after decompression.
    pub fn at_most(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// Adds a header that is no secret.
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Adds headers that were made elsewhere, and the credentials that stand in them.
    pub fn with_all(mut self, headers: HeaderMap, sent: Vec<Arc<Secret>>) -> Self {
        self.headers.extend(headers);
        self.sent.extend(sent);
        self
    }

    /// Notes a credential that stands in the body, so that it is never repeated.
    pub fn carrying(mut self, secret: Arc<Secret>) -> Self {
        self.sent.push(secret);
        self
    }

    /// Adds a credential, with a word like `Bearer ` before it.
    ///
    /// # Errors
    ///
    /// When no header can carry it.
    pub fn credential(
        mut self,
        name: HeaderName,
        before: &str,
        secret: &Arc<Secret>,
    ) -> Result<Self, ReadError> {
        let mut text = Zeroizing::new(Vec::with_capacity(before.len() + secret.len()));
        text.extend_from_slice(before.as_bytes());
        text.extend_from_slice(secret.expose());
        let mut value = HeaderValue::from_bytes(&text).map_err(|_| {
            ReadError::new(
                ErrorKind::Denied,
                format!(
                    "the credential for {name} holds what no header can carry, a line break perhaps"
                ),
                "look at it with `straggler inspect`",
            )
        })?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        self.sent.push(Arc::clone(secret));
        Ok(self)
    }

    /// Sends it. Whatever status comes back is the caller's to judge.
    ///
    /// # Errors
    ///
    /// When no whole answer came, it was too large, or it redirects elsewhere.
    pub async fn send(self, clients: &Clients) -> Result<Reply, ReadError> {
        let most = self.most;
        self.open(clients).await?.whole(most).await
    }

    /// Sends it, and leaves the body of the answer to come.
    ///
    /// # Errors
    ///
    /// When no answer came, it redirects elsewhere, or its body is in an encoding that was not asked for.
    pub async fn open(self, clients: &Clients) -> Result<Arriving, ReadError> {
        let Self {
            method,
            url,
            headers,
            body,
            sent,
            most: _,
        } = self;
        let mut request = clients.client(&url)?.request(method, url.clone());
        request = request.headers(headers);
        if let Some(body) = body {
            request = request.body(body.expose().to_vec());
        }
        let response = request
            .send()
            .await
            .map_err(|error| clients.unanswered(&url, &error))?;
        let status = response.status();
        if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
            let location = response.headers().get(LOCATION).map(HeaderValue::as_bytes);
            return Err(redirected(response.url(), status, location));
        }
        let url = response.url().clone();
        let mut body = Stream::of(response);
        if status.is_success() {
            encoding::check(&url, body.headers())?;
        }
        Ok(Arriving {
            status,
            headers: std::mem::take(body.headers()),
            url,
            body,
            sent,
        })
    }
}

impl Arriving {
    /// The address that answers.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The next bytes of a success, after decompression; `None` at its end.
    ///
    /// # Errors
    ///
    /// When it breaks off.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, ReadError> {
        self.body.chunk().await
    }

    /// All of a success; the beginning of anything else.
    ///
    /// # Errors
    ///
    /// When it breaks off, a success is longer than `most` or compressed unasked, or a refusal is about TLS.
    pub async fn whole(self, most: usize) -> Result<Reply, ReadError> {
        let mut trailers = HeaderMap::new();
        let (body, whole) = if self.status.is_success() {
            let body;
            (body, trailers) = body_of(&self.url, self.body, most).await?;
            encoding::check_body(&self.url, &self.headers, body.expose())?;
            (body, true)
        } else if encoding::is_left(&self.headers) {
            // Nobody could read what it says.
            (Secret::new(Vec::new()), true)
        } else {
            let beginning = beginning(self.body, &self.sent).await;
            if let Some(error) = handshake::told(&self.url, self.status, beginning.0.expose()) {
                return Err(error);
            }
            beginning
        };
        Ok(Reply {
            status: self.status,
            headers: self.headers,
            trailers,
            body,
            whole,
            url: self.url,
        })
    }
}

impl Reply {
    /// What a server answered over a transport other than [`Call`]'s.
    ///
    /// # Errors
    ///
    /// When it redirects, for nothing that was sent is carried elsewhere, or is encoded unasked.
    pub fn received(
        url: Url,
        status: StatusCode,
        headers: HeaderMap,
        (body, whole): (Secret, bool),
    ) -> Result<Self, ReadError> {
        if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
            let location = headers.get(LOCATION).map(HeaderValue::as_bytes);
            return Err(redirected(&url, status, location));
        }
        if status.is_success() {
            encoding::check(&url, &headers)?;
            encoding::check_body(&url, &headers, body.expose())?;
        }
        Ok(Self {
            status,
            headers,
            trailers: HeaderMap::new(),
            body,
            whole,
            url,
        })
    }

    /// The address that answered, for people.
    pub fn shown(&self) -> String {
        shown(&self.url)
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadData`] when it is none, or of another shape; nothing of it is repeated.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, ReadError> {
        serde_json::from_slice(self.body.expose()).map_err(|error| {
            let what = if error.is_data() {
                "JSON of another shape than expected"
            } else {
                "what is no JSON"
            };
            let (line, column) = (error.line(), error.column());
            ReadError::new(
                ErrorKind::BadData,
                format!("{} answered {what}, at {line}:{column}", self.shown()),
                "ask it by hand with `curl -v`; something else may be listening there",
            )
        })
    }

    /// What an answer that is no success means, by its status. `said` is the message in it, where the
    /// platform has a place for one; `permission` is the next step for whoever is denied.
    pub fn refused(&self, said: Option<&str>, permission: &str) -> ReadError {
        let html = self
            .headers
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        let words = match said {
            Some(said) => first_words(said.as_bytes(), true, TOLD),
            // Pages for people are left out.
            None if html => String::new(),
            None => first_words(self.body.expose(), self.whole, TOLD),
        };
        let error = refused(&self.url, self.status, &words, permission);
        match wait(self.status, &self.headers, Timestamp::now()) {
            Some(wait) if matches!(self.status.as_u16(), 403 | 408 | 429 | 503) => {
                // A 403 with a time to wait is a limit, not a refusal: GitHub's is one.
                let kind = match self.status.as_u16() {
                    403 => ErrorKind::Throttled,
                    _ => error.kind,
                };
                ReadError { kind, ..error }.after(wait)
            }
            _ => error,
        }
    }
}

/// A whole body, and the headers behind it.
async fn body_of(
    url: &Url,
    mut body: Stream,
    most: usize,
) -> Result<(Secret, HeaderMap), ReadError> {
    let expected = body.length().unwrap_or(4095);
    let mut buffer = Buffer::new(usize::try_from(expected).unwrap_or(most), most);
    while let Some(chunk) = body.chunk().await? {
        buffer.push(&chunk).map_err(|Overflow| {
            ReadError::new(
                ErrorKind::TooLarge,
                format!("{} answered with over {} MiB", shown(url), most >> 20),
                "name the address that gives the key, and no larger page",
            )
        })?;
    }
    Ok((buffer.into_secret(), body.into_trailers()))
}

/// The beginning of what a server says when it refuses, and whether that was all.
pub(in crate::platform) async fn beginning(
    mut body: Stream,
    sent: &[Arc<Secret>],
) -> (Secret, bool) {
    let mut buffer = Buffer::new(READ, READ);
    let reading = async {
        while let Ok(Some(chunk)) = body.chunk().await {
            if buffer.push(&chunk).is_err() {
                return false;
            }
        }
        true
    };
    // Whatever came by then is told.
    let whole = tokio::time::timeout(PATIENCE, reading)
        .await
        .unwrap_or(false);
    (without(buffer.into_secret(), sent), whole)
}

/// The text with every credential that was sent taken out.
fn without(text: Secret, sent: &[Arc<Secret>]) -> Secret {
    sent.iter().fold(text, |text, secret| {
        let (text, secret) = (text.expose(), secret.expose());
        let mut left = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(&first) = rest.first() {
            match rest.strip_prefix(secret).filter(|_| !secret.is_empty()) {
                Some(behind) => {
                    left.push(b'*');
                    rest = behind;
                }
                None => {
                    left.push(first);
                    rest = &rest[1..];
                }
            }
        }
        Secret::new(left)
    })
}
