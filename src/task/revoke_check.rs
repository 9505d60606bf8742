//! May the old key be revoked? Who still holds it, and where nobody could look.

mod accepted;
mod answer;
mod document;
mod doubts;
mod live;
mod other;
mod past;
mod unsought;
mod way;

pub use accepted::{Accepted, Covered};
pub use answer::{Answer, Place};
pub use document::Document;
pub use live::{Alive, Life};
pub use other::{Distance, Other};
pub use past::{Gone, Known, Last, Past};
pub use unsought::Unsought;
pub use way::way_out;

use accepted::Names;

use std::collections::HashSet;

use crate::audit::{Audit, Remembered};
use crate::explain::{Spot, spots};
use crate::judge::{Outcome, TimeProof, Why, is_explained, is_nothing};
use crate::key::Fingerprint;
use crate::keyring::{KeyId, ProjectId, Role};
use crate::ledger::LastSeen;
use crate::platform::PlaceId;
use crate::reading::Unsearched;
use crate::verdict::{Evidence, Expectation};

/// What is asked of an audit in which every hop of every project was read.
pub struct Question<'q> {
    /// The project, with those of its environments that are meant.
    pub owners: &'q [ProjectId],
    /// The one key that is meant; unless said, every previous one that may still live.
    pub key: Option<Fingerprint>,
    /// Whether a claim is enough.
    pub accept_attested: bool,
    /// The blind spots that somebody answers for.
    pub accepted: Vec<Accepted>,
    /// What past audits saw of places and deployments.
    pub past: Past,
    /// What past audits saw of the references.
    pub remembered: &'q Remembered,
}

/// The keys in question.
struct Asked {
    /// Those that are some project's, by name.
    keys: Vec<KeyId>,
    /// Those of them that are answered for.
    settled: Vec<KeyId>,
    /// The others: nothing settled whose they are.
    unsettled: Vec<KeyId>,
    /// All of them, at the digits that are known.
    fingerprints: Vec<Fingerprint>,
    /// The places of this inventory that held one of them, or what nobody explained, when anything was last seen
    /// there.
    held_before: HashSet<PlaceId>,
}

/// What one reading means for the keys in question.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sight {
    Holds,
    Blind,
    /// It holds none of them, and one stands beside the part that was looked at.
    Around,
    Clear,
}

