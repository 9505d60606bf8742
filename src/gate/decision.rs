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
}

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
                }
            }
        }
        self.drifting += usize::from(drifts);
        self.unread += usize::from(unread);
        self.unproven += usize::from(unproven);
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

#[cfg(test)]
mod tests;
