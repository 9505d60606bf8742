use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use super::db::{Connection, Row, Value};
use super::error::Failure;
use super::scope::Scopes;
use super::words::micros;
use super::{Ledger, LedgerError, Name, deployments, inventories, keys};
use crate::audit::Audit;
use crate::judge::DeploymentOutcome;
use crate::verdict::Verdict;

/// What was made of an audit beyond its verdicts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conclusion {
    /// What straggler exits with.
    pub exit_code: u8,
    /// Whether everything selected was read and proven.
    pub complete: bool,
    /// The deployments whose findings a waiver accepts, as indices into the audit's.
    pub accepted: BTreeSet<usize>,
}

/// One that is known already.
pub(super) struct Known {
    pub retired_at: Option<Timestamp>,
    pub verdict: Option<Verdict>,
    /// For how many audits in a row, as far as it counts.
    pub times: i64,
}

impl Ledger {
    /// Writes an audit down. One that was interrupted is passed over, since what it did not read looks
    /// as if it had gone wrong.
    ///
    /// Two audits may be finished in another order than they were begun. Then the earlier one changes
    /// nothing of what the later one saw.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing of the audit is in it.
    pub async fn record(&self, audit: &Audit, conclusion: &Conclusion) -> Result<(), LedgerError> {
        if audit.interrupted {
            return Ok(());
        }
        let mut turn = self.write().await?;
        let recorded = record(&mut turn.connection, audit, conclusion).await;
        turn.end(recorded).await
    }

    /// Corrects what straggler exited with after the audit that began at this time.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub async fn correct(&self, began: Timestamp, exit_code: u8) -> Result<(), LedgerError> {
        let mut turn = self.write().await?;
        let sql = "UPDATE audit SET exit_code = $1 WHERE started_at = $2";
        let values = [i64::from(exit_code).into(), micros(began)];
        let corrected = turn.connection.run(sql, &values).await;
        turn.end(corrected.map(|_| ())).await
    }
}

async fn record(
    connection: &mut Connection,
    audit: &Audit,
    conclusion: &Conclusion,
) -> Result<(), Failure> {
    let inventory = inventories::enter(connection, &audit.inventory).await?.id;
    keys::record(connection, audit).await?;
    let scope = deployments::record(connection, audit, inventory).await?;
    record_audit(connection, audit, conclusion, (inventory, scope)).await
}

async fn record_audit(
    connection: &mut Connection,
    audit: &Audit,
    conclusion: &Conclusion,
    (inventory, scope): (i64, Option<i64>),
) -> Result<(), Failure> {
    let id = connection.last_id("audit").await? + 1;
    let count = |number: usize| Value::from(i64::try_from(number).unwrap_or(i64::MAX));
    let row = vec![
        id.into(),
        micros(audit.started_at),
        micros(audit.generated_at),
        i64::from(conclusion.exit_code).into(),
        i64::from(conclusion.complete).into(),
        count(audit.deployments.len()),
        scope.into(),
        inventory.into(),
    ];
    let into =
        "audit (id, started_at, finished_at, exit_code, complete, deployments, scope, inventory)";
    connection.insert(into, vec![row], "").await?;
    let mut verdicts: BTreeMap<Verdict, usize> = BTreeMap::new();
    for outcome in &audit.deployments {
        *verdicts.entry(outcome.verdict).or_default() += 1;
    }
    let rows = verdicts
        .into_iter()
        .map(|(verdict, deployments)| vec![id.into(), verdict.name().into(), count(deployments)])
        .collect();
    let into = "audit_verdict (audit, verdict, deployments)";
    connection.insert(into, rows, "").await
}

/// The audit's deployments by name. Where two have the same, as two ways to write the same axes may
/// give, the first is remembered.
pub(super) fn named(audit: &Audit) -> BTreeMap<Name, usize> {
    let mut named = BTreeMap::new();
    for (index, outcome) in audit.deployments.iter().enumerate() {
        named.entry(name_of(audit, outcome)).or_insert(index);
    }
    named
}

fn name_of(audit: &Audit, outcome: &DeploymentOutcome) -> Name {
    let declared = &audit.inventory.deployments[outcome.deployment as usize];
    Name::of(&audit.inventory.project(declared.project).name, declared)
}

/// Whether `--until` left hops out, so that the deployment's verdict says nothing of the rest.
pub(super) fn is_partial(outcome: &DeploymentOutcome) -> bool {
    let left_out = |verdict| verdict == Verdict::NotSelected;
    outcome.hops.iter().any(|hop| left_out(hop.verdict))
}

/// Every deployment that was ever audited in this inventory.
pub(super) async fn known(
    connection: &mut Connection,
    inventory: i64,
) -> Result<HashMap<Name, Known>, Failure> {
    let scopes = Scopes::read(connection).await?;
    let sql = "SELECT project, title, id, last_seen, retired_at, verdict, times FROM deployment \
               WHERE inventory = $1";
    let mut known = HashMap::new();
    let take = |row: Row| {
        let name = Name {
            project: row.get::<&str>(0)?.into(),
            title: row.get::<&str>(1)?.into(),
        };
        let (_, times) = scopes.since(row.get(2)?, row.time(3)?, row.get(6)?);
        let found = Known {
            retired_at: row.time_or_none(4)?,
            verdict: row.word_or_none(5)?,
            times,
        };
        known.insert(name, found);
        Ok(())
    };
    connection.each(sql, &[inventory.into()], take).await?;
    Ok(known)
}
