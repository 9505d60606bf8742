//! Where an old ledger may be, when the file that it was of has moved.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::db::{Connection, File, Value};
use super::error::Failure;
use super::{Ledger, LedgerError};

/// A ledger that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// The projects that it knows.
    pub projects: BTreeSet<String>,
    /// The files whose audits are in it; none where it is older than that this was kept.
    pub targets: Vec<PathBuf>,
}

/// How many files are looked at.
const MOST: usize = 200;

impl Ledger {
    /// Notes of which targets.yaml the audits are.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub async fn is_of(&self, targets: &Path) -> Result<(), LedgerError> {
        let path = targets.to_string_lossy().into_owned();
        let mut turn = self.read().await?;
        let known = known(&mut turn.connection).await;
        if turn.end(known).await?.contains(&path) {
            return Ok(());
        }
        let mut turn = self.write().await?;
        let row = vec![vec![Value::from(path)]];
        let nothing = " ON CONFLICT DO NOTHING";
        let noted = turn.connection.insert("targets (path)", row, nothing).await;
        turn.end(noted).await
    }

    /// The ledgers in a folder, but for this one. What is none, or cannot be read, is passed over; nothing is
    /// written.
    pub async fn beside(own: &Path) -> Vec<Found> {
        let files = own.parent().and_then(|folder| fs::read_dir(folder).ok());
        let mut paths: Vec<PathBuf> = files
            .into_iter()
            .flatten()
            .filter_map(|file| Some(file.ok()?.path()))
            .filter(|path| path != own && path.extension().is_some_and(|end| end == "db"))
            .take(MOST)
            .collect();
        paths.sort();
        let mut found = Vec::new();
        for path in paths {
            found.extend(look(path).await.ok());
        }
        found
    }
}

async fn look(path: PathBuf) -> Result<Found, Failure> {
    let options = SqliteConnectOptions::new().filename(&path).read_only(true);
    let opened = SqliteConnection::connect_with(&options).await?;
    let mut connection = Connection::Sqlite(File::of(opened));
    let sql = "SELECT project FROM reign UNION SELECT project FROM deployment";
    let mut projects = BTreeSet::new();
    for row in connection.query(sql, &[]).await? {
        projects.insert(row.get::<&str>(0)?.to_owned());
    }
    let targets = known(&mut connection).await.unwrap_or_default();
    Ok(Found {
        path,
        projects,
        targets: targets.into_iter().map(PathBuf::from).collect(),
    })
}

async fn known(connection: &mut Connection) -> Result<BTreeSet<String>, Failure> {
    let mut known = BTreeSet::new();
    for row in connection.query("SELECT path FROM targets", &[]).await? {
        known.insert(row.get::<&str>(0)?.to_owned());
    }
    Ok(known)
}
