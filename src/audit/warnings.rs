use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::Inventory;
use crate::judge::{DeploymentOutcome, Outcome, Warning, Why};
use crate::key::Fingerprint;
use crate::keyring::{KeyId, ProjectId, Role};
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

/// The previous keys that stand beside what is right: no finding tells of them.
pub fn old_keys_beside(deployments: &[DeploymentOutcome]) -> Vec<Warning> {
    let mut beside: BTreeMap<KeyId, ((u32, u16), u32)> = BTreeMap::new();
    for outcome in deployments {
        for (at, hop) in (0..).zip(&outcome.hops) {
            let fine = hop.readings.iter().filter(|reading| {
                matches!(reading.verdict, Verdict::Current | Verdict::NotRequired)
            });
            let seen = fine.filter_map(|reading| reading.elsewhere.as_ref());
            let keys: BTreeSet<KeyId> = seen
                .flat_map(|seen| &seen.keys)
                .map(|seen| seen.key)
                .collect();
            for key in keys.into_iter().filter(|key| key.role() == Role::Previous) {
                let first = ((outcome.deployment, at), 0);
                beside.entry(key).or_insert(first).1 += 1;
            }
        }
    }
    let told = |(key, (at, hops))| Warning::OldKeyBeside { key, at, hops };
    beside.into_iter().map(told).collect()
}

fn is_well_formed_and_unknown(reading: &Outcome) -> bool {
    reading.verdict == Verdict::Unknown
        && matches!(reading.why, Why::Unexplained { fits, .. } if fits != Some(false))
}
