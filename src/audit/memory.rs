mod refuse;

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::learn::Learned;
use super::references::References;
use super::reigns::{declares, is_foreign};
use super::remembered::{Owner, Reign, Remembered};
use crate::inventory::Inventory;
use crate::judge::history::History;
use crate::judge::reference::Material;
use crate::judge::{RotationBasis, SKEW, Soundness, Warning};
use crate::key::Fingerprint;
use crate::keyring::{KeyId, ProjectId, Role};

/// What a reference was before it changed.
#[derive(Clone, Copy)]
pub struct Suspect {
    /// The key that past audits knew as the current one.
    pub former: Fingerprint,
    /// When an audit last saw it as the reference.
    pub last_seen: Timestamp,
    /// Whether the current one was somebody else's before.
    pub foreign: bool,
    /// Whether the current one was the project's before.
    pub returned: bool,
    /// `rotated_at`, where it cannot be about this change.
    pub declared: Option<Timestamp>,
}

/// What bounds the age of a current key.
#[derive(Clone, Copy, Default)]
pub struct Sight {
    /// When an audit first saw it, as the current or as the next key.
    pub since: Option<Timestamp>,
    /// Where it was announced as the next key: before when it cannot have been there. Whatever a store
    /// tells of the current key's place is about a later moment.
    pub announced: Option<Timestamp>,
}

impl References {
    /// Takes in what past audits saw: earlier keys, since when the current one may be there, and what
    /// makes a reference faulty that looks sound by itself.
    pub fn remember(&mut self, inventory: &Inventory, remembered: &Remembered, now: Timestamp) {
        let ids = || (0..).map(ProjectId).take(inventory.projects.len());
        for id in ids() {
            self.date(inventory, id, remembered, now);
        }
        for id in ids() {
            self.refuse_dead_return(inventory, id, remembered, now);
        }
        let earlier = |references: &Self, id| {
            references.earlier(inventory, id, remembered, references.current(id))
        };
        let learned: Vec<Vec<Learned>> = ids().map(|id| earlier(self, id)).collect();
        let refused = self.about_to_be_refused(inventory, remembered, &learned);
        for ((id, learned), refused) in ids().zip(learned).zip(refused) {
            let previous = match refused {
                true => self.earlier(inventory, id, remembered, None),
                false => learned,
            };
            if !previous.is_empty() {
                self.learn(inventory, id, previous);
            }
        }
        self.doubt_next();
        self.keep_last_sure(inventory, ids(), remembered);
        // One that is refused makes another key known, which may be somebody else's reference.
        while ids()
            .filter(|&id| self.refuse_foreign(inventory, id, remembered, now))
            .count()
            > 0
        {}
    }

    /// Tells of next keys that past audits knew as the current ones of their projects.
    fn doubt_next(&mut self) {
        for known in self.keyring.known() {
            let key = known.id();
            let is_told = |told: &Warning| matches!(told, Warning::NextIsKnown { key: next, .. } if *next == key);
            if key.role != Role::Next || self.warnings.iter().any(is_told) {
                continue;
            }
            let same = self.keyring.exact(key.project, &known.fingerprint());
            let mut same = same.into_iter().flat_map(|same| same.keys);
            let is_former = |key: &KeyId| {
                key.project == known.id().project && matches!(key.role, Role::Previous(_))
            };
            if let Some(also) = same.find(is_former) {
                self.warnings.push(Warning::NextIsKnown { key, also });
            }
        }
    }

