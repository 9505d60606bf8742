//! How deployments were: what an audit found otherwise than the one before it is written down.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tokio::join;
use tokio::task::yield_now;

use super::db::{Connection, ROWS_AT_ONCE, Row, Value};
use super::error::Failure;
use super::insert::{Insert, Kind};
use super::record::is_partial;
use super::scope::{self, Scopes, Seen};
use super::spans::{Changes, HopRows, Known, Route, hops};
use super::words::{micros, rounded};
use crate::audit::Audit;
use crate::verdict::Verdict;

/// After so many deployments it is looked whether the database is ready for more.
const YIELD: usize = 8;

/// What is to be done about a deployment of the audit.
#[derive(Clone, Copy, Default)]
struct Task {
    /// Not given yet to a new one.
    id: i64,
    row: Written,
    /// Whether its hops may be otherwise.
    hops: bool,
}

/// What its row is to say.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Written {
    /// That it is there.
    #[default]
    New,
    /// Nothing else than before.
    Same,
    /// Nothing, for a later audit saw it.
    Later,
    /// That nobody said anymore that it is gone.
    Back,
    /// That it was seen, by an audit that was recorded late; and so for a part of its route.
    Seen,
    SeenInPart,
    /// Another verdict.
    Verdict,
}

/// Takes in what an audit saw. Gives back the set of its deployments, where that tells when they were seen.
pub(super) async fn record(
    connection: &mut Connection,
    audit: &Audit,
    inventory: i64,
) -> Result<Option<i64>, Failure> {
    let at = rounded(audit.started_at);
    let seen = Seen::of(audit, inventory);
    let newest = connection.query("SELECT MAX(started_at) FROM audit", &[]);
    let newest = newest.await?;
    let newest = newest.first().map(|row| row.time_or_none(0)).transpose()?;
    let is_latest = newest.flatten().is_none_or(|newest| newest < at);
    if is_latest && let Some(scope) = scope::unchanged(connection, &seen).await? {
        scope::touch(connection, scope, at).await?;
        return Ok(Some(scope));
    }
    let mut tasks = tasks(connection, audit, inventory, &seen, is_latest).await?;
    let is_whole = is_latest && tasks.iter().all(|task| task.row != Written::Later);
    let mut work = Work {
        audit,
        inventory,
        at,
        last_id: connection.last_id("deployment").await?,
        changes: Changes::begin(connection, at).await?,
        changed: false,
    };
    work.write_rows(connection, &tasks).await?;
    // In the order of their declaration, in which what belongs together mostly stands together.
    let mut order: Vec<u32> = (0..).take(tasks.len()).collect();
    order.sort_unstable_by_key(|place| seen.ones()[*place as usize].index);
    let kind = connection.kind();
    let mut rows = Rows::of(kind);
    for batch in order.chunks(ROWS_AT_ONCE) {
        let known = work.known(connection, batch, &tasks).await?;
        work.changed |= rows.is_any();
        // While the database is at the rows of one batch, those of the next are made.
        let written = rows.write(connection, at);
        let made = work.make((batch, &seen), &mut tasks, known, Rows::of(kind));
        let (written, made) = join!(written, made);
        written?;
        rows = made?;
    }
    work.changed |= rows.is_any();
    rows.write(connection, at).await?;
    drop(order);
    if work.changed {
        scope::forget(connection).await?;
    }
    if !is_whole {
        return Ok(None);
    }
    let members = tasks.iter().zip(seen.ones()).map(|(task, one)| {
        let whole = !is_partial(&audit.deployments[one.index as usize]);
        (task.id, whole)
    });
    let members = members.collect();
    scope::record(connection, &seen, members, at)
        .await
        .map(Some)
}

/// What is to be done about each, in the order of the seen ones.
async fn tasks(
    connection: &mut Connection,
    audit: &Audit,
    inventory: i64,
    seen: &Seen,
    is_latest: bool,
) -> Result<Vec<Task>, Failure> {
    let at = rounded(audit.started_at);
    let scopes = Scopes::read(connection).await?;
    let mut tasks = vec![
        Task {
            hops: true,
            ..Task::default()
        };
        seen.ones().len()
    ];
    let sql = "SELECT project, title, id, last_seen, retired_at, verdict, digest FROM deployment \
               WHERE inventory = $1";
    let take = |row: Row| {
        let print = scope::print(row.get(0)?, row.get(1)?);
        let Some(found) = seen.find(&print) else {
            return Ok(());
        };
        let one = &seen.ones()[found];
        let outcome = &audit.deployments[one.index as usize];
        let partial = is_partial(outcome);
        let id = row.get(2)?;
        let retired_at = row.time_or_none(4)?;
        let (last_seen, _) = scopes.since(id, row.time(3)?, 0);
        let digest: Option<i64> = row.get(6)?;
        tasks[found] = Task {
            id,
            row: if last_seen >= at || retired_at.is_some_and(|retired| retired >= at) {
                Written::Later
            } else if !partial && row.word_or_none(5)? != Some(outcome.verdict) {
                Written::Verdict
            } else if !is_latest && partial {
                Written::SeenInPart
            } else if !is_latest {
                Written::Seen
            } else if retired_at.is_some() {
                Written::Back
            } else {
                Written::Same
            },
            hops: partial || digest != Some(one.digest),
        };
        Ok(())
    };
    connection.each(sql, &[inventory.into()], take).await?;
    Ok(tasks)
}

