//! Known keys in what was read around the part that is a key, or should have been one.

use std::collections::HashSet;
use std::ops::Range;

use super::book::Keyring;
use super::candidates::candidates;
use super::embedded::{Fragment, Part, Parts};
use super::known::Explanation;
use super::layers::Described;
use super::texts::Texts;
use super::way::Way;
use super::words::may_be_any_key;
use crate::key::Fingerprint;
use crate::keyring::ProjectId;

/// How many parts are remembered that nothing explains yet.
const KEPT: usize = 16 * 1024;

/// The keys in a text of which a hop takes only a part, and what in it may yet turn out to be one.
#[derive(Debug, Default)]
pub struct Around {
    known: Box<[Fragment]>,
    unknown: Box<[Fingerprint]>,
    /// Whether the text holds more than was looked at.
    pub cut: bool,
}

impl Around {
    /// Whether there is nothing in it but this.
    #[must_use]
    pub fn is_only(&self, own: Option<&Fingerprint>) -> bool {
        let is_own = |part: &Fingerprint| own.is_some_and(|own| own.agrees(part));
        let known = self.known.iter().map(|part| &part.fingerprint);
        !self.cut && known.chain(&self.unknown).all(is_own)
    }
}

impl Keyring {
    /// Looks for keys in all that was read, where a hop takes only a part of it. A key of which only the
    /// fingerprint is known is found where it stands as a word. `decoded` says whether to look into what is
    /// encoded there too, and wrapped over lines, which takes several times as long.
    #[must_use]
    pub fn look_around(&self, whole: &[u8], decoded: bool) -> Around {
        let texts = match decoded {
            true => Texts::new(whole),
            false => Texts::plain(whole),
        };
        let mut cut = texts.cut;
        let mut parts = Parts::default();
        let mut unknown = HashSet::new();
        for (index, text) in texts.all.iter().enumerate() {
            let bytes = text.bytes();
            let part = |range: Range<usize>, fingerprint| Part {
                text: index,
                range,
                fingerprint,
            };
            let mut known = self.known_by_value(index, bytes);
            let (found, more) = candidates(
                bytes,
                &text.breaks,
                self.formats(),
                self.lookup().is_formless(),
            );
            cut |= more;
            for candidate in found {
                if !candidate.fits && !may_be_any_key(bytes, &candidate.range) {
                    continue;
                }
                let fingerprint = Fingerprint::of(&bytes[candidate.range.clone()]);
                if self.knows(&fingerprint) {
                    known.push(part(candidate.range, fingerprint));
                } else if unknown.len() < KEPT {
                    unknown.insert(fingerprint);
                } else {
                    cut = true;
                }
            }
            parts.take(known, Vec::new());
        }
        let mut described = Described::new(&texts);
        let known = parts.known.iter();
        let known = known.map(|part| self.fragment(part, &texts, &mut described));
        Around {
            known: known.collect(),
            unknown: unknown.into_iter().collect(),
            cut,
        }
    }

    /// The known keys in it, as the project `own` would say it, each with how it could be read.
    pub fn explain_around<'a>(
        &'a self,
        own: ProjectId,
        around: &'a Around,
    ) -> impl Iterator<Item = (Explanation, Option<&'a Way>)> {
        let known = around.known.iter();
        let known = known.map(|part| (part.fingerprint, part.way.as_ref()));
        let learned = around.unknown.iter().map(|print| (*print, None));
        known
            .chain(learned)
            .filter_map(move |(print, way)| Some((self.exact(own, &print)?, way)))
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
            .map(|(found, way)| (found.keys[0], way.cloned()))
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
            let around = ring.look_around(text.as_bytes(), false);
            assert_eq!(found(&ring, &around), []);
            let learned = with_old(ring, false);
            let expected = vec![(KeyId::previous(OWN, 0), None)];
            assert_eq!(found(&learned, &around), expected, "{format:?}");
        }
    }

    #[test]
    fn what_is_encoded_is_looked_at_where_that_is_wanted() {
        let text = format!("A=b\nK={}\n", data_encoding::BASE64.encode(OLD.as_bytes()));
        let ring = with_old(ring(None), true);
        let told = |decoded| found(&ring, &ring.look_around(text.as_bytes(), decoded)).len();
        assert_eq!((told(false), told(true)), (0, 1));
    }

    #[test]
    fn a_text_with_nothing_but_the_key_that_is_taken_has_nothing_around_it() {
        let ring = with_old(ring(Some("ask_live_[A-Za-z0-9]{20}")), true);
        let around = |text: &str| ring.look_around(text.as_bytes(), true);
        let own = Fingerprint::of(NEW.as_bytes());
        let alone = around(&format!("PORT=8080\nALLSTAK_API_KEY={NEW}\n"));
        assert!(alone.is_only(Some(&own)) && !alone.is_only(None));
        let both = around(&format!("A={OLD}\nALLSTAK_API_KEY={NEW}\n"));
        assert!(!both.is_only(Some(&own)));
    }
}
