use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::learn::Learned;
use super::place::extracted;
use super::references::References;
use super::remembered::Remembered;
use super::seen::Seen;
use crate::fetch::{Fetcher, Work};
use crate::inventory::{Inventory, Origin, Place};
use crate::judge::history::{AsNext, as_next, derive, first_stored};
use crate::judge::reference::Material;
use crate::judge::{RotationBasis, Warning};
use crate::keyring::ProjectId;
use crate::platform::{Asking, Stop};
use crate::reading::{ReadError, Reading, Version};

/// Reads the earlier versions of references that are wanted whatever is found, before anything is: only a key
/// that is known by then is found in every form.
pub async fn trace(
    inventory: &Inventory,
    wanted: &BTreeSet<ProjectId>,
    references: &mut References,
    fetcher: &mut Fetcher<'_>,
) -> Traced {
    Traced {
        projects: wanted.clone(),
        learned: learn(inventory, references, wanted.clone(), fetcher).await,
    }
}

/// The projects whose earlier versions are read already.
pub struct Traced {
    projects: BTreeSet<ProjectId>,
    /// Whether there were new keys in them.
    learned: bool,
}

/// Explains what was seen by the earlier versions of references, which are read only when something
/// needs them: the own project's first, then those of the others. Those of `traced` are known already.
pub async fn consult(
    inventory: &Inventory,
    traced: &Traced,
    remembered: &Remembered,
    references: &mut References,
    seen: &mut Seen,
    fetcher: &mut Fetcher<'_>,
    now: Timestamp,
) {
    let mut own = seen.unexplained_of(inventory);
    own.extend(seen.timed_of(inventory));
    own.extend(references.suspected());
    own.retain(|id| !traced.projects.contains(id));
    let learned = learn(inventory, references, own.clone(), fetcher).await;
    if learned || traced.learned {
        let refused = references.see_through(inventory, remembered);
        seen.take_back(&refused, inventory, references, now);
    }
    seen.time_again(inventory, references);
    seen.explain_exactly(inventory, references, now);
    seen.search(learned, inventory, references, now);
    if seen.unexplained.is_empty() {
        return;
    }
    let all = (0..).map(ProjectId).take(inventory.projects.len());
    let others: BTreeSet<_> = all
        .filter(|id| !own.contains(id) && !traced.projects.contains(id))
        .collect();
    if learn(inventory, references, others, fetcher).await {
        let refused = references.see_through(inventory, remembered);
        seen.take_back(&refused, inventory, references, now);
        seen.explain_exactly(inventory, references, now);
        seen.search(true, inventory, references, now);
    }
}

/// Reads the histories of these projects and takes them in; whether there were new keys in them.
async fn learn(
    inventory: &Inventory,
    references: &mut References,
    projects: BTreeSet<ProjectId>,
    fetcher: &mut Fetcher<'_>,
) -> bool {
    let mut places = Vec::new();
    for id in projects {
        let sound = references.project(id).outcome.reference.is_sound();
        if let Origin::Place(place) = &inventory.project(id).current
            && inventory.project(id).versions > 0
            && sound
        {
            places.push((id, place));
        }
    }
    let read = Histories::read(inventory, places, fetcher).await;
    let mut before = as_next_keys(inventory, references, &read, fetcher).await;
    let mut learned = false;
    for (id, read) in read {
        match read {
            Ok(versions) => {
                let Some(current) = references.current(id) else {
                    continue;
                };
                let project = inventory.project(id);
                references.withhold(versions.iter().map(|version| &version.found));
                let mut history = derive(versions, &current, id, project, &references.keyring);
                learned |= !history.previous.is_empty();
                if let Some(as_next) = before.remove(&id) {
                    history.stored_at = match as_next {
                        AsNext::Never => history.stored_at,
                        AsNext::Since(since) => history.stored_at.min(Some(since)),
                        AsNext::Unknown { .. } => None,
                    };
                    references.project_mut(id).sight.saw(as_next);
                }
                references.project_mut(id).bound(history.stored_at);
                references.settle(id, &history);
                let earlier = |(secret, rotated_at)| Learned {
                    material: Material::Value(secret),
                    rotated_at,
                    revoked_at: None,
                    unsettled: false,
                };
                let previous = history.previous.into_iter().map(earlier).collect();
                references.learn(inventory, id, previous);
            }
            Err(error) => references.warnings.push(Warning::HistoryUnread {
                project: id,
                error: Box::new(error),
            }),
        }
    }
    learned
}

