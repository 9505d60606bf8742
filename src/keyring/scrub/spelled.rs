//! Keys that are spelled: in groups of their characters, or byte by byte in numbers.

use std::ops::Range;

use super::plain::Plain;
use crate::keyring::wraps::MIN_KEY;

/// What may stand between groups.
const SEPARATORS: &[u8] = b" -:.,;_|/";

/// What may stand right before the first group, and right behind the last.
const OPENING: &[u8] = b"\"'`<([{=";
const CLOSING: &[u8] = b"\"'`>)]};,.!?";

/// The most bytes between two numbers.
const FARTHEST: usize = 4;

/// How many groups at an end may be words of the text that happen to be as long.
const ASTRAY: usize = 2;

/// Groups of one length with one kind of sign between them, as they read without it.
pub(super) struct Groups {
    /// All of them, with the word before, which may be a longer first group.
    pub(super) joined: Plain,
    /// Where they meet in that.
    bounds: Vec<usize>,
}

impl Groups {
    /// What may be the whole of what was spelled: some words beside it may be as long as its groups.
    pub(super) fn wholes(&self) -> impl Iterator<Item = Range<usize>> {
        let first = self.bounds.iter().take(ASTRAY + 1);
        first
            .flat_map(|&start| {
                let last = self.bounds.iter().rev().take(ASTRAY + 1);
                last.map(move |&end| start..end)
            })
            .filter(|whole| whole.len() >= MIN_KEY)
            .flat_map(|whole| {
                let closed = closed(self.joined.bytes(), &whole);
                let is_other = closed != whole;
                std::iter::once(whole).chain(is_other.then_some(closed))
            })
    }
}

/// All groups in a text: three or more of them, or two that are long.
pub(super) fn groups(text: &Plain) -> Vec<Groups> {
    let mut all = Vec::new();
    for &separator in SEPARATORS {
        if text.bytes().contains(&separator) {
            find_groups(text, separator, &mut all);
        }
    }
    all
}

fn find_groups(text: &Plain, separator: u8, all: &mut Vec<Groups>) {
    let bytes = text.bytes();
    let words: Vec<_> = runs(bytes, |byte| byte != separator && byte != b' ').collect();
    let linked = |one: &Range<usize>, next: &Range<usize>| {
        let between = bytes[one.end..next.start].trim_ascii();
        between.is_empty() == (separator == b' ') && between.len() <= 1
    };
    let mut first = 0;
    while let Some(word) = words.get(first) {
        let length = opened(bytes, word).len();
        let next = words.get(first + 1..).unwrap_or_default();
        let pairs = words[first..].iter().zip(next);
        let same = pairs.clone();
        let same = same.take_while(|(one, next)| linked(one, next) && next.len() == length);
        let same = 1 + same.count();
        let last = pairs.clone().nth(same - 1).filter(|(one, next)| {
            linked(one, next) && (1..=length).contains(&closed(bytes, next).len())
        });
        let count = same + usize::from(last.is_some());
        if count >= 3 || count == 2 && length >= MIN_KEY {
            let before = first.checked_sub(1);
            let before = before.filter(|&before| linked(&words[before], word));
            let before = before.map(|before| last_part(bytes, &words[before]));
            let own = &words[first..first + count];
            all.extend(joined(text, before, own));
        }
        // The last may be the longer one before others.
        first += same;
    }
}

fn joined(text: &Plain, before: Option<Range<usize>>, words: &[Range<usize>]) -> Option<Groups> {
    let bytes = text.bytes();
    let mut joined = Plain::with_room(words.iter().map(Range::len).sum());
    let mut bounds = vec![0];
    let own = words.iter().enumerate().map(|(index, word)| match index {
        0 => opened(bytes, word),
        _ if index + 1 == words.len() => closed(bytes, word),
        _ => word.clone(),
    });
    for word in before.into_iter().chain(own) {
        for at in word {
            joined.push(bytes[at], text.origin(&(at..at + 1)));
        }
        bounds.push(joined.bytes().len());
    }
    (joined.bytes().len() >= MIN_KEY).then_some(Groups { joined, bounds })
}

fn opened(bytes: &[u8], word: &Range<usize>) -> Range<usize> {
    let signs = bytes[word.clone()].iter();
    word.start + signs.take_while(|sign| OPENING.contains(sign)).count()..word.end
}

/// What of a word may be the first group of a key: `"key":"` may stand before it.
fn last_part(bytes: &[u8], word: &Range<usize>) -> Range<usize> {
    let is_sign = |byte: &u8| OPENING.contains(byte);
    let sign = bytes[word.clone()].iter().rposition(is_sign);
    sign.map_or(word.start, |at| word.start + at + 1)..word.end
}

fn closed(bytes: &[u8], word: &Range<usize>) -> Range<usize> {
    let signs = bytes[word.clone()].iter().rev();
    word.start..word.end - signs.take_while(|sign| CLOSING.contains(sign)).count()
}

