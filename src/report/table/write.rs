use std::collections::BTreeSet;
use std::io;

use anstyle::Style;
use comfy_table::{ColumnConstraint, Table, TableStyle, Width};

use super::findings::Findings;
use super::paint::{self, Paint};
use super::prose::Prose;
use super::row::{Columns, GAP, Naming, Row};
use super::sight::Sight;
use super::summary::summary;
use crate::audit::Audit;
use crate::explain::{Notice, notices};
use crate::report::{Format, Look, Report};

/// This format.
pub const FORMAT: Format = Format {
    id: "table",
    title: "a row for each deployment, and what to do, for people",
    make: |look| Box::new(People(look)),
};

/// How many rows are laid out at a time.
const CHUNK: usize = 512;

struct People(Look);

impl Report for People {
    fn write(&self, audit: &Audit, out: &mut dyn io::Write) -> io::Result<()> {
        let paint = Paint {
            colour: self.0.colour,
        };
        let notices = notices(audit);
        let (urgent, others): (Vec<_>, Vec<_>) =
            notices.iter().partition(|notice| notice.is_urgent());
        for notice in urgent {
            self.notice(notice, paint, out)?;
            writeln!(out)?;
        }
        let naming = Naming::new(audit);
        self.rows(audit, naming, paint, out)?;
        for prose in summary(audit) {
            self.prose(&prose, paint, out)?;
        }
        let findings = Findings {
            audit,
            naming,
            width: self.0.width,
            paint,
        };
        findings.write(out)?;
        for notice in others {
            writeln!(out)?;
            self.notice(notice, paint, out)?;
        }
        Ok(())
    }
}

impl People {
    fn rows(
        &self,
        audit: &Audit,
        naming: Naming<'_>,
        paint: Paint,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        if audit.deployments.is_empty() {
            return Ok(());
        }
        // The rows are made twice, once to measure and once to draw, so that they need not be kept.
        let mut columns = Columns::default();
        let mut sights = BTreeSet::new();
        for outcome in &audit.deployments {
            let row = Row::of(&naming, outcome);
            columns = columns.cover(row.columns());
            sights.extend(row.sights());
        }
        let columns = columns.fit(self.0.width);
        for chunk in audit.deployments.chunks(CHUNK) {
            let mut table = Table::new();
            table.load_style(TableStyle::new());
            for outcome in chunk {
                table.add_row(Row::of(&naming, outcome).cells(columns, paint));
            }
            for (index, width) in [columns.verdict, columns.name, columns.route]
                .into_iter()
                .enumerate()
            {
                if let Some(column) = table.column_mut(index) {
                    let gap = if index < 2 { GAP } else { 0 };
                    let fixed = u16::try_from(width + gap).unwrap_or(u16::MAX);
                    column.set_padding((0, u16::try_from(gap).unwrap_or(0)));
                    column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(fixed)));
                }
            }
            for line in table.lines() {
                writeln!(out, "{}", line.trim_end())?;
            }
        }
        writeln!(out)?;
        self.legend(&sights, paint, out)
    }

    /// What the glyphs stand for; those that speak for themselves need no words.
    fn legend(
        &self,
        sights: &BTreeSet<Sight>,
        paint: Paint,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        if sights.iter().all(|&sight| sight == Sight::Good) {
            return Ok(());
        }
        let mut legend = Prose::default();
        for sight in Sight::ALL
            .into_iter()
            .filter(|sight| sights.contains(sight))
        {
            legend = legend.unit(
                paint::IDLE,
                format!("{} {} ", sight.glyph(), sight.meaning()),
            );
        }
        self.prose(&legend, paint, out)?;
        writeln!(out)
    }

    fn notice(&self, notice: &Notice, paint: Paint, out: &mut dyn io::Write) -> io::Result<()> {
        let style = if notice.is_urgent() {
            paint::BAD
        } else {
            paint::DOUBTFUL.bold()
        };
        let told = Prose::default().unit(style, "!").text(
            if notice.is_urgent() {
                style
            } else {
                Style::new()
            },
            &notice.message,
        );
        self.prose(&told, paint, out)?;
        self.prose(
            &Prose::new(Style::new().bold(), &format!("  → {}", notice.remedy)),
            paint,
            out,
        )
    }

    fn prose(&self, prose: &Prose, paint: Paint, out: &mut dyn io::Write) -> io::Result<()> {
        for line in prose.lines(self.0.width, paint) {
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
