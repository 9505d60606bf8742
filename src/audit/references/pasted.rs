//! References and next keys that are another known key in another form: somebody copied the wrong thing.

use super::{Judging, References, ring};
use crate::audit::memory::is_said;
use crate::audit::remembered::Remembered;
use crate::inventory::Inventory;
use crate::judge::{KnownKey, Soundness, Warning};
use crate::key::{Fingerprint, Secret};
use crate::keyring::{Damage, KeyId, Keyring, Known, Pasted, ProjectId, Role, SearchOutcome};

/// What a current or next key is, or holds, when it is not itself.
struct Copied {
    id: KeyId,
    /// The known key.
    key: KeyId,
    damage: Box<[Damage]>,
}

/// A current or next key that is compared with no longer.
pub(in crate::audit) struct Refused {
    /// What it was called.
    pub id: KeyId,
    /// Which known key it is in another form.
    pub key: KeyId,
    /// What happened to that.
    pub damage: Box<[Damage]>,
    /// Its bytes, where they are at hand.
    pub secret: Option<Secret>,
}

/// What those are of which only the fingerprint was declared: somebody hashed the wrong thing.
fn declared(
    keyring: &Keyring,
    inventory: &Inventory,
    is_sound: impl Fn(ProjectId) -> bool,
) -> Vec<Copied> {
    let wanted: Vec<(KeyId, Fingerprint)> = keyring
        .known()
        .filter(|known| known.id().role() != Role::Previous)
        .map(|known| (known.id(), known.fingerprint()))
        .filter(|(id, fingerprint)| {
            (id.role() == Role::Next || is_sound(id.project)) && keyring.is_hearsay(fingerprint)
        })
        .collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    // Without the declared ones, which explain themselves.
    let mut seen = ring(inventory);
    for known in keyring.known() {
        if let Some(secret) = known.secret() {
            seen.add(Known::by_value(known.id(), Secret::copied(secret.expose())));
        }
    }
    let asked: Vec<_> = wanted
        .iter()
        .map(|(id, fingerprint)| (id.project, *fingerprint))
        .collect();
    let search = seen.search_copied(&asked);
    let mut copied = Vec::new();
    for ((id, _), outcome) in wanted.into_iter().zip(search.outcomes) {
        if let SearchOutcome::Explained(found) = outcome {
            copied.extend(found.keys.iter().map(|&key| Copied {
                id,
                key,
                damage: found.damage.clone(),
            }));
        }
    }
    copied
}

/// What those are that were read: another key, in something or encoded. `unsound` is what was found in the
/// places of known keys and is no sound one.
fn read(keyring: &Keyring, inventory: &Inventory, unsound: &[(KeyId, Secret)]) -> Vec<Copied> {
    let pasted = Pasted::new(keyring);
    let sound = keyring
        .known()
        .filter_map(|known| Some((known.id(), known.secret()?)));
    let unsound = unsound.iter().map(|(id, secret)| (*id, secret));
    let read = sound
        .chain(unsound)
        .filter(|(id, _)| id.role() != Role::Previous);
    let mut copied = Vec::new();
    for (id, secret) in read {
        for other in pasted.others_in(id.project, secret.expose()) {
            let keys = other.keys.iter();
            let counting = keys.filter(|key| is_another(inventory, id, **key));
            copied.extend(counting.map(|&key| Copied {
                id,
                key,
                damage: other.damage.clone(),
            }));
        }
    }
    copied
}

/// Whether a current or next key that has this one in it is not what it should be.
fn is_another(inventory: &Inventory, id: KeyId, key: KeyId) -> bool {
    let is_own = id.project == key.project || inventory.share_a_key(id.project, key.project);
    match (id.role(), key.role()) {
        (_, Role::Previous) => true,
        (Role::Next, Role::Current) => true,
        _ => !is_own,
    }
}

fn note_within(within: &mut Vec<(Role, KeyId)>, id: KeyId, key: KeyId) {
    let one = (id.role(), key);
    if !within.contains(&one) {
        within.push(one);
    }
}

