use serde::Deserialize;

use super::Secrets;
use crate::platform::http::Reply;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: Told,
}

#[derive(Default, Deserialize)]
struct Told {
    #[serde(default)]
    message: String,
    #[serde(default)]
    status: String,
}

/// What a refused request means: `None` where there is no such secret or version, or the version is
/// destroyed. Whoever may not read it is told 403, whether it is there or not.
pub(super) fn refused(reply: &Reply, secrets: &Secrets, role: &str) -> Option<ReadError> {
    // Anything else than a refusal of Google's gives an empty one.
    let refusal = serde_json::from_slice::<Refusal>(reply.body.expose());
    let Told { message, status } = refusal.unwrap_or_default().error;
    let code = reply.status.as_u16();
    let stopped = code == 400 && status == "FAILED_PRECONDITION";
    if (code == 404 && status == "NOT_FOUND") || (stopped && message.contains("DESTROYED")) {
        return None;
    }
    let said = Some(&*message).filter(|message| !message.is_empty());
    let secret = escape(&secrets.secret);
    let next = match code {
        401 => "log in again: the token is not taken".to_owned(),
        _ if message.contains("has not been used in project") => {
            "enable it: `gcloud services enable secretmanager.googleapis.com`".to_owned()
        }
        _ if stopped => {
            "enable the version, or add a new one: `latest` is the newest, enabled or not"
                .to_owned()
        }
        _ => format!(
            "give the identity {role} on the secret {secret}, or correct its name: Google does not tell \
             which of the two it is"
        ),
    };
    let mut error = reply.refused(said, &next);
    if stopped {
        error.kind = ErrorKind::Denied;
        error.next = next.into();
    }
    Some(error)
}
