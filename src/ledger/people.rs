//! What people say of deployments that nobody can look at.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::db::{Connection, Value};
use super::error::Failure;
use super::words::{environment, kept, micros};
use super::{Ledger, LedgerError, Name, scope};
use crate::audit::Owner;
use crate::key::{Digits, Fingerprint};

/// Somebody's word that a deployment does not hold a key, though nobody can see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// Whose key.
    pub owner: Owner,
    /// Which key; the word is good for no other.
    pub key: Fingerprint,
    /// The deployment, by its name alone or with environment and axes.
    pub deployment: String,
    /// Why.
    pub reason: String,
    /// When it was said.
    pub at: Timestamp,
}

impl Ledger {
    /// Keeps somebody's word; a later one takes its place.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub async fn accept(&self, acceptance: &Acceptance) -> Result<(), LedgerError> {
        let mut turn = self.write().await?;
        let row = vec![
            Value::from(&*acceptance.owner.project),
            environment(&acceptance.owner).into(),
            kept(&acceptance.key, Digits::MAX).to_string().into(),
            acceptance.deployment.as_str().into(),
            acceptance.reason.as_str().into(),
            micros(acceptance.at),
        ];
        let accepted = turn
            .connection
            .insert(
                "acceptance (project, environment, fingerprint, deployment, reason, accepted_at)",
                vec![row],
                " ON CONFLICT (project, environment, fingerprint, deployment) DO UPDATE SET \
                 reason = excluded.reason, accepted_at = excluded.accepted_at",
            )
            .await;
        turn.end(accepted).await
    }

    /// What was said of the keys of a project and its environments, the earliest first.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub async fn acceptances(&self, project: &str) -> Result<Vec<Acceptance>, LedgerError> {
        let mut turn = self.read().await?;
        let accepted = acceptances(&mut turn.connection, project).await;
        turn.end(accepted).await
    }

    /// Notes that deployments of this name, or of this name with environment and axes, are no more;
    /// without a project, whosever key they held. Seen again, they are back. Gives back which they are.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub async fn retire(
        &self,
        project: Option<&str>,
        deployment: &str,
        at: Timestamp,
    ) -> Result<Vec<Name>, LedgerError> {
        let mut turn = self.write().await?;
        let retired = retire(&mut turn.connection, project, deployment, at).await;
        turn.end(retired).await
    }
}

async fn acceptances(
    connection: &mut Connection,
    project: &str,
) -> Result<Vec<Acceptance>, Failure> {
    let sql = "SELECT project, environment, fingerprint, deployment, reason, accepted_at \
               FROM acceptance WHERE project = $1 ORDER BY accepted_at, environment, deployment";
    let mut accepted = Vec::new();
    for row in connection.query(sql, &[project.into()]).await? {
        accepted.push(Acceptance {
            owner: row.owner(0, 1)?,
            key: row.fingerprint(2)?,
            deployment: row.get(3)?,
            reason: row.get(4)?,
            at: row.time(5)?,
        });
    }
    Ok(accepted)
}

async fn retire(
    connection: &mut Connection,
    project: Option<&str>,
    deployment: &str,
    at: Timestamp,
) -> Result<Vec<Name>, Failure> {
    let sql = "SELECT id, project, title FROM deployment WHERE title = $1 OR name = $1";
    // Several inventories may have one of this name.
    let mut retired: BTreeMap<Name, Vec<i64>> = BTreeMap::new();
    for row in connection.query(sql, &[deployment.into()]).await? {
        let name = Name {
            project: row.get::<&str>(1)?.into(),
            title: row.get::<&str>(2)?.into(),
        };
        if project.is_none_or(|project| *name.project == *project) {
            retired.entry(name).or_default().push(row.get(0)?);
        }
    }
    let ids: Vec<i64> = retired.values().flatten().copied().collect();
    let at = [micros(at)];
    let sql = "UPDATE deployment SET retired_at = $1 WHERE id IN";
    connection.run_for(sql, &ids, &at).await?;
    // Nothing lasts of what is no more.
    let sql = "UPDATE span SET until = CASE WHEN since < $1 THEN $1 ELSE since END \
               WHERE until IS NULL AND (SELECT deployment FROM hop WHERE hop.id = span.hop) IN";
    connection.run_for(sql, &ids, &at).await?;
    let sql = "UPDATE deployment SET digest = NULL WHERE id IN";
    connection.run_for(sql, &ids, &[]).await?;
    scope::forget(connection).await?;
    Ok(retired.into_keys().collect())
}
