use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use jiff::Timestamp;

use super::place::Scrubber;
use super::references::References;
use super::remembered::Remembered;
use super::{Audit, Policy, history, hops, warnings};
use crate::fetch::{Fetcher, Limits, Progress};
use crate::inventory::Inventory;
use crate::keyring::ProjectId;
use crate::platform::Connections;
use crate::verdict::Stage;

/// How an audit is run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What decides the exit code.
    pub policy: Policy,
    /// How hard the fetcher may try.
    pub limits: Limits,
    /// The last stage to judge; all of them unless said.
    pub until: Option<Stage>,
    /// Projects whose earlier keys are wanted whatever is found.
    pub trace: BTreeSet<ProjectId>,
}

/// Reads every reference, then the hops of the selected deployments, and judges them.
///
/// `remembered` is what past audits saw. `selected` are indices into the inventory's deployments, ascending. `interrupt` resolves when the
/// user wants to stop; what is unread then is unreachable.
pub async fn run(
    inventory: Inventory,
    selected: &[u32],
    connections: Connections,
    remembered: &Remembered,
    options: &Options,
    progress: &dyn Progress,
    interrupt: impl Future<Output = ()> + Send,
) -> Audit {
    let started_at = Timestamp::now();
    let projects: BTreeSet<ProjectId> = selected
        .iter()
        .map(|&index| inventory.deployments[index as usize].project)
        .collect();
    let scrubber = Scrubber::new(&inventory);
    let manners = inventory
        .stores
        .iter()
        .map(|store| (Arc::clone(&store.name), store.manners));
    let mut fetcher =
        Fetcher::new(connections, options.limits, progress, interrupt).gently(manners.collect());
    let mut references =
        References::read(&inventory, &projects, &scrubber, &mut fetcher, started_at).await;
    references.remember(&inventory, remembered, started_at);
    let jobs = hops::jobs(&inventory, selected, options.until);
    let mut seen = hops::read(
        &inventory,
        jobs,
        &references,
        &scrubber,
        &mut fetcher,
        started_at,
    )
    .await;
    history::consult(
        &inventory,
        &options.trace,
        &mut references,
        &mut seen,
        &scrubber,
        &mut fetcher,
        started_at,
    )
    .await;
    let deployments = seen.assemble(&inventory, selected);
    let interrupted = fetcher.interrupted();
    drop(fetcher);

    let mut warnings = warnings::references_behind(&inventory, &deployments);
    warnings.extend(references.changed());
    warnings.extend(references.warnings);
    Audit {
        started_at,
        generated_at: Timestamp::now(),
        policy: options.policy.clone(),
        projects: references
            .projects
            .into_iter()
            .map(|project| project.outcome)
            .collect(),
        deployments,
        warnings,
        inventory,
        interrupted,
        unfinished: false,
    }
}
