//! What the fetcher itself has to say.

use std::time::Duration;

use crate::platform::Request;
use crate::reading::{ErrorKind, ReadError};

pub(super) fn late(request: &Request, timeout: Duration) -> ReadError {
    ReadError::new(
        ErrorKind::Timeout,
        format!("no answer from {} within {timeout:?}", request.describe()),
        "run again, or give each read more time with --timeout",
    )
}

pub(super) fn interrupted() -> ReadError {
    ReadError::new(
        ErrorKind::Interrupted,
        "the audit was interrupted before this was read",
        "run it again",
    )
}

pub(super) fn deadline() -> ReadError {
    ReadError::new(
        ErrorKind::Timeout,
        "the audit's deadline passed before this was read",
        "give it more time with --deadline",
    )
}

/// A host that asked for more patience than there is.
pub(super) fn left_alone(host: &str, wait: Duration) -> ReadError {
    let seconds = wait.as_secs_f64().ceil();
    ReadError::new(
        ErrorKind::Throttled,
        format!("{host} wants to be left alone for {seconds} s, so nothing more was asked of it"),
        "run again after that, or with a lower `requests_per_second` in the store",
    )
    .lasting()
}

/// A host that refused whatever was asked, again and again.
pub(super) fn refusing(host: &str, lasts: Duration, last: &ReadError) -> ReadError {
    let message = format!(
        "{host} refused everything though it was left alone for {} s, so nothing more was asked of it, the last time so: {}",
        lasts.as_secs(),
        last.message
    );
    ReadError::new(
        ErrorKind::Throttled,
        message,
        "run again later, or with a lower `requests_per_second` in the store",
    )
    .lasting()
}

/// A host that met nobody's call for long.
pub(super) fn gone(host: &str, attempts: u32, last: &ReadError) -> ReadError {
    let message = format!(
        "{host} was not asked anymore after {attempts} attempts in a row failed, the last so: {}",
        last.message
    );
    ReadError::new(last.kind, message, last.next.clone()).lasting()
}

pub(super) fn stuck() -> ReadError {
    ReadError::new(
        ErrorKind::Protocol,
        "the source waits for an answer it never asked for",
        "report it",
    )
}

pub(super) fn broken() -> ReadError {
    ReadError::new(
        ErrorKind::Protocol,
        "straggler failed while it read this",
        "report it with the output of -vv",
    )
}
