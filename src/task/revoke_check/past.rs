use std::collections::HashSet;
use std::sync::Arc;

use crate::audit::Audit;
use crate::ledger::LastSeen;

/// What the ledger knows beyond the audit.
#[derive(Debug, Default)]
pub struct Past {
    /// Whether it knows anything.
    pub known: Known,
    /// The deployments that past audits knew, nobody retired, and targets.yaml does not name.
    pub forgotten: Vec<Gone>,
    /// Every place that was ever on the route of a deployment which nobody retired.
    pub places: Vec<LastSeen>,
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

/// A deployment that targets.yaml does not name anymore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Whose key it should hold.
    pub project: Arc<str>,
    /// Its name, with environment and axes.
    pub title: Arc<str>,
}

impl Past {
    /// The places that no route names anymore, of deployments that are named still.
    pub(super) fn left(&self, audit: &Audit) -> impl Iterator<Item = &LastSeen> {
        let inventory = &audit.inventory;
        let hops = inventory.deployments.iter().flat_map(|one| &one.hops);
        let named: HashSet<(&str, String)> = hops
            .map(|hop| (hop.place.source.info().id, hop.place.location()))
            .collect();
        let forgotten: HashSet<(&str, &str)> = self
            .forgotten
            .iter()
            .map(|gone| (&*gone.project, &*gone.title))
            .collect();
        self.places.iter().filter(move |place| {
            let spot = (&*place.source, place.location.clone());
            !named.contains(&spot)
                && !forgotten.contains(&(&*place.name.project, &*place.name.title))
        })
    }
}
