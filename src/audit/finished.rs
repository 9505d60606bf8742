use jiff::Timestamp;

use crate::inventory::Inventory;
use crate::judge::{DeploymentOutcome, ProjectOutcome, Warning};
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
    /// Whether it was interrupted before everything was read.
    pub interrupted: bool,
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
