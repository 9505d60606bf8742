//! Whose deployments are whose, where several targets.yaml share a ledger.
//!
//! Keys, and what is known of the places that hold them, are the ledger's: whoever asks is told of all. Which
//! deployments there are, how they stand and what was told of them is each inventory's own.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::db::{Connection, Value};
use super::error::Failure;
use super::merge::merge;
use super::{Ledger, LedgerError, Name, scope};
use crate::inventory::{Identity, Inventory};

/// What was written down before inventories were told apart.
pub(super) const NOBODY: i64 = 0;

/// How an inventory was known again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recognized {
    /// By its name, or without one by its file.
    Well,
    /// Not at all, so it begins now.
    New {
        /// What others are called, or where their files are, that have deployments of the same names.
        beside: Vec<String>,
    },
    /// By what it names, for the file that it was in is there no more.
    Moved {
        /// Where that was.
        from: PathBuf,
    },
    /// By its file; it has a name now.
    Named,
    /// By its file and what it names; it had another name.
    Renamed {
        /// Which.
        before: String,
    },
    /// By its file and what it names; the file gives it no name anymore.
    Unsaid {
        /// The name that it has.
        before: String,
    },
}

/// An inventory whose audits are in a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownInventory {
    /// By which deployments refer to it.
    pub id: i64,
    /// As its main file says.
    pub name: Option<String>,
    /// Where its main file was.
    pub files: Vec<String>,
}

/// What the ledger makes of an inventory.
struct Found {
    /// `None` for a new one.
    id: Option<i64>,
    how: Recognized,
    /// Whether there is nothing to write down.
    is_noted: bool,
}

/// An inventory that is written down.
pub(super) struct Entry {
    pub id: i64,
    how: Recognized,
}

type Names = BTreeSet<Name>;

impl KnownInventory {
    /// What people know it by.
    #[must_use]
    pub fn title(&self) -> &str {
        let file = self.files.first().map(String::as_str);
        self.name.as_deref().or(file).unwrap_or_default()
    }
}

impl Ledger {
    /// Notes whose audits come from now on, and says how it was known whose they are.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub async fn enter(&self, inventory: &Inventory) -> Result<Recognized, LedgerError> {
        let mut turn = self.read().await?;
        let found = resolve(&mut turn.connection, inventory).await;
        let found = turn.end(found).await?;
        if found.is_noted {
            return Ok(found.how);
        }
        let mut turn = self.write().await?;
        let entered = enter(&mut turn.connection, inventory).await;
        Ok(turn.end(entered).await?.how)
    }

    /// By which number the ledger knows an inventory; `None` where it does not.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub async fn number_of(&self, inventory: &Inventory) -> Result<Option<i64>, LedgerError> {
        let mut turn = self.read().await?;
        let found = resolve(&mut turn.connection, inventory).await;
        Ok(turn.end(found).await?.id)
    }

    /// Every inventory whose audits are in the ledger.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub async fn inventories(&self) -> Result<Vec<KnownInventory>, LedgerError> {
        let mut turn = self.read().await?;
        let all = all(&mut turn.connection).await;
        turn.end(all).await
    }

    /// Carries the history of one inventory, given by its name or its file, over to the one of this name. What
    /// that one has itself stays as it is. Gives back how many deployments came over; `None` where nobody
    /// knows such an inventory.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub async fn rename(&self, before: &str, after: &str) -> Result<Option<u64>, LedgerError> {
        let mut turn = self.write().await?;
        let renamed = rename(&mut turn.connection, before, after).await;
        turn.end(renamed).await
    }
}

/// The number of an inventory; `None` where the ledger does not know it yet.
pub(super) async fn find(
    connection: &mut Connection,
    inventory: &Inventory,
) -> Result<Option<i64>, Failure> {
    Ok(resolve(connection, inventory).await?.id)
}

