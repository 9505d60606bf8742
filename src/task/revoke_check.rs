//! May the old key be revoked? Who still holds it, and where nobody could look.

mod document;

use std::sync::Arc;

pub use document::Document;
use jiff::Timestamp;

use crate::audit::{Audit, Confirmation, Owner, Reign, Remembered, SETTLED};
use crate::explain::{Reference, Spot, name_of, spots, when};
use crate::gate::ExitCode;
use crate::inventory::Retirement;
use crate::judge::{HopOutcome, Outcome, RotationBasis, TimeProof, Warning, Why};
use crate::key::Fingerprint;
use crate::keyring::{KeyId, ProjectId, Role};
use crate::text::escape;
use crate::verdict::{Evidence, Verdict};

/// What is asked of an audit in which every hop of every project was read.
pub struct Question<'q> {
    /// The project, with those of its environments that are meant.
    pub owners: &'q [ProjectId],
    /// The one key that is meant; unless said, every previous one that may still live.
    pub key: Option<Fingerprint>,
    /// Whether a claim is enough.
    pub accept_attested: bool,
    /// The blind spots that somebody answers for.
    pub accepted: &'q [Accepted],
    /// The titles of deployments that past audits knew and nothing names anymore.
    pub forgotten: Vec<Arc<str>>,
    /// What past audits saw of the references.
    pub remembered: &'q Remembered,
}

/// A blind spot that somebody answers for, as far as one key goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The key that is said not to be there.
    pub key: Fingerprint,
    /// The deployment, by its name alone or with environment and axes.
    pub deployment: String,
    /// Why.
    pub reason: String,
}

/// What is known of the keys in question.
pub struct Answer<'a> {
    /// The keys that were looked for.
    pub keys: Vec<KeyId>,
    /// Whether all of them are dead already.
    pub dead: bool,
    /// The current and next keys that are one of them: revoking it breaks what holds these.
    pub alive: Vec<KeyId>,
    /// The hops that hold one of them, the worst first.
    pub holders: Vec<Place<'a>>,
    /// The hops that may hold one of them, for all that is known.
    pub blind: Vec<Place<'a>>,
    /// Blind spots that somebody answers for, each with the reason.
    pub accepted: Vec<(Place<'a>, String)>,
    /// The titles of deployments that past audits knew and nothing names anymore.
    pub forgotten: Vec<Arc<str>>,
    /// Why the question itself cannot be answered, and what to do about it.
    pub doubts: Vec<[String; 2]>,
    interrupted: bool,
}

/// Some readings of one hop.
pub struct Place<'a> {
    /// Where it stands.
    pub spot: Spot<'a>,
    /// Which of its readings; never empty.
    pub readings: Vec<&'a Outcome>,
    /// How bad the worst of them is.
    pub verdict: Verdict,
}

/// What one reading means for the keys in question.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sight {
    Holds,
    Blind,
    Clear,
}

