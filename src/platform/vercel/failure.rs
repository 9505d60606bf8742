use serde::Deserialize;

use crate::platform::http::Reply;
use crate::reading::ReadError;

/// What Vercel says when it refuses.
#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: Told,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    #[serde(default)]
    message: String,
    #[serde(default)]
    invalid_token: bool,
}

/// The error of a refused request. `right` is what would help, as an imperative.
pub(super) fn refused(reply: &Reply, right: &str) -> ReadError {
    // Anything else than a refusal of Vercel's gives an empty one.
    let refusal: Refusal = serde_json::from_slice(reply.body.expose()).unwrap_or_default();
    let Told {
        message,
        invalid_token,
    } = refusal.error;
    let next = match reply.status.as_u16() {
        401 => "renew the token: Vercel does not take it".to_owned(),
        403 if invalid_token => "renew the token: Vercel does not take it".to_owned(),
        _ => format!("{right}: Vercel does not tell which of the two it is"),
    };
    let mut error = reply.refused(Some(&*message).filter(|said| !said.is_empty()), &next);
    if reply.status.as_u16() == 404 {
        error.next = next.into();
    }
    error
}
