use super::damage::Damage;
use super::embedded::Inside;
use super::wire::Wire;
use crate::key::{Fingerprint, Secret};

/// A key scope: one project in one environment. Index into the inventory's projects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProjectId(pub u32);

/// Which of a project's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// What deployments should hold.
    Current,
    /// What they may hold already.
    Next,
    /// What they should hold no longer.
    Previous,
}

/// Names one known key, for as long as an audit takes: a project, and an index into the book of its keys.
/// How old a previous key is may change with what is learned, and is asked of that book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId {
    /// Whose key it is.
    pub project: ProjectId,
    index: u32,
}

impl KeyId {
    const CURRENT: u32 = 0;
    const NEXT: u32 = 1;
    const LAST_SURE: u32 = 2;
    const SUSPECTED: u32 = 3;
    const FIRST_PREVIOUS: u32 = 4;

    const fn named(project: ProjectId, index: u32) -> Self {
        Self { project, index }
    }

    /// A project's current key.
    #[must_use]
    pub const fn current(project: ProjectId) -> Self {
        Self::named(project, Self::CURRENT)
    }

    /// Its next one.
    #[must_use]
    pub const fn next(project: ProjectId) -> Self {
        Self::named(project, Self::NEXT)
    }

    /// The last key that surely was its current one, where that cannot be believed now.
    #[must_use]
    pub const fn last_sure(project: ProjectId) -> Self {
        Self::named(project, Self::LAST_SURE)
    }

    /// The key that its reference changed to before it was lost, while nothing tells whether that was right.
    #[must_use]
    pub const fn suspected(project: ProjectId) -> Self {
        Self::named(project, Self::SUSPECTED)
    }

    /// One of its previous keys, by when it was learned of.
    #[must_use]
    pub const fn previous(project: ProjectId, nth: u32) -> Self {
        Self::named(project, Self::FIRST_PREVIOUS.saturating_add(nth))
    }

    /// What it is to its project.
    #[must_use]
    pub const fn role(self) -> Role {
        match self.index {
            Self::CURRENT | Self::LAST_SURE | Self::SUSPECTED => Role::Current,
            Self::NEXT => Role::Next,
            _ => Role::Previous,
        }
    }

    /// By when it was learned of, where it is a previous key.
    #[must_use]
    pub const fn nth(self) -> Option<u32> {
        self.index.checked_sub(Self::FIRST_PREVIOUS)
    }

    pub(super) fn index(self) -> usize {
        self.index as usize
    }
}

/// One known key: by value where it could be read, else by fingerprint.
pub struct Known {
    id: KeyId,
    secret: Option<Secret>,
    fingerprint: Fingerprint,
}

impl Known {
    /// A key whose bytes are at hand, so that its damaged forms can be recognised too.
    #[must_use]
    pub fn by_value(id: KeyId, secret: Secret) -> Self {
        let fingerprint = secret.fingerprint();
        Self {
            id,
            secret: Some(secret),
            fingerprint,
        }
    }

    /// A key of which only this much is known.
    #[must_use]
    pub fn by_fingerprint(id: KeyId, fingerprint: Fingerprint) -> Self {
        Self {
            id,
            secret: None,
            fingerprint,
        }
    }

    /// Whose it is, and which.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// At full length when known by value, else as it was declared.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Its bytes and their fingerprint, where they are at hand.
    pub(super) fn value(&self) -> Option<(&[u8], &Fingerprint)> {
        Some((self.secret.as_ref()?.expose(), &self.fingerprint))
    }

    /// Its bytes, where they are at hand.
    #[must_use]
    pub fn secret(&self) -> Option<&Secret> {
        self.secret.as_ref()
    }
}

/// Which known key something is, and what happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Never empty, and more than one when several keys fit. Best first: the own project's current,
    /// next and previous keys, then those of others. Inside a larger value every key that stands
    /// there, the worst first: own previous keys, those of others, then the own current and next one.
    pub keys: Vec<KeyId>,
    /// From the outermost to the innermost; empty when it is the key itself. Of several keys inside a
    /// larger value this is the first one's.
    pub damage: Box<[Damage]>,
    /// Where the keys stand inside a larger value.
    pub inside: Option<Box<Inside>>,
    /// What becomes of the whole value, damage and all, when it is sent.
    pub wire: Wire,
}

impl Explanation {
    /// Whether other characters than the key's make the difference, or some of them are gone.
    pub(super) fn is_of_other_characters(&self) -> bool {
        self.damage.iter().any(|damage| damage.changes_the_key())
    }
}

/// The first 8 digits.
pub(super) fn prefix(fingerprint: &Fingerprint) -> u32 {
    let [a, b, c, d, ..] = *fingerprint.bytes();
    u32::from_be_bytes([a, b, c, d])
}
