use std::fmt::Write as _;

use crate::gate::{Coverage, Decision, ExitCode};

/// What the exit code means for this audit: `drift in 3 deployments`.
#[must_use]
pub fn standing(decision: &Decision) -> String {
    let drift = join([
        count(
            decision.faulty_references,
            "faulty reference",
            "faulty references",
        ),
        count(decision.drifting, "deployment", "deployments")
            .map(|told| format!("drift in {told}")),
        count(
            decision.expired_waivers,
            "expired waiver",
            "expired waivers",
        ),
    ]);
    let unseen = join([
        count(
            decision.unread_references,
            "reference not read",
            "references not read",
        ),
        count(
            decision.unread,
            "deployment not wholly read",
            "deployments not wholly read",
        ),
        count(
            decision.unproven,
            "deployment not proven at its last hop",
            "deployments not proven at their last hop",
        ),
    ]);
    match decision.code() {
        ExitCode::Success => {
            "every selected deployment is proven current, waived or not required".to_owned()
        }
        ExitCode::Usage => "nothing was selected".to_owned(),
        ExitCode::Interrupted => "interrupted: this is what was known by then".to_owned(),
        ExitCode::Drift if unseen.is_empty() => drift,
        ExitCode::Drift => format!("{drift}; besides, {unseen}"),
        ExitCode::Incomplete => format!("no drift seen, but {unseen}"),
        ExitCode::Unfinished if unseen.is_empty() => {
            "no drift seen, but straggler could not finish its own job".to_owned()
        }
        ExitCode::Unfinished => {
            format!("no drift seen, but {unseen}; and straggler could not finish its own job")
        }
    }
}

/// How much was seen: `14 of 16 hops read, 12 proven`.
#[must_use]
pub fn coverage(coverage: &Coverage) -> String {
    let hops = coverage.hops;
    let plural = if hops.selected == 1 { "hop" } else { "hops" };
    let mut told = format!(
        "{} of {} {plural} read, {} proven",
        hops.read, hops.selected, hops.proven
    );
    let left_out = hops.declared - hops.selected;
    if left_out > 0 {
        // Writing to a String cannot fail.
        let _ = write!(told, ", {left_out} not selected");
    }
    told
}

fn count(count: usize, one: &str, many: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {many}")),
    }
}

fn join<const N: usize>(parts: [Option<String>; N]) -> String {
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::{HopCoverage, ReadingCoverage};

    #[test]
    fn each_code_is_said_with_its_reasons() {
        let good = Decision {
            judged: 9,
            ..Decision::default()
        };
        for (decision, told) in [
            (
                good,
                "every selected deployment is proven current, waived or not required",
            ),
            (Decision::default(), "nothing was selected"),
            (
                Decision {
                    drifting: 3,
                    faulty_references: 1,
                    expired_waivers: 2,
                    ..good
                },
                "1 faulty reference, drift in 3 deployments, 2 expired waivers",
            ),
            (
                Decision {
                    drifting: 1,
                    unread: 2,
                    ..good
                },
                "drift in 1 deployment; besides, 2 deployments not wholly read",
            ),
            (
                Decision {
                    unread: 1,
                    unproven: 1,
                    unread_references: 1,
                    ..good
                },
                "no drift seen, but 1 reference not read, 1 deployment not wholly read, 1 deployment \
                 not proven at its last hop",
            ),
            (
                Decision {
                    unfinished: true,
                    ..good
                },
                "no drift seen, but straggler could not finish its own job",
            ),
            (
                Decision {
                    unread: 1,
                    unfinished: true,
                    ..good
                },
                "no drift seen, but 1 deployment not wholly read; and straggler could not finish its own \
                 job",
            ),
            (
                Decision {
                    drifting: 1,
                    interrupted: true,
                    ..good
                },
                "interrupted: this is what was known by then",
            ),
        ] {
            assert_eq!(standing(&decision), told);
        }
    }

    #[test]
    fn coverage_tells_what_was_left_out() {
        let seen = |declared| Coverage {
            hops: HopCoverage {
                declared,
                selected: 16,
                read: 14,
                proven: 12,
            },
            readings: ReadingCoverage::default(),
        };
        assert_eq!(coverage(&seen(16)), "14 of 16 hops read, 12 proven");
        assert_eq!(
            coverage(&seen(20)),
            "14 of 16 hops read, 12 proven, 4 not selected"
        );
    }
}
