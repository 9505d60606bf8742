//! References and next keys that are another known key in another form: somebody copied the wrong thing.

use super::{Judging, ring};
use crate::judge::{Soundness, Warning};
use crate::key::{Fingerprint, Secret};
use crate::keyring::{Damage, KeyId, Keyring, Known, Pasted, Role, SearchOutcome};

impl Judging<'_> {
    /// Judges every reference and next key of which only the fingerprint was declared by what the other keys
    /// would be once they were copied: somebody hashed the wrong thing.
    pub(super) fn compare_damaged(&mut self, keyring: &mut Keyring) {
        let is_sound = |id: KeyId| {
            let outcome = &self.outcomes[id.project.0 as usize];
            id.role() == Role::Next || outcome.reference.is_sound()
        };
        let declared: Vec<(KeyId, Fingerprint)> = keyring
            .known()
            .filter(|known| known.id().role() != Role::Previous)
            .map(|known| (known.id(), known.fingerprint()))
            .filter(|(id, fingerprint)| is_sound(*id) && keyring.is_hearsay(fingerprint))
            .collect();
        if declared.is_empty() {
            return;
        }
        // Without the declared ones, which explain themselves.
        let mut seen = ring(self.inventory);
        for known in keyring.known() {
            if let Some(secret) = known.secret() {
                seen.add(Known::by_value(known.id(), Secret::copied(secret.expose())));
            }
        }
        let asked: Vec<_> = declared
            .iter()
            .map(|(id, fingerprint)| (id.project, *fingerprint))
            .collect();
        let search = seen.search_copied(&asked);
        for ((id, _), outcome) in declared.into_iter().zip(search.outcomes) {
            let SearchOutcome::Explained(found) = outcome else {
                continue;
            };
            self.note_within(id, &found.keys);
            match (id.role(), found.keys.first()) {
                (Role::Current, Some(&key)) => {
                    let damage = found.damage;
                    self.fault(id.project, Soundness::OfDamaged { key, damage });
                }
                (Role::Next, Some(&also)) => self.refuse_next(keyring, id, also),
                _ => {}
            }
        }
    }

    /// Judges every reference and next key that was read by what it is when it is not itself: another key,
    /// in something or encoded. Nothing is compared with it then.
    pub(super) fn compare_pasted(&mut self, keyring: &mut Keyring, withheld: &[(KeyId, Secret)]) {
        let pasted = Pasted::new(keyring);
        let sound = keyring
            .known()
            .filter_map(|known| Some((known.id(), known.secret()?)));
        let withheld = withheld.iter().map(|(id, secret)| (*id, secret));
        let read = sound
            .chain(withheld)
            .filter(|(id, _)| id.role() != Role::Previous);
        let mut found: Vec<(KeyId, KeyId, Box<[Damage]>)> = Vec::new();
        for (id, secret) in read {
            for other in pasted.others_in(id.project, secret.expose()) {
                let keys = other.keys.iter();
                let counting = keys.copied().filter(|key| self.is_another(id, *key));
                found.extend(counting.map(|key| (id, key, other.damage.clone())));
            }
        }
        for (id, key, damage) in found {
            self.note_within(id, &[key]);
            let is_sound = self.outcomes[id.project.0 as usize].reference.is_sound();
            match id.role() {
                Role::Current if is_sound => {
                    keyring.forget(id);
                    self.fault(id.project, Soundness::Pasted { key, damage });
                }
                Role::Next => self.refuse_next(keyring, id, key),
                _ => {}
            }
        }
    }

    /// Whether a current or next key that has this one in it is not what it should be.
    fn is_another(&self, id: KeyId, key: KeyId) -> bool {
        let is_own = self.scope(id.project).is_own(key.project);
        match (id.role(), key.role()) {
            (_, Role::Previous) => true,
            (Role::Next, Role::Current) => true,
            _ => !is_own,
        }
    }

    /// Takes a next key back that is another one in another form: whoever holds it is judged by that.
    fn refuse_next(&mut self, keyring: &mut Keyring, key: KeyId, also: KeyId) {
        if keyring.get(key).is_some() {
            keyring.forget(key);
            self.outcomes[key.project.0 as usize].next = None;
            self.warnings.push(Warning::NextIsKnown { key, also });
        }
    }

    fn note_within(&mut self, id: KeyId, keys: &[KeyId]) {
        let within = &mut self.outcomes[id.project.0 as usize].within;
        for key in keys {
            let one = (id.role(), *key);
            if !within.contains(&one) {
                within.push(one);
            }
        }
    }
}
