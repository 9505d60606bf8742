//! What people say of deployments that nobody can look at.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::db::{Connection, Value};
use super::error::Failure;
use super::left::held;
use super::scope::Scopes;
use super::words::{environment, kept, micros, place_id};
use super::{KnownInventory, Ledger, LedgerError, Name, inventories, keys, scope};
use crate::audit::{Owner, Reign};
use crate::inventory::Inventory;
use crate::key::{Digits, Fingerprint};
use crate::platform::{PlaceId, Rest};
use crate::verdict::Verdict;

/// Somebody's word that a deployment does not hold a key, though nobody can see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// Whose key.
    pub owner: Owner,
    /// Which key; the word is good for no other.
    pub key: Fingerprint,
    /// The deployment, by its name alone or with environment and axes.
    pub deployment: String,
    /// Why.
    pub reason: String,
    /// The places of the deployment that were blind spots when it was said; it is good for no others.
    pub places: BTreeSet<PlaceId>,
    /// When it was said.
    pub at: Timestamp,
}

/// What came of saying that a deployment is no more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retired {
    /// Those that are retired now.
    pub names: Vec<Name>,
    /// The projects, and environments of them, that are.
    pub owners: Vec<Owner>,
    /// Those that other inventories know, each with its inventory: they are as they were.
    pub elsewhere: Vec<(Name, KnownInventory)>,
}

impl Ledger {
    /// Keeps somebody's word, said in this inventory; a later one takes its place.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub async fn accept(
        &self,
        inventory: &Inventory,
        acceptance: &Acceptance,
    ) -> Result<(), LedgerError> {
        let mut turn = self.write().await?;
        let accepted = accept(&mut turn.connection, inventory, acceptance).await;
        turn.end(accepted).await
    }

    /// What was said in this inventory of the keys of a project and its environments, the earliest first.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub async fn acceptances(
        &self,
        inventory: &Inventory,
        project: &str,
    ) -> Result<Vec<Acceptance>, LedgerError> {
        let mut turn = self.read().await?;
        let accepted = acceptances(&mut turn.connection, inventory, project).await;
        turn.end(accepted).await
    }

    /// Notes that deployments of this name, or of this name with environment and axes, are no more, as far as
    /// this inventory knew them; without a project, whosever key they held. Seen again, they are back.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub async fn retire(
        &self,
        inventory: &Inventory,
        project: Option<&str>,
        deployment: &str,
        at: Timestamp,
    ) -> Result<Retired, LedgerError> {
        let mut turn = self.write().await?;
        let retired = retire(&mut turn.connection, inventory, project, deployment, at).await;
        turn.end(retired).await
    }

    /// Notes that a project, or one environment of it, is no more, and with it its deployments, as far as this
    /// inventory knew them. Nothing is retired where another inventory knows deployments of it still. Seen again,
    /// it is back.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub async fn retire_project(
        &self,
        inventory: &Inventory,
        project: &str,
        environment: Option<&str>,
        at: Timestamp,
    ) -> Result<Retired, LedgerError> {
        let mut turn = self.write().await?;
        let connection = &mut turn.connection;
        let retired = retire_project(connection, inventory, project, environment, at).await;
        turn.end(retired).await
    }
}

/// Who is no more, and since when.
pub(super) async fn retired(
    connection: &mut Connection,
) -> Result<BTreeMap<Owner, Timestamp>, Failure> {
    let sql = "SELECT project, environment, retired_at FROM retired";
    let rows = connection.query(sql, &[]).await?;
    rows.iter()
        .map(|row| Ok((row.owner(0, 1)?, row.time(2)?)))
        .collect()
}

/// Notes that these are named again.
pub(super) async fn are_back(
    connection: &mut Connection,
    named: &BTreeSet<Owner>,
) -> Result<(), Failure> {
    let back = retired(connection).await?;
    for owner in back.keys().filter(|owner| named.contains(*owner)) {
        let sql = "DELETE FROM retired WHERE project = $1 AND environment = $2";
        connection.run(sql, &keys::own(owner)).await?;
    }
    Ok(())
}

/// Ends what was said of these keys before, since they are live now: they may be brought to any place.
pub(super) async fn are_live(
    connection: &mut Connection,
    live: &[Fingerprint],
    at: Timestamp,
) -> Result<(), Failure> {
    let sql = "SELECT DISTINCT fingerprint FROM acceptance WHERE accepted_at < $1";
    let mut over = Vec::new();
    for row in connection.query(sql, &[micros(at)]).await? {
        let key = row.fingerprint(0)?;
        if live.iter().any(|live| live.agrees(&key)) {
            over.push(row.get::<&str>(0)?.to_owned());
        }
    }
    for key in over {
        let sql = "DELETE FROM acceptance WHERE fingerprint = $1 AND accepted_at < $2";
        connection.run(sql, &[key.into(), micros(at)]).await?;
    }
    Ok(())
}

