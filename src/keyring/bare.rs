//! Known keys by their letters and digits alone: whatever stands between the lines of a key, between its pieces or
//! instead of its signs, those stay as they are. Letters that are none of ASCII count for nothing, since each
//! charset and each form of Unicode writes them in its own way.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use zeroize::Zeroizing;

use super::book::Keyring;
use super::grams::Grams;
use crate::key::Fingerprint;

/// The fewest letters and digits that tell a key from words with signs between them, where some are digits, and
/// where none are.
const MIXED: usize = 16;
const UNMIXED: usize = 24;
/// The same of a key with letters that are none of ASCII: without those it is no text that anybody would write.
const LOST_SOME: usize = 10;

/// Of keys with so many letters and digits, long parts are looked for too.
const LONG: usize = 128;
/// How long a part is by which such a key is found, and how far the next one is from it.
const PIECE: usize = 32;
const STEP: usize = 16;
/// So many long keys may have a part in common by which they are found.
const ALIKE: usize = 8;
/// So many places are looked at where a text has something in common with long keys.
const RUNS: usize = 4096;
/// How many letters and digits may be others where a long key was damaged.
const EDITED: usize = 2;

/// A text without its signs.
struct Letters {
    bytes: Zeroizing<Vec<u8>>,
    /// Where each stood.
    places: Vec<u32>,
}

impl Letters {
    fn of(text: &[u8]) -> Self {
        let mut letters = Self {
            bytes: Zeroizing::new(Vec::with_capacity(text.len())),
            places: Vec::with_capacity(text.len()),
        };
        for (at, &byte) in text.iter().enumerate() {
            if byte.is_ascii_alphanumeric() {
                letters.bytes.push(byte.to_ascii_lowercase());
                letters.places.push(u32::try_from(at).unwrap_or(u32::MAX));
            } else if is_mark(&text[at..]) && is_letter_before(text, at) {
                // The same letter in one character has no part in ASCII.
                letters.bytes.pop();
                letters.places.pop();
            }
        }
        letters
    }

    /// Where a part of it stands in the text.
    fn origin(&self, part: &Range<usize>) -> Range<usize> {
        match self.places.get(part.clone()) {
            Some([first, .., last]) => *first as usize..*last as usize + 1,
            _ => 0..0,
        }
    }
}

/// Whether these bytes begin with a mark that changes the letter before it, as `é` may be written.
fn is_mark(text: &[u8]) -> bool {
    matches!(text, [0xcc, 0x80..=0xbf, ..] | [0xcd, 0x80..=0xaf, ..])
}

fn is_letter_before(text: &[u8], at: usize) -> bool {
    at.checked_sub(1)
        .is_some_and(|before| text[before].is_ascii_alphabetic())
}

/// Finds keys by their letters and digits.
#[derive(Default)]
pub(super) struct Bare {
    keys: Vec<BareKey>,
    grams: Grams,
    /// Which part of which long key each of them is.
    pieces: Vec<(usize, usize)>,
    in_pieces: Grams,
}

struct BareKey {
    place: usize,
    letters: Zeroizing<Vec<u8>>,
}

impl Bare {
    pub(super) fn new<'k>(values: impl Iterator<Item = (usize, &'k [u8])>) -> Self {
        let mut all = Self::default();
        for (place, key) in values {
            for letters in forms(key) {
                all.grams.add(all.keys.len(), &letters);
                all.keys.push(BareKey { place, letters });
            }
        }
        let state = RandomState::new();
        let mut times: HashMap<u64, usize> = HashMap::new();
        let pieces = |key: &BareKey| (0..=key.letters.len().saturating_sub(PIECE)).step_by(STEP);
        let long = || {
            all.keys
                .iter()
                .enumerate()
                .filter(|(_, key)| key.letters.len() >= LONG)
        };
        let hash = |key: &BareKey, at: usize| state.hash_one(&key.letters[at..at + PIECE]);
        for (_, key) in long() {
            for at in pieces(key) {
                *times.entry(hash(key, at)).or_default() += 1;
            }
        }
        let mut found = Vec::new();
        let mut in_pieces = Grams::default();
        for (index, key) in long() {
            for at in pieces(key).filter(|&at| {
                times
                    .get(&hash(key, at))
                    .is_some_and(|times| *times <= ALIKE)
            }) {
                in_pieces.add(found.len(), &key.letters[at..at + PIECE]);
                found.push((index, at));
            }
        }
        all.pieces = found;
        all.in_pieces = in_pieces;
        all
    }

    /// Where keys stand in a text, each with the place of its value; and whether there may be more damaged ones.
    fn find(&self, text: &[u8]) -> (Vec<(usize, Range<usize>)>, bool) {
        let shortest = LOST_SOME.min(MIXED);
        if self.keys.is_empty() || text.len() < shortest {
            return (Vec::new(), false);
        }
        let letters = Letters::of(text);
        let letters_at = |index: usize| self.keys.get(index).map(|key| &key.letters[..]);
        let mut found = self.grams.find(letters_at, &letters.bytes);
        let (damaged, cut) = self.damaged(text, &letters, &found);
        found.extend(damaged);
        let longer = |range: &Range<usize>| {
            let around =
                |other: &Range<usize>| other.start <= range.start && range.end <= other.end;
            found
                .iter()
                .any(|(_, other)| around(other) && other.len() > range.len())
        };
        let alone = found.iter().filter(|(_, range)| !longer(range));
        let alone = alone.filter_map(|(index, range)| {
            Some((self.keys.get(*index)?.place, letters.origin(range)))
        });
        (alone.collect(), cut)
    }

    /// The long keys of which most is there, and whether more places than are looked at have something of one.
    fn damaged(
        &self,
        text: &[u8],
        letters: &Letters,
        whole: &[(usize, Range<usize>)],
    ) -> (Vec<(usize, Range<usize>)>, bool) {
        let piece_at = |piece: usize| {
            let (index, at) = *self.pieces.get(piece)?;
            self.keys.get(index)?.letters.get(at..at + PIECE)
        };
        let mut seen: Vec<(usize, Run)> = Vec::new();
        let mut found: Vec<(usize, Range<usize>)> = Vec::new();
        for (piece, range) in self.in_pieces.find(piece_at, &letters.bytes) {
            let Some(&(index, at)) = self.pieces.get(piece) else {
                continue;
            };
            if seen.len() == RUNS {
                return (found, true);
            }
            let is_seen = |(other, run): &(usize, Run)| *other == index && run.has(at, &range);
            if seen.iter().any(is_seen)
                || whole.iter().chain(&found).any(|(other, _)| *other == index)
            {
                continue;
            }
            let key = &self.keys[index].letters;
            let run = Run::around(key, &letters.bytes, at, range.start);
            if let Some(part) = run.damaged(key, text, letters) {
                found.push((index, part));
            }
            seen.push((index, run));
        }
        (found, false)
    }
}

