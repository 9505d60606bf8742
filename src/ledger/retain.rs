use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::db::{Connection, Value};
use super::error::Failure;
use super::words::{micros, rounded};
use super::{Ledger, LedgerError};

impl Ledger {
    /// Drops what ended longer than this ago: audits, stretches of hops, and what was told of
    /// deployments that were not audited since. Fingerprints, deployments and what people said stay.
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
        let since = rounded(since);
        // Whatever else is to be dropped ended with an audit or before it, and nobody has to wait for nothing.
        let mut turn = self.read().await?;
        let old = "SELECT id FROM audit WHERE finished_at < $1 LIMIT 1";
        let found = turn.connection.query(old, &[micros(since)]).await;
        if turn.end(found).await?.is_empty() {
            return Ok(());
        }
        let mut turn = self.write().await?;
        let dropped = drop_before(&mut turn.connection, since).await;
        turn.end(dropped).await
    }

    /// Looks for damage: by the database's own check, and for what holds in every ledger.
    ///
    /// # Errors
    ///
    /// When something is wrong.
    pub async fn check(&self) -> Result<(), LedgerError> {
        let mut turn = self.read().await?;
        let checked = check(&mut turn.connection).await;
        turn.end(checked).await
    }
}

async fn drop_before(connection: &mut Connection, since: Timestamp) -> Result<(), Failure> {
    let since = [micros(since)];
    let mut spans = 0;
    for sql in [
        "DELETE FROM audit WHERE finished_at < $1",
        "DELETE FROM told WHERE EXISTS (SELECT 1 FROM deployment \
         WHERE deployment.inventory = told.inventory AND deployment.project = told.project \
         AND deployment.title = told.title AND deployment.last_seen < $1 AND NOT EXISTS (SELECT 1 FROM member \
         JOIN scope ON scope.id = member.scope WHERE scope.last_seen >= $1 \
         AND deployment.id BETWEEN member.first AND member.last))",
        "DELETE FROM span WHERE until < $1",
    ] {
        spans = connection.run(sql, &since).await?;
    }
    if spans == 0 {
        return Ok(());
    }
    // What a place held that is on no route anymore is asked for when that key is to be revoked.
    let sql = "DELETE FROM hop WHERE NOT EXISTS (SELECT 1 FROM span WHERE span.hop = hop.id) \
               AND (holds = '' OR EXISTS (SELECT 1 FROM deployment \
               WHERE deployment.id = hop.deployment AND deployment.retired_at IS NOT NULL))";
    connection.run(sql, &[]).await?;
    let [since] = since;
    connection
        .insert(
            "retention (id, kept_since)",
            vec![vec![Value::from(1), since]],
            " ON CONFLICT (id) DO UPDATE SET kept_since = excluded.kept_since \
             WHERE retention.kept_since < excluded.kept_since",
        )
        .await
}

/// Since when nothing was dropped; `None` while nothing ever was.
pub(super) async fn kept_since(connection: &mut Connection) -> Result<Option<Timestamp>, Failure> {
    let sql = "SELECT kept_since FROM retention";
    let rows = connection.query(sql, &[]).await?;
    rows.first().map(|row| row.time(0)).transpose()
}

/// What must find nothing.
const WRONG: [(&str, &str); 4] = [
    (
        "has a place that is two things at once",
        "SELECT hop FROM span WHERE until IS NULL GROUP BY hop HAVING COUNT(*) > 1 LIMIT 1",
    ),
    (
        "has a stretch that ends before it begins",
        "SELECT id FROM span WHERE until < since LIMIT 1",
    ),
    (
        "has a key in doubt that another one came after",
        "SELECT reign.place FROM reign JOIN reign AS later ON later.project = reign.project \
         AND later.environment = reign.environment AND later.place > reign.place \
         WHERE reign.confirmed IS NULL LIMIT 1",
    ),
    (
        "counts the deployments of an audit wrongly",
        "SELECT audit.id FROM audit WHERE deployments <> COALESCE((SELECT \
         SUM(audit_verdict.deployments) FROM audit_verdict \
         WHERE audit_verdict.audit = audit.id), 0) LIMIT 1",
    ),
];

async fn check(connection: &mut Connection) -> Result<(), Failure> {
    if let Connection::Sqlite(_) = connection {
        for sql in ["PRAGMA integrity_check", "PRAGMA foreign_key_check"] {
            for row in connection.query(sql, &[]).await? {
                let said: &str = row.get(0)?;
                if said != "ok" {
                    return Err(Failure::damaged(format!("is damaged: {said}")));
                }
            }
        }
    }
    for (what, sql) in WRONG {
        if !connection.query(sql, &[]).await?.is_empty() {
            return Err(Failure::damaged(what));
        }
    }
    Ok(())
}
