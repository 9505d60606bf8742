use std::time::Duration;

use super::duration;
use crate::fetch::Limits;

/// How hard to try.
#[derive(clap::Args)]
#[command(next_help_heading = "Reading")]
pub(super) struct Effort {
    /// How many reads may be under way at once
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
    concurrency: u16,

    /// How many of them may go to one host
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1024))]
    per_host: u16,

    /// How often a read that failed for a passing reason is tried again: 429, 408, 5xx, a reset, no answer
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(0..=10))]
    retries: u8,

    /// How long all reading of one audit may take; what is unread then is unreachable
    ///
    /// The ledger has what is left of it, and no less than 5 s.
    #[arg(long, value_name = "DURATION", value_parser = duration::duration)]
    pub(super) deadline: Option<Duration>,
}

/// How long one read may take.
#[derive(clap::Args)]
#[command(next_help_heading = "Reading")]
pub(super) struct Patience {
    /// How long one attempt at a read may take, such as `3s` or `500ms`; `--deadline` is for all of them
    #[arg(long, visible_alias = "read-timeout", value_name = "DURATION", default_value = "10s", value_parser = duration::duration)]
    pub(super) timeout: Duration,
}

impl Effort {
    pub(super) fn limits(&self, timeout: Duration) -> Limits {
        Limits {
            concurrency: self.concurrency.into(),
            per_host: self.per_host.into(),
            retries: self.retries.into(),
            timeout,
            deadline: self.deadline,
        }
    }
}
