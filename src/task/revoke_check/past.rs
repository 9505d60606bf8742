use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::other::Other;
use crate::audit::{Audit, Owner};
use crate::inventory::{self, Deployment, Inventory};
use crate::key::Fingerprint;
use crate::ledger::{KnownDeployment, LastSeen, Name};
use crate::platform::PlaceId;

/// What the ledger knows beyond the audit.
#[derive(Debug, Default)]
pub struct Past {
    /// Whether it knows anything.
    pub known: Known,
    /// Every deployment that past audits knew.
    pub deployments: Vec<KnownDeployment>,
    /// Those of them that nobody retired, and that were not read here: targets.yaml does not
    /// name them, or another inventory looks for their keys in other places.
    pub forgotten: Vec<Gone>,
    /// Every place that was ever on the route of a deployment which nobody retired.
    pub places: Vec<LastSeen>,
    /// The other inventories of the ledger, by their numbers.
    pub others: HashMap<i64, Arc<Other>>,
    /// Why this may not be the ledger that has all, and what to do about it.
    pub older: Option<[String; 2]>,
}

/// Where past audits would be remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Known {
    /// Nowhere.
    #[default]
    NoLedger,
    /// In a ledger that this very run began.
    Begun,
    /// In a ledger that could not be used.
    Failed,
    /// In a ledger.
    Known,
}

/// A deployment that past audits knew, and this one did not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Which.
    pub name: Name,
    /// The number of the inventory that it is of.
    pub inventory: i64,
    /// That one, where it is another one.
    pub elsewhere: Option<Arc<Other>>,
}

/// The places of each deployment, by the number of its inventory and its name.
pub(super) type OnRoute<'p> = HashMap<(i64, &'p Name), Vec<&'p LastSeen>>;

/// What was seen of a deployment when it was last read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Last {
    /// It held one of the keys in question.
    Held,
    /// All of it was read and explained, and it held none of them.
    HeldNone,
    /// All of it was read and explained, but no key is in question.
    Unasked,
    /// Nobody can say.
    Unknown,
}

impl Past {
    /// Looks for the deployments that past audits knew, and that this inventory does not read. Those that
    /// somebody retired are none of them.
    pub fn forget(&mut self, inventory: &Inventory) {
        self.forgotten = self.not_read(inventory, |_| None);
    }

    /// Looks for them once more, when it is known where the stores led.
    pub fn forget_after(&mut self, audit: &Audit) {
        self.forgotten = self.not_read(&audit.inventory, |place| Some(audit.place_id(place)));
    }

    fn not_read(
        &self,
        inventory: &Inventory,
        id: impl Fn(&inventory::Place) -> Option<PlaceId>,
    ) -> Vec<Gone> {
        let named: HashMap<Name, &Deployment> = inventory
            .deployments
            .iter()
            .map(|one| (Name::of(&inventory.project(one.project).name, one), one))
            .collect();
        let on_route = self.on_route();
        let hops = inventory.deployments.iter().flat_map(|one| &one.hops);
        let read: HashSet<PlaceId> = hops.filter_map(|hop| id(&hop.place)).collect();
        let mut forgotten = Vec::new();
        let known = self.deployments.iter();
        let living = known.filter(|known| known.retired_at.is_none());
        for known in living {
            let elsewhere = self.others.get(&known.inventory);
            let places = on_route.get(&(known.inventory, &known.name));
            let is_read = match (named.get(&known.name), elsewhere) {
                // Under another name, all that is known of it was read.
                (None, None) => places.is_some_and(|places| {
                    places
                        .iter()
                        .all(|place| place.id.is_some_and(|id| read.contains(&id)))
                }),
                (None, Some(_)) => false,
                (Some(_), None) => true,
                // Two inventories may mean two services by one name.
                (Some(declared), Some(other)) => {
                    let is_same = |place: &&LastSeen| {
                        is_place_of(declared, place, &id) && other.surely_means(place)
                    };
                    places.is_some_and(|places| places.iter().all(is_same))
                }
            };
            if !is_read {
                forgotten.push(Gone {
                    name: known.name.clone(),
                    inventory: known.inventory,
                    elsewhere: elsewhere.cloned(),
                });
            }
        }
        forgotten
    }

    /// Whether any deployment of an owner's project is known.
    pub(super) fn has_deployments_of(&self, owner: &Owner) -> bool {
        let mut known = self.deployments.iter();
        known.any(|known| *known.name.project == *owner.project)
    }

    /// Whether nothing that is known uses a key of this owner anymore, whom this inventory does not name: each of
    /// its deployments is retired, or was read here for another owner.
    pub(super) fn is_over(&self, owner: &Owner, inventory: &Inventory) -> bool {
        let of_project = |known: &&KnownDeployment| *known.name.project == *owner.project;
        let of_owner = |known: &&KnownDeployment| {
            of_project(known) && known.environment.as_deref() == owner.environment.as_deref()
        };
        let known = self.deployments.iter();
        let mut own: Vec<_> = known.clone().filter(of_owner).collect();
        if own.is_empty() && owner.environment.is_none() {
            own = known.filter(of_project).collect();
        }
        // By its own name: what another project reads at its places tells nothing of the key that it lived by.
        let declared: HashSet<Name> = inventory
            .deployments
            .iter()
            .map(|one| Name::of(&inventory.project(one.project).name, one))
            .collect();
        let is_over = |known: &KnownDeployment| {
            let is_here =
                declared.contains(&known.name) && !self.others.contains_key(&known.inventory);
            known.retired_at.is_some() || is_here
        };
        !own.is_empty() && own.into_iter().all(is_over)
    }

