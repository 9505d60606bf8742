//! How long rotations took.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::db::Connection;
use super::error::Failure;
use super::retain::kept_since;
use super::{Ledger, LedgerError, keys};
use crate::audit::{Owner, Reign};
use crate::key::Fingerprint;
use crate::verdict::{Stage, Verdict};

/// A key, and how it came into use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Whose.
    pub owner: Owner,
    /// The key, with its times.
    pub reign: Reign,
    /// When the next key came; `None` for the current one.
    pub until: Option<Timestamp>,
    /// The stages that were on a route meanwhile, in the order a key travels. Empty where that is not
    /// kept anymore.
    pub stages: Vec<Converged>,
}

/// How one stage followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converged {
    /// Which.
    pub stage: Stage,
    /// Places on the routes.
    pub hops: usize,
    /// Those that held something wrong in the end.
    pub left: usize,
    /// Those that could not be read in the end, or proved nothing.
    pub unseen: usize,
    /// From the rotation until an audit first saw that the last place had followed; zero where all had it
    /// before. `None` while some are left, and where what happened is not kept anymore.
    pub took: Option<SignedDuration>,
}

/// A stretch of a hop, as far as it counts here.
struct Stretch {
    verdict: Verdict,
    fingerprint: Option<Fingerprint>,
    since: Timestamp,
    until: Option<Timestamp>,
}

/// The stretches of each hop, by whose key it should hold.
type Hops = HashMap<Owner, BTreeMap<(Stage, i64), Vec<Stretch>>>;

impl Ledger {
    /// Every key that was a reference, by owner, the earliest first; of one project with its environments,
    /// or of all.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub async fn rotations(&self, project: Option<&str>) -> Result<Vec<Rotation>, LedgerError> {
        let mut turn = self.read().await?;
        let rotations = rotations(&mut turn.connection, project).await;
        turn.end(rotations).await
    }
}

async fn rotations(
    connection: &mut Connection,
    project: Option<&str>,
) -> Result<Vec<Rotation>, Failure> {
    let reigns = keys::reigns(connection).await?;
    let hops = stretches(connection, project).await?;
    let kept_since = kept_since(connection).await?;
    let mut rotations = Vec::new();
    for (owner, reigns) in reigns {
        if project.is_some_and(|project| *owner.project != *project) {
            continue;
        }
        for (index, reign) in reigns.iter().enumerate() {
            let until = reigns.get(index + 1).map(began);
            let mut stages = converged(hops.get(&owner), reign, until);
            if let Some(kept_since) = kept_since {
                if until.is_some_and(|until| until < kept_since) {
                    stages.clear();
                }
                if began(reign) < kept_since {
                    stages.iter_mut().for_each(|stage| stage.took = None);
                }
            }
            rotations.push(Rotation {
                owner: owner.clone(),
                reign: reign.clone(),
                until,
                stages,
            });
        }
    }
    Ok(rotations)
}

fn began(reign: &Reign) -> Timestamp {
    // A declared time that was wrong must not reach back before the key was seen not to be there.
    reign
        .rotated_at
        .unwrap_or(reign.first_seen)
        .min(reign.first_seen)
}

async fn stretches(connection: &mut Connection, project: Option<&str>) -> Result<Hops, Failure> {
    // Asked for apart, since a hop has many stretches and its texts would come with each.
    let sql = "SELECT hop.id, deployment.project, deployment.environment, hop.stage FROM hop \
               JOIN deployment ON deployment.id = hop.deployment \
               WHERE $1 = '' OR deployment.project = $1";
    let wanted = || [project.unwrap_or_default().into()];
    let mut known = HashMap::new();
    for row in connection.query(sql, &wanted()).await? {
        let hop = (row.owner(1, 2)?, row.word::<Stage>(3)?, Vec::new());
        known.insert(row.get::<i64>(0)?, hop);
    }
    let sql = "SELECT span.hop, span.verdict, span.fingerprint, span.since, span.until FROM span \
               WHERE $1 = '' OR span.hop IN (SELECT hop.id FROM hop JOIN deployment \
               ON deployment.id = hop.deployment WHERE deployment.project = $1) ORDER BY span.id";
    for row in connection.query(sql, &wanted()).await? {
        if let Some((_, _, stretches)) = known.get_mut(&row.get::<i64>(0)?) {
            stretches.push(Stretch {
                verdict: row.word(1)?,
                fingerprint: row.fingerprint_or_none(2)?,
                since: row.time(3)?,
                until: row.time_or_none(4)?,
            });
        }
    }
    let mut hops = Hops::new();
    for (id, (owner, stage, mut stretches)) in known {
        if !stretches.is_empty() {
            stretches.sort_by_key(|stretch| stretch.since);
            hops.entry(owner)
                .or_default()
                .insert((stage, id), stretches);
        }
    }
    Ok(hops)
}

/// How the stages followed this key, from its beginning until another one took its place.
fn converged(
    hops: Option<&BTreeMap<(Stage, i64), Vec<Stretch>>>,
    reign: &Reign,
    until: Option<Timestamp>,
) -> Vec<Converged> {
    let start = began(reign);
    let mut stages: BTreeMap<Stage, Converged> = BTreeMap::new();
    for ((stage, _), stretches) in hops.into_iter().flatten() {
        let mut meanwhile = stretches.iter().filter(|stretch| {
            let begun = until.is_none_or(|until| stretch.since < until);
            begun && stretch.until.is_none_or(|end| end >= start)
        });
        let Some(last) = meanwhile.clone().next_back() else {
            continue;
        };
        let converged = stages.entry(*stage).or_insert(Converged {
            stage: *stage,
            hops: 0,
            left: 0,
            unseen: 0,
            took: Some(SignedDuration::ZERO),
        });
        let lasts = last
            .until
            .is_none_or(|end| until.is_some_and(|until| end >= until));
        if !lasts {
            // It was taken off the route.
            continue;
        }
        converged.hops += 1;
        converged.left += usize::from(last.verdict.is_drift());
        let unseen = [Verdict::Unreachable, Verdict::Unverified];
        converged.unseen += usize::from(unseen.contains(&last.verdict));
        let other = |stretch: &&Stretch| {
            let print = stretch.fingerprint;
            stretch.verdict.is_drift()
                || print.is_some_and(|print| !print.agrees(&reign.fingerprint))
        };
        // Of what it was when the next key came, the next rotation tells.
        let ended = |end: &Timestamp| until.is_none_or(|until| *end < until);
        let followed = meanwhile
            .by_ref()
            .filter(other)
            .filter_map(|stretch| stretch.until.filter(ended))
            .max();
        if let (Some(followed), Some(took)) = (followed, &mut converged.took) {
            *took = (*took).max(followed.duration_since(start));
        }
    }
    let mut stages: Vec<_> = stages
        .into_values()
        .filter(|stage| stage.hops > 0)
        .collect();
    for stage in &mut stages {
        if stage.left > 0 {
            stage.took = None;
        }
    }
    stages
}
