//! Which deployments audits saw, so that one which found them as they were writes no row of theirs.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::db::{Connection, Value};
use super::error::Failure;
use super::record::is_partial;
use super::spans;
use super::words::{micros, rounded};
use crate::audit::Audit;
use crate::cores::on_all_cores;

/// So many sets are kept; then all is written to the rows of the deployments, and the sets begin anew.
const MOST: i64 = 50;

/// How many audits in a row are counted one by one, which is as many as anything depends on.
const COUNTED: usize = 3;

/// How many of the last audits are looked at for that.
const LOOKED_AT: i64 = 1_000;

/// So many deployments are worth a thread that says in short what is told of them.
const WORTH: usize = 128;

/// The name of a deployment, in short.
pub(super) type Print = [u8; 16];

/// One deployment of an audit.
pub(super) struct One {
    name: Print,
    /// Index into the audit's.
    pub index: u32,
    /// [`spans::digest`] of its hops.
    pub digest: i64,
}

/// The deployments of an audit. Where two have the same name, as two ways to write the same axes may give, the
/// first one counts.
pub(super) struct Seen {
    ones: Vec<One>,
    /// Of their inventory and the names of all of them, and of all that is told of them.
    names: String,
    state: String,
}

/// A name, in short.
pub(super) fn print(project: &str, title: &str) -> Print {
    let mut name = Printed::of(project);
    name.0.update(title);
    name.print()
}

/// A name whose title is still written.
struct Printed(Sha256);

impl Printed {
    fn of(project: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(project.len().to_be_bytes());
        hash.update(project);
        Self(hash)
    }

    fn print(self) -> Print {
        let digest = self.0.finalize();
        digest.first_chunk().copied().unwrap_or_default()
    }
}

impl fmt::Write for Printed {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text);
        Ok(())
    }
}

impl Seen {
    /// Those of an audit of this inventory.
    pub(super) fn of(audit: &Audit, inventory: i64) -> Self {
        let short = on_all_cores(&audit.deployments, WORTH, |outcome| {
            let declared = &audit.inventory.deployments[outcome.deployment as usize];
            let project = &audit.inventory.project(declared.project).name;
            let mut name = Printed::of(project);
            let _ = declared.write_title(&mut name);
            (name.print(), spans::digest(audit, outcome))
        });
        let one = |(index, (name, digest))| One {
            name,
            index,
            digest,
        };
        let mut ones: Vec<One> = (0..).zip(short).map(one).collect();
        ones.sort_unstable_by_key(|one| (one.name, one.index));
        ones.dedup_by_key(|one| one.name);
        let (mut names, mut state) = (Sha256::new(), Sha256::new());
        names.update(inventory.to_be_bytes());
        for one in &ones {
            let outcome = &audit.deployments[one.index as usize];
            names.update(one.name);
            names.update([u8::from(is_partial(outcome))]);
            state.update(one.digest.to_be_bytes());
            state.update(outcome.verdict.name());
        }
        let short = |hash: Sha256| hex::encode(&hash.finalize()[..16]);
        Self {
            ones,
            names: short(names),
            state: short(state),
        }
    }

    pub(super) fn ones(&self) -> &[One] {
        &self.ones
    }

    /// Where among them the one of this name is.
    pub(super) fn find(&self, print: &Print) -> Option<usize> {
        self.ones.binary_search_by_key(print, |one| one.name).ok()
    }
}

/// A set that audits saw before.
struct Scope {
    last_seen: i64,
    /// When the last of its audits began, the latest first; no more than [`COUNTED`].
    audits: Vec<i64>,
    /// Stretches of ids by their beginnings, and whether whole routes were judged.
    members: BTreeMap<i64, (i64, bool)>,
}

/// All of them.
pub(super) struct Scopes(Vec<Scope>);

impl Scopes {
    pub(super) async fn read(connection: &mut Connection) -> Result<Self, Failure> {
        let mut scopes = HashMap::new();
        let sql = "SELECT id, last_seen FROM scope";
        for row in connection.query(sql, &[]).await? {
            let scope = Scope {
                last_seen: row.get(1)?,
                audits: Vec::new(),
                members: BTreeMap::new(),
            };
            scopes.insert(row.get::<i64>(0)?, scope);
        }
        let sql = "SELECT scope, started_at FROM audit WHERE scope IS NOT NULL \
                   ORDER BY started_at DESC, id DESC LIMIT $1";
        for row in connection.query(sql, &[LOOKED_AT.into()]).await? {
            if let Some(scope) = scopes.get_mut(&row.get::<i64>(0)?)
                && scope.audits.len() < COUNTED
            {
                scope.audits.push(row.get(1)?);
            }
        }
        let sql = "SELECT scope, first, last, whole FROM member";
        let members = |row: super::db::Row| {
            if let Some(scope) = scopes.get_mut(&row.get::<i64>(0)?) {
                let whole = row.get::<i64>(3)? != 0;
                scope.members.insert(row.get(1)?, (row.get(2)?, whole));
            }
            Ok(())
        };
        connection.each(sql, &[], members).await?;
        Ok(Self(scopes.into_values().collect()))
    }

