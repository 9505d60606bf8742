//! What stands beside a known key, or in a text that asks for one: each word of it is looked at as a
//! value would be, and what may be a key that nobody knows leaves the whole open.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use super::book::Keyring;
use super::damage::Damage;
use super::embedded::{Fragment, Part};
use super::known::{KeyId, Known, ProjectId};
use super::layers::Described;
use super::surroundings::is_in_url;
use super::texts::Texts;
use super::wire::Wire;
use super::wraps::MIN_KEY;

/// How many different words of a value are looked at. What lies beyond stays unexplained.
const WORDS: usize = 256;
/// How deeply the words of words are looked at.
const DEPTH: usize = 2;
/// How long a word is that may be a key without a digit in it.
const LONG: usize = 16;
/// The most letters of a word of some language, and digits of a number beside one.
const LETTERS: usize = 15;
const DIGITS: usize = 6;
/// The fewest letters of a word within another, as in `apiKey`.
const HUMP: usize = 3;
/// How many digits a label of a host or a number in a path has at most.
const URL_DIGITS: usize = 20;

/// What was seen beside the keys that were found.
#[derive(Default)]
pub(super) struct Beside {
    /// Known keys, damaged. Each has the fingerprint of the key itself.
    pub(super) known: Vec<Fragment>,
    /// Whether something may be a key that nobody knows, or was not looked at.
    pub(super) open: bool,
}

impl Keyring {
    /// Looks at every word of these texts that is no part of a key that was found; of the first text too
    /// where it asks for a key.
    pub(super) fn look_beside(
        &self,
        own: ProjectId,
        texts: &Texts<'_>,
        found: &[Part],
        asks: bool,
        depth: usize,
    ) -> Beside {
        let mut beside = Beside::default();
        let mut spent = spent(texts, found);
        if asks {
            spent.entry(0).or_default();
        }
        let mut described = Described::new(texts);
        let mut seen = HashSet::new();
        for (text, spent) in spent {
            let bytes = texts.all.get(text).map_or(&[][..], |text| text.bytes());
            for word in words(bytes, spent) {
                let part = &bytes[word.clone()];
                if (text == 0 && part.len() == bytes.len() && !asks) || !seen.insert(part) {
                    continue;
                }
                if seen.len() > WORDS {
                    beside.open = true;
                    return beside;
                }
                let is_whole = part.len() == bytes.len();
                let (keys, inner, open) = match is_whole {
                    true => (Vec::new(), Vec::new(), false),
                    false => self.within_word(own, part, depth),
                };
                beside.open |= open;
                if keys.is_empty() {
                    let pieces = pieces(bytes, &word);
                    let encoded = part.len() >= LONG && looks_encoded(part);
                    let mut unexplained = encoded && !is_plain(part);
                    for piece in pieces {
                        let bytes_of = &bytes[piece.clone()];
                        let (keys, inner, open) = match piece == word {
                            true => (Vec::new(), Vec::new(), false),
                            false => self.within_word(own, bytes_of, depth),
                        };
                        beside.open |= open;
                        if keys.is_empty() {
                            unexplained |=
                                may_be_key(bytes, &piece) && !self.is_name(own, bytes_of);
                        } else {
                            unexplained &= !encoded;
                            let outer = described.layers(text, &piece);
                            beside.known.extend(self.damaged(&keys, outer, &inner));
                        }
                    }
                    beside.open |= unexplained;
                } else {
                    let outer = described.layers(text, &word);
                    beside.known.extend(self.damaged(&keys, outer, &inner));
                }
            }
        }
        beside
    }

    /// The known keys that a word is or holds, what happened to them, and whether it leaves something open.
    fn within_word(
        &self,
        own: ProjectId,
        word: &[u8],
        depth: usize,
    ) -> (Vec<KeyId>, Vec<Damage>, bool) {
        if word.len() < MIN_KEY {
            return Default::default();
        }
        let found = match depth < DEPTH {
            true => self.look_at(own, word, depth + 1).explanation,
            false => self.explain_whole(own, word),
        };
        found.map_or_else(Default::default, |found| {
            let open = found.inside.is_some_and(|inside| inside.beside);
            (found.keys, found.damage.into(), open)
        })
    }

    fn damaged(&self, keys: &[KeyId], outer: Vec<Damage>, inner: &[Damage]) -> Vec<Fragment> {
        let damage: Vec<Damage> = outer.into_iter().chain(inner.iter().copied()).collect();
        keys.iter()
            .filter_map(|&key| self.get(key).map(Known::fingerprint))
            .map(|fingerprint| Fragment {
                fingerprint,
                damage: damage.clone().into(),
                way: None,
                wire: Wire::default(),
                cut: false,
                worded: false,
            })
            .collect()
    }

    fn is_name(&self, own: ProjectId, word: &[u8]) -> bool {
        self.names(own).iter().any(|name| name.as_bytes() == word)
    }
}

