use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use zeroize::Zeroizing;

use super::plain::Plain;
use crate::key::{Digits, Fingerprint, Secret};
use crate::keyring::candidates::{MOST, candidates};
use crate::keyring::wraps::MIN_KEY;

/// So many bytes of a secret in a row are as good as the secret, however long it is.
const TELLING: usize = 16;

/// Of secrets up to this length, every part of eight bytes is told from words where it is as mixed as no
/// word is.
const SHORT: usize = 128;

/// How often letters, capitals and digits take turns within eight bytes of what is no word.
const TURNS: u16 = 3;

/// What stands where something was cut away.
const CUT: &[u8] = "…".as_bytes();

/// Shorter secrets stand in texts that hold none.
pub(super) const SHORTEST: usize = 6;

/// No secret is longer than this.
const LONGEST: usize = 64 * 1024;

/// How many secrets may begin alike before the rest of them has to tell them apart.
const ALIKE: usize = 32;

/// Secrets, and fingerprints of others, that are looked for in texts. Upper and lower case are alike, since
/// whoever repeats a header or a host may change it.
///
/// An index over the secrets would keep copies of them that nobody wipes. This keeps keyed hashes of some
/// of their parts, too short to be turned back, and compares the secret itself where one is met.
pub(super) struct Secrets {
    texts: Vec<Text>,
    hasher: Hasher,
    /// By their hash.
    marks: Vec<Mark>,
    /// Whether there may be a mark of a hash: nearly all of a text is told from them by this.
    filter: Filter,
    /// Those too short for that.
    short: Vec<usize>,
    /// By the first eight digits, which every fingerprint has.
    fingerprints: HashMap<u32, Vec<Fingerprint>>,
}

/// How a secret may stand in a text.
struct Text {
    /// In small letters.
    bytes: Zeroizing<Vec<u8>>,
    /// How often letters, capitals and digits took turns until there, where that is looked at.
    turns: Vec<u16>,
}

/// Eight bytes of a secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Mark {
    hash: u32,
    text: u32,
    at: u32,
}

type Gram = [u8; MIN_KEY];

impl Secrets {
    pub(super) fn new(secrets: &[Secret], fingerprints: &[Fingerprint]) -> Self {
        let mut texts: Vec<Text> = secrets.iter().flat_map(spellings).collect();
        texts.sort_unstable_by(|one, other| one.bytes[..].cmp(&other.bytes));
        texts.dedup_by(|one, other| one.bytes == other.bytes);
        let hasher = Hasher::new();
        let mut marks = Vec::new();
        let mut short = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            if text.bytes.len() < MIN_KEY {
                short.push(index);
                continue;
            }
            marks.extend(text.marks().filter_map(|(at, gram)| {
                Some(Mark {
                    hash: hasher.hash(gram),
                    text: u32::try_from(index).ok()?,
                    at: u32::try_from(at).ok()?,
                })
            }));
        }
        marks.sort_unstable();
        let marks = telling_apart(marks, texts.len());
        let mut filter = Filter::new(marks.len());
        marks.iter().for_each(|mark| filter.add(mark.hash));
        let mut by_prefix = HashMap::<u32, Vec<Fingerprint>>::new();
        for fingerprint in fingerprints {
            let same = by_prefix.entry(prefix(fingerprint)).or_default();
            if !same.contains(fingerprint) {
                same.push(*fingerprint);
            }
        }
        Self {
            texts,
            hasher,
            marks,
            filter,
            short,
            fingerprints: by_prefix,
        }
    }

    /// Where the secrets stand in a text, or parts of them that tell too much, and what has one of the
    /// fingerprints.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = self.find_parts(text, Text::telling);
        let lower = Zeroizing::new(text.to_ascii_lowercase());
        for &index in &self.short {
            find_word(&lower, &self.texts[index].bytes, &mut found);
        }
        if self.has_fingerprints() {
            let (parts, _) = candidates(text, &[], &[], true, MOST);
            let parts = parts.into_iter().map(|part| part.range);
            let whole = (text.len() >= MIN_KEY).then_some(0..text.len());
            found.extend(
                parts
                    .chain(whole)
                    .filter(|part| self.knows(&text[part.clone()])),
            );
        }
        found
    }

    /// Where parts of the secrets stand in bytes that somebody encoded.
    pub(super) fn find_in_bytes(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        self.find_parts(bytes, Text::telling)
    }

    /// Where the secrets stand in a text of which only letters and digits are left.
    pub(super) fn find_in_letters(&self, letters: &[u8]) -> Vec<Range<usize>> {
        self.find_parts(letters, Text::telling_in_letters)
    }

    pub(super) fn has_fingerprints(&self) -> bool {
        !self.fingerprints.is_empty()
    }

    /// Whether a value has one of the fingerprints.
    pub(super) fn knows(&self, value: &[u8]) -> bool {
        if !self.has_fingerprints() {
            return false;
        }
        let fingerprint = Fingerprint::of(value);
        let same = self.fingerprints.get(&prefix(&fingerprint));
        same.is_some_and(|same| same.iter().any(|known| known.agrees(&fingerprint)))
    }

    fn find_parts(&self, text: &[u8], telling: fn(&Text) -> usize) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        if self.marks.is_empty() || text.len() < MIN_KEY {
            return found;
        }
        let text = Zeroizing::new(text.to_ascii_lowercase());
        // What a cut leaves behind is the end of the text.
        let end = text.len() - trailing(&text);
        let mut from = 0;
        for (at, gram) in text.windows(MIN_KEY).enumerate() {
            let Ok(gram) = <&Gram>::try_from(gram) else {
                continue;
            };
            let hash = self.hasher.hash(gram);
            if !self.filter.may_have(hash) || at < from {
                continue;
            }
            let first = self.marks.partition_point(|mark| mark.hash < hash);
            for mark in self.marks[first..]
                .iter()
                .take_while(|mark| mark.hash == hash)
            {
                let offset = mark.at as usize;
                let known = &self.texts[mark.text as usize];
                let secret = &known.bytes;
                if secret.get(offset..offset + MIN_KEY) != Some(gram) {
                    continue;
                }
                let before = text[..at].iter().rev();
                let before = alike(before, secret[..offset].iter().rev());
                let (rest, after) = (&secret[offset + MIN_KEY..], &text[at + MIN_KEY..]);
                let part = at - before..at + MIN_KEY + alike(after.iter(), rest.iter());
                let goes_on = part.end >= end || text[part.end..].starts_with(CUT);
                let is_rest = part.start == 0 || text[..part.start].ends_with(CUT);
                let first = before == offset && goes_on;
                let last = offset + part.end - at == secret.len() && is_rest;
                let own = offset - before..offset - before + part.len();
                if part.len() >= telling(known) || first || last || known.is_mixed(&own) {
                    // The rest of this part would say nothing new.
                    from = from.max(part.end.saturating_sub(MIN_KEY - 1));
                    found.push(part);
                }
            }
        }
        // A secret may repeat itself, and is spelled in several ways.
        found.sort_unstable_by_key(|part| (part.start, Reverse(part.end)));
        let mut end = 0;
        found.retain(|part| {
            let is_more = part.end > end;
            end = end.max(part.end);
            is_more
        });
        found
    }
}

