use std::io;

use anstyle::Style;

use super::fit::width;
use super::paint::{self, Paint};
use super::prose::Prose;
use super::row::Naming;
use super::sight::Sight;
use crate::audit::Audit;
use crate::explain::{Case, Group, Place, Step, Subject, groups, name_of};
use crate::text::escape;

/// How many deployments are named at one place.
const NAMES: usize = 5;
/// How many places are named for one case.
const PLACES: usize = 5;
/// How many cases of one group are told.
const CASES: usize = 3;

/// Writes what is wrong, by what to do about it.
pub struct Findings<'a> {
    pub audit: &'a Audit,
    pub naming: Naming<'a>,
    pub width: usize,
    pub paint: Paint,
}

impl Findings<'_> {
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        for group in groups(self.audit) {
            writeln!(out)?;
            self.group(&group, out)?;
        }
        Ok(())
    }

    fn group(&self, group: &Group<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let deployments = group.deployments();
        self.prose(&self.title(group, &deployments), 0, 4, out)?;
        // The title names a single deployment, and what rests on a reference is not where it broke.
        let named = deployments.len() > 1 && matches!(group.subject, Subject::Hops(_));
        for case in group.cases.iter().take(CASES) {
            self.case(case, named, out)?;
        }
        if let Some(more @ 1..) = group.cases.len().checked_sub(CASES) {
            self.text(
                &format!("and {more} more of this kind, told by `--format json`"),
                2,
                out,
            )?;
        }
        self.step("→", &group.remedy, out)?;
        match &group.then {
            Some(then) => self.step("→ then", then, out),
            None => Ok(()),
        }
    }

    fn title(&self, group: &Group<'_>, deployments: &[usize]) -> Prose {
        let verdict = group.subject.verdict();
        let sight = match group.waiver {
            Some(_) => Sight::Waived,
            None => Sight::of_verdict(verdict),
        };
        let (bold, plain) = (Style::new().bold(), Style::new());
        let dot = |title: Prose| title.unit(paint::IDLE, "·");
        let count = match deployments.len() {
            1 => "1 deployment".to_owned(),
            many => format!("{many} deployments"),
        };
        let mut title =
            dot(Prose::default().unit(sight.style(), format!("{} {verdict}", sight.glyph())));
        title = match (group.subject, deployments) {
            (Subject::Reference(project, _), _) => {
                let name = name_of(self.audit, project);
                let rest = if deployments.len() == 1 {
                    "rests"
                } else {
                    "rest"
                };
                let title = title.text(bold, &format!("the reference of {name}"));
                dot(title).text(plain, &format!("{count} {rest} on it"))
            }
            (Subject::Hops(_), &[only]) => title.text(bold, &self.name(only)),
            (Subject::Hops(_), _) => title.unit(bold, count),
        };
        if let Some(owner) = &group.owner {
            title = dot(title).text(plain, &format!("owner {}", escape(owner)));
        }
        if let Some(waiver) = group.waiver {
            let told = format!(
                "waived by {} until {}: {}",
                escape(&waiver.owner),
                waiver.until.strftime("%Y-%m-%d"),
                escape(&waiver.reason)
            );
            title = dot(title).text(plain, &told);
        }
        title
    }

    fn case(&self, case: &Case, named: bool, out: &mut dyn io::Write) -> io::Result<()> {
        self.text(&case.message, 2, out)?;
        for place in case.places.iter().take(PLACES) {
            let names = if named {
                self.names(place)
            } else {
                Prose::default()
            };
            self.prose(&names.text(Style::new(), &place.location), 4, 6, out)?;
        }
        let Some(more @ 1..) = case.places.len().checked_sub(PLACES) else {
            return Ok(());
        };
        let rest = &case.places[PLACES..];
        let deployments: usize = rest.iter().map(|place| place.deployments.len()).sum();
        let plural = if more == 1 { "place" } else { "places" };
        self.text(
            &format!("and {more} more {plural}, of {deployments} deployments"),
            4,
            out,
        )
    }

    /// `cart, mail and 37 more at`.
    fn names(&self, place: &Place) -> Prose {
        let mut names = Prose::default();
        let shown = place.deployments.len().min(NAMES);
        for (index, &deployment) in place.deployments.iter().take(NAMES).enumerate() {
            let comma = if index + 1 < shown { "," } else { "" };
            names = names.text(
                Style::new().bold(),
                &format!("{}{comma}", self.name(deployment)),
            );
        }
        if let Some(more @ 1..) = place.deployments.len().checked_sub(NAMES) {
            names = names.unit(Style::new(), format!("and {more} more"));
        }
        names.unit(Style::new(), "at")
    }

    fn name(&self, deployment: usize) -> String {
        let outcome = self.audit.deployments.get(deployment);
        outcome
            .map(|outcome| self.naming.of(outcome))
            .unwrap_or_default()
    }

    /// One thing to do. A command is never broken, so that it can be pasted.
    fn step(&self, lead: &str, step: &Step, out: &mut dyn io::Write) -> io::Result<()> {
        let bold = Style::new().bold();
        let command = step
            .text
            .split_once(": ")
            .filter(|(_, command)| !command.contains(", ") && !command.contains("; "))
            .filter(|_| 2 + width(lead) + 1 + width(&step.text) > self.width);
        let told = command.map_or(step.text.as_str(), |(what, _)| what);
        let colon = if command.is_some() { ":" } else { "" };
        let mut prose = Prose::default().text(bold, &format!("{lead} {told}{colon}"));
        if step.likewise {
            prose = prose.unit(Style::new(), "(likewise for the others)");
        }
        self.prose(&prose, 2, 4, out)?;
        match command {
            Some((_, command)) => writeln!(out, "      {}", self.paint.bold(command)),
            None => Ok(()),
        }
    }

    fn text(&self, text: &str, indent: usize, out: &mut dyn io::Write) -> io::Result<()> {
        self.prose(&Prose::new(Style::new(), text), indent, indent, out)
    }

    /// Lines, the first indented by `first`, the others by `rest`.
    fn prose(
        &self,
        prose: &Prose,
        first: usize,
        rest: usize,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let lines = prose.lines(self.width.saturating_sub(first.max(rest)), self.paint);
        for (index, line) in lines.iter().enumerate() {
            let indent = if index == 0 { first } else { rest };
            writeln!(out, "{:indent$}{line}", "")?;
        }
        Ok(())
    }
}
