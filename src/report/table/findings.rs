use std::collections::HashSet;
use std::io;

use anstyle::Style;

use super::fit::width;
use super::page::Page;
use super::paint;
use super::prose::Prose;
use super::row::Naming;
use super::sight::Sight;
use crate::explain::{Case, Group, Place, Step, Subject, groups, name_of};
use crate::report::Shown;
use crate::text::escape;

/// How many deployments are named at one place.
const NAMES: usize = 5;
/// How many places are named for one case.
const PLACES: usize = 5;
/// How many cases of one group are told.
const CASES: usize = 3;

/// Writes what is wrong, by what to do about it; where only changes are told, with those alone.
pub fn findings(shown: Shown<'_>, naming: Naming<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let listed: Option<HashSet<usize>> = shown.changes.map(|_| {
        let listed = shown.deployments().into_iter();
        listed.map(|(index, _)| index).collect()
    });
    let is_listed = |index: usize| listed.as_ref().is_none_or(|all| all.contains(&index));
    for group in groups(naming.audit, is_listed) {
        page.blank()?;
        Findings { naming, page }.group(&group)?;
    }
    Ok(())
}

struct Findings<'a, 'p> {
    naming: Naming<'a>,
    page: &'a mut Page<'p>,
}

impl Findings<'_, '_> {
    fn group(&mut self, group: &Group<'_>) -> io::Result<()> {
        let deployments = group.deployments();
        self.page.prose(&self.title(group, &deployments), 0, 4)?;
        // The title names a single deployment, and what rests on a reference is not where it broke.
        let named = deployments.len() > 1 && matches!(group.subject, Subject::Hops(_));
        for case in group.cases.iter().take(CASES) {
            self.case(case, named)?;
        }
        if let Some(more @ 1..) = group.cases.len().checked_sub(CASES) {
            self.page.text(
                &format!("and {more} more of this kind, told by `--format json`"),
                2,
            )?;
        }
        self.step("→", &group.remedy, deployments.len())?;
        for (_, then) in &group.then {
            self.step("→ then", then, deployments.len())?;
        }
        Ok(())
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
                let name = name_of(self.naming.audit, project);
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

    fn case(&mut self, case: &Case, named: bool) -> io::Result<()> {
        self.page.text(&case.message, 2)?;
        for place in case.places.iter().take(PLACES) {
            let names = if named {
                self.names(place)
            } else {
                Prose::default()
            };
            self.page
                .prose(&names.text(Style::new(), &place.location), 4, 6)?;
        }
        let Some(more @ 1..) = case.places.len().checked_sub(PLACES) else {
            return Ok(());
        };
        let rest = &case.places[PLACES..];
        let deployments: usize = rest.iter().map(|place| place.deployments.len()).sum();
        let plural = if more == 1 { "place" } else { "places" };
        self.page.text(
            &format!("and {more} more {plural}, of {deployments} deployments"),
            4,
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
        let outcome = self.naming.audit.deployments.get(deployment);
        outcome
            .map(|outcome| self.naming.of(outcome))
            .unwrap_or_default()
    }

    /// One thing to do. A command is never broken, so that it can be pasted.
    fn step(&mut self, lead: &str, step: &Step, of: usize) -> io::Result<()> {
        let bold = Style::new().bold();
        let command = step
            .text
            .split_once(": ")
            .filter(|(_, command)| !command.contains([',', ';', '`']))
            .filter(|_| 2 + width(lead) + 1 + width(&step.text) > self.page.width);
        let likewise = step.likewise.then(|| self.likewise(step, of));
        let Some((what, command)) = command else {
            let mut prose = Prose::new(bold, lead);
            for word in words(&step.text) {
                prose = prose.unit(bold, word);
            }
            if let Some(told) = likewise {
                prose = prose.unit(Style::new(), told);
            }
            return self.page.prose(&prose, 2, 4);
        };
        self.page
            .prose(&Prose::new(bold, &format!("{lead} {what}:")), 2, 4)?;
        let command = self.page.paint.bold(command);
        self.page.line(&format!("      {command}"))?;
        likewise.map_or(Ok(()), |told| self.page.text(&told, 4))
    }

    /// Where else the same is to be done: by name, unless that is everywhere.
    fn likewise(&self, step: &Step, of: usize) -> String {
        let others = step.deployments.get(1..).unwrap_or_default();
        if step.deployments.len() == of || others.is_empty() {
            return "(likewise for the others)".to_owned();
        }
        let names = others.iter().take(NAMES).map(|&other| self.name(other));
        let names = names.collect::<Vec<_>>().join(", ");
        match others.len().checked_sub(NAMES) {
            Some(more @ 1..) => format!("(likewise for {names} and {more} more)"),
            _ => format!("(likewise for {names})"),
        }
    }
}

/// The words of a text, each command with what is written right beside it as one.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut in_command = false;
    text.split(move |letter| {
        in_command ^= letter == '`';
        letter == ' ' && !in_command
    })
    .filter(|word| !word.is_empty())
}
