use super::damage::Damage;
use super::forms::Tier;
use super::known::{Explanation, Keyring, ProjectId};
use super::tables::BETWEEN;
use super::unravel::{Unravelled, is_encoding};
use super::wraps::{MAX_EDITED, MIN_KEY};
use crate::key::Fingerprint;

const MOST_IN_A_CHARACTER: usize = 4;

/// The first form that fits, and the keys it fits.
struct Fit {
    tier: Tier,
    damage: Damage,
    keys: Vec<Fingerprint>,
}

impl Keyring {
    /// Which known key a value is, damaged or not. `own` is the project that asks.
    ///
    /// It finds every form the search finds and names it alike, and beyond these up to six layers
    /// of wrapping and encoding with any of the other forms within. A key of which only the
    /// fingerprint is known is recognised wherever the form can be undone.
    #[must_use]
    pub fn explain_value(&self, own: ProjectId, value: &[u8]) -> Option<Explanation> {
        let whole = Fingerprint::of(value);
        if let Some(exact) = self.exact(own, &whole) {
            return Some(exact);
        }
        let unravelled = Unravelled::new(value);
        self.wrapped(own, &unravelled).or_else(|| {
            // The value itself before what is under its layers, so that it gets the name that its
            // fingerprint would get.
            unravelled.rests().find_map(|(rest, bytes)| {
                let fit = self.edited(bytes)?;
                let mut damage = rest.layers.clone();
                damage.push(fit.damage);
                self.explanation(own, &fit.keys, &damage)
            })
        })
    }

    /// By wrapping alone, else with encodings among the layers.
    fn wrapped(&self, own: ProjectId, unravelled: &Unravelled<'_>) -> Option<Explanation> {
        let mut best: Option<(bool, &[Damage])> = None;
        let mut keys = Vec::new();
        for (rest, bytes) in unravelled.rests().skip(1) {
            let encoded = rest.layers.iter().any(|damage| is_encoding(*damage));
            let layers = (encoded, &rest.layers[..]);
            let better = best.is_none_or(|best| layers.0 < best.0);
            if !better && best != Some(layers) {
                continue;
            }
            let fingerprint = Fingerprint::of(bytes);
            if self.knows(&fingerprint) {
                if better {
                    keys.clear();
                }
                best = Some(layers);
                keys.push(fingerprint);
            }
        }
        let (_, damage) = best?;
        self.explanation(own, &keys, damage)
    }

    /// By every other form.
    fn edited(&self, bytes: &[u8]) -> Option<Fit> {
        let once: Vec<_> = halves(bytes)
            .map(Fingerprint::of)
            .filter(|half| self.knows(half))
            .collect();
        if !once.is_empty() {
            return Some(Fit {
                tier: Tier::Doubled,
                damage: Damage::Doubled,
                keys: once,
            });
        }
        let mut best: Option<Fit> = None;
        for (key, fingerprint) in self.values() {
            let Some((tier, damage)) = edit(key, bytes) else {
                continue;
            };
            match &mut best {
                Some(fit) if (fit.tier, fit.damage) < (tier, damage) => {}
                Some(fit) if (fit.tier, fit.damage) == (tier, damage) => {
                    fit.keys.push(*fingerprint);
                }
                _ => {
                    best = Some(Fit {
                        tier,
                        damage,
                        keys: vec![*fingerprint],
                    });
                }
            }
        }
        best
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

/// The first form of this key that the bytes are, of those that change the key itself.
fn edit(key: &[u8], bytes: &[u8]) -> Option<(Tier, Damage)> {
    if !(MIN_KEY..=MAX_EDITED).contains(&key.len()) {
        return None;
    }
    if bytes.len() < key.len() && bytes.len() * 2 >= key.len() {
        if key.ends_with(bytes) {
            return Some((Tier::Truncated, Damage::TruncatedStart));
        }
        if key.starts_with(bytes) {
            return Some((Tier::Truncated, Damage::TruncatedEnd));
        }
    }
    if bytes.len() == key.len() {
        if key.eq_ignore_ascii_case(bytes) {
            return Some((Tier::CaseChanged, Damage::CaseChanged));
        }
        let mut different = key.iter().zip(bytes).filter(|(key, byte)| key != byte);
        let first = [different.next(), different.next(), different.next()];
        if let [Some(one), Some(other), None] = first
            && one == (other.1, other.0)
        {
            return Some((Tier::Swapped, Damage::CharactersSwapped));
        }
    }
    one_character(key, bytes)
}

/// Whether one character makes the difference, which may take more than one byte.
fn one_character(key: &[u8], bytes: &[u8]) -> Option<(Tier, Damage)> {
    if bytes.len().abs_diff(key.len()) > MOST_IN_A_CHARACTER {
        return None;
    }
    let (before, lost, new) = difference(key, bytes);
    if lost.is_empty() {
        // Where it slipped in may look shifted, when it starts like what comes after it.
        let places = before.saturating_sub(new.len())..=before;
        return places
            .filter_map(|at| bytes.get(at..at + new.len()).zip(bytes.get(..at)))
            .any(|(new, before)| is_character(new) && key.starts_with(before))
            .then_some((Tier::Added, Damage::CharacterAdded));
    }
    match (is_character(lost), is_character(new)) {
        (true, _) if new.is_empty() => Some((Tier::Missing, Damage::CharacterMissing)),
        (true, true) => Some((Tier::Changed, Damage::CharacterChanged)),
        _ => None,
    }
}

/// How many bytes the two start with in common, and what is between that and their common end.
fn difference<'b>(key: &'b [u8], bytes: &'b [u8]) -> (usize, &'b [u8], &'b [u8]) {
    let before = key.iter().zip(bytes).take_while(|(a, b)| a == b).count();
    let (key, bytes) = (&key[before..], &bytes[before..]);
    let ends = key.iter().rev().zip(bytes.iter().rev());
    let after = ends.take_while(|(a, b)| a == b).count();
    (
        before,
        &key[..key.len() - after],
        &bytes[..bytes.len() - after],
    )
}

/// A byte, a line end, or a character of UTF-8.
fn is_character(bytes: &[u8]) -> bool {
    bytes.len() == 1
        || bytes == b"\r\n"
        || std::str::from_utf8(bytes).is_ok_and(|text| text.chars().count() == 1)
}
