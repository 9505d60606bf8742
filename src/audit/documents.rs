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
    seen: Vec<Seen>,
}

struct Seen {
    around: Around,
    /// The known keys that are read from it, in the order of their declaration.
    keys: Vec<KeyId>,
    places: Vec<Box<str>>,
}

impl Documents {
    /// Looks through documents, which are gone afterwards.
    pub fn of(documents: Vec<Document>, keyring: &Keyring, thorough: bool) -> Self {
        let mut seen: Vec<Seen> = Vec::new();
        let mut known: HashMap<Fingerprint, usize> = HashMap::new();
        for Document { key, place, whole } in documents {
            let at = *known.entry(whole.fingerprint()).or_insert_with(|| {
                seen.push(Seen {
                    around: keyring.look_around(whole.expose(), thorough),
                    keys: Vec::new(),
                    places: Vec::new(),
                });
                seen.len() - 1
            });
            if let Some(one) = seen.get_mut(at) {
                one.keys.push(key);
                one.places.extend(place);
            }
        }
        Self { seen }
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
        let keyring = &references.keyring;
        for Seen {
            around,
            keys: read,
            places,
        } in &self.seen
        {
            let Some(&beside) = read.first() else {
                continue;
            };
            if places.iter().any(|place| judged.contains(place)) {
                continue;
            }
            let taken = read.iter().filter_map(|&key| keyring.get(key));
            let taken: Vec<_> = taken.map(Known::fingerprint).collect();
            let is_taken = |print: &Fingerprint| taken.iter().any(|taken| taken.agrees(print));
            let mut keys: Vec<KeyId> = Vec::new();
            for seen in keyring.explain_around(beside.project, around) {
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
            let keys = keys.into_iter().map(Some);
            let is_unknown = |key: &&Fingerprint| {
                let mut unknown = around.unknown();
                let is_known = keyring.exact(beside.project, key).is_some();
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
