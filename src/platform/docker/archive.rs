use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use super::Engine;
use super::failure::{is_gone, refused, said};
use super::tar::{Entry, first};
use crate::key::Secret;
use crate::platform::http::Reply;
use crate::platform::{Ask, MAX_BYTES};
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// Asks an engine for a file in a container, as its archive has it. That is the container's layers and
/// what is mounted from the host, not what lies in memory, and not what a program mounted itself.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ReadArchive {
    /// The container's id.
    pub id: Arc<str>,
    /// The absolute path in the container.
    pub path: Arc<str>,
}

/// What an engine's archive holds at a path.
pub enum Archived {
    /// The container is gone.
    Gone,
    /// There is nothing, as far as the engine sees.
    Nothing,
    /// A file.
    File {
        /// Its bytes.
        bytes: Secret,
        /// When it was last written.
        modified: Option<Timestamp>,
    },
}

/// How many links are followed.
const MOST_LINKS: usize = 8;

/// What an engine says of the path, in a header.
#[derive(Deserialize)]
struct Stat {
    #[serde(default, rename = "linkTarget")]
    link_target: String,
}

impl Ask for ReadArchive {
    type Platform = Engine;
    type Answer = Archived;

    fn host(&self, engine: &Engine) -> Option<Arc<str>> {
        engine.host()
    }

    fn describe(&self) -> String {
        let id = super::look::short(&self.id);
        format!("GET containers/{id}/archive path={}", escape(&self.path))
    }

    async fn send(engine: &Engine, asks: Vec<Self>) -> Vec<Result<Archived, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.read(engine).await);
        }
        answers
    }
}

impl ReadArchive {
    async fn read(&self, engine: &Engine) -> Result<Archived, ReadError> {
        let endpoint = engine.endpoint()?;
        let mut path = self.path.to_string();
        for _ in 0..=MOST_LINKS {
            // Room for what tar puts around it.
            let most = MAX_BYTES + (64 << 10);
            let reply = endpoint
                .get(
                    &["containers", &self.id, "archive"],
                    &[("path", &path)],
                    most,
                )
                .await
                .map_err(|error| self.too_large_if(error))?;
            if reply.status.as_u16() == 404 {
                return Ok(match said(&reply) {
                    said if is_gone(&said) => Archived::Gone,
                    _ => Archived::Nothing,
                });
            }
            if !reply.status.is_success() {
                return Err(refused(&reply, "GET /containers/*/archive"));
            }
            match first(reply.body.expose()) {
                Some(Entry::File(bytes, _)) if bytes.len() > MAX_BYTES => {
                    return Err(self.too_large());
                }
                Some(Entry::File(bytes, changed)) => {
                    let changed = i64::try_from(changed).ok();
                    return Ok(Archived::File {
                        bytes: Secret::copied(bytes),
                        modified: changed.and_then(|time| Timestamp::from_second(time).ok()),
                    });
                }
                Some(Entry::Link) => match target(&reply) {
                    Some(target) if target != path => path = target,
                    _ => return Err(self.bad("is a link that the engine does not resolve")),
                },
                Some(Entry::Other) => return Err(self.bad("is no regular file")),
                None => return Err(self.bad("came as no archive, or not as a whole")),
            }
        }
        Err(self.bad("is a link to a link to a link, without an end"))
    }

    fn too_large_if(&self, error: ReadError) -> ReadError {
        match error.kind {
            ErrorKind::TooLarge => self.too_large(),
            _ => error,
        }
    }

    fn too_large(&self) -> ReadError {
        ReadError::new(
            ErrorKind::TooLarge,
            format!("{} has over 1 MiB", escape(&self.path)),
            "name the file that holds the key, and no larger one",
        )
    }

    fn bad(&self, what: &str) -> ReadError {
        ReadError::new(
            ErrorKind::BadData,
            format!("{} {what}", escape(&self.path)),
            "name the file that holds the key",
        )
    }
}

/// Where a link leads in the container, which the engine resolved.
fn target(reply: &Reply) -> Option<String> {
    let stat = reply.headers.get("x-docker-container-path-stat")?;
    let stat = data_encoding::BASE64.decode(stat.as_bytes()).ok()?;
    let stat: Stat = serde_json::from_slice(&stat).ok()?;
    Some(stat.link_target).filter(|target| target.starts_with('/'))
}
