/// What straggler tells its caller. The numbers are the contract of the command line.
///
/// Declared weakest first: of two codes, the one further down is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExitCode {
    /// No drift, everything selected was read, and every selected deployment's last selected hop is
    /// proven current, waived or not required.
    Success,
    /// No drift was seen, but something was unreachable, or a last hop proves nothing.
    Incomplete,
    /// straggler could not finish its own job: a report, the ledger or a notification failed.
    Unfinished,
    /// A faulty reference, a verdict that the policy fails on, or an expired waiver.
    Drift,
    /// Interrupted; what was known is reported.
    Interrupted,
    /// A usage or configuration error, selecting nothing among them; nothing was read.
    Usage,
}

impl ExitCode {
    /// Every code, weakest first.
    pub const ALL: [Self; 6] = [
        Self::Success,
        Self::Incomplete,
        Self::Unfinished,
        Self::Drift,
        Self::Interrupted,
        Self::Usage,
    ];

    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Drift => 1,
            Self::Usage => 2,
            Self::Incomplete => 3,
            Self::Unfinished => 4,
            Self::Interrupted => 130,
        }
    }

    /// The one to exit with when both happened.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.max(other)
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        code.code().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_take_precedence_in_the_order_of_the_contract() {
        let strongest_first: Vec<_> = ExitCode::ALL.iter().rev().map(|code| code.code()).collect();
        assert_eq!(strongest_first, [2, 130, 1, 4, 3, 0]);
        for (index, &code) in ExitCode::ALL.iter().enumerate() {
            for &weaker in &ExitCode::ALL[..=index] {
                assert_eq!(weaker.and(code), code);
                assert_eq!(code.and(weaker), code);
            }
        }
    }
}