/// What is to be written of a batch of deployments.
struct Rows {
    new: Insert,
    /// The verdicts that known ones have now.
    verdicts: BTreeMap<Verdict, Vec<i64>>,
    hops: HopRows,
}

impl Rows {
    /// Nothing yet, for this database.
    fn of(kind: Kind) -> Self {
        let into = "deployment (id, inventory, project, title, name, environment, first_seen, last_seen, \
                    verdict, times, digest)";
        Self {
            new: Insert::of(kind, into, ""),
            verdicts: BTreeMap::new(),
            hops: HopRows::of(kind),
        }
    }

    fn is_any(&self) -> bool {
        !self.new.is_empty() || !self.verdicts.is_empty() || self.hops.is_any()
    }

    async fn write(self, connection: &mut Connection, at: Timestamp) -> Result<(), Failure> {
        connection.put(self.new).await?;
        for (verdict, ids) in self.verdicts {
            let sql = "UPDATE deployment SET retired_at = NULL, last_seen = $1, times = 1, \
                       verdict = $2 WHERE id IN";
            let values = [micros(at), verdict.name().into()];
            connection.run_for(sql, &ids, &values).await?;
        }
        self.hops.write(connection, at).await
    }
}

struct Work<'a> {
    audit: &'a Audit,
    inventory: i64,
    at: Timestamp,
    last_id: i64,
    changes: Changes,
    /// Whether anything was written.
    changed: bool,
}

impl Work<'_> {
    /// What the rows of known ones are to say.
    async fn write_rows(
        &mut self,
        connection: &mut Connection,
        tasks: &[Task],
    ) -> Result<(), Failure> {
        let ids = |wanted: Written| -> Vec<i64> {
            let tasks = tasks.iter().filter(|task| task.row == wanted);
            tasks.map(|task| task.id).collect()
        };
        let (back, seen) = (ids(Written::Back), ids(Written::Seen));
        let in_part = ids(Written::SeenInPart);
        self.changed |= !(back.is_empty() && seen.is_empty() && in_part.is_empty());
        let sql = "UPDATE deployment SET retired_at = NULL WHERE id IN";
        connection.run_for(sql, &back, &[]).await?;
        let at = [micros(self.at)];
        let sql = "UPDATE deployment SET retired_at = NULL, last_seen = $1 WHERE id IN";
        connection.run_for(sql, &in_part, &at).await?;
        let sql = "UPDATE deployment SET retired_at = NULL, last_seen = $1, times = times + 1 \
                   WHERE id IN";
        connection.run_for(sql, &seen, &at).await
    }

    /// What is known of the hops of those deployments of a batch that may have changed.
    async fn known(
        &self,
        connection: &mut Connection,
        batch: &[u32],
        tasks: &[Task],
    ) -> Result<Known, Failure> {
        let tasks = batch.iter().map(|place| &tasks[*place as usize]);
        let looked_at = tasks
            .filter(|task| task.hops && task.row != Written::New && task.row != Written::Later);
        let ids: Vec<i64> = looked_at.map(|task| task.id).collect();
        hops(connection, &ids).await
    }

    /// Makes the rows that say what a batch of deployments is, given by their places among the seen ones, and gives
    /// ids to those that are new. Lets others go on now and then.
    async fn make(
        &mut self,
        (batch, seen): (&[u32], &Seen),
        tasks: &mut [Task],
        mut known: Known,
        mut rows: Rows,
    ) -> Result<Rows, Failure> {
        for (number, place) in batch.iter().enumerate() {
            if number % YIELD == YIELD - 1 {
                yield_now().await;
            }
            let (one, task) = (&seen.ones()[*place as usize], &mut tasks[*place as usize]);
            if task.row == Written::Later {
                continue;
            }
            let outcome = &self.audit.deployments[one.index as usize];
            let is_new = task.row == Written::New;
            if is_new {
                self.last_id += 1;
                task.id = self.last_id;
                rows.new.push(self.row(one.index, one.digest))?;
            }
            if task.row == Written::Verdict {
                let same = rows.verdicts.entry(outcome.verdict);
                same.or_default().push(task.id);
            }
            if task.hops {
                let route = Route {
                    deployment: task.id,
                    index: one.index,
                    is_new,
                    digest: (!is_partial(outcome)).then_some(one.digest),
                };
                let before = known.remove(&task.id).unwrap_or_default();
                let hops = &mut rows.hops;
                self.changes.take(self.audit, &route, before, hops)?;
            }
        }
        Ok(rows)
    }

    /// The row of a new one, with the last id that was given.
    fn row(&self, index: u32, digest: i64) -> [Value; 11] {
        let outcome = &self.audit.deployments[index as usize];
        let declared = &self.audit.inventory.deployments[outcome.deployment as usize];
        let owner = self.audit.inventory.project(declared.project);
        let whole = !is_partial(outcome);
        [
            self.last_id.into(),
            self.inventory.into(),
            (&*owner.name).into(),
            declared.title().into(),
            (&*declared.name).into(),
            owner.environment.as_deref().unwrap_or_default().into(),
            micros(self.at),
            micros(self.at),
            Value::Text(whole.then(|| outcome.verdict.name().to_owned())),
            i64::from(whole).into(),
            whole.then_some(digest).into(),
        ]
    }
}
