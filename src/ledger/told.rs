use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::db::{Connection, Value};
use super::difference::{Difference, Held, Standing, difference};
use super::error::Failure;
use super::record::{Known, is_partial, known, named};
use super::words::kept;
use super::{Change, ChangeKind, Conclusion, Ledger, LedgerError, Name};
use crate::audit::Audit;
use crate::verdict::Verdict;

/// Somebody who is told of changes.
#[derive(Clone, Copy, Debug)]
pub struct Receiver<'a> {
    /// Under which the ledger keeps what was told.
    pub name: &'a str,
    /// Whether good news waits until it held in two audits in a row, so that what flaps is told once.
    pub patient: bool,
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
    /// What became of the audit's deployments since this receiver was last told: first those of the
    /// audit, as declared, then those that are gone. To be asked when the audit is recorded; of one that
    /// was interrupted there is nothing to tell.
    ///
    /// Deployments that `--until` judged in part are passed over. What is out of reach counts from its
    /// third audit in a row on.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub async fn changes(
        &self,
        audit: &Audit,
        conclusion: &Conclusion,
        receiver: &Receiver<'_>,
    ) -> Result<Vec<Change>, LedgerError> {
        let mut turn = self.read().await?;
        let news = news(&mut turn.connection, audit, conclusion, receiver).await;
        let news = turn.end(news).await?;
        Ok(news
            .into_iter()
            .filter_map(|news| news.change(audit))
            .collect())
    }

    /// Notes that this receiver was told what [`Ledger::changes`] gives, but for what is held back.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written.
    pub async fn tell(
        &self,
        audit: &Audit,
        conclusion: &Conclusion,
        receiver: &Receiver<'_>,
        held_back: &BTreeSet<Name>,
    ) -> Result<(), LedgerError> {
        let mut turn = self.write().await?;
        let news = news(&mut turn.connection, audit, conclusion, receiver).await;
        let told = match news {
            Ok(mut news) => {
                news.retain(|news| !held_back.contains(&news.name));
                tell(&mut turn.connection, news, receiver).await
            }
            Err(failure) => Err(failure),
        };
        turn.end(told).await
    }
}

impl News {
    fn change(self, audit: &Audit) -> Option<Change> {
        let Difference::Tell(kind) = self.difference else {
            return None;
        };
        Some(Change {
            kind,
            name: self.name,
            outcome: self.index,
            before: self.before.map(|standing| standing.verdict),
            now: self.index.map(|index| audit.deployments[index].verdict),
        })
    }
}

async fn news(
    connection: &mut Connection,
    audit: &Audit,
    conclusion: &Conclusion,
    receiver: &Receiver<'_>,
) -> Result<Vec<News>, Failure> {
    if audit.interrupted {
        return Ok(Vec::new());
    }
    let told = standings(connection, receiver).await?;
    let known = known(connection).await?;
    let mut news = present(audit, conclusion, receiver, &told, &known);
    news.extend(gone(audit, told, &known));
    Ok(news)
}

fn present(
    audit: &Audit,
    conclusion: &Conclusion,
    receiver: &Receiver<'_>,
    told: &Standings,
    known: &HashMap<Name, Known>,
) -> Vec<News> {
    let mut news = Vec::new();
    for (name, index) in named(audit) {
        let outcome = &audit.deployments[index];
        if is_partial(outcome) || outcome.verdict == Verdict::NotSelected {
            continue;
        }
        let now = standing(audit, index, conclusion);
        let same = |known: &&Known| known.verdict == Some(outcome.verdict);
        let times = known.get(&name).filter(same).map_or(1, |known| known.times);
        let patient = receiver.patient;
        let before = told.get(&name).copied();
        news.push(News {
            difference: difference(before.as_ref(), &now, Held { times, patient }),
            name,
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

/// What the receiver was told of, and targets.yaml names no more. Of a project that is not in it
/// either, another file may well be in charge.
fn gone(audit: &Audit, told: Standings, known: &HashMap<Name, Known>) -> Vec<News> {
    let inventory = &audit.inventory;
    let projects: BTreeSet<&str> = inventory.projects.iter().map(|one| &*one.name).collect();
    let named: BTreeSet<Name> = inventory
        .deployments
        .iter()
        .map(|declared| Name::of(&inventory.project(declared.project).name, declared))
        .collect();
    told.into_iter()
        .filter(|(name, _)| projects.contains(&*name.project) && !named.contains(name))
        .map(|(name, before)| {
            let known = known.get(&name);
            let retired = known.is_some_and(|known| known.retired_at.is_some());
            News {
                difference: if retired {
                    Difference::Settle
                } else {
                    Difference::Tell(ChangeKind::Gone)
                },
                name,
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
    receiver: &Receiver<'_>,
) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for news in news {
        let name = [Value::from(&*news.name.project), (&*news.name.title).into()];
        let mut row = vec![Value::from(receiver.name)];
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
                let sql = "DELETE FROM told WHERE receiver = $1 AND project = $2 AND title = $3";
                connection.run(sql, &row).await?;
            }
        }
    }
    connection
        .insert(
            "told (receiver, project, title, verdict, fingerprint, broken_at)",
            rows,
            " ON CONFLICT (receiver, project, title) DO UPDATE SET verdict = excluded.verdict, \
             fingerprint = excluded.fingerprint, broken_at = excluded.broken_at",
        )
        .await
}

async fn standings(
    connection: &mut Connection,
    receiver: &Receiver<'_>,
) -> Result<Standings, Failure> {
    let sql =
        "SELECT project, title, verdict, fingerprint, broken_at FROM told WHERE receiver = $1";
    let mut told = Standings::new();
    for row in connection.query(sql, &[receiver.name.into()]).await? {
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