impl Text {
    fn new(bytes: &[u8]) -> Self {
        let turns = match bytes.len() {
            0..=SHORT => turns(bytes),
            _ => Vec::new(),
        };
        let bytes = Zeroizing::new(bytes.to_ascii_lowercase());
        Self { bytes, turns }
    }

    /// How many bytes of it in a row tell too much, whatever they are: a third of it, so that half of one is
    /// found though it was known with something around it; but not too many.
    fn telling(&self) -> usize {
        (self.bytes.len() / 3).clamp(MIN_KEY, TELLING)
    }

    /// The same of letters and digits that other signs may stand between, as between any two words.
    fn telling_in_letters(&self) -> usize {
        (self.bytes.len() / 2)
            .saturating_sub(1)
            .clamp(MIN_KEY, TELLING)
    }

    /// Whether a part is as mixed as no word is.
    fn is_mixed(&self, part: &Range<usize>) -> bool {
        let last = part.end.saturating_sub(1);
        match (self.turns.get(part.start), self.turns.get(last)) {
            (Some(first), Some(last)) => last - first >= TURNS,
            _ => false,
        }
    }

    /// Eight bytes here and there, so that every part that tells too much holds some of them.
    fn marks(&self) -> impl Iterator<Item = (usize, &Gram)> {
        let step = match self.bytes.len() {
            0..=SHORT => 1,
            _ => self.telling() - MIN_KEY + 1,
        };
        let last = self.bytes.len().saturating_sub(MIN_KEY);
        let starts = (0..last).step_by(step).chain([last]);
        starts.filter_map(move |at| Some((at, self.bytes.get(at..)?.first_chunk()?)))
    }
}