/// Writes down whose audits come from now on.
pub(super) async fn enter(
    connection: &mut Connection,
    inventory: &Inventory,
) -> Result<Entry, Failure> {
    let Found { id, how, is_noted } = resolve(connection, inventory).await?;
    let name = inventory.identity.name.as_deref();
    let id = match id {
        Some(id) => {
            if let (Some(name), false) = (name, is_noted) {
                let sql = "UPDATE inventory SET name = $1 WHERE id = $2";
                connection.run(sql, &[name.into(), id.into()]).await?;
            }
            id
        }
        None => {
            let id = connection.last_id("inventory").await? + 1;
            let row = vec![id.into(), Value::Text(name.map(str::to_owned))];
            connection
                .insert("inventory (id, name)", vec![row], "")
                .await?;
            adopt(connection, inventory, id).await?;
            id
        }
    };
    if !is_noted {
        let row = vec![path_of(&inventory.identity).into(), id.into()];
        let over = " ON CONFLICT (path) DO UPDATE SET inventory = excluded.inventory";
        let into = "targets (path, inventory)";
        connection.insert(into, vec![row], over).await?;
    }
    Ok(Entry { id, how })
}

async fn resolve(connection: &mut Connection, inventory: &Inventory) -> Result<Found, Failure> {
    let identity = &inventory.identity;
    let name = identity.name.as_deref();
    let sql = "SELECT inventory.id, inventory.name FROM targets \
               JOIN inventory ON inventory.id = targets.inventory WHERE targets.path = $1";
    let here = connection.query(sql, &[path_of(identity).into()]).await?;
    let here = match here.first() {
        Some(row) => Some((
            row.get::<i64>(0)?,
            row.get::<Option<&str>>(1)?.map(str::to_owned),
        )),
        None => None,
    };
    if let Some(name) = name {
        let sql = "SELECT id FROM inventory WHERE name = $1";
        let rows = connection.query(sql, &[name.into()]).await?;
        if let Some(row) = rows.first() {
            let id = row.get(0)?;
            return Ok(Found {
                id: Some(id),
                how: Recognized::Well,
                is_noted: here.is_some_and(|(here, _)| here == id),
            });
        }
    }
    // A path means one file on this machine, but not on all that share a server.
    let path_tells = matches!(connection, Connection::Sqlite(_));
    if let (None, Some((id, None))) = (name, &here)
        && (path_tells || shares_one_of_the_first(connection, inventory, *id).await?)
    {
        return Ok(Found {
            id: Some(*id),
            how: Recognized::Well,
            is_noted: true,
        });
    }
    let mine = names(inventory);
    if let Some((id, before)) = here {
        let theirs = deployments(connection, id).await?;
        let how = match (name, before) {
            (None, Some(before)) if alike(&mine, &theirs) => Some(Recognized::Unsaid { before }),
            (Some(_), Some(before)) if alike(&mine, &theirs) => {
                Some(Recognized::Renamed { before })
            }
            (_, None) if path_tells || theirs.is_empty() || !mine.is_disjoint(&theirs) => {
                Some(match name {
                    None => Recognized::Well,
                    Some(_) => Recognized::Named,
                })
            }
            _ => None,
        };
        if let Some(how) = how {
            return Ok(Found {
                id: Some(id),
                is_noted: name.is_none(),
                how,
            });
        }
    }
    elsewhere(connection, &mine).await
}

