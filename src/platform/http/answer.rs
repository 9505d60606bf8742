use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{RequestBuilder, Response, StatusCode};

use super::failure::{redirected, refused, unanswered};
use super::url::shown;
use crate::key::Secret;
use crate::platform::buffer::{Buffer, MAX_BYTES, Overflow};
use crate::platform::excerpt::first_words;
use crate::reading::{ErrorKind, ReadError};

/// How much of a refusal is read, how long that may take, and how much of it is told.
const READ: usize = 4096;
const PATIENCE: Duration = Duration::from_secs(2);
const TOLD: usize = 200;

/// Sends a request and takes the body of its success, at most [`MAX_BYTES`] after decompression.
/// `sent` are the credentials in it; none of them gets into an error.
pub(super) async fn exchange(
    url: &reqwest::Url,
    request: RequestBuilder,
    sent: &[Arc<Secret>],
) -> Result<Secret, ReadError> {
    let response = request
        .send()
        .await
        .map_err(|error| unanswered(url, &error))?;
    let status = response.status();
    if status.is_redirection() {
        let location = response
            .headers()
            .get(LOCATION)
            .map(|location| location.as_bytes());
        return Err(redirected(response.url(), status, location));
    }
    if !status.is_success() {
        let url = response.url().clone();
        return Err(refused(&url, status, &excerpt(response, sent).await));
    }
    if matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT) {
        return Err(ReadError::new(
            ErrorKind::Protocol,
            format!("{} answered {status}, without a body", shown(url)),
            "ask it by hand with `curl -v`",
        ));
    }
    body(url, response).await
}

async fn body(url: &reqwest::Url, mut response: Response) -> Result<Secret, ReadError> {
    let expected = response.content_length().unwrap_or(4095);
    let mut buffer = Buffer::new(usize::try_from(expected).unwrap_or(MAX_BYTES), MAX_BYTES);
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| unanswered(url, &error))?
    {
        buffer.push(&chunk).map_err(|Overflow| {
            ReadError::new(
                ErrorKind::TooLarge,
                format!("{} answered with over 1 MiB", shown(url)),
                "name the address that gives the key, and no larger page",
            )
        })?;
    }
    Ok(buffer.into_secret())
}

/// The beginning of what a server says when it refuses. Pages for people are left out.
async fn excerpt(mut response: Response, sent: &[Arc<Secret>]) -> String {
    let html = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if html {
        return String::new();
    }
    let mut buffer = Buffer::new(READ, READ);
    let reading = async {
        while let Ok(Some(chunk)) = response.chunk().await {
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
    let text = without(buffer.into_secret(), sent);
    first_words(text.expose(), whole, TOLD)
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
