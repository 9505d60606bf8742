use std::collections::BTreeSet;
use std::io;

use anstyle::Style;
use comfy_table::{ColumnConstraint, Table, TableStyle, Width};

use super::findings::findings;
use super::page::Page;
use super::paint::{self, Paint};
use super::prose::Prose;
use super::row::{Columns, GAP, Naming, Row};
use super::sight::Sight;
use super::summary::summary;
use crate::explain::{Notice, notices};
use crate::ledger::{Change, ChangeKind, Changes};
use crate::report::{Format, Look, Report, Shown};
use crate::text::escape;

/// This format.
pub const FORMAT: Format = Format {
    id: "table",
    title: "a row for each deployment, and what to do, for people",
    make: |look| Box::new(People(look)),
};

/// How many rows are laid out at a time.
const CHUNK: usize = 512;
/// The column of what became of a deployment.
const LEAD: usize = 8;

struct People(Look);

impl Report for People {
    fn write(&self, shown: Shown<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let audit = shown.audit;
        let mut page = Page {
            out,
            width: self.0.width,
            paint: Paint {
                colour: self.0.colour,
            },
        };
        let notices = notices(audit);
        let (urgent, others): (Vec<_>, Vec<_>) =
            notices.iter().partition(|notice| notice.is_urgent());
        for notice in urgent {
            tell(notice, &mut page)?;
            page.blank()?;
        }
        let naming = Naming::new(audit);
        let listed = shown.deployments();
        if !listed.is_empty() {
            let sights = rows(&listed, naming, &mut page)?;
            page.blank()?;
            legend(&sights, &mut page)?;
        }
        if let Some(changes) = shown.changes {
            unlisted(changes, &mut page)?;
        }
        for prose in summary(audit) {
            page.prose(&prose, 0, 0)?;
        }
        findings(shown, naming, &mut page)?;
        for notice in others {
            page.blank()?;
            tell(notice, &mut page)?;
        }
        Ok(())
    }
}

/// Writes a row for each deployment; gives back every glyph that was used.
fn rows(
    listed: &[(usize, Option<&Change>)],
    naming: Naming<'_>,
    page: &mut Page<'_>,
) -> io::Result<BTreeSet<Sight>> {
    // The rows are made twice, once to measure and once to draw, so that they need not be kept.
    let row = |index: usize| Some(Row::of(&naming, naming.audit.deployments.get(index)?));
    let mut columns = Columns::default();
    let mut sights = BTreeSet::new();
    for row in listed.iter().filter_map(|&(index, _)| row(index)) {
        columns = columns.cover(row.columns());
        sights.extend(row.sights());
    }
    let is_change = listed.iter().any(|(_, change)| change.is_some());
    let lead = if is_change { LEAD } else { 0 };
    let columns = columns.fit(page.width.saturating_sub(lead));
    for chunk in listed.chunks(CHUNK) {
        let mut table = Table::new();
        table.load_style(TableStyle::new());
        for row in chunk.iter().filter_map(|&(index, _)| row(index)) {
            table.add_row(row.cells(columns, page.paint));
        }
        let widths = [
            (columns.verdict, GAP),
            (columns.name, GAP),
            (columns.route, 0),
        ];
        for (column, (width, gap)) in table.column_iter_mut().zip(widths) {
            let fixed = |columns| u16::try_from(columns).unwrap_or(u16::MAX);
            column.set_padding((0, fixed(gap)));
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(fixed(width + gap))));
        }
        // No cell is wider than its column, so a row is one line.
        for (line, (_, change)) in table.lines().zip(chunk) {
            let kind = change.map_or("", |change| change.kind.name());
            page.line(&format!("{kind:lead$}{line}"))?;
        }
    }
    Ok(sights)
}

/// What has no row: deployments that are gone, what waits, and that there is nothing to tell.
fn unlisted(changes: &Changes, page: &mut Page<'_>) -> io::Result<()> {
    let gone = changes
        .list
        .iter()
        .filter(|change| change.kind == ChangeKind::Gone);
    let mut told = true;
    let nothing = changes.list.is_empty() && changes.references.is_empty();
    match (changes.first, nothing) {
        (true, true) => page.text("nothing was told before to compare with", 0)?,
        (true, false) => page.text(
            "nothing was told before to compare with, so all that is not fine is new",
            0,
        )?,
        (false, true) => page.text("nothing changed since it was last told", 0)?,
        (false, false) => told = false,
    }
    for change in gone {
        told = true;
        let before = match change.before {
            Some(before) => format!(", {before} when it was last told of"),
            None => String::new(),
        };
        let line = format!("gone: {}{before}", escape(&change.name.title));
        page.prose(&Prose::new(Style::new(), &line), 0, LEAD)?;
    }
    if changes.held_back > 0 {
        told = true;
        let line = match changes.held_back {
            1 => "1 change waits for the end of `grace`".to_owned(),
            many => format!("{many} changes wait for the end of `grace`"),
        };
        page.text(&line, 0)?;
    }
    if told { page.blank() } else { Ok(()) }
}

/// What the glyphs stand for, unless they speak for themselves.
fn legend(sights: &BTreeSet<Sight>, page: &mut Page<'_>) -> io::Result<()> {
    let plain = [Sight::Good, Sight::Broken];
    if sights.iter().all(|sight| plain.contains(sight)) {
        return Ok(());
    }
    let legend = sights.iter().fold(Prose::default(), |legend, sight| {
        legend.unit(
            paint::IDLE,
            format!("{} {} ", sight.glyph(), sight.meaning()),
        )
    });
    page.prose(&legend, 0, 0)?;
    page.blank()
}

fn tell(notice: &Notice, page: &mut Page<'_>) -> io::Result<()> {
    let (mark, message) = if notice.is_urgent() {
        (paint::BAD, paint::BAD)
    } else {
        (paint::DOUBTFUL.bold(), Style::new())
    };
    let told = Prose::default()
        .unit(mark, "!")
        .text(message, &notice.message);
    page.prose(&told, 0, 2)?;
    page.prose(
        &Prose::new(Style::new().bold(), &format!("→ {}", notice.remedy)),
        2,
        4,
    )
}
