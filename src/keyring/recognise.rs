use super::book::Keyring;
use super::damage::Damage;
use super::edits::{Shown, edit};
use super::forms::Tier;
use super::known::{Explanation, ProjectId};
use super::rewritten;
use super::tables::{BETWEEN, Layers, TABLES};
use super::unravel::{Rest, Unravelled, is_encoding};
use super::wraps::MIN_KEY;
use crate::key::Fingerprint;

impl Keyring {
    /// Which known key a value is, damaged or not, or which ones it holds. `own` is the project that
    /// asks.
    ///
    /// It finds every form the search finds and names it alike, and beyond these up to six layers
    /// of wrapping and encoding with any of the other forms within, and every key inside a larger
    /// value. A key of which only the fingerprint is known is recognised wherever the form can be
    /// undone.
    #[must_use]
    pub fn explain_value(&self, own: ProjectId, value: &[u8]) -> Option<Explanation> {
        self.look_into(own, value).explanation
    }

    /// Which known key a whole value is, damaged or not: first everything that the search would find
    /// from its fingerprint, in the same order, so that the two agree; then what only a value shows.
    pub(super) fn explain_whole(&self, own: ProjectId, value: &[u8]) -> Option<Explanation> {
        let whole = Fingerprint::of(value);
        if let Some(exact) = self.exact(own, &whole) {
            return Some(exact);
        }
        let unravelled = Unravelled::new(value);
        let found: Vec<_> = unravelled
            .rests()
            .skip(1)
            .map(|(rest, bytes)| (rest, Fingerprint::of(bytes)))
            .filter(|(_, fingerprint)| self.knows(fingerprint))
            .collect();
        let under = |reach| {
            let found = found.iter();
            found.filter(move |(rest, _)| Reach::of(&rest.layers) == reach)
        };
        let hidden = |reach| under(reach).filter(|(_, print)| self.is_hidden(print));
        self.searched(own, value, &found)
            .or_else(|| self.wrapped(own, hidden(Reach::Wrapped)))
            .or_else(|| self.wrapped(own, hidden(Reach::Encoded)))
            .or_else(|| self.edited(own, &[], value, Shown::ByFingerprint))
            .or_else(|| self.wrapped(own, under(Reach::Wrapped)))
            .or_else(|| self.wrapped(own, under(Reach::Encoded)))
            .or_else(|| self.edited(own, &[], value, Shown::ByValue))
            .or_else(|| self.wrapped(own, under(Reach::Deeper)))
            .or_else(|| {
                let mut rests = unravelled.rests().skip(1);
                rests
                    .find_map(|(rest, bytes)| self.edited(own, &rest.layers, bytes, Shown::ByValue))
            })
            .or_else(|| {
                let mut rests = unravelled.rests();
                rests.find_map(|(rest, bytes)| self.respaced(own, &rest.layers, bytes))
            })
    }

    /// By the forms that are searched with something around the key, encoded or spaced: those of the
    /// keys that were found under the layers of this value, and of those that differ in blanks.
    fn searched(
        &self,
        own: ProjectId,
        value: &[u8],
        found: &[(&Rest, Fingerprint)],
    ) -> Option<Explanation> {
        let names = self.names(own);
        let has_blanks = !value.iter().all(u8::is_ascii_graphic);
        let is_under = |print: &Fingerprint| found.iter().any(|(_, other)| other == print);
        let is_encoded = |print: &Fingerprint| {
            let mut layers = found.iter().filter(|(_, other)| other == print);
            layers.any(|(rest, _)| rest.layers.iter().any(|damage| is_encoding(*damage)))
        };
        let mut near: Vec<_> = match found.is_empty() {
            true => Vec::new(),
            false => self.values().filter(|(_, print)| is_under(print)).collect(),
        };
        let mut encoded = near.clone();
        encoded.retain(|(_, print)| is_encoded(print));
        let mut spaced = encoded.clone();
        if has_blanks {
            let others = self.rewritable().filter(|(_, print)| !is_encoded(print));
            spaced.extend(
                others.filter(|(key, _)| rewritten::differ_in_blanks(key, value).is_some()),
            );
        } else {
            spaced.clear();
        }
        near.retain(|(key, _)| value.len().abs_diff(key.len()) <= TABLES.most_added(names));
        let mut once = near.clone();
        for key in TABLES.enclosed(names, value) {
            let print = Fingerprint::of(key);
            let is_new = self.knows(&print) && once.iter().all(|(_, known)| **known != print);
            once.extend(
                self.values()
                    .filter(|(_, known)| is_new && **known == print),
            );
        }
        [
            (Tier::Wrapped, once),
            (Tier::WrappedTwice, near),
            (Tier::Encoded, encoded),
            (Tier::Spaced, spaced),
        ]
        .into_iter()
        .find_map(|(tier, keys)| self.formed(own, value, tier, &keys))
    }

