use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use super::damage::Damage;
use super::embedded::Inside;
use super::format::Format;
use super::lookup::Lookup;
use super::tables::Tables;
use super::wire::Wire;
use super::{rewritten, spaced};
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
    /// What they should hold no longer; 0 is the most recent.
    Previous(u16),
}

impl Role {
    /// How many rotations behind the current key; 0 for the current and the next one.
    #[must_use]
    pub fn behind(self) -> u32 {
        match self {
            Self::Current | Self::Next => 0,
            Self::Previous(index) => u32::from(index) + 1,
        }
    }
}

/// Names one known key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId {
    /// Whose key it is.
    pub project: ProjectId,
    /// Which of its keys.
    pub role: Role,
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

    /// The same key under another name.
    #[must_use]
    pub fn renamed(self, id: KeyId) -> Self {
        Self { id, ..self }
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

/// Every key known: current, next and previous of every project and environment.
pub struct Keyring {
    known: Vec<Known>,
    /// By the first 8 digits, which every fingerprint has.
    by_prefix: HashMap<u32, Vec<usize>>,
    /// One index into `known` for each value, however many keys share it.
    values: Vec<usize>,
    /// Those of them that look like something else to some program, or have blanks of their own.
    rewritable: Vec<usize>,
    pub(super) tables: Tables,
    /// Each once.
    formats: Vec<Arc<Format>>,
    /// The projects that have one.
    formatted: HashSet<ProjectId>,
    /// Made when it is needed.
    lookup: OnceLock<Lookup>,
}

impl Keyring {
    /// Takes over every known key, and the names of the variables that keys are deployed in: a
    /// `NAME=` that was stored with the key is found from a fingerprint only for these names.
    #[must_use]
    pub fn new(known: Vec<Known>, variables: &[&str]) -> Self {
        let mut by_prefix = HashMap::<u32, Vec<usize>>::new();
        let mut values = Vec::new();
        for (index, key) in known.iter().enumerate() {
            let same_prefix = by_prefix.entry(prefix(&key.fingerprint)).or_default();
            let value_is_new = same_prefix
                .iter()
                .filter_map(|&other| known.get(other))
                .all(|other| other.secret.is_none() || other.fingerprint != key.fingerprint);
            if key.secret.is_some() && value_is_new {
                values.push(index);
            }
            same_prefix.push(index);
        }
        let rewritable = values
            .iter()
            .copied()
            .filter(|&index| {
                let secret = known.get(index).and_then(|key: &Known| key.secret.as_ref());
                secret.is_some_and(|secret| {
                    let key = secret.expose();
                    rewritten::applies_to(key) || spaced::removed(key).is_some()
                })
            })
            .collect();
        Self {
            known,
            by_prefix,
            values,
            rewritable,
            tables: Tables::new(variables),
            formats: Vec::new(),
            formatted: HashSet::new(),
            lookup: OnceLock::new(),
        }
    }

    /// The same, knowing what the keys of each project look like, as far as they have a format: parts
    /// of a value that fit one are compared with the keys of which only the fingerprint is known.
    #[must_use]
    pub fn with_formats<'f>(
        mut self,
        formats: impl IntoIterator<Item = Option<&'f Arc<Format>>>,
    ) -> Self {
        for (format, project) in formats.into_iter().zip(0..) {
            let Some(format) = format else { continue };
            self.formatted.insert(ProjectId(project));
            if !self.formats.iter().any(|known| Arc::ptr_eq(known, format)) {
                self.formats.push(Arc::clone(format));
            }
        }
        self
    }

    /// Every key, in the order given.
    #[must_use]
    pub fn known(&self) -> &[Known] {
        &self.known
    }

    /// Gives the keys back, in the order given.
    #[must_use]
    pub fn into_known(self) -> Vec<Known> {
        self.known
    }

    /// The keys that this is without any damage, by all the digits that both sides have. `own` is
    /// the project that asks.
    #[must_use]
    pub fn exact(&self, own: ProjectId, fingerprint: &Fingerprint) -> Option<Explanation> {
        self.explanation(own, [fingerprint], &[])
    }

    /// Whether keys with this fingerprint are known by value, and none of them has so many bytes.
    #[must_use]
    pub fn contradicts(&self, fingerprint: &Fingerprint, length: u64) -> bool {
        let with_value = self.agreeing(fingerprint).filter_map(Known::secret);
        let mut lengths = with_value.map(|secret| secret.len() as u64).peekable();
        lengths.peek().is_some() && lengths.all(|known| known != length)
    }

    /// Whether nobody saw what has this fingerprint, which was only told.
    #[must_use]
    pub fn is_hearsay(&self, fingerprint: &Fingerprint) -> bool {
        self.agreeing(fingerprint).all(|key| key.secret().is_none())
    }

    /// What keys look like: every format, each once.
    pub(super) fn formats(&self) -> &[Arc<Format>] {
        &self.formats
    }

    /// What a search inside values goes by.
    pub(super) fn lookup(&self) -> &Lookup {
        self.lookup.get_or_init(|| {
            let has_format = |key: &Known| self.formatted.contains(&key.id.project);
            Lookup::new(&self.known, self.values().map(|(key, _)| key), has_format)
        })
    }

    /// One of [`Self::values`], by its place among them.
    pub(super) fn value_at(&self, place: usize) -> Option<(&[u8], &Fingerprint)> {
        let key = self.known.get(*self.values.get(place)?)?;
        Some((key.secret.as_ref()?.expose(), &key.fingerprint))
    }

    /// The distinct values at hand.
    pub(super) fn values(&self) -> impl Iterator<Item = (&[u8], &Fingerprint)> + Clone {
        self.at(&self.values)
    }

    /// Those of them that look like something else to some program, or have blanks of their own.
    pub(super) fn rewritable(&self) -> impl Iterator<Item = (&[u8], &Fingerprint)> + Clone {
        self.at(&self.rewritable)
    }

    fn at(&self, indexes: &[usize]) -> impl Iterator<Item = (&[u8], &Fingerprint)> + Clone {
        indexes.iter().filter_map(|&index| {
            let key = self.known.get(index)?;
            Some((key.secret.as_ref()?.expose(), &key.fingerprint))
        })
    }

    /// Whether any known key agrees with this.
    pub(super) fn knows(&self, fingerprint: &Fingerprint) -> bool {
        self.agreeing(fingerprint).next().is_some()
    }

    /// Names the keys with these fingerprints, best first; `None` when there are none.
    pub(super) fn explanation<'f>(
        &self,
        own: ProjectId,
        fingerprints: impl IntoIterator<Item = &'f Fingerprint>,
        damage: &[Damage],
    ) -> Option<Explanation> {
        let mut keys: Vec<_> = fingerprints
            .into_iter()
            .flat_map(|fingerprint| self.agreeing(fingerprint))
            .map(Known::id)
            .collect();
        keys.sort_unstable_by_key(|key| (key.project != own, key.role, key.project));
        keys.dedup();
        (!keys.is_empty()).then(|| Explanation {
            keys,
            damage: damage.into(),
            inside: None,
            wire: Wire::default(),
        })
    }

    pub(super) fn agreeing(&self, fingerprint: &Fingerprint) -> impl Iterator<Item = &Known> {
        self.by_prefix
            .get(&prefix(fingerprint))
            .into_iter()
            .flatten()
            .filter_map(|&index| self.known.get(index))
            .filter(move |key| key.fingerprint.agrees(fingerprint))
    }
}

