use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::reigns::taken_over;
use crate::inventory::{Inventory, Project};
use crate::key::Fingerprint;
use crate::keyring::ProjectId;

/// What past audits saw of the keys of projects. The ledger hands it in.
#[derive(Clone, Default)]
pub struct Remembered {
    /// The reigns of each owner's keys, the earliest first.
    pub reigns: BTreeMap<Owner, Vec<Reign>>,
    /// Earlier keys of which nothing else is known.
    pub others: Vec<(Owner, Fingerprint)>,
    /// Keys that stood in a reference, and were replaced before anything settled that they belong there.
    pub unsettled: Vec<(Owner, Fingerprint)>,
    /// Keys that were announced as the next ones.
    pub announced: BTreeMap<Owner, Vec<Announced>>,
    /// Who is no more, by somebody's word, and when that was said.
    pub retired: BTreeMap<Owner, Timestamp>,
}

/// A key that was announced as a project's next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announced {
    /// As many digits as were shown then.
    pub fingerprint: Fingerprint,
    /// When the first audit that saw it as such began.
    pub first_seen: Timestamp,
    /// When the last audit began that saw it neither as the current nor as the next key; `None` where
    /// none looked at both.
    pub absent_at: Option<Timestamp>,
}

/// Whose key: a project's, or that of one environment of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    /// The project's name.
    pub project: Arc<str>,
    /// The environment that has a key of its own.
    pub environment: Option<Arc<str>>,
}

/// A stretch of time in which audits read one key as a project's sound reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reign {
    /// As many digits as were shown then.
    pub fingerprint: Fingerprint,
    /// When the first audit of the stretch began.
    pub first_seen: Timestamp,
    /// When the last audit of the stretch began.
    pub last_seen: Timestamp,
    /// What an audit gave as that time, where it was dated back: nobody knows which clock was wrong.
    pub said_seen: Option<Timestamp>,
    /// How it is known that the key came in by a rotation, not by a misread; `None` while that is only
    /// suspected.
    pub confirmed: Option<Confirmation>,
    /// T₀, as it was declared or told by the reference's store.
    pub rotated_at: Option<Timestamp>,
    /// When the key died, as it was declared.
    pub revoked_at: Option<Timestamp>,
}

/// How a reign is known to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Confirmation {
    /// Nothing was known before it.
    First,
    /// The key had a confirmed reign before: a rollback. Only in ledgers of earlier versions; what they
    /// held last was made unconfirmed again.
    Rollback,
    /// `rotated_at` in targets.yaml.
    Declared,
    /// The versions of the reference's store.
    History,
    /// A later audit that proved the key somewhere. Only in ledgers of earlier versions, likewise.
    Proven,
    /// `straggler history confirm`.
    Person,
}

impl Reign {
    /// Whether it is sure that the key was the project's then.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        self.confirmed.is_some()
    }

    /// The latest time at which it may have been seen.
    #[must_use]
    pub fn seen_until(&self) -> Timestamp {
        self.said_seen
            .map_or(self.last_seen, |said| said.max(self.last_seen))
    }

    /// Whether it is of this key.
    #[must_use]
    pub fn is_of(&self, fingerprint: &Fingerprint) -> bool {
        self.fingerprint.agrees(fingerprint)
    }
}

impl Remembered {
    /// The reigns of an owner's keys, the earliest first.
    #[must_use]
    pub fn reigns_of(&self, owner: &Owner) -> &[Reign] {
        self.reigns.get(owner).map_or(&[], Vec::as_slice)
    }

    /// Whether somebody said that this owner is no more, and no audit saw it since.
    #[must_use]
    pub fn is_retired(&self, owner: &Owner) -> bool {
        let Some(at) = self.retired.get(owner) else {
            return false;
        };
        let announced = self.announced.get(owner).into_iter().flatten();
        self.reigns_of(owner)
            .iter()
            .all(|reign| reign.seen_until() <= *at)
            && announced.into_iter().all(|next| next.first_seen <= *at)
    }

    /// The same, where projects of this inventory are others by another name, which it names no more.
    pub(super) fn with_taken_over(
        &self,
        inventory: &Inventory,
        current: impl Fn(ProjectId) -> Option<Fingerprint>,
    ) -> Cow<'_, Self> {
        let named: BTreeSet<Owner> = inventory.projects.iter().map(Owner::of).collect();
        let taken = (0..)
            .map(ProjectId)
            .zip(&inventory.projects)
            .filter_map(|(id, project)| {
                let owner = Owner::of(project);
                let reigns = taken_over(&self.reigns, &named, &owner, &current(id)?)?.to_vec();
                Some((owner, reigns))
            });
        let taken: Vec<_> = taken.collect();
        if taken.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut all = self.clone();
        all.reigns.extend(taken);
        Cow::Owned(all)
    }
}

impl Owner {
    /// The owner of this key.
    #[must_use]
    pub fn of(project: &Project) -> Self {
        Self {
            project: Arc::clone(&project.name),
            environment: project.environment.clone(),
        }
    }

    /// `checkout`, or `checkout/staging` for an environment's own key.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.environment {
            Some(environment) => format!("{}/{environment}", self.project),
            None => self.project.to_string(),
        }
    }
}

impl Confirmation {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::First,
        Self::Rollback,
        Self::Declared,
        Self::History,
        Self::Proven,
        Self::Person,
    ];

    /// The stable name, as it is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Rollback => "rollback",
            Self::Declared => "declared",
            Self::History => "history",
            Self::Proven => "proven",
            Self::Person => "person",
        }
    }
}
