//! What a reading weighs against success.

use crate::audit::Policy;
use crate::judge::{DeploymentOutcome, HopOutcome};
use crate::verdict::{Evidence, Verdict};

/// Why something speaks against success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// The policy fails on it.
    Drift,
    /// It was not read.
    Unread,
    /// The route ends with it, and it proves nothing.
    Unproven,
}

/// What a verdict weighs before any waiver; `None` when it passes.
pub fn weigh(policy: &Policy, verdict: Verdict, is_last: bool) -> Option<Weight> {
    match verdict {
        Verdict::NotSelected => None,
        verdict if policy.fail_on.contains(&verdict) => Some(Weight::Drift),
        Verdict::Unreachable => Some(Weight::Unread),
        Verdict::Unverified if is_last && !policy.accept_unverified => Some(Weight::Unproven),
        _ => None,
    }
}

/// The last hop that `--until` left in.
pub fn last_selected(outcome: &DeploymentOutcome) -> Option<usize> {
    outcome
        .hops
        .iter()
        .rposition(|hop| hop.verdict != Verdict::NotSelected)
}

/// What each replica turned out to be. The hop's verdict is only the worst of them, and a waiver
/// that accepts the worst one must not hide the others.
pub fn sights(hop: &HopOutcome) -> impl Iterator<Item = (Verdict, Evidence)> + '_ {
    let whole = hop
        .readings
        .is_empty()
        .then_some((hop.verdict, hop.evidence));
    let readings = hop
        .readings
        .iter()
        .map(|reading| (reading.verdict, reading.evidence));
    whole.into_iter().chain(readings)
}

/// What a reading counts as: at the end of a route, current without proof proves nothing.
pub fn counted(verdict: Verdict, evidence: Evidence, last: bool) -> Verdict {
    if last && verdict == Verdict::Current && !evidence.proves() {
        Verdict::Unverified
    } else {
        verdict
    }
}
