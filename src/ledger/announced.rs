//! Since when keys are known that were announced as the next ones.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::db::Connection;
use super::error::Failure;
use super::keys::own;
use super::words::{kept, micros, micros_of, rounded};
use crate::audit::{Announced, Audit, Owner};
use crate::judge::{ProjectOutcome, Warning};
use crate::keyring::KeyId;

pub(super) async fn read(
    connection: &mut Connection,
) -> Result<BTreeMap<Owner, Vec<Announced>>, Failure> {
    let sql = "SELECT project, environment, fingerprint, first_seen, absent_at FROM announced \
               ORDER BY project, environment, first_seen, fingerprint";
    let mut announced: BTreeMap<Owner, Vec<Announced>> = BTreeMap::new();
    for row in connection.query(sql, &[]).await? {
        announced
            .entry(row.owner(0, 1)?)
            .or_default()
            .push(Announced {
                fingerprint: row.fingerprint(2)?,
                first_seen: row.time(3)?,
                absent_at: row.time_or_none(4)?,
            });
    }
    Ok(announced)
}

/// Takes in what an audit saw of next keys.
pub(super) async fn record(connection: &mut Connection, audit: &Audit) -> Result<(), Failure> {
    let at = rounded(audit.started_at);
    let known = read(connection).await?;
    let both_read = both_read(connection).await?;
    let (mut announced, mut seen) = (Vec::new(), Vec::new());
    for outcome in &audit.projects {
        let project = audit.inventory.project(outcome.project);
        if project.next.is_none() || !outcome.reference.is_sound() || is_unread(audit, outcome) {
            continue;
        }
        let owner = Owner::of(project);
        let before = both_read.get(&owner).copied();
        if before.is_none_or(|before| before < at) {
            let mut row = own(&owner);
            row.push(micros(at));
            seen.push(row);
        }
        let Some(next) = outcome.next else {
            continue;
        };
        let next = kept(&next, audit.inventory.digits);
        let mut mine = known.get(&owner).into_iter().flatten();
        if mine.any(|known| known.fingerprint.agrees(&next)) {
            continue;
        }
        let mut row = own(&owner);
        row.extend([
            next.to_string().into(),
            micros(at),
            micros_of(before.filter(|before| *before < at)),
        ]);
        announced.push(row);
    }
    let into = "announced (project, environment, fingerprint, first_seen, absent_at)";
    let nothing = " ON CONFLICT DO NOTHING";
    connection.insert(into, announced, nothing).await?;
    let into = "both_read (project, environment, seen_at)";
    let over = " ON CONFLICT (project, environment) DO UPDATE SET seen_at = excluded.seen_at";
    connection.insert(into, seen, over).await
}

fn is_unread(audit: &Audit, outcome: &ProjectOutcome) -> bool {
    audit.warnings.iter().any(|warning| {
        matches!(warning, Warning::KeyUnread { key, .. }
            if *key == KeyId::next(outcome.project))
    })
}

/// When both keys of each owner were read last.
async fn both_read(connection: &mut Connection) -> Result<BTreeMap<Owner, Timestamp>, Failure> {
    let sql = "SELECT project, environment, seen_at FROM both_read";
    let mut read = BTreeMap::new();
    for row in connection.query(sql, &[]).await? {
        read.insert(row.owner(0, 1)?, row.time(2)?);
    }
    Ok(read)
}
