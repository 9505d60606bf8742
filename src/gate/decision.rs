use super::ExitCode;
use super::waiver::{covered, expired_waivers};
use super::weight::{Weight, counted, last_selected, sights, weigh};
use crate::audit::Audit;
use crate::judge::DeploymentOutcome;
use crate::verdict::Verdict;

/// What speaks for and against success, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// Selected deployments of which at least one hop was to be judged.
    pub judged: usize,
    /// Deployments with a verdict that the policy fails on and no waiver accepts.
    pub drifting: usize,
    /// Selected projects whose reference is known to be wrong.
    pub faulty_references: usize,
    /// Selected projects whose reference could not be read or shows no key.
    pub unread_references: usize,
    /// Deployments with a waiver whose time is over.
    pub expired_waivers: usize,
    /// Deployments of which something could not be read and no waiver accepts that.
    pub unread: usize,
    /// Deployments whose last selected hop was read but proves nothing.
    pub unproven: usize,
    /// Whether the audit was interrupted.
    pub interrupted: bool,
    /// Whether straggler could not finish its own job.
    pub unfinished: bool,
    /// Deployments that pass, by why they do.
    pub passing: Passing,
}

/// Deployments that nothing counts against, each once: by the first of these that is true of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passing {
    /// With drift that the policy does not fail on, by its worst verdict, worst first.
    pub uncounted: [usize; DRIFT],
    /// The last selected hop proves nothing, and the policy accepts that.
    pub accepted: usize,
    /// Everything that counts is waived.
    pub waived: usize,
    /// Nothing was required at the last selected hop.
    pub not_required: usize,
    /// The last selected hop is proven current, and one before it proves nothing.
    pub proven_late: usize,
    /// Proven current.
    pub proven: usize,
    /// Left out by `--until` as a whole.
    pub not_selected: usize,
}

/// How many verdicts are drift.
pub const DRIFT: usize = Verdict::Unknown as usize + 1;

/// Maps an audit to the code it exits with, as far as the audit decides it: a report that cannot be
/// written afterwards is added with [`ExitCode::and`].
#[must_use]
pub fn exit_code(audit: &Audit) -> ExitCode {
    Decision::of(audit).code()
}

impl Decision {
    /// Counts.
    #[must_use]
    pub fn of(audit: &Audit) -> Self {
        let mut decision = Self {
            interrupted: audit.interrupted,
            unfinished: audit.unfinished,
            ..Self::default()
        };
        let selected = audit.projects.iter().filter(|project| project.selected);
        for project in selected.filter(|project| !project.reference.is_sound()) {
            if project.verdict.is_drift() {
                decision.faulty_references += 1;
            } else {
                decision.unread_references += 1;
            }
        }
        for outcome in &audit.deployments {
            if outcome.verdict != Verdict::NotSelected {
                decision.judged += 1;
                decision.count(audit, outcome);
            } else {
                decision.passing.not_selected += 1;
            }
        }
        let mut expired: Vec<_> = expired_waivers(audit)
            .iter()
            .map(|expired| expired.deployment)
            .collect();
        expired.dedup();
        decision.expired_waivers = expired.len();
        decision
    }

    fn count(&mut self, audit: &Audit, outcome: &DeploymentOutcome) {
        let last = last_selected(outcome);
        let (mut drifts, mut unread, mut unproven) = (false, false, false);
        let mut pass = Pass::default();
        for (index, hop) in outcome.hops.iter().enumerate() {
            let is_last = last == Some(index);
            for (verdict, evidence) in sights(hop) {
                let verdict = counted(verdict, evidence, is_last);
                let weight = weigh(&audit.policy, verdict, is_last);
                // Asked only where something weighs, since most of a big audit is fine.
                if weight.is_some() && covered(audit, outcome, index, verdict).is_none() {
                    drifts |= weight == Some(Weight::Drift);
                    unread |= weight == Some(Weight::Unread);
                    unproven |= weight == Some(Weight::Unproven);
                } else {
                    pass.take(verdict, weight.is_some(), is_last);
                }
            }
        }
        self.drifting += usize::from(drifts);
        self.unread += usize::from(unread);
        self.unproven += usize::from(unproven);
        if !(drifts || unread || unproven) {
            self.passing.add(pass);
        }
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> ExitCode {
        let told = [
            (self.judged == 0, ExitCode::Usage),
            (self.interrupted, ExitCode::Interrupted),
            (self.unfinished, ExitCode::Unfinished),
            (
                self.drifting + self.faulty_references + self.expired_waivers > 0,
                ExitCode::Drift,
            ),
            (
                self.unread + self.unproven + self.unread_references > 0,
                ExitCode::Incomplete,
            ),
        ];
        told.into_iter()
            .filter_map(|(applies, code)| applies.then_some(code))
            .fold(ExitCode::Success, ExitCode::and)
    }
}

/// What a deployment passes with.
#[derive(Default)]
struct Pass {
    uncounted: Option<Verdict>,
    accepted: bool,
    waived: bool,
    /// What the last selected hop requires, of any replica.
    required: bool,
    unproven_before: bool,
}

impl Pass {
    fn take(&mut self, verdict: Verdict, waived: bool, is_last: bool) {
        let uncounted = Some(verdict).filter(|verdict| verdict.is_drift() && !waived);
        self.uncounted = self.uncounted.into_iter().chain(uncounted).min();
        self.waived |= waived;
        let unverified = verdict == Verdict::Unverified && !waived;
        self.accepted |= unverified && is_last;
        self.unproven_before |= unverified && !is_last;
        self.required |= is_last && verdict != Verdict::NotRequired;
    }
}

impl Passing {
    fn add(&mut self, pass: Pass) {
        let count = match pass {
            Pass {
                uncounted: Some(verdict),
                ..
            } => &mut self.uncounted[verdict as usize],
            Pass { accepted: true, .. } => &mut self.accepted,
            Pass { waived: true, .. } => &mut self.waived,
            Pass {
                required: false, ..
            } => &mut self.not_required,
            Pass {
                unproven_before: true,
                ..
            } => &mut self.proven_late,
            _ => &mut self.proven,
        };
        *count += 1;
    }
}

#[cfg(test)]
mod tests;
