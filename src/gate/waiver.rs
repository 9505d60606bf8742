use std::ops::Range;

use super::weight::{counted, last_selected, sights, weigh};
use crate::audit::Audit;
use crate::inventory::Waiver;
use crate::judge::DeploymentOutcome;
use crate::verdict::Verdict;

/// A waiver whose time is over.
#[derive(Clone, Copy)]
pub struct Expired<'a> {
    /// Index into the audit's deployments.
    pub deployment: usize,
    /// The hop it stands at; `None` when it is the whole deployment's.
    pub hop: Option<usize>,
    /// What it was.
    pub waiver: &'a Waiver,
}

/// The waiver in force at a hop that accepts this verdict there: the hop's own, else its deployment's.
#[must_use]
pub fn covered<'a>(
    audit: &'a Audit,
    outcome: &DeploymentOutcome,
    hop: usize,
    verdict: Verdict,
) -> Option<&'a Waiver> {
    let deployment = audit
        .inventory
        .deployments
        .get(outcome.deployment as usize)?;
    let own = deployment
        .hops
        .get(hop)
        .and_then(|hop| hop.waiver.as_deref());
    [own, deployment.waiver.as_deref()]
        .into_iter()
        .flatten()
        .find(|waiver| in_force(audit, waiver) && waiver.verdicts.contains(&verdict))
}

/// The waiver that accepts what was found at a hop; `None` when nothing was to be accepted, or when
/// something counts that no waiver covers.
#[must_use]
pub fn accepted<'a>(
    audit: &'a Audit,
    outcome: &DeploymentOutcome,
    hop: usize,
) -> Option<&'a Waiver> {
    worst_accepted(audit, outcome, hop..hop + 1)
}

/// The waiver that accepts the worst of a deployment, when everything that counts there is accepted.
#[must_use]
pub fn waived<'a>(audit: &'a Audit, outcome: &DeploymentOutcome) -> Option<&'a Waiver> {
    worst_accepted(audit, outcome, 0..outcome.hops.len())
}

fn worst_accepted<'a>(
    audit: &'a Audit,
    outcome: &DeploymentOutcome,
    hops: Range<usize>,
) -> Option<&'a Waiver> {
    let last = last_selected(outcome);
    let mut worst: Option<(Verdict, &Waiver)> = None;
    for index in hops {
        for (verdict, evidence) in sights(outcome.hops.get(index)?) {
            let is_last = last == Some(index);
            let verdict = counted(verdict, evidence, is_last);
            let counts = weigh(&audit.policy, verdict, is_last).is_some();
            if !counts && !verdict.is_finding() {
                continue;
            }
            match covered(audit, outcome, index, verdict) {
                Some(waiver) if worst.is_none_or(|(other, _)| verdict < other) => {
                    worst = Some((verdict, waiver));
                }
                None if counts => return None,
                _ => {}
            }
        }
    }
    worst.map(|(_, waiver)| waiver)
}

/// Every expired waiver on what was selected, as declared. One on a route template or a matrix comes
/// once for each deployment that it stands for.
#[must_use]
pub fn expired_waivers(audit: &Audit) -> Vec<Expired<'_>> {
    let mut expired = Vec::new();
    for (deployment, outcome) in audit.deployments.iter().enumerate() {
        let Some(declared) = audit.inventory.deployments.get(outcome.deployment as usize) else {
            continue;
        };
        let whole = (None, outcome.verdict, declared.waiver.as_deref());
        let hops = declared.hops.iter().zip(&outcome.hops).enumerate();
        let hops =
            hops.map(|(index, (hop, judged))| (Some(index), judged.verdict, hop.waiver.as_deref()));
        for (hop, verdict, waiver) in std::iter::once(whole).chain(hops) {
            if let Some(waiver) = waiver
                && verdict != Verdict::NotSelected
                && !in_force(audit, waiver)
            {
                expired.push(Expired {
                    deployment,
                    hop,
                    waiver,
                });
            }
        }
    }
    expired
}

fn in_force(audit: &Audit, waiver: &Waiver) -> bool {
    audit.generated_at < waiver.until
}
