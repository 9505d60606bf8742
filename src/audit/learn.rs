use jiff::Timestamp;

use super::references::References;
use crate::inventory::Inventory;
use crate::judge::KnownKey;
use crate::judge::reference::Material;
use crate::keyring::{Known, ProjectId, placeholder_by_fingerprint};

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

impl References {
    /// Takes in earlier keys of a project, the latest first. A key that was known already has its place
    /// among them and keeps its times, and any other comes where its time says, or last.
    pub fn learn(&mut self, inventory: &Inventory, id: ProjectId, previous: Vec<Learned>) {
        let outcome = &mut self.project_mut(id).outcome;
        let mut before = std::mem::take(&mut outcome.previous);
        let mut keys: Vec<KnownKey> = Vec::new();
        let variable = &*inventory.project(id).variable;
        for learned in previous {
            let fingerprint = learned.material.fingerprint();
            if placeholder_by_fingerprint(&fingerprint, variable).is_some() {
                // An earlier straggler took the fingerprint of nothing for a key.
                continue;
            }
            let same = |known: &KnownKey| {
                let known = self.keyring.get(known.key);
                known.is_some_and(|known| known.fingerprint().agrees(&fingerprint))
            };
            let found = before.iter().position(same).map(|at| before.remove(at));
            let known = match (found, learned.material) {
                (Some(known), material) => {
                    if let Material::Value(secret) = material {
                        self.keyring.reveal(known.key, secret);
                    }
                    known
                }
                (None, material) => KnownKey {
                    key: self.keyring.learn(id, |key| match material {
                        Material::Value(secret) => Known::by_value(key, secret),
                        Material::Fingerprint(fingerprint) => {
                            Known::by_fingerprint(key, fingerprint)
                        }
                    }),
                    behind: 0,
                    fingerprint: fingerprint.cut(inventory.digits),
                    rotated_at: None,
                    revoked_at: None,
                    unsettled: learned.unsettled,
                },
            };
            keys.push(KnownKey {
                rotated_at: known.rotated_at.or(learned.rotated_at),
                revoked_at: known.revoked_at.or(learned.revoked_at),
                ..known
            });
        }
        for known in before {
            let is_older = |other: &KnownKey| matches!((other.rotated_at, known.rotated_at), (Some(other), Some(own)) if other < own);
            let at = keys.iter().position(is_older).unwrap_or(keys.len());
            keys.insert(at, known);
        }
        for (known, behind) in keys.iter_mut().zip(1..) {
            known.behind = behind;
            self.deaths
                .extend(known.revoked_at.map(|death| (known.key, death)));
        }
        self.keyring.order(id, keys.iter().map(|known| known.key));
        self.project_mut(id).outcome.previous = keys;
    }
}
