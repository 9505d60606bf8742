use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::place::extracted;
use super::references::References;
use super::seen::{Seen, Unexplained, circumstances};
use crate::cores::{cores, on_all_cores};
use crate::fetch::{Fetcher, Gathered, Work};
use crate::inventory::{Deployment, Hop, Inventory};
use crate::judge::{self, Bench, Circumstances, Judged, Why};
use crate::keyring::Around;
use crate::platform::{Asking, Stop};
use crate::reading::{ErrorKind, Found, Identity, ReadError, Reading, Unsearched};
use crate::verdict::Stage;

/// So many hops are looked at to learn how long one takes.
const SAMPLE: usize = 8;

/// Less work than this is not worth a thread for each hop.
const LITTLE: Duration = Duration::from_micros(5);

/// So many hops are worth a thread.
const WORTH: usize = 16;

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
        ahead: VecDeque::new(),
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
    /// What was judged before its job was attempted, in the order in which that is done.
    ahead: VecDeque<(usize, Vec<One>)>,
}

/// A judged reading, with what was seen around it beside itself, and where, and what was seen within it.
struct One {
    judged: Judged,
    around: Option<(Arc<Around>, Option<Identity>)>,
    within: Option<Arc<Around>>,
}

impl Hops<'_> {
    fn deployment(&self, job: usize) -> &Deployment {
        &self.inventory.deployments[self.seen.jobs[job].0 as usize]
    }

    fn hop(&self, job: usize) -> &Hop {
        &self.deployment(job).hops[usize::from(self.seen.jobs[job].1)]
    }

    fn read(&self, job: usize, asking: &Asking<'_>) -> Result<Vec<One>, Stop> {
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
        let readings = readings.into_iter();
        let readings = readings.map(|reading| extracted(place, reading));
        Ok(self.judge(job, readings))
    }

    fn judge(&self, job: usize, readings: impl IntoIterator<Item = Reading>) -> Vec<One> {
        let project = self.deployment(job).project;
        let scope = self.references.scope(self.inventory, project);
        let circumstances = circumstances(self.inventory, self.seen.jobs[job]);
        let judge = |mut reading: Reading| {
            let (whole, identity) = (reading.whole.take(), reading.identity.take());
            let circumstances = Circumstances {
                is_reference: circumstances.is_reference
                    || identity
                        .as_ref()
                        .is_some_and(|here| self.references.were_read_at(here)),
                ..circumstances
            };
            let is_value = !matches!(reading.found, Found::Fingerprint { .. } | Found::Absent);
            let within = match &reading.found {
                Found::Value(value) => self.seen.wholes.within(value, self.bench.keyring),
                _ => None,
            };
            let unsearched = reading.unsearched;
            let mut judged = judge::judge(reading, &self.bench, &scope, circumstances);
            // The key may well be there under another name.
            let is_nothing = matches!(judged.outcome.why, Why::NotThere | Why::Placeholder(_, _));
            let unsearched = unsearched.filter(|why| match why {
                Unsearched::Untold => is_nothing,
                Unsearched::ByRule => self.seen.wholes.is_thorough(),
                Unsearched::TooLarge | Unsearched::Cut => true,
            });
            if unsearched.is_some() {
                let elsewhere = judged.outcome.elsewhere.get_or_insert_default();
                elsewhere.open = unsearched;
            }
            let around = whole.and_then(|whole| {
                let own = judged.outcome.fingerprint.as_ref();
                let wholes = &self.seen.wholes;
                let around = wholes.look((&whole, is_value), own, self.bench.keyring)?;
                Some((around, identity))
            });
            One {
                judged,
                around,
                within,
            }
        };
        readings.into_iter().map(judge).collect()
    }

    fn keep(&mut self, job: usize, readings: Vec<One>) {
        let mut outcomes = Vec::with_capacity(readings.len());
        for One {
            judged,
            around,
            within,
        } in readings
        {
            if let Some((around, identity)) = around {
                let at = (job, outcomes.len());
                self.seen.wholes.keep(at, around, identity);
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

    fn ahead(&mut self, jobs: &[usize], answers: Gathered<'_>) {
        if jobs.len() < SAMPLE + 2 * WORTH || cores() < 2 {
            return;
        }
        // What has no readings yet, or never will, is told when it is attempted.
        let read = |&job: &usize| {
            let read = self.read(job, &answers.asking(self.store(job)));
            Some((job, read.ok()?))
        };
        let (sample, rest) = jobs.split_at(SAMPLE);
        let begun = Instant::now();
        let mut done: Vec<_> = sample.iter().map(read).collect();
        if begun.elapsed() > LITTLE * SAMPLE as u32 {
            done.extend(on_all_cores(rest, WORTH, read));
        }
        self.ahead = done.into_iter().flatten().collect();
    }

    fn attempt(&mut self, job: usize, asking: &Asking<'_>) -> Result<(), Stop> {
        let readings = match self.ahead.pop_front_if(|(ahead, _)| *ahead == job) {
            Some((_, readings)) => readings,
            None => self.read(job, asking)?,
        };
        self.keep(job, readings);
        Ok(())
    }

    fn failed(&mut self, job: usize, error: ReadError) {
        let readings = self.judge(job, [Reading::new(Found::Failed(error))]);
        self.keep(job, readings);
    }
}
