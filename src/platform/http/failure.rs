use std::error::Error;
use std::io;

use reqwest::{StatusCode, Url};

use super::client::MOST_REDIRECTS;
use super::url::{origin, shown};
use super::{Tls, handshake};
use crate::platform::reason::reason;
use crate::reading::{ErrorKind, ReadError};

/// Why no answer came to a client that shows and trusts this. `by_socket` is whether a socket of this host
/// leads to the server, whatever the URL says.
pub(super) fn unanswered(
    url: &Url,
    error: &reqwest::Error,
    tls: &Tls,
    by_socket: bool,
) -> ReadError {
    let host = origin(url);
    let why = innermost(error);
    if error.is_timeout() {
        let message = format!("no answer from {host}: {why}");
        return ReadError::new(ErrorKind::Timeout, message, "run again");
    }
    if let Some(cause) = handshake::cause(error) {
        return handshake::unsecured(url, cause, &tls.settings());
    }
    let is_secure = url.scheme() == "https";
    if error.is_connect() {
        let (message, next) = match is_secure && handshake::is_hung_up(error) {
            true => (
                format!("{host} hung up before the connection was secure: {why}"),
                "check the address and its port, for a server without TLS may hang up so; else its log says why",
            ),
            false => (
                format!("no connection to {host}: {why}"),
                "check the address, and the way there: DNS, firewall, HTTPS_PROXY, NO_PROXY",
            ),
        };
        return ReadError::new(ErrorKind::Connect, message, next);
    }
    let (message, next) = if !error.is_request() || by_socket {
        (format!("the answer of {host} broke off: {why}"), LOG)
    } else if !is_secure {
        (
            format!("{host} gave no answer that is HTTP: {why}"),
            "write https:// in the address if that port speaks TLS; else run again, and look at the server's log",
        )
    } else if tls.certificate.is_none() {
        // What the server said of it is often lost with the connection.
        (
            format!(
                "{host} hung up on the first request, as one does that wants a client certificate: {why}"
            ),
            "look at the server's log: if it wants one, name it as `certificate` in the store's `tls`; else run again",
        )
    } else {
        (
            format!(
                "{host} hung up on the first request, as one does that does not take the client certificate \
                 that it was shown: {why}"
            ),
            "look at the server's log: if that is so, name another one in the store's `tls`; else run again",
        )
    };
    ReadError::new(ErrorKind::Protocol, message, next).transient()
}

/// Why an answer that had begun did not come to its end.
pub(super) fn broken_off(url: &Url, error: &reqwest::Error) -> ReadError {
    unanswered(url, error, &Tls::default(), false)
}

const LOG: &str = "run again, and look at the server's log";

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