/// A quick look, which nearly always tells.
async fn shares_one_of_the_first(
    connection: &mut Connection,
    inventory: &Inventory,
    id: i64,
) -> Result<bool, Failure> {
    let sql = "SELECT id FROM deployment WHERE inventory = $1 AND project = $2 AND title = $3 \
               AND retired_at IS NULL";
    for declared in inventory.deployments.iter().take(10) {
        let project = Value::from(&*inventory.project(declared.project).name);
        let values = [id.into(), project, declared.title().into()];
        if !connection.query(sql, &values).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the ledger makes of an inventory whose file and name it does not know.
async fn elsewhere(connection: &mut Connection, mine: &Names) -> Result<Found, Failure> {
    let mut moved: Option<(usize, i64, PathBuf)> = None;
    let mut beside = Vec::new();
    for known in all(connection).await? {
        let theirs = deployments(connection, known.id).await?;
        let shared = mine.intersection(&theirs).count();
        if shared == 0 {
            continue;
        }
        let is_there = |file: &String| Path::new(file).try_exists().unwrap_or(true);
        let is_left = known.name.is_none() && !known.files.iter().any(is_there);
        let is_best = moved.as_ref().is_none_or(|(best, ..)| shared > *best);
        if is_left && alike(mine, &theirs) && is_best {
            let from = known.files.first().cloned().unwrap_or_default();
            moved = Some((shared, known.id, from.into()));
        }
        beside.push(known.title().to_owned());
    }
    Ok(match moved {
        Some((_, id, from)) => Found {
            id: Some(id),
            how: Recognized::Moved { from },
            is_noted: false,
        },
        None => Found {
            id: None,
            how: Recognized::New { beside },
            is_noted: false,
        },
    })
}

/// Whether what two inventories name is the same for the most part.
fn alike(one: &Names, other: &Names) -> bool {
    let shared = one.intersection(other).count();
    shared > 0 && shared * 2 >= one.len().max(other.len())
}

/// Takes over what was written down before inventories were told apart: all of it where it came from this file
/// alone, else what this one names.
async fn adopt(connection: &mut Connection, inventory: &Inventory, id: i64) -> Result<(), Failure> {
    let sql = "SELECT id, project, title FROM deployment WHERE inventory = $1";
    let rows = connection.query(sql, &[NOBODY.into()]).await?;
    if rows.is_empty() {
        return Ok(());
    }
    let sql = "SELECT path FROM targets WHERE inventory IS NULL";
    let mut files = Vec::new();
    for row in connection.query(sql, &[]).await? {
        files.push(row.get::<&str>(0)?.to_owned());
    }
    let own = path_of(&inventory.identity);
    let is_whole = match files.as_slice() {
        [] => true,
        [only] => *only == own || !Path::new(only).try_exists().unwrap_or(true),
        _ => false,
    };
    let mine = names(inventory);
    let mut ids = Vec::new();
    for row in rows {
        let name = Name {
            project: row.get::<&str>(1)?.into(),
            title: row.get::<&str>(2)?.into(),
        };
        if is_whole || mine.contains(&name) {
            ids.push(row.get(0)?);
        }
    }
    if is_whole {
        let sql = "UPDATE audit SET inventory = $1 WHERE inventory IS NULL OR inventory = $2";
        connection.run(sql, &[id.into(), NOBODY.into()]).await?;
    }
    let take = "UPDATE deployment SET inventory = $1 WHERE id IN";
    connection.run_for(take, &ids, &[id.into()]).await?;
    let sql = "UPDATE told SET inventory = $1 WHERE inventory = $2 AND EXISTS (\
               SELECT 1 FROM deployment WHERE deployment.inventory = $1 \
               AND deployment.project = told.project AND deployment.title = told.title)";
    connection.run(sql, &[id.into(), NOBODY.into()]).await?;
    let sql = format!(
        "UPDATE acceptance SET inventory = $1 WHERE inventory = $2 AND {}",
        names_one_of("$1")
    );
    connection.run(&sql, &[id.into(), NOBODY.into()]).await?;
    Ok(())
}

/// Whether an acceptance names a deployment of this inventory.
fn names_one_of(inventory: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM deployment WHERE deployment.inventory = {inventory} \
         AND (deployment.title = acceptance.deployment OR deployment.name = acceptance.deployment))"
    )
}

