//! What somebody answers for: the places that they knew nobody could see, and no others.

use std::collections::{BTreeMap, BTreeSet};

use super::past::Gone;
use super::{Answer, Asked, Place, Question};
use crate::inventory::Inventory;
use crate::judge::Why;
use crate::key::Fingerprint;
use crate::ledger::LastSeen;
use crate::platform::{Locator, PlaceId, Rest};

/// A blind spot that somebody answers for, as far as one key goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The key that is said not to be there.
    pub key: Fingerprint,
    /// The deployment, by its name alone or with environment and axes.
    pub deployment: String,
    /// Why.
    pub reason: String,
    /// The places that were blind spots when it was said; `None` where it is said now, of all that are.
    pub places: Option<BTreeSet<PlaceId>>,
}

/// What words that are said now turn out to be good for, by the deployments that they name.
pub type Covered = BTreeMap<String, BTreeSet<PlaceId>>;

impl Question<'_> {
    /// Why these places of a deployment need not be seen: somebody answers for all of them, for each of the keys.
    pub(super) fn reason(
        &self,
        asked: &Asked,
        names: &Names<'_>,
        places: &[PlaceId],
        answer: &mut Answer<'_>,
    ) -> Option<String> {
        let is_meant = |said: &str| {
            names.titles.contains(&said) || names.alone == Some(said) && !self.is_title(said, names)
        };
        let is_of_it = |accepted: &&Accepted| {
            is_meant(&accepted.deployment)
                && accepted
                    .places
                    .as_ref()
                    .is_none_or(|covered| places.iter().all(|place| covered.contains(place)))
        };
        let mine: Vec<_> = self.accepted.iter().filter(is_of_it).collect();
        let is_covered = |key: &Fingerprint| mine.iter().any(|accepted| accepted.key.agrees(key));
        let keys = &asked.fingerprints;
        if keys.is_empty() || !keys.iter().all(is_covered) {
            return None;
        }
        for accepted in mine.iter().filter(|accepted| accepted.places.is_none()) {
            let covered = answer.covered.entry(accepted.deployment.clone());
            covered.or_default().extend(places);
        }
        mine.last().map(|accepted| accepted.reason.clone())
    }
}

/// What somebody may call a deployment who answers for it.
pub(super) struct Names<'n> {
    /// With environment and axes, and where that is needed with its inventory.
    pub titles: &'n [&'n str],
    /// Its name alone, which is also that of others, unless one of them has it as its whole title.
    pub alone: Option<&'n str>,
    /// Where it is declared, or would be.
    pub inventory: &'n Inventory,
}

impl Question<'_> {
    /// Whether this is all that some deployment is called, so that it means no other one of that name.
    fn is_title(&self, said: &str, names: &Names<'_>) -> bool {
        let mut declared = names.inventory.deployments.iter();
        let mut known = self.past.deployments.iter();
        declared.any(|one| one.title() == said)
            || known.any(|known| known.retired_at.is_none() && *known.name.title == *said)
    }
}

impl Place<'_> {
    /// What somebody answers for who accepts it. That nobody could look there, that a value stands there which
    /// nobody can explain or which stands for another, and that a key stands beside what the hop takes, are three
    /// things. One file of several is none of the others; processes and pods come and go.
    pub(super) fn accepted_as(&self) -> Vec<PlaceId> {
        let hop = &self.spot.hop.place;
        let id = self.spot.audit.place_id(hop);
        let is_of_files = ["file", "dotenv", "bundle"].contains(&hop.source.info().id);
        let itself = self.readings.iter().map(|reading| {
            let replica = reading.replica.as_deref().filter(|_| is_of_files);
            let id = replica.map_or(id, |name| id.replica(name));
            match (&reading.why, reading.fingerprint) {
                (Why::Unexplained { .. }, Some(shown)) => id.showing(&shown),
                (Why::Placeholder(_, mark), _) => id.showing_text(*mark),
                _ => id,
            }
        });
        let itself = itself.filter(|_| !self.is_around);
        let seen = self.readings.iter().filter(|_| self.has_around);
        let beside = seen.filter_map(|reading| reading.elsewhere.as_ref());
        let beside = beside.flat_map(|seen| {
            let has_whole = seen.keys.iter().any(|key| !key.damaged) || !seen.asked.is_empty();
            let has_damaged = seen.keys.iter().any(|key| key.damaged);
            let what = [
                (has_whole, Rest::Key),
                (has_damaged, Rest::Damaged),
                (seen.open.is_some(), Rest::Unsearched),
            ];
            what.into_iter()
                .filter(|(has, _)| *has)
                .map(|(_, what)| id.beside(what))
        });
        itself.chain(beside).collect()
    }
}

/// The same of a place that no route names anymore.
pub(super) fn left(place: &LastSeen) -> PlaceId {
    place.id.unwrap_or_else(|| {
        let parts = [&*place.source, &*place.location];
        derived("left", parts.map(str::as_bytes))
    })
}

/// The same of a deployment that was not read, with the places that it was last read at.
pub(super) fn gone(gone: &Gone, places: &[&LastSeen]) -> Vec<PlaceId> {
    let name = [&*gone.name.project, &*gone.name.title];
    let itself = derived("deployment", name.map(str::as_bytes));
    let places = places.iter().map(|place| left(place));
    places.chain([itself]).collect()
}

fn derived<'p>(what: &str, parts: impl IntoIterator<Item = &'p [u8]>) -> PlaceId {
    let mut locator = Locator::default();
    locator.text(what);
    for part in parts {
        locator.text(part);
    }
    locator.finish()
}
