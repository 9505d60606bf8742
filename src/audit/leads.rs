use std::collections::BTreeMap;
use std::path::Path;

use crate::inventory::{Inventory, Place};
use crate::platform::{Connections, Locator, PlaceId};

/// Where the stores of an audit led, so that a place in one is told from the place of the same name in another.
#[derive(Debug, Default)]
pub struct Leads(BTreeMap<Lead, PlaceId>);

/// The kind of a store and its name; without a name, what hops read from that name none.
type Lead = (&'static str, Option<Box<str>>);

impl Leads {
    /// Those of the stores that the selected deployments are read from.
    pub(super) fn of(inventory: &Inventory, selected: &[u32], connections: &Connections) -> Self {
        let mut leads = BTreeMap::new();
        let deployments = selected
            .iter()
            .map(|&index| &inventory.deployments[index as usize]);
        let mut last = None;
        for hop in deployments.flat_map(|deployment| &deployment.hops) {
            let source = &hop.place.source;
            let Some(kind) = source.info().store else {
                continue;
            };
            let store = source.store();
            if last.replace((kind, store)) == Some((kind, store)) {
                continue;
            }
            let lead = (kind, store.map(Into::into));
            leads.entry(lead).or_insert_with(|| {
                let mut locator = Locator::of(base(inventory), &inventory.env_secrets);
                connections.locate(kind, store, &mut locator);
                locator.finish()
            });
        }
        Self(leads)
    }

    /// Which place it is, of this inventory, whose printable address is at hand.
    pub(super) fn place(&self, inventory: &Inventory, place: &Place, location: &str) -> PlaceId {
        let mut locator = self.locator(inventory, place, location);
        let parts = place
            .extraction
            .iter()
            .flat_map(|extraction| extraction.parts());
        for part in parts.flatten() {
            locator.text(&*part);
        }
        locator.finish()
    }

    /// The place that it is a part of, as far as `extract` says so.
    pub(super) fn whole(&self, inventory: &Inventory, place: &Place) -> PlaceId {
        let location = place.location();
        self.locator(inventory, place, &location).finish()
    }

    fn locator(&self, inventory: &Inventory, place: &Place, location: &str) -> Locator {
        let (source, at) = (&place.source, place.at());
        let mut locator = Locator::of(base(inventory), &inventory.env_secrets);
        locator.text(source.info().id);
        locator.text(location);
        if let Some(kind) = source.info().store {
            let lead = (kind, source.store().map(Into::into));
            locator.option(self.0.get(&lead).map(PlaceId::bytes));
        }
        source.locate(at, &mut locator);
        locator
    }
}

/// The folder that the main file lies in, as that is named.
fn base(inventory: &Inventory) -> &Path {
    let main = inventory.files.first().map_or("", |file| &**file);
    Path::new(main).parent().unwrap_or(Path::new(""))
}
