//! A ledger that an audit wrote while its clock was ahead.
//!
//! Whatever is dated in the time to come would be taken for the last word until that time is there. So it is
//! dated back: to the last audit before it, which is never later than it truly was. It may also be this clock that
//! is behind; so a declared time before the one that was dated back settles nothing.

use jiff::Timestamp;

use super::db::Connection;
use super::error::Failure;
use super::words::{micros, rounded};
use super::{Ledger, LedgerError, keys};
use crate::audit::Reign;
use crate::judge::SKEW;

/// What was dated in the time to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// How many audits were.
    pub audits: usize,
    /// The latest time that was written.
    pub latest: Timestamp,
}

/// With this many audits in the time to come, and more than before, it is rather this clock that is behind.
const MANY: i64 = 10;

impl Ledger {
    /// Dates back what an audit wrote whose clock was ahead; `None` where nothing is to be mended.
    ///
    /// # Errors
    ///
    /// When most of the ledger is of the time to come, so that it is this clock that is wrong, and when it
    /// cannot be written.
    pub async fn mend_times(&self, now: Timestamp) -> Result<Option<Ahead>, LedgerError> {
        let mut turn = self.read().await?;
        let latest = latest(&mut turn.connection).await;
        let latest = turn.end(latest).await?;
        let limit = now.saturating_add(SKEW).unwrap_or(Timestamp::MAX);
        let Some(latest) = latest.filter(|latest| *latest > limit) else {
            return Ok(None);
        };
        let mut turn = self.write().await?;
        let mended = mend(&mut turn.connection, rounded(limit)).await;
        let audits = turn.end(mended).await?;
        Ok(Some(Ahead { audits, latest }))
    }
}

/// The latest time at which anything was seen.
async fn latest(connection: &mut Connection) -> Result<Option<Timestamp>, Failure> {
    let mut latest = None;
    for sql in [
        "SELECT MAX(started_at) FROM audit",
        "SELECT MAX(last_seen) FROM reign",
        "SELECT MAX(accepted_at) FROM acceptance",
        "SELECT MAX(retired_at) FROM deployment WHERE retired_at IS NOT NULL",
        "SELECT MAX(retired_at) FROM retired",
    ] {
        let rows = connection.query(sql, &[]).await?;
        let time = rows.first().map(|row| row.time_or_none(0)).transpose()?;
        latest = latest.max(time.flatten());
    }
    Ok(latest)
}

async fn mend(connection: &mut Connection, limit: Timestamp) -> Result<usize, Failure> {
    let over = micros(limit);
    let count = "SELECT COUNT(*) FROM audit WHERE started_at > $1";
    let rows = connection.query(count, std::slice::from_ref(&over)).await?;
    let ahead: i64 = rows.first().map_or(Ok(0), |row| row.get(0))?;
    let rows = connection.query("SELECT COUNT(*) FROM audit", &[]).await?;
    let all: i64 = rows.first().map_or(Ok(0), |row| row.get(0))?;
    if ahead >= MANY && ahead * 2 > all {
        return Err(Failure::Found(
            format!(
                "has {ahead} audits of the time to come, so this machine's clock seems to be behind"
            )
            .into(),
            "set the clock, or if it is right, move the ledger away to begin a new one",
        ));
    }
    let before = "SELECT MAX(started_at) FROM audit WHERE started_at <= $1 AND id < COALESCE(\
                  (SELECT MIN(id) FROM audit WHERE started_at > $1), id + 1)";
    let rows = connection
        .query(before, std::slice::from_ref(&over))
        .await?;
    let before = rows.first().map(|row| row.time_or_none(0)).transpose()?;
    let floor = before.flatten().unwrap_or(Timestamp::UNIX_EPOCH);
    for (owner, before) in keys::reigns(connection).await? {
        let after = dated_back(before.clone(), floor, limit);
        keys::store(connection, &owner, &before, &after).await?;
    }
    let values = [over, micros(floor)];
    for sql in MENDS {
        let count = if sql.contains("$2") { 2 } else { 1 };
        connection.run(sql, &values[..count]).await?;
    }
    Ok(usize::try_from(ahead).unwrap_or_default())
}

/// What is later than `$1` was at `$2` or after it.
const MENDS: [&str; 14] = [
    "UPDATE audit SET started_at = $2, finished_at = $2 WHERE started_at > $1",
    "UPDATE scope SET state = NULL WHERE last_seen > $1",
    "UPDATE scope SET last_seen = $2 WHERE last_seen > $1",
    "UPDATE deployment SET first_seen = $2 WHERE first_seen > $1",
    "UPDATE deployment SET last_seen = $2 WHERE last_seen > $1",
    "UPDATE deployment SET retired_at = $2 WHERE retired_at > $1",
    "UPDATE retired SET retired_at = $2 WHERE retired_at > $1",
    "UPDATE span SET since = $2 WHERE since > $1",
    "UPDATE span SET until = CASE WHEN since > $2 THEN since ELSE $2 END WHERE until > $1",
    "UPDATE acceptance SET accepted_at = $2 WHERE accepted_at > $1",
    "UPDATE announced SET first_seen = $2 WHERE first_seen > $1",
    "UPDATE announced SET absent_at = NULL WHERE absent_at > $1",
    "DELETE FROM both_read WHERE seen_at > $1",
    "UPDATE retention SET kept_since = $2 WHERE kept_since > $1",
];

/// Reigns without a time after this limit.
fn dated_back(mut reigns: Vec<Reign>, floor: Timestamp, limit: Timestamp) -> Vec<Reign> {
    let mut floor = floor;
    for reign in &mut reigns {
        if reign.first_seen > limit {
            reign.first_seen = floor;
        }
        if reign.last_seen > limit {
            reign.said_seen = Some(reign.seen_until());
            reign.last_seen = floor.max(reign.first_seen);
        }
        reign.rotated_at = reign.rotated_at.filter(|at| *at <= limit);
        floor = floor.max(reign.last_seen);
    }
    reigns
}
