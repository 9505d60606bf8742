mod decoded;
mod escapes;
mod formats;
mod plain;
mod search;
mod secrets;
mod spelled;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use self::formats::Formats;
use self::search::Search;
use self::secrets::Secrets;
use super::book::Keyring;
use super::format::Format;
use crate::key::{Digits, Fingerprint, Secret};
use crate::text::escape;

/// What stands for something that was taken out.
const REDACTED: &str = "[redacted]";

/// What is looked at of a text from outside. Far less of it is shown.
const LONGEST: usize = 64 * 1024;

/// Nobody guesses so many bytes from a fingerprint.
const LONG: usize = 16;

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

impl Scrubber {
    /// Knows what keys look like.
    #[must_use]
    pub fn new(formats: Vec<Arc<Format>>) -> Self {
        Self {
            formats: Arc::new(Formats::new(formats)),
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
        !self.secret(text).is_empty()
    }

    /// A name that a person wrote down, such as a path or an address: where a secret that is known stands in
    /// it as it is, that is taken out. Two names that differ in a long one alone still differ.
    #[must_use]
    pub fn name(&self, name: String) -> String {
        let found = self.known.iter().map(|known| known.index());
        let found = found.flat_map(|known| known.find_in_bytes(name.as_bytes()));
        let hidden: usize = merged(found.collect()).iter().map(Range::len).sum();
        if hidden == 0 {
            return name;
        }
        let shown = self.text(name.as_bytes(), usize::MAX);
        match hidden {
            LONG.. => format!(
                "{shown} ({})",
                Fingerprint::of(name.as_bytes()).cut(Digits::MIN)
            ),
            _ => shown.to_string(),
        }
    }

    fn shown(&self, text: &[u8], characters: usize) -> String {
        let text = &text[..text.len().min(LONGEST)];
        let mut shown = String::new();
        let mut from = 0;
        // Cut afterwards, so that nothing is cut in two and shown by half.
        for range in self.secret(text) {
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
    fn secret(&self, text: &[u8]) -> Vec<Range<usize>> {
        let known: Vec<&Secrets> = self.known.iter().map(|known| known.index()).collect();
        merged(Search::new(&self.formats, &known, text).all())
    }
}

impl Known {
    fn index(&self) -> &Secrets {
        let index = || Secrets::new(&self.secrets, &self.fingerprints);
        self.index.get_or_init(index)
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
mod tests;
