//! What somebody elsewhere may be told of what stands beside a key: fingerprints of words that nobody guesses.

use std::collections::{BTreeSet, HashSet};
use std::iter::once;
use std::ops::Range;

use super::candidates::{assigned, candidates};
use super::decode::{base64, hexadecimal};
use super::guessable::{copied, is_guessable};
use super::texts::{Texts, without_blanks};
use super::words::may_be_any_key;
use crate::key::{Digits, Fingerprint, Secret};

/// How many words of one text are looked at.
const MOST_WORDS: usize = 256 * 1024;
/// How many are told.
const MOST: usize = 1000;
/// A word that is shorter may be guessed, and a piece of one is part of its frame.
const SHORTEST: usize = 16;
const PIECE: usize = 8;
/// A part of a word is looked at from so many letters and digits on, if the word has at most so many characters; all of
/// its parts if there are at most so many between signs, and of a document at most so many.
const SHORTEST_PART: usize = 20;
const LONGEST: usize = 512;
const MANY_SIGNS: usize = 12;
const MOST_PARTS: usize = 64 * 1024;
/// How many characters have to stand in runs that are shorter than words and years.
const SCRAMBLED: usize = 8;
const RUN: usize = 3;
/// Or how often letters and digits have to take turns, in a word and in a piece that is long for a password.
const TURNS: usize = 6;
const LONG: usize = 24;
const TURNS_IN_LONG: usize = 2;

/// The words of a document that may be keys, and that nobody guesses from their fingerprints.
#[derive(Debug, Default)]
pub struct Tellable {
    /// Their fingerprints, each once and sorted.
    pub fingerprints: Vec<Fingerprint>,
    /// Whether there are more.
    pub cut: bool,
}

impl Tellable {
    /// Looks for them in a document, as a search around a key does: in all that stands there, encoded or not. What
    /// has `own` in it, the value that is told by itself, is left out.
    #[must_use]
    pub fn of(document: &[u8], own: Option<&[u8]>, digits: Digits) -> Self {
        Self::at_most(MOST, document, own, digits)
    }

    /// Whether a key is told where it stands as the value of a variable.
    #[must_use]
    pub fn tells(key: &[u8]) -> bool {
        let line = Secret::new([b"KEY=", key].concat());
        let found = Self::of(line.expose(), None, Digits::MAX);
        found.fingerprints.contains(&Fingerprint::of(key))
    }

    fn at_most(most: usize, document: &[u8], own: Option<&[u8]>, digits: Digits) -> Self {
        let texts = Texts::new(document);
        let mut cut = texts.cut;
        let mut told = BTreeSet::new();
        let mut looked = 0;
        for text in texts.all.iter().filter(|text| !text.is_noise()) {
            let bytes = text.bytes();
            let (words, more) = candidates(bytes, &text.breaks, &[], true, MOST_WORDS);
            cut |= more;
            let words = words.into_iter().map(|word| word.range);
            let mut tell = |word: &[u8]| {
                if !own.is_some_and(|own| has(word, own) || has(own, word)) {
                    told.insert(Fingerprint::of(word).cut(digits));
                }
            };
            let mut seen = HashSet::new();
            let values = assigned(bytes).into_iter().chain(broken(bytes));
            for range in words.chain(values) {
                let word = &bytes[range.clone()];
                if may_be_any_key(bytes, &range) && is_unguessable(word) {
                    tell(word);
                }
                let joined = without_blanks(word);
                let joined = joined.as_deref().map(|word| &word[..]);
                if let Some(joined) = joined.filter(|word| is_unguessable(word)) {
                    tell(joined);
                }
                let text = joined.unwrap_or(word);
                let taken = own.map(|own| places(text, own)).unwrap_or_default();
                for part in parts(text) {
                    // A part of what is told by itself would tell of that.
                    if taken
                        .iter()
                        .any(|own| part.start < own.end && own.start < part.end)
                    {
                        continue;
                    }
                    let place = joined.is_none().then(|| {
                        let start = range.start + part.start;
                        start..start + part.len()
                    });
                    // Words lie within others.
                    if place.is_some_and(|place| !seen.insert(place)) {
                        continue;
                    }
                    if looked == MOST_PARTS {
                        cut = true;
                        break;
                    }
                    looked += 1;
                    if may_be_any_key(text, &part) && is_unguessable(&text[part.clone()]) {
                        tell(&text[part]);
                    }
                }
            }
        }
        cut |= told.len() > most;
        Self {
            fingerprints: told.into_iter().take(most).collect(),
            cut,
        }
    }
}

