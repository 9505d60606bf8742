//! Blanks, line breaks and invisible characters that were put into a key.

use std::ops::Range;

use zeroize::Zeroizing;

use super::damage::Damage;
use super::message::Message;
use super::tables::Layers;
use super::wraps::{NO_BREAK_SPACES, ZERO_WIDTH};

/// Runs that are put in at one place.
const RUNS: [&[u8]; 24] = [
    b" ",
    b"\t",
    b"\n",
    b"\r\n",
    b"\r",
    b"  ",
    b"   ",
    b"    ",
    b"      ",
    b"        ",
    b" \n",
    b"\n ",
    b"\n  ",
    b"\n    ",
    b"\n        ",
    b"\n\t",
    b"\r\n ",
    b"\r\n  ",
    b"\n\n",
    b" \r\n",
    b"\\\n",
    b"\\\n  ",
    b"\\\n    ",
    b"\\\r\n",
];
/// What stands after every so many bytes where a key was wrapped or set in groups.
const BETWEEN: [&[u8]; 4] = [b"\n", b"\r\n", b" ", b"\n "];
/// The narrowest column that text is wrapped in.
const NARROWEST: usize = 4;

/// The forms that one place has.
pub(super) const PER_ROW: usize = RUNS.len() + NO_BREAK_SPACES.len() + ZERO_WIDTH.len();

/// Rows for a key of this length: a place each, then a width each.
pub(super) fn rows(len: usize) -> usize {
    2 * (len - 1)
}

/// Makes the forms of these rows.
pub(super) fn make(
    key: &[u8],
    rows: Range<usize>,
    plain: &mut Zeroizing<Vec<u8>>,
    message: &mut Message,
    form: &mut impl FnMut(&Message, Layers),
) {
    let inside = Layers::new([Damage::WhitespaceInside]);
    let ended = Layers::new([Damage::TrailingNewline, Damage::WhitespaceInside]);
    let has_own = removed(key).is_some();
    for row in rows {
        let places = key.len() - 1;
        if row < places {
            let (before, after) = key.split_at(row + 1);
            let runs = RUNS.into_iter().chain(NO_BREAK_SPACES).chain(ZERO_WIDTH);
            for run in runs {
                message.write(&[before, run, after]);
                form(message, inside);
            }
            continue;
        }
        let width = row - places + 1;
        // Blanks of the key's own could not be told from these.
        if width < NARROWEST || has_own {
            continue;
        }
        for between in BETWEEN {
            plain.clear();
            for (index, chunk) in key.chunks(width).enumerate() {
                if index > 0 {
                    plain.extend_from_slice(between);
                }
                plain.extend_from_slice(chunk);
            }
            message.write(&[plain]);
            form(message, inside);
            if between.ends_with(b"\n") {
                message.write(&[plain, b"\n"]);
                form(message, ended);
            }
        }
    }
}

/// Whether a run is nothing but blanks, line breaks and invisible characters.
pub(super) fn is_blank(run: &[u8]) -> bool {
    !run.is_empty() && removed(run).is_some_and(|rest| rest.is_empty())
}

/// Without any blanks, line breaks and invisible characters, and without a backslash before a line
/// break; `None` where there are none.
pub(super) fn removed(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut rest = Zeroizing::new(Vec::with_capacity(text.len()));
    for chunk in text.utf8_chunks() {
        let mut characters = chunk.valid().chars().peekable();
        while let Some(character) = characters.next() {
            let continued = character == '\\' && matches!(characters.peek(), Some('\n' | '\r'));
            if !is_space(character) && !continued {
                rest.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        if !NO_BREAK_SPACES.contains(&chunk.invalid()) {
            rest.extend_from_slice(chunk.invalid());
        }
    }
    (rest.len() < text.len()).then_some(rest)
}

/// What is put in between other blanks by no hand: at the ends they are layers of their own.
pub(super) fn inside(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if text.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let ends_plain = |end: Option<&[u8]>| end.is_some_and(|end| !is_blank(end));
    let starts = text.utf8_chunks().next().map(|chunk| {
        let first = chunk.valid().chars().next();
        first.map_or(chunk.invalid().len(), char::len_utf8)
    })?;
    let last = text.utf8_chunks().last().map(|chunk| {
        let last = chunk.valid().chars().next_back();
        match (chunk.invalid().len(), last) {
            (0, Some(last)) => last.len_utf8(),
            (invalid, _) => invalid,
        }
    })?;
    (ends_plain(text.get(..starts)) && ends_plain(text.get(text.len() - last..)))
        .then(|| removed(text))
        .flatten()
}

fn is_space(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}
