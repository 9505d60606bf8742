//! Known keys in what was read around the part that is a key, or should have been one.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::book::Keyring;
use super::candidates::{assigned, candidates, windows};
use super::embedded::{Fragment, Part, Parts};
use super::known::Explanation;
use super::layers::Described;
use super::texts::Texts;
use super::way::Way;
use super::words::may_be_any_key;
use crate::key::Fingerprint;
use crate::keyring::ProjectId;

/// How many parts of one text are looked at, and remembered.
const MOST: usize = 256 * 1024;
/// How many windows of all its texts are hashed, to find a key that is known by its fingerprint alone where
/// it is glued to something else.
const WINDOWS: usize = 64 * 1024;

/// The keys in a text of which a hop takes only a part, and what in it may yet turn out to be one.
#[derive(Debug, Default)]
pub struct Around {
    known: Box<[(Fragment, bool)]>,
    unknown: Box<[Fingerprint]>,
    /// Whether the text holds more than was looked at.
    pub cut: bool,
}

/// A known key that was seen around a part.
pub struct SeenAround<'a> {
    /// Which it is.
    pub explanation: Explanation,
    /// How it could be read.
    pub way: Option<&'a Way>,
    /// Whether it stands there just once, as far as that is known.
    pub once: bool,
}

impl Around {
    /// What may be keys, and was none that was known when it was looked at.
    pub fn unknown(&self) -> impl Iterator<Item = &Fingerprint> {
        self.unknown.iter()
    }

    /// Whether there is nothing in it but this.
    #[must_use]
    pub fn is_only(&self, own: Option<&Fingerprint>) -> bool {
        let is_own = |part: &Fingerprint| own.is_some_and(|own| own.agrees(part));
        let known = self.known.iter().map(|(part, _)| &part.fingerprint);
        !self.cut && known.chain(&self.unknown).all(is_own)
    }
}

impl Keyring {
    /// Looks for keys in all that was read, where a hop takes only a part of it. A key of which only the
    /// fingerprint is known is found where it stands as a word or as a whole value. `thorough` says whether
    /// to look for it within words too, and into what is encoded more than once or wrapped over lines, which
    /// takes several times as long; what is found is remembered for keys that are learned later.
    #[must_use]
    pub fn look_around(&self, whole: &[u8], thorough: bool) -> Around {
        let texts = match thorough {
            true => Texts::new(whole),
            false => Texts::shallow(whole),
        };
        let lookup = self.lookup();
        // A key may be older than the format of its project.
        let by_words = thorough || lookup.is_told();
        let mut cut = texts.cut;
        let mut left = WINDOWS;
        let mut parts = Parts::default();
        let mut unknown = HashSet::new();
        let mut copies = Copies::default();
        for (index, text) in texts.all.iter().enumerate() {
            let bytes = text.bytes();
            let part = |range: Range<usize>, fingerprint| Part {
                text: index,
                range,
                fingerprint,
            };
            let mut known = self.known_by_value(index, bytes);
            let (found, more) = candidates(bytes, &text.breaks, self.formats(), by_words, MOST);
            cut |= more;
            let words = found
                .into_iter()
                .filter(|found| found.fits || may_be_any_key(bytes, &found.range))
                .map(|found| (found.range, found.fits));
            let values = match by_words {
                true => assigned(bytes),
                false => Vec::new(),
            };
            let values = values.into_iter().map(|range| (range, false));
            for (range, fits) in words.chain(values) {
                let fingerprint = Fingerprint::of(&bytes[range.clone()]);
                if self.knows(&fingerprint) {
                    known.push(part(range, fingerprint));
                } else if unknown.len() == MOST {
                    cut = true;
                } else if fits || thorough {
                    unknown.insert(fingerprint);
                }
            }
            if thorough {
                let (ranges, rest) = windows(bytes.len(), lookup.lengths(), left);
                left = rest.unwrap_or(0);
                for range in ranges {
                    let fingerprint = Fingerprint::of(&bytes[range.clone()]);
                    if self.knows_surely(&fingerprint) {
                        known.push(part(range, fingerprint));
                    }
                }
            }
            copies.count(&known, &texts, index);
            parts.take(known, Vec::new());
        }
        let mut described = Described::new(&texts);
        let known = parts.known.iter().map(|part| {
            let fragment = self.fragment(part, &texts, &mut described);
            (fragment, copies.is_one(&part.fingerprint))
        });
        Around {
            known: known.collect(),
            unknown: unknown.into_iter().collect(),
            cut,
        }
    }

