//! What was read around the parts that hops take.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use super::references::References;
use crate::inventory::Inventory;
use crate::judge::{Elsewhere, Outcome, Why};
use crate::key::{Fingerprint, Secret};
use crate::keyring::{Around, KeyId, Keyring, Known, ProjectId, Role, SeenAround as Seen};
use crate::reading::Identity;

/// So many texts are remembered before those are looked for that nobody needs any longer.
const MANY: usize = 1024;

/// All that was looked through, each once however many hops take a part of it.
#[derive(Default)]
pub struct Wholes {
    /// By where they lie in memory, which is theirs as long as the weak one is kept.
    seen: HashMap<usize, (Weak<Secret>, Arc<Around>)>,
    readers: Vec<Reader>,
    /// Whether to take the time that finds keys in every form.
    thorough: bool,
}

/// A reading that is a part of something in which there is more.
struct Reader {
    job: usize,
    reading: usize,
    around: Arc<Around>,
    place: Option<Box<str>>,
}

impl Wholes {
    /// Takes the time that finds keys in every form, as a question about one key needs it.
    pub fn thorough(mut self, thorough: bool) -> Self {
        self.thorough = thorough;
        self
    }

    /// Looks through what a reading is a part of.
    pub fn look(
        &mut self,
        (job, reading): (usize, usize),
        whole: &Arc<Secret>,
        identity: Option<Identity>,
        outcome: &Outcome,
        keyring: &Keyring,
    ) {
        if self.seen.len() > MANY && self.seen.len().is_power_of_two() {
            self.seen.retain(|_, (whole, _)| whole.strong_count() > 0);
        }
        let seen = self.seen.entry(Arc::as_ptr(whole).addr());
        let (_, around) = seen.or_insert_with(|| {
            let around = keyring.look_around(whole.expose(), self.thorough);
            (Arc::downgrade(whole), Arc::new(around))
        });
        if !around.is_only(outcome.fingerprint.as_ref()) {
            self.readers.push(Reader {
                job,
                reading,
                around: Arc::clone(around),
                place: identity.map(|identity| identity.place().into()),
            });
        }
    }
}

/// The readings of one text.
#[derive(Default)]
struct Together<'w> {
    readers: Vec<&'w Reader>,
    projects: Vec<ProjectId>,
    /// The keys that hops take out of it.
    taken: Vec<Fingerprint>,
}

impl Wholes {
    /// Which known keys each of the readings has beside it: those that no hop takes from there. `judged` has
    /// the readings of each job, and `project` says whose it is. What is `asked` for is looked for as well, though it
    /// may be nobody's.
    pub fn around(
        &self,
        judged: &mut [Vec<Outcome>],
        project: impl Fn(usize) -> ProjectId,
        asked: &[Fingerprint],
        inventory: &Inventory,
        references: &References,
    ) {
        let mut wholes: HashMap<usize, Together<'_>> = HashMap::new();
        for reader in &self.readers {
            let together = wholes
                .entry(Arc::as_ptr(&reader.around).addr())
                .or_default();
            let outcome = &judged[reader.job][reader.reading];
            together.readers.push(reader);
            together.projects.push(project(reader.job));
            together.taken.extend(outcome.fingerprint);
            together.taken.extend(held(outcome, &references.keyring));
        }
        for together in wholes.values() {
            for (at, reader) in together.readers.iter().enumerate() {
                let own = together.projects[at];
                let is_theirs = |key: &KeyId| {
                    let is_own = |of: ProjectId| of == own || inventory.share_a_key(own, of);
                    if is_own(key.project) {
                        return true;
                    }
                    // Another project's live key has its place in a file that several projects share.
                    at == 0
                        && key.role() == Role::Previous
                        && !together.projects.contains(&key.project)
                };
                let mut found = Elsewhere {
                    keys: Vec::new(),
                    asked: Vec::new(),
                    open: reader.around.cut,
                };
                let seen = references.keyring.explain_around(own, &reader.around);
                for Seen {
                    explanation,
                    way,
                    once,
                } in seen
                {
                    let Some(&key) = explanation.keys.first().filter(|key| is_theirs(key)) else {
                        continue;
                    };
                    let is_one = |taken: &Fingerprint| {
                        let known = references.keyring.get(key).map(Known::fingerprint);
                        known.is_some_and(|known| known.agrees(taken))
                    };
                    let is_declared = once
                        && reader.place.as_deref().is_some_and(|place| {
                            references.is_declared_at(place, &explanation.keys)
                        });
                    let is_known = found.keys.iter().any(|(known, _)| *known == key);
                    if !is_known && !is_declared && !together.taken.iter().any(is_one) {
                        found.keys.push((key, way.cloned()));
                    }
                }
                found.keys.sort_by_key(|(key, _)| *key);
                for key in asked {
                    let mut strange = reader.around.unknown();
                    let is_named = |(id, _): &(KeyId, _)| {
                        let known = references.keyring.get(*id).map(Known::fingerprint);
                        known.is_some_and(|known| known.agrees(key))
                    };
                    if strange.any(|print| print.agrees(key))
                        && !together.taken.iter().any(|taken| taken.agrees(key))
                        && !found.keys.iter().any(is_named)
                    {
                        found.asked.push(*key);
                    }
                }
                let is_something = found.open || !found.keys.is_empty() || !found.asked.is_empty();
                judged[reader.job][reader.reading].elsewhere =
                    is_something.then(|| Box::new(found));
            }
        }
    }
}

fn held(outcome: &Outcome, keyring: &Keyring) -> Vec<Fingerprint> {
    let Why::Holds { key, also, .. } = &outcome.why else {
        return Vec::new();
    };
    let keys = std::iter::once(key).chain(also);
    let known = keys.filter_map(|key| keyring.get(*key));
    known.map(Known::fingerprint).collect()
}
