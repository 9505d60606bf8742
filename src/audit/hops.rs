use jiff::Timestamp;

use super::place::{Scrubber, extracted};
use super::references::References;
use crate::fetch::{Fetcher, Work};
use crate::inventory::{Deployment, Hop, Inventory, Origin};
use crate::judge::{self, Bench, Circumstances, DeploymentOutcome, HopOutcome, Outcome, Why};
use crate::key::Fingerprint;
use crate::keyring::{ProjectId, SearchOutcome};
use crate::platform::{Asking, Stop};
use crate::reading::{ErrorKind, Found, ReadError, Reading};
use crate::verdict::{Evidence, Stage, Verdict};

/// Reads and judges the hops of the selected deployments, each reading as it arrives.
pub async fn read(
    inventory: &Inventory,
    selected: &[u32],
    until: Option<Stage>,
    references: &References,
    scrubber: &Scrubber<'_>,
    fetcher: &mut Fetcher<'_>,
    now: Timestamp,
) -> Vec<DeploymentOutcome> {
    let bench = Bench {
        keyring: &references.keyring,
        digits: inventory.digits,
        now,
    };
    let mut hops = Hops {
        inventory,
        references,
        scrubber: scrubber.knowing(&references.keyring),
        bench,
        jobs: Vec::new(),
        judged: Vec::new(),
        unexplained: Vec::new(),
    };
    for &deployment in selected {
        let route = &inventory.deployments[deployment as usize].hops;
        for (hop, place) in route.iter().enumerate() {
            if until.is_none_or(|until| place.place.source.stage() <= until) {
                hops.jobs
                    .push((deployment, u16::try_from(hop).unwrap_or(u16::MAX)));
            }
        }
    }
    hops.judged.resize_with(hops.jobs.len(), Vec::new);
    fetcher.read(&mut hops).await;
    hops.search();
    hops.assemble(selected)
}

/// The hops of all selected deployments, one job each.
struct Hops<'a> {
    inventory: &'a Inventory,
    references: &'a References,
    scrubber: Scrubber<'a>,
    bench: Bench<'a>,
    /// Index of the deployment, and of the hop on its route.
    jobs: Vec<(u32, u16)>,
    judged: Vec<Vec<Outcome>>,
    unexplained: Vec<Unexplained>,
}

/// A fingerprint that nothing explained exactly, and where it was found.
struct Unexplained {
    job: usize,
    reading: usize,
    fingerprint: Fingerprint,
    evidence: Evidence,
}

impl Hops<'_> {
    fn deployment(&self, job: usize) -> &Deployment {
        &self.inventory.deployments[self.jobs[job].0 as usize]
    }

    fn hop(&self, job: usize) -> &Hop {
        &self.deployment(job).hops[usize::from(self.jobs[job].1)]
    }

    fn circumstances(&self, job: usize) -> Circumstances {
        let deployment = self.deployment(job);
        let at = usize::from(self.jobs[job].1);
        let reference = match &self.inventory.project(deployment.project).current {
            Origin::Place(place) => Some(place),
            _ => None,
        };
        let is_reference = |hop: &Hop| reference.is_some_and(|reference| hop.place.same(reference));
        Circumstances {
            expect: deployment.hops[at].expect,
            is_reference: is_reference(&deployment.hops[at]),
            after_store: deployment.hops[..at].iter().any(is_reference),
        }
    }

    fn judge(&mut self, job: usize, readings: Vec<Reading>) {
        let project = self.deployment(job).project;
        let scope = self.references.scope(self.inventory, project);
        let circumstances = self.circumstances(job);
        let mut outcomes = Vec::with_capacity(readings.len());
        for reading in readings {
            let reading = self.scrubber.reading(reading);
            let judged = judge::judge(reading, &self.bench, &scope, circumstances);
            if let Some((fingerprint, evidence)) = judged.unexplained {
                self.unexplained.push(Unexplained {
                    job,
                    reading: outcomes.len(),
                    fingerprint,
                    evidence,
                });
            }
            outcomes.push(judged.outcome);
        }
        self.judged[job] = outcomes;
    }

    /// Looks for the fingerprints that are no known key among the damaged forms of all known keys.
    fn search(&mut self) {
        let unexplained = std::mem::take(&mut self.unexplained);
        let wanted: Vec<(ProjectId, Fingerprint)> = unexplained
            .iter()
            .map(|one| (self.deployment(one.job).project, one.fingerprint))
            .collect();
        let found = self.bench.keyring.search(&wanted);
        for (one, found) in unexplained.into_iter().zip(found.outcomes) {
            let Unexplained {
                job,
                reading,
                evidence,
                ..
            } = one;
            let project = self.deployment(job).project;
            let scope = self.references.scope(self.inventory, project);
            let expect = self.hop(job).expect;
            let outcome = &mut self.judged[job][reading];
            match found {
                SearchOutcome::Explained(explanation) => {
                    judge::explain(
                        outcome,
                        (explanation, evidence),
                        &self.bench,
                        &scope,
                        expect,
                    );
                }
                SearchOutcome::Unexplained => {}
                SearchOutcome::Lengthen(digits) => {
                    if let Why::Unexplained { lengthen_to, .. } = &mut outcome.why {
                        *lengthen_to = Some(digits);
                    }
                }
            }
        }
    }

    fn assemble(self, selected: &[u32]) -> Vec<DeploymentOutcome> {
        let mut judged = self.jobs.iter().zip(self.judged).peekable();
        selected
            .iter()
            .map(|&deployment| {
                let route = &self.inventory.deployments[deployment as usize].hops;
                let hops = (0..)
                    .zip(route)
                    .map(|(hop, _)| {
                        let own =
                            |(job, _): &(&(u32, u16), Vec<Outcome>)| **job == (deployment, hop);
                        match judged.next_if(own) {
                            Some((_, readings)) => judge::combine(readings),
                            None => not_selected(),
                        }
                    })
                    .collect();
                judge::trace(deployment, hops)
            })
            .collect()
    }
}

fn not_selected() -> HopOutcome {
    HopOutcome {
        verdict: Verdict::NotSelected,
        evidence: Evidence::None,
        fault: None,
        lead: 0,
        readings: Box::default(),
    }
}

impl Work for Hops<'_> {
    fn len(&self) -> usize {
        self.jobs.len()
    }

    fn store(&self, job: usize) -> Option<&str> {
        self.hop(job).place.source.store()
    }

    fn attempt(&mut self, job: usize, asking: &Asking<'_>) -> Result<(), Stop> {
        let place = &self.hop(job).place;
        let readings = place.source.read(place.at(), asking)?;
        if readings.is_empty() {
            // Nobody there is not the same as everybody fine.
            return Err(Stop::Failed(ReadError::new(
                ErrorKind::NotFound,
                "there was nothing to look at",
                "check the settings of this hop",
            )));
        }
        let readings = readings
            .into_iter()
            .map(|reading| extracted(place, reading))
            .collect();
        self.judge(job, readings);
        Ok(())
    }

    fn failed(&mut self, job: usize, error: ReadError) {
        self.judge(job, vec![Reading::new(Found::Failed(error))]);
    }
}
