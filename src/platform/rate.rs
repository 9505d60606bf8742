use std::time::Duration;

/// How many calls a server takes within a stretch of time, however they are spread over it. Asks with equal
/// rates at one host are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// How many.
    pub calls: u32,
    /// Within how long.
    pub within: Duration,
}

impl Rate {
    /// This many in any second.
    #[must_use]
    pub const fn per_second(calls: u32) -> Self {
        Self {
            calls,
            within: Duration::from_secs(1),
        }
    }

    /// This many in any minute.
    #[must_use]
    pub const fn per_minute(calls: u32) -> Self {
        Self {
            calls,
            within: Duration::from_secs(60),
        }
    }
}