impl Question<'_> {
    /// Answers from an audit.
    #[must_use]
    pub fn ask<'a>(self, audit: &'a Audit) -> Answer<'a> {
        let keys = self.keys(audit);
        let mut answer = Answer {
            alive: alive(audit, &keys),
            doubts: self.doubts(audit, &keys),
            dead: !keys.is_empty() && keys.iter().all(|&key| is_dead(audit, key)),
            keys,
            holders: Vec::new(),
            blind: Vec::new(),
            accepted: Vec::new(),
            forgotten: Vec::new(),
            interrupted: audit.interrupted,
        };
        for title in &self.forgotten {
            // Its name alone is not known anymore where it had an environment.
            if self.reason(audit, &answer.keys, title, title).is_none() {
                answer.forgotten.push(Arc::clone(title));
            }
        }
        for outcome in &audit.deployments {
            for spot in spots(audit, outcome) {
                self.look(spot, &mut answer);
            }
        }
        // Stable, so that equally bad ones stay in the order of targets.yaml.
        answer.holders.sort_by_key(|place| place.verdict);
        answer.blind.sort_by_key(|place| place.verdict);
        answer
    }

    /// The keys in question, by what is known of them.
    #[must_use]
    pub fn fingerprints(&self, audit: &Audit) -> Vec<Fingerprint> {
        let keys = self.keys(audit).into_iter();
        keys.filter_map(|key| fingerprint(audit, key)).collect()
    }

    /// Those in question: the one that is named, whoever's it is, or the previous ones. Of dead keys
    /// there is nothing to revoke; but where all are dead, who holds one is told all the same.
    fn keys(&self, audit: &Audit) -> Vec<KeyId> {
        if let Some(wanted) = self.key {
            let all = audit.projects.iter().flat_map(|project| {
                let live = live(project.project);
                live.into_iter().chain(previous(audit, project.project))
            });
            return all.filter(|&key| is(audit, key, wanted)).collect();
        }
        let owners = self.owners.iter();
        let known: Vec<KeyId> = owners.flat_map(|&id| previous(audit, id)).collect();
        let living = known.iter().copied();
        let living: Vec<KeyId> = living.filter(|&key| !is_dead(audit, key)).collect();
        if living.is_empty() { known } else { living }
    }

    fn look<'a>(&self, spot: Spot<'a>, answer: &mut Answer<'a>) {
        let judged: &'a HopOutcome = spot.judged;
        let place = |wanted: Sight| {
            let readings: Vec<_> = judged
                .readings
                .iter()
                .filter(|reading| self.sight(&answer.keys, spot, reading) == wanted)
                .collect();
            let verdict = readings.iter().map(|reading| reading.verdict).min()?;
            Some(Place {
                spot,
                readings,
                verdict,
            })
        };
        let (holds, blind) = (place(Sight::Holds), place(Sight::Blind));
        answer.holders.extend(holds);
        let Some(blind) = blind else {
            return;
        };
        let (name, title) = (&spot.deployment.name, spot.deployment.title());
        match self.reason(spot.audit, &answer.keys, name, &title) {
            Some(reason) => answer.accepted.push((blind, reason)),
            None => answer.blind.push(blind),
        }
    }

    /// Why a deployment need not be seen: somebody answers for it, for each of the keys.
    fn reason(&self, audit: &Audit, keys: &[KeyId], name: &str, title: &str) -> Option<String> {
        let of_it =
            |accepted: &&Accepted| *accepted.deployment == *name || *accepted.deployment == *title;
        let mine: Vec<_> = self.accepted.iter().filter(of_it).collect();
        let is_covered = |&key: &KeyId| mine.iter().any(|accepted| is(audit, key, accepted.key));
        let reason = mine.last()?.reason.clone();
        (!keys.is_empty() && keys.iter().all(is_covered)).then_some(reason)
    }

    fn sight(&self, keys: &[KeyId], spot: Spot<'_>, reading: &Outcome) -> Sight {
        let seen = match reading.evidence {
            Evidence::Value | Evidence::Fingerprint | Evidence::Reference => Sight::Clear,
            Evidence::Attested if self.accept_attested => Sight::Clear,
            Evidence::Attested | Evidence::Timestamp | Evidence::None => Sight::Blind,
        };
        match &reading.why {
            Why::Holds {
                key, also, inside, ..
            } => {
                let mut held = std::iter::once(key).chain(also.iter());
                match (held.any(|key| keys.contains(key)), inside) {
                    (true, _) => Sight::Holds,
                    // Another key may stand beside it.
                    (false, Some(inside)) if inside.open => Sight::Blind,
                    (false, _) => seen,
                }
            }
            // It holds some earlier key of its project.
            Why::Timed {
                proof: TimeProof::BeforeRotation,
                ..
            } if keys
                .iter()
                .any(|key| key.project == spot.deployment.project) =>
            {
                Sight::Holds
            }
            Why::Timed { .. } | Why::Failed(_) | Why::NoReference => Sight::Blind,
            // Of a value every damaged form was looked at; a fingerprint does not tell what it is of.
            Why::Unexplained { length, .. } => match (reading.evidence, length) {
                (Evidence::Value, _) => Sight::Clear,
                (Evidence::None, Some(_)) if reading.verdict == Verdict::NotRequired => {
                    Sight::Clear
                }
                _ => Sight::Blind,
            },
            Why::NotThere | Why::Placeholder(_) => match (reading.evidence, reading.verdict) {
                (Evidence::Timestamp | Evidence::Attested, _) => seen,
                (_, Verdict::Unverified) => Sight::Blind,
                _ => Sight::Clear,
            },
            Why::NotSelected => Sight::Blind,
        }
    }

    /// When the reference came back to a key that was current before, where that is too short a time ago
    /// to be sure of it.
    fn returned(&self, audit: &Audit, id: ProjectId) -> Option<Timestamp> {
        let current = audit.projects[id.0 as usize].current?;
        let owner = Owner::of(audit.inventory.project(id));
        let reigns = self.remembered.reigns.get(&owner)?;
        let (last, earlier) = reigns.split_last()?;
        let same = |reign: &Reign| reign.fingerprint.agrees(&current);
        if same(last) {
            let young = audit.started_at.duration_since(last.first_seen) < SETTLED;
            let back = last.confirmed == Some(Confirmation::Rollback);
            return (young && back).then_some(last.first_seen);
        }
        earlier.iter().any(same).then_some(audit.started_at)
    }

    fn doubts(&self, audit: &Audit, keys: &[KeyId]) -> Vec<[String; 2]> {
        let mut doubts = Vec::new();
        for &id in self.owners {
            let name = name_of(audit, id);
            let project = &audit.projects[id.0 as usize];
            let reference = Reference::new(audit, id);
            if let (Some(message), Some(remedy)) = (reference.message(), reference.remedy()) {
                doubts.push([format!("the reference of {name} {message}"), remedy]);
            }
            if project.rotation == RotationBasis::Suspected {
                doubts.push([
                    format!("the reference of {name} changed, and nothing tells yet whether it was rotated"),
                    "compare it with the dashboard, and set rotated_at if it was".to_owned(),
                ]);
            }
        }
        for &id in self.owners {
            if let Some(at) = self.returned(audit, id) {
                doubts.push([
                    format!(
                        "the reference of {} is an earlier key again since {}, and a misread looks the same",
                        name_of(audit, id),
                        when(at, audit.generated_at)
                    ),
                    "ask again in ten minutes".to_owned(),
                ]);
            }
        }
        let mine = |id: ProjectId| self.key.is_none() && self.owners.contains(&id);
        for warning in &audit.warnings {
            let (id, what, error) = match warning {
                Warning::HistoryUnread { project, error } => {
                    (*project, "the versions of the reference", error)
                }
                Warning::KeyUnread { key, error } if matches!(key.role, Role::Previous(_)) => {
                    (key.project, "a previous key", error)
                }
                _ => continue,
            };
            if mine(id) {
                let name = name_of(audit, id);
                let told = format!(
                    "{what} of {name} could not be read, so not every earlier key is known: {error}"
                );
                doubts.push([escape(&told).into_owned(), escape(&error.next).into_owned()]);
            }
        }
        if keys.is_empty() {
            doubts.push([
                "no previous key is known, so there is none to look for".to_owned(),
                "name it with --key, or list it under `previous`".to_owned(),
            ]);
        }
        doubts
    }
}