impl Question<'_> {
    /// Answers from an audit.
    #[must_use]
    pub fn ask<'a>(&'a self, audit: &'a Audit) -> Answer<'a> {
        let asked = self.asked(audit);
        let keys = &asked.keys;
        let mut answer = Answer {
            alive: live::alive(audit, &asked.fingerprints),
            doubts: Vec::new(),
            dead: !keys.is_empty() && keys.iter().all(|&key| is_dead(audit, key)),
            unknown: self.key.filter(|_| keys.is_empty()),
            keys: asked.settled.clone(),
            unsettled: asked.unsettled.clone(),
            holders: Vec::new(),
            blind: Vec::new(),
            assumed: Vec::new(),
            accepted: Vec::new(),
            covered: Covered::new(),
            accepted_past: Vec::new(),
            forgotten: Vec::new(),
            left: Vec::new(),
            past_is_known: self.past.known == Known::Known,
            unseen: self.unseen(&asked),
            asked: asked.fingerprints.len(),
            past: &self.past,
            interrupted: audit.interrupted,
            unfinished: audit.unfinished,
        };
        let on_route = self.past.on_route();
        for gone in &self.past.forgotten {
            let names = self
                .past
                .names(&audit.inventory, &gone.name.title, gone.inventory);
            let names = [&*names[0], &names[1]];
            let called = Names {
                titles: &names,
                alone: None,
                inventory: &audit.inventory,
            };
            let places = on_route.get(&(gone.inventory, &gone.name));
            let places = accepted::gone(gone, places.map_or(&[][..], Vec::as_slice));
            match self.reason(&asked, &called, &places, &mut answer) {
                Some(reason) => {
                    let called = names[0].to_owned();
                    answer.accepted_past.push((called, None, reason));
                }
                None => {
                    let last = gone.last_seen(&on_route, &asked.fingerprints);
                    answer.forgotten.push((gone, last));
                }
            }
        }
        for left in self.left(audit, &asked) {
            let title = &left.name.title;
            let [called, full] = self.past.names(&audit.inventory, title, left.inventory);
            let places = [accepted::left(left)];
            let names = Names {
                titles: &[&called, &full],
                alone: (called == **title).then_some(&*left.deployment),
                inventory: &audit.inventory,
            };
            match self.reason(&asked, &names, &places, &mut answer) {
                Some(reason) => {
                    let (called, at) = (called.clone(), Some(&*left.location));
                    answer.accepted_past.push((called, at, reason));
                }
                None => answer.left.push(left),
            }
        }
        for outcome in &audit.deployments {
            let mut nothing_but_reference = true;
            for spot in spots(audit, outcome) {
                let readings = &spot.judged.readings;
                let rests = |reading: &Outcome| reading.evidence == Evidence::Reference;
                nothing_but_reference &= !readings.is_empty() && readings.iter().all(rests);
                self.look(&asked, spot, &mut answer);
            }
            if nothing_but_reference && let Some(last) = spots(audit, outcome).next_back() {
                let blind = Place::of(last, last.judged.readings.iter().collect());
                self.add_blind(&asked, blind, &mut answer);
            }
        }
        answer.doubts = self.doubts(audit, &asked, &answer);
        // Stable, so that equally bad ones stay in the order of targets.yaml.
        answer.holders.sort_by_key(|place| place.verdict);
        answer.blind.sort_by_key(|place| place.verdict);
        answer
    }

    /// The keys in question, by what is known of them.
    #[must_use]
    pub fn fingerprints(&self, audit: &Audit) -> Vec<Fingerprint> {
        self.asked(audit).fingerprints
    }

    /// The keys in question that no past audit knew: where they were before the first one, nobody remembers.
    fn unseen(&self, asked: &Asked) -> Vec<Fingerprint> {
        if self.past.known != Known::Known {
            return Vec::new();
        }
        let reigns = self.remembered.reigns.values().flatten();
        let reigned = reigns.map(|reign| reign.fingerprint);
        let announced = self.remembered.announced.values().flatten();
        let announced = announced.map(|next| next.fingerprint);
        let places = self.past.places.iter();
        let held = places.flat_map(|place| place.holds.iter().flatten().copied());
        let unsettled = self.remembered.unsettled.iter().map(|(_, key)| *key);
        let seen = reigned.chain(announced).chain(unsettled).chain(held);
        let seen: HashSet<Fingerprint> = seen.collect();
        let is_seen = |key: &Fingerprint| seen.iter().any(|seen| seen.agrees(key));
        let keys = asked.fingerprints.iter();
        keys.filter(|key| !is_seen(key)).copied().collect()
    }

    /// Those in question: the one that is named, whoever's it is, or the previous ones. Of dead keys
    /// there is nothing to revoke; but where all are dead, who holds one is told all the same.
    fn asked(&self, audit: &Audit) -> Asked {
        let keys: Vec<KeyId> = if let Some(wanted) = self.key {
            let all = audit.projects.iter().flat_map(|project| {
                let live = live::roles(project.project);
                live.into_iter().chain(previous(audit, project.project))
            });
            all.filter(|&key| is(audit, key, wanted)).collect()
        } else {
            let owners = self.owners.iter();
            let known: Vec<KeyId> = owners.flat_map(|&id| previous(audit, id)).collect();
            let living = known.iter().copied();
            let living: Vec<KeyId> = living.filter(|&key| !is_dead(audit, key)).collect();
            if living.is_empty() { known } else { living }
        };
        let known = keys.iter().filter_map(|&key| audit.fingerprint(key));
        let mut fingerprints: Vec<Fingerprint> = known.collect();
        if fingerprints.is_empty() {
            fingerprints.extend(self.key);
        }
        // What stood in a reference by mistake may be anybody's: whoever holds it is told, and that it may be
        // revoked is not.
        let (unsettled, settled): (Vec<KeyId>, Vec<KeyId>) = match self.key {
            Some(_) => (Vec::new(), keys.clone()),
            None => keys.iter().partition(|&&key| is_unsettled(audit, key)),
        };
        let (unsettled, settled) = match settled.is_empty() {
            true => (Vec::new(), unsettled),
            false => (unsettled, settled),
        };
        let held_before = self.past.held_before(&fingerprints);
        Asked {
            keys,
            settled,
            unsettled,
            fingerprints,
            held_before,
        }
    }

    fn look<'a>(&self, asked: &Asked, spot: Spot<'a>, answer: &mut Answer<'a>) {
        let readings: &'a [Outcome] = &spot.judged.readings;
        let that = |wanted: Sight| {
            let readings = readings.iter();
            readings
                .filter(|reading| self.sight(asked, spot, reading) == wanted)
                .collect::<Vec<_>>()
        };
        let holders = Place::of(spot, that(Sight::Holds)).map(|place| Place {
            is_holder: true,
            ..place
        });
        answer.holders.extend(holders);
        let mut blind = that(Sight::Blind);
        let around = that(Sight::Around);
        let mut seen = blind.iter().chain(&around);
        let has_around = seen.any(|reading| self.is_around(asked, spot, reading));
        let is_around = blind.is_empty() && !around.is_empty();
        blind.extend(around);
        self.assume(asked, &spot, answer);
        let unsought = self.unsought(asked, &spot);
        let alone = !unsought.is_empty() && blind.is_empty();
        if alone {
            blind = that(Sight::Clear);
        }
        if alone && blind.is_empty() {
            blind = readings.iter().collect();
        }
        let was_held = blind.iter().any(|reading| was_held(asked, spot, reading));
        let blind = Place::of(spot, blind).map(|place| Place {
            was_held,
            unsought: (!unsought.is_empty()).then_some(Unsought {
                keys: unsought,
                alone,
            }),
            is_around,
            has_around,
            ..place
        });
        self.add_blind(asked, blind, answer);
    }

    fn add_blind<'a>(&self, asked: &Asked, blind: Option<Place<'a>>, answer: &mut Answer<'a>) {
        let Some(blind) = blind else {
            return;
        };
        let spot = blind.spot;
        let (name, title) = (&spot.deployment.name, spot.deployment.title());
        let places = blind.accepted_as();
        let names = Names {
            titles: &[&*title],
            alone: Some(name),
            inventory: &spot.audit.inventory,
        };
        match self.reason(asked, &names, &places, answer) {
            Some(reason) => answer.accepted.push((blind, reason)),
            None => answer.blind.push(blind),
        }
    }

    fn sight(&self, asked: &Asked, spot: Spot<'_>, reading: &Outcome) -> Sight {
        let is_one = |print: Fingerprint| asked.fingerprints.iter().any(|key| key.agrees(&print));
        let holds = match &reading.why {
            Why::Holds { .. } => spot.audit.held(reading).any(is_one),
            // It holds some earlier key of its project.
            Why::Timed {
                proof: TimeProof::BeforeRotation,
                ..
            } => {
                let mut keys = asked.keys.iter();
                keys.any(|key| key.project == spot.deployment.project)
            }
            _ => false,
        };
        // As it stands it may be a key that no project has.
        if holds || reading.fingerprint.is_some_and(is_one) {
            Sight::Holds
        } else if !is_explained(reading, spot.stage(), self.accept_attested)
            || was_held(asked, spot, reading)
        {
            Sight::Blind
        } else if self.is_around(asked, spot, reading) {
            Sight::Around
        } else {
            Sight::Clear
        }
    }

    /// Whether a key in question stands beside the part that the hop takes, or may: nobody can see whether
    /// something takes it from there.
    fn is_around(&self, asked: &Asked, spot: Spot<'_>, reading: &Outcome) -> bool {
        let is_one = |print: Fingerprint| asked.fingerprints.iter().any(|key| key.agrees(&print));
        let open = reading.elsewhere.as_ref().and_then(|seen| seen.open);
        let is_open = match open {
            Some(Unsearched::ByRule) => self.is_untold(asked, spot.audit),
            open => open.is_some(),
        };
        is_open || spot.audit.elsewhere(reading).any(is_one)
    }

    /// Whether a key in question is none that a reading from elsewhere would name beside what it is of. One that
    /// nobody knows is taken to look as the keys do that it is asked for with.
    fn is_untold(&self, asked: &Asked, audit: &Audit) -> bool {
        let owners = self.owners.iter().map(|&owner| KeyId::current(owner));
        let taken: Vec<KeyId> = match asked.keys.is_empty() {
            true => owners.collect(),
            false => asked.keys.clone(),
        };
        taken.iter().any(|key| audit.untold.contains(key))
    }

    /// The places that are on no route anymore, and held one of the keys when they were last read, or what
    /// nobody explained.
    fn left<'a>(&'a self, audit: &Audit, asked: &Asked) -> Vec<&'a LastSeen> {
        let may_hold = |left: &&LastSeen| match &left.holds {
            None => true,
            Some(held) => {
                held.iter()
                    .any(|print| asked.fingerprints.iter().any(|key| key.agrees(print)))
                    || self.was_unsought(asked, audit, left)
            }
        };
        let mut left: Vec<&LastSeen> = self.past.left(audit).filter(may_hold).collect();
        left.dedup_by(|one, other| {
            (&one.name, &one.source, &one.location) == (&other.name, &other.source, &other.location)
        });
        left
    }
}

