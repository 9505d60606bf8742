use std::time::Duration;

/// How hard the fetcher may try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many calls are under way at once.
    pub concurrency: usize,
    /// How many of them go to one host.
    pub per_host: usize,
    /// How often a call that failed for a passing reason is made again.
    pub retries: u32,
    /// How long one call may take.
    pub timeout: Duration,
    /// How long all reading together may take; what is unread then is unreachable.
    pub deadline: Option<Duration>,
}

impl Limits {
    /// What holds unless it is said otherwise.
    pub const DEFAULT: Self = Self {
        concurrency: 64,
        per_host: 10,
        retries: 3,
        timeout: Duration::from_secs(10),
        deadline: None,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
