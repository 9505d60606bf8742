use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::bare::Bare;
use super::grams::Grams;
use super::known::{KeyId, Known};
use super::resemble::Resemblance;
use super::wraps::MIN_KEY;
use crate::key::Fingerprint;

/// What a search inside values goes by. It grows with the keyring.
#[derive(Default)]
pub(super) struct Lookup {
    /// Finds the keys known by value.
    pub(super) grams: Grams,
    /// The keys of which neither the bytes nor a format is known, and those too short to be told from
    /// other parts of a text.
    pub(super) hidden: BTreeMap<KeyId, Fingerprint>,
    /// Those of which only the fingerprint is known.
    told: BTreeSet<KeyId>,
    /// Those whose project has no format.
    formless: BTreeSet<KeyId>,
    /// How many values there are of each length.
    times: BTreeMap<usize, usize>,
    usual: OnceLock<Vec<usize>>,
    /// Finds the keys that words are damaged forms of.
    resemblance: OnceLock<Resemblance>,
    /// Finds keys by their letters and digits.
    bare: OnceLock<Bare>,
}

impl Lookup {
    /// Takes one more key in; with the place of its value, where that is new.
    pub(super) fn add(&mut self, key: &Known, place: Option<usize>, has_format: bool) {
        let id = key.id();
        self.usual = OnceLock::new();
        self.resemblance = OnceLock::new();
        self.bare = OnceLock::new();
        match key.secret() {
            Some(secret) => {
                if let Some(place) = place {
                    self.grams.add(place, secret.expose());
                }
                *self.times.entry(secret.len()).or_default() += 1;
                if secret.len() < MIN_KEY {
                    self.hidden.insert(id, key.fingerprint());
                }
            }
            None => {
                self.told.insert(id);
                if !has_format {
                    self.hidden.insert(id, key.fingerprint());
                }
            }
        }
        if !has_format {
            self.formless.insert(id);
        }
    }

    /// Forgets a key. What was made of its value leads nowhere from now on.
    pub(super) fn forget(&mut self, key: &Known) {
        let id = key.id();
        self.usual = OnceLock::new();
        self.resemblance = OnceLock::new();
        self.bare = OnceLock::new();
        self.hidden.remove(&id);
        self.told.remove(&id);
        self.formless.remove(&id);
        if let Some(times) = key.secret().and_then(|key| self.times.get_mut(&key.len())) {
            *times -= 1;
        }
    }

    /// What finds the keys that words are damaged forms of, made when it is first needed.
    pub(super) fn resemblance(&self, make: impl FnOnce() -> Resemblance) -> &Resemblance {
        self.resemblance.get_or_init(make)
    }

    /// What finds keys by their letters and digits, made when it is first needed.
    pub(super) fn bare(&self, make: impl FnOnce() -> Bare) -> &Bare {
        self.bare.get_or_init(make)
    }

    /// Whether some key's project has no format.
    pub(super) fn is_formless(&self) -> bool {
        !self.formless.is_empty()
    }

    /// Whether there are keys of which only the fingerprint is known.
    pub(super) fn is_told(&self) -> bool {
        !self.told.is_empty()
    }

    /// Those keys.
    pub(super) fn told(&self) -> impl Iterator<Item = KeyId> {
        self.told.iter().copied()
    }

    /// The lengths that a key has of which only the fingerprint is known, as far as others tell, the
    /// most usual one first. Empty where all are known by value.
    pub(super) fn lengths(&self) -> &[usize] {
        if self.told.is_empty() {
            return &[];
        }
        self.usual.get_or_init(|| {
            let times = self.times.iter();
            let long = times.filter(|(length, times)| **length >= MIN_KEY && **times > 0);
            let mut lengths: Vec<_> = long.collect();
            lengths.sort_by_key(|(_, times)| Reverse(**times));
            lengths.into_iter().map(|(length, _)| *length).collect()
        })
    }
}