/// By text, where the keys stand that were found, or what they were decoded from.
fn spent(texts: &Texts<'_>, found: &[Part]) -> BTreeMap<usize, Vec<Range<usize>>> {
    let mut spent: BTreeMap<usize, Vec<Range<usize>>> = BTreeMap::new();
    for part in found {
        let mut at = Some((part.text, part.range.clone()));
        while let Some((text, range)) = at {
            at = texts
                .origin(text, &range)
                .map(|(text, range, _)| (text, range));
            spent.entry(text).or_default().push(range);
        }
    }
    spent
}

/// The words between these ranges, as wide as they reach.
fn words(text: &[u8], mut spent: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spent.sort_by_key(|range| range.start);
    spent.push(text.len()..text.len());
    let mut found = Vec::new();
    let mut from = 0;
    for range in spent {
        if from < range.start {
            let is_in = |byte: &u8| in_word(*byte);
            found.extend(runs(text, from..range.start, is_in).filter(|run| run.len() >= MIN_KEY));
        }
        from = from.max(range.end);
    }
    found
}

/// The parts of a word between its signs, and without those that may belong to the text, as the `-` of
/// `${NAME:-key}` does.
fn pieces(text: &[u8], word: &Range<usize>) -> Vec<Range<usize>> {
    let is_in = |byte: &u8| in_word(*byte) && !b"/=+.~%\\".contains(byte);
    let is_own = |byte: &u8| !b"-_".contains(byte);
    let bare = |run: Range<usize>| {
        let bytes = &text[run.clone()];
        let start = bytes.iter().position(is_own).unwrap_or(0);
        let end = bytes.iter().rposition(is_own).map_or(0, |last| last + 1);
        run.start + start..run.start + end.max(start)
    };
    runs(text, word.clone(), is_in).map(bare).collect()
}

fn runs(
    text: &[u8],
    range: Range<usize>,
    is_in: impl Fn(&u8) -> bool,
) -> impl Iterator<Item = Range<usize>> {
    let mut at = range.start;
    std::iter::from_fn(move || {
        let rest = text.get(at..range.end)?;
        let start = at + rest.iter().position(&is_in)?;
        let rest = text.get(start..range.end)?;
        at = start + rest.iter().take_while(|byte| is_in(byte)).count();
        Some(start..at)
    })
}

fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"_-+/=.~%\\".contains(&byte)
}

/// Whether the signs in a word are those of an encoding.
fn looks_encoded(word: &[u8]) -> bool {
    let in_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    (word.contains(&b'+') || word.ends_with(b"=")) && word.iter().all(in_base64)
}

/// Whether a word that nothing explains may be a key for all its looks.
fn may_be_key(text: &[u8], word: &Range<usize>) -> bool {
    let bytes = &text[word.clone()];
    let long = bytes.len() >= LONG;
    let numbered = bytes.len() >= MIN_KEY && bytes.iter().any(u8::is_ascii_digit);
    (long || numbered) && !is_plain(bytes) && !is_of_url(text, word)
}

/// A name, words and short numbers: `API_KEY_2`, `rotated-2026-11-27`, `apiKey`.
fn is_plain(word: &[u8]) -> bool {
    let mut different = word.iter().filter(|byte| Some(*byte) != word.first());
    different.next().is_none()
        || word
            .split(|byte| b"_-./".contains(byte))
            .all(|part| is_word(part) || is_humped(part))
}

/// Letters in one case, or capitalised, and a short number.
fn is_word(part: &[u8]) -> bool {
    let letters = part.iter().take_while(|byte| is_letter(**byte)).count();
    let (letters, digits) = part.split_at(letters);
    let tail = letters.get(1..).unwrap_or_default();
    let characters = letters.iter().filter(|byte| (**byte & 0xc0) != 0x80);
    characters.count() <= LETTERS
        && digits.len() <= DIGITS
        && digits.iter().all(u8::is_ascii_digit)
        && (!tail.iter().any(u8::is_ascii_uppercase) || !letters.iter().any(u8::is_ascii_lowercase))
}

/// Several such words, each but the first with a capital: random letters have shorter ones.
fn is_humped(part: &[u8]) -> bool {
    let mut humps = Vec::new();
    let mut start = 0;
    for at in 1..part.len() {
        if part[at].is_ascii_uppercase() {
            humps.push(&part[start..at]);
            start = at;
        }
    }
    humps.push(&part[start..]);
    humps
        .iter()
        .all(|hump| is_word(hump) && hump.iter().filter(|byte| is_letter(**byte)).count() >= HUMP)
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || !byte.is_ascii()
}

/// A label of a host with a number behind it, or a number in a path.
fn is_of_url(text: &[u8], word: &Range<usize>) -> bool {
    let bytes = &text[word.clone()];
    let letters = bytes.iter().take_while(|byte| byte.is_ascii_lowercase());
    let (letters, digits) = bytes.split_at(letters.count());
    letters.len() <= LETTERS
        && digits.len() <= URL_DIGITS
        && digits.iter().all(u8::is_ascii_digit)
        && text[..word.start]
            .last()
            .is_some_and(|byte| b"/.@".contains(byte))
        && is_in_url(&text[..word.start])
}

#[cfg(test)]
mod tests;
