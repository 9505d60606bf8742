//! Which hops are findings of their own, and how bad each is.

use super::Spot;
use crate::inventory::Waiver;
use crate::judge::Why;
use crate::verdict::{Fault, Verdict};

/// What is to be told of a hop in its own right.
pub struct Finding<'a> {
    /// What it counts as.
    pub verdict: Verdict,
    /// Who accepted it.
    pub waiver: Option<&'a Waiver>,
}

impl<'a> Finding<'a> {
    /// `None` where nothing is wrong, and where it is told with another: what only follows from an
    /// earlier hop is told there, and what waits for a sound reference at the reference.
    pub fn of(spot: &Spot<'a>) -> Option<Self> {
        let lead = spot.judged.leading()?;
        let verdict = if spot.is_unproven() {
            Verdict::Unverified
        } else {
            spot.judged.verdict
        };
        if !verdict.is_finding() || matches!(lead.why, Why::NoReference) {
            return None;
        }
        // Only the end of a route has to prove something.
        let matters = spot.is_last() || spot.audit.policy.fail_on.contains(&verdict);
        if verdict == Verdict::Unverified && !matters {
            return None;
        }
        let waiver = spot.waiver();
        let cause = spot.cause();
        if spot.judged.fault == Some(Fault::Inherited)
            && cause.is_some_and(|cause| cause.waiver().is_none() || waiver.is_some())
        {
            return None;
        }
        Some(Self { verdict, waiver })
    }
}
