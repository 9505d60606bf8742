use memchr::memmem;
use serde::Deserialize;

use crate::platform::http::Reply;
use crate::reading::{ErrorKind, ReadError};

/// gRPC's codes, as far as they are told apart.
pub(super) const INVALID_ARGUMENT: u32 = 3;
const PERMISSION_DENIED: u32 = 7;
pub(super) const FAILED_PRECONDITION: u32 = 9;
pub(super) const OUT_OF_RANGE: u32 = 11;
const UNAUTHENTICATED: u32 = 16;

/// What the gateway says when it refuses.
#[derive(Default, Deserialize)]
pub(super) struct Refusal {
    #[serde(default)]
    pub code: u32,
    #[serde(default)]
    message: String,
    /// Whether the client's certificate is what it does not take.
    #[serde(skip)]
    pub is_about_the_certificate: bool,
}

/// What the gateway says, in plain text, to a certificate with a name in it while authentication is on: it
/// will not take the name for a user's, as etcd's own port does.
const NAMED: &[u8] = b"CommonName of client sending a request against gateway";

impl Refusal {
    /// Reads it; anything else than a refusal of etcd's gives an empty one.
    pub fn of(reply: &Reply) -> Self {
        let body = reply.body.expose();
        Self {
            is_about_the_certificate: memmem::find(body, NAMED).is_some(),
            ..serde_json::from_slice(body).unwrap_or_default()
        }
    }

    pub fn says(&self, words: &str) -> bool {
        self.message.contains(words)
    }

    /// Whether the token is no longer taken: it ended, or rights were changed since.
    pub fn is_about_the_token(&self) -> bool {
        self.code == UNAUTHENTICATED
            || (self.code == INVALID_ARGUMENT && self.says("revision of auth store is old"))
    }

    /// The error of a request for this key.
    pub fn into_error(self, reply: &Reply, key: &str) -> ReadError {
        let nameless = self.code == INVALID_ARGUMENT && self.says("user name is empty");
        let next = if self.is_about_the_certificate {
            "take a client certificate without a common name (CN) for `tls` or ETCDCTL_CERT, and give the \
             store a `user` and a `password` to log in with"
                .to_owned()
        } else if nameless {
            "set ETCDCTL_USER and ETCDCTL_PASSWORD, or give the store a `user` and a `password`"
                .to_owned()
        } else if self.code == PERMISSION_DENIED {
            format!(
                "let the user's role read it: `etcdctl role grant-permission ROLE read {}`",
                crate::text::escape(key)
            )
        } else {
            "log in with a user that may read the key".to_owned()
        };
        let said = Some(&*self.message).filter(|message| !message.is_empty());
        let mut error = reply.refused(said, &next);
        if nameless || self.is_about_the_certificate {
            // The gateway calls it a bad request.
            error.kind = ErrorKind::Denied;
            error.next = next.into();
        }
        error
    }
}
