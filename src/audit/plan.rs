use std::collections::BTreeMap;

use super::hops::jobs;
use super::references::known_keys;
use crate::cores::on_all_cores;
use crate::fetch::{Plan, Planned};
use crate::inventory::{Deployment, Inventory, Origin, Place, Project};
use crate::platform::{Answer, Answers, Asking, Here, Request};
use crate::reading::ReadError;
use crate::verdict::Stage;

/// So many deployments are worth a thread that looks which files they are read from.
const WORTH: usize = 128;

/// What an audit would ask first, and what it would ask then.
pub struct Plans {
    /// For the known keys of every project, which come first.
    pub known_keys: Vec<Planned>,
    /// For the hops, beside what was asked already.
    pub hops: Vec<Planned>,
    /// What answers decide, by the source that waits for them, with the number of its places.
    pub later: BTreeMap<&'static str, (&'static str, usize)>,
    /// How many references stand where earlier versions may be read.
    pub histories: usize,
}

/// Plans an audit without touching anything.
#[must_use]
pub fn plan(inventory: &Inventory, selected: &[u32], until: Option<Stage>) -> Plans {
    let mut plan = Plan::default();
    let mut later = BTreeMap::new();
    let places = known_keys(inventory).filter_map(|(_, project, origin)| match origin {
        Origin::Place(place) => Some((project, place)),
        _ => None,
    });
    for (project, place) in places {
        add(project, place, &mut plan, &mut later);
    }
    let known_keys = plan.take();
    for (deployment, hop) in jobs(inventory, selected, until) {
        let deployment = &inventory.deployments[deployment as usize];
        let project = inventory.project(deployment.project);
        let place = &deployment.hops[usize::from(hop)].place;
        add(project, place, &mut plan, &mut later);
    }
    let remembers = |project: &&Project| {
        let kept = |place: &Place| place.source.info().store.is_some();
        project.versions > 0 && matches!(&project.current, Origin::Place(place) if kept(place))
    };
    Plans {
        known_keys,
        hops: plan.take(),
        later,
        histories: inventory.projects.iter().filter(remembers).count(),
    }
}

/// Whether a file is one that the references, or the hops of any deployment, are read from.
#[must_use]
pub fn reads(inventory: &Inventory, file: &Here<'_>) -> bool {
    let asks = |project: &Project, place: &Place| {
        let asking = Asking::new(&NoAnswers, place.source.store().map(Into::into));
        let _ = place.source.read(place.at_for(project), &asking);
        let asked = asking.into_asked();
        asked.iter().any(|request| request.reads(file))
    };
    let places = known_keys(inventory).filter_map(|(_, project, origin)| match origin {
        Origin::Place(place) => Some((project, place)),
        _ => None,
    });
    let by_hops = |deployment: &Deployment| {
        let project = inventory.project(deployment.project);
        let mut hops = deployment.hops.iter();
        hops.any(|hop| asks(project, &hop.place))
    };
    places
        .into_iter()
        .any(|(project, place)| asks(project, place))
        || on_all_cores(&inventory.deployments, WORTH, by_hops).contains(&true)
}

fn add(
    project: &Project,
    place: &Place,
    plan: &mut Plan,
    later: &mut BTreeMap<&'static str, (&'static str, usize)>,
) {
    let asking = Asking::new(&NoAnswers, place.source.store().map(Into::into));
    // Without answers it gets no further than its first asks, which are what is wanted.
    let _ = place.source.read(place.at_for(project), &asking);
    plan.add(asking.into_asked());
    if let Some(what) = place.source.follows() {
        later.entry(place.source.info().id).or_insert((what, 0)).1 += 1;
    }
}

/// Nothing was answered yet.
struct NoAnswers;

impl Answers for NoAnswers {
    fn get<'a>(&'a self, _: &Request) -> Option<Result<&'a Answer, &'a ReadError>> {
        None
    }
}
