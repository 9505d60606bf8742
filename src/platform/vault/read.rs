use std::sync::Arc;

use jiff::Timestamp;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::mount::{Kv, Mounted};
use super::request::said;
use super::{Place, Server};
use crate::key::Secret;
use crate::platform::http::Reply;
use crate::platform::{Ask, MAX_BYTES};
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// Asks for all fields of a path.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Read {
    /// Where.
    pub place: Place,
    /// Which version; by default the latest.
    pub version: Option<u64>,
}

/// What is at a path, and what whoever writes there has to know.
pub struct Held {
    /// What is there.
    pub stored: Stored,
    /// The name of the server's own command-line tool: `vault`, unless it is known to be OpenBao.
    pub tool: &'static str,
    /// The mount that was read.
    pub mount: Box<str>,
    /// The namespace; empty for the one at the top, where that was said.
    pub namespace: Option<Box<str>>,
    /// Whether the mount keeps versions.
    pub is_versioned: bool,
}

/// What is at a path.
pub enum Stored {
    /// Fields with their values.
    Fields {
        /// A JSON object.
        json: Secret,
        /// When this version was written, in a store that keeps versions.
        stored_at: Option<Timestamp>,
    },
    /// A version that can no longer be read.
    Gone {
        /// Its number.
        version: u64,
        /// What was done to it.
        how: Gone,
    },
    /// No such path, or no such version of it.
    Nothing,
}

/// What was done to a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It could be brought back.
    Deleted(Option<Timestamp>),
    /// It could not.
    Destroyed,
}

impl Ask for Read {
    type Platform = Server;
    type Answer = Held;

    fn place(&self, server: &Server, _: &Held) -> Option<String> {
        let parts = [
            self.place.namespace(server).unwrap_or_default(),
            self.place.mount(server),
            &self.place.path,
        ];
        let segments = parts.iter().flat_map(|part| part.split('/'));
        let path: Vec<&str> = segments.filter(|segment| !segment.is_empty()).collect();
        Some(format!(
            "vault {} {}",
            server.address().ok()?.host(),
            path.join("/")
        ))
    }

    fn host(&self, server: &Server) -> Option<Arc<str>> {
        Some(server.address().ok()?.host())
    }

    fn describe(&self) -> String {
        match self.version {
            Some(version) => format!("GET {}, version {version}", self.place),
            None => format!("GET {}", self.place),
        }
    }

    async fn send(server: &Server, asks: Vec<Self>) -> Vec<Result<Held, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.read(server).await);
        }
        answers
    }
}

/// The answer of version 2.
#[derive(Deserialize)]
struct Two<'a> {
    #[serde(borrow)]
    data: Versioned<'a>,
}

#[derive(Deserialize)]
struct Versioned<'a> {
    #[serde(borrow)]
    data: &'a RawValue,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    version: u64,
    created_time: Box<str>,
    deletion_time: Box<str>,
    destroyed: bool,
}

/// The answer of version 1.
#[derive(Deserialize)]
struct One<'a> {
    #[serde(borrow)]
    data: &'a RawValue,
}

impl Read {
    async fn read(&self, server: &Server) -> Result<Held, ReadError> {
        let Some(mounted) = self.place.mounted(server).await? else {
            return self.read_either(server).await;
        };
        let reply = self.get(server, mounted.kv).await?;
        let outcome = self.understand(server, &reply, mounted.kv);
        // What the other version is asked for with the paths of this one, it says it does not have or does
        // not allow.
        let in_doubt = match &outcome {
            Ok(stored) => matches!(stored, Stored::Nothing),
            Err(error) => matches!(
                error.kind,
                ErrorKind::Denied | ErrorKind::NotFound | ErrorKind::BadData
            ),
        };
        if server.version.is_some() && in_doubt {
            match (self.place.detected(server).await, &outcome) {
                (Ok(Some(other)), _) if other.kv != mounted.kv => {
                    return Err(self.mistaken(server, other.kv));
                }
                (Err(error), Ok(_)) => return Err(error),
                _ => {}
            }
        }
        Ok(self.held(server, mounted, outcome?))
    }

    fn held(&self, server: &Server, mounted: Mounted, stored: Stored) -> Held {
        Held {
            stored,
            tool: if mounted.is_openbao { "bao" } else { "vault" },
            mount: self.place.mount(server).trim_matches('/').into(),
            namespace: self.place.namespace(server).map(Into::into),
            is_versioned: mounted.kv == Kv::Two,
        }
    }

