//! Auditing again and again until what is selected has the current key.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::audit::Audit;
use crate::explain::when;
use crate::gate::waived;
use crate::inventory::Inventory;
use crate::judge::{DeploymentOutcome, Outcome, ProjectOutcome, Warning};
use crate::text::escape;
use crate::verdict::Verdict;

/// How many times longer than at first the pauses get while nothing moves.
const LONGEST: u32 = 8;

/// When to look again.
pub struct Pauses {
    first: Duration,
    next: Duration,
}

impl Pauses {
    /// `first` is the pause while something moves.
    #[must_use]
    pub fn of(first: Duration) -> Self {
        Self { first, next: first }
    }

    /// The next one: longer each time nothing moved.
    pub fn next(&mut self, moved: bool) -> Duration {
        if moved {
            self.next = self.first;
        }
        let pause = self.next;
        self.next = (self.next * 2).min(self.first * LONGEST);
        pause
    }
}

/// What is known so far: of each deployment what was found out last.
#[derive(Default)]
pub struct Known {
    projects: Vec<ProjectOutcome>,
    deployments: BTreeMap<u32, DeploymentOutcome>,
    warnings: Vec<Warning>,
    times: Option<(Timestamp, Timestamp)>,
}

impl Known {
    /// Adds what an audit found out, and gives the inventory back for the next one.
    pub fn add(&mut self, audit: Audit) -> Inventory {
        let read: BTreeSet<u32> = audit
            .deployments
            .iter()
            .map(|outcome| outcome.deployment)
            .collect();
        let is_whole = self.deployments.keys().all(|index| read.contains(index));
        if is_whole {
            self.projects = audit.projects;
            self.warnings = audit.warnings;
            self.deployments.clear();
        } else if self.speaks_of_the_same_keys(&audit.projects) {
            for (project, now) in self.projects.iter_mut().zip(audit.projects) {
                let selected = project.selected || now.selected;
                *project = now;
                project.selected = selected;
            }
        } else {
            return audit.inventory;
        }
        let outcomes = audit.deployments.into_iter();
        self.deployments
            .extend(outcomes.map(|outcome| (outcome.deployment, outcome)));
        let begun = self.times.map_or(audit.started_at, |(begun, _)| begun);
        self.times = Some((begun, audit.generated_at));
        audit.inventory
    }

    /// Outcomes name keys by their place among those of their project.
    fn speaks_of_the_same_keys(&self, projects: &[ProjectOutcome]) -> bool {
        let keys = |project: &ProjectOutcome| {
            let previous = project.previous.iter().map(|previous| previous.fingerprint);
            let previous: Vec<_> = previous.collect();
            (project.current, project.last_sure, project.next, previous)
        };
        self.projects.iter().map(keys).eq(projects.iter().map(keys))
    }

    /// All of it when the user wants to stop, in the place of the audit that was cut off by that.
    #[must_use]
    pub fn instead_of(self, cut_off: Audit) -> Audit {
        let Some((started_at, generated_at)) = self.times else {
            return cut_off;
        };
        Audit {
            started_at,
            generated_at,
            projects: self.projects,
            deployments: self.deployments.into_values().collect(),
            warnings: self.warnings,
            ..cut_off
        }
    }
}

/// What is not done yet.
#[derive(Debug, PartialEq, Eq)]
pub struct Left {
    /// Indices of the deployments to read again: all that are not current, accepted or not required.
    pub again: Vec<u32>,
    /// How many of them are worse than unverified, so that somebody has to do something.
    pub worse: usize,
    /// Those, in words: `2 stale, 1 unreachable; oldest holder api-7f9c of checkout-api, started …`.
    pub told: String,
}

impl Left {
    /// Looks through an audit.
    #[must_use]
    pub fn of(audit: &Audit) -> Self {
        let is_left = |outcome: &&DeploymentOutcome| {
            outcome.verdict.is_finding() && waived(audit, outcome).is_none()
        };
        let left: Vec<_> = audit.deployments.iter().filter(is_left).collect();
        let worse: Vec<_> = left
            .iter()
            .copied()
            .filter(|outcome| outcome.verdict <= Verdict::Unreachable)
            .collect();
        Self {
            again: left.iter().map(|outcome| outcome.deployment).collect(),
            worse: worse.len(),
            told: told(audit, &worse),
        }
    }

    /// The same, with how many of all it is.
    #[must_use]
    pub fn of_all(&self, all: usize) -> String {
        format!("{} of {all} left: {}", self.worse, self.told)
    }
}

