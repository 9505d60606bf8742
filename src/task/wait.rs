//! Auditing again and again until what is selected has the current key.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::audit::Audit;
use crate::explain::when;
use crate::gate::waived;
use crate::judge::{DeploymentOutcome, Outcome};
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
    fn nothing_is_left_when_everything_is_current() {
        let audit = Scene::new()
            .project("shop")
            .deploy("done", [hop("process", [current()])])
            .audit();
        let left = Left::of(&audit);
        assert!(left.again.is_empty() && left.worse == 0 && left.told.is_empty());
    }
}
