//! References that look sound by themselves, and are not by what past audits saw.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::audit::learn::Learned;
use crate::audit::references::References;
use crate::audit::remembered::{Confirmation, Owner, Remembered};
use crate::audit::standing::Standing;
use crate::inventory::{Inventory, Retirement};
use crate::judge::{Rotation, RotationBasis, Scope, Soundness, reference};
use crate::key::{Digits, Fingerprint};
use crate::keyring::{KeyId, Known, ProjectId};

impl References {
    /// A reference that went back to a key which died with its rotation is faulty, until somebody says that
    /// this is right.
    pub(super) fn refuse_dead_return(
        &mut self,
        inventory: &Inventory,
        id: ProjectId,
        remembered: &Remembered,
        now: Timestamp,
    ) {
        let suspect = self.project(id).suspect;
        let Some(suspect) = suspect.filter(|suspect| suspect.returned) else {
            return;
        };
        let Some(current) = self.current(id) else {
            return;
        };
        let project = inventory.project(id);
        let reigns = remembered.reigns_of(&Owner::of(project)).iter();
        let mut deaths = reigns
            .filter(|reign| reign.is_of(&current))
            .filter_map(|reign| reign.revoked_at);
        if project.retirement == Retirement::Immediate || deaths.any(|death| death <= now) {
            let soundness = Soundness::Returned {
                former: suspect.former.cut(inventory.digits),
            };
            self.refuse(id, soundness);
        }
    }

    /// A reference that is another project's earlier key, known from past audits alone, is as faulty as one
    /// whose key is declared to be the other's. Whoever had a key first has it rightly, and so has who was
    /// said to. Tells whether it is.
    pub(super) fn refuse_foreign(
        &mut self,
        inventory: &Inventory,
        id: ProjectId,
        remembered: &Remembered,
        now: Timestamp,
    ) -> bool {
        let Some(current) = self.current(id) else {
            return false;
        };
        if is_said(inventory, id, remembered, &current) {
            return false;
        }
        let agreeing = self.keyring.exact(id, &current);
        let mut agreeing = agreeing.map_or_else(Vec::new, |explanation| explanation.keys);
        agreeing.retain(|&key| !self.is_unsettled(key));
        let scope = Scope {
            rotation: Rotation::Unknown,
            ..self.scope(inventory, id)
        };
        let soundness = reference::compare(KeyId::current(id), &agreeing, &scope, now);
        let is_foreign = matches!(soundness, Soundness::Foreign(_));
        if is_foreign {
            self.refuse(id, soundness);
            self.unsettle(id);
            self.keep_last_sure(inventory, std::iter::once(id), remembered);
        }
        is_foreign
    }

    /// Whether it was never sure that this key was its project's.
    fn is_unsettled(&self, key: KeyId) -> bool {
        let mut previous = self.project(key.project).outcome.previous.iter();
        previous.any(|known| known.key == key && known.unsettled)
    }

    /// Which references are about to be refused as another project's, by what is about to be learned of each:
    /// nothing was replaced by them. One that goes makes the last sure key of its project known, which may
    /// take another with it.
    pub(super) fn about_to_be_refused(
        &self,
        inventory: &Inventory,
        remembered: &Remembered,
        learned: &[Vec<Learned>],
    ) -> Vec<bool> {
        let ids = || (0..).map(ProjectId).take(learned.len());
        let mut known = HashMap::<Fingerprint, Vec<(ProjectId, Fingerprint)>>::new();
        let mut add = |id, key: Fingerprint| {
            let same = known.entry(key.cut(Digits::MIN)).or_default();
            same.push((id, key));
        };
        for (id, keys) in ids().zip(learned) {
            // What was never sure to be somebody's takes nothing from others.
            let sure = keys.iter().filter(|key| !key.unsettled);
            sure.for_each(|key| add(id, key.material.fingerprint()));
            let last = self.last_sure(inventory, id, remembered);
            let suspected = self.last_suspected(inventory, id, remembered);
            last.into_iter()
                .chain(suspected)
                .for_each(|key| add(id, key));
        }
        let mut refused = vec![false; learned.len()];
        loop {
            let is_theirs = |id: ProjectId| {
                let Some(current) = self.current(id) else {
                    return false;
                };
                let scope = self.scope(inventory, id);
                let same = known.get(&current.cut(Digits::MIN)).into_iter().flatten();
                let mut others = same.filter(|(other, _)| !scope.is_own(*other));
                !is_said(inventory, id, remembered, &current)
                    && others.any(|(_, key)| key.agrees(&current))
            };
            let new: Vec<ProjectId> = ids()
                .filter(|id| !refused[id.0 as usize] && is_theirs(*id))
                .collect();
            if new.is_empty() {
                return refused;
            }
            for id in new {
                refused[id.0 as usize] = true;
                let reigns = remembered.reigns_of(&Owner::of(inventory.project(id)));
                let last = reigns.iter().rfind(|reign| reign.is_sure());
                for reign in last.into_iter().chain(reigns.last()) {
                    let same = known.entry(reign.fingerprint.cut(Digits::MIN)).or_default();
                    same.push((id, reign.fingerprint));
                }
            }
        }
    }

