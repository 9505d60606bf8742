//! How what an audit saw of a reference changes what is remembered of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::Audit;
use super::remembered::{Confirmation, Owner, Reign};
use crate::judge::{ProjectOutcome, RotationBasis, SKEW, Soundness};
use crate::key::Fingerprint;

/// What one audit saw of one sound reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Whose reference.
    pub owner: Owner,
    /// The key that it was.
    pub fingerprint: Fingerprint,
    /// When the audit began.
    pub at: Timestamp,
    /// `rotated_at` in targets.yaml.
    pub declared: Option<Timestamp>,
    /// T₀ as the reference's store tells it.
    pub stored: Option<Timestamp>,
    /// Whether the reference's store confirmed the rotation.
    pub history: bool,
    /// Previous keys, as far as their times are declared.
    pub previous: Vec<Dated>,
}

/// A previous key with what is declared of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated {
    /// The key.
    pub fingerprint: Fingerprint,
    /// When it came to be.
    pub rotated_at: Option<Timestamp>,
    /// When it died.
    pub revoked_at: Option<Timestamp>,
}

/// What an audit saw of every sound reference, whether its project was selected or not. One that went
/// back to a dead key is among them, for a person may say that this is right.
#[must_use]
pub fn sightings(audit: &Audit) -> Vec<Sighting> {
    let is_seen = |outcome: &&ProjectOutcome| {
        outcome.reference.is_sound() || matches!(outcome.reference, Soundness::Returned { .. })
    };
    let outcomes = audit.projects.iter().filter(is_seen);
    outcomes
        .filter_map(|outcome| sighting(audit, outcome))
        .collect()
}

fn sighting(audit: &Audit, outcome: &ProjectOutcome) -> Option<Sighting> {
    let project = audit.inventory.project(outcome.project);
    let fingerprint = outcome.held?;
    // While a reference is suspected, `rotated_at` is the ledger's own guess.
    let told = outcome.rotation == RotationBasis::History;
    let dated = outcome.previous.iter().map(|known| Dated {
        fingerprint: known.fingerprint,
        rotated_at: known.rotated_at,
        revoked_at: known.revoked_at,
    });
    Some(Sighting {
        owner: Owner::of(project),
        fingerprint,
        at: audit.started_at,
        declared: project.rotated_at,
        stored: outcome
            .rotated_at
            .filter(|_| told && project.rotated_at.is_none()),
        // Where no time came with it, what the store confirmed is told as the ledger's.
        history: told || outcome.rotation == RotationBasis::Ledger,
        previous: dated
            .filter(|dated| dated.rotated_at.is_some() || dated.revoked_at.is_some())
            .collect(),
    })
}

/// The reigns of an owner's keys after one more sighting of its reference.
///
/// Only the last reign can be unconfirmed, and it goes when the reference becomes another key before
/// anything confirmed it: a misread makes no key previous. Neither time nor deployments confirm a reign,
/// for a wrong key is synced in minutes; and the versions of a store do not confirm a return to an
/// earlier key, which looks the same whether it is a rollback or a mistake.
#[must_use]
pub fn advance(mut reigns: Vec<Reign>, seen: &Sighting) -> Vec<Reign> {
    date(&mut reigns, seen);
    let Some(last) = reigns.last() else {
        return vec![seen.first_reign()];
    };
    let same = last.fingerprint.agrees(&seen.fingerprint);
    if seen.at < last.first_seen || (seen.at < last.last_seen && !same) {
        widen(&mut reigns, seen);
        // What its store told then of the key that is there still is as good as told now.
        if !same || reigns.last().is_some_and(|last| seen.at != last.first_seen) {
            return reigns;
        }
    }
    let Some(last) = reigns.last() else {
        return vec![seen.first_reign()];
    };
    if last.confirmed.is_none() && !same {
        reigns.pop();
    }
    let Some((last, former)) = reigns.split_last_mut() else {
        return vec![seen.first_reign()];
    };
    if !last.fingerprint.agrees(&seen.fingerprint) {
        let confirmed = seen.confirmation(&reigns);
        let rotated_at = seen.rotated_at(&reigns).filter(|_| confirmed.is_some());
        let is_return = reigns.iter().any(|reign| reign.is_of(&seen.fingerprint));
        reigns.push(seen.reign(confirmed, rotated_at.filter(|_| !is_return)));
        return reigns;
    }
    seen.extend(last);
    let was_sure = last.is_sure();
    if !was_sure {
        last.confirmed = seen.confirmation(former);
    }
    // After a return the first appearance counts, which is another reign's.
    if last.is_sure() && !former.iter().any(|reign| reign.is_of(&seen.fingerprint)) {
        // A key that was there before the declared time is not the one that it tells of.
        let first_seen = last.first_seen;
        let fits = |declared: &Timestamp| declared.duration_since(first_seen) <= SKEW;
        let declared = seen.declared_after(former);
        let declared = declared.filter(|declared| !was_sure || fits(declared));
        last.rotated_at = declared.or(seen.stored).or(last.rotated_at);
    }
    reigns
}