impl Answer<'_> {
    /// What it ends with: 1 for holders, 3 where somebody could not look, else 0.
    #[must_use]
    pub fn code(&self) -> ExitCode {
        let held = !self.holders.is_empty() || !self.alive.is_empty();
        let unseen =
            !self.blind.is_empty() || !self.forgotten.is_empty() || !self.doubts.is_empty();
        let told = [
            (self.interrupted, ExitCode::Interrupted),
            (held, ExitCode::Drift),
            (unseen, ExitCode::Incomplete),
        ];
        told.into_iter()
            .filter_map(|(applies, code)| applies.then_some(code))
            .fold(ExitCode::Success, ExitCode::and)
    }
}

fn previous(audit: &Audit, id: ProjectId) -> impl Iterator<Item = KeyId> {
    let known = audit.projects[id.0 as usize].previous.len();
    (0..known).map(move |age| KeyId {
        project: id,
        role: Role::Previous(u16::try_from(age).unwrap_or(u16::MAX)),
    })
}

fn fingerprint(audit: &Audit, key: KeyId) -> Option<Fingerprint> {
    let project = &audit.projects[key.project.0 as usize];
    match key.role {
        Role::Current => project.current,
        Role::Next => project.next,
        Role::Previous(age) => Some(project.previous.get(usize::from(age))?.fingerprint),
    }
}

fn is(audit: &Audit, key: KeyId, wanted: Fingerprint) -> bool {
    fingerprint(audit, key).is_some_and(|fingerprint| fingerprint.agrees(&wanted))
}

fn is_dead(audit: &Audit, key: KeyId) -> bool {
    let Role::Previous(age) = key.role else {
        return false;
    };
    let project = &audit.projects[key.project.0 as usize];
    match project
        .previous
        .get(usize::from(age))
        .map(|known| known.revoked_at)
    {
        Some(Some(death)) => death <= audit.generated_at,
        _ => audit.inventory.project(key.project).retirement == Retirement::Immediate,
    }
}

/// The keys of a project that must live.
fn live(id: ProjectId) -> [KeyId; 2] {
    [Role::Current, Role::Next].map(|role| KeyId { project: id, role })
}

/// The live keys that are one of these.
fn alive(audit: &Audit, keys: &[KeyId]) -> Vec<KeyId> {
    let wanted: Vec<Fingerprint> = keys
        .iter()
        .filter_map(|&key| fingerprint(audit, key))
        .collect();
    let live = audit
        .projects
        .iter()
        .flat_map(|project| live(project.project));
    live.filter(|&key| wanted.iter().any(|&wanted| is(audit, key, wanted)))
        .collect()
}

#[cfg(test)]
mod tests;
