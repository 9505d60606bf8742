//! Known keys in what was read around the part that is a key, or should have been one.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::blocks::blocks;
use super::book::Keyring;
use super::candidates::{assigned, candidates, windows};
use super::embedded::{Fragment, Part, Parts};
use super::known::Explanation;
use super::layers::Described;
use super::texts::{Texts, without_blanks as squeezed};
use super::unescape::backslashes;
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
    known: Box<[Copied]>,
    unknown: Box<[Fingerprint]>,
    written: Box<[Fingerprint]>,
    /// Whether the text holds more than was looked at.
    pub cut: bool,
    /// Whether it is not said how the keys stand there, for there is only one, and it is asked for by somebody
    /// who has it.
    is_brief: bool,
}

/// A known key that stands in a text.
#[derive(Debug)]
struct Copied {
    part: Fragment,
    once: bool,
    damaged: bool,
}

/// A known key that was seen around a part.
pub struct SeenAround<'a> {
    /// Which it is.
    pub explanation: Explanation,
    /// How it could be read.
    pub way: Option<&'a Way>,
    /// Whether it stands there just once, as far as that is known.
    pub once: bool,
    /// Whether it is damaged wherever it was seen.
    pub damaged: bool,
}

impl Around {
    /// What may be keys, and was none that was known when it was looked at.
    pub fn unknown(&self) -> impl Iterator<Item = &Fingerprint> {
        self.unknown.iter()
    }

    /// Adds the fingerprints that are written in a text: where they stand for keys, one of an old key stands for
    /// that.
    pub fn add_fingerprints(&mut self, text: &[u8]) {
        let unknown = std::mem::take(&mut self.unknown);
        let unescaped = backslashes(text).unwrap_or_default();
        let all = written(text).chain(written(&unescaped));
        self.written = all.take(MOST).collect();
        let written = self.written.iter().copied();
        self.unknown = unknown.into_iter().chain(written).collect();
    }

    /// The fingerprints that are written in it, where they stand for keys. One may be that of a damaged key.
    #[must_use]
    pub fn written(&self) -> &[Fingerprint] {
        &self.written
    }

    /// Whether it tells enough to somebody who takes this key from there.
    #[must_use]
    pub fn answers(&self, own: Option<&Fingerprint>) -> bool {
        !self.is_brief || self.is_only(own)
    }

    /// Whether there is nothing in it but this.
    #[must_use]
    pub fn is_only(&self, own: Option<&Fingerprint>) -> bool {
        let is_own = |part: &Fingerprint| own.is_some_and(|own| own.agrees(part));
        let known = self.known.iter().map(|known| &known.part.fingerprint);
        !self.cut && known.chain(&self.unknown).all(is_own)
    }
}

/// The fingerprints in a text: `sha256:` and digits, in capitals too, or 64 digits alone.
fn written(text: &[u8]) -> impl Iterator<Item = Fingerprint> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric();
    let mut at = 0;
    let words = std::iter::from_fn(move || {
        at += text.get(at..)?.iter().position(is_word)?;
        let start = at;
        at += text[start..]
            .iter()
            .take_while(|byte| is_word(byte))
            .count();
        Some(start..at)
    });
    words.filter_map(|word| {
        let digits = &text[word.clone()];
        let length = digits.iter().take_while(|byte| byte.is_ascii_hexdigit());
        let length = length.take(64).count();
        let prefix = word.start.saturating_sub(Fingerprint::PREFIX.len());
        let is_told = text[prefix..word.start].eq_ignore_ascii_case(Fingerprint::PREFIX.as_bytes());
        if !is_told && (length, digits.len()) != (64, 64) {
            return None;
        }
        let digits = std::str::from_utf8(&digits[..length]).ok()?;
        format!("{}{digits}", Fingerprint::PREFIX).parse().ok()
    })
}

impl Keyring {
    /// Looks for keys in all that was read, where a hop takes only a part of it. A key of which only the
    /// fingerprint is known is found where it stands as a word or as a whole value. `thorough` says whether
    /// to look for it within words too, for damaged ones, and into what is put together of pieces, wrapped over
    /// lines or encoded more than once, which takes several times as long; what is found is remembered for keys
    /// that are learned later.
    #[must_use]
    pub fn look_around(&self, whole: &[u8], thorough: bool) -> Around {
        self.look(whole, [None, None], thorough)
    }

    /// The same for somebody who takes this key from there: where there is nothing else, less is said of it; see
    /// [`Around::answers`].
    #[must_use]
    pub fn look_around_for(
        &self,
        own: Option<&Fingerprint>,
        whole: &[u8],
        thorough: bool,
    ) -> Around {
        self.look(whole, [own, None], thorough)
    }