    /// What somebody calls a deployment of this inventory, by its number, who answers for it: its title, and
    /// the inventory as well where another one has one of that title.
    #[must_use]
    pub fn called(&self, own: &Inventory, title: &str, inventory: i64) -> String {
        let Some(other) = self.others.get(&inventory) else {
            return title.to_owned();
        };
        let mut declared = own.deployments.iter();
        let mut forgotten = self.forgotten.iter();
        let is_ambiguous = declared.any(|one| *one.name == *title || one.title() == title)
            || forgotten.any(|gone| gone.inventory != inventory && *gone.name.title == *title);
        match is_ambiguous {
            true => format!("{}:{title}", other.title),
            false => title.to_owned(),
        }
    }

    /// All that somebody may call it: by its title alone only where that is no other one's, and in any case by the
    /// inventory as well.
    #[must_use]
    pub fn names(&self, own: &Inventory, title: &str, inventory: i64) -> [String; 2] {
        let called = self.called(own, title, inventory);
        match self.others.get(&inventory) {
            Some(other) => [called, format!("{}:{title}", other.title)],
            None => [called.clone(), called],
        }
    }

    /// The places of this inventory that held one of these keys, or what nobody explained, when anything was last
    /// seen there.
    pub(super) fn held_before(&self, asked: &[Fingerprint]) -> HashSet<PlaceId> {
        let is_asked = |print: &Fingerprint| asked.iter().any(|key| key.agrees(print));
        let own = self
            .places
            .iter()
            .filter(|place| !self.others.contains_key(&place.inventory));
        let holding = own.filter(|place| {
            let held = place.holds.as_ref();
            held.is_none_or(|held| held.iter().any(is_asked))
        });
        holding.filter_map(|place| place.id).collect()
    }

    /// Where deployments were read when they were last read.
    pub(super) fn on_route(&self) -> OnRoute<'_> {
        let mut on_route = OnRoute::new();
        for place in self.places.iter().filter(|place| place.is_on_route) {
            let of = (place.inventory, &place.name);
            on_route.entry(of).or_default().push(place);
        }
        on_route
    }

    /// The places that no route names anymore, of deployments that are named still.
    pub(super) fn left(&self, audit: &Audit) -> impl Iterator<Item = &LastSeen> {
        let inventory = &audit.inventory;
        let hops = inventory.deployments.iter().flat_map(|one| &one.hops);
        let mut named: HashMap<(&str, String), Vec<PlaceId>> = HashMap::new();
        let mut all: HashSet<PlaceId> = HashSet::new();
        for hop in hops {
            let spot = (hop.place.source.info().id, audit.location(&hop.place));
            let ids = named.entry(spot).or_default();
            // Whoever reads a part of it has looked around that.
            let both = [audit.place_id(&hop.place), audit.whole_id(&hop.place)];
            ids.extend(both);
            all.extend(both);
        }
        let forgotten: HashSet<(i64, &Name)> = self
            .forgotten
            .iter()
            .map(|gone| (gone.inventory, &gone.name))
            .collect();
        self.places.iter().filter(move |place| {
            let spot = (&*place.source, place.location.clone());
            let other = self.others.get(&place.inventory);
            let is_same = |ids: &Vec<PlaceId>| place.id.is_none_or(|id| ids.contains(&id));
            let is_it = place.id.is_some_and(|id| all.contains(&id));
            let is_read = (is_it || named.get(&spot).is_some_and(is_same))
                && other.is_none_or(|other| other.surely_means(place));
            !is_read && !forgotten.contains(&(place.inventory, &place.name))
        })
    }
}

impl Gone {
    /// What was seen of it when it was last read.
    pub(super) fn last_seen(&self, on_route: &OnRoute<'_>, asked: &[Fingerprint]) -> Last {
        let places = on_route.get(&(self.inventory, &self.name));
        let places = places.map_or(&[][..], Vec::as_slice);
        let is_asked = |print: &Fingerprint| asked.iter().any(|key| key.agrees(print));
        let mut held = places.iter().filter_map(|place| place.holds.as_ref());
        if held.any(|held| held.iter().any(is_asked)) {
            Last::Held
        } else if places.is_empty() || places.iter().any(|place| place.holds.is_none()) {
            Last::Unknown
        } else if asked.is_empty() {
            Last::Unasked
        } else {
            Last::HeldNone
        }
    }
}

/// Whether a deployment is read at this place.
fn is_place_of(
    declared: &Deployment,
    place: &LastSeen,
    id: impl Fn(&inventory::Place) -> Option<PlaceId>,
) -> bool {
    declared.hops.iter().any(|hop| {
        let source = hop.place.source.info().id;
        let looks_the_same = *place.source == *source && place.location == hop.place.location();
        let is_other =
            || matches!((place.id, id(&hop.place)), (Some(one), Some(other)) if one != other);
        looks_the_same && !is_other()
    })
}
