use super::selection::finding;
use crate::audit::Policy;
use crate::verdict::Verdict;

/// What counts as failure.
#[derive(clap::Args)]
#[command(next_help_heading = "Exit code")]
pub(super) struct Judgement {
    /// Exit with 1 on these verdicts instead of on any drift
    #[arg(long, value_name = "VERDICT,…", value_delimiter = ',', value_parser = finding(), hide_possible_values = true)]
    fail_on: Option<Vec<Verdict>>,

    /// Let a last hop pass that was read but proves nothing
    #[arg(long, value_name = "unverified", value_parser = ["unverified"], hide_possible_values = true)]
    accept: Option<String>,
}

impl Judgement {
    pub(super) fn policy(&self) -> Policy {
        let mut policy = Policy {
            accept_unverified: self.accept.is_some(),
            ..Policy::default()
        };
        if let Some(fail_on) = &self.fail_on {
            policy.fail_on.clone_from(fail_on);
        }
        policy
    }
}
