use std::collections::BTreeSet;

use jiff::Timestamp;

use super::memory::Suspect;
use super::place::{Scrubber, extracted, with_member};
use crate::fetch::{Fetcher, Work};
use crate::inventory::{Inventory, Origin, Place, Project};
use crate::judge::reference::{self, Examined, Material};
use crate::judge::{KnownKey, ProjectOutcome, Rotation, RotationBasis, Scope, Soundness, Warning};
use crate::key::Digits;
use crate::keyring::{KeyId, Keyring, Known, ProjectId, Role};
use crate::platform::{Asking, Stop};
use crate::reading::ReadError;

/// Keys this short can be guessed from a fingerprint.
const GUESSABLE: usize = 16;

/// Every known key, read and judged: what hops are compared with.
pub struct References {
    /// Every key that may be compared with.
    pub keyring: Keyring,
    /// One for each project of the inventory.
    pub outcomes: Vec<ProjectOutcome>,
    /// What is worth telling beside the verdicts.
    pub warnings: Vec<Warning>,
    /// When each project's previous keys died, the latest key first.
    pub deaths: Vec<Vec<Option<Timestamp>>>,
    /// For each project the latest moment at which its reference surely was another key.
    pub bounds: Vec<Option<Timestamp>>,
    /// For each project the key that its reference was before, while nothing tells whether it was
    /// rotated or is misread now.
    pub suspects: Vec<Option<Suspect>>,
}

impl References {
    /// Reads and judges the reference and the other keys of every project, selected or not, so that
    /// a sibling's key is recognised wherever it turns up.
    pub async fn read(
        inventory: &Inventory,
        selected: &BTreeSet<ProjectId>,
        scrubber: &Scrubber<'_>,
        fetcher: &mut Fetcher<'_>,
        now: Timestamp,
    ) -> Self {
        let mut work = KnownPlaces::new(inventory, scrubber);
        fetcher.read_and_keep(&mut work).await;
        let examined = work.into_examined();
        Judging::new(inventory, selected, now).judge(examined)
    }

    /// What the hops of a project are judged by.
    pub fn scope<'a>(&'a self, inventory: &'a Inventory, id: ProjectId) -> Scope<'a> {
        let project = inventory.project(id);
        let index = id.0 as usize;
        Scope {
            id,
            project,
            sound: self.outcomes[index].reference.is_sound(),
            rotation: match (project.rotated_at, self.bounds[index]) {
                (Some(declared), _) => Rotation::Declared(declared),
                (None, Some(stored)) => Rotation::StoredAt(stored),
                (None, None) => Rotation::Unknown,
            },
            deaths: &self.deaths[index],
        }
    }
}

/// The known keys of every project, each with where it is read from.
pub(super) fn known_keys(
    inventory: &Inventory,
) -> impl Iterator<Item = (KeyId, &Project, &Origin)> {
    inventory
        .projects
        .iter()
        .zip(0..)
        .flat_map(|(project, index)| {
            let id = move |role| KeyId {
                project: ProjectId(index),
                role,
            };
            let current = std::iter::once((id(Role::Current), project, &project.current));
            let next = project
                .next
                .iter()
                .map(move |origin| (id(Role::Next), project, origin));
            let previous = project
                .previous
                .iter()
                .zip(0..)
                .map(move |(previous, age)| (id(Role::Previous(age)), project, &previous.origin));
            current.chain(next).chain(previous)
        })
}

/// Reads the keys that stand somewhere; the others are given.
struct KnownPlaces<'a> {
    places: Vec<(usize, &'a Project, &'a Place)>,
    examined: Vec<(KeyId, Examined)>,
    scrubber: &'a Scrubber<'a>,
}

impl<'a> KnownPlaces<'a> {
    fn new(inventory: &'a Inventory, scrubber: &'a Scrubber<'a>) -> Self {
        let mut places = Vec::new();
        let mut examined = Vec::new();
        for (index, (id, project, origin)) in known_keys(inventory).enumerate() {
            examined.push((
                id,
                match origin {
                    Origin::Fingerprint(fingerprint) => Examined {
                        material: Some(Material::Fingerprint(*fingerprint)),
                        soundness: Soundness::Sound,
                        note: None,
                    },
                    Origin::Given { secret, note } => {
                        reference::given(secret, note.clone(), project)
                    }
                    Origin::Place(place) => {
                        places.push((index, project, place));
                        Examined {
                            material: None,
                            soundness: Soundness::Absent,
                            note: None,
                        }
                    }
                },
            ));
        }
        Self {
            places,
            examined,
            scrubber,
        }
    }

    fn into_examined(self) -> Vec<(KeyId, Examined)> {
        self.examined
    }
}

impl Work for KnownPlaces<'_> {
    fn len(&self) -> usize {
        self.places.len()
    }

    fn store(&self, job: usize) -> Option<&str> {
        self.places[job].2.source.store()
    }

    fn attempt(&mut self, job: usize, asking: &Asking<'_>) -> Result<(), Stop> {
        let (index, project, place) = self.places[job];
        let readings = place.source.read(place.at_for(project), asking)?;
        let readings = readings
            .into_iter()
            .map(|reading| with_member(place, extracted(place, reading)))
            .map(|reading| self.scrubber.reading(reading))
            .collect();
        self.examined[index].1 = reference::examine(Ok(readings), project);
        Ok(())
    }

    fn failed(&mut self, job: usize, error: ReadError) {
        let (index, project, _) = self.places[job];
        self.examined[index].1 = reference::examine(Err(self.scrubber.error(error)), project);
    }
}

/// A keyring that knows what the keys of the inventory's projects look like.
pub(super) fn ring(inventory: &Inventory, known: Vec<Known>, variables: &[&str]) -> Keyring {
    let formats = inventory
        .projects
        .iter()
        .map(|project| project.format.as_ref());
    Keyring::new(known, variables).with_formats(formats)
}

