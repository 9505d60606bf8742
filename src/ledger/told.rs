use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::db::{Connection, Value};
use super::difference::{Difference, Held, Standing, difference};
use super::error::Failure;
use super::record::{Known, is_partial, known, named};
use super::references::{self, Became};
use super::words::kept;
use super::{Change, ChangeKind, Changes, Conclusion, Ledger, LedgerError, Name, inventories};
use crate::audit::{Audit, Owner};
use crate::key::Fingerprint;
use crate::verdict::Verdict;

/// What of an audit is to be told to one receiver, and what will have been when it was.
pub struct ChangeSet {
    /// What is to be told.
    pub changes: Changes,
    receiver: String,
    /// `None` where nothing of it will be kept.
    inventory: Option<i64>,
    news: Vec<News>,
    /// What changed references are now; `None` where the receiver was told of all of that.
    became: Option<Became>,
}

/// What is different for a receiver, and how that stands.
struct News {
    name: Name,
    /// Index into the audit's deployments; `None` for one that is gone.
    index: Option<usize>,
    difference: Difference,
    before: Option<Standing>,
    now: Option<Standing>,
}

type Standings = BTreeMap<Name, Standing>;

impl Ledger {
    /// What became of the audit's deployments since each of these receivers was last told. To be asked when
    /// the audit is recorded; of one that was interrupted there is nothing to tell.
    ///
    /// Deployments that `--until` judged in part are passed over. Good news has to hold for two audits in a
    /// row, and what is out of reach counts from its third one on; but whoever was told of nothing yet is told
    /// of everything that is not fine.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub async fn changes(
        &self,
        audit: &Audit,
        conclusion: &Conclusion,
        receivers: &[&str],
    ) -> Result<Vec<ChangeSet>, LedgerError> {
        let mut turn = self.read().await?;
        let sets = sets(&mut turn.connection, audit, conclusion, receivers).await;
        turn.end(sets).await
    }

    /// Notes that a receiver was told of these changes, but for what is held back, and only as far as
    /// `concerns` says that it is told of a deployment, or of one that is gone, at all.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub async fn tell(
        &self,
        set: ChangeSet,
        held_back: &BTreeSet<Name>,
        concerns: impl Fn(&Name, Option<usize>) -> bool,
    ) -> Result<(), LedgerError> {
        let Some(inventory) = set.inventory else {
            return Ok(());
        };
        let mut news = set.news;
        news.retain(|news| !held_back.contains(&news.name) && concerns(&news.name, news.index));
        let mut turn = self.write().await?;
        let connection = &mut turn.connection;
        let told = match tell(connection, news, inventory, &set.receiver).await {
            Ok(()) => match set.became {
                Some(now) => references::tell(connection, inventory, &set.receiver, &now).await,
                None => Ok(()),
            },
            failed => failed,
        };
        turn.end(told).await
    }
}

impl News {
    fn change(&self, audit: &Audit) -> Option<Change> {
        let Difference::Tell(kind) = self.difference else {
            return None;
        };
        Some(Change {
            kind,
            name: self.name.clone(),
            outcome: self.index,
            before: self.before.map(|standing| standing.verdict),
            now: self.index.map(|index| audit.deployments[index].verdict),
        })
    }
}

async fn sets(
    connection: &mut Connection,
    audit: &Audit,
    conclusion: &Conclusion,
    receivers: &[&str],
) -> Result<Vec<ChangeSet>, Failure> {
    let inventory = match audit.interrupted {
        true => None,
        false => inventories::find(connection, &audit.inventory).await?,
    };
    let known = match inventory {
        Some(inventory) => known(connection, inventory).await?,
        None => HashMap::new(),
    };
    let named = named(audit);
    let unsettled = references::unsettled(audit);
    let mut sets = Vec::with_capacity(receivers.len());
    for receiver in receivers {
        let mut set = ChangeSet {
            changes: Changes::default(),
            receiver: (*receiver).to_owned(),
            inventory,
            news: Vec::new(),
            became: None,
        };
        if let Some(inventory) = inventory {
            let told = standings(connection, inventory, receiver).await?;
            let gone = gone(audit, &told, &known);
            let mut audited = named.keys();
            set.changes.first = gone.is_empty() && !audited.any(|name| told.contains_key(name));
            set.news = present(
                audit,
                conclusion,
                &named,
                (&told, set.changes.first),
                &known,
            );
            set.news.extend(gone);
            let changes = set.news.iter().filter_map(|news| news.change(audit));
            set.changes.list = changes.collect();
            let told = references::told(connection, inventory, receiver).await?;
            let is_told = |owner: &Owner, is: &Fingerprint| {
                told.get(owner).is_some_and(|told| told.agrees(is))
            };
            let news = unsettled
                .iter()
                .filter(|(_, owner, is)| !is_told(owner, is));
            set.changes.references = news.map(|(id, ..)| *id).collect();
            let became: Became = unsettled
                .iter()
                .map(|(_, owner, is)| (owner.clone(), *is))
                .collect();
            set.became = (became != told).then_some(became);
        }
        sets.push(set);
    }
    Ok(sets)
}

