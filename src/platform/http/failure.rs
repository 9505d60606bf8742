use std::error::Error;
use std::io;

use reqwest::{StatusCode, Url};

use super::client::MOST_REDIRECTS;
use super::url::{origin, shown};
use crate::platform::reason::reason;
use crate::reading::{ErrorKind, ReadError};

/// Why no answer came.
pub(in crate::platform) fn unanswered(url: &Url, error: &reqwest::Error) -> ReadError {
    let host = origin(url);
    let why = innermost(error);
    let (kind, message, next) = if error.is_timeout() {
        (
            ErrorKind::Timeout,
            format!("no answer from {host}: {why}"),
            "run again",
        )
    } else if is_tls(error) {
        (
            ErrorKind::Tls,
            format!("no secure connection to {host}: {why}"),
            "correct the server's certificate, or point SSL_CERT_FILE to the authority that signed it",
        )
    } else if error.is_connect() {
        (
            ErrorKind::Connect,
            format!("no connection to {host}: {why}"),
            "check the address, and the way there: DNS, firewall, HTTPS_PROXY, NO_PROXY",
        )
    } else {
        (
            ErrorKind::Protocol,
            format!("the answer of {host} broke off: {why}"),
            "run again, and look at the server's log",
        )
    };
    let error = ReadError::new(kind, message, next);
    if kind == ErrorKind::Protocol {
        return error.transient();
    }
    error
}

/// What an answer that is no success means. A missing page proves nothing about a key.
/// `permission` is the next step for whoever is denied.
pub(super) fn refused(url: &Url, status: StatusCode, excerpt: &str, permission: &str) -> ReadError {
    let (kind, next) = match status.as_u16() {
        401 | 403 => (ErrorKind::Denied, permission),
        407 => (
            ErrorKind::Denied,
            "give the proxy its credentials in HTTPS_PROXY",
        ),
        404 | 410 => (
            ErrorKind::NotFound,
            "correct the address: a page that is not there says nothing about the key",
        ),
        408 => (ErrorKind::Timeout, "run again"),
        429 => (
            ErrorKind::Throttled,
            "run again later, or with a lower --concurrency",
        ),
        500.. => (
            ErrorKind::Protocol,
            "run again when the server is well; its log says why",
        ),
        _ => (ErrorKind::Protocol, "ask it by hand with `curl -v`"),
    };
    let colon = if excerpt.is_empty() { "" } else { ": " };
    let error = ReadError::new(
        kind,
        format!("{} answered {status}{colon}{excerpt}", shown(url)),
        next.to_owned(),
    )
    .answered();
    if status.is_server_error() {
        return error.transient();
    }
    error
}

/// Why a redirect was not followed.
pub(super) fn redirected(url: &Url, status: StatusCode, location: Option<&[u8]>) -> ReadError {
    let target = location
        .and_then(|location| std::str::from_utf8(location).ok())
        .and_then(|location| url.join(location).ok());
    match target {
        Some(target) if target.origin() != url.origin() => ReadError::new(
            ErrorKind::Protocol,
            format!(
                "{} redirects to {}, which was not asked",
                shown(url),
                origin(&target)
            ),
            "write that address in `url` if the key may be read from there",
        ),
        Some(_) => ReadError::new(
            ErrorKind::Protocol,
            format!("{} redirects more than {MOST_REDIRECTS} times", origin(url)),
            "write the last address in `url`",
        ),
        None => refused(url, status, "", ""),
    }
}

/// The cause at the end of the chain, which says most, as a lowercase fragment.
pub(in crate::platform) fn innermost(error: &(dyn Error + 'static)) -> String {
    reason(causes(error).last().unwrap_or(error))
}

fn is_tls(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| cause.is::<rustls::Error>())
}

/// An error and everything that caused it, looking into what io::Error wraps.
pub(in crate::platform) fn causes<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .map(|inner| inner as &(dyn Error + 'static));
        wrapped.or_else(|| error.source())
    })
}