/// The first 8 digits.
pub(super) fn prefix(fingerprint: &Fingerprint) -> u32 {
    let [a, b, c, d, ..] = *fingerprint.bytes();
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Digits;

    fn id(project: u32, role: Role) -> KeyId {
        KeyId {
            project: ProjectId(project),
            role,
        }
    }

    fn value(project: u32, role: Role, bytes: &str) -> Known {
        Known::by_value(id(project, role), Secret::copied(bytes.as_bytes()))
    }

    fn short(project: u32, role: Role, bytes: &str, digits: u8) -> Known {
        let digits = Digits::new(digits).unwrap();
        Known::by_fingerprint(
            id(project, role),
            Fingerprint::of(bytes.as_bytes()).cut(digits),
        )
    }

    #[test]
    fn exact_matches_use_the_digits_both_sides_have() {
        let ring = Keyring::new(
            vec![
                value(0, Role::Current, "current-key"),
                short(0, Role::Previous(0), "previous-key", 9),
            ],
            &[],
        );
        let whole = Fingerprint::of(b"previous-key");
        let found = ring.exact(ProjectId(0), &whole).unwrap();
        assert_eq!(found.keys, [id(0, Role::Previous(0))]);
        assert!(found.damage.is_empty());
        let cut = Fingerprint::of(b"current-key").cut(Digits::MIN);
        assert_eq!(
            ring.exact(ProjectId(0), &cut).unwrap().keys,
            [id(0, Role::Current)]
        );
        assert_eq!(ring.exact(ProjectId(0), &Fingerprint::of(b"other")), None);
    }

    #[test]
    fn own_keys_come_first_then_others_by_role() {
        let ring = Keyring::new(
            vec![
                value(2, Role::Previous(0), "shared"),
                value(1, Role::Previous(1), "shared"),
                short(3, Role::Current, "shared", 12),
                value(1, Role::Next, "shared"),
                value(0, Role::Current, "shared"),
            ],
            &[],
        );
        let found = ring
            .exact(ProjectId(1), &Fingerprint::of(b"shared"))
            .unwrap();
        assert_eq!(
            found.keys,
            [
                id(1, Role::Next),
                id(1, Role::Previous(1)),
                id(0, Role::Current),
                id(3, Role::Current),
                id(2, Role::Previous(0)),
            ]
        );
    }

    #[test]
    fn rotations_behind_count_from_the_current_key() {
        assert_eq!(Role::Current.behind(), 0);
        assert_eq!(Role::Next.behind(), 0);
        assert_eq!(Role::Previous(0).behind(), 1);
        assert_eq!(Role::Previous(u16::MAX).behind(), 65_536);
    }
}
