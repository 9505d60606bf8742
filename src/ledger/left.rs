//! What was seen of every place that was ever on a route.

use std::collections::HashMap;

use super::db::Connection;
use super::error::Failure;
use super::{Ledger, LedgerError, Name, inventories};
use crate::inventory::Inventory;
use crate::key::Fingerprint;
use crate::platform::PlaceId;
use crate::verdict::{Evidence, Verdict};

/// What an audit last saw of one place on a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastSeen {
    /// Whose route.
    pub name: Name,
    /// The number of the inventory that it is of; 0 for what was written down before there were several.
    pub inventory: i64,
    /// Whether it was on the route at the last audit of that inventory, or was never read.
    pub is_on_route: bool,
    /// The deployment by its name alone.
    pub deployment: String,
    /// The id of its source.
    pub source: String,
    /// Its printable address, raw.
    pub location: String,
    /// Which place it is; `None` where that was not written down.
    pub id: Option<PlaceId>,
    /// The keys that it held; `None` where it was not wholly read and explained.
    pub holds: Option<Vec<Fingerprint>>,
}

impl Ledger {
    /// Every place that was ever on the route of a deployment which nobody retired, or which this inventory names
    /// again.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub async fn places(&self, inventory: &Inventory) -> Result<Vec<LastSeen>, LedgerError> {
        let mut turn = self.read().await?;
        let places = places(&mut turn.connection, inventory).await;
        turn.end(places).await
    }
}

async fn places(
    connection: &mut Connection,
    inventory: &Inventory,
) -> Result<Vec<LastSeen>, Failure> {
    let own = inventories::find(connection, inventory).await?;
    let named = inventories::names(inventory);
    // The last stretch of each, for what was written down before `holds` was.
    let sql = "SELECT deployment.project, deployment.title, deployment.name, hop.source, \
               hop.location, hop.holds, span.verdict, span.evidence, span.fingerprint, \
               deployment.inventory, span.id, span.until, hop.identity, hop.deployment, \
               deployment.retired_at \
               FROM hop JOIN deployment ON deployment.id = hop.deployment \
               LEFT JOIN span ON span.id = (SELECT MAX(last.id) FROM span AS last \
               WHERE last.hop = hop.id) \
               ORDER BY hop.id";
    let mut places: Vec<LastSeen> = Vec::new();
    // A place that stood elsewhere on the route before is the same place: what was read last of it counts.
    let mut known: HashMap<_, (usize, i64)> = HashMap::new();
    for row in connection.query(sql, &[]).await? {
        let name = Name {
            project: row.get::<&str>(0)?.into(),
            title: row.get::<&str>(1)?.into(),
        };
        let of = row.get::<i64>(9)?;
        let is_own = of == inventories::NOBODY || Some(of) == own;
        if row.time_or_none(14)?.is_some() && !(is_own && named.contains(&name)) {
            continue;
        }
        let holds = match held(row.get::<Option<&str>>(5)?)? {
            Some(held) => Some(held),
            None => proven(
                row.word_or_none(6)?,
                row.word_or_none(7)?,
                row.fingerprint_or_none(8)?,
            ),
        };
        let since_read = match (row.get::<Option<i64>>(10)?, row.get::<Option<i64>>(11)?) {
            (None, _) => i64::MIN,
            (Some(_), None) => i64::MAX,
            (Some(_), Some(until)) => until,
        };
        let place = LastSeen {
            name,
            inventory: of,
            // What was read and ended so long ago that this was dropped is on it no more.
            is_on_route: row.get::<Option<i64>>(11)?.is_none()
                && (row.get::<Option<i64>>(10)?.is_some() || row.get::<Option<&str>>(5)?.is_none()),
            deployment: row.get(2)?,
            source: row.get(3)?,
            location: row.get(4)?,
            id: row.place_id_or_none(12)?,
            holds,
        };
        // What is shown of one place may change, as what the environment fills in does.
        let shown = place.id.is_none();
        let shown = shown.then(|| (place.source.clone(), place.location.clone()));
        let key = (row.get::<i64>(13)?, shown, place.id);
        match known.get_mut(&key) {
            Some((at, before)) if *before <= since_read => {
                *before = since_read;
                places[*at] = place;
            }
            Some(_) => {}
            None => {
                known.insert(key, (places.len(), since_read));
                places.push(place);
            }
        }
    }
    Ok(places)
}

/// The keys that a place held, as they are written down.
pub(super) fn held(text: Option<&str>) -> Result<Option<Vec<Fingerprint>>, Failure> {
    let Some(text) = text else {
        return Ok(None);
    };
    let prints = text.split(' ').filter(|print| !print.is_empty());
    let prints = prints.map(|print| print.parse::<Fingerprint>());
    let prints = prints.collect::<Result<Vec<_>, _>>();
    let prints = prints.map_err(|_| Failure::damaged("holds what is no fingerprint"))?;
    Ok(Some(prints))
}

/// A hop is as bad as its worst reading, so where that was proven to be current, all were.
fn proven(
    verdict: Option<Verdict>,
    evidence: Option<Evidence>,
    fingerprint: Option<Fingerprint>,
) -> Option<Vec<Fingerprint>> {
    let is_current = verdict == Some(Verdict::Current) && evidence.is_some_and(Evidence::proves);
    fingerprint.filter(|_| is_current).map(|print| vec![print])
}
