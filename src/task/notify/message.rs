use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::change::{order, reference, row};
use super::document::{Counts, Document, ReferenceRow, Row, SCHEMA, Summary, Time};
use super::slack;
use super::text::{fitted, headline, line, reference_line};
use crate::audit::Audit;
use crate::explain::{Spot, spots};
use crate::gate::{Coverage, exit_code};
use crate::inventory::Receiver;
use crate::judge::DeploymentOutcome;
use crate::keyring::ProjectId;
use crate::ledger::{Change, ChangeKind, Changes, Name};
use crate::verdict::Verdict;

/// The most changes that one message lists.
const LISTED: usize = 1_000;

/// What one receiver is told of one audit. It holds names, verdicts, places, remedies and fingerprints,
/// all of them escaped, and never a key.
pub struct Message {
    document: Document,
    headline: String,
    lines: Vec<String>,
    total: usize,
}

impl Message {
    /// What of these changes is for this receiver: of its owner's and its project's deployments. `None` when
    /// that is nothing. Nobody knows anymore whose a deployment was that is gone, so all are told whose
    /// project fits.
    #[must_use]
    pub fn of(audit: &Audit, changes: &Changes, receiver: &Receiver) -> Option<Self> {
        let list = changes.list.iter();
        let mut list: Vec<_> = list
            .filter(|change| concerns(audit, &change.name, change.outcome, receiver))
            .collect();
        let references = changes.references.iter();
        let references = references.filter(|id| is_of(audit, **id, receiver));
        let references: Vec<_> = references.filter_map(|id| reference(audit, *id)).collect();
        if list.is_empty() && references.is_empty() {
            return None;
        }
        list.sort_by(|one, other| order(one).cmp(&order(other)));
        let rows: Vec<_> = list.iter().map(|change| row(audit, change)).collect();
        Some(Self::made(
            audit,
            references,
            rows,
            changes.first,
            &receiver.name,
        ))
    }

    fn made(
        audit: &Audit,
        references: Vec<ReferenceRow>,
        mut rows: Vec<Row>,
        first: bool,
        receiver: &str,
    ) -> Self {
        let total = rows.len() + references.len();
        let of_rows = rows.iter().map(|row| &*row.project);
        let of_references = references.iter().map(|row| &*row.project);
        let projects: BTreeSet<&str> = of_rows.chain(of_references).collect();
        let projects: Vec<_> = projects.into_iter().collect();
        let several = projects.len() > 1;
        let left_out = rows.len().saturating_sub(LISTED);
        let summary = summary(audit, &rows, references.len(), left_out);
        let current = audit.deployments.iter().filter(|o| is_current(audit, o));
        let mut headline = headline(&projects, &rows, &summary, current.count());
        if first {
            headline.push_str("; nothing was told before to compare with");
        }
        rows.truncate(LISTED);
        let lines: Vec<_> = references
            .iter()
            .map(reference_line)
            .chain(rows.iter().map(|row| line(row, several)))
            .collect();
        let text = fitted(&headline, &lines, total, usize::MAX, str::to_owned);
        let document = Document {
            schema: SCHEMA,
            id: id(receiver, audit.generated_at, total, (&references, &rows)),
            generated_at: Time(audit.generated_at),
            text,
            first,
            summary,
            references,
            changes: rows,
        };
        Self {
            document,
            headline,
            lines,
            total,
        }
    }

    /// Which message it is, however often it is sent.
    #[must_use]
    pub fn delivery(&self) -> &str {
        &self.document.id
    }

    /// For people: a line that sums up, then one for each change, the worst first, up to 20.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.document.text
    }

    /// For programs: `straggler.changes/v1`.
    ///
    /// # Errors
    ///
    /// When it cannot be written, which for plain structs never happens.
    pub fn json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&self.document)
    }

    /// For an incoming webhook of Slack.
    ///
    /// # Errors
    ///
    /// As [`Message::json`].
    pub fn slack(&self) -> Result<Vec<u8>, serde_json::Error> {
        let payload = slack::payload(&self.headline, &self.lines, self.total);
        serde_json::to_vec(&payload)
    }
}

