//! Whose key was which, and when.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::db::{Connection, Value};
use super::error::Failure;
use super::words::{environment, kept, micros, micros_of, rounded};
use super::{Ledger, LedgerError, announced, people};
use crate::audit::{
    Audit, Confirmation, Owner, Reign, Remembered, Sighting, advance, is_foreign, sightings,
    taken_over, unsettled,
};
use crate::judge::RotationBasis;
use crate::key::Fingerprint;

/// What came of a person's word that a changed reference was a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// This key counts as rotated in now.
    Confirmed(Fingerprint),
    /// This key is the owner's, though another one had it too.
    Right(Fingerprint),
    /// This key did already.
    AlreadyKnown(Fingerprint),
    /// No audit that was recorded saw a sound reference of this owner.
    NothingKnown,
    /// No audit that was recorded knew this key, whosever.
    KeyUnknown,
}

pub(super) type Reigns = BTreeMap<Owner, Vec<Reign>>;

impl Ledger {
    /// What past audits saw of keys.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub async fn recall(&self) -> Result<Remembered, LedgerError> {
        let mut turn = self.read().await?;
        let recalled = recall(&mut turn.connection).await;
        turn.end(recalled).await
    }

    /// Takes a person's word, given at this time, that the reference of this owner was rotated, not
    /// misread. `key` is what it is now, where audits refused it as another owner's, and did not keep it.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub async fn confirm(
        &self,
        owner: &Owner,
        key: Option<Fingerprint>,
        at: Timestamp,
    ) -> Result<Confirmed, LedgerError> {
        let mut turn = self.write().await?;
        let confirmed = confirm(&mut turn.connection, owner, key, at).await;
        turn.end(confirmed).await
    }
}

async fn recall(connection: &mut Connection) -> Result<Remembered, Failure> {
    let reigns = reigns(connection).await?;
    // What became a reference for sure since is known by that.
    let is_sure = |(owner, fingerprint): &(Owner, Fingerprint)| {
        let mut reigns = reigns.get(owner).into_iter().flatten();
        reigns.any(|reign| reign.is_sure() && reign.is_of(fingerprint))
    };
    let others = owned(connection, "earlier").await?;
    let unsettled = owned(connection, "unsettled").await?;
    let new = |keys: Vec<_>| keys.into_iter().filter(|key| !is_sure(key)).collect();
    Ok(Remembered {
        others: new(others),
        unsettled: new(unsettled),
        announced: announced::read(connection).await?,
        retired: people::retired(connection).await?,
        reigns,
    })
}

/// The keys in one of the tables of keys that belong to an owner.
async fn owned(
    connection: &mut Connection,
    table: &str,
) -> Result<Vec<(Owner, Fingerprint)>, Failure> {
    let sql = format!(
        "SELECT project, environment, fingerprint FROM {table} \
         ORDER BY project, environment, fingerprint"
    );
    let mut keys = Vec::new();
    for row in connection.query(&sql, &[]).await? {
        keys.push((row.owner(0, 1)?, row.fingerprint(2)?));
    }
    Ok(keys)
}

pub(super) async fn reigns(connection: &mut Connection) -> Result<Reigns, Failure> {
    let sql = "SELECT project, environment, fingerprint, first_seen, last_seen, confirmed, \
               rotated_at, revoked_at, said_seen FROM reign ORDER BY project, environment, place";
    let mut reigns = Reigns::new();
    for row in connection.query(sql, &[]).await? {
        reigns.entry(row.owner(0, 1)?).or_default().push(Reign {
            fingerprint: row.fingerprint(2)?,
            first_seen: row.time(3)?,
            last_seen: row.time(4)?,
            confirmed: row.confirmation(5)?,
            rotated_at: row.time_or_none(6)?,
            revoked_at: row.time_or_none(7)?,
            said_seen: row.time_or_none(8)?,
        });
    }
    Ok(reigns)
}