/// Since when the places of next keys may have held the current ones, for the projects whose reference's
/// store tells when the key came there, and of which past audits know nothing more.
async fn as_next_keys(
    inventory: &Inventory,
    references: &mut References,
    read: &BTreeMap<ProjectId, Result<Vec<Version>, ReadError>>,
    fetcher: &mut Fetcher<'_>,
) -> BTreeMap<ProjectId, AsNext> {
    let mut places = Vec::new();
    let mut stored = BTreeMap::new();
    for (&id, read) in read {
        let project = inventory.project(id);
        let standing = references.project(id);
        if standing.outcome.rotation == RotationBasis::Declared
            || standing.sight.announced.is_some()
        {
            continue;
        }
        if let (Origin::Place(current), Some(Origin::Place(next))) =
            (&project.current, &project.next)
            && !next.same(current)
            && let (Ok(versions), Some(current)) = (read, references.current(id))
            && let Some(at) = first_stored(versions, &current, project, &references.keyring)
        {
            places.push((id, next));
            stored.insert(id, (current, at));
        }
    }
    let mut read = Histories::read(inventory, places, fetcher).await;
    let mut all = BTreeMap::new();
    for (id, (current, at)) in stored {
        let (told, error) = match read.remove(&id) {
            Some(Ok(versions)) => {
                references.withhold(versions.iter().map(|version| &version.found));
                let project = inventory.project(id);
                let keyring = &references.keyring;
                (as_next(&versions, &current, at, project, keyring), None)
            }
            Some(Err(error)) => (AsNext::Unknown { held: false }, Some(Box::new(error))),
            None => (AsNext::Unknown { held: false }, None),
        };
        if matches!(told, AsNext::Unknown { .. }) {
            let warning = Warning::NextHistoryUnread { project: id, error };
            references.warnings.push(warning);
        }
        all.insert(id, told);
    }
    all
}

/// The histories of places where keys stand.
struct Histories<'a> {
    inventory: &'a Inventory,
    places: Vec<(ProjectId, &'a Place)>,
    read: BTreeMap<ProjectId, Result<Vec<Version>, ReadError>>,
}

impl<'a> Histories<'a> {
    /// Reads them; nothing comes of a place that keeps none.
    async fn read(
        inventory: &'a Inventory,
        places: Vec<(ProjectId, &'a Place)>,
        fetcher: &mut Fetcher<'_>,
    ) -> BTreeMap<ProjectId, Result<Vec<Version>, ReadError>> {
        let mut histories = Self {
            inventory,
            places,
            read: BTreeMap::new(),
        };
        fetcher.read(&mut histories).await;
        histories.read
    }
}

impl Work for Histories<'_> {
    fn len(&self) -> usize {
        self.places.len()
    }

    fn store(&self, job: usize) -> Option<&str> {
        self.places[job].1.source.store()
    }

    fn attempt(&mut self, job: usize, asking: &Asking<'_>) -> Result<(), Stop> {
        let (id, place) = self.places[job];
        let project = self.inventory.project(id);
        let most = usize::from(project.versions);
        let Some(versions) = place.source.history(place.at_for(project), most, asking)? else {
            return Ok(());
        };
        let versions = versions
            .into_iter()
            .map(|version| Version {
                found: extracted(place, Reading::new(version.found)).found,
                ..version
            })
            .collect();
        self.read.insert(id, Ok(versions));
        Ok(())
    }

    fn failed(&mut self, job: usize, error: ReadError) {
        self.read.insert(self.places[job].0, Err(error));
    }
}
