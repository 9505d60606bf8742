//! Known keys that stand inside a larger value.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::ops::Range;

use super::book::Keyring;
use super::candidates::{self, all_words, candidates, windows};
use super::damage::Damage;
use super::format::Format;
use super::known::{Explanation, KeyId, ProjectId, Role};
use super::layers::Described;
use super::placeholder::{Placeholder, placeholder};
use super::tables::is_enclosed;
use super::texts::Texts;
use super::way::{Way, way};
use super::wire::Wire;
use super::within::{insides, may_be_key};
use super::words::{Words, may_be_any_key};
use super::wraps::MIN_KEY;
use crate::key::{Digits, Fingerprint};

/// How many parts of a value are remembered that nothing explains yet.
const KEPT: usize = 64;
/// How many windows of a value are hashed to find keys of which only the fingerprint is known. What
/// lies beyond stays unexplained.
const WINDOWS: usize = 64 * 1024;

/// A part of a value that is a key or may be one. It holds nothing of the part but its fingerprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Of the part.
    pub fingerprint: Fingerprint,
    /// What lies around it, from the outermost to the innermost; never empty.
    pub damage: Box<[Damage]>,
    /// How it could be read, if what surrounds it was meant.
    pub way: Option<Way>,
    /// What becomes of the whole value when it is sent.
    pub wire: Wire,
    /// Whether the value holds more than was looked at.
    pub cut: bool,
    /// Whether the value holds words beside the known keys that may be keys, whatever they look like.
    pub worded: bool,
}

/// What there is to say of a key inside a larger value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inside {
    /// How the key could be read, if the larger value was meant.
    pub way: Option<Way>,
    /// Whether another key may stand beside it that could not be looked for: one known by its
    /// fingerprint alone, which no format tells, anything in a part that was too large, or one that nobody
    /// knows.
    pub open: bool,
    /// Whether that is so for what was seen beside it, or was too much to look at.
    pub(super) beside: bool,
}

#[cfg(test)]
impl Inside {
    /// Where a test says that a key stands.
    pub(crate) fn made(way: Option<Way>) -> Self {
        Self {
            way,
            open: false,
            beside: false,
        }
    }
}

/// What is in a value beside what it is as a whole.
pub struct Sighting {
    /// The known keys that it is or holds.
    pub explanation: Option<Explanation>,
    /// Its parts that may be keys, where some of them are not known: what is learned later may explain
    /// them. Bounded.
    pub fragments: Box<[Fragment]>,
    /// Whether one of the parts that are not known looks like a key.
    pub looks_like_key: bool,
    /// Whether it has the signs of a placeholder, and may be a key between them all the same.
    pub may_be_within: bool,
    /// Whether it asks for a key, and a word of it may be one that nobody knows.
    pub open: bool,
}

impl Sighting {
    /// A value of which nothing more is to be said.
    #[must_use]
    pub fn of(explanation: Explanation) -> Self {
        Self {
            explanation: Some(explanation),
            fragments: Box::default(),
            looks_like_key: false,
            may_be_within: false,
            open: false,
        }
    }
}

/// One part of one text.
pub(super) struct Part {
    pub(super) text: usize,
    pub(super) range: Range<usize>,
    pub(super) fingerprint: Fingerprint,
}

/// Parts as they are found.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) known: Vec<Part>,
    unknown: Vec<Part>,
    seen: HashSet<Fingerprint>,
    looks_like_key: bool,
    cut: bool,
    worded: bool,
}

impl Keyring {
    /// What a value is, and what is in it. As [`Keyring::explain_value`], with what that leaves open.
    #[must_use]
    pub fn look_into(&self, own: ProjectId, value: &[u8]) -> Sighting {
        self.look_at(own, value, 0)
    }