/// Takes in what an audit saw of the keys.
pub(super) async fn record(connection: &mut Connection, audit: &Audit) -> Result<(), Failure> {
    let mut known = reigns(connection).await?;
    let named: BTreeSet<Owner> = audit.inventory.projects.iter().map(Owner::of).collect();
    people::are_back(connection, &named).await?;
    let sightings = sightings(audit);
    let live = sightings.iter().map(|seen| seen.fingerprint);
    let next = audit.projects.iter().filter_map(|project| project.next);
    let live: Vec<_> = live.chain(next).collect();
    people::are_live(connection, &live, rounded(audit.started_at)).await?;
    for seen in sightings {
        let mut seen = as_kept(seen, audit);
        let is_known = known.contains_key(&seen.owner);
        if let Some(taken) = taken_over(&known, &named, &seen.owner, &seen.fingerprint) {
            known.insert(seen.owner.clone(), taken.to_vec());
        }
        if is_foreign(&known, &seen.owner, &seen.fingerprint) {
            (seen.history, seen.stored) = (false, None);
        }
        let before = known.remove(&seen.owner).unwrap_or_default();
        let after = advance(before.clone(), &seen);
        let written = if is_known { &before[..] } else { &[] };
        replace(connection, &seen.owner, written, &after).await?;
        known.insert(seen.owner, after);
    }
    announced::record(connection, audit).await?;
    record_earlier(connection, audit, &known).await
}

/// Writes the reigns of an owner down, and what went from them before it was settled.
async fn replace(
    connection: &mut Connection,
    owner: &Owner,
    before: &[Reign],
    after: &[Reign],
) -> Result<(), Failure> {
    store(connection, owner, before, after).await?;
    if let Some(gone) = unsettled(before, after) {
        let mut row = own(owner);
        row.push(gone.fingerprint.to_string().into());
        let into = "unsettled (project, environment, fingerprint)";
        let nothing = " ON CONFLICT DO NOTHING";
        connection.insert(into, vec![row], nothing).await?;
    }
    Ok(())
}

/// The first columns of whatever belongs to an owner.
pub(super) fn own(owner: &Owner) -> Vec<Value> {
    vec![Value::from(&*owner.project), environment(owner).into()]
}

/// As it will be compared with what was written down before.
fn as_kept(seen: Sighting, audit: &Audit) -> Sighting {
    let digits = audit.inventory.digits;
    let mut previous = seen.previous;
    for dated in &mut previous {
        dated.fingerprint = kept(&dated.fingerprint, digits);
        dated.rotated_at = dated.rotated_at.map(rounded);
        dated.revoked_at = dated.revoked_at.map(rounded);
    }
    Sighting {
        fingerprint: kept(&seen.fingerprint, digits),
        at: rounded(seen.at),
        declared: seen.declared.map(rounded),
        stored: seen.stored.map(rounded),
        previous,
        ..seen
    }
}

pub(super) async fn store(
    connection: &mut Connection,
    owner: &Owner,
    before: &[Reign],
    after: &[Reign],
) -> Result<(), Failure> {
    let key = || own(owner);
    let changed = |(place, reign): &(i64, &Reign)| {
        let place = usize::try_from(*place).ok();
        place.and_then(|place| before.get(place)) != Some(reign)
    };
    let row = |(place, reign): (i64, &Reign)| {
        let mut row = key();
        row.extend([
            place.into(),
            reign.fingerprint.to_string().into(),
            micros(reign.first_seen),
            micros(reign.last_seen),
            Value::Text(reign.confirmed.map(|how| how.name().to_owned())),
            micros_of(reign.rotated_at),
            micros_of(reign.revoked_at),
            micros_of(reign.said_seen),
        ]);
        row
    };
    let rows = (0..).zip(after).filter(changed).map(row).collect();
    connection
        .insert(
            "reign (project, environment, place, fingerprint, first_seen, last_seen, confirmed, \
             rotated_at, revoked_at, said_seen)",
            rows,
            " ON CONFLICT (project, environment, place) DO UPDATE SET \
             fingerprint = excluded.fingerprint, first_seen = excluded.first_seen, \
             last_seen = excluded.last_seen, confirmed = excluded.confirmed, \
             rotated_at = excluded.rotated_at, revoked_at = excluded.revoked_at, \
             said_seen = excluded.said_seen",
        )
        .await?;
    if after.len() < before.len() {
        let mut values = key();
        values.push(i64::try_from(after.len()).unwrap_or(i64::MAX).into());
        let sql = "DELETE FROM reign WHERE project = $1 AND environment = $2 AND place >= $3";
        connection.run(sql, &values).await?;
    }
    Ok(())
}

