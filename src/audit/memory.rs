mod refuse;

pub(super) use refuse::is_said;

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;

use super::learn::Learned;
use super::references::References;
use super::reigns::{declares, is_foreign};
use super::remembered::{Owner, Reign, Remembered};
use super::standing::{Sight, Standing, Suspect};
use crate::inventory::Inventory;
use crate::judge::history::History;
use crate::judge::reference::Material;
use crate::judge::{RotationBasis, SKEW, Soundness, Warning};
use crate::key::{Digits, Fingerprint};
use crate::keyring::{KeyId, ProjectId, Role};

impl References {
    /// Takes in what past audits saw: earlier keys, since when the current one may be there, and what
    /// makes a reference faulty that looks sound by itself.
    pub fn remember(&mut self, inventory: &Inventory, remembered: &Remembered, now: Timestamp) {
        let ids = || (0..).map(ProjectId).take(inventory.projects.len());
        let remembered = remembered.with_taken_over(inventory, |id| self.current(id));
        let remembered = &*remembered;
        let reigned = Reigned::of(remembered);
        for id in ids() {
            self.date(inventory, id, remembered, &reigned, now);
        }
        for id in ids() {
            self.refuse_dead_return(inventory, id, remembered, now);
        }
        let others = Others::of(remembered);
        let earlier = |references: &Self, id| {
            references.earlier(inventory, id, remembered, &others, references.current(id))
        };
        let learned: Vec<Vec<Learned>> = ids().map(|id| earlier(self, id)).collect();
        let refused = self.about_to_be_refused(inventory, remembered, &learned);
        let mut is_more_known = false;
        for ((id, learned), refused) in ids().zip(learned).zip(&refused) {
            let previous = match *refused {
                true => self.earlier(inventory, id, remembered, &others, None),
                false => learned,
            };
            if !previous.is_empty() {
                is_more_known = true;
                self.learn(inventory, id, previous);
            }
        }
        self.doubt_next();
        self.keep_last_sure(inventory, ids(), remembered);
        let refused: Vec<ProjectId> = ids().filter(|id| refused[id.0 as usize]).collect();
        self.expose_swapped(inventory, &refused, remembered);
        if is_more_known || self.projects.iter().any(has_last_sure) {
            self.see_through(inventory, remembered);
        }
        // One that is refused makes another key known, which may be somebody else's reference.
        while ids()
            .filter(|&id| self.refuse_foreign(inventory, id, remembered, now))
            .count()
            > 0
        {}
        self.conceal_sound(&refused);
    }

