use std::fmt::Write as _;

use crate::audit::Policy;
use crate::gate::{Coverage, Decision, ExitCode, Passing};
use crate::verdict::Verdict;

/// What the exit code means for this audit: `drift in 3 deployments`. What the policy lets pass is named.
#[must_use]
pub fn standing(decision: &Decision, policy: &Policy) -> String {
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
    let let_pass = let_pass(&decision.passing, policy);
    let told = match decision.code() {
        ExitCode::Success => return success(&decision.passing, let_pass),
        ExitCode::Usage => return "nothing was selected".to_owned(),
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
    };
    let parts: Vec<_> = std::iter::once(told).chain(let_pass).collect();
    parts.join("; ")
}

/// Why nothing counts against an audit, whatever it found.
fn success(passing: &Passing, let_pass: Vec<String>) -> String {
    let proven = Passing {
        proven: passing.proven,
        ..Passing::default()
    };
    if *passing == proven {
        return "every selected deployment is proven current".to_owned();
    }
    let named = [
        (passing.proven, "proven current"),
        (
            passing.proven_late,
            "proven current at the last hop, not before it",
        ),
        (passing.waived, "waived"),
        (passing.not_required, "not required"),
    ];
    let named = named
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"));
    let left_out =
        (passing.not_selected > 0).then(|| format!("{} left out by --until", passing.not_selected));
    let parts: Vec<_> = named.chain(let_pass).chain(left_out).collect();
    parts.join("; ")
}

/// What was found and does not count, because the command line says so.
fn let_pass(passing: &Passing, policy: &Policy) -> Vec<String> {
    let fail_on: Vec<_> = policy
        .fail_on
        .iter()
        .map(|verdict| verdict.name())
        .collect();
    let fail_on = fail_on.join(",");
    let uncounted = Verdict::ALL.into_iter().zip(passing.uncounted);
    let uncounted = uncounted
        .filter(|(_, count)| *count > 0)
        .map(|(verdict, count)| format!("{count} {verdict}, not counted (--fail-on {fail_on})"));
    let accepted = (passing.accepted > 0).then(|| {
        format!(
            "{} unverified, accepted (--accept unverified)",
            passing.accepted
        )
    });
    uncounted.chain(accepted).collect()
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
        let passing = |passing| Decision { passing, ..good };
        let proven = Passing {
            proven: 3,
            ..Passing::default()
        };
        for (decision, fail_on, told) in [
            (
                passing(proven),
                None,
                "every selected deployment is proven current",
            ),
            (Decision::default(), None, "nothing was selected"),
            (
                passing(Passing {
                    uncounted: [0, 1, 0, 0, 0, 0],
                    ..Passing::default()
                }),
                Some([Verdict::Revoked]),
                "1 stale, not counted (--fail-on revoked)",
            ),
            (
                passing(Passing {
                    uncounted: [2, 0, 0, 0, 0, 1],
                    accepted: 4,
                    ..proven
                }),
                Some([Verdict::Stale]),
                "3 proven current; 2 revoked, not counted (--fail-on stale); 1 unknown, not counted \
                 (--fail-on stale); 4 unverified, accepted (--accept unverified)",
            ),
            (
                passing(Passing {
                    waived: 1,
                    not_required: 2,
                    proven_late: 3,
                    proven: 0,
                    not_selected: 4,
                    ..Passing::default()
                }),
                None,
                "3 proven current at the last hop, not before it; 1 waived; 2 not required; 4 left out by --until",
            ),
            (
                Decision {
                    drifting: 3,
                    faulty_references: 1,
                    expired_waivers: 2,
                    ..good
                },
                None,
                "1 faulty reference, drift in 3 deployments, 2 expired waivers",
            ),
            (
                Decision {
                    drifting: 1,
                    unread: 2,
                    ..good
                },
                None,
                "drift in 1 deployment; besides, 2 deployments not wholly read",
            ),
            (
                Decision {
                    drifting: 1,
                    ..passing(Passing {
                        uncounted: [0, 0, 0, 0, 1, 0],
                        ..proven
                    })
                },
                Some([Verdict::Stale]),
                "drift in 1 deployment; 1 missing, not counted (--fail-on stale)",
            ),
            (
                Decision {
                    unread: 1,
                    unproven: 1,
                    unread_references: 1,
                    ..good
                },
                None,
                "no drift seen, but 1 reference not read, 1 deployment not wholly read, 1 deployment \
                 not proven at its last hop",
            ),
            (
                Decision {
                    unfinished: true,
                    ..good
                },
                None,
                "no drift seen, but straggler could not finish its own job",
            ),
            (
                Decision {
                    unread: 1,
                    unfinished: true,
                    ..good
                },
                None,
                "no drift seen, but 1 deployment not wholly read; and straggler could not finish its own \
                 job",
            ),
            (
                Decision {
                    unread: 1,
                    ..passing(Passing {
                        accepted: 1,
                        not_selected: 2,
                        ..proven
                    })
                },
                None,
                "no drift seen, but 1 deployment not wholly read; 1 unverified, accepted (--accept \
                 unverified)",
            ),
            (
                Decision {
                    drifting: 1,
                    interrupted: true,
                    ..good
                },
                None,
                "interrupted: this is what was known by then",
            ),
        ] {
            let mut policy = Policy::default();
            if let Some(fail_on) = fail_on {
                policy.fail_on = fail_on.to_vec();
            }
            assert_eq!(standing(&decision, &policy), told);
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