    /// Says since when the current key may be there, and whether that is sure.
    fn date(
        &mut self,
        inventory: &Inventory,
        id: ProjectId,
        remembered: &Remembered,
        now: Timestamp,
    ) {
        let Some(current) = self.current(id) else {
            return;
        };
        let index = id.0 as usize;
        let owner = Owner::of(inventory.project(id));
        let reigns = remembered.reigns_of(&owner);
        let own = |reign: &&Reign| reign.is_of(&current);
        let announced = remembered.announced.get(&owner).into_iter().flatten();
        let announced = announced
            .filter(|known| known.fingerprint.agrees(&current))
            .min_by_key(|known| known.first_seen);
        // After a return the first appearance counts.
        let first = reigns.iter().find(own);
        let seen = [
            first.map(|reign| reign.first_seen),
            announced.map(|known| known.first_seen),
        ];
        self.sights[index] = Sight {
            since: seen.into_iter().flatten().min(),
            announced: announced.map(|known| known.absent_at.unwrap_or(Timestamp::MIN)),
        };
        let Some(at) = reigns.iter().rposition(Reign::is_sure) else {
            return;
        };
        let (known, last) = (&reigns[..=at], &reigns[at]);
        let declared = inventory.project(id).rotated_at;
        if last.is_of(&current) {
            let before = known.iter().position(|reign| reign.is_of(&current));
            let former = known[..before.unwrap_or(at)].last();
            let told = |declared: Timestamp| {
                former.is_some_and(|former| is_time_of(former, declared))
                    && !is_time_of(last, declared)
            };
            self.bound(id, former.map(|former| former.last_seen));
            match declared.filter(|declared| !told(*declared)) {
                Some(declared) => self.contradict(id, declared, former, first),
                None if former.is_some() => {
                    let outcome = &mut self.outcomes[index];
                    outcome.rotated_at = first.map(|reign| self.sights[index].dated(reign));
                    outcome.rotation = RotationBasis::Ledger;
                }
                None => {}
            }
            return;
        }
        let returned = known.iter().any(|reign| reign.is_of(&current));
        if !returned {
            self.bound(id, Some(last.last_seen));
        }
        if let Some(declared) = declared
            && declares(declared, known, now)
        {
            let first = first.filter(|_| !returned);
            self.contradict(id, declared, Some(last), first);
            return;
        }
        let outcome = &mut self.outcomes[index];
        outcome.rotation = RotationBasis::Suspected;
        // When the change was seen, not when the key before it came.
        let changed = reigns.get(at + 1).filter(own);
        outcome.rotated_at = changed.map(|reign| reign.first_seen);
        self.suspects[index] = Some(Suspect {
            former: last.fingerprint,
            last_seen: last.last_seen,
            foreign: is_foreign(&remembered.reigns, &owner, &current),
            returned,
            declared,
        });
    }

    /// Notes where what is declared is not what past audits saw, further than clocks are apart.
    fn contradict(
        &mut self,
        project: ProjectId,
        declared: Timestamp,
        former: Option<&Reign>,
        first: Option<&Reign>,
    ) {
        let former = former.map(|former| former.last_seen);
        let too_early = former.filter(|seen| seen.duration_since(declared) > SKEW);
        let first = first.map(|first| first.first_seen);
        let too_late = first.filter(|seen| declared.duration_since(*seen) > SKEW);
        if let Some(seen) = too_early.or(too_late) {
            self.warnings.push(Warning::RotationTimes {
                project,
                declared,
                seen,
                former: too_early.is_some(),
            });
        }
    }