/// Without those that too many secrets share; but by one at least each secret is found, however many are
/// like it. They come and go by their hash.
fn telling_apart(marks: Vec<Mark>, texts: usize) -> Vec<Mark> {
    let same = || marks.chunk_by(|one, other| one.hash == other.hash);
    let frequency = |same: &[Mark]| same.chunk_by(|one, other| one.text == other.text).count();
    if same().all(|same| frequency(same) <= ALIKE) {
        return marks;
    }
    let mut rarest = vec![(usize::MAX, 0); texts];
    for same in same() {
        let frequency = frequency(same);
        for mark in same {
            let rarest = &mut rarest[mark.text as usize];
            *rarest = (*rarest).min((frequency, mark.hash));
        }
    }
    let mut left = Vec::new();
    for same in same() {
        let is_rare = frequency(same) <= ALIKE;
        let is_needed = |mark: &&Mark| is_rare || rarest[mark.text as usize].1 == mark.hash;
        left.extend(same.iter().filter(is_needed).copied());
    }
    left
}

/// Hashes eight bytes to four, in a way of its own each time.
struct Hasher([u64; 3]);

impl Hasher {
    fn new() -> Self {
        let state = RandomState::new();
        Self([0_u64, 1, 2].map(|number| state.hash_one(number) | 1))
    }

    fn hash(&self, gram: &Gram) -> u32 {
        let [mask, first, second] = self.0;
        let mixed = (u64::from_le_bytes(*gram) ^ mask).wrapping_mul(first);
        let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(second);
        (mixed >> 32) as u32
    }
}

/// Which hashes there may be: some bits for each that there is.
struct Filter {
    bits: Vec<u64>,
}

impl Filter {
    fn new(hashes: usize) -> Self {
        let words = hashes.next_power_of_two().clamp(64, 1 << 20);
        Self {
            bits: vec![0; words],
        }
    }

    fn add(&mut self, hash: u32) {
        let (word, bit) = self.place(hash);
        self.bits[word] |= bit;
    }

    fn may_have(&self, hash: u32) -> bool {
        let (word, bit) = self.place(hash);
        self.bits[word] & bit != 0
    }

    fn place(&self, hash: u32) -> (usize, u64) {
        let word = (hash >> 6) as usize & (self.bits.len() - 1);
        (word, 1 << (hash & 63))
    }
}

/// How a secret may be written in a text that passed through others, where it is long enough to be told:
/// as it is, with blanks as one, and without what is no letter or digit.
fn spellings(secret: &Secret) -> impl Iterator<Item = Text> + use<> {
    let bytes = secret.expose();
    let bytes = &bytes[..bytes.len().min(LONGEST)];
    let plain = Plain::new(bytes);
    // What is no text comes back with signs in its place.
    let lossy = match String::from_utf8_lossy(bytes) {
        std::borrow::Cow::Owned(lossy) => {
            let lossy = Zeroizing::new(lossy.into_bytes());
            Some(Plain::new(&lossy))
        }
        std::borrow::Cow::Borrowed(_) => None,
    };
    let letters = plain.letters();
    // Of what has few of them, they say nothing.
    let letters = Some(letters).filter(|letters| {
        letters.bytes().len() >= MIN_KEY && letters.bytes().len() * 2 >= plain.bytes().len()
    });
    let all = [Some(plain), lossy, letters].into_iter().flatten();
    all.map(|plain| Text::new(plain.bytes().trim_ascii()))
        .filter(|text| text.bytes.len() >= SHORTEST)
}

/// How often letters, capitals and digits took turns until each byte. What is none of them is no turn.
fn turns(bytes: &[u8]) -> Vec<u16> {
    let kind = |byte: &u8| match byte {
        b'a'..=b'z' => Some(0),
        b'A'..=b'Z' => Some(1),
        b'0'..=b'9' => Some(2),
        _ => None,
    };
    let mut before = None;
    let mut count = 0;
    let turns = bytes.iter().map(|byte| {
        let kind = kind(byte);
        count += u16::from(kind.is_some() && before.is_some() && kind != before);
        before = kind;
        count
    });
    turns.collect()
}

/// How many of two rows of bytes are the same, from their beginning.
fn alike<'b>(one: impl Iterator<Item = &'b u8>, other: impl Iterator<Item = &'b u8>) -> usize {
    one.zip(other)
        .take_while(|(one, other)| one == other)
        .count()
}

/// How many bytes at the end of a text say that it goes on.
fn trailing(text: &[u8]) -> usize {
    let is_sign = |byte: &&u8| CUT.contains(*byte) || b" .\"'".contains(*byte);
    text.iter().rev().take_while(is_sign).count()
}

/// Where a short word stands by itself.
fn find_word(text: &[u8], word: &[u8], found: &mut Vec<Range<usize>>) {
    let is_free = |beside: Option<&u8>| !beside.is_some_and(u8::is_ascii_alphanumeric);
    for start in memchr::memmem::find_iter(text, word) {
        let end = start + word.len();
        let before = start.checked_sub(1).and_then(|last| text.get(last));
        if is_free(before) && is_free(text.get(end)) {
            found.push(start..end);
        }
    }
}

