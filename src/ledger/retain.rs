use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::db::Connection;
use super::error::Failure;
use super::words::micros;
use super::{Ledger, LedgerError};

impl Ledger {
    /// Drops what ended longer than this ago: audits, stretches of hops, and what was told of
    /// deployments that nobody names. Fingerprints, deployments and what people said stay.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub async fn retain(&self, keep: Duration, now: Timestamp) -> Result<(), LedgerError> {
        let Some(since) = SignedDuration::try_from(keep)
            .ok()
            .and_then(|keep| now.checked_sub(keep).ok())
        else {
            return Ok(());
        };
        let mut turn = self.write().await?;
        let dropped = drop_before(&mut turn.connection, since).await;
        turn.end(dropped).await
    }
}

async fn drop_before(connection: &mut Connection, since: Timestamp) -> Result<(), Failure> {
    for sql in [
        "DELETE FROM audit_verdict WHERE audit IN (SELECT id FROM audit WHERE started_at < $1)",
        "DELETE FROM audit WHERE started_at < $1",
        "DELETE FROM span WHERE until < $1",
        "DELETE FROM told WHERE EXISTS (SELECT 1 FROM deployment WHERE deployment.project = told.project \
         AND deployment.title = told.title AND deployment.last_seen < $1)",
    ] {
        connection.run(sql, &[micros(since)]).await?;
    }
    let sql = "DELETE FROM hop WHERE NOT EXISTS (SELECT 1 FROM span WHERE span.hop = hop.id)";
    connection.run(sql, &[]).await?;
    Ok(())
}
