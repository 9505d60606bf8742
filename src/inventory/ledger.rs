use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::duration::{LONGEST_RETENTION, duration};
use super::ground::Ground;
use super::raw;
use super::reader::Reader;
use super::tree::{Id, Tree};

/// How long audits are remembered by default.
const RETENTION: Duration = Duration::from_hours(24 * 400);

/// What targets.yaml says of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerSettings {
    /// Where it is; by default wherever the command line says, else in the user's state.
    pub at: Option<LedgerAt>,
    /// How long audits are remembered. Fingerprints are never forgotten.
    pub retention: Duration,
}

/// Where the ledger is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerAt {
    /// In this file.
    Path(Arc<Path>),
    /// Where the variable says: a path, or the URL of a PostgreSQL server, which may hold a password.
    Env(Arc<str>),
}

impl Default for LedgerSettings {
    fn default() -> Self {
        Self {
            at: None,
            retention: RETENTION,
        }
    }
}

/// Reads what is said of the ledger.
pub(super) fn ledger(tree: &Tree, id: Id, ground: &Ground<'_>) -> Option<LedgerSettings> {
    let scope = ground.scope();
    let reader = Reader::new(tree, ground.log, Some(&scope));
    let raw: raw::Ledger = reader.read(id)?;
    let before = ground.log.faults();
    let at = raw.at.and_then(|held| at(&reader, held.id));
    let retention = raw
        .retention
        .and_then(|held| duration(&reader, held.id, LONGEST_RETENTION));
    (ground.log.faults() == before).then_some(LedgerSettings {
        at,
        retention: retention.unwrap_or(RETENTION),
    })
}

fn at(reader: &Reader<'_>, id: Id) -> Option<LedgerAt> {
    if !reader.tree.is_scalar(id) {
        let raw::LedgerEnv { env } = reader.read(id)?;
        return Some(LedgerAt::Env(reader.name(env.id)?.as_ref().into()));
    }
    let path = reader.name(id)?;
    if path.contains("://") || path.starts_with("postgres") && path.contains(':') {
        // It may hold a password.
        let message = "expected a path; give the URL of a server by a variable: { env: NAME }";
        reader.log.report(reader.tree.site(id), message);
        return None;
    }
    let folder = reader.log.folder(reader.tree.file);
    Some(LedgerAt::Path(folder.join(&*path).into()))
}
