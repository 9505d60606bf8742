use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Waiver;
use super::failure::one_of;
use super::log::Log;
use super::raw;
use super::reader::Reader;
use super::schema::findings_names;
use super::template::has_template;
use super::tree::{Id, Tree};
use crate::verdict::Verdict;

/// Reads an accepted finding.
pub(super) fn waiver(tree: &Tree, id: Id, log: &Log) -> Option<Arc<Waiver>> {
    let reader = Reader::new(tree, log, None);
    let before = log.faults();
    tree.each_scalar(id, &mut |scalar, content| {
        if has_template(content.text) {
            let message = "nothing is filled in inside `waive`: write it out";
            log.report(tree.site(scalar), message);
        }
    });
    let raw: raw::Waiver = reader.read(id)?;
    if raw.verdicts.is_empty() {
        let message = format!(
            "`verdicts` is empty: expected {}",
            one_of(&findings_names())
        );
        log.report(tree.site(id), message);
    }
    let verdicts: Vec<Verdict> = raw
        .verdicts
        .iter()
        .filter_map(|verdict| finding(&reader, verdict.id))
        .collect();
    let reason = reader.name(raw.reason.id);
    let owner = reader.name(raw.owner.id);
    let until = until(&reader, raw.until.id);
    if log.faults() > before {
        return None;
    }
    Some(Arc::new(Waiver {
        verdicts,
        reason: reason?.into_owned(),
        owner: owner?.into_owned(),
        until: until?,
        site: tree.site(id),
    }))
}

fn finding(reader: &Reader<'_>, id: Id) -> Option<Verdict> {
    let verdict: Verdict = reader.read(id)?;
    if verdict.is_finding() {
        return Some(verdict);
    }
    let message = format!(
        "`{verdict}` is nothing to be waived: expected {}",
        one_of(&findings_names())
    );
    reader.log.report(reader.tree.site(id), message);
    None
}

/// A day, which ends with its last second in UTC, or a time.
fn until(reader: &Reader<'_>, id: Id) -> Option<Timestamp> {
    let text = reader.text(id)?;
    if text.len() == "2026-12-31".len()
        && let Ok(day) = text.parse::<Date>()
        && let Ok(end) = day.at(23, 59, 59, 0).to_zoned(TimeZone::UTC)
    {
        return Some(end.timestamp());
    }
    let time = text.parse().ok();
    if time.is_none() {
        let message = "expected a day like 2026-12-31, or a time like 2026-12-31T18:00:00Z";
        reader.log.report(reader.tree.site(id), message);
    }
    time
}

/// A time.
pub(super) fn time(reader: &Reader<'_>, id: Id) -> Option<Timestamp> {
    let time = reader.text(id)?.parse().ok();
    if time.is_none() {
        let message = "expected a time like 2026-11-20T09:00:00Z";
        reader.log.report(reader.tree.site(id), message);
    }
    time
}
