use std::fmt;
use std::sync::Arc;

use super::Server;
use super::mount::Mounted;
use crate::reading::ReadError;
use crate::text::{Escaped, escape};

/// Where fields are kept.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// The namespace; by default the connection's.
    pub namespace: Option<Arc<str>>,
    /// Where the store is mounted; by default where the connection's settings say.
    pub mount: Option<Arc<str>>,
    /// The path within the mount.
    pub path: Arc<str>,
}

impl Place {
    pub(super) fn mount<'a>(&'a self, server: &'a Server) -> &'a str {
        self.mount.as_deref().unwrap_or(&server.mount)
    }

    pub(super) fn namespace<'a>(&'a self, server: &'a Server) -> Option<&'a str> {
        self.namespace.as_deref().or(server.namespace.as_deref())
    }

    /// What its mount is, as the server tells; `None` where it does not.
    pub(super) async fn detected(&self, server: &Server) -> Result<Option<Mounted>, ReadError> {
        server
            .detect(self.namespace(server), self.mount(server))
            .await
    }

    /// The same, as the settings or else the server tell.
    pub(super) async fn mounted(&self, server: &Server) -> Result<Option<Mounted>, ReadError> {
        match server.version {
            Some(kv) => Ok(Some(Mounted {
                kv,
                is_openbao: false,
            })),
            None => self.detected(server).await,
        }
    }

    /// The next step for whoever may not read it; `api` is `data/`, `metadata/` or nothing.
    pub(super) fn permission(&self, server: &Server, api: &str) -> String {
        format!(
            "give the token's policy `path \"{}/{api}{}\" {{ capabilities = [\"read\"] }}`",
            escape(self.mount(server).trim_matches('/')),
            escape(self.path.trim_matches('/'))
        )
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [&self.namespace, &self.mount].into_iter().flatten() {
            write!(f, "{}/", Escaped(part.trim_matches('/')))?;
        }
        write!(f, "{}", Escaped(self.path.trim_matches('/')))
    }
}
