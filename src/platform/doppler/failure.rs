use serde::Deserialize;

use super::settings::Place;
use crate::platform::http::Reply;
use crate::reading::{ErrorKind, ReadError};

/// What Doppler says when it refuses.
#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    messages: Vec<String>,
}

/// The error of a refused request.
pub(super) fn refused(reply: &Reply, place: &Place<'_>) -> ReadError {
    // Anything else than a refusal of Doppler's gives an empty one.
    let refusal: Refusal = serde_json::from_slice(reply.body.expose()).unwrap_or_default();
    let said = refusal.messages.join("; ");
    // Of a config that it will not show, Doppler says either this or that it is not there, and which of
    // them does not depend on whether it is.
    let closed = reply.status.as_u16() == 400 && said.contains("does not have access");
    let next = match reply.status.as_u16() {
        401 => "renew the token: Doppler does not take it".to_owned(),
        _ => format!(
            "give the token read access to {place}, or correct `project` and `config`: Doppler does not \
             tell which of the two it is"
        ),
    };
    let mut error = reply.refused(Some(&*said).filter(|said| !said.is_empty()), &next);
    if closed {
        error.kind = ErrorKind::Denied;
    }
    if closed || reply.status.as_u16() == 404 {
        error.next = next.into();
    }
    error
}
