use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use tokio::sync::OnceCell;

use super::Server;
use crate::platform::MAX_BYTES;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// The two kinds of key-value store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kv {
    /// Fields, and no more.
    One,
    /// Versions of them.
    Two,
}

impl Kv {
    pub fn of(version: u8) -> Option<Self> {
        match version {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            _ => None,
        }
    }

    pub fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

/// What is known of a mount.
#[derive(Clone, Copy)]
pub(super) struct Mounted {
    pub kv: Kv,
    /// Whether the server said that it is OpenBao.
    pub is_openbao: bool,
}

/// What is known of the mounts, by namespace and path: each is asked for once; `None` where the server
/// does not tell.
#[derive(Default)]
pub(super) struct Mounts(Mutex<HashMap<Place, Arc<OnceCell<Option<Mounted>>>>>);

type Place = (Option<Box<str>>, Box<str>);

/// What `sys/internal/ui/mounts/…` says. What is looked for stands under `data` or, in the words of
/// the documentation, on top.
#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    data: Option<Mount>,
    #[serde(flatten)]
    top: Mount,
}

#[derive(Deserialize)]
struct Mount {
    #[serde(default, rename = "type")]
    kind: Option<Box<str>>,
    #[serde(default)]
    options: Option<Options>,
    #[serde(default)]
    running_plugin_version: Box<str>,
}

#[derive(Deserialize)]
struct Options {
    #[serde(default)]
    version: Option<Box<str>>,
}

impl Server {
    /// What a mount is; `None` where the server does not tell.
    ///
    /// # Errors
    ///
    /// When the server is in trouble, or the mount is no key-value store.
    pub(super) async fn detect(
        &self,
        namespace: Option<&str>,
        mount: &str,
    ) -> Result<Option<Mounted>, ReadError> {
        let cell = {
            let mut mounts = self.mounts.0.lock().unwrap_or_else(PoisonError::into_inner);
            let place = (namespace.map(Into::into), mount.into());
            Arc::clone(mounts.entry(place).or_default())
        };
        let ask = async || self.ask_for(namespace, mount).await;
        cell.get_or_try_init(ask).await.copied()
    }

    async fn ask_for(
        &self,
        namespace: Option<&str>,
        mount: &str,
    ) -> Result<Option<Mounted>, ReadError> {
        let url = self.url("sys/internal/ui/mounts", None, mount)?;
        let reply = self.get(url, namespace, MAX_BYTES).await?;
        if !reply.status.is_success() {
            return match reply.status.as_u16() {
                400..=407 => Ok(None),
                _ => Err(self.refused(&reply, "")),
            };
        }
        let Ok(told) = reply.json::<Told>() else {
            return Ok(None);
        };
        let found = told.data.unwrap_or(told.top);
        let mounted = |kv| Mounted {
            kv,
            is_openbao: found.running_plugin_version.ends_with("+builtin.bao"),
        };
        let version = found.options.as_ref();
        let version = version.and_then(|options| options.version.as_deref());
        match (found.kind.as_deref(), version) {
            (None, _) => Ok(None),
            (Some("kv"), Some("2")) => Ok(Some(mounted(Kv::Two))),
            (Some("kv" | "generic"), _) => Ok(Some(mounted(Kv::One))),
            // To read at another kind of mount may make a credential.
            (Some(kind), _) => Err(ReadError::new(
                ErrorKind::NotFound,
                format!(
                    "the mount {} is of type {}, no key-value store",
                    escape(mount),
                    escape(kind)
                ),
                "correct `mount`",
            )),
        }
    }
}