    /// The same for a part of a value, so many words deep.
    pub(super) fn look_at(&self, own: ProjectId, value: &[u8], depth: usize) -> Sighting {
        let mut whole = self.explain_whole(own, value).map(|mut whole| {
            whole.wire = Wire::of(value);
            whole
        });
        // A name before the key may be a key as well, signs around it may have been meant, and what would be one
        // key with other characters may be another one with more around it; nothing else of a whole value is left
        // to look at.
        let is_open = |whole: &Explanation| {
            whole.damage.contains(&Damage::VariablePrefix)
                || is_enclosed(&whole.damage)
                || whole.is_of_other_characters() && self.stands_in(value, whole)
        };
        if let Some(done) = whole.take_if(|whole| !is_open(whole)) {
            return Sighting::of(done);
        }
        let insides = insides(value);
        if value.len() <= MIN_KEY && insides.is_empty() {
            return Sighting {
                explanation: whole,
                fragments: Box::default(),
                looks_like_key: false,
                may_be_within: false,
                open: false,
            };
        }
        let may_be_within = !insides.is_empty() && may_be_key(value);
        let texts = Texts::new(value);
        let mut parts = self.parts(&texts, None);
        let asks = !insides.is_empty() || asks_for_a_key(value);
        self.take_insides(&mut parts, value, insides, may_be_within);
        let beside = self.look_beside(own, &texts, &parts.known, asks, depth);
        parts.cut |= beside.open;
        let mut described = Described::new(&texts);
        let wire = Wire::of(value);
        let mut fragments: Vec<Fragment> = parts
            .known
            .iter()
            .chain(&parts.unknown)
            .map(|part| Fragment {
                cut: parts.cut,
                worded: parts.worded,
                wire,
                ..self.fragment(part, &texts, &mut described)
            })
            .collect();
        let cut = parts.cut;
        let seen = |new: &Fragment| parts.seen.contains(&new.fingerprint);
        let damaged = beside.known.into_iter().filter(|new| !seen(new));
        fragments.extend(damaged.map(|found| Fragment { cut, wire, ..found }));
        let mut inside = self.explain_fragments(own, &fragments);
        if let Some(inside) = inside.as_mut().and_then(|found| found.inside.as_mut()) {
            inside.beside = parts.cut;
        }
        let explanation = match (whole, inside) {
            (Some(whole), Some(inside)) => Some(weigh(own, whole, inside, beside.open)),
            (whole, inside) => inside.or(whole),
        };
        if parts.unknown.is_empty() {
            fragments.clear();
        }
        Sighting {
            explanation,
            fragments: fragments.into(),
            looks_like_key: parts.looks_like_key,
            may_be_within,
            open: asks && beside.open,
        }
    }

    /// Whether another known key than these stands in a value, as that is written.
    fn stands_in(&self, value: &[u8], these: &Explanation) -> bool {
        let parts = self.parts(&Texts::plain(value), None).known;
        parts.iter().any(|part| {
            let mut keys = self.agreeing(&part.fingerprint);
            keys.any(|key| !these.keys.contains(&key.id()))
        })
    }

    /// Which known keys some parts of a value are. An old key decides, then another project's, even
    /// when the current one stands beside it; all of them are named.
    #[must_use]
    pub fn explain_fragments(&self, own: ProjectId, fragments: &[Fragment]) -> Option<Explanation> {
        let mut found: Vec<(Explanation, &Fragment)> = fragments
            .iter()
            .filter_map(|fragment| Some((self.exact(own, &fragment.fingerprint)?, fragment)))
            .collect();
        found.sort_by_key(|(explanation, _)| rank(own, explanation));
        let &(_, first) = found.first()?;
        let (damage, way) = (first.damage.clone(), first.way.clone());
        let mut keys = Vec::new();
        for key in found.into_iter().flat_map(|(found, _)| found.keys) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        Some(Explanation {
            keys,
            damage,
            inside: Some(Box::new(Inside {
                way,
                open: fragments.iter().any(|part| part.cut) || self.leaves_open(fragments),
                beside: false,
            })),
            wire: first.wire,
        })
    }

