use std::collections::BTreeSet;

use jiff::Timestamp;

use super::learn::Learned;
use super::references::References;
use super::reigns::is_foreign;
use super::remembered::{Owner, Reign, Remembered};
use crate::inventory::Inventory;
use crate::judge::history::History;
use crate::judge::reference::Material;
use crate::judge::{RotationBasis, Warning};
use crate::key::Fingerprint;
use crate::keyring::ProjectId;

/// What a reference was before it changed.
#[derive(Clone, Copy)]
pub struct Suspect {
    /// The key that past audits knew as the current one.
    pub former: Fingerprint,
    /// When an audit last saw it as the reference.
    pub last_seen: Timestamp,
    /// Whether the current one was somebody else's before.
    pub foreign: bool,
}

impl References {
    /// Takes in what past audits saw: earlier keys, and since when the current one may be there.
    pub fn remember(&mut self, inventory: &Inventory, remembered: &Remembered) {
        let projects = inventory.projects.iter().zip(0..);
        for (project, id) in projects.map(|(project, id)| (project, ProjectId(id))) {
            let owner = Owner::of(project);
            let reigns = remembered.reigns.get(&owner).map_or(&[][..], Vec::as_slice);
            let current = self.current(id);
            if let Some(current) = current {
                let foreign = is_foreign(&remembered.reigns, &owner, &current);
                self.date(id, reigns, &current, foreign);
            }
            let is_known = |fingerprint: &Fingerprint| self.is_known_otherwise(id, fingerprint);
            let mut previous = earlier(reigns, current.as_ref(), is_known);
            let others = remembered.others.iter().filter(|(of, _)| *of == owner);
            for &(_, fingerprint) in others {
                let same = |learned: &Learned| learned.material.fingerprint().agrees(&fingerprint);
                if !is_known(&fingerprint) && !previous.iter().any(same) {
                    previous.push(Learned {
                        material: Material::Fingerprint(fingerprint),
                        rotated_at: None,
                        revoked_at: None,
                    });
                }
            }
            if !previous.is_empty() {
                self.learn(inventory, id, previous);
            }
        }
    }

    /// Says since when the current key may be there, and whether that is sure.
    fn date(&mut self, id: ProjectId, reigns: &[Reign], current: &Fingerprint, foreign: bool) {
        let index = id.0 as usize;
        let same = |reign: &Reign| reign.fingerprint.agrees(current);
        let sure = |reign: &&Reign| reign.confirmed.is_some();
        // After a rollback the first appearance counts.
        let first = reigns.iter().position(same);
        let since = first.map_or(reigns.len(), |first| first);
        let Some(former) = reigns[..since].iter().rfind(sure) else {
            return;
        };
        self.bound(id, Some(former.last_seen));
        let confirmed = reigns
            .iter()
            .filter(|reign| same(reign))
            .any(|reign| sure(&reign));
        let outcome = &mut self.outcomes[index];
        if outcome.rotation == RotationBasis::Declared {
            // A time that was declared before the former key came is about another rotation.
            let newer = outcome.rotated_at.is_some_and(|at| at > former.first_seen);
            if newer || confirmed {
                return;
            }
        } else {
            outcome.rotated_at = first.map(|first| {
                let reign = &reigns[first];
                reign.rotated_at.unwrap_or(reign.first_seen)
            });
        }
        if confirmed {
            outcome.rotation = RotationBasis::Ledger;
            return;
        }
        outcome.rotation = RotationBasis::Suspected;
        self.suspects[index] = Some(Suspect {
            former: former.fingerprint,
            last_seen: former.last_seen,
            foreign,
        });
    }

    /// Notes a moment at which the reference surely was another key.
    pub fn bound(&mut self, id: ProjectId, at: Option<Timestamp>) {
        let bound = &mut self.bounds[id.0 as usize];
        *bound = (*bound).max(at);
    }

    /// Takes from the versions of a reference's store when the key was rotated, and whether it was.
    pub fn settle(&mut self, id: ProjectId, history: &History) {
        let index = id.0 as usize;
        let outcome = &mut self.outcomes[index];
        let declared = outcome.rotation == RotationBasis::Declared;
        if let (false, Some(stored)) = (declared, history.stored_at) {
            outcome.rotated_at = Some(stored);
        }
        let known = |former: &Fingerprint| {
            let mut keys = history.previous.iter();
            keys.any(|(key, _)| key.fingerprint().agrees(former))
        };
        let settled = match &self.suspects[index] {
            Some(suspect) => !suspect.foreign && known(&suspect.former),
            None => !declared && history.stored_at.is_some(),
        };
        if settled {
            self.suspects[index] = None;
            outcome.rotation = match (history.stored_at, outcome.rotation) {
                (Some(_), _) => RotationBasis::History,
                (None, _) => RotationBasis::Ledger,
            };
        }
    }

    /// The projects whose reference changed, and nobody knows why.
    pub fn suspected(&self) -> BTreeSet<ProjectId> {
        let suspects = self.suspects.iter().zip(0..);
        let suspects = suspects.filter(|(suspect, _)| suspect.is_some());
        suspects.map(|(_, index)| ProjectId(index)).collect()
    }

    /// What is to be told of them.
    pub fn changed(&self) -> impl Iterator<Item = Warning> {
        let suspects = self.suspects.iter().zip(0..);
        suspects.filter_map(|(suspect, index)| {
            let suspect = suspect.as_ref()?;
            Some(Warning::ReferenceChanged {
                project: ProjectId(index),
                former: suspect.former,
                last_seen: suspect.last_seen,
            })
        })
    }

    /// Whether this is another project's key, or the project's own next one.
    fn is_known_otherwise(&self, id: ProjectId, fingerprint: &Fingerprint) -> bool {
        crate::judge::history::belongs_elsewhere(fingerprint, id, &self.keyring)
    }
}

/// The keys that surely were current before, the latest first, each once with its first appearance.
fn earlier(
    reigns: &[Reign],
    current: Option<&Fingerprint>,
    is_known_otherwise: impl Fn(&Fingerprint) -> bool,
) -> Vec<Learned> {
    let mut latest = reigns;
    if current.is_none() {
        // Without a reference to compare with, the last key that is sure may well be current still.
        let last = reigns.iter().rposition(|reign| reign.confirmed.is_some());
        latest = &reigns[..last.unwrap_or(0)];
    }
    let live = &reigns[latest.len()..];
    let mut keys: Vec<(Fingerprint, Learned)> = Vec::new();
    let sure = latest.iter().filter(|reign| reign.confirmed.is_some());
    for reign in sure.rev() {
        let same = |fingerprint: &Fingerprint| reign.fingerprint.agrees(fingerprint);
        let is_live = match current {
            Some(current) => same(current),
            None => live.iter().any(|live| same(&live.fingerprint)),
        };
        if is_live || is_known_otherwise(&reign.fingerprint) {
            continue;
        }
        let rotated_at = Some(reign.rotated_at.unwrap_or(reign.first_seen));
        match keys.iter_mut().find(|(known, _)| same(known)) {
            Some((_, known)) => {
                known.rotated_at = rotated_at;
                known.revoked_at = known.revoked_at.or(reign.revoked_at);
            }
            None => keys.push((
                reign.fingerprint,
                Learned {
                    material: Material::Fingerprint(reign.fingerprint),
                    rotated_at,
                    revoked_at: reign.revoked_at,
                },
            )),
        }
    }
    keys.into_iter().map(|(_, learned)| learned).collect()
}

#[cfg(test)]
mod tests;
