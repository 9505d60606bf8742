//! Known keys that are, or hold, other known keys: whoever stored one pasted the wrong thing.

use std::collections::HashMap;

use super::book::Keyring;
use super::damage::Damage;
use super::known::{Explanation, ProjectId};
use super::layers::Described;
use super::texts::Texts;
use super::unravel::Unravelled;
use super::wraps::MIN_KEY;
use crate::key::Fingerprint;

/// Finds known keys in the values of others.
pub struct Pasted<'k> {
    keyring: &'k Keyring,
    /// The values that have letters of both cases, by what they are in lower case.
    cased: HashMap<Fingerprint, Vec<&'k Fingerprint>>,
}

impl<'k> Pasted<'k> {
    /// In this keyring.
    #[must_use]
    pub fn new(keyring: &'k Keyring) -> Self {
        let mut cased: HashMap<_, Vec<_>> = HashMap::new();
        for (key, print) in keyring.values() {
            if key.len() >= MIN_KEY && is_of_both_cases(key) {
                cased.entry(lowered(key)).or_default().push(print);
            }
        }
        Self { keyring, cased }
    }

    /// The known keys that stand in this value, or are it under an encoding, in something or in another
    /// case; not what it is as it stands. Typing errors and parts of keys are left out: keys that people
    /// made up one after another differ by no more.
    #[must_use]
    pub fn others_in(&self, own: ProjectId, value: &[u8]) -> Vec<Explanation> {
        let whole = Fingerprint::of(value);
        let mut found = Vec::new();
        let mut add = |print: &Fingerprint, damage: &[Damage]| {
            found.extend(self.keyring.explanation(own, [print], damage));
        };
        for (rest, bytes) in Unravelled::new(value).rests() {
            let print = Fingerprint::of(bytes);
            if print != whole && self.keyring.knows_surely(&print) {
                add(&print, &rest.layers);
            }
            if !is_of_both_cases(bytes) {
                let same = self.cased.get(&lowered(bytes));
                for print in same.into_iter().flatten() {
                    add(print, &[&rest.layers[..], &[Damage::CaseChanged]].concat());
                }
            }
        }
        let texts = Texts::new(value);
        let mut described = Described::new(&texts);
        for part in self.keyring.parts(&texts, Some(&whole)).known {
            let text = texts
                .all
                .get(part.text)
                .map_or(&[][..], |text| text.bytes());
            let before = text.get(..part.range.start).unwrap_or_default();
            let after = text.get(part.range.end..).unwrap_or_default();
            if !goes_on(before.iter().rev()) && !goes_on(after.iter()) {
                let fragment = self.keyring.fragment(&part, &texts, &mut described);
                add(&fragment.fingerprint, &fragment.damage);
            }
        }
        found
    }
}

fn lowered(key: &[u8]) -> Fingerprint {
    Fingerprint::of(&zeroize::Zeroizing::new(key.to_ascii_lowercase()))
}

fn is_of_both_cases(key: &[u8]) -> bool {
    key.iter().any(u8::is_ascii_lowercase) && key.iter().any(u8::is_ascii_uppercase)
}

/// Whether a key goes on with these bytes, so that what stands beside them is only a part of another one.
fn goes_on<'t>(mut bytes: impl Iterator<Item = &'t u8>) -> bool {
    let next = bytes.find(|byte| !b"_-.".contains(byte));
    next.is_some_and(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii())
}
