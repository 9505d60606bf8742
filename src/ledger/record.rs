use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use super::db::{Connection, Value};
use super::error::Failure;
use super::spans::{self, Route};
use super::words::{micros, rounded};
use super::{Ledger, LedgerError, Name, inventories, keys};
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
    pub id: i64,
    pub last_seen: Timestamp,
    pub retired_at: Option<Timestamp>,
    pub verdict: Option<Verdict>,
    pub times: i64,
    /// [`spans::digest`] of its hops, as far as nothing came between.
    pub digest: Option<i64>,
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
}

async fn record(
    connection: &mut Connection,
    audit: &Audit,
    conclusion: &Conclusion,
) -> Result<(), Failure> {
    let inventory = inventories::enter(connection, &audit.inventory).await?.id;
    record_audit(connection, audit, conclusion).await?;
    keys::record(connection, audit).await?;
    let named = named(audit);
    let routes = record_deployments(connection, audit, inventory, &named).await?;
    spans::record(connection, audit, &routes).await
}

async fn record_audit(
    connection: &mut Connection,
    audit: &Audit,
    conclusion: &Conclusion,
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
    ];
    let into = "audit (id, started_at, finished_at, exit_code, complete, deployments)";
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
    let sql = "SELECT project, title, id, last_seen, retired_at, verdict, times, digest \
               FROM deployment LEFT JOIN route ON route.deployment = deployment.id \
               WHERE inventory = $1";
    let mut known = HashMap::new();
    for row in connection.query(sql, &[inventory.into()]).await? {
        let name = Name {
            project: row.get::<&str>(0)?.into(),
            title: row.get::<&str>(1)?.into(),
        };
        let found = Known {
            id: row.get(2)?,
            last_seen: row.time(3)?,
            retired_at: row.time_or_none(4)?,
            verdict: row.word_or_none(5)?,
            times: row.get(6)?,
            digest: row.get(7)?,
        };
        known.insert(name, found);
    }
    Ok(known)
}

/// Notes that they were seen, and what they are; gives back, by index, those of which nothing later is
/// known and whose hops are not as they were.
async fn record_deployments(
    connection: &mut Connection,
    audit: &Audit,
    inventory: i64,
    named: &BTreeMap<Name, usize>,
) -> Result<Vec<Option<Route>>, Failure> {
    let at = rounded(audit.started_at);
    let known = known(connection, inventory).await?;
    let mut last_id = connection.last_id("deployment").await?;
    let mut routes = vec![None; audit.deployments.len()];
    let mut new = Vec::new();
    let mut partly = Vec::new();
    let mut same = Vec::new();
    let mut changed: BTreeMap<Verdict, Vec<i64>> = BTreeMap::new();
    for (name, &index) in named {
        let outcome = &audit.deployments[index];
        let partial = is_partial(outcome);
        let digest = (!partial).then(|| spans::digest(audit, outcome));
        let Some(known) = known.get(name) else {
            last_id += 1;
            routes[index] = Some(Route {
                deployment: last_id,
                digest,
            });
            let declared = &audit.inventory.deployments[outcome.deployment as usize];
            let owner = audit.inventory.project(declared.project);
            new.push(vec![
                last_id.into(),
                inventory.into(),
                (&*name.project).into(),
                (&*name.title).into(),
                (&*declared.name).into(),
                owner.environment.as_deref().unwrap_or_default().into(),
                micros(at),
                micros(at),
                Value::Text((!partial).then(|| outcome.verdict.name().to_owned())),
                i64::from(!partial).into(),
            ]);
            continue;
        };
        if known.last_seen >= at || known.retired_at.is_some_and(|retired| retired >= at) {
            continue;
        }
        if digest.is_none() || known.digest != digest {
            routes[index] = Some(Route {
                deployment: known.id,
                digest,
            });
        }
        if partial {
            partly.push(known.id);
        } else if known.verdict == Some(outcome.verdict) {
            same.push(known.id);
        } else {
            changed.entry(outcome.verdict).or_default().push(known.id);
        }
    }
    let into = "deployment (id, inventory, project, title, name, environment, first_seen, last_seen, \
                verdict, times)";
    connection.insert(into, new, "").await?;
    // One statement for each row, for it is the rows that take time.
    let seen = "UPDATE deployment SET retired_at = NULL, last_seen = $1";
    let at = micros(at);
    let sql = format!("{seen} WHERE id IN");
    connection
        .run_for(&sql, &partly, std::slice::from_ref(&at))
        .await?;
    let sql = format!("{seen}, times = times + 1 WHERE id IN");
    connection
        .run_for(&sql, &same, std::slice::from_ref(&at))
        .await?;
    for (verdict, ids) in changed {
        let sql = format!("{seen}, times = 1, verdict = $2 WHERE id IN");
        let values = [at.clone(), verdict.name().into()];
        connection.run_for(&sql, &ids, &values).await?;
    }
    Ok(routes)
}
