mod pasted;

pub(super) use pasted::Refused;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::documents::Document;
use super::place::{extracted, with_member};
use super::standing::Standing;
use crate::extract::is_container;
use crate::fetch::{Fetcher, Work};
use crate::inventory::{Inventory, Origin, Place, Project};
use crate::judge::reference::{self, Examined, Material};
use crate::judge::{KnownKey, ProjectOutcome, Rotation, RotationBasis, Scope, Soundness, Warning};
use crate::key::{Digits, Fingerprint, Secret};
use crate::keyring::{KeyId, Keyring, Known, Placeholder, ProjectId, Role, Scrubber};
use crate::platform::{Asking, Stop};
use crate::reading::{Found, Identity, ReadError};

/// Keys this short can be guessed from a fingerprint.
const GUESSABLE: usize = 16;

/// Every known key, read and judged: what hops are compared with.
pub struct References {
    /// Every key that may be compared with.
    pub keyring: Keyring,
    /// One for each project of the inventory.
    pub projects: Vec<Standing>,
    /// What is worth telling beside the verdicts.
    pub warnings: Vec<Warning>,
    /// When previous keys died, as far as that is known.
    pub deaths: HashMap<KeyId, Timestamp>,
    /// Where the current and next keys really stand, by the place.
    pub places: HashMap<Box<str>, Vec<Identity>>,
    /// Which next and previous keys are declared to stand at a place.
    pub declared: HashMap<Box<str>, Vec<KeyId>>,
    /// What stands where a key should, and is none that anything may be compared with: nobody is shown it
    /// all the same.
    pub withheld: Vec<Secret>,
    /// What known keys were read out of.
    pub documents: Vec<Document>,
    /// What is withheld too, where it was found in the place of a known key.
    unsound: Vec<(KeyId, Secret)>,
}

impl References {
    /// Reads and judges the reference and the other keys of every project, selected or not, so that
    /// a sibling's key is recognised wherever it turns up.
    pub async fn read(
        inventory: &Inventory,
        selected: &BTreeSet<ProjectId>,
        fetcher: &mut Fetcher<'_>,
        now: Timestamp,
    ) -> Self {
        let mut work = KnownPlaces::new(inventory);
        fetcher.read_and_keep(&mut work).await;
        let (examined, places, declared) = (work.examined, work.identities, work.declared);
        let documents = work.documents;
        let judging = Judging::new(inventory, selected, now);
        let mut references = judging.judge(examined, work.withheld);
        for identity in places {
            let place = identity.place().into();
            references.places.entry(place).or_default().push(identity);
        }
        for (place, key) in declared {
            references.declared.entry(place).or_default().push(key);
        }
        references.documents = documents;
        references
    }

    /// Whether a current or a next key, of whomever, was read here: what is found here proves nothing but
    /// itself.
    pub fn were_read_at(&self, identity: &Identity) -> bool {
        let here = self.places.get(identity.place());
        here.is_some_and(|here| here.iter().any(|known| known.overlaps(identity)))
    }

    /// Whether one of these is a next or previous key that targets.yaml says to be there.
    pub fn is_declared_at(&self, place: &str, keys: &[KeyId]) -> bool {
        let here = self.declared.get(place);
        here.is_some_and(|here| keys.iter().any(|key| here.contains(key)))
    }

