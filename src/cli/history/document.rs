//! What the ledger was asked, for programs: `straggler.history/v1`.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::ledger::{KnownInventory, PastAudit, Rotation, Span};
use crate::verdict::{Evidence, Fault, Stage, Verdict};

/// The name of the document's shape.
const SCHEMA: &str = "straggler.history/v1";

/// Exactly one of the lists is there: the one that was asked for.
#[derive(Default, Serialize)]
pub(super) struct Document {
    schema: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rotations: Option<Vec<RotationRow>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) past: Option<Vec<SpanRow>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) audits: Option<Vec<AuditRow>>,
}

/// A key of a project, and how it came into use.
#[derive(Serialize)]
pub(super) struct RotationRow {
    pub(super) project: String,
    pub(super) environment: Option<String>,
    pub(super) fingerprint: String,
    /// When the key came to be, as far as it is known, else when an audit first saw it.
    pub(super) rotated_at: Time,
    pub(super) first_seen: Time,
    pub(super) last_seen: Time,
    /// How it is known to be a rotation; null while that is only suspected.
    pub(super) confirmed: Option<&'static str>,
    pub(super) revoked_at: Option<Time>,
    /// When the next key came; null for the current one.
    pub(super) until: Option<Time>,
    pub(super) stages: Vec<StageRow>,
}

/// How long one stage took to follow.
#[derive(Serialize)]
pub(super) struct StageRow {
    pub(super) stage: Stage,
    pub(super) hops: usize,
    /// Those that hold something wrong.
    pub(super) left: usize,
    /// Those that were not read, or prove nothing.
    pub(super) unseen: usize,
    /// Whole seconds from the rotation until the audit that saw nothing wrong any more; null while something is.
    pub(super) converged_after: Option<i64>,
}

/// What one hop of a deployment was for a while.
#[derive(Serialize)]
pub(super) struct SpanRow {
    pub(super) project: String,
    pub(super) deployment: String,
    /// What the inventory is called that it is of; null where that is the only one, or nobody's.
    pub(super) inventory: Option<String>,
    pub(super) hop: usize,
    pub(super) source: String,
    pub(super) stage: Stage,
    pub(super) location: String,
    pub(super) verdict: Verdict,
    pub(super) evidence: Evidence,
    pub(super) fault: Option<Fault>,
    pub(super) fingerprint: Option<String>,
    pub(super) since: Time,
    /// The first audit that saw something else; null while it is so.
    pub(super) until: Option<Time>,
}

#[derive(Serialize)]
pub(super) struct AuditRow {
    /// What the inventory is called that was audited; null where that is the only one, or was not written down.
    pub(super) inventory: Option<String>,
    pub(super) started_at: Time,
    pub(super) finished_at: Time,
    pub(super) exit_code: u8,
    pub(super) complete: bool,
    pub(super) deployments: usize,
    pub(super) verdicts: std::collections::BTreeMap<Verdict, usize>,
}

/// What an inventory is called, where there are several.
fn title(inventories: &[KnownInventory], id: i64) -> Option<String> {
    let mut known = inventories.iter().filter(|_| inventories.len() > 1);
    let known = known.find(|known| known.id == id)?;
    Some(known.title().to_owned())
}

/// A moment, to the second.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Time(pub(super) Timestamp);

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.strftime("%Y-%m-%dT%H:%M:%SZ").fmt(f)
    }
}

impl Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Document {
    pub(super) fn rotations(rotations: &[Rotation]) -> Self {
        let rotations = rotations.iter().map(|rotation| {
            let reign = &rotation.reign;
            RotationRow {
                project: rotation.owner.project.to_string(),
                environment: rotation.owner.environment.as_deref().map(str::to_owned),
                fingerprint: reign.fingerprint.to_string(),
                rotated_at: Time(reign.rotated_at.unwrap_or(reign.first_seen)),
                first_seen: Time(reign.first_seen),
                last_seen: Time(reign.last_seen),
                confirmed: reign.confirmed.map(|how| how.name()),
                revoked_at: reign.revoked_at.map(Time),
                until: rotation.until.map(Time),
                stages: rotation
                    .stages
                    .iter()
                    .map(|stage| StageRow {
                        stage: stage.stage,
                        hops: stage.hops,
                        left: stage.left,
                        unseen: stage.unseen,
                        converged_after: stage.took.map(|took: SignedDuration| took.as_secs()),
                    })
                    .collect(),
            }
        });
        Self {
            schema: SCHEMA,
            rotations: Some(rotations.collect()),
            ..Self::default()
        }
    }

    pub(super) fn past(spans: &[Span], inventories: &[KnownInventory]) -> Self {
        let spans = spans.iter().map(|span| SpanRow {
            project: span.name.project.to_string(),
            deployment: span.name.title.to_string(),
            inventory: title(inventories, span.inventory),
            hop: span.hop,
            source: span.source.clone(),
            stage: span.stage,
            location: span.location.clone(),
            verdict: span.verdict,
            evidence: span.evidence,
            fault: span.fault,
            fingerprint: span.fingerprint.map(|fingerprint| fingerprint.to_string()),
            since: Time(span.since),
            until: span.until.map(Time),
        });
        Self {
            schema: SCHEMA,
            past: Some(spans.collect()),
            ..Self::default()
        }
    }

    pub(super) fn audits(audits: &[PastAudit], inventories: &[KnownInventory]) -> Self {
        let audits = audits.iter().map(|audit| AuditRow {
            inventory: audit.inventory.and_then(|id| title(inventories, id)),
            started_at: Time(audit.started_at),
            finished_at: Time(audit.finished_at),
            exit_code: audit.exit_code,
            complete: audit.complete,
            deployments: audit.deployments,
            verdicts: audit.verdicts.clone(),
        });
        Self {
            schema: SCHEMA,
            audits: Some(audits.collect()),
            ..Self::default()
        }
    }

    /// Whether the ledger had nothing to say.
    pub(super) fn is_empty(&self) -> bool {
        self.rotations.as_ref().is_none_or(Vec::is_empty)
            && self.past.as_ref().is_none_or(Vec::is_empty)
            && self.audits.as_ref().is_none_or(Vec::is_empty)
    }
}
