//! The words that targets.yaml, the judge and every report share.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a reading, a hop or a deployment turned out to be, worst first: the smaller, the worse.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Holds a previous key that is dead.
    Revoked,
    /// Holds a previous key, or was provably fixed before the current key existed.
    Stale,
    /// Holds another project's key, or this project's key of another environment.
    WrongProject,
    /// Holds a damaged current or next key.
    Malformed,
    /// The place was read and the key is not there, is empty or is a placeholder.
    Missing,
    /// Holds a value that is no known key.
    Unknown,
    /// Could not be read. Never drift, never fine.
    Unreachable,
    /// Was read, but what is readable proves nothing.
    Unverified,
    /// Holds the current key, or the next one.
    Current,
    /// `expect` asked for nothing here, and nothing speaks against it.
    NotRequired,
    /// Left out by `--until`, so nothing is said of it.
    NotSelected,
}

impl Verdict {
    /// Every verdict, worst first.
    pub const ALL: [Self; 11] = [
        Self::Revoked,
        Self::Stale,
        Self::WrongProject,
        Self::Malformed,
        Self::Missing,
        Self::Unknown,
        Self::Unreachable,
        Self::Unverified,
        Self::Current,
        Self::NotRequired,
        Self::NotSelected,
    ];

    /// The name used in YAML, JSON and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Stale => "stale",
            Self::WrongProject => "wrong-project",
            Self::Malformed => "malformed",
            Self::Missing => "missing",
            Self::Unknown => "unknown",
            Self::Unreachable => "unreachable",
            Self::Unverified => "unverified",
            Self::Current => "current",
            Self::NotRequired => "not-required",
            Self::NotSelected => "not-selected",
        }
    }

    /// Whether something known to be wrong was seen.
    #[must_use]
    pub fn is_drift(self) -> bool {
        self <= Self::Unknown
    }

    /// Whether nothing was seen there.
    #[must_use]
    pub fn shows_nothing(self) -> bool {
        use Verdict::{Missing, NotRequired, NotSelected, Unreachable};
        matches!(self, Missing | Unreachable | NotRequired | NotSelected)
    }

    /// Whether there is something to tell: drift, or a place that proved nothing.
    #[must_use]
    pub fn is_finding(self) -> bool {
        self <= Self::Unverified
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a verdict rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// The bytes themselves were hashed here.
    Value,
    /// A fingerprint was compared.
    Fingerprint,
    /// Only times speak.
    Timestamp,
    /// Somebody's claim: a label, a variable beside the secret.
    Attested,
    /// The hop is the place the reference was read from.
    Reference,
    /// Nothing.
    None,
}

impl Evidence {
    /// The name used in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Fingerprint => "fingerprint",
            Self::Timestamp => "timestamp",
            Self::Attested => "attested",
            Self::Reference => "reference",
            Self::None => "none",
        }
    }

    /// Whether a verdict that rests on this is proven.
    #[must_use]
    pub fn proves(self) -> bool {
        matches!(self, Self::Value | Self::Fingerprint)
    }
}

/// How far a place lies on a key's way from the dashboard to the browser.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// A secret store.
    Store,
    /// What a platform will hand to the next process it starts.
    Config,
    /// What a running process holds.
    Running,
    /// What was built in and shipped.
    Bundle,
}

impl Stage {
    /// Every stage, in the order a key travels.
    pub const ALL: [Self; 4] = [Self::Store, Self::Config, Self::Running, Self::Bundle];

    /// The name used in YAML, JSON and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Config => "config",
            Self::Running => "running",
            Self::Bundle => "bundle",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a deployment or a hop should hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Expectation {
    /// The project's current key.
    #[default]
    Current,
    /// The current key or nothing: absent or empty passes, as `not-required`.
    Optional,
    /// Nothing: any known key there is drift.
    Absent,
}

/// Whether a bad hop went wrong by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// It went wrong here: this is where the fix goes.
    Own,
    /// The nearest read hop before it holds the same key with the same damage.
    Inherited,
}

impl Fault {
    /// The name used in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Inherited => "inherited",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_serialized_ones_and_order_is_worst_first() {
        for verdict in Verdict::ALL {
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.name());
        }
        for stage in Stage::ALL {
            assert_eq!(serde_json::to_value(stage).unwrap(), stage.name());
        }
        assert!(Verdict::ALL.is_sorted() && Stage::ALL.is_sorted());
    }

    #[test]
    fn out_of_sight_is_a_finding_but_never_drift() {
        assert!(Verdict::Unknown.is_drift() && !Verdict::Unreachable.is_drift());
        assert!(Verdict::Unverified.is_finding() && !Verdict::Current.is_finding());
        assert!(!Verdict::NotRequired.is_finding());
    }
}
