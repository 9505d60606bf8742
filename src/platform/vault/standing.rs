use std::sync::Arc;

use reqwest::StatusCode;

use super::Server;
use super::request::{said, words_of};
use super::token::Lent;
use crate::platform::MAX_BYTES;
use crate::platform::http::Reply;
use crate::reading::{ErrorKind, ReadError};

impl Server {
    /// Why the token itself is refused; `None` where it is what it asks for that is.
    ///
    /// # Errors
    ///
    /// When the server could not say.
    pub(super) async fn stranger(
        &self,
        reply: &Reply,
        token: Option<&Arc<Lent>>,
        namespace: Option<&str>,
    ) -> Result<Option<ReadError>, ReadError> {
        let refused = match says(reply) {
            Says::OfToken => true,
            Says::NoMore => {
                let url = self.url("auth/token", None, "lookup-self")?;
                let asked = self.send(url, namespace, MAX_BYTES, token).await?;
                match asked.status.as_u16() {
                    429 | 500.. => return Err(self.refused(&asked, "")),
                    _ => says(&asked) != Says::Otherwise,
                }
            }
            Says::Otherwise => false,
        };
        Ok(refused.then(|| {
            let error = reply.refused(said(reply).as_deref(), "");
            let why = match token {
                Some(_) => {
                    "the server does not know the token: it is wrong, has expired, was revoked, or its uses \
                     are used up"
                }
                None => "no token was sent",
            };
            ReadError {
                kind: ErrorKind::Denied,
                message: format!("{}; {why}", error.message).into(),
                next: self.token.login.mend().into(),
                ..error
            }
        }))
    }
}

/// What a refusal says of the token.
#[derive(PartialEq)]
enum Says {
    /// That it is the token.
    OfToken,
    /// That something is not allowed. A token that nobody knows is told the same.
    NoMore,
    /// Something else, or that a policy was looked at, which takes a token that is known.
    Otherwise,
}

fn says(reply: &Reply) -> Says {
    let words = said(reply).unwrap_or_default();
    let has = |part| words.contains(part);
    match reply.status {
        StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST if has("missing client token") => {
            Says::OfToken
        }
        StatusCode::FORBIDDEN if has("invalid token") || has("bad token") => Says::OfToken,
        // What a policy denies is counted: "1 error occurred: …".
        StatusCode::FORBIDDEN if words_of(reply) == ["permission denied"] => Says::NoMore,
        _ => Says::Otherwise,
    }
}
