//! Which known keys a word may be a damaged form of, without comparing it with each.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use super::book::Keyring;
use super::edits::{Shown, edit};
use super::rewritten;
use super::wraps::{MAX_EDITED, MIN_KEY};
use crate::key::Fingerprint;

/// How much of a key is left at its start, at its end or in its middle whatever else happened to it.
const LEFT: usize = 4;
/// Of so few bytes all three may be gone.
const SHORT: usize = 3 * LEFT;
/// How much longer a damaged key is.
const MORE: usize = 4;

/// Finds the keys that a word starts or ends like, or has in its middle, whatever their case.
///
/// No part of a key is kept here but a keyed hash.
#[derive(Default)]
pub(super) struct Resemblance {
    state: RandomState,
    places: HashMap<u64, Vec<usize>>,
    /// What programs make of keys that look like something else to them.
    rewritten: HashMap<Fingerprint, Vec<usize>>,
    /// Those that every word is compared with.
    short: Vec<usize>,
    longest: usize,
}

#[derive(Hash)]
enum Part {
    Start,
    End,
    Middle(usize),
}

impl Resemblance {
    pub(super) fn new<'k>(keys: impl Iterator<Item = (usize, &'k [u8])>) -> Self {
        let mut all = Self::default();
        for (place, key) in keys {
            if !(MIN_KEY..=MAX_EDITED).contains(&key.len()) {
                continue;
            }
            all.longest = all.longest.max(key.len());
            for (_, form) in rewritten::forms(key) {
                let same = all.rewritten.entry(Fingerprint::of(&form));
                same.or_default().push(place);
            }
            if key.len() < SHORT {
                all.short.push(place);
                continue;
            }
            for hash in all.hashes(key).into_iter().flatten() {
                all.places.entry(hash).or_default().push(place);
            }
        }
        all
    }

    /// The places of the keys to compare a word with, each once.
    fn near(&self, word: &[u8]) -> Vec<usize> {
        if word.len() < LEFT || word.len() > self.longest + MORE {
            return Vec::new();
        }
        let hashes = self.hashes(word).into_iter().flatten();
        let found = hashes.filter_map(|hash| self.places.get(&hash));
        let mut near: Vec<_> = found.flatten().chain(&self.short).copied().collect();
        near.sort_unstable();
        near.dedup();
        near
    }

    fn hashes(&self, bytes: &[u8]) -> [Option<u64>; 3] {
        let hash = |part: Part, bytes: Option<&[u8; LEFT]>| {
            let folded = bytes?.to_ascii_lowercase();
            Some(self.state.hash_one((part, folded)))
        };
        let middle = (bytes.len() / 2).saturating_sub(LEFT / 2);
        let middle = bytes.get(middle..).and_then(<[u8]>::first_chunk);
        [
            hash(Part::Start, bytes.first_chunk()),
            hash(Part::End, bytes.last_chunk()),
            hash(Part::Middle(bytes.len()), middle),
        ]
    }
}

impl Keyring {
    /// The keys that a word is a damaged form of, by what a value shows of the key's own characters.
    pub(super) fn resembled(&self, word: &[u8], print: &Fingerprint) -> Vec<Fingerprint> {
        let resemblance = self.lookup().resemblance(|| {
            let places = 0..self.places();
            Resemblance::new(places.filter_map(|place| Some((place, self.value_at(place)?.0))))
        });
        let near = resemblance.near(word).into_iter();
        let near = near.filter_map(|place| self.value_at(place));
        let near =
            near.filter(|(key, _)| *key != word && edit(key, word, Shown::ByValue).is_some());
        let rewritten = resemblance.rewritten.get(print).into_iter().flatten();
        let rewritten = rewritten.filter_map(|&place| self.value_at(place));
        let has_blanks = word.iter().any(u8::is_ascii_whitespace);
        let respaced = self.rewritable().filter(|(key, _)| {
            has_blanks && *key != word && rewritten::differ_in_blanks(key, word).is_some()
        });
        near.chain(rewritten)
            .chain(respaced)
            .map(|(_, print)| *print)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::key::Secret;
    use crate::keyring::{KeyId, Known, ProjectId};

    proptest! {
        #[test]
        fn the_same_as_by_comparing_with_each(
            key in "[a-dA-D]{8,24}",
            from in 0..6usize,
            to in 0..6usize,
            edits in prop::collection::vec((0..24usize, 0..24usize, any::<bool>()), 0..3),
        ) {
            let mut word = key.clone().into_bytes();
            for (one, other, swaps) in edits {
                let (one, other) = (one % word.len(), other % word.len());
                match swaps {
                    true => word.swap(one, other),
                    false => word[one] = b'x',
                }
            }
            let word = &word[from.min(2)..word.len() - to.min(3)];
            let id = KeyId::current(ProjectId(0));
            let ring = Keyring::new(vec![Known::by_value(id, Secret::copied(key.as_bytes()))], &[]);
            let is_other = key.as_bytes() != word;
            let expected = is_other && edit(key.as_bytes(), word, Shown::ByValue).is_some();
            let print = Fingerprint::of(word);
            prop_assert_eq!(!ring.resembled(word, &print).is_empty(), expected);
        }
    }
}
