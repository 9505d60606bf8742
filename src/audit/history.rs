use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::learn::Learned;
use super::place::extracted;
use super::references::References;
use super::seen::Seen;
use crate::fetch::{Fetcher, Work};
use crate::inventory::{Inventory, Origin, Place};
use crate::judge::Warning;
use crate::judge::history::derive;
use crate::judge::reference::Material;
use crate::keyring::ProjectId;
use crate::platform::{Asking, Stop};
use crate::reading::{ReadError, Reading, Version};

/// Explains what was seen by the earlier versions of references, which are read only when something
/// needs them: the own project's first, then those of the others.
pub async fn consult(
    inventory: &Inventory,
    wanted: &BTreeSet<ProjectId>,
    references: &mut References,
    seen: &mut Seen,
    fetcher: &mut Fetcher<'_>,
    now: Timestamp,
) {
    let mut own = seen.unexplained_of(inventory);
    own.extend(seen.timed_of(inventory));
    own.extend(references.suspected());
    own.extend(wanted);
    let learned = learn(inventory, references, own.clone(), fetcher).await;
    seen.time_again(inventory, references);
    seen.explain_exactly(inventory, references, now);
    seen.search(learned, inventory, references, now);
    if seen.unexplained.is_empty() {
        return;
    }
    let all = (0..).map(ProjectId).take(inventory.projects.len());
    let others: BTreeSet<_> = all.filter(|id| !own.contains(id)).collect();
    if learn(inventory, references, others, fetcher).await {
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
    let mut histories = Histories {
        inventory,
        places: Vec::new(),
        read: BTreeMap::new(),
    };
    for id in projects {
        let sound = references.project(id).outcome.reference.is_sound();
        if let Origin::Place(place) = &inventory.project(id).current
            && inventory.project(id).versions > 0
            && sound
        {
            histories.places.push((id, place));
        }
    }
    fetcher.read(&mut histories).await;
    let mut learned = false;
    for (id, read) in histories.read {
        match read {
            Ok(versions) => {
                let Some(current) = references.current(id) else {
                    continue;
                };
                let project = inventory.project(id);
                references.withhold(versions.iter().map(|version| &version.found));
                let history = derive(versions, &current, id, project, &references.keyring);
                learned |= !history.previous.is_empty();
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

/// The histories of references.
struct Histories<'a> {
    inventory: &'a Inventory,
    places: Vec<(ProjectId, &'a Place)>,
    read: BTreeMap<ProjectId, Result<Vec<Version>, ReadError>>,
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
