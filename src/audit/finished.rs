use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{Leads, Sought};
use crate::inventory::{Inventory, Place};
use crate::judge::{DeploymentOutcome, KnownKey, Outcome, ProjectOutcome, Warning, Why};
use crate::key::Fingerprint;
use crate::keyring::{KeyId, ProjectId, Role, Scrubber};
use crate::platform::PlaceId;
use crate::source::Case;
use crate::verdict::Verdict;

/// A finished audit.
pub struct Audit {
    /// When it began, UTC.
    pub started_at: Timestamp,
    /// When it was finished, UTC.
    pub generated_at: Timestamp,
    /// What was declared.
    pub inventory: Inventory,
    /// What decides the exit code.
    pub policy: Policy,
    /// One for each project of the inventory, in its order.
    pub projects: Vec<ProjectOutcome>,
    /// The selected deployments, as declared.
    pub deployments: Vec<DeploymentOutcome>,
    /// What else there is to tell, the most urgent first.
    pub warnings: Vec<Warning>,
    /// Whether straggler was interrupted before all was read, kept and told.
    pub interrupted: bool,
    /// How the waiting for it went, where somebody waited.
    pub waited: Option<Waited>,
    /// Whether straggler could not finish its own job, as where the ledger failed.
    pub unfinished: bool,
    /// Which keys would be found where places are looked through for what fits a format.
    pub sought: Vec<Sought>,
    /// Which keys a reading from elsewhere would not name beside what it is of; empty unless earlier keys were asked
    /// for.
    pub untold: Vec<KeyId>,
    /// Where the stores led that were read from.
    pub leads: Leads,
    /// Takes every secret of it out of what is said later, as by a program that is told of it.
    pub scrubber: Arc<Scrubber>,
}

impl Audit {
    /// Where a place is, for people and for the ledger: without any secret that is known.
    #[must_use]
    pub fn location(&self, place: &Place) -> String {
        self.scrubber.name(place.location())
    }

    /// Which place it is: two that look the same are told apart by it.
    #[must_use]
    pub fn place_id(&self, place: &Place) -> PlaceId {
        self.leads.place(&self.inventory, place, &place.location())
    }

    /// Both at once: where a place is, and which one it is.
    #[must_use]
    pub fn located(&self, place: &Place) -> (String, PlaceId) {
        let location = place.location();
        let id = self.leads.place(&self.inventory, place, &location);
        (self.scrubber.name(location), id)
    }

    /// The place that it is a part of, as far as `extract` says so; else itself.
    #[must_use]
    pub fn whole_id(&self, place: &Place) -> PlaceId {
        self.leads.whole(&self.inventory, place)
    }

    /// What its source says to do there, likewise.
    #[must_use]
    pub fn remedy(&self, place: &Place, owner: ProjectId, case: &Case<'_>) -> String {
        let at = place.at_for(self.inventory.project(owner));
        self.scrubber.name(place.source.remedy(at, case))
    }

    /// A known key, at the digits that are shown.
    #[must_use]
    pub fn fingerprint(&self, key: KeyId) -> Option<Fingerprint> {
        let project = self.projects.get(key.project.0 as usize)?;
        match key.role() {
            Role::Current if key == KeyId::suspected(key.project) => project.suspected,
            Role::Current => project.current.or(project.last_sure),
            Role::Next => project.next,
            Role::Previous => Some(self.previous(key)?.fingerprint),
        }
    }

    /// What is known of a previous key.
    #[must_use]
    pub fn previous(&self, key: KeyId) -> Option<&KnownKey> {
        let project = self.projects.get(key.project.0 as usize)?;
        project.previous.iter().find(|known| known.key == key)
    }

    /// How many rotations a key is behind the current one; 0 for that and the next one. A previous key that
    /// could not be read is where it is declared.
    #[must_use]
    pub fn behind(&self, key: KeyId) -> u32 {
        let Some(nth) = key.nth() else {
            return 0;
        };
        self.previous(key)
            .map_or(nth.saturating_add(1), |known| known.behind)
    }

    /// The known keys that a reading holds, damaged or not, those of unsound references among them.
    pub fn held(&self, reading: &Outcome) -> impl Iterator<Item = Fingerprint> {
        let (key, also) = match &reading.why {
            Why::Holds { key, also, .. } => (Some(*key), &**also),
            _ => (None, &[][..]),
        };
        let keys = key.into_iter().chain(also.iter().copied());
        keys.filter_map(|key| self.compared_with(key))
    }

    /// The known keys that were seen beside the part of a place that a hop takes.
    pub fn elsewhere(&self, reading: &Outcome) -> impl Iterator<Item = Fingerprint> {
        let elsewhere = reading.elsewhere.as_deref();
        let keys = elsewhere.into_iter().flat_map(|seen| &seen.keys);
        let asked = elsewhere.into_iter().flat_map(|seen| &seen.asked);
        keys.filter_map(|seen| self.compared_with(seen.key))
            .chain(asked.copied())
    }

    /// The fingerprint that readings were compared with under this name. An unsound reference has no
    /// current key, and the key that it holds is still recognised.
    fn compared_with(&self, key: KeyId) -> Option<Fingerprint> {
        let project = self.projects.get(key.project.0 as usize)?;
        if key == KeyId::current(key.project) {
            project.current.or(project.held)
        } else if key == KeyId::last_sure(key.project) {
            project.last_sure
        } else {
            self.fingerprint(key)
        }
    }
}

/// How it went to wait until everything holds the current key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waited {
    /// How long it was to be waited at most.
    pub limit: Duration,
    /// What was still left when that time was up, in words.
    pub left: Option<String>,
}

/// What decides the exit code beside the verdicts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The verdicts that count as drift.
    pub fail_on: Vec<Verdict>,
    /// Whether a last hop that proves nothing passes.
    pub accept_unverified: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            fail_on: Verdict::ALL
                .into_iter()
                .filter(|verdict| verdict.is_drift())
                .collect(),
            accept_unverified: false,
        }
    }
}