/// Whether nothing is seen anymore where a key in question was, or may have been, and nobody says that this is for
/// good: a disk that is not mounted looks the same, and a variable that is not set here.
fn was_held(asked: &Asked, spot: Spot<'_>, reading: &Outcome) -> bool {
    is_nothing(reading.verdict)
        && spot.hop.expect != Expectation::Absent
        && (asked.held_before).contains(&spot.audit.place_id(&spot.hop.place))
}

fn previous(audit: &Audit, id: ProjectId) -> impl Iterator<Item = KeyId> + use<'_> {
    let known = audit.projects[id.0 as usize].previous.iter();
    known.map(|known| known.key)
}

fn is(audit: &Audit, key: KeyId, wanted: Fingerprint) -> bool {
    let known = audit.fingerprint(key);
    known.is_some_and(|fingerprint| fingerprint.agrees(&wanted))
}

fn is_unsettled(audit: &Audit, key: KeyId) -> bool {
    audit.previous(key).is_some_and(|known| known.unsettled)
}

fn is_dead(audit: &Audit, key: KeyId) -> bool {
    let death = audit.previous(key).and_then(|known| known.revoked_at);
    let retirement = audit.inventory.project(key.project).retirement;
    key.role() == Role::Previous && retirement.is_dead(death, audit.generated_at)
}

#[cfg(test)]
mod tests;
