use jiff::Timestamp;

use super::place::extracted;
use super::references::References;
use super::seen::{Seen, Unexplained, circumstances};
use crate::fetch::{Fetcher, Work};
use crate::inventory::{Deployment, Hop, Inventory};
use crate::judge::{self, Bench, Circumstances};
use crate::platform::{Asking, Stop};
use crate::reading::{ErrorKind, Found, ReadError, Reading};
use crate::verdict::Stage;

/// The hops of these deployments that are to be read: index of the deployment, and of the hop on its
/// route.
pub fn jobs(inventory: &Inventory, selected: &[u32], until: Option<Stage>) -> Vec<(u32, u16)> {
    let mut jobs = Vec::new();
    for &deployment in selected {
        let route = &inventory.deployments[deployment as usize].hops;
        for (hop, place) in route.iter().enumerate() {
            if until.is_none_or(|until| place.place.source.stage() <= until) {
                jobs.push((deployment, u16::try_from(hop).unwrap_or(u16::MAX)));
            }
        }
    }
    jobs
}

/// Reads and judges hops, each reading as it arrives.
pub async fn read(
    inventory: &Inventory,
    seen: Seen,
    references: &References,
    fetcher: &mut Fetcher<'_>,
    now: Timestamp,
) -> Seen {
    let bench = Bench {
        keyring: &references.keyring,
        digits: inventory.digits,
        now,
    };
    let mut hops = Hops {
        inventory,
        references,
        bench,
        seen,
    };
    fetcher.read(&mut hops).await;
    hops.seen
}

/// The hops of all selected deployments, one job each.
struct Hops<'a> {
    inventory: &'a Inventory,
    references: &'a References,
    bench: Bench<'a>,
    seen: Seen,
}

impl Hops<'_> {
    fn deployment(&self, job: usize) -> &Deployment {
        &self.inventory.deployments[self.seen.jobs[job].0 as usize]
    }

    fn hop(&self, job: usize) -> &Hop {
        &self.deployment(job).hops[usize::from(self.seen.jobs[job].1)]
    }

    fn judge(&mut self, job: usize, readings: Vec<Reading>) {
        let project = self.deployment(job).project;
        let scope = self.references.scope(self.inventory, project);
        let circumstances = circumstances(self.inventory, self.seen.jobs[job]);
        let mut outcomes = Vec::with_capacity(readings.len());
        for reading in readings {
            let identity = reading.identity.as_ref();
            let circumstances = Circumstances {
                is_reference: circumstances.is_reference
                    || identity.is_some_and(|identity| self.references.were_read_at(identity)),
                ..circumstances
            };
            let is_value = !matches!(reading.found, Found::Fingerprint { .. } | Found::Absent);
            let whole = reading
                .whole
                .clone()
                .map(|whole| (whole, reading.identity.clone()));
            let within = match &reading.found {
                Found::Value(value) => self.seen.wholes.within(value, self.bench.keyring),
                _ => None,
            };
            let judged = judge::judge(reading, &self.bench, &scope, circumstances);
            if let Some((whole, identity)) = whole {
                self.seen.wholes.look(
                    (job, outcomes.len()),
                    (&whole, is_value),
                    identity,
                    &judged.outcome,
                    self.bench.keyring,
                );
            }
            if let Some(within) = within {
                self.seen.wholes.add_within((job, outcomes.len()), within);
            }
            if let Some((fingerprint, evidence)) = judged.unexplained {
                self.seen.unexplained.push(Unexplained {
                    job,
                    reading: outcomes.len(),
                    fingerprint,
                    evidence,
                    fragments: judged.fragments,
                });
            }
            outcomes.push(judged.outcome);
        }
        self.seen.judged[job] = outcomes;
    }
}

impl Work for Hops<'_> {
    fn len(&self) -> usize {
        self.seen.jobs.len()
    }

    fn store(&self, job: usize) -> Option<&str> {
        self.hop(job).place.source.store()
    }

    fn attempt(&mut self, job: usize, asking: &Asking<'_>) -> Result<(), Stop> {
        let place = &self.hop(job).place;
        let project = self.inventory.project(self.deployment(job).project);
        let readings = place.source.read(place.at_for(project), asking)?;
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