fn prefix(fingerprint: &Fingerprint) -> u32 {
    let bytes = fingerprint.cut(Digits::MIN);
    let [a, b, c, d, ..] = *bytes.bytes();
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "Kq3-vT9_mW2xZ7rB5yL8";

    fn found<'t>(secrets: &[&str], text: &'t str) -> Vec<&'t str> {
        let secrets: Vec<_> = secrets
            .iter()
            .map(|secret| Secret::copied(secret.as_bytes()))
            .collect();
        let found = Secrets::new(&secrets, &[]).find(text.as_bytes());
        found.into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn a_secret_and_every_half_of_it_are_found_in_any_case() {
        for part in [KEY, &KEY[..10], &KEY[10..], &KEY[4..14]] {
            for part in [part.to_owned(), part.to_lowercase(), part.to_uppercase()] {
                let text = format!("before {part}, after");
                assert_eq!(found(&[KEY], &text), [part], "{text}");
            }
        }
        assert!(found(&[KEY], &format!("before {}, after", &KEY[5..12])).is_empty());
    }

    #[test]
    fn what_a_cut_leaves_of_a_secret_is_found() {
        let key = format!("{KEY}{}", KEY.replace('-', "+"));
        let start = format!("refused: {}…", &key[..8]);
        assert_eq!(found(&[&key], &start), [&key[..8]]);
        let end = format!("{} is refused", &key[32..]);
        assert_eq!(found(&[&key], &end), [&key[32..]]);
        let words = "a-wordy-password-of-many-words-and-letters";
        let middle = format!("refused: {}, it said", &words[..8]);
        assert!(found(&[words], &middle).is_empty());
        let start = format!("refused: {}…", &words[..8]);
        assert_eq!(found(&[words], &start), [&words[..8]]);
    }

    #[test]
    fn eight_bytes_that_are_no_word_tell_too_much() {
        let key = "ask_live_4Vq8ZkT2mWc7RbX1sYdN6hJp3FgLe9Ua";
        for at in 9..key.len() - 8 {
            let part = &key[at..at + 8];
            assert_eq!(
                found(&[key], &format!("it ends in {part}, no more")),
                [part]
            );
        }
        assert!(found(&[key], "keys begin with ask_live_, no more").is_empty());
    }

    #[test]
    fn a_secret_is_found_in_letters_and_digits_alone() {
        let secret = [Secret::copied(KEY.as_bytes())];
        let secrets = Secrets::new(&secret, &[]);
        let found = |text: &str| secrets.find_in_letters(text.as_bytes());
        assert_eq!(
            found("refusedKq3vT9mW2xZ7rB5yL8forgood"),
            std::slice::from_ref(&(7..25))
        );
        assert_eq!(
            found("refusedkq3vt9mw2forgood"),
            std::slice::from_ref(&(7..16))
        );
        let wordy = [Secret::copied(b"correct horse battery staple")];
        let wordy = Secrets::new(&wordy, &[]);
        assert!(wordy.find_in_letters(b"anybatterystands").is_empty());
        assert_eq!(
            wordy.find_in_letters(b"correcthorsebattery"),
            std::slice::from_ref(&(0..19))
        );
    }

    #[test]
    fn a_short_secret_is_found_where_it_stands_by_itself() {
        assert_eq!(found(&["s3cret"], "for s3cret, not s3cret1"), ["s3cret"]);
        assert!(found(&["short"], "short").is_empty());
    }

    #[test]
    fn many_secrets_that_begin_alike_are_told_apart() {
        let all: Vec<String> = (0..200)
            .map(|number| format!("the-very-same-beginning-{:08x}", number * 0x0101_0101_u32))
            .collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        for secret in &all {
            assert!(found(&all, &format!("({secret})")).contains(secret));
        }
    }

    #[test]
    fn a_secret_of_several_lines_is_found_on_one() {
        let text = "got first line of it second line of it here";
        let secret = "first line of it\r\n  second line of it\n";
        let whole = "first line of it second line of it";
        assert_eq!(found(&[secret], text)[0], whole);
    }

    #[test]
    fn what_is_known_by_its_fingerprint_is_found_by_its_words() {
        let fingerprint = Fingerprint::of(KEY.as_bytes()).cut(Digits::DEFAULT);
        let secrets = Secrets::new(&[], &[fingerprint]);
        for text in [
            KEY.to_owned(),
            format!("bad key \"{KEY}\": go"),
            format!("?key={KEY}&x=1"),
            format!("It was {KEY}."),
        ] {
            let found = secrets.find(text.as_bytes());
            assert!(
                found.iter().any(|part| text[part.clone()].contains(KEY)),
                "{text}"
            );
        }
        assert!(secrets.find(b"nothing of the kind").is_empty());
    }
}
