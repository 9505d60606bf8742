mod decoded;
mod plain;
mod secrets;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use regex::bytes::{RegexSet, RegexSetBuilder};

use self::decoded::{meanings, parts};
use self::plain::Plain;
use self::secrets::Secrets;
use super::book::Keyring;
use super::format::Format;
use crate::key::{Fingerprint, Secret};
use crate::text::escape;

/// What stands for something that was taken out.
const REDACTED: &str = "[redacted]";

/// How many escapes or encodings may lie on top of each other.
const DEPTH: usize = 2;

/// What is looked at of a text from outside. Far less of it is shown.
const LONGEST: usize = 64 * 1024;

/// From so many formats on, one pass that says which of them matter pays.
const MANY: usize = 4;

/// The most memory that this pass may take to be made.
const ROOM: usize = 64 << 20;

/// How many texts are remembered as they may be shown.
const REMEMBERED: usize = 4096;

/// Makes texts from outside, such as the body of an error, fit to be shown: what looks like a key is taken
/// out, and every secret that is known, also where it is encoded or where half of it was cut away.
#[derive(Default)]
pub struct Scrubber {
    formats: Arc<Formats>,
    known: Vec<Arc<Known>>,
    /// Each text once: a server says the same to many.
    seen: Mutex<HashMap<(Fingerprint, usize), Arc<str>>>,
}

/// What some secrets are found by, made when the first text comes.
struct Known {
    secrets: Vec<Secret>,
    fingerprints: Vec<Fingerprint>,
    index: OnceLock<Secrets>,
}

#[derive(Default)]
struct Formats {
    all: Vec<Arc<Format>>,
    /// All of them in one pass; `None` where they are few, or too large together.
    set: OnceLock<Option<RegexSet>>,
    #[cfg(test)]
    passes: std::sync::atomic::AtomicUsize,
}

impl Scrubber {
    /// Knows what keys look like.
    #[must_use]
    pub fn new(formats: Vec<Arc<Format>>) -> Self {
        Self {
            formats: Arc::new(Formats {
                all: formats,
                ..Formats::default()
            }),
            ..Self::default()
        }
    }

    /// The same, knowing these secrets as well, and others by their fingerprints.
    #[must_use]
    pub fn knowing(&self, secrets: Vec<Secret>, fingerprints: Vec<Fingerprint>) -> Self {
        let more = Known {
            secrets,
            fingerprints,
            index: OnceLock::new(),
        };
        let mut known = self.known.clone();
        known.push(Arc::new(more));
        Self {
            formats: Arc::clone(&self.formats),
            known,
            seen: Mutex::default(),
        }
    }

    /// The same, knowing every key of a keyring.
    #[must_use]
    pub fn knowing_keys(&self, keyring: &Keyring) -> Self {
        let mut secrets = Vec::new();
        let mut fingerprints = Vec::new();
        for key in keyring.known() {
            match key.secret() {
                Some(secret) => secrets.push(Secret::copied(secret.expose())),
                None => fingerprints.push(key.fingerprint()),
            }
        }
        self.knowing(secrets, fingerprints)
    }

    /// A text with every secret taken out, with everything escaped that a terminal would act on, and cut to
    /// so many characters, `…` included.
    #[must_use]
    pub fn text(&self, text: &[u8], characters: usize) -> Arc<str> {
        let key = (Fingerprint::of(text), characters);
        let seen = || self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shown) = seen().get(&key) {
            return Arc::clone(shown);
        }
        let shown: Arc<str> = self.shown(text, characters).into();
        let mut seen = seen();
        if seen.len() >= REMEMBERED {
            seen.clear();
        }
        seen.insert(key, Arc::clone(&shown));
        shown
    }

    /// Whether anything would be taken out of a text.
    #[must_use]
    pub fn finds(&self, text: &[u8]) -> bool {
        !self.secret(text, DEPTH).is_empty()
    }

    fn shown(&self, text: &[u8], characters: usize) -> String {
        let text = &text[..text.len().min(LONGEST)];
        let mut shown = String::new();
        let mut from = 0;
        // Cut afterwards, so that nothing is cut in two and shown by half.
        for range in self.secret(text, DEPTH) {
            shown += &escape(&String::from_utf8_lossy(&text[from..range.start]));
            shown += REDACTED;
            from = range.end;
        }
        shown += &escape(&String::from_utf8_lossy(&text[from..]));
        match shown.char_indices().nth(characters) {
            None => shown,
            Some(_) => {
                let kept = characters.saturating_sub(1);
                shown.chars().take(kept).chain(['…']).collect()
            }
        }
    }

    /// Where something secret stands, in order; what overlaps is one.
    fn secret(&self, text: &[u8], depth: usize) -> Vec<Range<usize>> {
        // A format may be about blanks, which no other reading keeps.
        let mut found = self.formats.find(text);
        let mut next = Some(Plain::new(text));
        let mut left = depth;
        while let Some(plain) = next {
            let bytes = plain.bytes();
            let here = self.formats.find(bytes).into_iter();
            let known = self.known.iter().flat_map(|known| known.find(bytes));
            found.extend(here.chain(known).map(|part| plain.origin(&part)));
            if left == 0 {
                break;
            }
            let is_secret = |part: &Range<usize>| {
                meanings(&bytes[part.clone()])
                    .iter()
                    .any(|meant| !self.secret(meant, depth - 1).is_empty())
            };
            let encoded = parts(bytes).into_iter().filter(is_secret);
            found.extend(encoded.map(|part| plain.origin(&part)));
            left -= 1;
            next = plain.unescaped();
        }
        merged(found)
    }
}