async fn rename(
    connection: &mut Connection,
    before: &str,
    after: &str,
) -> Result<Option<u64>, Failure> {
    let known = all(connection).await?;
    let by_name = |name: &str| {
        let mut known = known.iter();
        known.find(|one| one.name.as_deref() == Some(name))
    };
    let by_file = || {
        let is_of = |one: &&KnownInventory| one.files.iter().any(|file| file == before);
        known.iter().find(|one| one.name.is_none() && is_of(one))
    };
    let Some(from) = by_name(before).or_else(by_file) else {
        return Ok(None);
    };
    let from_id = from.id;
    let from = Value::from(from_id);
    let Some(to) = by_name(after) else {
        let sql = "UPDATE inventory SET name = $1 WHERE id = $2";
        connection.run(sql, &[after.into(), from.clone()]).await?;
        let sql = "UPDATE deployment SET inventory = $1 WHERE inventory = $1";
        return Ok(Some(connection.run(sql, &[from]).await?));
    };
    let both = [Value::from(to.id), from.clone()];
    if both[0] == both[1] {
        return Ok(Some(0));
    }
    scope::settle(connection).await?;
    let sql = "UPDATE deployment SET inventory = $1 WHERE inventory = $2 AND NOT EXISTS (\
               SELECT 1 FROM deployment AS other WHERE other.inventory = $1 \
               AND other.project = deployment.project AND other.title = deployment.title)";
    let came = connection.run(sql, &both).await?;
    let came = came + merge(connection, from_id, to.id).await?;
    let stays = names_one_of("$2");
    let accepted = format!(
        "UPDATE acceptance SET inventory = $1 WHERE inventory = $2 AND NOT {stays} AND NOT EXISTS (\
         SELECT 1 FROM acceptance AS other WHERE other.inventory = $1 \
         AND other.project = acceptance.project AND other.environment = acceptance.environment \
         AND other.fingerprint = acceptance.fingerprint AND other.deployment = acceptance.deployment)"
    );
    for sql in [
        &accepted,
        "UPDATE told SET inventory = $1 WHERE inventory = $2 AND NOT EXISTS (\
         SELECT 1 FROM told AS other WHERE other.inventory = $1 AND other.receiver = told.receiver \
         AND other.project = told.project AND other.title = told.title)",
        "UPDATE targets SET inventory = $1 WHERE inventory = $2",
        "UPDATE audit SET inventory = $1 WHERE inventory = $2",
    ] {
        connection.run(sql, &both).await?;
    }
    for sql in [
        "DELETE FROM told WHERE inventory = $1",
        "DELETE FROM inventory WHERE id = $1 AND NOT EXISTS (\
         SELECT 1 FROM deployment WHERE deployment.inventory = inventory.id)",
        "DELETE FROM acceptance WHERE inventory = $1 AND NOT EXISTS (\
         SELECT 1 FROM inventory WHERE inventory.id = acceptance.inventory)",
    ] {
        connection.run(sql, std::slice::from_ref(&from)).await?;
    }
    Ok(Some(came))
}

pub(super) async fn all(connection: &mut Connection) -> Result<Vec<KnownInventory>, Failure> {
    let sql = "SELECT inventory.id, inventory.name, targets.path FROM inventory \
               LEFT JOIN targets ON targets.inventory = inventory.id \
               ORDER BY inventory.id, targets.path";
    let mut all: Vec<KnownInventory> = Vec::new();
    for row in connection.query(sql, &[]).await? {
        let id = row.get(0)?;
        if all.last().is_none_or(|last| last.id != id) {
            all.push(KnownInventory {
                id,
                name: row.get::<Option<&str>>(1)?.map(str::to_owned),
                files: Vec::new(),
            });
        }
        if let (Some(last), Some(file)) = (all.last_mut(), row.get::<Option<&str>>(2)?) {
            last.files.push(file.to_owned());
        }
    }
    Ok(all)
}

/// The deployments of an inventory that nobody retired.
async fn deployments(connection: &mut Connection, inventory: i64) -> Result<Names, Failure> {
    let sql = "SELECT project, title FROM deployment \
               WHERE inventory = $1 AND retired_at IS NULL";
    let mut names = Names::new();
    for row in connection.query(sql, &[inventory.into()]).await? {
        names.insert(Name {
            project: row.get::<&str>(0)?.into(),
            title: row.get::<&str>(1)?.into(),
        });
    }
    Ok(names)
}

/// What targets.yaml names.
pub(super) fn names(inventory: &Inventory) -> Names {
    let deployments = inventory.deployments.iter();
    deployments
        .map(|declared| Name::of(&inventory.project(declared.project).name, declared))
        .collect()
}

fn path_of(identity: &Identity) -> String {
    identity.path.to_string_lossy().into_owned()
}
