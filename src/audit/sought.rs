use std::sync::Arc;

use super::references::References;
use crate::inventory::Inventory;
use crate::judge::ProjectOutcome;
use crate::key::{Fingerprint, Secret};
use crate::keyring::{Format, KeyId, Keyring, Known, Tellable};

/// Which known keys are found where everything is looked through for what fits a format, as in bundles.
pub struct Sought {
    /// What is looked for.
    pub format: Arc<Format>,
    /// The keys that fit it. One of which only the fingerprint is known is taken to look as its project
    /// says.
    pub keys: Vec<Fingerprint>,
    /// Those of them of which only the fingerprint is known.
    pub assumed: Vec<Fingerprint>,
}

impl Sought {
    /// Whether this key would be found.
    #[must_use]
    pub fn covers(&self, key: &Fingerprint) -> bool {
        self.keys.iter().any(|known| known.agrees(key))
    }
}

/// Which keys fit which of the formats: those of projects, and those that hops are searched by.
pub(super) fn sought(inventory: &Inventory, references: &References) -> Vec<Sought> {
    let mut formats = inventory.formats();
    for deployment in &inventory.deployments {
        let project = inventory.project(deployment.project);
        for hop in &deployment.hops {
            let format = hop.place.source.looks_for(hop.place.at_for(project));
            formats.extend(format.filter(|new| !formats.contains(new)).cloned());
        }
    }
    let fitting = |format: &Arc<Format>| {
        let mut keys = Vec::new();
        for standing in &references.projects {
            let outcome = &standing.outcome;
            let described = inventory.project(outcome.project).format.as_ref();
            keys.extend(prints(outcome).filter(
                |print| match references.keyring.secret_of(print) {
                    Some(secret) => is_found(format, secret),
                    None => described == Some(format),
                },
            ));
        }
        keys
    };
    let of = |format: Arc<Format>| {
        let keys = fitting(&format);
        let mut assumed = keys.clone();
        assumed.retain(|key| references.keyring.secret_of(key).is_none());
        Sought {
            format,
            keys,
            assumed,
        }
    };
    formats.into_iter().map(of).collect()
}

/// Which known keys a reading from elsewhere would not name beside what it is of. One of which only the fingerprint is
/// known is taken to look as its project's current key does.
pub(super) fn untold(keyring: &Keyring) -> Vec<KeyId> {
    let is_untold = |key: &&Known| {
        let current = || keyring.get(KeyId::current(key.id().project))?.secret();
        let secret = keyring.secret_of(&key.fingerprint()).or_else(current);
        secret.is_some_and(|secret| !Tellable::tells(secret.expose()))
    };
    keyring.known().filter(is_untold).map(Known::id).collect()
}

fn prints(outcome: &ProjectOutcome) -> impl Iterator<Item = Fingerprint> + use<'_> {
    let live = [
        outcome.current,
        outcome.held,
        outcome.last_sure,
        outcome.next,
    ];
    let previous = outcome.previous.iter().map(|known| known.fingerprint);
    live.into_iter().flatten().chain(previous)
}

/// Whether a search for a format finds this key, and neither nothing nor a part of it.
fn is_found(format: &Format, secret: &Secret) -> bool {
    let bytes = secret.expose();
    format.fits(bytes) && format.find_in(bytes).next() == Some(0..bytes.len())
}
