use jiff::Timestamp;

use super::time::Rotation;
use crate::inventory::{Project, Retirement};
use crate::key::Digits;
use crate::keyring::{KeyId, Keyring, Role};
use crate::verdict::{Expectation, Stage};

/// What all hops of one project are judged by.
pub struct Scope<'a> {
    /// Whose key they should hold.
    pub id: crate::keyring::ProjectId,
    /// As declared.
    pub project: &'a Project,
    /// Whether its reference is sound: until then no hop is `current`.
    pub sound: bool,
    /// When its current key came to be.
    pub rotation: Rotation,
    /// When each of its previous keys died, the latest key first.
    pub deaths: &'a [Option<Timestamp>],
}

/// What one hop is judged by beside its scope.
#[derive(Clone, Copy)]
pub struct Circumstances {
    /// What should be there.
    pub expect: Expectation,
    /// Whether it is the very place the reference was read from.
    pub is_reference: bool,
    /// Whether it comes after the reference's store on its route.
    pub after_store: bool,
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
    /// Whether one of this project's previous keys is dead.
    #[must_use]
    pub fn is_dead(&self, key: KeyId, now: Timestamp) -> bool {
        let Role::Previous(index) = key.role else {
            return false;
        };
        match self.deaths.get(usize::from(index)) {
            Some(Some(death)) => *death <= now,
            _ => self.project.retirement == Retirement::Immediate,
        }
    }
}