/// Compares the keys of all projects with each other.
struct Judging<'a> {
    inventory: &'a Inventory,
    now: Timestamp,
    digits: Digits,
    known: Vec<Known>,
    outcomes: Vec<ProjectOutcome>,
    warnings: Vec<Warning>,
    deaths: Vec<Vec<Option<Timestamp>>>,
}

impl<'a> Judging<'a> {
    fn new(inventory: &'a Inventory, selected: &BTreeSet<ProjectId>, now: Timestamp) -> Self {
        let outcome = |(project, index): (&Project, u32)| ProjectOutcome {
            project: ProjectId(index),
            selected: selected.contains(&ProjectId(index)),
            verdict: Soundness::Absent.verdict(),
            reference: Soundness::Absent,
            note: None,
            current: None,
            next: None,
            rotated_at: project.rotated_at,
            rotation: match project.rotated_at {
                Some(_) => RotationBasis::Declared,
                None => RotationBasis::Unknown,
            },
            previous: Vec::new(),
        };
        Self {
            inventory,
            now,
            digits: inventory.digits,
            known: Vec::new(),
            outcomes: inventory.projects.iter().zip(0..).map(outcome).collect(),
            warnings: Vec::new(),
            deaths: inventory.projects.iter().map(|_| Vec::new()).collect(),
        }
    }

    fn judge(mut self, examined: Vec<(KeyId, Examined)>) -> References {
        for (id, examined) in examined {
            self.take(id, examined);
        }
        let variables: Vec<&str> = self.inventory.variables().into_iter().collect();
        let keyring = ring(self.inventory, std::mem::take(&mut self.known), &variables);
        let unsound = self.compare(&keyring);
        let keyring = if unsound.is_empty() {
            keyring
        } else {
            let mut known = keyring.into_known();
            known.retain(|key| !unsound.contains(&key.id()));
            ring(self.inventory, known, &variables)
        };
        self.shared_currents(&keyring);
        let projects = self.outcomes.len();
        References {
            keyring,
            outcomes: self.outcomes,
            warnings: self.warnings,
            deaths: self.deaths,
            bounds: vec![None; projects],
            suspects: vec![None; projects],
        }
    }

    /// Takes one known key in, as far as it is sound by itself.
    fn take(&mut self, id: KeyId, examined: Examined) {
        let Examined {
            material,
            soundness,
            note,
        } = examined;
        let fingerprint = material
            .as_ref()
            .map(|material| material.fingerprint().cut(self.digits));
        let outcome = &mut self.outcomes[id.project.0 as usize];
        let sound = soundness.is_sound();
        match id.role {
            Role::Current => {
                outcome.verdict = soundness.verdict();
                outcome.reference = soundness;
                outcome.note = note;
                outcome.current = fingerprint.filter(|_| sound);
            }
            // Between two rotations there is none, so its place is empty.
            Role::Next if matches!(soundness, Soundness::Absent) => {}
            Role::Next | Role::Previous(_) if !sound => {
                let error = Box::new(reference::why_unread(soundness));
                self.warnings.push(Warning::KeyUnread { key: id, error });
            }
            Role::Next => outcome.next = fingerprint,
            Role::Previous(age) => {
                let declared = &self.inventory.project(id.project).previous[usize::from(age)];
                outcome
                    .previous
                    .extend(fingerprint.map(|fingerprint| KnownKey {
                        fingerprint,
                        rotated_at: declared.rotated_at,
                        revoked_at: declared.revoked_at,
                    }));
            }
        }
        if let Role::Previous(age) = id.role {
            let declared = &self.inventory.project(id.project).previous[usize::from(age)];
            self.deaths[id.project.0 as usize].push(declared.revoked_at);
        }
        if !sound {
            return;
        }
        if let Some(Material::Value(secret)) = &material
            && secret.len() < GUESSABLE
        {
            self.warnings.push(Warning::GuessableKey(id));
        }
        self.known.extend(material.map(|material| match material {
            Material::Value(secret) => Known::by_value(id, secret),
            Material::Fingerprint(fingerprint) => Known::by_fingerprint(id, fingerprint),
        }));
    }

    /// Judges every reference by the other keys; those that turn out unsound.
    fn compare(&mut self, keyring: &Keyring) -> BTreeSet<KeyId> {
        let mut unsound = BTreeSet::new();
        for known in keyring
            .known()
            .iter()
            .filter(|known| known.id().role == Role::Current)
        {
            let id = known.id();
            let index = id.project.0 as usize;
            let agreeing = keyring
                .exact(id.project, &known.fingerprint())
                .map_or_else(Vec::new, |explanation| explanation.keys);
            let scope = Scope {
                id: id.project,
                project: self.inventory.project(id.project),
                sound: true,
                rotation: Rotation::Unknown,
                deaths: &self.deaths[index],
            };
            let soundness = reference::compare(id, &agreeing, &scope, self.now);
            if soundness.is_sound() {
                let previous = |key: &&KeyId| {
                    key.project == id.project && matches!(key.role, Role::Previous(_))
                };
                let again = agreeing.iter().find(previous).copied();
                self.warnings.extend(again.map(Warning::CurrentIsPrevious));
                continue;
            }
            unsound.insert(id);
            let outcome = &mut self.outcomes[index];
            outcome.verdict = soundness.verdict();
            outcome.reference = soundness;
            outcome.current = None;
        }
        unsound
    }

    fn shared_currents(&mut self, keyring: &Keyring) {
        let groups = keyring.keys_with_same_current();
        self.warnings
            .extend(groups.into_iter().map(Warning::SharedCurrent));
    }
}
