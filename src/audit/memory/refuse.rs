//! References that look sound by themselves, and are not by what past audits saw.

use jiff::Timestamp;

use crate::audit::learn::Learned;
use crate::audit::references::{References, ring};
use crate::audit::remembered::{Confirmation, Owner, Remembered};
use crate::inventory::{Inventory, Retirement};
use crate::judge::{Rotation, RotationBasis, Scope, Soundness, reference};
use crate::key::Fingerprint;
use crate::keyring::{KeyId, Keyring, Known, ProjectId, Role};

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
        let Some(suspect) = self.suspects[id.0 as usize].filter(|suspect| suspect.returned) else {
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
            self.refuse(inventory, id, soundness);
        }
    }

    /// A reference that is another project's earlier key, known from past audits alone, is as faulty as one
    /// whose key is declared to be the other's. Whoever had a key first has it rightly, and so has who was
    /// said to.
    pub(super) fn refuse_foreign(
        &mut self,
        inventory: &Inventory,
        id: ProjectId,
        remembered: &Remembered,
        now: Timestamp,
    ) {
        let Some(current) = self.current(id) else {
            return;
        };
        if is_said(inventory, id, remembered, &current) {
            return;
        }
        let agreeing = self.keyring.exact(id, &current);
        let agreeing = agreeing.map_or_else(Vec::new, |explanation| explanation.keys);
        let scope = Scope {
            rotation: Rotation::Unknown,
            ..self.scope(inventory, id)
        };
        let own = KeyId {
            project: id,
            role: Role::Current,
        };
        let soundness = reference::compare(own, &agreeing, &scope, now);
        if let Soundness::Foreign(_) = soundness {
            self.refuse(inventory, id, soundness);
            let index = id.0 as usize;
            self.suspects[index] = None;
            self.outcomes[index].rotation = RotationBasis::Unknown;
            self.outcomes[index].rotated_at = None;
        }
    }

    /// Whether a reference is about to be refused as another project's, by what is about to be learned of each:
    /// then nothing was replaced by it.
    pub(super) fn is_about_to_be_refused(
        &self,
        inventory: &Inventory,
        id: ProjectId,
        remembered: &Remembered,
        learned: &[Vec<Learned>],
    ) -> bool {
        let Some(current) = self.current(id) else {
            return false;
        };
        let scope = self.scope(inventory, id);
        let others = learned.iter().zip((0..).map(ProjectId));
        let mut theirs = others
            .filter(|(_, other)| !scope.is_own(*other))
            .flat_map(|(keys, _)| keys);
        !is_said(inventory, id, remembered, &current)
            && theirs.any(|key| key.material.fingerprint().agrees(&current))
    }

    /// Takes a reference out of what hops are compared with.
    fn refuse(&mut self, inventory: &Inventory, id: ProjectId, soundness: Soundness) {
        let outcome = &mut self.outcomes[id.0 as usize];
        outcome.verdict = soundness.verdict();
        outcome.reference = soundness;
        outcome.current = None;
        self.rekey(inventory, |known| {
            known.retain(|known| known.id().project != id || known.id().role != Role::Current);
        });
    }

    /// Where a reference cannot be believed, the last key that was sure is live for all that is known, and
    /// is recognised as the project's wherever it turns up.
    pub(super) fn keep_last_sure(&mut self, inventory: &Inventory, remembered: &Remembered) {
        let mut kept = Vec::new();
        for (project, index) in inventory.projects.iter().zip(0..) {
            let outcome = &mut self.outcomes[index];
            let is_sound = outcome.reference.is_sound();
            if is_sound && self.suspects[index].is_none() {
                continue;
            }
            let reigns = remembered.reigns_of(&Owner::of(project));
            let Some(last) = reigns.iter().rfind(|reign| reign.is_sure()) else {
                continue;
            };
            let is_foreign = matches!(outcome.reference, Soundness::Foreign(_));
            if is_foreign && outcome.held.is_some_and(|held| last.is_of(&held)) {
                // It never was the project's own.
                continue;
            }
            outcome.last_sure = Some(last.fingerprint.cut(inventory.digits));
            if !is_sound {
                let id = KeyId {
                    project: outcome.project,
                    role: Role::Current,
                };
                kept.push(Known::by_fingerprint(id, last.fingerprint));
            }
        }
        if !kept.is_empty() {
            self.rekey(inventory, |known| known.extend(kept));
        }
    }

    fn rekey(&mut self, inventory: &Inventory, change: impl FnOnce(&mut Vec<Known>)) {
        let variables: Vec<&str> = inventory.variables().into_iter().collect();
        let keyring = std::mem::replace(&mut self.keyring, Keyring::new(Vec::new(), &[]));
        let mut known = keyring.into_known();
        change(&mut known);
        self.keyring = ring(inventory, known, &variables);
    }
}

/// Whether somebody said that this is the project's key.
fn is_said(
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
