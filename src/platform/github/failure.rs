use std::time::Duration;

use serde::Deserialize;

use super::Names;
use crate::platform::http::Reply;
use crate::reading::{ErrorKind, ReadError, Retry};

/// How long GitHub's documentation asks to wait where an answer about a limit does not say it.
const MINUTE: Duration = Duration::from_secs(60);

/// What GitHub says when it refuses.
#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    message: String,
}

/// The error of a refused request for names.
pub(super) fn refused(reply: &Reply, names: &Names) -> ReadError {
    // Anything else than a refusal of GitHub's gives an empty one.
    let refusal: Refusal = serde_json::from_slice(reply.body.expose()).unwrap_or_default();
    let said = refusal.message;
    let status = reply.status.as_u16();
    let next = match status {
        401 => "renew the token: GitHub does not take it".to_owned(),
        _ => format!(
            "give the token {}, or correct {}: GitHub does not tell which of the two it is",
            names.permission(),
            names.setting()
        ),
    };
    let mut error = reply.refused(Some(&*said).filter(|said| !said.is_empty()), &next);
    // The second kind of limit may come without any header that tells of it.
    let limited = matches!(status, 403 | 429) && said.to_lowercase().contains("rate limit");
    if limited {
        error.kind = ErrorKind::Throttled;
        if !matches!(error.retry, Retry::After(_)) {
            error = error.after(MINUTE);
        }
    }
    if error.kind == ErrorKind::Throttled {
        error.next = "run again when the token's limit is reset".into();
    } else if status == 404 {
        error.next = next.into();
    }
    error
}
