use std::collections::HashMap;

use jiff::Timestamp;

use super::references::References;
use crate::inventory::Inventory;
use crate::judge::history::History;
use crate::judge::{KnownKey, RotationBasis};
use crate::key::Fingerprint;
use crate::keyring::{KeyId, Keyring, Known, ProjectId, Role};

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

    /// Takes in what the history of a project's reference tells; what its previous keys are called
    /// now. A declared key that stands in the history too has its place there, and any other comes
    /// where its time says, or last.
    pub fn learn(
        &mut self,
        inventory: &Inventory,
        id: ProjectId,
        history: History,
    ) -> HashMap<KeyId, KeyId> {
        let index = id.0 as usize;
        let outcome = &mut self.outcomes[index];
        if let (None, Some(stored)) = (outcome.rotated_at, history.stored_at) {
            outcome.rotated_at = Some(stored);
            outcome.rotation = RotationBasis::History;
        }
        let variables: Vec<&str> = inventory.variables().into_iter().collect();
        let keyring = std::mem::replace(&mut self.keyring, Keyring::new(Vec::new(), &[]));
        let is_own = |known: &Known| {
            known.id().project == id && matches!(known.id().role, Role::Previous(_))
        };
        let (mut declared, mut known): (Vec<Known>, Vec<Known>) =
            keyring.into_known().into_iter().partition(is_own);

        let mut keys: Vec<Entry> = Vec::new();
        for (secret, created_at) in history.previous {
            let fingerprint = secret.fingerprint();
            let same = |known: &Known| known.fingerprint().agrees(&fingerprint);
            let place = KeyId {
                project: id,
                role: Role::Previous(u16::MAX),
            };
            let (known, rotated_at, revoked_at) = match declared.iter().position(same) {
                Some(at) => {
                    let (rotated_at, revoked_at) = self.declared_times(inventory, &declared[at]);
                    let name = declared.remove(at).id();
                    let known = Known::by_value(name, secret);
                    (known, rotated_at.or(created_at), revoked_at)
                }
                None => (Known::by_value(place, secret), created_at, None),
            };
            keys.push((known, rotated_at, revoked_at));
        }
        for known in declared {
            let (rotated_at, revoked_at) = self.declared_times(inventory, &known);
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
        self.keyring = Keyring::new(known, &variables);
        renamed
    }

    /// When a declared previous key came to be, and when it died.
    fn declared_times(
        &self,
        inventory: &Inventory,
        known: &Known,
    ) -> (Option<Timestamp>, Option<Timestamp>) {
        let Role::Previous(age) = known.id().role else {
            return (None, None);
        };
        let declared = &inventory.project(known.id().project).previous;
        declared
            .get(usize::from(age))
            .map_or((None, None), |declared| {
                (declared.rotated_at, declared.revoked_at)
            })
    }
}
