#[cfg(not(target_os = "linux"))]
use super::elsewhere as system;
#[cfg(target_os = "linux")]
use super::linux as system;
use std::sync::Arc;

use jiff::Timestamp;

use super::Engine;
use crate::key::Secret;
use crate::platform::Ask;
use crate::platform::blocking::blocking;
use crate::reading::ReadError;
use crate::text::escape;

/// Asks this machine for a file as a container's first process sees it. That needs the engine to be
/// here too; whether it is, the process itself tells.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Look {
    /// The container's id.
    pub id: Arc<str>,
    /// The number of its first process, as the engine has it.
    pub pid: u32,
    /// The absolute path in the container.
    pub path: Arc<str>,
}

/// What this machine sees of a file in a container.
pub enum Seen {
    /// The container could not be looked into from here, and why: a lowercase fragment.
    Unseen(&'static str),
    /// There is no such file.
    Nothing,
    /// A file.
    File {
        /// Its bytes.
        bytes: Secret,
        /// When it was last written.
        modified: Option<Timestamp>,
    },
}

impl Ask for Look {
    type Platform = Engine;
    type Answer = Seen;

    const BATCH: usize = 64;

    fn describe(&self) -> String {
        format!("look at {} in {}", escape(&self.path), short(&self.id))
    }

    async fn send(engine: &Engine, asks: Vec<Self>) -> Vec<Result<Seen, ReadError>> {
        // Any other connection may lead to another machine, whose processes have the same numbers.
        let here = engine
            .endpoint()
            .is_ok_and(|endpoint| endpoint.socket.is_some());
        blocking(move || {
            let look = |ask: &Look| match here {
                true => system::look(ask),
                false => Ok(Seen::Unseen("its engine is asked over the network")),
            };
            asks.iter().map(look).collect()
        })
        .await
    }
}

/// An id as the engines' clients show it.
pub(super) fn short(id: &str) -> std::borrow::Cow<'_, str> {
    escape(id.get(..12).unwrap_or(id))
}
