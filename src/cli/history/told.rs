use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};
use unicode_width::UnicodeWidthStr;

use super::document::{AuditRow, Document, RotationRow, SpanRow, StageRow};
use crate::explain::when;
use crate::text::escape;

/// Writes it for people.
pub(super) fn write(document: &Document, now: Timestamp, out: &mut dyn Write) -> io::Result<()> {
    if document.is_empty() {
        return writeln!(out, "nothing is remembered yet");
    }
    if let Some(rotations) = &document.rotations {
        write_rotations(rotations, now, out)?;
    }
    if let Some(past) = &document.past {
        write_past(past, now, out)?;
    }
    if let Some(audits) = &document.audits {
        write_audits(audits, out)?;
    }
    Ok(())
}

fn write_rotations(
    rotations: &[RotationRow],
    now: Timestamp,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut rows = vec![
        [
            "project",
            "key",
            "since",
            "known by",
            "until nothing held an earlier key",
        ]
        .map(str::to_owned),
    ];
    for rotation in rotations {
        let project = match &rotation.environment {
            Some(environment) => format!("{}/{environment}", rotation.project),
            None => rotation.project.clone(),
        };
        let mut since = when(rotation.rotated_at.0, now);
        if let Some(until) = rotation.until {
            since.push_str(&format!(" to {}", when(until.0, now)));
        }
        if let Some(revoked) = rotation.revoked_at {
            since.push_str(&format!(", revoked {}", when(revoked.0, now)));
        }
        let stages: Vec<_> = rotation.stages.iter().map(stage).collect();
        rows.push([
            escape(&project).into_owned(),
            rotation.fingerprint.clone(),
            since,
            rotation.confirmed.unwrap_or("suspected").to_owned(),
            stages.join(" · "),
        ]);
    }
    columns(&rows, out)
}

/// `running 3h 12m`, or how many are left.
fn stage(stage: &StageRow) -> String {
    let mut told = match stage.converged_after {
        Some(seconds) => format!("{} {:#}", stage.stage, SignedDuration::from_secs(seconds)),
        None => format!("{} {} of {} left", stage.stage, stage.left, stage.hops),
    };
    if stage.unseen > 0 {
        told.push_str(&format!(", {} not seen", stage.unseen));
    }
    told
}

fn write_past(past: &[SpanRow], now: Timestamp, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = vec![["deployment", "hop", "from", "to", "verdict", "key"].map(str::to_owned)];
    for span in past {
        let until = match span.until {
            Some(until) => when(until.0, now),
            None => "now".to_owned(),
        };
        let deployment = match &span.inventory {
            Some(inventory) => format!("{} ({inventory})", span.deployment),
            None => span.deployment.clone(),
        };
        rows.push([
            escape(&deployment).into_owned(),
            escape(&span.location).into_owned(),
            when(span.since.0, now),
            until,
            span.verdict.to_string(),
            span.fingerprint.clone().unwrap_or_default(),
        ]);
    }
    columns(&rows, out)
}

fn write_audits(audits: &[AuditRow], out: &mut dyn Write) -> io::Result<()> {
    let heads = ["audit", "inventory", "exit", "deployments", "verdicts"];
    let mut rows = vec![heads.map(str::to_owned)];
    for audit in audits {
        let verdicts: Vec<_> = audit
            .verdicts
            .iter()
            .map(|(verdict, count)| format!("{count} {verdict}"))
            .collect();
        let coverage = if audit.complete {
            ""
        } else {
            "; not everything was read"
        };
        rows.push([
            audit.started_at.to_string(),
            escape(audit.inventory.as_deref().unwrap_or_default()).into_owned(),
            audit.exit_code.to_string(),
            audit.deployments.to_string(),
            format!("{}{coverage}", verdicts.join(", ")),
        ]);
    }
    if audits.iter().any(|audit| audit.inventory.is_some()) {
        return columns(&rows, out);
    }
    let rows: Vec<_> = rows
        .into_iter()
        .map(|[audit, _, exit, deployments, verdicts]| [audit, exit, deployments, verdicts])
        .collect();
    columns(&rows, out)
}

/// Rows with their columns one under another, two spaces apart.
fn columns<const N: usize>(rows: &[[String; N]], out: &mut dyn Write) -> io::Result<()> {
    let widest = |column: usize| rows.iter().map(|row| row[column].width()).max();
    let widths: [usize; N] = std::array::from_fn(|column| widest(column).unwrap_or_default());
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width + 2 - cell.width()));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