fn told(audit: &Audit, worse: &[&DeploymentOutcome]) -> String {
    let mut verdicts = BTreeMap::<Verdict, usize>::new();
    for outcome in worse {
        *verdicts.entry(outcome.verdict).or_default() += 1;
    }
    let verdicts: Vec<_> = verdicts
        .into_iter()
        .map(|(verdict, count)| format!("{count} {verdict}"))
        .collect();
    let mut told = verdicts.join(", ");
    if let Some((deployment, holder, since)) = oldest(worse) {
        let deployment = &audit.inventory.deployments[deployment as usize];
        let replica = holder.replica.as_deref().unwrap_or_default();
        let of = if replica.is_empty() { "" } else { " of " };
        told.push_str(&format!(
            "; oldest holder {}{of}{}, started {}",
            escape(replica),
            escape(&deployment.title()),
            when(since, audit.generated_at)
        ));
    }
    told
}

/// The replica that has been holding something wrong for the longest time.
fn oldest<'a>(worse: &[&'a DeploymentOutcome]) -> Option<(u32, &'a Outcome, Timestamp)> {
    let holders = worse.iter().flat_map(|outcome| {
        let readings = outcome.hops.iter().flat_map(|hop| &hop.readings);
        let bad = readings.filter(|reading| reading.verdict.is_drift());
        bad.filter_map(|reading| Some((outcome.deployment, reading, reading.started_at?)))
    });
    holders.min_by_key(|(_, _, since)| *since)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::testing::{Scene, current, failed, hop, not_required, stale, timed, waiver};
    use crate::judge::TimeProof;

    #[test]
    fn pauses_grow_while_nothing_moves_and_no_further_than_that() {
        let seconds = Duration::from_secs;
        let mut pauses = Pauses::of(seconds(10));
        let told: Vec<_> = [true, false, false, false, false, true, false]
            .map(|moved| pauses.next(moved).as_secs())
            .into();
        assert_eq!(told, [10, 20, 40, 80, 80, 10, 20]);
    }

    #[test]
    fn what_is_not_current_is_read_again_and_what_is_worse_than_unverified_is_waited_for() {
        let audit = Scene::new()
            .project("shop")
            .deploy("done", [hop("process", [current()])])
            .deploy("free", [hop("process", [not_required()])])
            .deploy("blind", [hop("process", [failed()])])
            .deploy(
                "hidden",
                [hop("process", [timed(TimeProof::AfterRotation)])],
            )
            .deploy(
                "api",
                [hop(
                    "process",
                    [
                        current().of("a").started("2026-11-01T00:00:00Z"),
                        stale(0).of("b").started("2026-11-22T07:00:00Z"),
                        stale(0).of("c").started("2026-11-22T06:00:00Z"),
                    ],
                )],
            )
            .deploy("later", [hop("process", [stale(0)])])
            .declared(|deployment| {
                deployment.waiver = Some(waiver(&[Verdict::Stale], "2999-01-01T00:00:00Z"));
            })
            .audit();
        assert_eq!(
            Left::of(&audit),
            Left {
                again: vec![2, 3, 4],
                worse: 2,
                told: "1 stale, 1 unreachable; oldest holder c of api (production), started \
                       2026-11-22T06:00:00Z"
                    .to_owned(),
            }
        );
    }

    #[test]
    fn what_is_known_is_of_each_what_was_found_out_last() {
        let first = || {
            Scene::new()
                .project("shop")
                .deploy("one", [hop("process", [current()])])
                .deploy("two", [hop("process", [stale(0)])])
                .audit()
        };
        let mut known = Known::default();
        known.add(first());
        let mut again = first();
        again.deployments.remove(0);
        again.deployments[0].verdict = Verdict::Current;
        let begun = first().started_at;
        known.add(again);
        // An audit that was cut off knows less.
        let mut cut = first();
        cut.interrupted = true;
        cut.deployments[0].verdict = Verdict::Unreachable;
        let audit = known.instead_of(cut);
        let verdicts: Vec<_> = audit.deployments.iter().map(|it| it.verdict).collect();
        assert_eq!(verdicts, [Verdict::Current, Verdict::Current]);
        assert!(audit.interrupted && audit.started_at == begun);
    }

    #[test]
    fn nothing_is_left_when_everything_is_current() {
        let audit = Scene::new()
            .project("shop")
            .deploy("done", [hop("process", [current()])])
            .audit();
        let left = Left::of(&audit);
        assert!(left.again.is_empty() && left.worse == 0 && left.told.is_empty());
    }
}
