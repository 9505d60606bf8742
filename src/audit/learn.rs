use std::collections::HashMap;

use jiff::Timestamp;

use super::references::{References, ring};
use crate::inventory::Inventory;
use crate::judge::KnownKey;
use crate::judge::reference::Material;
use crate::key::Fingerprint;
use crate::keyring::{KeyId, Keyring, Known, ProjectId, Role};

/// A previous key that somebody remembers: the reference's store, or past audits.
pub struct Learned {
    /// The key.
    pub material: Material,
    /// When it came to be.
    pub rotated_at: Option<Timestamp>,
    /// When it died.
    pub revoked_at: Option<Timestamp>,
}

/// A previous key on its way into the keyring, when it came to be and when it died.
type Entry = (Known, Option<Timestamp>, Option<Timestamp>);

impl References {
    /// The project's current key, by all the digits that are known of it.
    pub fn current(&self, id: ProjectId) -> Option<Fingerprint> {
        let current = KeyId {
            project: id,
            role: Role::Current,
        };
        let known = self.keyring.known().iter();
        let mut current = known.filter(|known| known.id() == current);
        current.next().map(Known::fingerprint)
    }

    /// Takes in earlier keys of a project, the latest first; what its previous keys are called now. A
    /// key that was known already has its place among them and keeps its times, and any other comes
    /// where its time says, or last.
    pub fn learn(
        &mut self,
        inventory: &Inventory,
        id: ProjectId,
        previous: Vec<Learned>,
    ) -> HashMap<KeyId, KeyId> {
        let index = id.0 as usize;
        let variables: Vec<&str> = inventory.variables().into_iter().collect();
        let keyring = std::mem::replace(&mut self.keyring, Keyring::new(Vec::new(), &[]));
        let is_own = |known: &Known| {
            known.id().project == id && matches!(known.id().role, Role::Previous(_))
        };
        let (mut before, mut known): (Vec<Known>, Vec<Known>) =
            keyring.into_known().into_iter().partition(is_own);

        let mut keys: Vec<Entry> = Vec::new();
        for learned in previous {
            let fingerprint = learned.material.fingerprint();
            let same = |known: &Known| known.fingerprint().agrees(&fingerprint);
            let place = KeyId {
                project: id,
                role: Role::Previous(u16::MAX),
            };
            let found = before.iter().position(same).map(|at| before.remove(at));
            let (rotated_at, revoked_at) = found
                .as_ref()
                .map_or((None, None), |known| self.times(index, known));
            let known = match (learned.material, found) {
                (Material::Value(secret), found) => {
                    Known::by_value(found.map_or(place, |known| known.id()), secret)
                }
                (Material::Fingerprint(_), Some(found)) => found,
                (Material::Fingerprint(fingerprint), None) => {
                    Known::by_fingerprint(place, fingerprint)
                }
            };
            keys.push((
                known,
                rotated_at.or(learned.rotated_at),
                revoked_at.or(learned.revoked_at),
            ));
        }
        for known in before {
            let (rotated_at, revoked_at) = self.times(index, &known);
            let older = |(_, other, _): &Entry| matches!((other, rotated_at), (Some(other), Some(own)) if *other < own);
            let at = keys.iter().position(older).unwrap_or(keys.len());
            keys.insert(at, (known, rotated_at, revoked_at));
        }

        let mut renamed = HashMap::new();
        let mut previous = Vec::with_capacity(keys.len());
        self.deaths[index].clear();
        for ((key, rotated_at, revoked_at), age) in keys.into_iter().zip(0..) {
            let name = KeyId {
                project: id,
                role: Role::Previous(age),
            };
            renamed.insert(key.id(), name);
            previous.push(KnownKey {
                fingerprint: key.fingerprint().cut(inventory.digits),
                rotated_at,
                revoked_at,
            });
            self.deaths[index].push(revoked_at);
            known.push(key.renamed(name));
        }
        self.outcomes[index].previous = previous;
        self.keyring = ring(inventory, known, &variables);
        renamed
    }

    /// When a previous key that is known already came to be, and when it died.
    fn times(&self, index: usize, known: &Known) -> (Option<Timestamp>, Option<Timestamp>) {
        let fingerprint = known.fingerprint();
        let mut known = self.outcomes[index].previous.iter();
        known
            .find(|known| known.fingerprint.agrees(&fingerprint))
            .map_or((None, None), |known| (known.rotated_at, known.revoked_at))
    }
}