    /// The project's earlier keys, as past audits know them; `current` is its reference where that is sound.
    fn earlier(
        &self,
        inventory: &Inventory,
        id: ProjectId,
        remembered: &Remembered,
        current: Option<Fingerprint>,
    ) -> Vec<Learned> {
        let owner = Owner::of(inventory.project(id));
        let reigns = remembered.reigns_of(&owner);
        let is_live = |fingerprint: &Fingerprint| {
            let known = self.keyring.exact(id, fingerprint);
            let mut known = known.into_iter().flat_map(|known| known.keys);
            known.any(|key| match key.role {
                Role::Current if key.project == id => true,
                // What was replaced is not right again because it is announced.
                Role::Next if key.project == id => since(reigns, fingerprint).is_none(),
                Role::Current => {
                    let other = Owner::of(inventory.project(key.project));
                    let theirs = since(remembered.reigns_of(&other), fingerprint);
                    let mine = since(reigns, fingerprint);
                    theirs.is_some_and(|theirs| mine.is_none_or(|mine| theirs < mine))
                }
                Role::Next | Role::Previous(_) => false,
            })
        };
        // One that died does not live on by being read again.
        let returned = matches!(
            self.outcomes[id.0 as usize].reference,
            Soundness::Returned { .. }
        );
        let settled = reigns.iter().rposition(Reign::is_sure);
        let told = match settled {
            Some(last) if returned => &reigns[..=last],
            _ => reigns,
        };
        let mut previous = earlier(told, current.as_ref(), is_live);
        let mine = |keys: &[(Owner, Fingerprint)]| -> Vec<Fingerprint> {
            let keys = keys.iter().filter(|(of, _)| *of == owner);
            keys.map(|(_, fingerprint)| *fingerprint).collect()
        };
        // What was suspected until now, and is not the reference anymore, is settled by nobody.
        let replaced = reigns
            .last()
            .filter(|last| !last.is_sure() && current.is_some_and(|current| !last.is_of(&current)));
        let replaced = replaced.map(|reign| reign.fingerprint);
        let others = mine(&remembered.others).into_iter().map(|key| (key, false));
        let unsettled = mine(&remembered.unsettled).into_iter().chain(replaced);
        for (fingerprint, unsettled) in others.chain(unsettled.map(|key| (key, true))) {
            let same = |learned: &Learned| learned.material.fingerprint().agrees(&fingerprint);
            if !is_live(&fingerprint) && !previous.iter().any(same) {
                previous.push(Learned {
                    material: Material::Fingerprint(fingerprint),
                    rotated_at: None,
                    revoked_at: None,
                    unsettled,
                });
            }
        }
        previous
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
        let unsettled = self.suspects[index].is_some_and(|suspect| suspect.returned);
        if let (false, Some(stored)) = (declared || unsettled, history.stored_at) {
            let seen = self.sights[index].announced.and(self.sights[index].since);
            outcome.rotated_at = Some(seen.map_or(stored, |seen| seen.min(stored)));
        }
        let known = |former: &Fingerprint| {
            let mut keys = history.previous.iter();
            keys.any(|(key, _)| key.fingerprint().agrees(former))
        };
        let settled = match &self.suspects[index] {
            Some(suspect) => !suspect.foreign && !suspect.returned && known(&suspect.former),
            None => !declared && history.stored_at.is_some(),
        };
        if settled {
            self.suspects[index] = None;
            outcome.last_sure = None;
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
                returned: suspect.returned,
                declared: suspect.declared,
            })
        })
    }
}

impl Sight {
    /// T₀ as far as past audits know it.
    fn dated(&self, first: &Reign) -> Timestamp {
        let told = first.rotated_at.unwrap_or(first.first_seen);
        self.since.map_or(told, |since| told.min(since))
    }

    /// What a bound is worth, a moment at which the reference surely was another key.
    pub fn bounded(&self, bound: Option<Timestamp>) -> Option<Timestamp> {
        let bound = match self.announced {
            Some(announced) => bound?.min(announced),
            None => bound?,
        };
        (bound != Timestamp::MIN).then_some(bound)
    }
}

/// Whether this is the time that was declared of this reign.
fn is_time_of(reign: &Reign, declared: Timestamp) -> bool {
    let known = reign.rotated_at.map(Timestamp::as_microsecond);
    known == Some(declared.as_microsecond())
}

/// Since when it is sure that a key was somebody's.
fn since(reigns: &[Reign], fingerprint: &Fingerprint) -> Option<Timestamp> {
    let mut sure = reigns.iter().filter(|reign| reign.is_sure());
    let first = sure.find(|reign| reign.is_of(fingerprint));
    first.map(|reign| reign.first_seen)
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
                    unsettled: false,
                },
            )),
        }
    }
    keys.into_iter().map(|(_, learned)| learned).collect()
}

#[cfg(test)]
mod tests;