async fn accept(
    connection: &mut Connection,
    inventory: &Inventory,
    acceptance: &Acceptance,
) -> Result<(), Failure> {
    let own = inventories::enter(connection, inventory).await?.id;
    let places: Vec<_> = acceptance.places.iter().map(ToString::to_string).collect();
    let row = vec![
        Value::from(own),
        Value::from(&*acceptance.owner.project),
        environment(&acceptance.owner).into(),
        kept(&acceptance.key, Digits::MAX).to_string().into(),
        acceptance.deployment.as_str().into(),
        acceptance.reason.as_str().into(),
        places.join(" ").into(),
        micros(acceptance.at),
    ];
    connection
        .insert(
            "acceptance (inventory, project, environment, fingerprint, deployment, reason, places, \
             accepted_at)",
            vec![row],
            " ON CONFLICT (inventory, project, environment, fingerprint, deployment) DO UPDATE SET \
             reason = excluded.reason, places = excluded.places, accepted_at = excluded.accepted_at",
        )
        .await
}

async fn acceptances(
    connection: &mut Connection,
    inventory: &Inventory,
    project: &str,
) -> Result<Vec<Acceptance>, Failure> {
    let own = inventories::find(connection, inventory).await?;
    // Until somebody takes it over, what was nobody's is everybody's, as its deployments are.
    let sql = "SELECT project, environment, fingerprint, deployment, reason, places, accepted_at \
               FROM acceptance WHERE project = $1 AND inventory IN ($2, $3) \
               ORDER BY accepted_at, environment, deployment";
    let mut accepted = Vec::new();
    let nobody = inventories::NOBODY;
    let values = [project.into(), nobody.into(), own.unwrap_or(nobody).into()];
    for row in connection.query(sql, &values).await? {
        accepted.push(Acceptance {
            owner: row.owner(0, 1)?,
            key: row.fingerprint(2)?,
            deployment: row.get(3)?,
            reason: row.get(4)?,
            places: row
                .get::<&str>(5)?
                .split_whitespace()
                .map(place_id)
                .collect::<Result<_, _>>()?,
            at: row.time(6)?,
        });
    }
    // A key that was live since may have been brought to any place meanwhile.
    let reigns = keys::reigns(connection).await?;
    accepted.retain(|acceptance| {
        let is_later =
            |reign: &Reign| reign.is_of(&acceptance.key) && reign.last_seen > acceptance.at;
        !reigns.values().flatten().any(is_later)
    });
    let Some(first) = accepted.first() else {
        return Ok(accepted);
    };
    // Whoever answered for a place did not know what was seen there since.
    let sql = "SELECT deployment.name, deployment.title, deployment.inventory, hop.identity, span.fingerprint, \
               span.since, span.until, hop.holds, span.verdict, deployment.id, deployment.last_seen FROM deployment \
               JOIN hop ON hop.deployment = deployment.id JOIN span ON span.hop = hop.id \
               WHERE span.since > $1 OR span.until > $1 \
               OR span.until IS NULL AND (span.fingerprint IS NOT NULL OR hop.holds <> '')";
    let values = [micros(first.at)];
    let scopes = Scopes::read(connection).await?;
    for row in connection.query(sql, &values).await? {
        let (name, title): (String, String) = (row.get(0)?, row.get(1)?);
        let inventory = row.get::<i64>(2)?;
        let is_own = inventory == nobody || Some(inventory) == own;
        let place = row.place_id_or_none(3)?;
        let itself = row.fingerprint_or_none(4)?;
        let verdict: Verdict = row.word(8)?;
        // What was seen when something was seen last.
        let held = match verdict.shows_nothing() {
            true => Vec::new(),
            false => held(row.get::<Option<&str>>(7)?)?.unwrap_or_default(),
        };
        let since: i64 = row.get(5)?;
        // As it is still, it was when its deployment was looked at last.
        let last = match row.get::<Option<i64>>(6)? {
            Some(until) => until,
            None => {
                let (last_seen, _) = scopes.since(row.get(9)?, row.time(10)?, 0);
                last_seen.as_microsecond().max(since)
            }
        };
        accepted.retain(|acceptance| {
            let is_named = acceptance.deployment == name || acceptance.deployment == title;
            let is_it = place.is_some_and(|place| acceptance.places.contains(&place));
            let is_later = last > acceptance.at.as_microsecond();
            // What stood beside it when somebody answered may stand there still.
            let is_beside = place.is_some_and(|place| {
                let mut beside = [Rest::Key, Rest::Damaged].into_iter();
                beside.any(|what| acceptance.places.contains(&place.beside(what)))
            });
            let held = itself.iter().chain(held.iter().filter(|_| !is_beside));
            let is_held = held.into_iter().any(|print| acceptance.key.agrees(print));
            // It was said of what nobody saw, and then something was seen that nobody could explain.
            let shown = itself.filter(|_| verdict == Verdict::Unknown);
            let is_unexplained = place.zip(shown).is_some_and(|(place, shown)| {
                is_it && !acceptance.places.contains(&place.showing(&shown))
            });
            !((is_it || is_own && is_named) && is_later && (is_held || is_unexplained))
        });
    }
    Ok(accepted)
}

