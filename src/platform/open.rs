use std::sync::Arc;

use super::Connections;
use super::commands::Commands;
use super::credential::Credentials;
use super::environment::Environment;
use super::files::Files;
use super::http::Http;
use super::processes::Processes;

/// What needs no declaration: this host, and whatever answers plain HTTP.
///
/// Credentials that commands print are kept as long as these connections, so open new ones for a new
/// audit.
#[must_use]
pub fn connections() -> Connections {
    let credentials = Arc::new(Credentials::default());
    Connections::default()
        .with(None, Environment::Own)
        .with(None, Files)
        .with(None, Processes)
        .with(None, Commands::new(Arc::clone(&credentials)))
        .with(None, Http::new(credentials))
}