    /// By the forms of one tier of these keys.
    fn formed(
        &self,
        own: ProjectId,
        value: &[u8],
        tier: Tier,
        keys: &[(&[u8], &Fingerprint)],
    ) -> Option<Explanation> {
        let mut best: Option<Layers> = None;
        let mut fitting = Vec::new();
        for &(key, fingerprint) in keys {
            let layers = tier.layers(key, value, self.names(own));
            let Some(layers) = layers else {
                continue;
            };
            if best.is_none_or(|best| layers < best) {
                fitting.clear();
                best = Some(layers);
            }
            if best == Some(layers) {
                fitting.push(*fingerprint);
            }
        }
        self.explanation(own, &fitting, best?.as_slice())
    }

    /// Whether a key is known by its fingerprint alone, so that no search finds a form of it.
    fn is_hidden(&self, fingerprint: &Fingerprint) -> bool {
        let mut keys = self.agreeing(fingerprint);
        keys.all(|key| key.secret().is_none())
    }

    /// By keys with blanks of their own that have others here, however many.
    fn respaced(&self, own: ProjectId, layers: &[Damage], bytes: &[u8]) -> Option<Explanation> {
        let found: Vec<_> = self
            .rewritable()
            .filter_map(|(key, print)| Some((rewritten::differ_in_blanks(key, bytes)?, print)))
            .collect();
        let (damage, _) = *found.first()?;
        let keys = found.iter().filter(|(other, _)| *other == damage);
        self.explanation(
            own,
            keys.map(|(_, print)| *print),
            &[layers, &[damage]].concat(),
        )
    }

    /// By what programs make of a key that looks like something else to them.
    fn rewritten(&self, own: ProjectId, layers: &[Damage], bytes: &[u8]) -> Option<Explanation> {
        let mut best = None;
        let mut keys = Vec::new();
        for (key, fingerprint) in self.rewritable() {
            let forms = rewritten::forms(key);
            let Some((damage, _)) = forms.iter().find(|(_, form)| **form == bytes) else {
                continue;
            };
            if best.is_none_or(|best| *damage < best) {
                keys.clear();
                best = Some(*damage);
            }
            if best == Some(*damage) {
                keys.push(*fingerprint);
            }
        }
        self.explanation(own, &keys, &[layers, &[best?]].concat())
    }

    /// By the first layers that have a known key under them.
    fn wrapped<'u>(
        &self,
        own: ProjectId,
        found: impl Iterator<Item = &'u (&'u Rest, Fingerprint)>,
    ) -> Option<Explanation> {
        let mut first: Option<&[Damage]> = None;
        let mut keys = Vec::new();
        for (rest, fingerprint) in found {
            if *first.get_or_insert(&rest.layers) == rest.layers {
                keys.push(*fingerprint);
            }
        }
        self.explanation(own, &keys, first?)
    }

    /// By every other form, under these layers.
    fn edited(
        &self,
        own: ProjectId,
        layers: &[Damage],
        bytes: &[u8],
        shown: Shown,
    ) -> Option<Explanation> {
        // Where blanks were taken out to look under them, none can be lost.
        let respaced = layers.last() == Some(&Damage::WhitespaceInside);
        let rewritten = (!respaced).then(|| self.rewritten(own, layers, bytes));
        if let Some(rewritten @ Some(_)) = rewritten {
            return rewritten;
        }
        let doubled = halves(bytes)
            .map(Fingerprint::of)
            .filter(|half| self.knows(half));
        let mut keys: Vec<_> = doubled.collect();
        let mut best = (!keys.is_empty()).then_some((Tier::Doubled, Damage::Doubled));
        if best.is_none() {
            for (key, fingerprint) in self.values() {
                let Some(fit) = edit(key, bytes, shown) else {
                    continue;
                };
                if best.is_none_or(|best| fit < best) {
                    keys.clear();
                    best = Some(fit);
                }
                if best == Some(fit) {
                    keys.push(*fingerprint);
                }
            }
        }
        let (_, damage) = best?;
        self.explanation(own, &keys, &[layers, &[damage]].concat())
    }
}

/// Layers by how many of them the search would look under.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Wrapped,
    Encoded,
    Deeper,
}

impl Reach {
    fn of(layers: &[Damage]) -> Self {
        let encodings = layers.iter().filter(|damage| is_encoding(**damage)).count();
        match (encodings, layers.len()) {
            (0, ..=2) => Self::Wrapped,
            (1, ..=3) | (2, ..=5) => Self::Encoded,
            _ => Self::Deeper,
        }
    }
}

/// What these bytes are twice.
fn halves(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    BETWEEN.into_iter().filter_map(move |between| {
        let twice = bytes.len().checked_sub(between.len())?;
        let (half, rest) = bytes.split_at(twice / 2);
        (half.len() >= MIN_KEY && rest.strip_prefix(between)? == half).then_some(half)
    })
}

#[cfg(test)]
mod tests;
