use anstyle::Style;

use super::paint;
use crate::explain::Spot;
use crate::verdict::{Evidence, Fault, Verdict};

/// What a hop looks like at a glance. Glyph and colour both tell, so that either is enough. In the
/// order in which they are explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    /// Proven, or as good as the route before its end has to be.
    Good,
    /// The reference itself, which proves nothing further on.
    Reference,
    /// It went wrong here.
    Broken,
    /// It went wrong earlier.
    Follows,
    /// Not read.
    Unread,
    /// Read, and nothing proven.
    Unproven,
    /// A finding that somebody accepted.
    Waived,
    /// Nothing had to be here.
    NotRequired,
    /// Left out by `--until`.
    NotSelected,
}

impl Sight {
    /// Of one hop.
    pub fn of(spot: &Spot<'_>) -> Self {
        let judged = spot.judged;
        if spot.waiver().is_some() {
            return Self::Waived;
        }
        match judged.verdict {
            Verdict::Current if spot.is_unproven() => Self::Unproven,
            Verdict::Current if judged.evidence == Evidence::Reference => Self::Reference,
            verdict if verdict.is_drift() && judged.fault == Some(Fault::Inherited) => {
                Self::Follows
            }
            verdict => Self::of_verdict(verdict),
        }
    }

    /// Of a verdict by itself.
    pub fn of_verdict(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Current => Self::Good,
            Verdict::Unreachable => Self::Unread,
            Verdict::Unverified => Self::Unproven,
            Verdict::NotRequired => Self::NotRequired,
            Verdict::NotSelected => Self::NotSelected,
            _ => Self::Broken,
        }
    }

    pub fn glyph(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Reference => "=",
            Self::Broken => "✗",
            Self::Follows => "↳",
            Self::Unread => "?",
            Self::Unproven => "~",
            Self::Waived => "○",
            Self::NotRequired => "-",
            Self::NotSelected => "·",
        }
    }

    pub fn style(self) -> Style {
        match self {
            Self::Good | Self::Reference => paint::GOOD,
            Self::Broken => paint::BAD,
            Self::Follows => paint::FOLLOWS,
            Self::Unread | Self::Unproven => paint::DOUBTFUL,
            Self::Waived => paint::ACCEPTED,
            Self::NotRequired | Self::NotSelected => paint::IDLE,
        }
    }

    /// What the glyph stands for.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Good => "current",
            Self::Reference => "the reference itself",
            Self::Broken => "broken here",
            Self::Follows => "broken before",
            Self::Unread => "not read",
            Self::Unproven => "proves nothing",
            Self::Waived => "waived",
            Self::NotRequired => "not required",
            Self::NotSelected => "not selected",
        }
    }

    /// Whether a reader looks for it.
    pub fn stands_out(self) -> bool {
        matches!(
            self,
            Self::Broken | Self::Follows | Self::Unread | Self::Unproven | Self::Waived
        )
    }
}