/// The key that went from the last reign before anything confirmed it, unless it has a sure reign.
#[must_use]
pub fn unsettled<'r>(before: &'r [Reign], after: &[Reign]) -> Option<&'r Reign> {
    let last = before.last().filter(|last| last.confirmed.is_none())?;
    let is_there = |reign: &Reign| reign.is_of(&last.fingerprint);
    (!after.iter().any(is_there)).then_some(last)
}

/// Whether `rotated_at` in targets.yaml says when the key came that followed these reigns.
///
/// It is somebody's word, and taken even where an audit saw the former key a little later: clocks differ,
/// and people round down. It is not taken where that was well after, where it told of an earlier key
/// already, or where it is still to come.
pub fn declares(declared: Timestamp, former: &[Reign], at: Timestamp) -> bool {
    let is_told = |reign: &Reign| {
        let known = reign.rotated_at.map(Timestamp::as_microsecond);
        known == Some(declared.as_microsecond())
    };
    let until = declared
        .saturating_add(precision(declared))
        .and_then(|end| end.saturating_add(SKEW))
        .unwrap_or(Timestamp::MAX);
    let is_over = former.last().is_none_or(|last| last.seen_until() <= until);
    let is_past = declared.duration_since(at) <= SKEW;
    is_over && is_past && !former.iter().any(is_told)
}

/// How exactly a time was written: to the minute, where it names no second.
fn precision(time: Timestamp) -> SignedDuration {
    if time.as_second().rem_euclid(60) == 0 && time.subsec_nanosecond() == 0 {
        SignedDuration::from_mins(1)
    } else {
        SignedDuration::from_secs(1)
    }
}

/// Whether this key, new to its owner, was another one's before: then it got there by mistake, whatever
/// a store's versions and deployments say, unless these two had a key together before.
#[must_use]
pub fn is_foreign(
    reigns: &BTreeMap<Owner, Vec<Reign>>,
    owner: &Owner,
    current: &Fingerprint,
) -> bool {
    let same = |reign: &&Reign| reign.fingerprint.agrees(current);
    let sure = |reign: &&Reign| reign.confirmed.is_some();
    let mine = reigns.get(owner).map_or(&[][..], Vec::as_slice);
    let Some(former) = mine.iter().rfind(sure) else {
        return false;
    };
    if mine.iter().filter(sure).any(|reign| same(&reign)) {
        return false;
    }
    let since = mine.last().filter(same).map(|reign| reign.first_seen);
    let others = reigns.iter().filter(|(other, _)| *other != owner);
    others.into_iter().any(|(_, others)| {
        let earlier = |reign: &&Reign| since.is_none_or(|since| reign.first_seen < since);
        let theirs = others
            .iter()
            .filter(sure)
            .filter(same)
            .any(|reign| earlier(&reign));
        let together = others
            .iter()
            .any(|reign| reign.fingerprint.agrees(&former.fingerprint));
        theirs && !together
    })
}

