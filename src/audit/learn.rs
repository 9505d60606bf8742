use std::collections::HashMap;

use jiff::Timestamp;

use super::references::{References, ring};
use crate::inventory::Inventory;
use crate::judge::KnownKey;
use crate::judge::reference::Material;
use crate::key::Fingerprint;
use crate::keyring::{KeyId, Keyring, Known, ProjectId, Role, placeholder_by_fingerprint};

/// A previous key that somebody remembers: the reference's store, or past audits.
pub struct Learned {
    /// The key.
    pub material: Material,
    /// When it came to be.
    pub rotated_at: Option<Timestamp>,
    /// When it died.
    pub revoked_at: Option<Timestamp>,
    /// Whether it was replaced before it was sure that it was the project's.
    pub unsettled: bool,
}

/// A previous key on its way into the keyring, with what is known of it.
type Entry = (Known, Facts);

/// When a previous key came to be, when it died, and whether it was never sure.
#[derive(Clone, Copy, Default)]
struct Facts {
    rotated_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    unsettled: bool,
}

impl References {
    /// The project's current key, by all the digits that are known of it; `None` while its reference is
    /// not sound.
    pub fn current(&self, id: ProjectId) -> Option<Fingerprint> {
        if !self.outcomes[id.0 as usize].reference.is_sound() {
            return None;
        }
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
        let variable = &*inventory.project(id).variable;
        for learned in previous {
            let fingerprint = learned.material.fingerprint();
            if placeholder_by_fingerprint(&fingerprint, variable).is_some() {
                // An earlier straggler took the fingerprint of nothing for a key.
                continue;
            }
            let same = |known: &Known| known.fingerprint().agrees(&fingerprint);
            let place = KeyId {
                project: id,
                role: Role::Previous(u16::MAX),
            };
            let found = before.iter().position(same).map(|at| before.remove(at));
            let known_before = found.as_ref().map(|known| self.facts(index, known));
            let facts = known_before.unwrap_or(Facts {
                unsettled: learned.unsettled,
                ..Facts::default()
            });
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
                Facts {
                    rotated_at: facts.rotated_at.or(learned.rotated_at),
                    revoked_at: facts.revoked_at.or(learned.revoked_at),
                    ..facts
                },
            ));
        }
        for known in before {
            let facts = self.facts(index, &known);
            let older = |(_, other): &Entry| matches!((other.rotated_at, facts.rotated_at), (Some(other), Some(own)) if other < own);
            let at = keys.iter().position(older).unwrap_or(keys.len());
            keys.insert(at, (known, facts));
        }

        let mut renamed = HashMap::new();
        let mut previous = Vec::with_capacity(keys.len());
        self.deaths[index].clear();
        for ((key, facts), age) in keys.into_iter().zip(0..) {
            let name = KeyId {
                project: id,
                role: Role::Previous(age),
            };
            renamed.insert(key.id(), name);
            previous.push(KnownKey {
                fingerprint: key.fingerprint().cut(inventory.digits),
                rotated_at: facts.rotated_at,
                revoked_at: facts.revoked_at,
                unsettled: facts.unsettled,
            });
            self.deaths[index].push(facts.revoked_at);
            known.push(key.renamed(name));
        }
        self.outcomes[index].previous = previous;
        self.keyring = ring(inventory, known, &variables);
        renamed
    }

    /// What is known already of a previous key.
    fn facts(&self, index: usize, known: &Known) -> Facts {
        let fingerprint = known.fingerprint();
        let mut known = self.outcomes[index].previous.iter();
        let found = known.find(|known| known.fingerprint.agrees(&fingerprint));
        found.map_or(Facts::default(), |known| Facts {
            rotated_at: known.rotated_at,
            revoked_at: known.revoked_at,
            unsettled: known.unsettled,
        })
    }
}
