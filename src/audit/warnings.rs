use std::collections::BTreeMap;

use crate::inventory::Inventory;
use crate::judge::{DeploymentOutcome, Outcome, Warning, Why};
use crate::key::Fingerprint;
use crate::keyring::ProjectId;
use crate::verdict::Verdict;

/// Projects whose hops mostly share one unknown, well-formed key: the key was rotated, and it is the
/// reference that nobody updated.
pub fn references_behind(inventory: &Inventory, deployments: &[DeploymentOutcome]) -> Vec<Warning> {
    let mut seen: BTreeMap<ProjectId, (u32, BTreeMap<Fingerprint, u32>)> = BTreeMap::new();
    for outcome in deployments {
        let project = inventory.deployments[outcome.deployment as usize].project;
        for reading in outcome.hops.iter().filter_map(|hop| hop.leading()) {
            let Some(fingerprint) = reading.fingerprint else {
                continue;
            };
            let (read, unknown) = seen.entry(project).or_default();
            *read += 1;
            if is_well_formed_and_unknown(reading) {
                *unknown.entry(fingerprint).or_default() += 1;
            }
        }
    }
    seen.into_iter()
        .filter_map(|(project, (of, unknown))| {
            let (fingerprint, hops) = unknown.into_iter().max_by_key(|(_, hops)| *hops)?;
            // A single hop is no crowd.
            (hops >= 2 && hops * 2 > of).then_some(Warning::ReferenceBehind {
                project,
                fingerprint,
                hops,
                of,
            })
        })
        .collect()
}

fn is_well_formed_and_unknown(reading: &Outcome) -> bool {
    reading.verdict == Verdict::Unknown
        && matches!(reading.why, Why::Unexplained { fits, .. } if fits != Some(false))
}