    /// The known keys in it, as the project `own` would say it.
    pub fn explain_around<'a>(
        &'a self,
        own: ProjectId,
        around: &'a Around,
    ) -> impl Iterator<Item = SeenAround<'a>> {
        let known = around.known.iter();
        let known = known.map(|(part, once)| (part.fingerprint, part.way.as_ref(), *once));
        let learned = around.unknown.iter().map(|print| (*print, None, false));
        known.chain(learned).filter_map(move |(print, way, once)| {
            Some(SeenAround {
                explanation: self.exact(own, &print)?,
                way,
                once,
            })
        })
    }
}

/// How often keys stand in a text: the most often in any reading of all of it, and in what was decoded of
/// its parts.
#[derive(Default)]
struct Copies(HashMap<Fingerprint, [usize; 2]>);

impl Copies {
    fn count(&mut self, known: &[Part], texts: &Texts<'_>, index: usize) {
        let of_pieces = texts.is_of_pieces(index);
        let mut seen = HashSet::new();
        let mut here: HashMap<Fingerprint, usize> = HashMap::new();
        for part in known {
            // One run of characters may be decoded by two alphabets.
            let place = match texts.origin(index, &part.range) {
                Some((_, from, _)) if of_pieces => from,
                _ => part.range.clone(),
            };
            if seen.insert((part.fingerprint, place)) {
                *here.entry(part.fingerprint).or_default() += 1;
            }
        }
        for (print, count) in here {
            let most = &mut self.0.entry(print).or_default()[usize::from(of_pieces)];
            *most = count.max(*most);
        }
    }