    /// Withholds what was read where a key should stand.
    pub fn withhold<'f>(&mut self, found: impl Iterator<Item = &'f Found>) {
        self.withheld.extend(found.filter_map(value));
    }

    /// What takes out of texts all that is known to be secret, and these credentials.
    pub fn scrubber(&self, formats: &Scrubber, mut secrets: Vec<Secret>) -> Scrubber {
        let unsound = self.unsound.iter().map(|(_, secret)| secret);
        let withheld = self.withheld.iter().chain(unsound);
        secrets.extend(withheld.map(|secret| Secret::copied(secret.expose())));
        formats
            .knowing_keys(&self.keyring)
            .knowing(secrets, Vec::new())
    }

    /// How a project stands.
    pub fn project(&self, id: ProjectId) -> &Standing {
        &self.projects[id.0 as usize]
    }

    /// The same, to say more of it.
    pub fn project_mut(&mut self, id: ProjectId) -> &mut Standing {
        &mut self.projects[id.0 as usize]
    }

    /// The project's current key, by all the digits that are known of it; `None` while its reference is
    /// not sound.
    pub fn current(&self, id: ProjectId) -> Option<Fingerprint> {
        if !self.project(id).outcome.reference.is_sound() {
            return None;
        }
        let known = self.keyring.get(KeyId::current(id));
        known.map(Known::fingerprint)
    }

    /// The projects whose reference changed, and nobody knows why.
    pub fn suspected(&self) -> BTreeSet<ProjectId> {
        let suspected = self.projects.iter();
        let suspected = suspected.filter(|project| project.suspect.is_some());
        suspected.map(|project| project.outcome.project).collect()
    }

    /// What is to be told of them.
    pub fn changed(&self) -> impl Iterator<Item = Warning> {
        self.projects.iter().filter_map(|project| {
            let suspect = project.suspect.as_ref()?;
            Some(Warning::ReferenceChanged {
                project: project.outcome.project,
                former: suspect.former,
                last_seen: suspect.last_seen,
                returned: suspect.returned,
                declared: suspect.declared,
            })
        })
    }

    /// What the hops of a project are judged by.
    pub fn scope<'a>(&'a self, inventory: &'a Inventory, id: ProjectId) -> Scope<'a> {
        let project = inventory.project(id);
        let Standing {
            outcome,
            sight,
            bound,
            ..
        } = self.project(id);
        // While a change is not settled, what is declared is about the key before it.
        let is_declared = outcome.rotation == RotationBasis::Declared;
        let declared = project.rotated_at.filter(|_| is_declared);
        // Whoever saw the key knows that it was there.
        let declared = declared.map(|at| sight.since.map_or(at, |since| at.min(since)));
        Scope {
            id,
            project,
            inventory,
            sound: outcome.reference.is_sound(),
            rotation: match (declared, sight.bounded(*bound)) {
                (Some(declared), _) => Rotation::Declared(declared),
                (None, Some(stored)) => Rotation::StoredAt(stored),
                (None, None) => Rotation::Unknown,
            },
            deaths: &self.deaths,
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
            let id = ProjectId(index);
            let current = std::iter::once((KeyId::current(id), project, &project.current));
            let next = project
                .next
                .iter()
                .map(move |origin| (KeyId::next(id), project, origin));
            let previous = project.previous.iter().zip(0..);
            let previous = previous
                .map(move |(previous, nth)| (KeyId::previous(id, nth), project, &previous.origin));
            current.chain(next).chain(previous)
        })
}

/// A copy of what was found, where that is bytes.
fn value(found: &Found) -> Option<Secret> {
    match found {
        Found::Value(value) => Some(Secret::copied(value.expose())),
        _ => None,
    }
}

/// Reads the keys that stand somewhere; the others are given.
struct KnownPlaces<'a> {
    places: Vec<(usize, &'a Project, &'a Place)>,
    examined: Vec<(KeyId, Examined)>,
    /// Where the current and next ones really stand.
    identities: Vec<Identity>,
    /// Where next and previous keys stand.
    declared: Vec<(Box<str>, KeyId)>,
    /// What was found and is no sound key.
    withheld: Vec<(KeyId, Secret)>,
    /// What the keys were read out of.
    documents: Vec<Document>,
}

