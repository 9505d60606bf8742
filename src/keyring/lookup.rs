use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::grams::Grams;
use super::known::Known;
use super::wraps::MIN_KEY;
use crate::key::Fingerprint;

/// What a search inside values goes by: made once, as it looks at every key.
pub(super) struct Lookup {
    /// Finds the keys known by value.
    pub(super) grams: Grams,
    /// The lengths that a key has of which only the fingerprint is known, as far as others tell, the
    /// most usual one first. Empty where all are known by value.
    pub(super) lengths: Vec<usize>,
    /// Whether some key's project has no format.
    pub(super) formless: bool,
    /// The keys of which neither the bytes nor a format is known, and those too short to be told from
    /// other parts of a text.
    pub(super) hidden: Vec<Fingerprint>,
}

impl Lookup {
    /// Of these keys, and of those of them that are known by value, each once.
    pub(super) fn new<'k>(
        known: &[Known],
        values: impl Iterator<Item = &'k [u8]> + Clone,
        has_format: impl Fn(&Known) -> bool,
    ) -> Self {
        let is_hidden = |key: &&Known| key.secret().is_none();
        let is_short = |key: &Known| key.secret().is_some_and(|key| key.len() < MIN_KEY);
        Self {
            grams: Grams::new(values.clone()),
            lengths: match known.iter().any(|key| is_hidden(&key)) {
                true => lengths(values.map(<[u8]>::len)),
                false => Vec::new(),
            },
            formless: !known.iter().all(&has_format),
            hidden: known
                .iter()
                .filter(|key| (is_hidden(key) && !has_format(key)) || is_short(key))
                .map(Known::fingerprint)
                .collect(),
        }
    }
}

/// Each once, the most usual one first, and none that is too short for a key.
fn lengths(all: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut times = BTreeMap::<usize, usize>::new();
    for length in all.filter(|&length| length >= MIN_KEY) {
        *times.entry(length).or_default() += 1;
    }
    let mut lengths: Vec<_> = times.into_iter().collect();
    lengths.sort_by_key(|(_, times)| Reverse(*times));
    lengths.into_iter().map(|(length, _)| length).collect()
}
