use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use super::format::Format;
use super::wraps::MIN_KEY;

/// How many parts of one value are looked at. What lies beyond stays unexplained.
pub(super) const MOST: usize = 8192;
/// How long a part may be that no format describes.
const LONGEST: usize = 512;
/// How many of the places where something was taken out may end one key.
const BREAKS: usize = 8;

/// A part of a text that may be a key.
pub(super) struct Candidate {
    pub(super) range: Range<usize>,
    /// Whether it fits a format.
    pub(super) fits: bool,
}

/// The parts of a text that may be keys: what fits a format, whatever stands beside it; and where some
/// keys have no format, the words of the text, however far a word reaches. `breaks` are the places
/// where something was taken out of the text, at which a key may end. And whether there were more than
/// are looked at, which is `most` of them.
pub(super) fn candidates(
    text: &[u8],
    breaks: &[usize],
    formats: &[Arc<Format>],
    words: bool,
    most: usize,
) -> (Vec<Candidate>, bool) {
    let mut found = Found::at_most(most);
    for format in formats {
        for range in format.find_in(text) {
            found.add(range, true);
        }
        for range in format.find_anywhere(text) {
            let from = breaks.partition_point(|&at| at < range.start + MIN_KEY);
            let within = breaks.get(from..).unwrap_or_default();
            for &end in within.iter().take(BREAKS).take_while(|&&at| at < range.end) {
                let part = range.start..end;
                if format.fits(&text[part.clone()]) {
                    found.add(part, true);
                }
            }
            found.add(range, true);
        }
    }
    if words {
        found.add_words(text);
    }
    (found.candidates, found.cut)
}

/// The words of a text, however far a word reaches, and whether there were more than are looked at.
pub(super) fn all_words(text: &[u8]) -> (impl Iterator<Item = Range<usize>>, bool) {
    let mut found = Found::at_most(MOST);
    found.add_words(text);
    let candidates = found.candidates.into_iter();
    (candidates.map(|candidate| candidate.range), found.cut)
}

struct Found {
    seen: HashSet<Range<usize>>,
    candidates: Vec<Candidate>,
    most: usize,
    cut: bool,
}

impl Found {
    fn at_most(most: usize) -> Self {
        Self {
            seen: HashSet::new(),
            candidates: Vec::new(),
            most,
            cut: false,
        }
    }

    fn add_words(&mut self, text: &[u8]) {
        self.add_runs(text, is_word);
        self.add_runs(text, is_token);
        self.add_runs(text, is_no_delimiter);
    }

    fn add_runs(&mut self, text: &[u8], is_in: impl Fn(&u8) -> bool) {
        for range in runs(text, is_in) {
            let bare = without_signs(&text[range.clone()]);
            self.add(range.start + bare.start..range.start + bare.end, false);
            self.add(range, false);
        }
    }

    fn add(&mut self, range: Range<usize>, fits: bool) {
        if range.len() < MIN_KEY && !fits || self.seen.contains(&range) {
            return;
        }
        if self.candidates.len() == self.most {
            self.cut = true;
            return;
        }
        self.seen.insert(range.clone());
        self.candidates.push(Candidate { range, fits });
    }
}

fn runs(text: &[u8], is_in: impl Fn(&u8) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        at += text.get(at..)?.iter().position(&is_in)?;
        let start = at;
        at += text
            .get(at..)?
            .iter()
            .take_while(|byte| is_in(byte))
            .count();
        Some(start..at)
    })
    .filter(|run| run.len() <= LONGEST)
}

/// Where a word stands without the signs around it, which may belong to the text, as the `:-` of
/// `${NAME:-key}` does.
fn without_signs(word: &[u8]) -> Range<usize> {
    let is_own = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
    let start = word.iter().position(is_own).unwrap_or(word.len());
    let end = word.iter().rposition(is_own).map_or(start, |last| last + 1);
    start..end
}

fn is_word(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn is_token(byte: &u8) -> bool {
    is_word(byte) || matches!(byte, b'+' | b'/' | b'=' | b'.' | b'~')
}

fn is_no_delimiter(byte: &u8) -> bool {
    !byte.is_ascii_whitespace()
        && !byte.is_ascii_control()
        && !b"\"'`<>,;|@:=&?#()[]{}".contains(byte)
}

/// What stands as the value of a line or between quotes: `NAME=value`, `name: "value"`, an argument.
pub(super) fn assigned(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive(|&byte| byte == b'\n' || byte == 0) {
        let all = start..start + line.len();
        start = all.end;
        if !line.contains(&b'=') {
            found.push(bare(text, all.clone()));
        }
        let signs = line.iter().enumerate();
        // What follows the first sign is the value, whatever stands in it.
        for sign in [b'=', b':'] {
            let mut at = signs.clone().filter(|(_, byte)| **byte == sign);
            if let Some((at, _)) = at.next() {
                found.push(bare(text, all.start + at + 1..all.end));
            }
        }
        for quote in [b'"', b'\''] {
            let quotes = signs.clone().filter(|(_, byte)| **byte == quote);
            let quotes: Vec<usize> = quotes.map(|(at, _)| all.start + at).collect();
            found.extend(quotes.windows(2).map(|pair| pair[0] + 1..pair[1]));
        }
    }
    found.retain(|range| range.len() >= MIN_KEY);
    found
}

/// Without blanks, a comma at its end, and one pair of quotes around it.
fn bare(text: &[u8], range: Range<usize>) -> Range<usize> {
    let trimmed = |range: Range<usize>| {
        let part = &text[range.clone()];
        let start = range.start + part.len() - part.trim_ascii_start().len();
        start..start + part.trim_ascii().len()
    };
    let mut range = trimmed(range);
    if text[range.clone()].ends_with(b",") {
        range = trimmed(range.start..range.end - 1);
    }
    match &text[range.clone()] {
        [first @ (b'"' | b'\''), .., last] if first == last => range.start + 1..range.end - 1,
        _ => range,
    }
}

/// The windows of these lengths, at most so many, and how many more there could be; `None` when some
/// were left out.
pub(super) fn windows(
    text: usize,
    lengths: &[usize],
    most: usize,
) -> (impl Iterator<Item = Range<usize>>, Option<usize>) {
    let count = |length: &usize| (text + 1).saturating_sub(*length);
    let wanted: usize = lengths.iter().map(count).sum();
    let all = lengths.iter().copied().flat_map(move |length| {
        (0..(text + 1).saturating_sub(length)).map(move |at| at..at + length)
    });
    (all.take(most), most.checked_sub(wanted))
}