/// The changes that are told now; how many others wait, and which. Nobody is told of a deployment yet whose
/// project was rotated less than `grace` before the audit, for much of what is found then mends itself. What is
/// gone does not.
#[must_use]
pub fn due(audit: &Audit, changes: Changes) -> (Changes, BTreeSet<Name>) {
    let (waiting, list): (Vec<_>, Vec<_>) = changes
        .list
        .into_iter()
        .partition(|change| is_held_back(audit, change));
    let changes = Changes {
        list,
        held_back: changes.held_back + waiting.len(),
        ..changes
    };
    let waiting = waiting.into_iter().map(|change| change.name);
    (changes, waiting.collect())
}

fn is_held_back(audit: &Audit, change: &Change) -> bool {
    if change.kind == ChangeKind::Gone {
        return false;
    }
    let outcome = change
        .outcome
        .and_then(|index| audit.deployments.get(index));
    let rotated_at = outcome.and_then(|outcome| {
        let deployment = &audit.inventory.deployments[outcome.deployment as usize];
        audit.projects[deployment.project.0 as usize].rotated_at
    });
    let grace = SignedDuration::try_from(audit.inventory.grace).unwrap_or(SignedDuration::MAX);
    rotated_at.is_some_and(|at| audit.generated_at.duration_since(at) < grace)
}

/// Whether a receiver is told of a deployment at all.
#[must_use]
pub fn concerns(audit: &Audit, name: &Name, outcome: Option<usize>, receiver: &Receiver) -> bool {
    let fits = |wanted: &Option<std::sync::Arc<str>>, is: Option<&str>| {
        wanted.as_deref().is_none_or(|wanted| is == Some(wanted))
    };
    if !fits(&receiver.project, Some(&name.project)) {
        return false;
    }
    match outcome.and_then(|index| audit.deployments.get(index)) {
        None => true,
        Some(outcome) => {
            let deployment = &audit.inventory.deployments[outcome.deployment as usize];
            fits(&receiver.owner, deployment.owner.as_deref())
        }
    }
}

/// Whether a receiver is told of this project's reference: with an owner, where a deployment of that one rests on it.
fn is_of(audit: &Audit, id: ProjectId, receiver: &Receiver) -> bool {
    let is_project = |wanted: &std::sync::Arc<str>| *wanted == audit.inventory.project(id).name;
    let has_one = |owner: &std::sync::Arc<str>| {
        let mut deployments = audit.inventory.deployments.iter();
        deployments.any(|one| one.project == id && one.owner.as_ref() == Some(owner))
    };
    receiver.project.as_ref().is_none_or(is_project) && receiver.owner.as_ref().is_none_or(has_one)
}

fn summary(audit: &Audit, rows: &[Row], references: usize, left_out: usize) -> Summary {
    use super::document::Kind;
    let mut changes = Counts {
        references,
        ..Counts::default()
    };
    for row in rows {
        let count = match row.kind {
            Kind::New => &mut changes.new,
            Kind::Worse => &mut changes.worse,
            Kind::Better => &mut changes.better,
            Kind::Gone => &mut changes.gone,
        };
        *count += 1;
    }
    let mut verdicts = BTreeMap::new();
    for outcome in &audit.deployments {
        *verdicts.entry(outcome.verdict).or_default() += 1;
    }
    Summary {
        changes,
        left_out,
        deployments: audit.deployments.len(),
        verdicts,
        coverage: Coverage::of(audit),
        exit_code: exit_code(audit).code(),
    }
}

/// Whether it counts as current: something proves it.
fn is_current(audit: &Audit, outcome: &DeploymentOutcome) -> bool {
    outcome.verdict == Verdict::Current
        && !spots(audit, outcome).any(|spot: Spot<'_>| spot.is_unproven())
}

/// The same for every attempt at one message, and another for each other message.
fn id(receiver: &str, time: Timestamp, total: usize, rows: (&[ReferenceRow], &[Row])) -> String {
    #[derive(Serialize)]
    struct Content<'a>(&'a str, String, usize, (&'a [ReferenceRow], &'a [Row]));
    let content = Content(receiver, time.to_string(), total, rows);
    // Plain structs can always be written; the receiver and the time alone would tell it apart as well.
    let bytes = serde_json::to_vec(&content).unwrap_or_else(|_| content.1.into_bytes());
    let mut id = hex::encode(Sha256::digest(bytes));
    id.truncate(32);
    id
}
