use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::db::{Connection, Value};
use super::error::Failure;
use super::store::{connect, unopened};
use super::{Ledger, LedgerError, Place};
use crate::key::Fingerprint;

/// Held as long as this lives; the process that ends lets go of it, however it ends.
pub struct Lock {
    _held: Held,
}

#[expect(dead_code, reason = "they are kept only to be closed at the end")]
enum Held {
    File(File),
    /// In a transaction that is never ended, for behind a pooler nothing longer is one's own.
    Transaction(Connection),
}

impl Ledger {
    /// Takes the lock of this name, which one process has at a time; `None` while another has it.
    ///
    /// # Errors
    ///
    /// When the place of the ledger cannot be used.
    pub async fn lock(&self, name: &str) -> Result<Option<Lock>, LedgerError> {
        let taken = match self.place() {
            Place::File(path) => lock_file(&beside(path, name)),
            Place::Postgres(_) => lock_transaction(self.place(), name).await,
        };
        let held = taken.map_err(|failure| failure.at(self.place()))?;
        Ok(held.map(|held| Lock { _held: held }))
    }
}

/// `ledger.db.nightly.lock`.
fn beside(path: &Path, name: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(
        ".{}.lock",
        utf8_percent_encode(name, NON_ALPHANUMERIC)
    ));
    beside.into()
}

fn lock_file(path: &Path) -> Result<Option<Held>, Failure> {
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| unopened(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Held::File(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(unopened(&error)),
    }
}

async fn lock_transaction(place: &Place, name: &str) -> Result<Option<Held>, Failure> {
    let digest = Fingerprint::of(format!("straggler lock {name}").as_bytes());
    let number = digest
        .bytes()
        .first_chunk()
        .map_or(0, |bytes| i64::from_be_bytes(*bytes));
    let mut connection = connect(place).await?;
    connection.begin_holding().await?;
    let sql = "SELECT CASE WHEN pg_try_advisory_xact_lock($1) THEN 1 ELSE 0 END::BIGINT";
    let rows = connection.query(sql, &[Value::from(number)]).await?;
    let got: i64 = rows.first().map_or(Ok(0), |row| row.get(0))?;
    Ok((got == 1).then_some(Held::Transaction(connection)))
}