    /// Every part of these texts that is a known key, but for one, and some of those that may be one.
    pub(super) fn parts(&self, texts: &Texts<'_>, but: Option<&Fingerprint>) -> Parts {
        let lookup = self.lookup();
        let mut parts = Parts {
            cut: texts.cut,
            ..Parts::default()
        };
        let mut hashes = WINDOWS;
        let mut words = Words::default();
        for (index, text) in texts.all.iter().enumerate() {
            let bytes = text.bytes();
            let mut known = self.known_by_value(index, bytes);
            known.retain(|part| Some(&part.fingerprint) != but);
            let mut unknown = Vec::new();
            let (found, cut) = candidates(
                bytes,
                &text.breaks,
                self.formats(),
                lookup.is_formless(),
                candidates::MOST,
            );
            parts.cut |= cut;
            for candidate in found {
                let range = candidate.range;
                if index == 0 && range == (0..bytes.len()) {
                    continue;
                }
                let part = &bytes[range.clone()];
                let fingerprint = Fingerprint::of(part);
                if Some(&fingerprint) == but {
                    continue;
                }
                let known_here = match candidate.fits {
                    true => self.knows(&fingerprint),
                    false => self.knows_surely(&fingerprint),
                };
                let found = Part {
                    text: index,
                    range,
                    fingerprint,
                };
                if known_here {
                    known.push(found);
                } else if candidate.fits {
                    if looks_like_key(part) {
                        parts.looks_like_key = true;
                        unknown.push(found);
                    }
                } else {
                    unknown.push(found);
                }
            }
            if lookup.is_told() {
                let (found, cut) = all_words(bytes);
                words.cut |= cut;
                for range in found {
                    let is_whole = index == 0 && range == (0..bytes.len());
                    let fingerprint = Fingerprint::of(&bytes[range.clone()]);
                    if is_whole || Some(&fingerprint) == but {
                        continue;
                    }
                    if self.knows_surely(&fingerprint) {
                        known.push(Part {
                            text: index,
                            range,
                            fingerprint,
                        });
                    } else if !text.breaks.iter().any(|at| is_inside(*at, &range))
                        && may_be_any_key(bytes, &range)
                    {
                        words.add(index, range);
                    }
                }
            }
            let (ranges, left) = windows(bytes.len(), lookup.lengths(), hashes);
            parts.cut |= left.is_none();
            hashes = left.unwrap_or(0);
            for range in ranges {
                let fingerprint = Fingerprint::of(&bytes[range.clone()]);
                if Some(&fingerprint) != but && self.knows_surely(&fingerprint) {
                    known.push(Part {
                        text: index,
                        range,
                        fingerprint,
                    });
                }
            }
            words.take_known(texts, &known);
            parts.take(known, unknown);
        }
        parts.worded = words.are_left(texts);
        parts
    }

    /// The keys in one of the texts that are known by value.
    pub(super) fn known_by_value(&self, index: usize, text: &[u8]) -> Vec<Part> {
        let key_at = |place| self.value_at(place).map(|(key, _)| key);
        let found = self.lookup().grams.find(key_at, text).into_iter();
        found
            .filter_map(|(place, range)| {
                Some(Part {
                    text: index,
                    range,
                    fingerprint: *self.value_at(place)?.1,
                })
            })
            .collect()
    }

    /// Takes what stands between the signs of a placeholder, which may be a key of any length.
    fn take_insides(
        &self,
        parts: &mut Parts,
        value: &[u8],
        insides: Vec<Range<usize>>,
        may_be_key: bool,
    ) {
        let parts_of_it = insides.into_iter().map(|range| Part {
            text: 0,
            fingerprint: Fingerprint::of(&value[range.clone()]),
            range,
        });
        let (known, unknown): (Vec<_>, _) =
            parts_of_it.partition(|part| self.knows_surely(&part.fingerprint));
        parts.take(known, Vec::new());
        if may_be_key && parts.known.is_empty() {
            parts.take(Vec::new(), unknown);
        }
    }