impl<'a> KnownPlaces<'a> {
    fn new(inventory: &'a Inventory) -> Self {
        let mut withheld = Vec::new();
        let mut places = Vec::new();
        let mut examined = Vec::new();
        for (index, (id, project, origin)) in known_keys(inventory).enumerate() {
            examined.push((
                id,
                match origin {
                    Origin::Fingerprint(fingerprint) => reference::declared(*fingerprint, project),
                    Origin::Given { secret, note } => {
                        withheld.push((id, Secret::copied(secret.expose())));
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
            identities: Vec::new(),
            declared: Vec::new(),
            withheld,
            documents: Vec::new(),
        }
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
        let readings: Vec<_> = readings
            .into_iter()
            .map(|reading| with_member(place, extracted(place, reading)))
            .collect();
        let found: Vec<Secret> = readings
            .iter()
            .filter_map(|reading| value(&reading.found))
            .collect();
        let id = self.examined[index].0;
        self.documents.extend(readings.iter().filter_map(|reading| {
            Some(Document {
                key: id,
                place: reading.identity.as_ref().map(|one| one.place().into()),
                whole: Arc::clone(reading.whole.as_ref()?),
            })
        }));
        let identities = readings
            .iter()
            .filter_map(|reading| reading.identity.as_ref());
        if id.role() != Role::Current {
            let places = identities.clone().map(Identity::place);
            self.declared.extend(places.map(|place| (place.into(), id)));
        }
        if id.role() != Role::Previous {
            self.identities.extend(identities.cloned());
        }
        self.examined[index].1 = reference::examine(Ok(readings), project);
        if !self.examined[index].1.soundness.is_sound() {
            self.withheld
                .extend(found.into_iter().map(|found| (id, found)));
        }
        Ok(())
    }

    fn failed(&mut self, job: usize, error: ReadError) {
        let (index, project, _) = self.places[job];
        self.examined[index].1 = reference::examine(Err(error), project);
    }
}

/// A keyring that knows what the keys of the inventory's projects look like, and where they are deployed.
fn ring(inventory: &Inventory) -> Keyring {
    let projects = || inventory.projects.iter();
    let formats = projects().map(|project| project.format.as_ref());
    let mut keyring = Keyring::default().with_formats(formats);
    let mut names: Vec<BTreeSet<&Arc<str>>> = projects()
        .map(|project| BTreeSet::from([&project.variable]))
        .collect();
    for deployment in &inventory.deployments {
        let hops = deployment.hops.iter();
        names[deployment.project.0 as usize].extend(hops.map(|hop| &hop.place.variable));
    }
    for (names, project) in names.into_iter().zip(0..) {
        keyring.name(ProjectId(project), names.into_iter().cloned());
    }
    keyring
}

/// Compares the keys of all projects with each other.
struct Judging<'a> {
    inventory: &'a Inventory,
    now: Timestamp,
    digits: Digits,
    keyring: Keyring,
    outcomes: Vec<ProjectOutcome>,
    warnings: Vec<Warning>,
    deaths: HashMap<KeyId, Timestamp>,
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
            held: None,
            last_sure: None,
            suspected: None,
            within: Vec::new(),
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
            keyring: ring(inventory),
            outcomes: inventory.projects.iter().zip(0..).map(outcome).collect(),
            warnings: Vec::new(),
            deaths: HashMap::new(),
        }
    }

    /// `unsound` is what was found in the places of known keys and is no sound one.
    fn judge(
        mut self,
        examined: Vec<(KeyId, Examined)>,
        unsound: Vec<(KeyId, Secret)>,
    ) -> References {
        for (id, examined) in examined {
            self.take(id, examined);
        }
        let mut keyring = std::mem::take(&mut self.keyring);
        self.compare_looks(&mut keyring);
        self.compare(&keyring);
        self.compare_pasted(&mut keyring, &unsound);
        self.compare_shared(&keyring);
        self.doubt_next(&keyring);
        References {
            keyring,
            projects: self.outcomes.into_iter().map(Standing::new).collect(),
            warnings: self.warnings,
            deaths: self.deaths,
            places: HashMap::new(),
            declared: HashMap::new(),
            withheld: Vec::new(),
            documents: Vec::new(),
            unsound,
        }
    }

    /// Takes one known key in, as far as it is sound by itself.
    fn take(&mut self, id: KeyId, examined: Examined) {
        let Examined {
            material,
            soundness,
            note,
        } = examined;
        let soundness = match &material {
            Some(Material::Value(secret)) if self.is_odd_document(id, secret) => {
                Soundness::NotOneKey
            }
            _ => soundness,
        };
        let fingerprint = material
            .as_ref()
            .map(|material| material.fingerprint().cut(self.digits));
        let sound = soundness.is_sound();
        let next_is_read = self.is_read(id.project);
        let outcome = &mut self.outcomes[id.project.0 as usize];
        match id.role() {
            Role::Current => {
                outcome.verdict = soundness.verdict();
                outcome.reference = soundness;
                outcome.note = note;
                outcome.held = fingerprint;
                outcome.current = fingerprint.filter(|_| sound);
            }
            // Between two rotations there is none, so its place is empty.
            Role::Next if is_empty(&soundness) && next_is_read => {}
            Role::Next | Role::Previous if !sound => {
                let error = Box::new(reference::why_unread(soundness));
                self.warnings.push(Warning::KeyUnread { key: id, error });
            }
            Role::Next => outcome.next = fingerprint,
            Role::Previous => {
                let nth = id.nth().unwrap_or_default();
                let declared = &self.inventory.project(id.project).previous[nth as usize];
                outcome
                    .previous
                    .extend(fingerprint.map(|fingerprint| KnownKey {
                        key: id,
                        behind: nth + 1,
                        fingerprint,
                        rotated_at: declared.rotated_at,
                        revoked_at: declared.revoked_at,
                        unsettled: false,
                    }));
                self.deaths
                    .extend(declared.revoked_at.map(|death| (id, death)));
            }
        }
        if !sound {
            return;
        }
        if let Some(Material::Value(secret)) = &material
            && secret.len() < GUESSABLE
        {
            self.warnings.push(Warning::GuessableKey(id));
        }
        match material {
            Some(Material::Value(secret)) => self.keyring.add(Known::by_value(id, secret)),
            Some(Material::Fingerprint(fingerprint)) => {
                self.keyring.add(Known::by_fingerprint(id, fingerprint));
            }
            None => {}
        }
    }

    /// Whether a previous key is a JSON document, and the current one is none: somebody forgot to say which
    /// member is meant.
    fn is_odd_document(&self, id: KeyId, secret: &Secret) -> bool {
        let current = self.keyring.get(KeyId::current(id.project));
        let current = current.and_then(Known::secret);
        let is_document = |secret: &Secret| is_container(secret.expose());
        id.role() == Role::Previous
            && is_document(secret)
            && current.is_some_and(|current| !is_document(current))
    }

    /// Judges every reference by the other keys. What an unsound one holds stays known: it may be found
    /// where it does not belong, and somebody may live by it.
    fn compare(&mut self, keyring: &Keyring) {
        for known in of_role(keyring, Role::Current) {
            let id = known.id();
            let agreeing = agreeing(keyring, known);
            let soundness = reference::compare(id, &agreeing, &self.scope(id.project), self.now);
            if soundness.is_sound() {
                let previous =
                    |key: &&KeyId| key.project == id.project && key.role() == Role::Previous;
                let again = agreeing.iter().find(previous).copied();
                self.warnings.extend(again.map(Warning::CurrentIsPrevious));
            } else {
                self.fault(id.project, soundness);
            }
        }
    }

    /// Judges every reference of which only the fingerprint was declared by the bytes of that key, where
    /// another one's are at hand. One that does not look like the project's keys was taken from where it
    /// belongs, and makes nobody else's doubtful.
    fn compare_looks(&mut self, keyring: &mut Keyring) {
        let declared = of_role(keyring, Role::Current).filter(|known| known.secret().is_none());
        let mut pasted = Vec::new();
        for known in declared {
            let id = known.id();
            let Some(secret) = keyring.secret_of(&known.fingerprint()) else {
                continue;
            };
            let soundness = reference::shape(secret, self.inventory.project(id.project));
            if soundness.is_sound() {
                continue;
            }
            let agreeing = agreeing(keyring, known);
            let whose = reference::compare(id, &agreeing, &self.scope(id.project), self.now);
            pasted.push((id, if whose.is_sound() { soundness } else { whose }));
        }
        for (id, soundness) in pasted {
            self.fault(id.project, soundness);
            keyring.forget(id);
        }
    }

    /// Judges the references of those that share a key by each other: where two hold different keys, one
    /// of them is wrong, and nothing tells which.
    fn compare_shared(&mut self, keyring: &Keyring) {
        let mut groups: BTreeMap<ProjectId, Vec<&Known>> = BTreeMap::new();
        for known in of_role(keyring, Role::Current) {
            let id = known.id().project;
            let group = self.inventory.project(id).shares;
            if let (Some(group), true) = (group, self.outcomes[id.0 as usize].reference.is_sound())
            {
                groups.entry(group).or_default().push(known);
            }
        }
        for group in groups.into_values() {
            let agrees = |known: &Known| known.fingerprint().agrees(&group[0].fingerprint());
            let Some(other) = group.iter().find(|known| !agrees(known)) else {
                continue;
            };
            for known in &group {
                let against = if agrees(known) { other } else { &group[0] };
                self.fault(known.id().project, Soundness::NotShared(against.id()));
            }
        }
    }

    /// Tells of next keys that are other known keys as well. Whoever holds one may hold what was replaced, or
    /// what belongs to somebody else.
    fn doubt_next(&mut self, keyring: &Keyring) {
        for known in of_role(keyring, Role::Next) {
            let key = known.id();
            let scope = self.scope(key.project);
            let is_another = |other: &KeyId| scope.outweighs_next(*other);
            if let Some(also) = agreeing(keyring, known).into_iter().find(is_another) {
                self.warnings.push(Warning::NextIsKnown { key, also });
            }
        }
    }

    /// What a reference is judged by.
    fn scope(&self, id: ProjectId) -> Scope<'_> {
        Scope {
            id,
            project: self.inventory.project(id),
            inventory: self.inventory,
            sound: true,
            rotation: Rotation::Unknown,
            deaths: &self.deaths,
        }
    }

    /// Whether a project's next key stands in a place, and is not declared.
    fn is_read(&self, id: ProjectId) -> bool {
        matches!(self.inventory.project(id).next, Some(Origin::Place(_)))
    }

    fn fault(&mut self, id: ProjectId, soundness: Soundness) {
        let outcome = &mut self.outcomes[id.0 as usize];
        outcome.verdict = soundness.verdict();
        outcome.reference = soundness;
        outcome.current = None;
    }
}

fn of_role(keyring: &Keyring, role: Role) -> impl Iterator<Item = &Known> {
    keyring
        .known()
        .filter(move |known| known.id().role() == role)
}

/// Every known key with this one's fingerprint, itself among them.
fn agreeing(keyring: &Keyring, known: &Known) -> Vec<KeyId> {
    let explanation = keyring.exact(known.id().project, &known.fingerprint());
    explanation.map_or_else(Vec::new, |explanation| explanation.keys)
}

/// Whether there is nothing at all in a place.
fn is_empty(soundness: &Soundness) -> bool {
    matches!(
        soundness,
        Soundness::Absent | Soundness::Placeholder(Placeholder::Empty | Placeholder::Blank)
    )
}