/// The values that go over several lines where NUL bytes lie between them, as in an environment.
fn broken(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    if !text.contains(&0) {
        return found;
    }
    for entry in text.split(|&byte| byte == 0) {
        let name = entry.iter().position(|&byte| byte == b'=');
        if entry.contains(&b'\n') {
            found.push(start + name.map_or(0, |name| name + 1)..start + entry.len());
        }
        start += entry.len() + 1;
    }
    found
}

/// The parts of a word that may be keys which something was glued to: those that begin and end at a sign, as `OLD`
/// in `legacy-OLD_2`, and what stands twice or more in a row. Shorter ones would tell too much of the whole.
fn parts(word: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if !(SHORTEST_PART..=LONGEST).contains(&word.len()) || !is_scrambled(word) {
        return found;
    }
    let signs = word.iter().enumerate();
    let signs = signs.filter(|(_, byte)| matches!(byte, b'-' | b'_' | b'.'));
    let signs: Vec<usize> = signs.map(|(at, _)| at).collect();
    let starts: Vec<usize> = once(0).chain(signs.iter().map(|at| at + 1)).collect();
    let ends: Vec<usize> = signs.into_iter().chain([word.len()]).collect();
    for (nth, &start) in starts.iter().enumerate() {
        for &end in &ends[nth..] {
            // Of a word with many signs only what it begins or ends with.
            if starts.len() <= MANY_SIGNS || start == 0 || end == word.len() {
                found.push(start..end);
            }
        }
    }
    let copies = |part: &Range<usize>| {
        let unit = copied(&word[part.clone()], SHORTEST_PART)?;
        Some(part.start..part.start + unit.end)
    };
    let units: Vec<_> = found.iter().filter_map(copies).collect();
    found.extend(units);
    found.retain(|part| part.len() < word.len() && is_long(&word[part.clone()]));
    found
}

/// Whether a part is long enough to say nothing of the whole, and no encoded text, as the claims of a token are.
fn is_long(part: &[u8]) -> bool {
    let letters = part.iter().filter(|byte| byte.is_ascii_alphanumeric());
    let mut pieces = part.split(|&byte| byte == b'.').peekable();
    letters.count() >= SHORTEST_PART && (pieces.peek().is_none() || !pieces.all(is_encoded_text))
}

/// Where the value stands that is told by itself.
fn places(text: &[u8], own: &[u8]) -> Vec<Range<usize>> {
    if own.len() < PIECE {
        return Vec::new();
    }
    let found = memchr::memmem::find_iter(text, own);
    found.map(|at| at..at + own.len()).collect()
}

fn has(word: &[u8], own: &[u8]) -> bool {
    own.len() >= PIECE && memchr::memmem::find(word, own).is_some()
}

/// Whether a word is no password that somebody made up, nor one in a frame that can be known: an address, a pair, an
/// encoded text.
fn is_unguessable(word: &[u8]) -> bool {
    // What stands behind a name is what has to be kept.
    let last = word.rsplit(|&byte| byte == b':').next().unwrap_or(word);
    let bare = last.trim_ascii_end();
    let padding = bare.iter().rev().take_while(|&&byte| byte == b'=').count();
    let bare = &bare[..bare.len() - padding];
    word.len() >= SHORTEST
        && padding <= 2
        && word.iter().all(is_of_keys)
        && !bare.contains(&b'=')
        && !word.starts_with(b"//")
        && !word.windows(3).any(|part| part == b"://")
        && (is_scrambled(bare) || is_access_key_id(bare))
        && !is_encoded_text(last)
        && !is_guessable(bare)
}

fn is_of_keys(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.+/~=:".contains(byte)
}

/// Whether letters, capitals and digits take turns in it as they do in no words and numbers.
fn is_scrambled(word: &[u8]) -> bool {
    let pieces = word.split(|byte| !byte.is_ascii_alphanumeric());
    let pieces = pieces.filter(|piece| piece.len() >= PIECE && !is_guessable(piece));
    let (mut short, mut turns, mut long) = (0, 0, false);
    for piece in pieces {
        let has = |is: fn(&u8) -> bool| piece.iter().any(is);
        let is_hex = |case: fn(&u8) -> bool| {
            let is_digit =
                |byte: &u8| byte.is_ascii_digit() || case(byte) && byte.is_ascii_hexdigit();
            piece.iter().all(is_digit)
        };
        let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
        if is_mixed && (is_hex(u8::is_ascii_lowercase) || is_hex(u8::is_ascii_uppercase)) {
            short += piece.len();
            continue;
        }
        // `Word`, `WORD`, `word`, `2024`.
        let is_one = |one: &u8, next: &u8| {
            let is = |is: fn(&u8) -> bool| is(one) && is(next);
            is(u8::is_ascii_digit)
                || is(u8::is_ascii_lowercase)
                || is(u8::is_ascii_uppercase)
                || one.is_ascii_uppercase() && next.is_ascii_lowercase()
        };
        let runs = piece.chunk_by(is_one).map(<[u8]>::len);
        short += runs.filter(|&run| run <= RUN).sum::<usize>();
        let alike = |one: &u8, next: &u8| one.is_ascii_digit() == next.is_ascii_digit();
        let own = piece.chunk_by(alike).count() - 1;
        turns += own;
        long |= piece.len() >= LONG && own >= TURNS_IN_LONG;
    }
    short >= SCRAMBLED || turns >= TURNS || long
}

