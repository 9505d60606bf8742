//! How what an audit saw of a reference changes what is remembered of it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::Audit;
use super::remembered::{Confirmation, Owner, Reign};
use crate::judge::{Outcome, ProjectOutcome, RotationBasis, Why};
use crate::key::Fingerprint;
use crate::keyring::{KeyId, ProjectId, Role};
use crate::verdict::Verdict;

/// How long a changed reference has to stand before its key, proven somewhere, counts as rotated in.
pub const SETTLED: SignedDuration = SignedDuration::from_mins(10);

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
    /// Whether a selected hop other than the reference's own place was proven to hold the key, and no
    /// other project has the same one.
    pub proven: bool,
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

/// What an audit saw of every sound reference, whether its project was selected or not.
#[must_use]
pub fn sightings(audit: &Audit) -> Vec<Sighting> {
    audit
        .projects
        .iter()
        .filter(|outcome| outcome.reference.is_sound())
        .filter_map(|outcome| sighting(audit, outcome))
        .collect()
}

fn sighting(audit: &Audit, outcome: &ProjectOutcome) -> Option<Sighting> {
    let project = audit.inventory.project(outcome.project);
    let fingerprint = outcome.current?;
    // While a reference is suspected, `rotated_at` is the ledger's own guess.
    let told = outcome.rotation == RotationBasis::History;
    // A sibling's key, read by mistake, may well be deployed by the same mistake.
    let shared = audit.projects.iter().any(|other| {
        let current = other.current.filter(|_| other.project != outcome.project);
        current.is_some_and(|current| current.agrees(&fingerprint))
    });
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
        proven: !shared && is_proven(audit, outcome.project),
        previous: dated
            .filter(|dated| dated.rotated_at.is_some() || dated.revoked_at.is_some())
            .collect(),
    })
}

/// Whether a hop of the project shows its current key, other than the place it was read from.
fn is_proven(audit: &Audit, project: ProjectId) -> bool {
    let current = KeyId {
        project,
        role: Role::Current,
    };
    let holds = |reading: &Outcome| {
        let is_current = matches!(&reading.why, Why::Holds { key, damage, .. } if *key == current && damage.is_empty());
        is_current && reading.verdict == Verdict::Current && reading.evidence.proves()
    };
    audit
        .deployments
        .iter()
        .filter(|outcome| {
            let declared = &audit.inventory.deployments[outcome.deployment as usize];
            declared.project == project
        })
        .flat_map(|outcome| &outcome.hops)
        .any(|hop| hop.readings.iter().any(holds))
}

/// The reigns of an owner's keys after one more sighting of its reference.
///
/// Only the last reign can be unconfirmed, and it goes without a trace when the reference becomes yet
/// another key: then it was a misread, and a misread makes no key previous.
#[must_use]
pub fn advance(mut reigns: Vec<Reign>, seen: &Sighting) -> Vec<Reign> {
    date(&mut reigns, seen);
    let Some(last) = reigns.last() else {
        let rotated_at = seen.rotated_at(None);
        return vec![seen.reign(Some(Confirmation::First), rotated_at)];
    };
    let same = last.fingerprint.agrees(&seen.fingerprint);
    if seen.at < last.first_seen || (seen.at < last.last_seen && !same) {
        widen(&mut reigns, seen);
        return reigns;
    }
    if last.confirmed.is_none() && !same {
        reigns.pop();
    }
    let (former, last) = match reigns.as_mut_slice() {
        [.., former, last] => (Some(&*former), last),
        [last] => (None, last),
        [] => return vec![seen.reign(Some(Confirmation::First), seen.rotated_at(None))],
    };
    if last.fingerprint.agrees(&seen.fingerprint) {
        seen.extend(last);
        if last.confirmed.is_none() {
            let settled = seen.at.duration_since(last.first_seen) >= SETTLED;
            let proven = (seen.proven && settled).then_some(Confirmation::Proven);
            last.confirmed = former
                .and_then(|former| seen.confirmation(former))
                .or(proven);
        }
        // After a rollback the first appearance counts, which is another reign's.
        if last
            .confirmed
            .is_some_and(|how| how != Confirmation::Rollback)
        {
            last.rotated_at = seen.rotated_at(former).or(last.rotated_at);
        }
        return reigns;
    }
    let known = reigns
        .iter()
        .any(|reign| reign.confirmed.is_some() && reign.fingerprint.agrees(&seen.fingerprint));
    let former = reigns.last();
    let (confirmed, rotated_at) = if known {
        (Some(Confirmation::Rollback), None)
    } else {
        let confirmed = former.and_then(|former| seen.confirmation(former));
        (
            confirmed,
            seen.rotated_at(former).filter(|_| confirmed.is_some()),
        )
    };
    reigns.push(seen.reign(confirmed, rotated_at));
    reigns
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
            confirmed,
            rotated_at,
            revoked_at: None,
        }
    }

    fn extend(&self, reign: &mut Reign) {
        reign.last_seen = reign.last_seen.max(self.at);
        if self.fingerprint.digits() > reign.fingerprint.digits() {
            reign.fingerprint = self.fingerprint;
        }
    }

    /// What tells by itself that the key came after this one by a rotation.
    fn confirmation(&self, former: &Reign) -> Option<Confirmation> {
        if self.declared_after(Some(former)).is_some() {
            Some(Confirmation::Declared)
        } else {
            self.history.then_some(Confirmation::History)
        }
    }

    fn rotated_at(&self, former: Option<&Reign>) -> Option<Timestamp> {
        self.declared_after(former).or(self.stored)
    }

    /// The declared time, unless it is about an earlier rotation, or one that is still to come.
    fn declared_after(&self, former: Option<&Reign>) -> Option<Timestamp> {
        self.declared.filter(|&declared| {
            let newer = former.is_none_or(|former| {
                declared > former.first_seen && former.rotated_at != Some(declared)
            });
            newer && declared <= self.at
        })
    }
}

#[cfg(test)]
mod tests;