/// What is known of a project that `named` does not name anymore, where `owner`, of whom nothing is known, has its
/// key now: it was given another name. Its earlier keys are the same, and what nothing has settled yet stays so.
#[must_use]
pub fn taken_over<'r>(
    reigns: &'r BTreeMap<Owner, Vec<Reign>>,
    named: &BTreeSet<Owner>,
    owner: &Owner,
    current: &Fingerprint,
) -> Option<&'r [Reign]> {
    if reigns.contains_key(owner) {
        return None;
    }
    let unnamed = reigns.iter().filter(|(other, _)| !named.contains(*other));
    let former = unnamed.filter_map(|(_, reigns)| {
        let last = reigns.last()?;
        last.is_of(current).then_some((last.last_seen, &reigns[..]))
    });
    let (_, latest) = former.max_by_key(|(seen, _)| *seen)?;
    Some(latest)
}

/// Takes over what is declared of previous keys.
fn date(reigns: &mut [Reign], seen: &Sighting) {
    for known in &seen.previous {
        let mut same = reigns
            .iter_mut()
            .filter(|reign| reign.fingerprint.agrees(&known.fingerprint))
            .peekable();
        if let Some(first) = same.peek_mut()
            && first.rotated_at.is_none()
            && known.rotated_at != Some(first.first_seen)
        {
            first.rotated_at = known.rotated_at;
        }
        for reign in same {
            reign.revoked_at = known.revoked_at.or(reign.revoked_at);
        }
    }
}

/// Takes in an audit that was finished after a later one: it decides nothing anymore, but may have seen
/// a known reign sooner or longer.
fn widen(reigns: &mut [Reign], seen: &Sighting) {
    for index in 0..reigns.len() {
        let after = index.checked_sub(1).map(|before| reigns[before].last_seen);
        let before = reigns.get(index + 1).map(|next| next.first_seen);
        let fits = after.is_none_or(|after| after <= seen.at)
            && before.is_none_or(|before| seen.at <= before);
        let reign = &mut reigns[index];
        if fits && reign.fingerprint.agrees(&seen.fingerprint) {
            reign.first_seen = reign.first_seen.min(seen.at);
            seen.extend(reign);
            return;
        }
    }
}

impl Sighting {
    fn reign(&self, confirmed: Option<Confirmation>, rotated_at: Option<Timestamp>) -> Reign {
        Reign {
            fingerprint: self.fingerprint,
            first_seen: self.at,
            last_seen: self.at,
            said_seen: None,
            confirmed,
            rotated_at,
            revoked_at: None,
        }
    }

    fn extend(&self, reign: &mut Reign) {
        reign.last_seen = reign.last_seen.max(self.at);
        reign.said_seen = reign.said_seen.filter(|said| *said > reign.last_seen);
        if self.fingerprint.digits() > reign.fingerprint.digits() {
            reign.fingerprint = self.fingerprint;
        }
    }

    fn first_reign(&self) -> Reign {
        self.reign(Some(Confirmation::First), self.rotated_at(&[]))
    }

    /// What tells by itself that the key came after these by a rotation.
    fn confirmation(&self, former: &[Reign]) -> Option<Confirmation> {
        if self.declared_after(former).is_some() {
            return Some(Confirmation::Declared);
        }
        let is_return = former.iter().any(|reign| reign.is_of(&self.fingerprint));
        (self.history && !is_return).then_some(Confirmation::History)
    }

    fn rotated_at(&self, former: &[Reign]) -> Option<Timestamp> {
        self.declared_after(former).or(self.stored)
    }

    /// The declared time, unless it is about another rotation.
    fn declared_after(&self, former: &[Reign]) -> Option<Timestamp> {
        let declared = self.declared?;
        declares(declared, former, self.at).then_some(declared)
    }
}

#[cfg(test)]
mod tests;