/// Whether it is made as the ids of AWS's access keys are, which have few digits.
fn is_access_key_id(word: &[u8]) -> bool {
    const KINDS: [&[u8]; 4] = [b"AKIA", b"ASIA", b"ABIA", b"ACCA"];
    let is_digit = |byte: &u8| matches!(byte, b'2'..=b'7');
    word.len() == 20
        && KINDS.iter().any(|kind| word.starts_with(kind))
        && (word.iter()).all(|byte| byte.is_ascii_uppercase() || is_digit(byte))
        && word.iter().any(is_digit)
}

/// Whether it only spells a text, which may be guessed: what stands in that is looked at by itself.
fn is_encoded_text(word: &[u8]) -> bool {
    let is_text = |bytes: &[u8]| {
        bytes
            .iter()
            .all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t'))
    };
    let decoded = [base64(word).map(|(_, bytes)| bytes), hexadecimal(word)];
    decoded.into_iter().flatten().any(|bytes| is_text(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ask_live_4Vq8ZkT2mWc7RbX1sYdN6hJp3FgLe9Ua";

    fn told(document: &str, own: Option<&str>) -> Vec<Fingerprint> {
        let own = own.map(str::as_bytes);
        let found = Tellable::of(document.as_bytes(), own, Digits::DEFAULT);
        assert!(!found.cut);
        found.fingerprints
    }

    fn print(word: &str) -> Fingerprint {
        Fingerprint::of(word.as_bytes()).cut(Digits::DEFAULT)
    }

    #[test]
    fn what_may_be_a_key_is_told_wherever_it_stands() {
        let encoded = data_encoding::BASE64.encode(KEY.as_bytes());
        for document in [
            format!("PORT=80\nOLD={KEY}\n"),
            format!("# KEY=\"{KEY}\"\n"),
            format!("DSN=https://{KEY}@host/1"),
            format!("AUTH={encoded}"),
            format!("A=1\0OLD={KEY}\0B=2\0"),
            format!("{{\"a\": [\"{KEY}\"]}}"),
        ] {
            assert!(told(&document, None).contains(&print(KEY)), "{document}");
            assert!(told(&document, Some(KEY)).is_empty(), "{document}");
        }
    }

    #[test]
    fn what_is_glued_to_a_key_does_not_hide_it() {
        const OTHER: &str = "ask_live_7Hn2QxV9cLd5TzKw3RyBm8JfGs6Pe4Ua";
        let (one, rest) = KEY.split_at(20);
        let uuid = "9b2d1c3e-77aa-4f10-9d2e-0a23b5c789ab";
        for document in [
            format!("X=legacy-{KEY}"),
            format!("X={KEY}_old"),
            format!("X=old.{KEY}-2"),
            format!("X={OTHER}-{KEY}"),
            format!("X={KEY}{KEY}"),
            format!("X={KEY}{KEY}{KEY}_old"),
            format!("A=1\0X={one}\n{rest}\0"),
            format!("A=1\0X=legacy-{one}\n  {rest}\n\0"),
            format!("X={uuid}-{KEY}"),
        ] {
            assert!(told(&document, None).contains(&print(KEY)), "{document}");
        }
        let both = told(&format!("X={KEY}_{OTHER}"), Some(KEY));
        assert!(both.contains(&print(OTHER)) && !both.contains(&print(KEY)));
        assert!(told(&format!("X=legacy-{uuid}"), None).contains(&print(uuid)));
        // No part of the value that is told by itself, nor short parts of another one.
        assert!(told(&format!("K={KEY}"), Some(KEY)).is_empty());
        let parts = told(&format!("K={uuid}"), None);
        assert!(!parts.contains(&print("0a23b5c789ab")));
        assert!(!parts.contains(&print("9d2e-0a23b5c789ab")));
    }

    #[test]
    fn no_claims_of_a_token_are_told() {
        let encode = |text: &str| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes());
        let head = encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        let claims = encode(r#"{"sub":"1234567890","name":"John Doe","iat":1516239022}"#);
        let token = format!("{head}.{claims}.4Vq8ZkT2mWc7RbX1sYdN6hJp3FgLe9UaQx5Tz0Wn7Bc");
        let told = told(&format!("T={token}"), None);
        assert!(told.contains(&print(&token)));
        for part in [&head, &claims, &format!("{head}.{claims}")] {
            assert!(!told.contains(&print(part)), "{part}");
        }
    }

    #[test]
    fn keys_of_every_kind_are_told() {
        for key in [
            "9b2d1c3e-77aa-4f10-9d2e-0a23b5c789ab",
            "5f4dcc3b5aa765d61d8327deb882cf99",
            "q8ad7v2mz1kx05tr9wye6bnu3hjc4p",
            "AKIA5XQ7ZB2N4JW8M3TD",
            "AKIAQWXZRTPLMNBV7CSD",
            "ASIAQYPLR4ZNVTKWHJBX",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzT3qX8Nd2k",
            "vL3+9xQ0/ab7Zk2TtN8wYh5cJr1mPd4s6uE=",
            "123456789:AAH4Vq8ZkT2mWc7RbX1sYdN6hJp3FgLe9",
            KEY,
        ] {
            assert!(
                told(&format!("K={key}\n"), None).contains(&print(key)),
                "{key}"
            );
            assert!(Tellable::tells(key.as_bytes()), "{key}");
        }
    }

    #[test]
    fn it_is_known_which_keys_are_not_told() {
        for key in [
            "hunter2",
            "kqwzvjxhplmtrnbdgfsyceoa",
            "8274650193827465",
            "x7!Kq#9zW&4mT@2vR%8p",
            "4Vq8ZkT2m\nWc7RbX1sY",
            "AKIAPRODUCTIONSERVER",
            "",
        ] {
            assert!(!Tellable::tells(key.as_bytes()), "{key}");
        }
    }

    #[test]
    fn nothing_is_told_that_may_be_guessed() {
        let pair = data_encoding::BASE64.encode(b"checkout:Summer-2024-now");
        let hex = hex::encode("checkout:Summer-2024");
        for value in [
            "s3cr3t",
            "hunter2-Ab12xY9",
            "Summer2024Summer2024",
            "hunter2hunter2hunter2",
            "MyCompanyProduction2024",
            "S3cr3tS3cr3tS3cr3t",
            "P4ssw0rdP4ssw0rd1",
            "P4ssw0rd-p4ssw0rd",
            "1234abcd1234abcd",
            "1qaz2wsx3edc4rfv",
            "checkout:1qaz2wsx3edc4rfv",
            "1q2w3e4r5t6y7u8i-production",
            "DE89370400440532013000",
            "FR14 2004 1010 0505 0001 3M02 606",
            "correct-horse-battery-staple",
            "correcthorsebatterystaple",
            "4111111111111111",
            "2026-11-20T09:00:00.123456Z",
            "postgres://checkout:hunter2@db.internal:5432/checkout",
            "https://host/a?password=hunter2&x=9b2d1c3e77aa4f10",
            "password=hunter2hunter2",
            "/usr/lib/x86_64-linux-gnu/libexec",
            "checkout.eu-west-1.internal.example",
            "9b2d1c3e77aa4f109d2e:hunter2",
            "undefined",
            &pair,
            &hex,
        ] {
            for document in [
                format!("K={value}\n"),
                format!("# {value}"),
                format!("K='{value}'\0"),
            ] {
                let told = told(&document, None);
                let allowed = ["9b2d1c3e77aa4f10", "9b2d1c3e77aa4f109d2e"].map(print);
                assert!(
                    told.iter().all(|one| allowed.contains(one)),
                    "{document}: {told:?}"
                );
            }
        }
    }

    #[test]
    fn they_are_sorted_and_told_up_to_a_number() {
        let key = |at: usize| format!("K{at}={at}{}\n", &KEY[9..]);
        let text: String = (0..5).map(key).collect();
        let at_most = |most| Tellable::at_most(most, text.as_bytes(), None, Digits::MAX);
        let all = at_most(MOST);
        let count = all.fingerprints.len();
        assert!(!all.cut && count >= 5 && all.fingerprints.is_sorted());
        assert!(!at_most(count).cut);
        let most = at_most(count - 1);
        assert!(most.cut);
        assert_eq!(most.fingerprints, all.fingerprints[..count - 1]);
    }
}