fn present(
    audit: &Audit,
    conclusion: &Conclusion,
    named: &BTreeMap<Name, usize>,
    (told, first): (&Standings, bool),
    known: &HashMap<Name, Known>,
) -> Vec<News> {
    let mut news = Vec::new();
    for (name, &index) in named {
        let outcome = &audit.deployments[index];
        if is_partial(outcome) || outcome.verdict == Verdict::NotSelected {
            continue;
        }
        let now = standing(audit, index, conclusion);
        let same = |known: &&Known| known.verdict == Some(outcome.verdict);
        let times = known.get(name).filter(same).map_or(1, |known| known.times);
        let before = told.get(name).copied();
        news.push(News {
            difference: difference(before.as_ref(), &now, Held { times, first }),
            name: name.clone(),
            index: Some(index),
            before,
            now: Some(now),
        });
    }
    news.sort_by_key(|news| news.index);
    news
}

/// How a deployment stands.
fn standing(audit: &Audit, index: usize, conclusion: &Conclusion) -> Standing {
    let outcome = &audit.deployments[index];
    if !outcome.verdict.is_finding() || conclusion.accepted.contains(&index) {
        return Standing {
            verdict: Verdict::Current,
            fingerprint: None,
            broken_at: None,
        };
    }
    let broken = outcome.broken_at.map(usize::from);
    let broken = broken.and_then(|broken| outcome.hops.get(broken)?.leading());
    let fingerprint = broken.and_then(|lead| lead.fingerprint);
    Standing {
        verdict: outcome.verdict,
        fingerprint: fingerprint.map(|print| kept(&print, audit.inventory.digits)),
        broken_at: outcome.broken_at,
    }
}

/// What the receiver was told of, and targets.yaml names no more.
fn gone(audit: &Audit, told: &Standings, known: &HashMap<Name, Known>) -> Vec<News> {
    let named = inventories::names(&audit.inventory);
    told.iter()
        .filter(|(name, _)| !named.contains(name))
        .map(|(name, &before)| {
            let known = known.get(name);
            let retired = known.is_some_and(|known| known.retired_at.is_some());
            News {
                difference: if retired {
                    Difference::Settle
                } else {
                    Difference::Tell(ChangeKind::Gone)
                },
                name: name.clone(),
                index: None,
                before: Some(before),
                now: None,
            }
        })
        .collect()
}

async fn tell(
    connection: &mut Connection,
    news: Vec<News>,
    inventory: i64,
    receiver: &str,
) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for news in news {
        let name = [Value::from(&*news.name.project), (&*news.name.title).into()];
        let mut row = vec![inventory.into(), receiver.into()];
        row.extend(name);
        match news.now {
            _ if news.difference == Difference::Wait || news.now == news.before => {}
            Some(mut now) => {
                // A key that is out of sight for now is not forgotten.
                let same = |before: &Standing| before.broken_at == now.broken_at;
                let before = news.before.filter(same);
                if now.verdict.is_finding() {
                    let before = before.and_then(|before| before.fingerprint);
                    now.fingerprint = now.fingerprint.or(before);
                }
                row.extend([
                    now.verdict.name().into(),
                    now.fingerprint.map(|print| print.to_string()).into(),
                    now.broken_at.map(i64::from).into(),
                ]);
                rows.push(row);
            }
            None => {
                let sql = "DELETE FROM told WHERE inventory = $1 AND receiver = $2 \
                           AND project = $3 AND title = $4";
                connection.run(sql, &row).await?;
            }
        }
    }
    connection
        .insert(
            "told (inventory, receiver, project, title, verdict, fingerprint, broken_at)",
            rows,
            " ON CONFLICT (inventory, receiver, project, title) DO UPDATE SET \
             verdict = excluded.verdict, fingerprint = excluded.fingerprint, broken_at = excluded.broken_at",
        )
        .await
}

async fn standings(
    connection: &mut Connection,
    inventory: i64,
    receiver: &str,
) -> Result<Standings, Failure> {
    let sql = "SELECT project, title, verdict, fingerprint, broken_at FROM told \
               WHERE inventory = $1 AND receiver = $2";
    let mut told = Standings::new();
    let whose = [inventory.into(), receiver.into()];
    for row in connection.query(sql, &whose).await? {
        let name = Name {
            project: row.get::<&str>(0)?.into(),
            title: row.get::<&str>(1)?.into(),
        };
        let broken_at: Option<i64> = row.get(4)?;
        let standing = Standing {
            verdict: row.word(2)?,
            fingerprint: row.fingerprint_or_none(3)?,
            broken_at: broken_at.and_then(|hop| u16::try_from(hop).ok()),
        };
        told.insert(name, standing);
    }
    Ok(told)
}
