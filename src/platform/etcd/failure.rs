use serde::Deserialize;

use crate::platform::excerpt::first_words;
use crate::platform::http::Reply;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// How much of what etcd says is told.
const TOLD: usize = 200;

/// gRPC's codes, as far as they are told apart.
pub(super) const INVALID_ARGUMENT: u32 = 3;
const DEADLINE_EXCEEDED: u32 = 4;
const PERMISSION_DENIED: u32 = 7;
const RESOURCE_EXHAUSTED: u32 = 8;
pub(super) const FAILED_PRECONDITION: u32 = 9;
pub(super) const OUT_OF_RANGE: u32 = 11;
const UNKNOWN: u32 = 2;
const INTERNAL: u32 = 13;
const UNAVAILABLE: u32 = 14;
const UNAUTHENTICATED: u32 = 16;

/// A refusal, and the error that it is where nothing better is known.
pub(super) struct Refused {
    pub refusal: Refusal,
    pub error: ReadError,
}

/// What etcd says when it refuses, over its gateway or over gRPC.
#[derive(Default, Deserialize)]
pub(super) struct Refusal {
    #[serde(default)]
    pub code: u32,
    #[serde(default)]
    pub message: String,
}

impl Refusal {
    /// Reads it; anything else than a refusal of etcd's gives an empty one.
    pub fn of(reply: &Reply) -> Self {
        serde_json::from_slice(reply.body.expose()).unwrap_or_default()
    }

    pub fn says(&self, words: &str) -> bool {
        self.message.contains(words)
    }

    /// Whether the token is no longer taken: it ended, or rights were changed since.
    pub fn is_about_the_token(&self) -> bool {
        self.code == UNAUTHENTICATED
            || (self.code == INVALID_ARGUMENT && self.says("revision of auth store is old"))
    }

    /// The error of a request over the gateway; for this key, if it was for one.
    pub fn of_gateway(self, reply: &Reply, key: Option<&str>) -> Refused {
        let nameless = self.is_nameless();
        let next = self.next(key, false);
        let said = Some(&*self.message).filter(|message| !message.is_empty());
        let mut error = reply.refused(said, &next);
        if nameless {
            // The gateway calls it a bad request.
            error.kind = ErrorKind::Denied;
            error.next = next.into();
        }
        Refused {
            refusal: self,
            error,
        }
    }

    /// The error of a request over gRPC. `by_certificate` is whether nothing but a certificate says who asks.
    pub fn of_rpc(self, reply: &Reply, key: Option<&str>, by_certificate: bool) -> Refused {
        let kind = match self.code {
            PERMISSION_DENIED | UNAUTHENTICATED => ErrorKind::Denied,
            _ if self.is_nameless() => ErrorKind::Denied,
            DEADLINE_EXCEEDED => ErrorKind::Timeout,
            RESOURCE_EXHAUSTED => ErrorKind::Throttled,
            _ => ErrorKind::Protocol,
        };
        let next = match kind {
            ErrorKind::Denied => self.next(key, by_certificate),
            ErrorKind::Protocol => "run again when the server is well; its log says why".to_owned(),
            _ => "run again later".to_owned(),
        };
        let words = first_words(self.message.as_bytes(), true, TOLD);
        let message = format!(
            "{} refused, by code {} of gRPC: {words}",
            reply.shown(),
            self.code
        );
        let error = ReadError::new(kind, message, next).answered();
        let error = match self.code {
            UNKNOWN | INTERNAL | UNAVAILABLE => error.transient(),
            _ => error,
        };
        Refused {
            refusal: self,
            error,
        }
    }

    fn is_nameless(&self) -> bool {
        self.code == INVALID_ARGUMENT && self.says("user name is empty")
    }

    fn next(&self, key: Option<&str>, by_certificate: bool) -> String {
        let denied = self.code == PERMISSION_DENIED;
        match key.map(escape) {
            Some(key) if by_certificate && (denied || self.is_nameless()) => format!(
                "let the user that is called like the common name of the client certificate read it, \
                 `etcdctl role grant-permission ROLE read {key}` for a role of theirs, or give the store a `user` \
                 and a `password`"
            ),
            _ if self.is_nameless() => {
                "set ETCDCTL_USER and ETCDCTL_PASSWORD, or give the store a `user` and a `password`"
                    .to_owned()
            }
            Some(key) if denied => format!(
                "let the user's role read it: `etcdctl role grant-permission ROLE read {key}`"
            ),
            _ => "log in with a user that may read the key".to_owned(),
        }
    }
}