async fn retire(
    connection: &mut Connection,
    inventory: &Inventory,
    project: Option<&str>,
    deployment: &str,
    at: Timestamp,
) -> Result<Retired, Failure> {
    let own = inventories::find(connection, inventory).await?;
    let sql = "SELECT id, project, title, inventory, retired_at FROM deployment \
               WHERE title = $1 OR name = $1";
    let mut own_ones: BTreeMap<Name, Vec<i64>> = BTreeMap::new();
    let mut others: BTreeMap<i64, Vec<Name>> = BTreeMap::new();
    for row in connection.query(sql, &[deployment.into()]).await? {
        let name = Name {
            project: row.get::<&str>(1)?.into(),
            title: row.get::<&str>(2)?.into(),
        };
        if project.is_some_and(|project| *name.project != *project) {
            continue;
        }
        let of = row.get::<i64>(3)?;
        if of == inventories::NOBODY || Some(of) == own {
            own_ones.entry(name).or_default().push(row.get(0)?);
        } else if row.time_or_none(4)?.is_none() {
            others.entry(of).or_default().push(name);
        }
    }
    // Whoever gives a whole title means no other one of that name.
    if own_ones.keys().any(|name| *name.title == *deployment) {
        own_ones.retain(|name, _| *name.title == *deployment);
    }
    let ids: Vec<i64> = own_ones.values().flatten().copied().collect();
    close(connection, &ids, at).await?;
    Ok(Retired {
        names: own_ones.into_keys().collect(),
        owners: Vec::new(),
        elsewhere: with_inventories(connection, others).await?,
    })
}

async fn retire_project(
    connection: &mut Connection,
    inventory: &Inventory,
    project: &str,
    of: Option<&str>,
    at: Timestamp,
) -> Result<Retired, Failure> {
    let own = inventories::find(connection, inventory).await?;
    let declared = inventories::names(inventory);
    let sql = "SELECT id, title, inventory, environment FROM deployment \
               WHERE project = $1 AND retired_at IS NULL ORDER BY title";
    let mut own_ones: BTreeMap<Name, Vec<i64>> = BTreeMap::new();
    let mut others: BTreeMap<i64, Vec<Name>> = BTreeMap::new();
    for row in connection.query(sql, &[project.into()]).await? {
        let name = Name {
            project: project.into(),
            title: row.get::<&str>(1)?.into(),
        };
        let is_other = of.is_some_and(|of| row.get::<&str>(3).is_ok_and(|known| known != of));
        if is_other || declared.contains(&name) {
            continue;
        }
        let inventory = row.get::<i64>(2)?;
        if inventory == inventories::NOBODY || Some(inventory) == own {
            own_ones.entry(name).or_default().push(row.get(0)?);
        } else {
            others.entry(inventory).or_default().push(name);
        }
    }
    let elsewhere = with_inventories(connection, others).await?;
    if !elsewhere.is_empty() {
        return Ok(Retired {
            elsewhere,
            ..Retired::default()
        });
    }
    let ids: Vec<i64> = own_ones.values().flatten().copied().collect();
    close(connection, &ids, at).await?;
    let mut reigns = keys::reigns(connection).await?;
    reigns.retain(|owner, _| {
        *owner.project == *project && (of.is_none() || owner.environment.as_deref() == of)
    });
    let rows = reigns.iter().map(|(owner, reigns)| {
        // Whoever says so knows of it all that is known here, even if some other clock is ahead.
        let seen = reigns.iter().map(Reign::seen_until).max();
        let mut row = keys::own(owner);
        row.push(micros(seen.unwrap_or(at).max(at)));
        row
    });
    connection
        .insert(
            "retired (project, environment, retired_at)",
            rows.collect(),
            " ON CONFLICT (project, environment) DO UPDATE SET retired_at = excluded.retired_at",
        )
        .await?;
    Ok(Retired {
        names: own_ones.into_keys().collect(),
        owners: reigns.into_keys().collect(),
        elsewhere,
    })
}

/// Notes that these deployments are no more.
async fn close(connection: &mut Connection, ids: &[i64], at: Timestamp) -> Result<(), Failure> {
    let at = [micros(at)];
    let sql = "UPDATE deployment SET retired_at = $1 WHERE id IN";
    connection.run_for(sql, ids, &at).await?;
    // Nothing lasts of what is no more.
    let sql = "UPDATE span SET until = CASE WHEN since < $1 THEN $1 ELSE since END \
               WHERE until IS NULL AND (SELECT deployment FROM hop WHERE hop.id = span.hop) IN";
    connection.run_for(sql, ids, &at).await?;
    let sql = "UPDATE deployment SET digest = NULL WHERE id IN";
    connection.run_for(sql, ids, &[]).await?;
    scope::forget(connection).await
}

/// Each deployment with the inventory that knows it.
async fn with_inventories(
    connection: &mut Connection,
    mut names: BTreeMap<i64, Vec<Name>>,
) -> Result<Vec<(Name, KnownInventory)>, Failure> {
    let mut all = Vec::new();
    for known in inventories::all(connection).await? {
        let names = names.remove(&known.id).unwrap_or_default();
        all.extend(names.into_iter().map(|name| (name, known.clone())));
    }
    Ok(all)
}