    /// When a deployment was last seen, and for how many audits in a row it has its verdict, going by its row and
    /// by what audits saw since without writing there.
    pub(super) fn since(&self, id: i64, last_seen: Timestamp, times: i64) -> (Timestamp, i64) {
        let row = last_seen.as_microsecond();
        let (mut last, mut times) = (row, times);
        for scope in &self.0 {
            let member = scope.members.range(..=id).next_back();
            let Some((_, (_, whole))) = member.filter(|(_, (end, _))| *end >= id) else {
                continue;
            };
            last = last.max(scope.last_seen);
            if *whole {
                let later = scope.audits.iter().filter(|at| **at > row).count();
                times += i64::try_from(later).unwrap_or_default();
            }
        }
        (
            Timestamp::from_microsecond(last).unwrap_or(last_seen),
            times,
        )
    }
}

/// The set of these deployments, where the last of its audits found all of it as it is now and nothing was
/// written down since that may differ.
pub(super) async fn unchanged(
    connection: &mut Connection,
    seen: &Seen,
) -> Result<Option<i64>, Failure> {
    let sql = "SELECT id FROM scope WHERE names = $1 AND state = $2";
    let values = [Value::from(&*seen.names), Value::from(&*seen.state)];
    let rows = connection.query(sql, &values).await?;
    rows.first().map(|row| row.get(0)).transpose()
}

/// Notes that an audit saw the whole set.
pub(super) async fn touch(
    connection: &mut Connection,
    scope: i64,
    at: Timestamp,
) -> Result<(), Failure> {
    let sql = "UPDATE scope SET last_seen = $1 WHERE id = $2";
    let values = [micros(rounded(at)), scope.into()];
    connection.run(sql, &values).await.map(|_| ())
}

/// Notes that no set is known to be as it was.
pub(super) async fn forget(connection: &mut Connection) -> Result<(), Failure> {
    let sql = "UPDATE scope SET state = NULL WHERE state IS NOT NULL";
    connection.run(sql, &[]).await.map(|_| ())
}

/// The set of these deployments, whose ids and whether their whole routes were judged are given in any order. Made
/// where there is none.
pub(super) async fn record(
    connection: &mut Connection,
    seen: &Seen,
    mut members: Vec<(i64, bool)>,
    at: Timestamp,
) -> Result<i64, Failure> {
    let at = micros(rounded(at));
    let sql = "SELECT id FROM scope WHERE names = $1";
    let known = connection.query(sql, &[(&*seen.names).into()]).await?;
    if let Some(row) = known.first() {
        let id = row.get(0)?;
        let sql = "UPDATE scope SET last_seen = $1, state = $2 WHERE id = $3";
        let values = [at, (&*seen.state).into(), Value::from(id)];
        connection.run(sql, &values).await?;
        return Ok(id);
    }
    let count = connection.query("SELECT COUNT(*) FROM scope", &[]).await?;
    if count.first().map_or(Ok(0), |row| row.get::<i64>(0))? >= MOST {
        settle(connection).await?;
    }
    let id = connection.last_id("scope").await? + 1;
    let row = vec![id.into(), (&*seen.names).into(), (&*seen.state).into(), at];
    let into = "scope (id, names, state, last_seen)";
    connection.insert(into, vec![row], "").await?;
    members.sort_unstable();
    let mut stretches: Vec<(i64, i64, bool)> = Vec::new();
    for (member, whole) in members {
        match stretches.last_mut() {
            Some((_, last, same)) if *last + 1 == member && *same == whole => *last = member,
            _ => stretches.push((member, member, whole)),
        }
    }
    let row = |(first, last, whole): (i64, i64, bool)| {
        vec![
            Value::from(id),
            first.into(),
            last.into(),
            i64::from(whole).into(),
        ]
    };
    let rows = stretches.into_iter().map(row).collect();
    let into = "member (scope, first, last, whole)";
    connection.insert(into, rows, "").await?;
    Ok(id)
}

/// Writes what the sets tell to the rows of their deployments, and drops the sets.
pub(super) async fn settle(connection: &mut Connection) -> Result<(), Failure> {
    let scopes = Scopes::read(connection).await?;
    let mut rows = Vec::new();
    let sql = "SELECT id, last_seen, times FROM deployment";
    let take = |row: super::db::Row| {
        let id: i64 = row.get(0)?;
        let before = (row.time(1)?, row.get::<i64>(2)?);
        let (last_seen, times) = scopes.since(id, before.0, before.1);
        if (last_seen, times) != before {
            rows.push(vec![id.into(), micros(last_seen), times.into()]);
        }
        Ok(())
    };
    connection.each(sql, &[], take).await?;
    let set = "deployment SET last_seen = new.column2, times = new.column3";
    connection
        .update(set, rows, "deployment.id = new.column1")
        .await?;
    for sql in [
        "DELETE FROM member",
        "DELETE FROM scope",
        "UPDATE audit SET scope = NULL WHERE scope IS NOT NULL",
    ] {
        connection.run(sql, &[]).await?;
    }
    Ok(())
}
