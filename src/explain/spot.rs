use crate::audit::Audit;
use crate::gate;
use crate::inventory::{Deployment, Hop, Waiver};
use crate::judge::{DeploymentOutcome, HopOutcome, Outcome, ProjectOutcome};
use crate::keyring::ProjectId;
use crate::text::escape;
use crate::verdict::{Expectation, Fault, Stage, Verdict};

/// One judged hop where it stands: in its route, its deployment and its audit.
#[derive(Clone, Copy)]
pub struct Spot<'a> {
    /// All there is.
    pub audit: &'a Audit,
    /// Its deployment, as declared.
    pub deployment: &'a Deployment,
    /// Its deployment, as judged.
    pub outcome: &'a DeploymentOutcome,
    /// Itself, as declared.
    pub hop: &'a Hop,
    /// Itself, as judged.
    pub judged: &'a HopOutcome,
    /// Where on the route, from 0.
    pub index: usize,
}

/// Every hop of a deployment, by route.
pub fn spots<'a>(
    audit: &'a Audit,
    outcome: &'a DeploymentOutcome,
) -> impl DoubleEndedIterator<Item = Spot<'a>> + ExactSizeIterator {
    let deployment = &audit.inventory.deployments[outcome.deployment as usize];
    let pairs = deployment.hops.iter().zip(&outcome.hops).enumerate();
    pairs.map(move |(index, (hop, judged))| Spot {
        audit,
        deployment,
        outcome,
        hop,
        judged,
        index,
    })
}

impl<'a> Spot<'a> {
    /// Its printable address, escaped.
    #[must_use]
    pub fn location(&self) -> String {
        escape(&self.audit.location(&self.hop.place)).into_owned()
    }

    /// The id of its source.
    #[must_use]
    pub fn source(&self) -> &'static str {
        self.hop.place.source.info().id
    }

    /// How far on the key's way it lies.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.hop.place.source.stage()
    }

    /// The waiver that accepts all that was found here.
    #[must_use]
    pub fn waiver(&self) -> Option<&'a Waiver> {
        gate::accepted(self.audit, self.outcome, self.index)
    }

    /// Whether the route ends here, as far as it was selected.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.after()
            .all(|later| later.judged.verdict == Verdict::NotSelected)
            && self.judged.verdict != Verdict::NotSelected
    }

    /// Whether it counts as `unverified` though it seems current: nothing proves it, and nothing
    /// comes after it that could.
    #[must_use]
    pub fn is_unproven(&self) -> bool {
        let current = |verdict| verdict == Verdict::Current;
        current(self.judged.verdict)
            && self.is_last()
            && self
                .judged
                .readings
                .iter()
                .any(|reading| current(reading.verdict) && !reading.evidence.proves())
    }

    /// What is running or was shipped, as opposed to what the next start or build will get.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.stage(), Stage::Running | Stage::Bundle)
    }

    /// Whether this was found where no key belongs.
    pub(super) fn is_unwanted(&self, reading: &Outcome) -> bool {
        self.hop.expect == Expectation::Absent && reading.verdict.is_drift()
    }

    /// Whose key should be here.
    pub(super) fn owner(&self) -> ProjectId {
        self.deployment.project
    }

    pub(super) fn project(&self) -> &'a ProjectOutcome {
        &self.audit.projects[self.owner().0 as usize]
    }

    /// The hops before it, the nearest first.
    pub(super) fn before(&self) -> impl Iterator<Item = Self> + use<'a> {
        spots(self.audit, self.outcome).take(self.index).rev()
    }

    /// The hops after it, by route.
    pub(super) fn after(&self) -> impl DoubleEndedIterator<Item = Self> + use<'a> {
        spots(self.audit, self.outcome).skip(self.index + 1)
    }

    /// The hop that went wrong by itself, where this one only follows.
    #[must_use]
    pub fn cause(&self) -> Option<Self> {
        (self.judged.fault == Some(Fault::Inherited))
            .then(|| {
                self.before()
                    .find(|hop| hop.judged.fault == Some(Fault::Own))
            })
            .flatten()
    }

    /// What already runs, or was built, with what this hop gave it.
    pub(super) fn followers(&self) -> impl Iterator<Item = Self> + use<'a> {
        let index = self.index;
        self.after().filter(move |later| {
            later.is_live() && later.cause().is_some_and(|cause| cause.index == index)
        })
    }
}
