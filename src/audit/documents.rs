//! What stands beside known keys in the documents that they are read from.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::references::References;
use crate::judge::Warning;
use crate::key::{Fingerprint, Secret};
use crate::keyring::{Around, KeyId, Keyring, Known, Role};

/// What a known key was read out of.
pub struct Document {
    /// The key.
    pub key: KeyId,
    /// Where it stands, as far as the platform tells.
    pub place: Option<Box<str>>,
    /// All that was read there.
    pub whole: Arc<Secret>,
}

/// All that was looked through, each once however many keys stand in it.
#[derive(Default)]
pub struct Documents {
    readers: Vec<Reader>,
}

struct Reader {
    key: KeyId,
    place: Option<Box<str>>,
    around: Arc<Around>,
}

impl Documents {
    /// Looks through documents, which are gone afterwards.
    pub fn of(documents: Vec<Document>, keyring: &Keyring, thorough: bool) -> Self {
        let mut seen: HashMap<Fingerprint, Arc<Around>> = HashMap::new();
        let readers = documents.into_iter().map(|document| {
            let Document { key, place, whole } = document;
            let around = seen.entry(whole.fingerprint());
            let around =
                around.or_insert_with(|| Arc::new(keyring.look_around(whole.expose(), thorough)));
            Reader {
                key,
                place,
                around: Arc::clone(around),
            }
        });
        Self {
            readers: readers.collect(),
        }
    }

    /// The previous keys in them, and those that are `asked` for, that targets.yaml does not name there: whatever
    /// reads a document may take them from it. Hops tell of the places that they read, `judged`.
    pub fn old_keys(
        &self,
        asked: &[Fingerprint],
        judged: &HashSet<Box<str>>,
        references: &References,
    ) -> Vec<Warning> {
        let mut told = Vec::new();
        for (at, reader) in self.readers.iter().enumerate() {
            let is_same = |other: &&Reader| Arc::ptr_eq(&other.around, &reader.around);
            let is_first = !self.readers[..at].iter().any(|other| is_same(&other));
            let of_it: Vec<&Reader> = self.readers.iter().filter(is_same).collect();
            let mut places = of_it.iter().filter_map(|reader| reader.place.as_ref());
            if !is_first || places.any(|place| judged.contains(place)) {
                continue;
            }
            let keyring = &references.keyring;
            let taken: Vec<_> = of_it
                .iter()
                .filter_map(|reader| keyring.get(reader.key).map(Known::fingerprint))
                .collect();
            let is_taken = |print: &Fingerprint| taken.iter().any(|taken| taken.agrees(print));
            let mut keys: Vec<KeyId> = Vec::new();
            for seen in keyring.explain_around(reader.key.project, &reader.around) {
                let Some(&key) = seen.explanation.keys.first() else {
                    continue;
                };
                let print = keyring.get(key).map(Known::fingerprint);
                // A copy of what is read from there is not.
                let is_declared = seen.once && print.is_some_and(|print| is_taken(&print));
                let is_old = key.role() == Role::Previous
                    || print.is_some_and(|print| asked.iter().any(|one| one.agrees(&print)));
                if is_old && !is_declared && !keys.contains(&key) {
                    keys.push(key);
                }
            }
            keys.sort_unstable();
            let beside = reader.key;
            let keys = keys.into_iter().map(Some);
            let is_unknown = |key: &&Fingerprint| {
                let mut unknown = reader.around.unknown();
                let is_known = keyring.exact(reader.key.project, key).is_some();
                unknown.any(|print| print.agrees(key)) && !is_taken(key) && !is_known
            };
            let unknown = asked.iter().filter(is_unknown).map(|_| None);
            told.extend(
                keys.chain(unknown)
                    .map(|key| Warning::OldKeyBesideKey { key, beside }),
            );
        }
        told
    }
}
