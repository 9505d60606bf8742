use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use zeroize::Zeroizing;

use super::plain::Plain;
use crate::key::{Digits, Fingerprint, Secret};
use crate::keyring::candidates::candidates;
use crate::keyring::wraps::MIN_KEY;

/// So many bytes of a secret in a row are as good as the secret, however long it is.
const TELLING: usize = 16;

/// What stands where something was cut away.
const CUT: &[u8] = "…".as_bytes();

/// Shorter secrets stand in texts that hold none.
const SHORTEST: usize = 6;

/// No secret is longer than this.
const LONGEST: usize = 64 * 1024;

/// How many secrets may begin alike before the rest of them has to tell them apart.
const ALIKE: u32 = 32;

/// Secrets, and fingerprints of others, that are looked for in texts. Upper and lower case are alike, since
/// whoever repeats a header or a host may change it.
///
/// An index over the secrets would keep copies of them that nobody wipes. This keeps keyed hashes of some
/// of their parts, and compares the secret itself where one is met.
pub(super) struct Secrets {
    texts: Vec<Zeroizing<Vec<u8>>>,
    state: RandomState,
    /// By the hash of eight bytes: which secret, and where in it they stand.
    places: HashMap<u64, Vec<(usize, usize)>>,
    /// Those too short for that.
    short: Vec<usize>,
    /// By the first eight digits, which every fingerprint has.
    fingerprints: HashMap<u32, Vec<Fingerprint>>,
}

type Gram = [u8; MIN_KEY];

impl Secrets {
    pub(super) fn new(secrets: &[Secret], fingerprints: &[Fingerprint]) -> Self {
        let mut texts: Vec<Zeroizing<Vec<u8>>> = secrets.iter().flat_map(spellings).collect();
        texts.sort_unstable_by(|one, other| one[..].cmp(other));
        texts.dedup();
        let state = RandomState::new();
        let mut times = HashMap::<u64, u32>::new();
        let hash = |gram: &Gram| state.hash_one(gram);
        for text in &texts {
            let hashes: BTreeSet<u64> = marks(text).map(|(_, gram)| hash(gram)).collect();
            for hash in hashes {
                *times.entry(hash).or_default() += 1;
            }
        }
        let mut places = HashMap::<u64, Vec<(usize, usize)>>::new();
        let mut short = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            if text.len() < MIN_KEY {
                short.push(index);
                continue;
            }
            let marks = || marks(text).map(|(at, gram)| (at, hash(gram)));
            let frequency = |hash: u64| times.get(&hash).copied().unwrap_or_default();
            // By this one at least a secret is found, however many are like it.
            let rarest = marks().min_by_key(|&(_, hash)| frequency(hash));
            for (at, hash) in marks() {
                if frequency(hash) <= ALIKE || rarest == Some((at, hash)) {
                    places.entry(hash).or_default().push((index, at));
                }
            }
        }
        let mut by_prefix = HashMap::<u32, Vec<Fingerprint>>::new();
        for fingerprint in fingerprints {
            let same = by_prefix.entry(prefix(fingerprint)).or_default();
            if !same.contains(fingerprint) {
                same.push(*fingerprint);
            }
        }
        Self {
            texts,
            state,
            places,
            short,
            fingerprints: by_prefix,
        }
    }

    /// Where the secrets stand in a text, or parts of them that tell too much, and what has one of the
    /// fingerprints.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let lower = Zeroizing::new(text.to_ascii_lowercase());
        if !self.places.is_empty() {
            self.find_parts(&lower, &mut found);
        }
        for &index in &self.short {
            find_word(&lower, &self.texts[index], &mut found);
        }
        if !self.fingerprints.is_empty() {
            let (parts, _) = candidates(text, &[], &[], true);
            let parts = parts.into_iter().map(|part| part.range);
            let whole = (text.len() >= MIN_KEY).then_some(0..text.len());
            let is_known = |part: &Range<usize>| self.knows(&Fingerprint::of(&text[part.clone()]));
            found.extend(parts.chain(whole).filter(is_known));
        }
        found
    }

    fn find_parts(&self, text: &[u8], found: &mut Vec<Range<usize>>) {
        // What a cut leaves behind is the end of the text.
        let end = text.len() - trailing(text);
        let mut from = 0;
        for (at, gram) in text.windows(MIN_KEY).enumerate() {
            if at < from {
                continue;
            }
            let places = match <&Gram>::try_from(gram) {
                Ok(gram) => self.places.get(&self.state.hash_one(gram)),
                Err(_) => None,
            };
            for &(index, offset) in places.into_iter().flatten() {
                let secret = &self.texts[index];
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
                if part.len() >= telling(secret) || first || last {
                    // The rest of this part would say nothing new.
                    from = from.max(part.end.saturating_sub(MIN_KEY - 1));
                    found.push(part);
                }
            }
        }
    }

    fn knows(&self, fingerprint: &Fingerprint) -> bool {
        let same = self.fingerprints.get(&prefix(fingerprint));
        same.is_some_and(|same| same.iter().any(|known| known.agrees(fingerprint)))
    }
}

/// How a secret may be written in a text that passed through others, where it is long enough to be told.
fn spellings(secret: &Secret) -> impl Iterator<Item = Zeroizing<Vec<u8>>> + use<> {
    let bytes = secret.expose();
    let bytes = &bytes[..bytes.len().min(LONGEST)];
    let spelled = |bytes: &[u8]| {
        let plain = Plain::new(bytes);
        Zeroizing::new(plain.bytes().trim_ascii().to_ascii_lowercase())
    };
    // What is no text comes back with signs in its place.
    let lossy = String::from_utf8_lossy(bytes);
    let lossy = match lossy {
        std::borrow::Cow::Owned(lossy) => {
            let lossy = Zeroizing::new(lossy.into_bytes());
            Some(spelled(&lossy))
        }
        std::borrow::Cow::Borrowed(_) => None,
    };
    let all = std::iter::once(spelled(bytes)).chain(lossy);
    all.filter(|text| text.len() >= SHORTEST)
}

/// How many bytes of a secret in a row tell too much: a third of it, so that half of one is found though
/// it was known with something around it; but not too many.
fn telling(secret: &[u8]) -> usize {
    (secret.len() / 3).clamp(MIN_KEY, TELLING)
}

/// Eight bytes here and there, so that every part of a secret that tells too much holds some of them.
fn marks(secret: &[u8]) -> impl Iterator<Item = (usize, &Gram)> {
    let step = telling(secret) - MIN_KEY + 1;
    let last = secret.len().saturating_sub(MIN_KEY);
    let starts = (0..last).step_by(step).chain([last]);
    starts.filter_map(move |at| Some((at, secret.get(at..)?.first_chunk()?)))
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
        let middle = format!("refused: {}, it said", &key[..8]);
        assert!(found(&[&key], &middle).is_empty());
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
        assert_eq!(
            found(&[secret], text),
            ["first line of it second line of it"]
        );
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