/// What a key and a text have in common: where it begins in each, and how long it is.
struct Run {
    key: usize,
    text: usize,
    length: usize,
}

impl Run {
    fn around(key: &[u8], text: &[u8], in_key: usize, in_text: usize) -> Self {
        let before = key[..in_key].iter().rev().zip(text[..in_text].iter().rev());
        let before = before.take_while(|(a, b)| a == b).count();
        let after = key[in_key..].iter().zip(&text[in_text..]);
        let after = after.take_while(|(a, b)| a == b).count();
        Self {
            key: in_key - before,
            text: in_text - before,
            length: before + after,
        }
    }

    fn has(&self, in_key: usize, in_text: &Range<usize>) -> bool {
        self.text <= in_text.start
            && in_text.end <= self.text + self.length
            && in_text.start - self.text + self.key == in_key
    }

    /// Where the key stands that this is half of or more, if it is damaged: each end is that of the key or of a word,
    /// or all the rest of the key follows a few characters further. What another key of the same kind has in common
    /// with it goes on otherwise.
    fn damaged(&self, key: &[u8], text: &[u8], letters: &Letters) -> Option<Range<usize>> {
        let bytes = &letters.bytes[..];
        let backwards =
            |bytes: &[u8]| Zeroizing::new(bytes.iter().rev().copied().collect::<Vec<u8>>());
        let from = match rest(
            &backwards(&key[..self.key]),
            &backwards(&bytes[..self.text][self.text.saturating_sub(self.key + EDITED)..]),
        ) {
            Some(length) => self.text - length,
            None if !is_within_word(text, letters, self.text) => self.text,
            None => return None,
        };
        let end = self.text + self.length;
        let to = match rest(&key[self.key + self.length..], &bytes[end..]) {
            Some(length) => end + length,
            None if !is_within_word(text, letters, end) => end,
            None => return None,
        };
        (2 * (to - from) >= key.len()).then_some(from..to)
    }
}

/// How much of a text is all that is left of a key, but for a few characters at its start.
fn rest(key: &[u8], text: &[u8]) -> Option<usize> {
    let mut edits = (0..=EDITED).flat_map(|lost| (0..=EDITED).map(move |new| (lost, new)));
    edits.find_map(|(lost, new)| {
        let left = key.get(lost..)?;
        text.get(new..)?
            .starts_with(left)
            .then_some(new + left.len())
    })
}

/// Whether a word goes on between a letter and the one before it.
fn is_within_word(text: &[u8], letters: &Letters, at: usize) -> bool {
    let (Some(before), Some(after)) = (
        at.checked_sub(1).and_then(|at| letters.places.get(at)),
        letters.places.get(at),
    ) else {
        return false;
    };
    let between = &text[*before as usize + 1..*after as usize];
    between
        .iter()
        .all(|byte| b"-_.+/~".contains(byte) || !byte.is_ascii())
}

/// The letters and digits of a key, as far as they tell it from other texts; and what they are in UTF-16, where that
/// is more than a zero between them.
fn forms(key: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut forms = vec![Letters::of(key).bytes];
    if let Ok(text) = std::str::from_utf8(key)
        && text.chars().any(|character| u32::from(character) > 0xff)
    {
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            // At once, so that growing leaves no copies behind.
            let mut bytes = Zeroizing::new(Vec::with_capacity(2 * text.len()));
            bytes.extend(text.encode_utf16().flat_map(order));
            forms.push(Letters::of(&bytes).bytes);
        }
    }
    forms.retain(|letters| {
        let is_mixed =
            letters.iter().any(u8::is_ascii_digit) && letters.iter().any(u8::is_ascii_alphabetic);
        letters.len()
            >= match (key.is_ascii(), is_mixed) {
                (false, _) => LOST_SOME,
                (true, true) => MIXED,
                (true, false) => UNMIXED,
            }
    });
    forms.dedup();
    forms
}

impl Keyring {
    /// The keys that stand in a text with other signs, with none, or with others between them, and long ones that are
    /// damaged; and whether there may be more of these.
    pub(super) fn known_by_letters(
        &self,
        text: &[u8],
    ) -> (impl Iterator<Item = (Range<usize>, Fingerprint)>, bool) {
        let bare = self.lookup().bare(|| {
            let places = 0..self.places();
            Bare::new(places.filter_map(|place| Some((place, self.value_at(place)?.0))))
        });
        let (found, cut) = bare.find(text);
        let found = found.into_iter();
        let known = found.filter_map(|(place, range)| Some((range, *self.value_at(place)?.1)));
        (known, cut)
    }
}

#[cfg(test)]
mod tests;
