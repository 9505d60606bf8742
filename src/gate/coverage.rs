use schemars::JsonSchema;
use serde::Serialize;

use crate::audit::Audit;
use crate::judge::HopOutcome;
use crate::verdict::Verdict;

/// How much of what was declared was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Coverage {
    /// Places.
    pub hops: HopCoverage,
    /// Replicas at those places.
    pub readings: ReadingCoverage,
}

/// Places, counted once for each deployment whose route they are on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HopCoverage {
    /// On the routes of the selected deployments.
    pub declared: usize,
    /// Not left out by `--until`.
    pub selected: usize,
    /// Every replica there could be read.
    pub read: usize,
    /// Every replica there is judged by value or fingerprint.
    pub proven: usize,
}

/// Replicas; a place that could not be read at all counts as one that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReadingCoverage {
    /// Those that could be read.
    pub read: usize,
    /// Those that could not.
    pub failed: usize,
    /// Those judged by value or fingerprint.
    pub proven: usize,
}

impl Coverage {
    /// Counts.
    #[must_use]
    pub fn of(audit: &Audit) -> Self {
        let mut coverage = Self::default();
        for hop in audit.deployments.iter().flat_map(|outcome| &outcome.hops) {
            coverage.add(hop);
        }
        coverage
    }

    fn add(&mut self, hop: &HopOutcome) {
        self.hops.declared += 1;
        if hop.verdict == Verdict::NotSelected {
            return;
        }
        self.hops.selected += 1;
        let all = hop.readings.len();
        let failed = hop
            .readings
            .iter()
            .filter(|reading| reading.verdict == Verdict::Unreachable)
            .count();
        // What is not required passes, but nothing was shown to be right.
        let proven = hop
            .readings
            .iter()
            .filter(|reading| reading.evidence.proves() && reading.verdict != Verdict::NotRequired)
            .count();
        self.hops.read += usize::from(all > 0 && failed == 0);
        self.hops.proven += usize::from(all > 0 && proven == all);
        self.readings.read += all - failed;
        self.readings.failed += failed;
        self.readings.proven += proven;
    }

    /// Whether all that was selected was seen: every replica and every selected project's reference.
    #[must_use]
    pub fn is_complete(&self, audit: &Audit) -> bool {
        let references = audit.projects.iter().filter(|project| project.selected);
        self.hops.read == self.hops.selected
            && !audit.interrupted
            && references
                .map(|project| project.verdict)
                .all(|verdict| !matches!(verdict, Verdict::Unreachable | Verdict::Unverified))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        Scene, current, failed, hop, not_required, not_selected, stale, timed,
    };
    use super::*;
    use crate::judge::TimeProof;

    #[test]
    fn what_was_not_seen_is_counted_and_what_was_not_asked_for_is_not() {
        let audit = Scene::new()
            .project("shop")
            .deploy(
                "cart",
                [
                    hop("vault", [current()]),
                    hop("kubernetes_pods", [current().of("a"), failed().of("b")]),
                    hop("bundle", [not_required()]),
                ],
            )
            .deploy(
                "mail",
                [
                    hop("vault", [failed()]),
                    hop("process", [stale(0), timed(TimeProof::AfterRotation)]),
                    not_selected("bundle"),
                ],
            )
            .audit();
        let coverage = Coverage::of(&audit);
        assert_eq!(
            coverage.hops,
            HopCoverage {
                declared: 6,
                selected: 5,
                read: 3,
                proven: 1
            }
        );
        assert_eq!(
            coverage.readings,
            ReadingCoverage {
                read: 5,
                failed: 2,
                proven: 3
            }
        );
        assert!(!coverage.is_complete(&audit));
    }

    #[test]
    fn complete_means_every_replica_every_reference_and_the_end() {
        let scene = || {
            Scene::new()
                .project("shop")
                .deploy("cart", [hop("env", [stale(0)])])
        };
        let complete = |audit: &Audit| Coverage::of(audit).is_complete(audit);
        assert!(complete(&scene().audit()));
        assert!(!complete(
            &scene().with(|audit| audit.interrupted = true).audit()
        ));
        assert!(!complete(&scene().unread_reference("shop").audit()));
        let unselected = |audit: &mut Audit| audit.projects[1].selected = false;
        assert!(complete(
            &scene()
                .project("mail")
                .unread_reference("mail")
                .with(unselected)
                .audit()
        ));
    }
}
