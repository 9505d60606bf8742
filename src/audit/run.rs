use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use jiff::Timestamp;

use super::documents::Documents;
use super::leads::Leads;
use super::references::References;
use super::remembered::Remembered;
use super::scrub::Scrub;
use super::seen::Seen;
use super::sought::{sought, untold};
use super::{Audit, Policy, history, hops, warnings};
use crate::fetch::{Fetcher, Limits, Progress};
use crate::inventory::Inventory;
use crate::key::Fingerprint;
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
    /// The last stage to judge; by default all of them.
    pub until: Option<Stage>,
    /// Projects whose earlier keys are wanted whatever is found, in whatever form they stand around what is read.
    pub trace: BTreeSet<ProjectId>,
    /// Keys that are looked for though they may be nobody's, around what is read.
    pub asked: Vec<Fingerprint>,
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
    let scrubber = inventory.scrubber();
    let credentials = connections.credentials();
    let manners = inventory
        .stores
        .iter()
        .map(|store| (Arc::clone(&store.name), store.manners));
    let mut fetcher =
        Fetcher::new(connections, options.limits, progress, interrupt).gently(manners.collect());
    let mut references = References::read(&inventory, &projects, &mut fetcher, started_at).await;
    references.remember(&inventory, remembered, started_at);
    let traced = history::trace(&inventory, &options.trace, &mut references, &mut fetcher).await;
    let documents = std::mem::take(&mut references.documents);
    let documents = Documents::of(documents, &references.keyring, !options.trace.is_empty());
    progress.known(&Arc::new(references.scrubber(&scrubber, credentials())));
    let jobs = hops::jobs(&inventory, selected, options.until);
    // Who asks where one key is left wants to know it of every form.
    let seen = Seen::of(jobs).thorough(!options.trace.is_empty());
    let mut seen = hops::read(&inventory, seen, &references, &mut fetcher, started_at).await;
    history::consult(
        &inventory,
        &traced,
        remembered,
        &mut references,
        &mut seen,
        &mut fetcher,
        started_at,
    )
    .await;
    let judged = seen.wholes.places();
    let beside_keys = documents.old_keys(&options.asked, &judged, &references);
    seen.look_around(&options.asked, &inventory, &references);
    let interrupted = fetcher.interrupted();
    let scrubber = references.scrubber(&scrubber, credentials());
    // Whoever repeats a value that nobody knows is not shown either.
    let scrubber = Arc::new(scrubber.knowing(Vec::new(), seen.unknown()));
    let mut deployments = seen.assemble(&inventory, selected);
    let leads = Leads::of(&inventory, selected, fetcher.connections());
    drop(fetcher);

    let sought = sought(&inventory, &references);
    let untold = match options.trace.is_empty() {
        true => Vec::new(),
        false => untold(&references.keyring),
    };
    let mut warnings = warnings::references_behind(&inventory, &deployments);
    warnings.extend(references.changed());
    warnings.extend(references.warnings);
    warnings.extend(warnings::old_keys_beside(&deployments));
    warnings.extend(beside_keys);
    let projects = references.projects.into_iter();
    let mut projects: Vec<_> = projects.map(|project| project.outcome).collect();
    let scrub = Scrub(&scrubber);
    projects
        .iter_mut()
        .for_each(|project| scrub.project(project));
    deployments
        .iter_mut()
        .for_each(|deployment| scrub.deployment(deployment));
    warnings
        .iter_mut()
        .for_each(|warning| scrub.warning(warning));
    Audit {
        started_at,
        generated_at: Timestamp::now(),
        policy: options.policy.clone(),
        projects,
        deployments,
        warnings,
        inventory,
        interrupted,
        waited: None,
        unfinished: false,
        sought,
        untold,
        leads,
        scrubber,
    }
}
