use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use super::wraps::MIN_KEY;

/// How often one key is looked for in one text: what follows would say nothing new.
const MOST: usize = 16;

/// Bits of the table that turns away almost every place.
const TABLE: u32 = 16;

/// An odd number without a pattern.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Finds many keys in a text in one pass, by the last eight bytes of each.
///
/// An automaton over the keys would keep copies of them that nobody wipes. This keeps a keyed hash of
/// those eight bytes, and compares the key itself where one is met.
pub(super) struct Grams {
    state: RandomState,
    by_hash: HashMap<u64, Vec<usize>>,
    table: Vec<u64>,
}

type Gram = [u8; MIN_KEY];

impl Default for Grams {
    fn default() -> Self {
        Self {
            state: RandomState::new(),
            by_hash: HashMap::new(),
            table: vec![0; 1 << (TABLE - u64::BITS.ilog2())],
        }
    }
}

impl Grams {
    /// Looks for one more key from now on, unless it is too short.
    pub(super) fn add(&mut self, index: usize, key: &[u8]) {
        if let Some(gram) = key.last_chunk::<MIN_KEY>() {
            let same = self.by_hash.entry(self.state.hash_one(gram));
            same.or_default().push(index);
            let (word, bit) = place(gram);
            self.table[word] |= bit;
        }
    }

    /// Where the keys stand in a text, each with its index. `key_at` gives them again, which must be
    /// the same ones.
    pub(super) fn find<'k>(
        &self,
        key_at: impl Fn(usize) -> Option<&'k [u8]>,
        text: &[u8],
    ) -> Vec<(usize, Range<usize>)> {
        let mut found = Vec::new();
        let mut times = HashMap::<usize, usize>::new();
        if self.by_hash.is_empty() {
            return found;
        }
        for (start, gram) in text.windows(MIN_KEY).enumerate() {
            let Some(gram) = gram.first_chunk::<MIN_KEY>() else {
                continue;
            };
            let (word, bit) = place(gram);
            if self.table.get(word).is_none_or(|bits| bits & bit == 0) {
                continue;
            }
            let end = start + MIN_KEY;
            let candidates = self.by_hash.get(&self.state.hash_one(gram));
            for &index in candidates.into_iter().flatten() {
                if let Some(key) = key_at(index)
                    && let Some(start) = end.checked_sub(key.len())
                    && text.get(start..end) == Some(key)
                {
                    let times = times.entry(index).or_default();
                    *times += 1;
                    if *times <= MOST {
                        found.push((index, start..end));
                    }
                }
            }
        }
        found
    }
}

/// The bit of the table that stands for this gram.
fn place(gram: &Gram) -> (usize, u64) {
    let spread = u64::from_le_bytes(*gram).wrapping_mul(SPREAD) >> (u64::BITS - TABLE);
    let bits = u64::from(u64::BITS);
    // Both fit: the number has sixteen bits.
    (
        usize::try_from(spread / bits).unwrap_or(0),
        1 << (spread % bits),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(keys: &[&[u8]], text: &[u8]) -> Vec<(usize, Range<usize>)> {
        let mut grams = Grams::default();
        for (index, key) in keys.iter().enumerate() {
            grams.add(index, key);
        }
        grams.find(|index| keys.get(index).copied(), text)
    }

    #[test]
    fn every_key_is_found_wherever_it_stands() {
        let keys: [&[u8]; 4] = [
            b"key-number-1",
            b"key-number-2",
            b"other-number-1",
            b"short",
        ];
        assert_eq!(
            found(
                &keys,
                b"xkey-number-1other-number-1,short,key-number-1key-number-"
            ),
            [(0, 1..13), (2, 13..27), (0, 34..46)]
        );
        assert_eq!(found(&keys, b"key-num"), []);
        assert_eq!(found(&[], b"key-number-1"), []);
    }

    #[test]
    fn one_key_is_found_a_few_times_at_most() {
        let text = b"aaaaaaaa".repeat(1000);
        assert_eq!(found(&[b"aaaaaaaaaa"], &text).len(), MOST);
    }

    proptest! {
        #[test]
        fn the_same_as_by_hand(
            keys in prop::collection::vec("[ab]{8,10}", 1..5),
            text in "[ab]{0,60}",
        ) {
            let keys: Vec<&[u8]> = keys.iter().map(|key| key.as_bytes()).collect();
            let mut expected = Vec::new();
            for end in 0..=text.len() {
                for (index, key) in keys.iter().enumerate() {
                    let before = expected.iter().filter(|(known, _)| *known == index).count();
                    if text.as_bytes()[..end].ends_with(key) && before < MOST {
                        expected.push((index, end - key.len()..end));
                    }
                }
            }
            prop_assert_eq!(found(&keys, text.as_bytes()), expected);
        }
    }
}
