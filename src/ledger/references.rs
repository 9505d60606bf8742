//! Which changes of references somebody was told of, that nothing settled yet.

use std::collections::BTreeMap;

use super::db::{Connection, Value};
use super::error::Failure;
use super::keys;
use super::words::kept;
use crate::audit::{Audit, Owner};
use crate::judge::Warning;
use crate::key::Fingerprint;
use crate::keyring::ProjectId;

/// What references became, by whose they are.
pub(super) type Became = BTreeMap<Owner, Fingerprint>;

/// The references that changed, and nothing tells yet why: whose they are, and what they are now.
pub(super) fn unsettled(audit: &Audit) -> Vec<(ProjectId, Owner, Fingerprint)> {
    let warnings = audit.warnings.iter();
    let changed = warnings.filter_map(|warning| match warning {
        Warning::ReferenceChanged { project, .. } => Some(*project),
        _ => None,
    });
    changed
        .filter_map(|id| {
            let held = audit.projects.get(id.0 as usize)?.held?;
            let owner = Owner::of(audit.inventory.project(id));
            Some((id, owner, kept(&held, audit.inventory.digits)))
        })
        .collect()
}

/// What a receiver was told that references became.
pub(super) async fn told(
    connection: &mut Connection,
    inventory: i64,
    receiver: &str,
) -> Result<Became, Failure> {
    let sql = "SELECT project, environment, fingerprint FROM told_reference \
               WHERE inventory = $1 AND receiver = $2";
    let whose = [inventory.into(), receiver.into()];
    let rows = connection.query(sql, &whose).await?;
    rows.iter()
        .map(|row| Ok((row.owner(0, 1)?, row.fingerprint(2)?)))
        .collect()
}

/// Notes that a receiver was told of these, and that all others are settled or were taken back.
pub(super) async fn tell(
    connection: &mut Connection,
    inventory: i64,
    receiver: &str,
    now: &Became,
) -> Result<(), Failure> {
    let whose = [Value::from(inventory), receiver.into()];
    let sql = "DELETE FROM told_reference WHERE inventory = $1 AND receiver = $2";
    connection.run(sql, &whose).await?;
    let rows = now.iter().map(|(owner, fingerprint)| {
        let mut row = whose.to_vec();
        row.extend(keys::own(owner));
        row.push(fingerprint.to_string().into());
        row
    });
    let into = "told_reference (inventory, receiver, project, environment, fingerprint)";
    connection.insert(into, rows.collect(), "").await
}
