//! Two rows of one deployment, made one: an inventory got another name, and was audited by it before anybody said so.

use super::db::Connection;
use super::error::Failure;
use super::scope;
use crate::platform::PlaceId;
use crate::verdict::Verdict;

/// What is known of one place.
struct Hop {
    id: i64,
    identity: Option<PlaceId>,
    holds: Option<String>,
    /// The first and the last of its stretches.
    spans: Option<(i64, i64)>,
    /// What it was last.
    verdict: Option<Verdict>,
}

/// Makes the deployments that both inventories know those of the second; how many that were. Where it is now read
/// elsewhere than before, both stay in sight.
pub(super) async fn merge(connection: &mut Connection, from: i64, to: i64) -> Result<u64, Failure> {
    let sql = "SELECT before.id, now.id FROM deployment AS before JOIN deployment AS now \
               ON now.project = before.project AND now.title = before.title \
               WHERE before.inventory = $1 AND now.inventory = $2";
    let mut pairs: Vec<(i64, i64)> = Vec::new();
    for row in connection.query(sql, &[from.into(), to.into()]).await? {
        pairs.push((row.get(0)?, row.get(1)?));
    }
    let mut merged = 0;
    for (before, now) in pairs {
        let [known, present] = [
            hops(connection, before).await?,
            hops(connection, now).await?,
        ];
        let same = |hop: &Hop| {
            let mut present = present.iter();
            present.find(|one| one.identity.is_some() && one.identity == hop.identity)
        };
        let later = |(hop, now): &(&Hop, &Hop)| match (hop.spans, now.spans) {
            (Some((_, last)), Some((first, _))) => last < first,
            (None, _) => true,
            (Some(_), None) => false,
        };
        let matched: Option<Vec<_>> = known.iter().map(|hop| Some((hop, same(hop)?))).collect();
        let Some(matched) = matched.filter(|matched| matched.iter().all(later)) else {
            continue;
        };
        for (hop, now) in matched {
            join(connection, hop, now).await?;
        }
        let sql = "UPDATE deployment SET digest = NULL, first_seen = \
                   (SELECT MIN(one.first_seen) FROM deployment AS one WHERE one.id IN ($1, $2)) WHERE id = $1";
        connection.run(sql, &[now.into(), before.into()]).await?;
        let sql = "DELETE FROM deployment WHERE id = $1";
        connection.run(sql, &[before.into()]).await?;
        merged += 1;
    }
    if merged > 0 {
        scope::forget(connection).await?;
    }
    Ok(merged)
}

/// Adds what is known of a place to what is known of it by its other row.
async fn join(connection: &mut Connection, hop: &Hop, now: &Hop) -> Result<(), Failure> {
    let both = [now.id.into(), hop.id.into()];
    let ends = "UPDATE span SET until = (SELECT MAX(one.since) FROM span AS one WHERE one.id = span.id \
                OR one.id = (SELECT MIN(later.id) FROM span AS later WHERE later.hop = $1)) \
                WHERE hop = $2 AND until IS NULL";
    for sql in [ends, "UPDATE span SET hop = $1 WHERE hop = $2"] {
        connection.run(sql, &both).await?;
    }
    // Where nothing is to be seen now, what was there last still counts.
    if now.verdict.is_none_or(Verdict::shows_nothing) {
        let sql = "UPDATE hop SET holds = $2 WHERE id = $1";
        let values = [now.id.into(), hop.holds.clone().into()];
        connection.run(sql, &values).await?;
    }
    let sql = "DELETE FROM hop WHERE id = $1";
    connection.run(sql, &[hop.id.into()]).await?;
    Ok(())
}

async fn hops(connection: &mut Connection, deployment: i64) -> Result<Vec<Hop>, Failure> {
    let sql = "SELECT hop.id, hop.identity, hop.holds, \
               (SELECT MIN(span.id) FROM span WHERE span.hop = hop.id), \
               (SELECT MAX(span.id) FROM span WHERE span.hop = hop.id), \
               (SELECT span.verdict FROM span WHERE span.hop = hop.id ORDER BY span.id DESC LIMIT 1) \
               FROM hop WHERE hop.deployment = $1";
    let mut hops = Vec::new();
    for row in connection.query(sql, &[deployment.into()]).await? {
        hops.push(Hop {
            id: row.get(0)?,
            identity: row.place_id_or_none(1)?,
            holds: row.get::<Option<&str>>(2)?.map(str::to_owned),
            spans: row.get::<Option<i64>>(3)?.zip(row.get(4)?),
            verdict: row.word_or_none(5)?,
        });
    }
    Ok(hops)
}
