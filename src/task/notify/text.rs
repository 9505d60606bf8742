use std::collections::BTreeMap;

use super::document::{Kind, ReferenceRow, Row, Summary};
use crate::explain;
use crate::verdict::Verdict;

/// More lines than this are counted, not shown.
const LINES: usize = 20;

/// The most characters of a line.
const LONGEST: usize = 600;

/// More projects than this are counted, not named.
const NAMED: usize = 3;

/// The first line: `checkout: 2 new stale, 1 better; in all 12 of 14 deployments current, …; exit 1`.
pub fn headline(projects: &[&str], rows: &[Row], summary: &Summary, current: usize) -> String {
    let projects = if projects.len() > NAMED {
        format!("{} projects", projects.len())
    } else {
        projects.join(", ")
    };
    let plural = match summary.deployments {
        1 => "deployment",
        _ => "deployments",
    };
    format!(
        "{projects}: {}; in all {current} of {} {plural} current, {}; exit {}",
        counted(rows, summary.changes.references),
        summary.deployments,
        explain::coverage(&summary.coverage),
        summary.exit_code
    )
}

/// `1 changed reference, 1 now revoked, 2 new stale, 1 better, 3 gone`.
fn counted(rows: &[Row], references: usize) -> String {
    let (mut bad, mut better, mut gone) = (BTreeMap::<_, usize>::new(), 0, 0);
    for row in rows {
        match (row.kind, row.now) {
            (Kind::New, Some(now)) => *bad.entry((now, "new")).or_default() += 1,
            (Kind::Worse, Some(now)) => *bad.entry((now, "now")).or_default() += 1,
            (Kind::Better, _) => better += 1,
            (Kind::Gone, _) | (_, None) => gone += 1,
        }
    }
    let changed = match references {
        0 => None,
        1 => Some("1 changed reference".to_owned()),
        many => Some(format!("{many} changed references")),
    };
    let bad = bad.into_iter();
    let bad = bad.map(|((now, how), count)| format!("{count} {how} {now}"));
    let rest = [(better, "better"), (gone, "gone")].into_iter();
    let rest = rest.filter(|(count, _)| *count > 0);
    let rest = rest.map(|(count, what)| format!("{count} {what}"));
    let all = changed.into_iter().chain(bad).chain(rest);
    all.collect::<Vec<_>>().join(", ")
}

/// `the reference of checkout changed: …; if it was rotated, …`.
pub fn reference_line(row: &ReferenceRow) -> String {
    cut(&format!("{}; {}", row.message, row.remedy), LONGEST)
}

/// `new  stale  checkout-api (production)  at vault:…: holds …; write …`.
pub fn line(row: &Row, several: bool) -> String {
    let was = row
        .before
        .filter(|before| row.now != Some(*before))
        .map(|before| format!("was {before}"));
    let of = match several {
        true => format!(" of {}", row.project),
        false => String::new(),
    };
    let who = format!("{}{of}", row.deployment);
    let (kind, now) = match (row.kind, row.now) {
        (Kind::Gone, _) | (_, None) => ("gone", None),
        (Kind::New, now) => ("new", now),
        (Kind::Worse, now) => ("worse", now),
        (Kind::Better, now) => ("better", now),
    };
    let mut parts = Vec::from_iter(was);
    match now {
        None => parts.push("targets.yaml does not name it anymore".to_owned()),
        Some(now) if now.is_finding() => {
            if let (Some(hop), Some(message)) = (&row.hop, &row.message) {
                parts.push(format!("at {}: {message}", hop.location));
            }
            parts.extend(row.remedy.clone());
        }
        Some(_) => {}
    }
    let columns = [kind, now.map_or("", Verdict::name), &who, &parts.join("; ")];
    let columns: Vec<_> = columns
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    cut(&columns.join("  "), LONGEST)
}

/// The first line and as many others as fit into `room` characters, each made harmless by `escape`.
pub fn fitted(
    headline: &str,
    lines: &[String],
    total: usize,
    room: usize,
    escape: impl Fn(&str) -> String,
) -> String {
    let mut text = escape(&cut(headline, LONGEST));
    let mut length = text.chars().count();
    let mut shown = 0;
    for line in lines.iter().take(LINES) {
        let line = escape(line);
        length += line.chars().count() + 1;
        if length > room {
            break;
        }
        text.push('\n');
        text.push_str(&line);
        shown += 1;
    }
    if shown < total {
        text.push_str(&format!("\nand {} more", total - shown));
    }
    text
}

/// The beginning of a text, with `…` where it goes on.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => {
            let kept: String = text.chars().take(most - 1).collect();
            format!("{}…", kept.trim_end())
        }
    }
}