    /// Where the server does not tell which of the two a mount is, an answer does.
    async fn read_either(&self, server: &Server) -> Result<Held, ReadError> {
        let mut refusal = None;
        for kv in [Kv::Two, Kv::One] {
            let reply = self.get(server, kv).await?;
            match self.understand(server, &reply, kv) {
                Ok(Stored::Nothing) => {}
                Err(error) if matches!(error.kind, ErrorKind::Denied | ErrorKind::NotFound) => {
                    refusal = refusal.or(Some(error));
                }
                outcome => {
                    let mounted = Mounted {
                        kv,
                        is_openbao: false,
                    };
                    return Ok(self.held(server, mounted, outcome?));
                }
            }
        }
        Err(match refusal {
            Some(denied) if denied.kind == ErrorKind::Denied => ReadError {
                next: format!(
                    "correct `mount`, or {}, without the `data/` if the mount is version 1",
                    denied.next
                )
                .into(),
                ..denied
            },
            Some(refusal) => refusal,
            None => ReadError::new(
                ErrorKind::NotFound,
                format!(
                    "{} is found neither in version 2 nor in version 1 of the key-value store, and which \
                     of them the mount {} is was not told",
                    escape(&self.place.path),
                    escape(self.place.mount(server))
                ),
                "say the `version` of the store, 1 or 2",
            ),
        })
    }

    async fn get(&self, server: &Server, kv: Kv) -> Result<Reply, ReadError> {
        let api = (kv == Kv::Two).then_some("data");
        let mut url = server.url(self.place.mount(server), api, &self.place.path)?;
        if let (Kv::Two, Some(version)) = (kv, self.version) {
            url.query_pairs_mut()
                .append_pair("version", &version.to_string());
        }
        server
            .get(url, self.place.namespace(server), MAX_BYTES)
            .await
    }

    fn understand(&self, server: &Server, reply: &Reply, kv: Kv) -> Result<Stored, ReadError> {
        match reply.status {
            status if status.is_success() => match kv {
                Kv::Two => {
                    let Two { data } = reply.json()?;
                    let stored_at = data.metadata.created_time.parse().ok();
                    fields(reply, data.data, stored_at)
                }
                Kv::One if self.version.is_some() => Err(ReadError::new(
                    ErrorKind::BadData,
                    format!(
                        "the mount {} keeps no versions",
                        escape(self.place.mount(server))
                    ),
                    "leave `version` out",
                )),
                Kv::One => fields(reply, reply.json::<One<'_>>()?.data, None),
            },
            // Who may not read a path gets 403, so this is what it says, unless there is more to it:
            // no such mount, or a path that only the other version has.
            StatusCode::NOT_FOUND => match serde_json::from_slice::<Two<'_>>(reply.body.expose()) {
                Ok(Two { data }) if kv == Kv::Two => Ok(gone(&data.metadata)),
                _ if is_bare(reply) => Ok(Stored::Nothing),
                _ => Err(server.refused(reply, "")),
            },
            _ => {
                let api = if kv == Kv::Two { "data/" } else { "" };
                Err(server.refused(reply, &self.place.permission(server, api)))
            }
        }
    }

    fn mistaken(&self, server: &Server, is: Kv) -> ReadError {
        let is = is.number();
        ReadError::new(
            ErrorKind::NotFound,
            format!(
                "the mount {} is version {is} of the key-value store",
                escape(self.place.mount(server))
            ),
            format!("set the store's `version` to {is}, or leave it out"),
        )
    }
}

fn fields(
    reply: &Reply,
    json: &RawValue,
    stored_at: Option<Timestamp>,
) -> Result<Stored, ReadError> {
    if !json.get().starts_with('{') {
        return Err(ReadError::new(
            ErrorKind::BadData,
            format!("{} answered without fields", reply.shown()),
            "ask it by hand with `vault kv get`",
        ));
    }
    Ok(Stored::Fields {
        json: Secret::copied(json.get().as_bytes()),
        stored_at,
    })
}

fn gone(metadata: &Metadata) -> Stored {
    Stored::Gone {
        version: metadata.version,
        how: match metadata.destroyed {
            true => Gone::Destroyed,
            false => Gone::Deleted(metadata.deletion_time.parse().ok()),
        },
    }
}

/// Whether an answer is Vault's and says nothing but its status.
pub(super) fn is_bare(reply: &Reply) -> bool {
    #[derive(Deserialize)]
    struct Bare {
        errors: Vec<Box<str>>,
    }
    let bare = serde_json::from_slice::<Bare>(reply.body.expose());
    bare.is_ok_and(|bare| bare.errors.is_empty()) && said(reply).is_none()
}