    /// Makes known what references were before that are about to be refused. Those that were swapped hold each
    /// other's keys, and none of them would be refused before another one is.
    pub(super) fn expose_swapped(
        &mut self,
        inventory: &Inventory,
        refused: &[ProjectId],
        remembered: &Remembered,
    ) {
        for &id in refused {
            let Some(current) = self.current(id) else {
                continue;
            };
            let reigns = remembered.reigns_of(&Owner::of(inventory.project(id)));
            let sure = reigns.iter().rfind(|reign| reign.is_sure());
            let suspected = reigns.last().filter(|last| !last.is_sure());
            for (key, reign) in [
                (KeyId::last_sure(id), sure),
                (KeyId::suspected(id), suspected),
            ] {
                if let Some(reign) = reign.filter(|reign| !reign.is_of(&current)) {
                    self.keyring
                        .add(Known::by_fingerprint(key, reign.fingerprint));
                }
            }
        }
    }

    /// Takes that back where the reference is sound after all.
    pub(super) fn conceal_sound(&mut self, refused: &[ProjectId]) {
        for &id in refused {
            if self.project(id).outcome.reference.is_sound() {
                self.keyring.forget(KeyId::last_sure(id));
                self.keyring.forget(KeyId::suspected(id));
            }
        }
    }

    /// Nobody has to settle what was no rotation.
    pub(in crate::audit) fn unsettle(&mut self, id: ProjectId) {
        let project = self.project_mut(id);
        project.suspect = None;
        project.outcome.rotation = RotationBasis::Unknown;
        project.outcome.rotated_at = None;
    }

    /// Takes a reference out of what hops are compared with.
    pub(in crate::audit) fn refuse(&mut self, id: ProjectId, soundness: Soundness) {
        let outcome = &mut self.project_mut(id).outcome;
        outcome.verdict = soundness.verdict();
        outcome.reference = soundness;
        outcome.current = None;
        self.keyring.forget(KeyId::current(id));
        self.keyring.forget(KeyId::last_sure(id));
        self.keyring.forget(KeyId::suspected(id));
    }

    /// Where references cannot be believed, the last keys that were sure are live for all that is known, and
    /// are recognised as their project's wherever they turn up. So are those that they had changed to since.
    pub(in crate::audit) fn keep_last_sure(
        &mut self,
        inventory: &Inventory,
        projects: impl Iterator<Item = ProjectId>,
        remembered: &Remembered,
    ) {
        for id in projects {
            let Some(last) = self.last_sure(inventory, id, remembered) else {
                continue;
            };
            let outcome = &mut self.project_mut(id).outcome;
            outcome.last_sure = Some(last.cut(inventory.digits));
            if !outcome.reference.is_sound() {
                let key = Known::by_fingerprint(KeyId::last_sure(id), last);
                self.keyring.add(key);
            }
            if let Some(suspected) = self.last_suspected(inventory, id, remembered) {
                let key = Known::by_fingerprint(KeyId::suspected(id), suspected);
                self.keyring.add(key);
                let outcome = &mut self.project_mut(id).outcome;
                outcome.suspected = Some(suspected.cut(inventory.digits));
            }
        }
    }

    /// The key that the reference was when it was last believed, where it cannot be now and nothing settled
    /// that this is the project's key.
    fn last_suspected(
        &self,
        inventory: &Inventory,
        id: ProjectId,
        remembered: &Remembered,
    ) -> Option<Fingerprint> {
        let outcome = &self.project(id).outcome;
        let last = remembered
            .reigns_of(&Owner::of(inventory.project(id)))
            .last()
            .filter(|last| !last.is_sure() && !outcome.reference.is_sound())?;
        let is_no_key = match outcome.reference {
            // It was replaced, if by mistake.
            Soundness::Returned { .. } => return None,
            Soundness::Foreign(_) | Soundness::Pasted { .. } | Soundness::Dead(_) => true,
            _ => false,
        };
        let is_own = !is_no_key || outcome.held.is_none_or(|held| !last.is_of(&held));
        is_own.then_some(last.fingerprint)
    }

    /// The last key that was sure, where the reference cannot be believed.
    fn last_sure(
        &self,
        inventory: &Inventory,
        id: ProjectId,
        remembered: &Remembered,
    ) -> Option<Fingerprint> {
        let Standing {
            outcome, suspect, ..
        } = self.project(id);
        if outcome.reference.is_sound() && suspect.is_none() {
            return None;
        }
        let reigns = remembered.reigns_of(&Owner::of(inventory.project(id)));
        let last = reigns.iter().rfind(|reign| reign.is_sure())?;
        let is_no_key = matches!(
            outcome.reference,
            Soundness::Foreign(_) | Soundness::Pasted { .. }
        );
        // What is another key, or another project's, never was the project's own.
        let is_own = !is_no_key || outcome.held.is_none_or(|held| !last.is_of(&held));
        is_own.then_some(last.fingerprint)
    }
}

/// Whether somebody said that this is the project's key.
pub(in crate::audit) fn is_said(
    inventory: &Inventory,
    id: ProjectId,
    remembered: &Remembered,
    current: &Fingerprint,
) -> bool {
    let project = inventory.project(id);
    let last = remembered.reigns_of(&Owner::of(project)).last();
    let said = [Some(Confirmation::Person), Some(Confirmation::Declared)];
    last.is_some_and(|last| last.is_of(current) && said.contains(&last.confirmed))
}