/// The bytes that lists of numbers stand for: decimal, octal, binary, or in pairs of hex digits.
pub(super) fn numbers(text: &Plain) -> Vec<Plain> {
    let bytes = text.bytes();
    let words: Vec<_> = runs(bytes, |byte| byte.is_ascii_alphanumeric()).collect();
    let mut lists = Vec::new();
    for read in [decimal, octal, binary, hexadecimal] {
        let mut list = Plain::with_room(0);
        let mut end = None;
        for word in &words {
            let number = read(&bytes[word.clone()]);
            let goes_on = end.is_some_and(|end| word.start - end <= FARTHEST);
            if number.is_none() || !goes_on {
                lists.push(std::mem::replace(&mut list, Plain::with_room(0)));
            }
            end = number.map(|number| {
                list.push(number, text.origin(word));
                word.end
            });
        }
        lists.push(list);
    }
    lists.retain(|list| list.bytes().len() >= MIN_KEY);
    lists
}

fn decimal(word: &[u8]) -> Option<u8> {
    (word.len() <= 3).then(|| number(word, 10))?
}

fn octal(word: &[u8]) -> Option<u8> {
    let digits = word.strip_prefix(b"0o").unwrap_or(word);
    match digits {
        [b'0', digits @ ..] if digits.len() == 3 => number(digits, 8),
        digits if digits.len() == 3 => number(digits, 8),
        _ => None,
    }
}

fn binary(word: &[u8]) -> Option<u8> {
    let digits = word.strip_prefix(b"0b").unwrap_or(word);
    (digits.len() == 8).then(|| number(digits, 2))?
}

fn hexadecimal(word: &[u8]) -> Option<u8> {
    match word {
        [b'0', b'x' | b'X', digits @ ..] if digits.len() <= 2 => number(digits, 16),
        digits if digits.len() == 2 => number(digits, 16),
        _ => None,
    }
}

fn number(digits: &[u8], radix: u32) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

fn runs(bytes: &[u8], is_in: impl Fn(u8) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        at += bytes.get(at..)?.iter().position(|&byte| is_in(byte))?;
        let start = at;
        at += bytes[start..]
            .iter()
            .take_while(|&&byte| is_in(byte))
            .count();
        Some(start..at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "Kq3-vT9_mW2xZ7rB5yL8nQ4hJ6d";

    fn in_groups(key: &str, length: usize, separator: &str) -> String {
        let groups: Vec<_> = key.as_bytes().chunks(length).collect();
        let groups = groups.iter().map(|group| String::from_utf8_lossy(group));
        groups.collect::<Vec<_>>().join(separator)
    }

    #[test]
    fn groups_are_joined_whatever_stands_around_them() {
        for length in [1, 2, 3, 4, 5, 8, 14] {
            for separator in [" ", ":", ", ", "; ", "|", "\r\n  "] {
                let spelled = in_groups(KEY, length, separator);
                for (before, after) in [
                    ("", ""),
                    ("refused <", "> for good"),
                    ("it was ", ", no more"),
                ] {
                    let text = format!("{before}{spelled}{after}");
                    let plain = Plain::new(text.as_bytes());
                    let whole = groups(&plain).into_iter().find_map(|groups| {
                        let is_key = |whole: &Range<usize>| {
                            groups.joined.bytes()[whole.clone()] == *KEY.as_bytes()
                        };
                        let whole = groups.wholes().find(is_key)?;
                        Some(groups.joined.origin(&whole))
                    });
                    let whole = whole.unwrap_or_else(|| panic!("not found in {text:?}"));
                    assert_eq!(&text[whole], spelled, "{text}");
                }
            }
        }
    }

    #[test]
    fn a_longer_first_group_belongs_to_the_others() {
        let text = "bad key ask_live_ 0123 4567 89ab cd, it said";
        let plain = Plain::new(text.as_bytes());
        let all = groups(&plain);
        let read: Vec<_> = all
            .iter()
            .map(|groups| String::from_utf8_lossy(groups.joined.bytes()))
            .collect();
        assert!(
            read.iter()
                .any(|text| text.starts_with("ask_live_0123456789abcd")),
            "{read:?}"
        );
    }

    #[test]
    fn numbers_are_bytes_in_every_base() {
        let spelled = |each: fn(u8) -> String| {
            let numbers: Vec<_> = KEY.bytes().map(each).collect();
            [numbers.join(" "), numbers.join(", "), numbers.join("\",\"")]
        };
        for text in [
            spelled(|byte| byte.to_string()),
            spelled(|byte| format!("{byte:03o}")),
            spelled(|byte| format!("{byte:08b}")),
            spelled(|byte| format!("{byte:02X}")),
            spelled(|byte| format!("0x{byte:02x}")),
        ]
        .concat()
        {
            let said = format!("refused [{text}] after 200 ms");
            let plain = Plain::new(said.as_bytes());
            let is_key = |list: &Plain| list.bytes() == KEY.as_bytes();
            let list = numbers(&plain).into_iter().find(is_key);
            let list = list.unwrap_or_else(|| panic!("not found in {said}"));
            assert_eq!(&said[list.origin(&(0..KEY.len()))], text);
        }
        assert!(numbers(&Plain::new(b"answered 403 after 200 ms, at 12:30:45")).is_empty());
    }
}
