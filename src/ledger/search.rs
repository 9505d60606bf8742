//! Where an old ledger may be, when the file that it was of has moved.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::db::{Connection, File, Value};
use super::error::Failure;
use super::{Ledger, LedgerError};
use crate::inventory::Inventory;

/// A ledger that was found.
struct Found {
    path: PathBuf,
    /// The projects that it knows.
    projects: BTreeSet<String>,
    /// Whether the file that it was of was in the folder of the one that asks.
    is_beside: bool,
}

/// How many files are looked at.
const MOST: usize = 200;

impl Ledger {
    /// The ledgers beside a place that may be of this inventory, which was moved since: they know a project of
    /// it, and the files whose audits are in them are there no more. What this ledger has taken over, and what
    /// a person said is unrelated, is none. Those come first whose file was in the same folder. What cannot be read is passed over; nothing is written.
    ///
    /// # Errors
    ///
    /// When the ledger of this place cannot be read, where there is one.
    pub async fn older(
        own: Option<&Self>,
        place: &Path,
        inventory: &Inventory,
    ) -> Result<Vec<PathBuf>, LedgerError> {
        let (mut mine, mut unrelated) = Default::default();
        if let Some(own) = own {
            let mut turn = own.read().await?;
            let known = settled(&mut turn.connection).await;
            (mine, unrelated) = turn.end(known).await?;
        }
        let file = inventory.identity.path.to_string_lossy();
        let is_mine = |project: &String| {
            let mut projects = inventory.projects.iter();
            projects.any(|known| *known.name == **project)
        };
        let mut older = Vec::new();
        for path in beside(place) {
            if unrelated.contains(&*path.to_string_lossy()) {
                continue;
            }
            let Ok(Some(found)) = look(path, &file, &mine).await else {
                continue;
            };
            if found.projects.iter().any(is_mine) {
                older.push(found);
            }
        }
        older.sort_by_key(|found| !found.is_beside);
        Ok(older.into_iter().map(|found| found.path).collect())
    }

    /// Keeps somebody's word that another ledger is not of the targets.yaml whose ledger this is.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub async fn disown(&self, other: &Path) -> Result<(), LedgerError> {
        let mut turn = self.write().await?;
        let row = vec![vec![Value::from(other.to_string_lossy().into_owned())]];
        let nothing = " ON CONFLICT DO NOTHING";
        let kept = turn
            .connection
            .insert("unrelated (path)", row, nothing)
            .await;
        turn.end(kept).await
    }
}

/// The other ledgers in the folder of a place.
fn beside(own: &Path) -> Vec<PathBuf> {
    let files = own.parent().and_then(|folder| fs::read_dir(folder).ok());
    let mut paths: Vec<PathBuf> = files
        .into_iter()
        .flatten()
        .filter_map(|file| Some(file.ok()?.path()))
        .filter(|path| path != own && path.extension().is_some_and(|end| end == "db"))
        .take(MOST)
        .collect();
    paths.sort();
    paths
}

/// The files whose audits this ledger has, and the ledgers that have nothing to do with it.
async fn settled(
    connection: &mut Connection,
) -> Result<(BTreeSet<String>, BTreeSet<String>), Failure> {
    let mine = texts(connection, "SELECT path FROM targets").await?;
    let unrelated = texts(connection, "SELECT path FROM unrelated").await?;
    Ok((mine, unrelated))
}

/// What a ledger knows; `None` where another file uses it still, or this ledger has all that was of its files.
async fn look(path: PathBuf, own: &str, mine: &BTreeSet<String>) -> Result<Option<Found>, Failure> {
    // Whoever may only read leaves files beside it, unless nothing is written meanwhile.
    let mut log = path.clone().into_os_string();
    log.push("-wal");
    let is_at_rest = fs::metadata(log).map_or(true, |log| log.len() == 0);
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .read_only(true)
        .immutable(is_at_rest);
    let opened = SqliteConnection::connect_with(&options).await?;
    let mut connection = Connection::Sqlite(File::of(opened));
    // None where it is older than that this was kept.
    let files = texts(&mut connection, "SELECT path FROM targets").await;
    let files = files.unwrap_or_default();
    let is_there = |file: &String| file != own && Path::new(file).try_exists().unwrap_or(true);
    if files.iter().any(is_there) || !files.is_empty() && files.is_subset(mine) {
        return Ok(None);
    }
    let sql = "SELECT DISTINCT project FROM reign UNION SELECT DISTINCT project FROM deployment";
    let projects = texts(&mut connection, sql).await?;
    let folder = Path::new(own).parent();
    let is_beside = files.iter().any(|file| Path::new(file).parent() == folder);
    Ok(Some(Found {
        path,
        projects,
        is_beside,
    }))
}

async fn texts(connection: &mut Connection, sql: &str) -> Result<BTreeSet<String>, Failure> {
    let mut texts = BTreeSet::new();
    for row in connection.query(sql, &[]).await? {
        texts.insert(row.get::<&str>(0)?.to_owned());
    }
    Ok(texts)
}