    /// Whether a whole value looks like a key of any project.
    #[must_use]
    pub fn fits_a_format(&self, value: &[u8]) -> bool {
        looks_like_key(value) && self.formats().iter().any(|format| format.fits(value))
    }

    /// Whether a text that is taken for a placeholder may hide a key: one of which only the fingerprint is
    /// known, one too short to be looked for everywhere, or one that nobody knows.
    #[must_use]
    pub fn may_hide_within(&self, sighting: &Sighting) -> bool {
        sighting.open || sighting.may_be_within && !self.lookup().hidden.is_empty()
    }

    pub(super) fn fragment(
        &self,
        part: &Part,
        texts: &Texts<'_>,
        described: &mut Described<'_>,
    ) -> Fragment {
        let mut damage = described.layers(part.text, &part.range);
        if damage.is_empty() {
            damage.push(Damage::Surrounded);
        }
        let value = texts.all.first().filter(|_| part.text == 0);
        let way = value.and_then(|value| {
            let seen = described.of(0, value.bytes());
            let told = |name: &[u8]| self.is_no_key(name);
            way(value.bytes(), &part.range, seen, told)
        });
        Fragment {
            fingerprint: part.fingerprint,
            damage: damage.into(),
            way,
            wire: Wire::default(),
            cut: false,
            worded: false,
        }
    }

    /// Whether a key may have been missed: one of which neither the bytes nor the format are known; or one
    /// of which the bytes are not, where words are left that it may be. It may be older than the format.
    fn leaves_open(&self, found: &[Fragment]) -> bool {
        let is_found = |key: &Fingerprint| found.iter().any(|part| part.fingerprint.agrees(key));
        let lookup = self.lookup();
        let is_worded = found.iter().any(|part| part.worded);
        !lookup.hidden.values().all(is_found)
            || is_worded
                && !lookup
                    .told()
                    .all(|id| self.get(id).is_none_or(|key| is_found(&key.fingerprint())))
    }

    /// Known by enough digits that no chance among many parts is taken for it.
    pub(super) fn knows_surely(&self, fingerprint: &Fingerprint) -> bool {
        self.agreeing(fingerprint)
            .any(|key| key.fingerprint().digits() >= Digits::DEFAULT)
    }
}

/// Whether a place lies within a part, and not at one of its ends.
fn is_inside(at: usize, range: &Range<usize>) -> bool {
    range.start < at && at < range.end
}

impl Parts {
    /// Takes the parts of one text: what lies within a known key is no key of its own.
    pub(super) fn take(&mut self, known: Vec<Part>, unknown: Vec<Part>) {
        let within = |range: &Range<usize>, other: &Range<usize>| {
            other.start <= range.start && range.end <= other.end && other != range
        };
        let ranges: Vec<_> = known.iter().map(|part| part.range.clone()).collect();
        let is_own = |range: &Range<usize>| !ranges.iter().any(|other| within(range, other));
        for part in known {
            if is_own(&part.range) && self.seen.insert(part.fingerprint) {
                self.known.push(part);
            }
        }
        for part in unknown {
            let touches = ranges
                .iter()
                .any(|other| part.range.start < other.end && other.start < part.range.end);
            if touches || self.seen.contains(&part.fingerprint) {
                continue;
            }
            if self.unknown.len() == KEPT {
                self.cut = true;
                return;
            }
            self.seen.insert(part.fingerprint);
            self.unknown.push(part);
        }
    }
}

