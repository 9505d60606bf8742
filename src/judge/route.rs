use super::{DeploymentOutcome, HopOutcome, Outcome, Why};
use crate::verdict::{Fault, Verdict};

/// Makes a deployment of its judged hops: whose fault each bad one is, and where the fix goes.
#[must_use]
pub fn trace(deployment: u32, mut hops: Vec<HopOutcome>) -> DeploymentOutcome {
    for at in 0..hops.len() {
        let (before, rest) = hops.split_at_mut(at);
        let Some(hop) = rest.first_mut().filter(|hop| hop.verdict.is_drift()) else {
            continue;
        };
        let upstream = before.iter().rev().find(|hop| was_read(hop));
        // From a place where all is well, with whatever is or is not there, nothing bad comes.
        let inherited = upstream
            .is_some_and(|upstream| upstream.verdict.is_drift() && same_trouble(upstream, hop));
        hop.fault = Some(if inherited {
            Fault::Inherited
        } else {
            Fault::Own
        });
    }
    let indices = |test: &dyn Fn(&HopOutcome) -> bool| -> Box<[u16]> {
        let matching = hops.iter().enumerate().filter(|(_, hop)| test(hop));
        matching
            .filter_map(|(index, _)| u16::try_from(index).ok())
            .collect()
    };
    let causes = indices(&|hop| hop.fault == Some(Fault::Own));
    let unread = indices(&|hop| hop.verdict == Verdict::Unreachable);
    DeploymentOutcome {
        deployment,
        verdict: hops
            .iter()
            .map(|hop| hop.verdict)
            .min()
            .unwrap_or(Verdict::NotSelected),
        broken_at: causes.first().or(unread.first()).copied(),
        causes,
        hops: hops.into_boxed_slice(),
    }
}

/// Whether something was seen there, be it that nothing is there.
fn was_read(hop: &HopOutcome) -> bool {
    !matches!(hop.verdict, Verdict::Unreachable | Verdict::NotSelected)
}

/// Whether two hops went wrong alike: the same key with the same damage, the same unknown key, or
/// nothing there at all.
fn same_trouble(upstream: &HopOutcome, hop: &HopOutcome) -> bool {
    upstream
        .leading()
        .zip(hop.leading())
        .is_some_and(|(upstream, lead)| same_holding(upstream, lead))
}

fn same_holding(a: &Outcome, b: &Outcome) -> bool {
    match (&a.why, &b.why) {
        (
            Why::Holds {
                key: one,
                also: beside,
                damage,
                ..
            },
            Why::Holds {
                key: other,
                also: beside_other,
                damage: other_damage,
                ..
            },
        ) => {
            // One key with another one beside it did not come from where it stands alone.
            let same_keys = || {
                beside.len() == beside_other.len()
                    && beside.iter().all(|key| beside_other.contains(key))
            };
            one == other && damage == other_damage && (same_value(a, b) || same_keys())
        }
        (Why::Unexplained { .. }, Why::Unexplained { .. }) => same_value(a, b),
        (Why::NotThere, Why::NotThere) => true,
        (Why::Placeholder(a, _), Why::Placeholder(b, _)) => a == b,
        _ => false,
    }
}

fn same_value(a: &Outcome, b: &Outcome) -> bool {
    let both = a.fingerprint.zip(b.fingerprint);
    both.is_some_and(|(a, b)| a.agrees(&b))
}
