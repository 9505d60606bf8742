use std::collections::BTreeMap;
use std::io;

use schemars::Schema;
use schemars::generate::SchemaSettings;

use super::escape;
use super::lazy::Lazy;
use super::rows::{
    Axes, ChangeRow, DeploymentRow, Digest, Document, HopRow, KeyRole, MatchRow, PreviousRow,
    ProjectRow, ReadingRow, ReferenceRow, Summary, Time, Tool, WaiverRow, WarningRow,
};
use crate::audit::Audit;
use crate::explain::{Reference, Spot, notices, spots};
use crate::gate::{Coverage, exit_code, waived};
use crate::inventory::Waiver;
use crate::judge::{DeploymentOutcome, Outcome, ProjectOutcome, Why};
use crate::keyring::{KeyId, Role};
use crate::ledger::Change;
use crate::report::{Format, Report, Shown};

/// The name of the document's shape.
pub const SCHEMA: &str = "straggler.report/v1";

/// This format.
pub const FORMAT: Format = Format {
    id: "json",
    title: "everything, as straggler.report/v1",
    make: |_| Box::new(Json),
};

/// The JSON Schema of the document.
#[must_use]
pub fn schema() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings
        .into_generator()
        .into_root_schema_for::<Document<'static>>()
}

struct Json;

impl Report for Json {
    fn write(&self, shown: Shown<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let mut document = document(shown);
        let deployments = document.deployments.take();
        escape::write_with(&document, &deployments, out)
    }
}

pub(super) fn document(shown: Shown<'_>) -> Document<'_> {
    let audit = shown.audit;
    let coverage = Coverage::of(audit);
    let mut verdicts = BTreeMap::new();
    for outcome in &audit.deployments {
        *verdicts.entry(outcome.verdict).or_default() += 1;
    }
    let warnings = notices(audit).into_iter().map(|notice| WarningRow {
        code: notice.code,
        message: notice.message,
        remedy: notice.remedy,
    });
    Document {
        schema: SCHEMA,
        generated_at: Time(audit.generated_at),
        tool: Tool {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
        },
        interrupted: audit.interrupted,
        timed_out: audit.waited.as_ref().map(|waited| waited.left.is_some()),
        summary: Summary {
            deployments: audit.deployments.len(),
            complete: coverage.is_complete(audit),
            exit_code: exit_code(audit).code(),
            verdicts,
            coverage,
        },
        warnings: warnings.collect(),
        projects: Lazy::new(&audit.projects, |outcome| project(audit, outcome)),
        changes: shown.changes.map(|changes| {
            changes
                .list
                .iter()
                .map(|change| changed(audit, change))
                .collect()
        }),
        first: shown.changes.map(|changes| changes.first),
        held_back: shown.changes.map(|changes| changes.held_back),
        deployments: match shown.changes {
            None => Lazy::new(&audit.deployments, |outcome| deployment(audit, outcome)),
            Some(_) => {
                let listed = shown.deployments().into_iter();
                let listed = listed.map(|(index, _)| index).collect();
                Lazy::some(&audit.deployments, listed, |outcome| {
                    deployment(audit, outcome)
                })
            }
        },
    }
}

fn changed<'a>(audit: &'a Audit, change: &'a Change) -> ChangeRow<'a> {
    let outcome = change
        .outcome
        .and_then(|index| audit.deployments.get(index));
    let declared = outcome.map(|outcome| &audit.inventory.deployments[outcome.deployment as usize]);
    ChangeRow {
        kind: change.kind.name(),
        project: &change.name.project,
        title: &change.name.title,
        name: declared.map(|declared| &*declared.name),
        environment: declared.and_then(|declared| declared.environment.as_deref()),
        before: change.before,
        now: change.now,
    }
}

fn project<'a>(audit: &'a Audit, outcome: &'a ProjectOutcome) -> ProjectRow<'a> {
    let declared = audit.inventory.project(outcome.project);
    let reference = Reference::new(audit, outcome.project);
    let previous = outcome.previous.iter().map(|known| PreviousRow {
        fingerprint: Digest(known.fingerprint),
        rotated_at: known.rotated_at.map(Time),
        revoked_at: known.revoked_at.map(Time),
    });
    ProjectRow {
        name: &declared.name,
        environment: declared.environment.as_deref(),
        selected: outcome.selected,
        reference: ReferenceRow {
            location: reference.location(),
            verdict: outcome.verdict,
            message: reference.message(),
            remedy: reference.remedy(),
        },
        current: outcome.current.map(Digest),
        next: outcome.next.map(Digest),
        rotated_at: outcome.rotated_at.map(Time),
        rotation: outcome.rotation,
        previous: previous.collect(),
    }
}

fn deployment<'a>(audit: &'a Audit, outcome: &'a DeploymentOutcome) -> DeploymentRow<'a> {
    let declared = &audit.inventory.deployments[outcome.deployment as usize];
    DeploymentRow {
        name: &declared.name,
        project: &audit.inventory.project(declared.project).name,
        environment: declared.environment.as_deref(),
        owner: declared.owner.as_deref(),
        labels: &declared.labels,
        axes: Axes(&declared.axes),
        verdict: outcome.verdict,
        broken_at: outcome.broken_at,
        causes: &outcome.causes,
        waived: waived(audit, outcome).map(waiver),
        hops: spots(audit, outcome).map(|spot| hop(&spot)).collect(),
    }
}

fn hop<'a>(spot: &Spot<'a>) -> HopRow<'a> {
    let judged = spot.judged;
    let lead = judged.leading();
    let (damage, matches): (&[_], _) = match lead.map(|lead| &lead.why) {
        Some(Why::Holds { key, damage, .. }) => (damage, Some(matching(spot.audit, *key))),
        _ => (&[], None),
    };
    HopRow {
        source: spot.source(),
        stage: spot.stage(),
        location: spot.audit.location(&spot.hop.place),
        expect: spot.hop.expect,
        verdict: judged.verdict,
        evidence: judged.evidence,
        fault: judged.fault,
        fingerprint: lead.and_then(|lead| lead.fingerprint).map(Digest),
        damage,
        matches,
        message: spot.message(),
        remedy: spot.remedy(),
        waived: spot.waiver().map(waiver),
        readings: judged
            .readings
            .iter()
            .map(|outcome| reading(spot, outcome))
            .collect(),
    }
}

fn reading<'a>(spot: &Spot<'a>, outcome: &'a Outcome) -> ReadingRow<'a> {
    ReadingRow {
        replica: outcome.replica.as_deref(),
        verdict: outcome.verdict,
        evidence: outcome.evidence,
        fingerprint: outcome.fingerprint.map(Digest),
        started_at: outcome.started_at.map(Time),
        message: spot.reading_message(outcome),
        error: match &outcome.why {
            Why::Failed(error) => Some(error.kind.name()),
            _ => None,
        },
    }
}

fn matching(audit: &Audit, key: KeyId) -> MatchRow<'_> {
    let project = audit.inventory.project(key.project);
    MatchRow {
        project: &project.name,
        environment: project.environment.as_deref(),
        key: match key.role() {
            Role::Current => KeyRole::Current,
            Role::Next => KeyRole::Next,
            Role::Previous => KeyRole::Previous,
        },
        behind: audit.behind(key),
    }
}

fn waiver(waiver: &Waiver) -> WaiverRow<'_> {
    WaiverRow {
        verdicts: &waiver.verdicts,
        reason: &waiver.reason,
        owner: &waiver.owner,
        until: Time(waiver.until),
    }
}
