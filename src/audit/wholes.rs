//! What was read around the parts that hops take.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::references::References;
use crate::inventory::Inventory;
use crate::judge::{Elsewhere, KeyBeside, Outcome, Why};
use crate::key::{Fingerprint, Secret};
use crate::keyring::{
    Around, Explanation, KeyId, Keyring, Known, ProjectId, Role, SearchOutcome, SeenAround,
    unwrapped,
};
use crate::reading::{Identity, Unsearched};

/// So many texts are remembered before those are looked for that nobody needs any longer.
const MANY: usize = 1024;

/// All that was looked through, each once however many hops take a part of it.
#[derive(Default)]
pub struct Wholes {
    seen: Mutex<HashMap<Text, Seen>>,
    /// What stands in values that are known keys themselves; `None` where that is nothing.
    within: Mutex<HashMap<Fingerprint, Option<Arc<Around>>>>,
    readers: Vec<Reader>,
    /// Whether to take the time that finds keys in every form.
    thorough: bool,
}

/// Where a text lies in memory, which is its place as long as the weak one is kept; and whether fingerprints
/// stand in it for keys.
type Text = (usize, bool);

/// What is around parts of a text, once somebody has looked; whoever comes meanwhile waits for that.
type Looked = Mutex<Option<Arc<Around>>>;

/// A text as long as somebody needs it, and what is around parts of it.
type Seen = (Weak<Secret>, Arc<Looked>);

/// A reading that is a part of something in which there is more.
struct Reader {
    job: usize,
    reading: usize,
    around: Arc<Around>,
    place: Option<Box<str>>,
    /// Whether it is the part itself that was looked through.
    is_within: bool,
}

impl Wholes {
    /// Takes the time that finds keys in every form, as a question about one key needs it.
    pub fn thorough(mut self, thorough: bool) -> Self {
        self.thorough = thorough;
        self
    }

    /// Whether it does.
    pub fn is_thorough(&self) -> bool {
        self.thorough
    }

    /// What stands around a reading in what it is a part of, where that is more than this key, which the reading
    /// is. Where the part is no value, fingerprints beside it count too.
    pub fn look(
        &self,
        (whole, is_value): (&Arc<Secret>, bool),
        own: Option<&Fingerprint>,
        keyring: &Keyring,
    ) -> Option<Arc<Around>> {
        let looked = self.looked(whole, is_value);
        let mut looked = looked.lock().unwrap_or_else(PoisonError::into_inner);
        let around = match looked.as_ref().filter(|around| around.answers(own)) {
            Some(around) => around,
            None => {
                let own = own.filter(|_| is_value);
                let mut around = keyring.look_around_for(own, whole.expose(), self.thorough);
                if !is_value {
                    around.add_fingerprints(whole.expose());
                }
                looked.insert(Arc::new(around))
            }
        };
        (!around.is_only(own)).then(|| Arc::clone(around))
    }

    fn looked(&self, whole: &Arc<Secret>, is_value: bool) -> Arc<Looked> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() > MANY && seen.len().is_power_of_two() {
            seen.retain(|_, (whole, _)| whole.strong_count() > 0);
        }
        let seen = seen.entry((Arc::as_ptr(whole).addr(), is_value));
        let (_, around) = seen.or_insert_with(|| (Arc::downgrade(whole), Arc::default()));
        Arc::clone(around)
    }

    /// Keeps what was seen around a reading, and where that was.
    pub fn keep(
        &mut self,
        (job, reading): (usize, usize),
        around: Arc<Around>,
        identity: Option<Identity>,
    ) {
        self.readers.push(Reader {
            job,
            reading,
            around,
            place: identity.map(|identity| identity.place().into()),
            is_within: false,
        });
    }

    /// What stands in a value, where that is a known key: another project's key may be a part of it, which nobody
    /// saw where the reference is told by its fingerprint.
    pub fn within(&self, value: &Secret, keyring: &Keyring) -> Option<Arc<Around>> {
        let within = || self.within.lock().unwrap_or_else(PoisonError::into_inner);
        let itself = value.fingerprint();
        if let Some(seen) = within().get(&itself) {
            return seen.clone();
        }
        let mut key = value.expose();
        if !keyring.knows(&itself) {
            // One that is known by its fingerprint alone may be wrapped in something.
            key = unwrapped(key, "");
            if key.len() == value.len() || !keyring.knows(&Fingerprint::of(key)) {
                return None;
            }
        }
        let around = keyring.look_within(key, self.thorough);
        let around = (!around.is_only(None)).then(|| Arc::new(around));
        within().insert(itself, around.clone());
        around
    }

    /// Adds what stands in the value of a reading.
    pub fn add_within(&mut self, (job, reading): (usize, usize), around: Arc<Around>) {
        self.readers.push(Reader {
            job,
            reading,
            around,
            place: None,
            is_within: true,
        });
    }
}

