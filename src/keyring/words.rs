//! Words of a value that may be keys which no format tells: a key may be older than its project's format.

use std::ops::Range;

use super::embedded::{Part, reads_as_words};
use super::placeholder::placeholder;
use super::texts::Texts;
use super::wraps::MIN_KEY;

/// So long is no plain word, though it has no digit.
const LONG: usize = 16;
/// How many words are remembered.
const KEPT: usize = 1024;

/// The words of all texts of a value, as long as it is not told whether known keys take them up.
#[derive(Default)]
pub(super) struct Words {
    unknown: Vec<(usize, Range<usize>)>,
    /// Where known keys stand, and what they were decoded from.
    taken: Vec<(usize, Range<usize>)>,
    /// Where known keys stand.
    keys: Vec<(usize, Range<usize>)>,
    /// Whether there were more than were looked at.
    pub(super) cut: bool,
}

impl Words {
    /// Takes a word that is no known key.
    pub(super) fn add(&mut self, text: usize, range: Range<usize>) {
        if self.unknown.len() == KEPT {
            self.cut = true;
        } else {
            self.unknown.push((text, range));
        }
    }

    /// Takes the places of the known keys of one text, and of what they were decoded from.
    pub(super) fn take_known(&mut self, texts: &Texts<'_>, known: &[Part]) {
        for part in known {
            let mut place = (part.text, part.range.clone());
            self.keys.push(place.clone());
            while let Some((parent, from, _)) = texts.origin(place.0, &place.1) {
                let decoded = std::mem::replace(&mut place, (parent, from));
                self.taken.push(decoded);
            }
            self.taken.push(place);
        }
    }

    /// Whether words are left that no known key stands in, and that were not made of one.
    pub(super) fn are_left(&self, texts: &Texts<'_>) -> bool {
        let is_taken = |(text, range): &(usize, Range<usize>)| {
            self.taken.iter().any(|(other, taken)| {
                other == text && range.start < taken.end && taken.start < range.end
            })
        };
        // Many a key can be decoded, and what comes of it says nothing.
        let is_of_key = |(text, range): &(usize, Range<usize>)| {
            let mut origin = texts.origin(*text, range);
            while let Some((parent, from, _)) = origin {
                let overlaps = |(other, key): &(usize, Range<usize>)| {
                    *other == parent && from.start < key.end && key.start < from.end
                };
                if self.keys.iter().any(overlaps) {
                    return true;
                }
                origin = texts.origin(parent, &from);
            }
            false
        };
        let is_explained = |word| is_taken(word) || is_of_key(word);
        self.cut || !self.unknown.iter().all(is_explained)
    }
}

/// Whether a word may be a key: it is as long as one, has a digit or is longer than words are, and is
/// neither a name, a date nor made of words.
pub(super) fn may_be_any_key(text: &[u8], range: &Range<usize>) -> bool {
    let word = &text[range.clone()];
    let has_digit = word.iter().any(u8::is_ascii_digit);
    word.len() >= MIN_KEY
        && (has_digit || word.len() >= LONG)
        && !reads_as_words(word)
        && !is_date(word)
        && !is_path(word)
        && !is_name(word, &text[range.end..])
        && placeholder(word, "").is_none()
}

/// The name of a variable, as environment files have it.
fn is_name(word: &[u8], after: &[u8]) -> bool {
    let after = after.trim_ascii_start();
    let after = after
        .strip_prefix(b"\"")
        .unwrap_or(after)
        .trim_ascii_start();
    let name = word.split(|byte| *byte == b'=').next().unwrap_or_default();
    let is_upper = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    let value = word.get(name.len() + 1..);
    name.first().is_some_and(u8::is_ascii_uppercase)
        && name.iter().all(is_upper)
        && match value {
            // What stands behind the sign is a word of its own.
            Some(_) => true,
            None => matches!(after.first(), Some(b'=' | b':')),
        }
}

/// A host, a path, or both: plain words, short numbers and versions, as `v1`.
fn is_path(word: &[u8]) -> bool {
    let mut pieces = word.split(|byte| matches!(byte, b'/' | b'.' | b':'));
    pieces.all(|piece| {
        let is_word = piece.len() < LONG && piece.iter().all(u8::is_ascii_lowercase);
        let is_number =
            |digits: &[u8], most| digits.len() <= most && digits.iter().all(u8::is_ascii_digit);
        let is_version = piece
            .strip_prefix(b"v")
            .is_some_and(|rest| is_number(rest, 3));
        is_word || is_version || is_number(piece, 6)
    })
}

/// A day, maybe with a time behind it.
fn is_date(word: &[u8]) -> bool {
    let shape = word
        .iter()
        .zip(b"0000-00-00")
        .all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            _ => byte == shape,
        });
    shape && word.len() < LONG
}
