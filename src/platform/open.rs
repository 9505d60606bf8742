use std::sync::Arc;

use super::commands::Commands;
use super::credential::Credentials;
use super::environment::Environment;
use super::files::Files;
use super::http::Http;
use super::processes::Processes;
use super::systemd::Systemd;
use super::{AnyStore, Connections, Shared, open_undeclared};

/// Opens what needs no declaration, and every declared store, by its name.
///
/// Credentials that commands print and sessions that were logged in to are kept as long as these
/// connections, so open new ones for a new audit.
#[must_use]
pub fn connections<'a>(
    declared: impl IntoIterator<Item = (&'a Arc<str>, &'a dyn AnyStore)>,
) -> Connections {
    let shared = Shared {
        credentials: Arc::new(Credentials::with_proxies()),
    };
    let here = Connections::default()
        .with_credentials(&shared.credentials)
        .with(None, Environment::default())
        .with(None, Files)
        .with(None, Processes::new())
        .with(None, Systemd::new())
        .with(None, Commands::new(Arc::clone(&shared.credentials)))
        .with(None, Http::new(Arc::clone(&shared.credentials)));
    declared
        .into_iter()
        .fold(open_undeclared(&shared, here), |open, (name, store)| {
            store.open(Some(Arc::clone(name)), &shared, open)
        })
}
