use std::time::Duration;

/// How hard the fetcher may try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many calls are under way at once.
    pub concurrency: usize,
    /// How long one call may take.
    pub timeout: Duration,
    /// How long all reading together may take; what is unread then is unreachable.
    pub deadline: Option<Duration>,
}

impl Limits {
    /// What holds unless it is said otherwise.
    pub const DEFAULT: Self = Self {
        concurrency: 64,
        timeout: Duration::from_secs(10),
        deadline: None,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