impl Wholes {
    /// The damaged keys whose fingerprints are written somewhere.
    fn damaged(
        &self,
        project: impl Fn(usize) -> ProjectId,
        keyring: &Keyring,
    ) -> HashMap<Fingerprint, Explanation> {
        let readers = self.readers.iter();
        let written = readers.flat_map(|reader| {
            let own = project(reader.job);
            let prints = reader.around.written().iter();
            prints.map(move |print| (own, *print))
        });
        let mut wanted: Vec<_> = written.filter(|(_, print)| !keyring.knows(print)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return HashMap::new();
        }
        let found = keyring.search(&wanted).outcomes.into_iter();
        let found = wanted.iter().zip(found);
        found
            .filter_map(|((_, print), outcome)| match outcome {
                SearchOutcome::Explained(explanation) => Some((*print, explanation)),
                _ => None,
            })
            .collect()
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
    /// The places that were read, where there is more than what is taken.
    pub fn places(&self) -> HashSet<Box<str>> {
        let places = self.readers.iter();
        places.filter_map(|reader| reader.place.clone()).collect()
    }

    /// Which known keys each of the readings has beside it: those that no hop takes from there. `judged` has
    /// the readings of each job, and `project` says whose it is. What is `asked` for is looked for as well, though it
    /// may be nobody's.
    pub fn around(
        mut self,
        judged: &mut [Vec<Outcome>],
        project: impl Fn(usize) -> ProjectId,
        asked: &[Fingerprint],
        inventory: &Inventory,
        references: &References,
    ) {
        // Answers come in any order.
        self.readers
            .sort_by_key(|reader| (reader.job, reader.reading));
        let mut wholes: HashMap<_, Together<'_>> = HashMap::new();
        for (at, reader) in self.readers.iter().enumerate() {
            // The same value at two places stands for itself at each.
            let of = reader.is_within.then_some(at);
            let text = (Arc::as_ptr(&reader.around).addr(), of);
            let together = wholes.entry(text).or_default();
            let outcome = &judged[reader.job][reader.reading];
            together.readers.push(reader);
            together.projects.push(project(reader.job));
            together.taken.extend(outcome.fingerprint);
            together.taken.extend(held(outcome, &references.keyring));
        }
        let damaged = match self.thorough {
            true => self.damaged(&project, &references.keyring),
            false => HashMap::new(),
        };
        for together in wholes.values() {
            for at in 0..together.readers.len() {
                let reader = together.readers[at];
                let found = together.beside(at, asked, &damaged, inventory, references);
                if found.open.is_some() || !found.keys.is_empty() || !found.asked.is_empty() {
                    let elsewhere = &mut judged[reader.job][reader.reading].elsewhere;
                    match elsewhere {
                        Some(before) => before.add(found),
                        None => *elsewhere = Some(Box::new(found)),
                    }
                }
            }
        }
    }
}

impl Together<'_> {
    /// What one of the readings has beside it.
    fn beside(
        &self,
        at: usize,
        asked: &[Fingerprint],
        damaged: &HashMap<Fingerprint, Explanation>,
        inventory: &Inventory,
        references: &References,
    ) -> Elsewhere {
        let (reader, own) = (self.readers[at], self.projects[at]);
        let keyring = &references.keyring;
        let is_own = |of: ProjectId| of == own || inventory.share_a_key(own, of);
        // Another project's live key has its place in a file that several projects share, and a previous one is
        // told of once.
        let is_lost = |key: &KeyId| {
            at == 0 && key.role() == Role::Previous && !self.projects.contains(&key.project)
        };
        let is_taken = |print: &Fingerprint| self.taken.iter().any(|taken| taken.agrees(print));
        let mut found = Elsewhere {
            open: reader.around.cut.then_some(Unsearched::TooLarge),
            within: reader.is_within,
            ..Elsewhere::default()
        };
        let written = reader.around.written().iter();
        let written = written.filter_map(|print| {
            Some(SeenAround {
                explanation: damaged.get(print)?.clone(),
                way: None,
                once: false,
                damaged: true,
            })
        });
        for seen in keyring.explain_around(own, &reader.around).chain(written) {
            let keys = &seen.explanation.keys;
            let Some(&key) = keys.first() else {
                continue;
            };
            let place = reader.place.as_deref().filter(|_| seen.once);
            let is_declared = place.is_some_and(|place| references.is_declared_at(place, keys));
            let is_known = found.keys.iter().any(|known| known.key == key);
            let print = keyring.get(key).map(Known::fingerprint);
            let is_asked = print.is_some_and(|print| asked.iter().any(|one| one.agrees(&print)));
            if (is_own(key.project) || is_lost(&key) || is_asked)
                && !is_known
                && !is_declared
                && !print.is_some_and(|print| is_taken(&print))
            {
                found.keys.push(KeyBeside {
                    key,
                    way: seen.way.cloned(),
                    damaged: seen.damaged,
                });
            }
        }
        found.keys.sort_by_key(|seen| seen.key);
        for key in asked {
            let is_named = |seen: &KeyBeside| {
                let known = keyring.get(seen.key).map(Known::fingerprint);
                known.is_some_and(|known| known.agrees(key))
            };
            let mut unknown = reader.around.unknown();
            if unknown.any(|print| print.agrees(key))
                && !is_taken(key)
                && !found.keys.iter().any(is_named)
            {
                found.asked.push(*key);
            }
        }
        found
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