impl Keyring {
    /// Whether a name may be told: it is and holds nothing that may be a key.
    fn is_no_key(&self, name: &[u8]) -> bool {
        let fits = |format: &Format| format.find_anywhere(name).next().is_some();
        let key_at = |place| self.value_at(place).map(|(key, _)| key);
        !self
            .formats()
            .iter()
            .any(|format| fits(format) && !reads_as_words(name))
            && !self.knows(&Fingerprint::of(name))
            && self.lookup().grams.find(key_at, name).is_empty()
    }
}

/// Whether a text without signs around it asks for a key, or is only a comment.
fn asks_for_a_key(value: &[u8]) -> bool {
    let found = placeholder(value, "");
    found.is_some_and(|found| {
        matches!(
            found,
            Placeholder::FillIn | Placeholder::Reference | Placeholder::Comment
        )
    })
}

/// What is said of a value that is a known key with something about it, and holds others or the same one whole.
/// None of them is left out: each may be what somebody asks of.
fn weigh(own: ProjectId, whole: Explanation, inside: Explanation, open: bool) -> Explanation {
    let is_new = |key: &KeyId| !whole.keys.contains(key);
    if !inside.keys.iter().any(is_new) {
        let told = is_enclosed(&whole.damage) && inside.keys == whole.keys
            || open && !whole.is_of_other_characters();
        return Explanation {
            inside: inside.inside.filter(|_| told),
            ..whole
        };
    }
    // What stands there whole outweighs what would have to be damaged.
    let outweighs = match rank(own, &inside).cmp(&rank(own, &whole)) {
        Ordering::Less => true,
        Ordering::Equal => whole.is_of_other_characters(),
        Ordering::Greater => false,
    };
    let (mut first, other) = match outweighs {
        true => (inside, whole),
        false => (whole, inside),
    };
    first.inside = first.inside.or(other.inside);
    let rest = other
        .keys
        .into_iter()
        .filter(|key| !first.keys.contains(key));
    let rest: Vec<_> = rest.collect();
    first.keys.extend(rest);
    first
}

/// How bad it is to hold this: an old key, another project's, then the current or the next one.
fn rank(own: ProjectId, explanation: &Explanation) -> u8 {
    match explanation.keys.first() {
        Some(key) if key.project != own => 1,
        Some(key) if key.role() == Role::Previous => 0,
        _ => 2,
    }
}

/// What surrounds the first part of a value that fits a format and looks like a key; `None` where there
/// is none, or nothing around it. No known key is needed for that, so references can be judged by it.
#[must_use]
pub fn surrounding(value: &[u8], format: &Format) -> Option<Box<[Damage]>> {
    let texts = Texts::new(value);
    let mut described = Described::new(&texts);
    for (index, text) in texts.all.iter().enumerate() {
        let bytes = text.bytes();
        let whole = (index == 0).then_some(0..bytes.len());
        let found = format.find_in(bytes).chain(format.find_anywhere(bytes));
        let mut keys = found.filter(|range| looks_like_key(&bytes[range.clone()]));
        if let Some(range) = keys.find(|range| Some(range) != whole.as_ref()) {
            let damage = described.layers(index, &range);
            return (!damage.is_empty()).then(|| damage.into());
        }
    }
    None
}

/// Whether something that fits a format may be a key, and does not only look like one.
fn looks_like_key(part: &[u8]) -> bool {
    !reads_as_words(part) && placeholder(part, "").is_none()
}

/// Whether something that fits a wide format is made of words, as names are: every run of letters in
/// one case, or capitalised, and no digits.
pub(super) fn reads_as_words(part: &[u8]) -> bool {
    const LONGEST: usize = 16;
    let is_word = |word: &[u8]| {
        let tail = word.get(1..).unwrap_or_default();
        word.len() <= LONGEST
            && word.iter().all(u8::is_ascii_alphabetic)
            && (tail.iter().all(u8::is_ascii_lowercase) || word.iter().all(u8::is_ascii_uppercase))
    };
    part.split(|byte| b"_-. /".contains(byte)).all(is_word)
}

#[cfg(test)]
mod tests;