impl Known {
    fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let index = || Secrets::new(&self.secrets, &self.fingerprints);
        self.index.get_or_init(index).find(text)
    }
}

impl Formats {
    /// Where something stands that fits a format, whatever is beside it.
    fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
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

/// In order, those that touch as one.
fn merged(mut all: Vec<Range<usize>>) -> Vec<Range<usize>> {
    all.retain(|range| !range.is_empty());
    all.sort_unstable_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in all {
        match merged.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "ask_live_0123456789abcdefghijABCDEFGHIJxy";
    /// Of a project without a format.
    const PLAIN: &str = "Kq3-vT9_mW2x+Z7rB5yL8/nQ4";

    fn formats() -> Scrubber {
        let format = Format::new("^ask_live_[A-Za-z0-9]{32}$").unwrap();
        Scrubber::new(vec![Arc::new(format)])
    }

    fn knowing(secret: &str) -> Scrubber {
        let secret = Secret::copied(secret.as_bytes());
        Scrubber::default().knowing(vec![secret], Vec::new())
    }

    fn fingerprint(secret: &str) -> Scrubber {
        let fingerprint = Fingerprint::of(secret.as_bytes()).cut(crate::key::Digits::DEFAULT);
        Scrubber::default().knowing(Vec::new(), vec![fingerprint])
    }

    fn scrub(text: &str) -> Arc<str> {
        formats().text(text.as_bytes(), 1000)
    }

    /// A key as somebody else may write it.
    fn encodings(key: &str) -> Vec<String> {
        let each = |form: fn(u8) -> String| key.bytes().map(form).collect::<String>();
        vec![
            key.to_owned(),
            BASE64.encode(key.as_bytes()),
            BASE64.encode(format!("{key}\n").as_bytes()),
            BASE64URL_NOPAD.encode(key.as_bytes()),
            HEXLOWER.encode(key.as_bytes()),
            HEXUPPER.encode(key.as_bytes()),
            each(|byte| format!("%{byte:02x}")),
            each(|byte| format!("\\u{byte:04x}")),
            each(|byte| format!("\\x{byte:02X}")),
            each(|byte| format!("&#{byte};")),
            each(|byte| format!("&#x{byte:X};")),
            BASE64.encode(BASE64.encode(key.as_bytes()).as_bytes()),
            BASE64.encode(format!("{{\"key\": \"{key}\"}}").as_bytes()),
            BASE64
                .encode(key.as_bytes())
                .replace('+', "%2B")
                .replace('/', "%2F"),
        ]
    }

    #[test]
    fn keys_are_taken_out_wherever_they_stand() {
        let text = format!("bad key \"{KEY}\", x{KEY}{KEY}9 and no more");
        assert_eq!(
            &*scrub(&text),
            r#"bad key "[redacted]", x[redacted][redacted]9 and no more"#
        );
    }

    #[test]
    fn encoded_keys_are_taken_out_whatever_they_are_known_by() {
        for (scrubber, key) in [
            (formats(), KEY),
            (knowing(PLAIN), PLAIN),
            (fingerprint(PLAIN), PLAIN),
        ] {
            for encoded in encodings(key) {
                for (before, after) in [
                    ("{\"key\":\"", "\"}"),
                    ("key=", "."),
                    ("\\\"", "\\\""),
                    ("it was ", " "),
                ] {
                    let text = format!("{before}{encoded}{after}");
                    let shown = scrubber.text(text.as_bytes(), 1000);
                    assert!(
                        shown.contains(REDACTED) && !shown.contains(&encoded),
                        "{text} as {shown}"
                    );
                }
            }
        }
    }

    #[test]
    fn half_a_known_key_is_taken_out_in_every_encoding() {
        let scrubber = knowing(PLAIN);
        for half in [&PLAIN[..12], &PLAIN[12..], &PLAIN[6..18]] {
            for encoded in encodings(half) {
                let shown = scrubber.text(format!("<{encoded}>").as_bytes(), 1000);
                assert!(shown.contains(REDACTED), "{encoded} as {shown}");
            }
        }
        for encoded in encodings(PLAIN) {
            let cut = format!("refused: {}…", &encoded[..encoded.len() * 2 / 3]);
            let shown = scrubber.text(cut.as_bytes(), 1000);
            assert!(shown.contains(REDACTED), "{cut} as {shown}");
        }
    }

    #[test]
    fn words_and_digests_stay() {
        let text =
            "permission denied: policy AllowReadOnlyForEveryone, sha256:ba7816bf8f01cfea, a%20b";
        for scrubber in [formats(), knowing(PLAIN), fingerprint(PLAIN)] {
            assert_eq!(&*scrubber.text(text.as_bytes(), 1000), text);
            assert!(!scrubber.finds(text.as_bytes()));
        }
    }

    #[test]
    fn what_is_known_later_is_known_beside_the_rest() {
        let secret = Secret::copied(PLAIN.as_bytes());
        let scrubber = formats().knowing(vec![secret], Vec::new());
        let scrubber = scrubber.knowing(vec![Secret::copied(b"s3cret")], Vec::new());
        let text = format!("{KEY} {PLAIN} s3cret");
        assert_eq!(
            &*scrubber.text(text.as_bytes(), 100),
            "[redacted] [redacted] [redacted]"
        );
    }

    #[test]
    fn what_acts_is_escaped_and_the_rest_is_cut_by_characters() {
        assert_eq!(&*scrub("\u{1b}[2Jgone\n"), r"\u{1b}[2Jgone\n");
        let nothing = Scrubber::default();
        assert_eq!(&*nothing.text(b"\xff\x00", 100), "\u{fffd}\\u{0}");
        assert_eq!(&*nothing.text("éééé".as_bytes(), 4), "éééé");
        assert_eq!(&*nothing.text("ééééé".as_bytes(), 4), "ééé…");
        assert_eq!(&*nothing.text(b"abc", 0), "…");
    }

    #[test]
    fn a_key_across_the_cut_is_not_shown_by_half() {
        let text = format!("no such key: {KEY}");
        assert_eq!(
            &*formats().text(text.as_bytes(), 30),
            "no such key: [redacted]"
        );
        assert_eq!(&*formats().text(text.as_bytes(), 18), "no such key: [red…");
    }

    #[test]
    fn a_thousand_formats_take_one_pass_and_the_same_text_takes_none() {
        let passes = |formats: usize| {
            let format = |number| Format::new(&format!("^k{number}_[A-Za-z0-9]{{32}}$")).unwrap();
            let formats = (0..formats).map(|number| Arc::new(format(number)));
            let scrubber = Scrubber::new(formats.collect());
            let counted = || scrubber.formats.passes.load(Ordering::Relaxed);
            let key = "k3_0123456789abcdefghijABCDEFGHIJxy";
            let text = format!("https://host/v1/secret answered 403: no {key}, c2VjcmV0LXZhbHVl");
            let shown = scrubber.text(text.as_bytes(), 400);
            assert!(!shown.contains("0123"), "{shown}");
            let first = counted();
            assert_eq!(scrubber.text(text.as_bytes(), 400), shown);
            assert_eq!(counted(), first, "it was looked at again");
            first
        };
        assert_eq!(passes(1000), passes(MANY));
    }

    proptest! {
        #[test]
        fn takes_anything_and_shows_no_key(
            before in prop::collection::vec(any::<u8>(), 0..30),
            after in prop::collection::vec(any::<u8>(), 0..30),
            characters in 0_usize..100,
        ) {
            for (scrubber, key) in [(formats(), KEY), (knowing(PLAIN), PLAIN)] {
                let text = [&before[..], key.as_bytes(), &after].concat();
                let shown = scrubber.text(&text, characters);
                prop_assert!(!shown.contains(&key[9..]));
                prop_assert!(shown.chars().count() <= characters.max(1));
            }
        }
    }
}