impl Judging<'_> {
    /// Judges every reference and next key by what it is when it is not itself. Nothing is compared with it
    /// then.
    pub(super) fn compare_pasted(&mut self, keyring: &mut Keyring, unsound: &[(KeyId, Secret)]) {
        let is_sound = |id: ProjectId| self.outcomes[id.0 as usize].reference.is_sound();
        let declared = declared(keyring, self.inventory, is_sound);
        self.take_back(keyring, declared);
        let read = read(keyring, self.inventory, unsound);
        self.take_back(keyring, read);
    }

    fn take_back(&mut self, keyring: &mut Keyring, copied: Vec<Copied>) {
        for Copied { id, key, damage } in copied {
            let outcome = &mut self.outcomes[id.project.0 as usize];
            note_within(&mut outcome.within, id, key);
            let is_sound = outcome.reference.is_sound();
            match id.role() {
                Role::Current if is_sound => {
                    // A declared one is recognised still, wherever it turns up.
                    if keyring
                        .get(id)
                        .is_some_and(|known| known.secret().is_some())
                    {
                        keyring.forget(id);
                    }
                    self.fault(id.project, Soundness::Pasted { key, damage });
                }
                Role::Next if keyring.get(id).is_some() => {
                    keyring.forget(id);
                    self.outcomes[id.project.0 as usize].next = None;
                    self.warnings
                        .push(Warning::NextIsKnown { key: id, also: key });
                }
                _ => {}
            }
        }
    }
}

impl References {
    /// Judges the references and next keys again when more keys are known, from past audits or from the
    /// versions of stores. Gives those that nothing is compared with any longer. What a person said to be
    /// right stays.
    pub(in crate::audit) fn see_through(
        &mut self,
        inventory: &Inventory,
        remembered: &Remembered,
    ) -> Vec<Refused> {
        let is_sound = |id: ProjectId| self.project(id).outcome.reference.is_sound();
        let mut copied = declared(&self.keyring, inventory, is_sound);
        copied.extend(read(&self.keyring, inventory, &self.unsound));
        let mut refused: Vec<Refused> = Vec::new();
        for Copied { id, key, damage } in copied {
            note_within(&mut self.project_mut(id.project).outcome.within, id, key);
            let Some(known) = self.keyring.get(id) else {
                continue;
            };
            let secret = known.secret();
            let secret = secret.map(|secret| Secret::copied(secret.expose()));
            let is_refused = match id.role() {
                Role::Current => self.refuse_pasted(inventory, remembered, id, (key, &damage)),
                Role::Next => {
                    self.keyring.forget(id);
                    self.project_mut(id.project).outcome.next = None;
                    self.warnings
                        .push(Warning::NextIsKnown { key: id, also: key });
                    true
                }
                Role::Previous => false,
            };
            if is_refused {
                let again = secret
                    .as_ref()
                    .map(|secret| Secret::copied(secret.expose()));
                self.withheld.extend(again);
                refused.push(Refused {
                    id,
                    key,
                    damage,
                    secret,
                });
            }
        }
        refused
    }

    /// Takes a reference back that is this key in another form; whether it was one until now.
    fn refuse_pasted(
        &mut self,
        inventory: &Inventory,
        remembered: &Remembered,
        id: KeyId,
        (key, damage): (KeyId, &[Damage]),
    ) -> bool {
        let project = id.project;
        let Some(current) = self.current(project) else {
            return false;
        };
        if id != KeyId::current(project) || is_said(inventory, project, remembered, &current) {
            return false;
        }
        let damage = damage.into();
        self.refuse(project, Soundness::Pasted { key, damage });
        self.unsettle(project);
        self.keep_last_sure(inventory, std::iter::once(project), remembered);
        self.revive_last_sure(inventory, project);
        true
    }

    /// The last key that was sure is live for all that is known, so past audits do not make it a previous one.
    fn revive_last_sure(&mut self, inventory: &Inventory, id: ProjectId) {
        let sure = KeyId::last_sure(id);
        let Some(last) = self.keyring.get(sure).map(Known::fingerprint) else {
            return;
        };
        let declared = inventory.project(id).previous.len();
        let is_it = |known: &&KnownKey| {
            let is_learned = known.key.nth().is_some_and(|nth| nth as usize >= declared);
            is_learned && known.fingerprint.agrees(&last)
        };
        let mut previous = self.project(id).outcome.previous.iter();
        let Some(gone) = previous.find(is_it).map(|known| known.key) else {
            return;
        };
        self.keyring.forget(gone);
        for standing in &mut self.projects {
            let outcome = &mut standing.outcome;
            for (_, key) in &mut outcome.within {
                if *key == gone {
                    *key = sure;
                }
            }
            if let Soundness::Pasted { key, .. } = &mut outcome.reference
                && *key == gone
            {
                *key = sure;
            }
        }
        let previous = &mut self.project_mut(id).outcome.previous;
        previous.retain(|known| known.key != gone);
        for (known, behind) in previous.iter_mut().zip(1..) {
            known.behind = behind;
        }
    }
}
