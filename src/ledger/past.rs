//! What is known of deployments and of past audits.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::db::Connection;
use super::error::Failure;
use super::scope::Scopes;
use super::{Ledger, LedgerError, Name};
use crate::key::Fingerprint;
use crate::verdict::{Evidence, Fault, Stage, Verdict};

/// A deployment that an audit saw once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDeployment {
    /// Which.
    pub name: Name,
    /// The number of the inventory that named it; 0 for what was written down before there were several.
    pub inventory: i64,
    /// The environment whose own key it was to hold when it was first seen.
    pub environment: Option<Arc<str>>,
    /// When the first audit that saw it began.
    pub first_seen: Timestamp,
    /// When the last one did.
    pub last_seen: Timestamp,
    /// When somebody said that it is no more.
    pub retired_at: Option<Timestamp>,
    /// What the last audit that judged its whole route made of it.
    pub verdict: Option<Verdict>,
}

/// What one hop of a deployment was for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Whose.
    pub name: Name,
    /// The number of the inventory that it is of; 0 for what was written down before there were several.
    pub inventory: i64,
    /// Where on the route, from 0.
    pub hop: usize,
    /// The id of its source.
    pub source: String,
    /// Its printable address, raw.
    pub location: String,
    /// How far on the key's way.
    pub stage: Stage,
    /// What it was.
    pub verdict: Verdict,
    /// What that rests on.
    pub evidence: Evidence,
    /// Whose fault it was.
    pub fault: Option<Fault>,
    /// What the reading that decides held.
    pub fingerprint: Option<Fingerprint>,
    /// When the first audit that saw it so began.
    pub since: Timestamp,
    /// When the first audit that saw it otherwise began; `None` while it is so.
    pub until: Option<Timestamp>,
}

/// An audit that was finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastAudit {
    /// When it began.
    pub started_at: Timestamp,
    /// When it was finished.
    pub finished_at: Timestamp,
    /// What it ended with.
    pub exit_code: u8,
    /// Whether everything selected was read.
    pub complete: bool,
    /// How many deployments were selected.
    pub deployments: usize,
    /// How many of them were what.
    pub verdicts: BTreeMap<Verdict, usize>,
    /// The number of the inventory that was audited; `None` or 0 for what was written down before that was
    /// kept.
    pub inventory: Option<i64>,
}

impl Ledger {
    /// Every deployment that was ever audited, by project and name; of one project, or of all.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub async fn deployments(
        &self,
        project: Option<&str>,
    ) -> Result<Vec<KnownDeployment>, LedgerError> {
        let mut turn = self.read().await?;
        let known = deployments(&mut turn.connection, project).await;
        turn.end(known).await
    }

    /// What the deployments of this name, or of this name with environment and axes, were hop by hop;
    /// of one project, or of all.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub async fn past(
        &self,
        deployment: &str,
        project: Option<&str>,
    ) -> Result<Vec<Span>, LedgerError> {
        let mut turn = self.read().await?;
        let past = past(&mut turn.connection, deployment, project).await;
        turn.end(past).await
    }

    /// The last audits, the latest first, no more than this.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub async fn audits(&self, limit: u32) -> Result<Vec<PastAudit>, LedgerError> {
        let mut turn = self.read().await?;
        let audits = audits(&mut turn.connection, limit).await;
        turn.end(audits).await
    }
}

async fn deployments(
    connection: &mut Connection,
    project: Option<&str>,
) -> Result<Vec<KnownDeployment>, Failure> {
    let scopes = Scopes::read(connection).await?;
    let sql = "SELECT project, title, first_seen, last_seen, retired_at, verdict, inventory, id, \
               environment FROM deployment";
    let mut known = Vec::new();
    for row in connection.query(sql, &[]).await? {
        let name = Name {
            project: row.get::<&str>(0)?.into(),
            title: row.get::<&str>(1)?.into(),
        };
        if project.is_none_or(|project| *name.project == *project) {
            known.push(KnownDeployment {
                name,
                first_seen: row.time(2)?,
                last_seen: scopes.since(row.get(7)?, row.time(3)?, 0).0,
                retired_at: row.time_or_none(4)?,
                verdict: row.word_or_none(5)?,
                inventory: row.get(6)?,
                environment: Some(row.get::<&str>(8)?)
                    .filter(|text| !text.is_empty())
                    .map(Into::into),
            });
        }
    }
    known.sort_by(|one, other| (&one.name, one.inventory).cmp(&(&other.name, other.inventory)));
    Ok(known)
}

async fn past(
    connection: &mut Connection,
    deployment: &str,
    project: Option<&str>,
) -> Result<Vec<Span>, Failure> {
    let sql = "SELECT deployment.project, deployment.title, hop.place, hop.source, hop.location, \
               hop.stage, span.verdict, span.evidence, span.fault, span.fingerprint, span.since, \
               span.until, deployment.inventory FROM deployment JOIN hop ON hop.deployment = deployment.id \
               JOIN span ON span.hop = hop.id \
               WHERE deployment.title = $1 OR deployment.name = $1 ORDER BY span.id";
    let mut spans = Vec::new();
    for row in connection.query(sql, &[deployment.into()]).await? {
        let name = Name {
            project: row.get::<&str>(0)?.into(),
            title: row.get::<&str>(1)?.into(),
        };
        if project.is_none_or(|project| *name.project == *project) {
            spans.push(Span {
                name,
                inventory: row.get(12)?,
                hop: row.count(2)?,
                source: row.get(3)?,
                location: row.get(4)?,
                stage: row.word(5)?,
                verdict: row.word(6)?,
                evidence: row.word(7)?,
                fault: row.word_or_none(8)?,
                fingerprint: row.fingerprint_or_none(9)?,
                since: row.time(10)?,
                until: row.time_or_none(11)?,
            });
        }
    }
    // Not by the database, whose order of names depends on where it runs.
    spans.sort_by(|one, other| {
        let key = |span: &Span| (span.inventory, span.hop, span.since);
        (&one.name, key(one)).cmp(&(&other.name, key(other)))
    });
    Ok(spans)
}

async fn audits(connection: &mut Connection, limit: u32) -> Result<Vec<PastAudit>, Failure> {
    let sql = "SELECT id, started_at, finished_at, exit_code, complete, deployments, inventory FROM audit \
               ORDER BY started_at DESC, id DESC LIMIT $1";
    let mut audits = Vec::new();
    for row in connection.query(sql, &[i64::from(limit).into()]).await? {
        let mut verdicts = BTreeMap::new();
        let sql = "SELECT verdict, deployments FROM audit_verdict WHERE audit = $1";
        for row in connection.query(sql, &[row.get::<i64>(0)?.into()]).await? {
            verdicts.insert(row.word(0)?, row.count(1)?);
        }
        audits.push(PastAudit {
            started_at: row.time(1)?,
            finished_at: row.time(2)?,
            exit_code: u8::try_from(row.count(3)?).unwrap_or(u8::MAX),
            complete: row.count(4)? != 0,
            deployments: row.count(5)?,
            verdicts,
            inventory: row.get(6)?,
        });
    }
    Ok(audits)
}