/// Keeps the previous keys that somebody else knew, for the day on which nobody does anymore.
async fn record_earlier(
    connection: &mut Connection,
    audit: &Audit,
    known: &Reigns,
) -> Result<(), Failure> {
    let kept_before = owned(connection, "earlier").await?;
    let mut rows = Vec::new();
    for outcome in &audit.projects {
        // What is called previous while the reference is in doubt may be the live key.
        if !outcome.reference.is_sound() || outcome.rotation == RotationBasis::Suspected {
            continue;
        }
        let owner = Owner::of(audit.inventory.project(outcome.project));
        let reigns = known.get(&owner).map_or(&[][..], Vec::as_slice);
        for previous in outcome.previous.iter().filter(|known| !known.unsettled) {
            let fingerprint = kept(&previous.fingerprint, audit.inventory.digits);
            let same = |other: &Fingerprint| other.agrees(&fingerprint);
            let mut had = kept_before.iter();
            let had = had.find(|(of, other)| *of == owner && same(other));
            let row = |fingerprint: &Fingerprint| {
                let mut row = own(&owner);
                row.push(fingerprint.to_string().into());
                row
            };
            match (had, previous.revoked_at) {
                // That it is dead is nothing this table could tell.
                (Some((_, had)), Some(_)) => {
                    let sql = "DELETE FROM earlier \
                               WHERE project = $1 AND environment = $2 AND fingerprint = $3";
                    connection.run(sql, &row(had)).await?;
                }
                (None, None) if !reigns.iter().any(|reign| same(&reign.fingerprint)) => {
                    rows.push(row(&fingerprint));
                }
                _ => {}
            }
        }
    }
    let nothing = " ON CONFLICT DO NOTHING";
    connection
        .insert("earlier (project, environment, fingerprint)", rows, nothing)
        .await
}

async fn confirm(
    connection: &mut Connection,
    owner: &Owner,
    key: Option<Fingerprint>,
    at: Timestamp,
) -> Result<Confirmed, Failure> {
    let all = reigns(connection).await?;
    let before = all.get(owner).map_or(&[][..], Vec::as_slice);
    let mut after = before.to_vec();
    let Some(mut last) = after.pop() else {
        return Ok(Confirmed::NothingKnown);
    };
    match key.filter(|key| !last.is_of(key)) {
        Some(key) => {
            let earlier = owned(connection, "earlier").await?;
            let earlier = earlier.into_iter().map(|(_, earlier)| earlier);
            let reigned = all.values().flatten().map(|reign| reign.fingerprint);
            let Some(fingerprint) = reigned.chain(earlier).find(|known| known.agrees(&key)) else {
                return Ok(Confirmed::KeyUnknown);
            };
            let seen = rounded(at).max(last.last_seen);
            // What was suspected until now was none.
            after.extend(Some(last).filter(Reign::is_sure));
            last = Reign {
                fingerprint,
                first_seen: seen,
                last_seen: seen,
                said_seen: None,
                confirmed: None,
                rotated_at: None,
                revoked_at: None,
            };
        }
        // Somebody says so of this very key, against what else is known of it.
        None if last.is_sure() && key.is_none() => {
            return Ok(Confirmed::AlreadyKnown(last.fingerprint));
        }
        None => {}
    }
    let was_sure = last.is_sure();
    last.confirmed = Some(Confirmation::Person);
    let fingerprint = last.fingerprint;
    after.push(last);
    replace(connection, owner, before, &after).await?;
    let place = i64::try_from(after.len() - 1).unwrap_or(i64::MAX);
    let sql = "UPDATE reign SET confirmed_at = $1 \
               WHERE project = $2 AND environment = $3 AND place = $4";
    let project = Value::from(&*owner.project);
    let values = [micros(at), project, environment(owner).into(), place.into()];
    connection.run(sql, &values).await?;
    Ok(match was_sure {
        true => Confirmed::Right(fingerprint),
        false => Confirmed::Confirmed(fingerprint),
    })
}