    /// The same of a value that is a known key itself, and may be one that others stand in: an address with another
    /// project's key in it. Of a value that is one word nothing is remembered for keys that are learned later.
    #[must_use]
    pub fn look_within(&self, value: &[u8], thorough: bool) -> Around {
        let itself = Fingerprint::of(value);
        let around = self.look(value, [None, Some(&itself)], thorough);
        let is_word = value
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte));
        Around {
            unknown: if is_word {
                Box::default()
            } else {
                around.unknown
            },
            ..around
        }
    }

    /// `own` is the key that somebody takes from there, and `itself` the one that all of it is.
    fn look(
        &self,
        whole: &[u8],
        [own, itself]: [Option<&Fingerprint>; 2],
        thorough: bool,
    ) -> Around {
        let is_itself = |print: &Fingerprint| itself == Some(print);
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
        let mut whole_keys = HashSet::new();
        for (index, text) in texts.all.iter().enumerate() {
            let bytes = text.bytes();
            let part = |range: Range<usize>, fingerprint| Part {
                text: index,
                range,
                fingerprint,
            };
            let mut known = self.known_by_value(index, bytes);
            known.retain(|part| !is_itself(&part.fingerprint));
            let (found, more) = candidates(bytes, &text.breaks, self.formats(), by_words, MOST);
            cut |= more;
            // Each with whether it may be a key that is learned later.
            let words = found.into_iter().filter_map(|found| {
                let may_be = found.fits || may_be_any_key(bytes, &found.range);
                let lasting = found.fits || thorough && may_be;
                (thorough || may_be).then_some((found.range, lasting))
            });
            let mut values = match by_words {
                true => assigned(bytes),
                false => Vec::new(),
            };
            if thorough {
                values.extend(blocks(bytes));
            }
            let values = values.into_iter().map(|range| (range, thorough));
            let mut strange = Vec::new();
            for (range, lasting) in words.chain(values) {
                let own = &bytes[range.clone()];
                let squeezed = match thorough {
                    true => squeezed(own),
                    false => None,
                };
                for own in [Some(own), squeezed.as_deref().map(|own| &own[..])] {
                    let Some(fingerprint) = own.map(Fingerprint::of) else {
                        continue;
                    };
                    if self.knows(&fingerprint) && !is_itself(&fingerprint) {
                        known.push(part(range.clone(), fingerprint));
                        continue;
                    }
                    if thorough {
                        strange.push((range.clone(), fingerprint));
                    }
                    if is_itself(&fingerprint) {
                        continue;
                    }
                    if lasting && unknown.len() == MOST {
                        cut = true;
                    } else if lasting {
                        unknown.insert(fingerprint);
                    }
                }
            }
            if thorough {
                let (ranges, rest) = windows(bytes.len(), lookup.lengths(), left);
                left = rest.unwrap_or(0);
                for range in ranges {
                    let fingerprint = Fingerprint::of(&bytes[range.clone()]);
                    if self.knows_surely(&fingerprint) && !is_itself(&fingerprint) {
                        known.push(part(range, fingerprint));
                    }
                }
            }
            whole_keys.extend(known.iter().map(|part| part.fingerprint));
            if thorough && !text.is_noise() {
                let damaged = self.damaged_in(bytes, strange, &known);
                known.extend(damaged.into_iter().map(|(range, print)| part(range, print)));
                let (bare, more) = self.known_by_letters(bytes);
                cut |= more;
                let bare = bare.filter(|(range, print)| {
                    let is_told = known.iter().any(|part| {
                        let is_around =
                            part.range.start <= range.start && range.end <= part.range.end;
                        let overlaps = part.range.start < range.end && range.start < part.range.end;
                        is_around || overlaps && part.fingerprint == *print
                    });
                    !is_told && !is_itself(print)
                });
                let bare: Vec<_> = bare.collect();
                known.extend(bare.into_iter().map(|(range, print)| part(range, print)));
            }
            copies.count(&known, &texts, index);
            parts.take(known, Vec::new());
        }
        let prints = parts.known.iter().map(|part| part.fingerprint);
        let brief = Around {
            unknown: prints.chain(unknown.iter().copied()).collect(),
            is_brief: true,
            cut,
            ..Around::default()
        };
        if !parts.known.is_empty() && brief.is_only(own) {
            return brief;
        }
        let mut described = Described::new(&texts);
        let known = parts.known.iter().map(|part| Copied {
            part: self.fragment(part, &texts, &mut described),
            once: copies.is_one(&part.fingerprint),
            damaged: !whole_keys.contains(&part.fingerprint),
        });
        Around {
            known: known.collect(),
            unknown: unknown.into_iter().collect(),
            written: Box::default(),
            cut,
            is_brief: false,
        }
    }

    /// The known keys in it, as the project `own` would say it.
    pub fn explain_around<'a>(
        &'a self,
        own: ProjectId,
        around: &'a Around,
    ) -> impl Iterator<Item = SeenAround<'a>> {
        let known = around.known.iter().map(|known| {
            let Copied {
                part,
                once,
                damaged,
            } = known;
            (part.fingerprint, part.way.as_ref(), *once, *damaged)
        });
        let learned = around.unknown.iter();
        let learned = learned.map(|print| (*print, None, false, false));
        known
            .chain(learned)
            .filter_map(move |(print, way, once, damaged)| {
                Some(SeenAround {
                    explanation: self.exact(own, &print)?,
                    way,
                    once,
                    damaged,
                })
            })
    }

    /// Which of these words of a text are known keys that are damaged, each once, and none of what a known
    /// key stands in.
    fn damaged_in(
        &self,
        text: &[u8],
        words: Vec<(Range<usize>, Fingerprint)>,
        known: &[Part],
    ) -> Vec<(Range<usize>, Fingerprint)> {
        let overlap = |one: &Range<usize>, other: &Range<usize>| {
            one.start < other.end && other.start < one.end
        };
        let mut found: Vec<(Range<usize>, Fingerprint)> = Vec::new();
        for (word, print) in words {
            let keys = self.resembled(&text[word.clone()], &print);
            let is_told = keys.is_empty()
                || known.iter().any(|known| overlap(&known.range, &word))
                || found.iter().any(|(other, _)| overlap(other, &word));
            if !is_told {
                found.extend(keys.into_iter().map(|print| (word.clone(), print)));
            }
        }
        found
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
mod tests;
