//! Kinds of trouble that can be left out, to look at the rest.

/// What may come up in a world. `STRAGGLER_WORLDS_WITHOUT` names those that may not, between commas.
#[derive(Clone, Debug)]
pub struct Kinds(Vec<String>);

impl Kinds {
    /// A key inside a larger value.
    pub const EMBEDDED: &'static str = "embedded";
    /// A key beside the part of a file that a hop takes.
    pub const BESIDE: &'static str = "beside";
    /// Damage by encodings, terminals, markup and typography.
    pub const MARKUP: &'static str = "markup";
    /// Two projects with one key, fingerprints of nothing.
    pub const REFERENCES: &'static str = "references";
    /// The place of the reference under another spelling.
    pub const SPELLING: &'static str = "spelling";
    /// Masks and what a resolver replaces later.
    pub const STAND_INS: &'static str = "stand-ins";
    /// `expect: absent` over values that nobody knows.
    pub const STRICT_ABSENT: &'static str = "strict-absent";
    /// Which hop is to blame beside one that is fine.
    pub const BLAME: &'static str = "blame";
    /// `revoked_at` to come, under `rotation: immediate`.
    pub const DEAD_LATER: &'static str = "dead-later";
    /// What `revoke-check` does not see.
    pub const BLIND: &'static str = "blind";
    /// Fingerprints that `revoke-check --key` is asked about.
    pub const ASKED: &'static str = "asked";
    /// Readings that contradict themselves.
    pub const CONTRADICTIONS: &'static str = "contradictions";
    /// Answers in an encoding that nobody asked for.
    pub const UNDECODED: &'static str = "undecoded";
    /// Evidence for what is unverified.
    pub const UNPROVEN: &'static str = "unproven";
    /// A key that is another project's next one, under a reference that holds it as well.
    pub const HELD_NEXT: &'static str = "held-next";
    /// A whole line of an env file instead of the key.
    pub const PREFIX: &'static str = "prefix";
    /// `revoke-check` altogether.
    pub const REVOKE: &'static str = "revoke";

    /// What the environment says.
    pub fn from_environment() -> Self {
        let without = std::env::var("STRAGGLER_WORLDS_WITHOUT").unwrap_or_default();
        let without = without.split(',').filter(|name| !name.is_empty());
        Self(without.map(str::to_owned).collect())
    }

    pub fn has(&self, kind: &str) -> bool {
        !self.0.iter().any(|without| without == kind)
    }
}