    /// Tells of next keys that past audits knew as the current ones of their projects.
    fn doubt_next(&mut self) {
        let told: HashSet<KeyId> = self.warnings.iter().filter_map(next_is_known).collect();
        for known in self.keyring.known() {
            let key = known.id();
            if key.role() != Role::Next || told.contains(&key) {
                continue;
            }
            let same = self.keyring.exact(key.project, &known.fingerprint());
            let mut same = same.into_iter().flat_map(|same| same.keys);
            let is_former =
                |also: &KeyId| also.project == key.project && also.role() == Role::Previous;
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
        reigned: &Reigned<'_>,
        now: Timestamp,
    ) {
        let Some(current) = self.current(id) else {
            return;
        };
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
        let sight = Sight {
            since: seen.into_iter().flatten().min(),
            announced: announced.map(|known| known.absent_at.unwrap_or(Timestamp::MIN)),
        };
        self.project_mut(id).sight = sight;
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
            self.project_mut(id)
                .bound(former.map(|former| former.last_seen));
            match declared.filter(|declared| !told(*declared)) {
                Some(declared) => self.contradict(id, declared, former, first),
                None if former.is_some() => {
                    let outcome = &mut self.project_mut(id).outcome;
                    outcome.rotated_at = first.map(|reign| sight.dated(reign));
                    outcome.rotation = RotationBasis::Ledger;
                }
                None => {}
            }
            return;
        }
        let returned = known.iter().any(|reign| reign.is_of(&current));
        if !returned {
            self.project_mut(id).bound(Some(last.last_seen));
        }
        if let Some(declared) = declared
            && declares(declared, known, now)
        {
            let first = first.filter(|_| !returned);
            self.contradict(id, declared, Some(last), first);
            return;
        }
        let project = self.project_mut(id);
        project.outcome.rotation = RotationBasis::Suspected;
        // When the change was seen, not when the key before it came.
        let changed = reigns.get(at + 1).filter(own);
        project.outcome.rotated_at = changed.map(|reign| reign.first_seen);
        project.suspect = Some(Suspect {
            former: last.fingerprint,
            last_seen: last.seen_until(),
            foreign: reigned.by_others(&owner, &current)
                && is_foreign(&remembered.reigns, &owner, &current),
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
        others: &Others<'_>,
        current: Option<Fingerprint>,
    ) -> Vec<Learned> {
        let owner = Owner::of(inventory.project(id));
        let reigns = remembered.reigns_of(&owner);
        let is_live = |fingerprint: &Fingerprint| {
            let known = self.keyring.exact(id, fingerprint);
            let mut known = known.into_iter().flat_map(|known| known.keys);
            known.any(|key| match key.role() {
                // What an unsound reference went back to was replaced all the same.
                Role::Current if key.project == id => self.project(id).outcome.reference.is_sound(),
                // What was replaced is not right again because it is announced.
                Role::Next if key.project == id => since(reigns, fingerprint).is_none(),
                Role::Current => {
                    let other = Owner::of(inventory.project(key.project));
                    let theirs = since(remembered.reigns_of(&other), fingerprint);
                    let mine = since(reigns, fingerprint);
                    theirs.is_some_and(|theirs| mine.is_none_or(|mine| theirs < mine))
                }
                Role::Next | Role::Previous => false,
            })
        };
        // One that died does not live on by being read again.
        let reference = &self.project(id).outcome.reference;
        let returned = matches!(reference, Soundness::Returned { .. });
        let settled = reigns.iter().rposition(Reign::is_sure);
        let told = match settled {
            Some(last) if returned => &reigns[..=last],
            _ => reigns,
        };
        let mut previous = earlier(told, current.as_ref(), is_live);
        // What was suspected until now, and is not the reference anymore, is settled by nobody.
        let now = current.or(self.project(id).outcome.held.filter(|_| returned));
        let replaced = reigns
            .last()
            .filter(|last| !last.is_sure() && now.is_some_and(|now| !last.is_of(&now)));
        let replaced = replaced.map(|reign| reign.fingerprint);
        let theirs = others.0.get(&owner);
        let theirs = theirs.into_iter().flatten().copied();
        for (fingerprint, unsettled) in theirs.chain(replaced.map(|key| (key, true))) {
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

    /// Takes from the versions of a reference's store when the key was rotated, and whether it was.
    pub fn settle(&mut self, id: ProjectId, history: &History) {
        let Standing {
            outcome,
            suspect,
            sight,
            ..
        } = self.project_mut(id);
        let declared = outcome.rotation == RotationBasis::Declared;
        let unsettled = suspect.is_some_and(|suspect| suspect.returned);
        if let (false, Some(stored)) = (declared || unsettled, history.stored_at) {
            let seen = sight.announced.and(sight.since);
            outcome.rotated_at = Some(seen.map_or(stored, |seen| seen.min(stored)));
        }
        let known = |former: &Fingerprint| {
            let mut keys = history.previous.iter();
            keys.any(|(key, _)| key.fingerprint().agrees(former))
        };
        let settled = match suspect {
            Some(suspect) => !suspect.foreign && !suspect.returned && known(&suspect.former),
            None => !declared && history.stored_at.is_some(),
        };
        if settled {
            *suspect = None;
            outcome.last_sure = None;
            outcome.rotation = match (history.stored_at, outcome.rotation) {
                (Some(_), _) => RotationBasis::History,
                (None, _) => RotationBasis::Ledger,
            };
        }
    }
}

/// Whose reference a key ever was, by the digits that all fingerprints have.
struct Reigned<'r>(HashMap<Fingerprint, Vec<&'r Owner>>);

impl<'r> Reigned<'r> {
    fn of(remembered: &'r Remembered) -> Self {
        let mut owners = HashMap::<_, Vec<_>>::new();
        for (owner, reigns) in &remembered.reigns {
            for reign in reigns {
                let same = owners.entry(reign.fingerprint.cut(Digits::MIN));
                same.or_default().push(owner);
            }
        }
        Self(owners)
    }

    /// Whether a key may have been another's.
    fn by_others(&self, own: &Owner, key: &Fingerprint) -> bool {
        let owners = self.0.get(&key.cut(Digits::MIN));
        owners.into_iter().flatten().any(|owner| *owner != own)
    }
}

/// Keys of which past audits knew nothing more, by owner, and whether each was replaced before it was sure.
struct Others<'r>(BTreeMap<&'r Owner, Vec<(Fingerprint, bool)>>);

impl<'r> Others<'r> {
    fn of(remembered: &'r Remembered) -> Self {
        let mut by_owner = BTreeMap::<_, Vec<_>>::new();
        let Remembered {
            others, unsettled, ..
        } = remembered;
        for (keys, unsettled) in [(others, false), (unsettled, true)] {
            for (owner, key) in keys {
                by_owner.entry(owner).or_default().push((*key, unsettled));
            }
        }
        Self(by_owner)
    }
}

impl Sight {
    /// T₀ as far as past audits know it.
    fn dated(&self, first: &Reign) -> Timestamp {
        let told = first.rotated_at.unwrap_or(first.first_seen);
        self.since.map_or(told, |since| told.min(since))
    }
}

fn has_last_sure(project: &Standing) -> bool {
    project.outcome.last_sure.is_some()
}

/// The next key that a warning says is another one as well.
fn next_is_known(warning: &Warning) -> Option<KeyId> {
    match warning {
        Warning::NextIsKnown { key, .. } => Some(*key),
        _ => None,
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