    fn is_one(&self, key: &Fingerprint) -> bool {
        let [whole, pieces] = self.0.get(key).copied().unwrap_or_default();
        whole + pieces == 1
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::key::Secret;
    use crate::keyring::{Format, KeyId, Known};

    const OWN: ProjectId = ProjectId(0);
    const OLD: &str = "ask_live_Zq81LpT04vNw7yXbR2cK";
    const NEW: &str = "ask_live_m5DfG9hJ3kQs6tUw8xYz";

    fn ring(format: Option<&str>) -> Keyring {
        let format = format.map(|format| Arc::new(Format::new(format).unwrap()));
        let mut ring = Keyring::default().with_formats([format.as_ref()]);
        let new = Secret::copied(NEW.as_bytes());
        ring.add(Known::by_value(KeyId::current(OWN), new));
        ring
    }

    fn with_old(mut ring: Keyring, by_value: bool) -> Keyring {
        let id = KeyId::previous(OWN, 0);
        ring.add(match by_value {
            true => Known::by_value(id, Secret::copied(OLD.as_bytes())),
            false => Known::by_fingerprint(id, Fingerprint::of(OLD.as_bytes())),
        });
        ring
    }

    fn found(ring: &Keyring, around: &Around) -> Vec<(KeyId, Option<Way>)> {
        let found = ring.explain_around(OWN, around);
        found
            .map(|seen| (seen.explanation.keys[0], seen.way.cloned()))
            .collect()
    }

    #[test]
    fn a_key_is_found_with_what_leads_to_it_known_by_value_or_not_and_with_a_format_or_none() {
        let json = format!(r#"{{"allstak": {{"key": "{OLD}"}}, "n": 1}}"#);
        let env = format!("PORT=80\nALLSTAK_KEY=\"{OLD}\"\nOTHER=1\n");
        let comment = format!("A=b\n# was {OLD} until May\n");
        for (text, way) in [
            (json, Some(Way::Json("/allstak/key".into()))),
            (env, Some(Way::Dotenv("ALLSTAK_KEY".into()))),
            (comment, None),
        ] {
            for format in [None, Some("ask_live_[A-Za-z0-9]{20}")] {
                for by_value in [true, false] {
                    let ring = with_old(ring(format), by_value);
                    let around = ring.look_around(text.as_bytes(), false);
                    let expected = vec![(KeyId::previous(OWN, 0), way.clone())];
                    assert_eq!(
                        found(&ring, &around),
                        expected,
                        "{text} {format:?} {by_value}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_key_that_is_learned_later_is_found_too() {
        let text = format!("A=b\nALLSTAK_KEY={OLD}\n");
        for format in [None, Some("ask_live_[A-Za-z0-9]{20}")] {
            let ring = ring(format);
            let around = ring.look_around(text.as_bytes(), true);
            assert_eq!(found(&ring, &around), []);
            let learned = with_old(ring, false);
            let expected = vec![(KeyId::previous(OWN, 0), None)];
            assert_eq!(found(&learned, &around), expected, "{format:?}");
        }
    }

    #[test]
    fn what_is_encoded_twice_or_wrapped_is_looked_at_where_that_is_wanted() {
        let encoded = |text: &[u8]| data_encoding::BASE64.encode(text);
        let once = encoded(OLD.as_bytes());
        let twice = encoded(once.as_bytes());
        let wrapped = format!("{}\\\n{}", &OLD[..15], &OLD[15..]);
        let ring = with_old(ring(None), true);
        for (form, quickly) in [(once, true), (twice, false), (wrapped, false)] {
            let text = format!("A=b\nK={form}\n");
            let is_found = |thorough| {
                let around = ring.look_around(text.as_bytes(), thorough);
                !found(&ring, &around).is_empty()
            };
            assert_eq!(is_found(false), quickly, "{text}");
            assert!(is_found(true), "{text}");
        }
    }

    #[test]
    fn copies_of_a_key_are_told_from_the_one_that_is_meant() {
        let ring = with_old(ring(None), true);
        let encoded = data_encoding::BASE64.encode(OLD.as_bytes());
        for (text, once) in [
            (format!("A=b\nK={OLD}\nX=y\n"), true),
            (format!("A=b\nK={encoded}\n"), true),
            (format!("A=b\nK={OLD}\n# {OLD}\n"), false),
            (format!("A=b\nK={OLD}\nB={encoded}\n"), false),
            (format!("A=https://{OLD}@host\nK=\"{OLD}\"\n"), false),
        ] {
            for thorough in [false, true] {
                let around = ring.look_around(text.as_bytes(), thorough);
                let seen: Vec<_> = ring.explain_around(OWN, &around).collect();
                assert_eq!(seen.len(), 1, "{text}");
                assert_eq!(seen[0].once, once, "{text} {thorough}");
            }
        }
    }

    #[test]
    fn a_text_with_nothing_but_the_key_that_is_taken_has_nothing_around_it() {
        let ring = with_old(ring(Some("ask_live_[A-Za-z0-9]{20}")), true);
        let around = |text: &str| ring.look_around(text.as_bytes(), false);
        let own = Fingerprint::of(NEW.as_bytes());
        let alone = around(&format!("PORT=8080\nALLSTAK_API_KEY={NEW}\n"));
        assert!(alone.is_only(Some(&own)) && !alone.is_only(None));
        let both = around(&format!("A={OLD}\nALLSTAK_API_KEY={NEW}\n"));
        assert!(!both.is_only(Some(&own)));
    }
}
