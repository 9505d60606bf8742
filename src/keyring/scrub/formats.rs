use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use regex::bytes::{RegexSet, RegexSetBuilder};

use crate::keyring::format::Format;

/// From so many formats on, one pass that says which of them matter pays.
pub(super) const MANY: usize = 4;

/// The most memory that this pass may take to be made.
const ROOM: usize = 64 << 20;

/// How much of what keys begin with must be the same for all, so that a part of a key is told by it.
const TELLING: usize = 3;

/// So many characters of a key may be shown behind what all keys begin with.
const SHOWN: usize = 4;

/// Behind less than this, only what is no word is a part of a key, and more than this may be.
const DISTINCT: usize = 6;
const WORD: usize = 8;

/// What keys look like, so that all are found, known or not.
#[derive(Default)]
pub(super) struct Formats {
    all: Vec<Arc<Format>>,
    /// All of them in one pass; `None` where they are few, or too large together.
    set: OnceLock<Option<RegexSet>>,
    /// What keys begin with, by the first bytes.
    prefixes: HashMap<[u8; TELLING], Vec<Box<[u8]>>>,
    shortest: usize,
    #[cfg(test)]
    pub(super) passes: std::sync::atomic::AtomicUsize,
}

impl Formats {
    pub(super) fn new(all: Vec<Arc<Format>>) -> Self {
        let mut prefixes = HashMap::<_, Vec<Box<[u8]>>>::new();
        for format in &all {
            let prefix: Box<[u8]> = format.prefix().to_ascii_lowercase().into();
            if let Some(first) = prefix.first_chunk() {
                let same = prefixes.entry(*first).or_default();
                if !same.contains(&prefix) {
                    same.push(prefix);
                }
            }
        }
        let shortest = all.iter().map(|format| format.shortest());
        Self {
            shortest: shortest.min().unwrap_or_default(),
            all,
            prefixes,
            ..Self::default()
        }
    }

    /// Where something stands that fits a format, whatever is beside it, or is a part of such.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = self.find_whole(text);
        if !self.prefixes.is_empty() {
            self.find_parts(text, &mut found);
        }
        found
    }

    /// Where something stands that fits a format.
    pub(super) fn find_whole(&self, text: &[u8]) -> Vec<Range<usize>> {
        if self.all.is_empty() || text.len() < self.shortest {
            return Vec::new();
        }
        let find = |format: &Arc<Format>| {
            self.count();
            format.find_anywhere(text).collect::<Vec<_>>()
        };
        match self.set() {
            None => self.all.iter().flat_map(find).collect(),
            Some(set) => {
                self.count();
                let matching = set.matches(text);
                let matching = matching.iter().filter_map(|index| self.all.get(index));
                matching.flat_map(find).collect()
            }
        }
    }

    /// Where a word begins as keys do, and shows more of one than it may.
    fn find_parts(&self, text: &[u8], found: &mut Vec<Range<usize>>) {
        for (at, first) in text.windows(TELLING).enumerate() {
            let is_within = at
                .checked_sub(1)
                .is_some_and(|last| text[last].is_ascii_alphanumeric());
            let Ok(first) = <[u8; TELLING]>::try_from(first) else {
                continue;
            };
            let same = match is_within {
                true => None,
                false => self
                    .prefixes
                    .get(&first.map(|byte| byte.to_ascii_lowercase())),
            };
            let begins = |prefix: &[u8]| {
                let word = text.get(at..at + prefix.len());
                word.is_some_and(|word| word.eq_ignore_ascii_case(prefix))
            };
            let same = same.into_iter().flatten().filter(|prefix| begins(prefix));
            if let Some(prefix) = same.max_by_key(|prefix| prefix.len()) {
                let rest = &text[at + prefix.len()..];
                let rest = &rest[..rest.iter().take_while(|byte| is_key(**byte)).count()];
                if shows_too_much(rest, prefix.len()) {
                    found.push(at..at + prefix.len() + rest.len());
                }
            }
        }
    }

    fn set(&self) -> Option<&RegexSet> {
        if self.all.len() < MANY {
            return None;
        }
        let make = || {
            let patterns = self.all.iter().map(|format| format.anywhere());
            RegexSetBuilder::new(patterns).size_limit(ROOM).build().ok()
        };
        self.set.get_or_init(make).as_ref()
    }

    fn count(&self) {
        #[cfg(test)]
        self.passes
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}

/// What the middle of a key may consist of.
fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-+/=".contains(&byte)
}

/// Whether what stands behind a prefix of this length is a part of a key, and more of it than may be shown.
fn shows_too_much(rest: &[u8], prefix: usize) -> bool {
    let is_no_word = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    rest.len() > SHOWN && (rest.iter().any(is_no_word) || prefix >= DISTINCT && rest.len() > WORD)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'t>(formats: &[&str], text: &'t str) -> Vec<&'t str> {
        let formats = formats
            .iter()
            .map(|format| Arc::new(Format::new(format).unwrap()));
        let formats = Formats::new(formats.collect());
        let found = formats.find(text.as_bytes()).into_iter();
        found.map(|range| &text[range]).collect()
    }

    #[test]
    fn more_of_a_key_than_four_characters_is_found_by_what_all_begin_with() {
        let format = ["^ask_live_[A-Za-z0-9]{32}$"];
        for part in [
            "ask_live_4Vq8Z",
            "ask_live_4Vq8ZkT2mWc7RbX1sYdN6h",
            "ASK_LIVE_4VQ8ZKT2",
            "ask_live_zmxncbvla",
        ] {
            for text in [format!("bad key {part}… it said"), format!("\"{part}\"")] {
                assert_eq!(found(&format, &text), [part], "{text}");
            }
        }
        for text in [
            "keys begin with ask_live_, no more",
            "bad key ask_live_4Vq8… it said",
            "bad key ask_live_****Le9Ua",
            "bad key ask_live_example",
            "task_live_4Vq8ZkT2",
        ] {
            assert!(found(&format, text).is_empty(), "{text}");
        }
        // The shorter what keys begin with is, the more looks like it.
        assert!(found(&["^sk-[a-z0-9]{32}$"], "sk-learning-things").is_empty());
        assert_eq!(found(&["^sk-[a-z0-9]{32}$"], "no sk-a1b2c"), ["sk-a1b2c"]);
        assert!(found(&["^k[a-z0-9]{32}$"], "k1b2c3d4").is_empty());
    }
}
