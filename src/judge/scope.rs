use std::collections::HashMap;

use jiff::Timestamp;

use super::Member;
use super::time::Rotation;
use crate::inventory::{Inventory, Project};
use crate::key::Digits;
use crate::keyring::{KeyId, Keyring, ProjectId, Role};
use crate::verdict::{Expectation, Stage};

/// What all hops of one project are judged by.
pub struct Scope<'a> {
    /// Whose key they should hold.
    pub id: ProjectId,
    /// As declared.
    pub project: &'a Project,
    /// Everything that is declared.
    pub inventory: &'a Inventory,
    /// Whether its reference is sound: until then no hop is `current`.
    pub sound: bool,
    /// When its current key came to be.
    pub rotation: Rotation,
    /// When previous keys died, whosever they are, as far as that is known.
    pub deaths: &'a HashMap<KeyId, Timestamp>,
}

/// What one hop is judged by beside its scope.
#[derive(Clone, Copy)]
pub struct Circumstances {
    /// What should be there.
    pub expect: Expectation,
    /// Whether it is the very place that a reference or a next key was read from.
    pub is_reference: bool,
    /// Whether it comes after the reference's store on its route.
    pub after_store: bool,
    /// How one member of a JSON object would be read here.
    pub member: Member,
    /// Where on the key's way it is.
    pub stage: Stage,
    /// Whether what answers there may hide a key that it holds.
    pub may_mask: bool,
}

/// What every reading is judged by.
pub struct Bench<'a> {
    /// Every known key.
    pub keyring: &'a Keyring,
    /// How many digits are shown.
    pub digits: Digits,
    /// When the audit began.
    pub now: Timestamp,
}

impl Scope<'_> {
    /// Whether this is a previous key that is dead.
    #[must_use]
    pub fn is_dead(&self, key: KeyId, now: Timestamp) -> bool {
        let death = self.deaths.get(&key).copied();
        let retirement = self.inventory.project(key.project).retirement;
        key.role() == Role::Previous && retirement.is_dead(death, now)
    }

    /// Whether this project's keys are its own, or shared with it on purpose.
    #[must_use]
    pub fn is_own(&self, project: ProjectId) -> bool {
        project == self.id || self.inventory.share_a_key(self.id, project)
    }

    /// Whether a next key that is this one as well is not taken for the next one: it was replaced before, or
    /// is somebody else's.
    #[must_use]
    pub fn outweighs_next(&self, key: KeyId) -> bool {
        !self.is_own(key.project) || key.role() == Role::Previous
    }
}
