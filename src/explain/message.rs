use std::collections::BTreeMap;

use super::Spot;
use super::clause::{clause, plural};
use super::known::name_of;
use super::when::when;
use crate::judge::{Member, Outcome, Why};
use crate::keyring::{Role, Way};
use crate::text::escape;
use crate::verdict::{Expectation, Fault, Stage, Verdict};

/// What both SDKs were seen to do on the wire with a key that is refused (401).
const REFUSED: &str = "events are being lost now: the key is refused, after which the Python SDK \
                       stays off until the process restarts and the Rust SDK drops every event";

impl Spot<'_> {
    /// What was found here and what that means: which key, since when, at how many replicas, what
    /// damage does, whose fault it is, and what is still to come.
    #[must_use]
    pub fn message(&self) -> String {
        let Some(lead) = self.judged.leading() else {
            return "left out by --until".to_owned();
        };
        let mut parts = self.counted(lead);
        parts.extend(self.elsewhere(lead));
        parts.extend(self.effect(lead));
        parts.extend(self.loss(lead));
        parts.extend(self.way_in(lead));
        parts.extend(self.origin());
        parts.extend(self.relapse());
        parts.extend(lead.note.as_deref().map(|note| escape(note).into_owned()));
        parts.join("; ")
    }

    /// What one replica here shows.
    #[must_use]
    pub fn reading_message(&self, reading: &Outcome) -> String {
        let mut told = clause(self, reading, true);
        if let Some(elsewhere) = self.elsewhere(reading) {
            told.push_str("; ");
            told.push_str(&elsewhere);
        }
        if let Some(note) = &reading.note {
            told.push_str("; ");
            told.push_str(&escape(note));
        }
        told
    }

    /// What decides, at how many of the replicas, and what the others are.
    fn counted(&self, lead: &Outcome) -> Vec<String> {
        let readings = &self.judged.readings;
        let [one, many] = self.hop.place.source.info().replicas;
        if readings.len() == 1 {
            let mut parts = vec![clause(self, lead, true)];
            if lead.verdict.is_finding() && lead.replica.is_some() {
                parts.push(self.replica(one, lead));
            }
            return parts;
        }
        let told = clause(self, lead, false);
        let (same, rest): (Vec<_>, Vec<_>) = readings.iter().partition(|reading| {
            reading.verdict == lead.verdict && clause(self, reading, false) == told
        });
        let mut others = BTreeMap::<Verdict, usize>::new();
        for reading in rest {
            *others.entry(reading.verdict).or_default() += 1;
        }
        let (some, all) = (same.len(), readings.len());
        let told = if some == 1 {
            told.into()
        } else {
            plural(&told)
        };
        let mut parts = vec![if some == all {
            format!("all {all} {many} {told}")
        } else {
            format!("{some} of {all} {many} {told}")
        }];
        let oldest = same
            .into_iter()
            .min_by_key(|reading| (fixed(reading).is_none(), fixed(reading)));
        let oldest = oldest.filter(|oldest| lead.verdict.is_finding() && oldest.replica.is_some());
        parts.extend(oldest.map(|oldest| {
            let role = match (some, fixed(oldest)) {
                (1, _) => one,
                (_, Some(_)) => "oldest holder",
                (_, None) => "one of them",
            };
            self.replica(role, oldest)
        }));
        if !others.is_empty() {
            let told = others.into_iter().map(|(verdict, count)| {
                let more = if verdict == lead.verdict { "more " } else { "" };
                format!("{count} {more}{verdict}")
            });
            parts.push(told.collect::<Vec<_>>().join(", "));
        }
        parts
    }

    fn replica(&self, role: &str, reading: &Outcome) -> String {
        let name = reading.replica.as_deref().unwrap_or_default();
        let mut told = format!("{role} {}", escape(name));
        if let Some(at) = reading.started_at {
            told.push_str(match self.stage() {
                Stage::Bundle => ", last changed ",
                _ => ", started ",
            });
            told.push_str(&when(at, self.audit.generated_at));
        }
        told
    }

    /// What the damaged value does as a whole.
    fn effect(&self, lead: &Outcome) -> Option<String> {
        match &lead.why {
            Why::Holds { damage, wire, .. } if !damage.is_empty() => Some(wire.effect().to_owned()),
            _ => None,
        }
    }

    /// What a key that is dead, or that others own, does to what runs with it.
    fn loss(&self, lead: &Outcome) -> Option<String> {
        let it_runs = if self.is_live() {
            ""
        } else if self.followers().next().is_some() {
            "what runs has it too: "
        } else {
            return None;
        };
        match (lead.verdict, &lead.why) {
            (Verdict::Revoked, _) => Some(format!("{it_runs}{REFUSED}")),
            (Verdict::WrongProject, Why::Holds { key, damage, .. })
                if damage.is_empty() && key.role() != Role::Previous =>
            {
                Some(format!(
                    "{it_runs}its events land in {}",
                    name_of(self.audit, key.project)
                ))
            }
            _ => None,
        }
    }

    /// How the key would be read if the value around it was meant, where the remedy does not say so.
    fn way_in(&self, lead: &Outcome) -> Option<String> {
        let setting = self.setting(lead)?;
        (self.judged.fault == Some(Fault::Inherited) || self.hop.expect == Expectation::Absent)
            .then(|| format!("if all of it is meant to be there, `{setting}` reads the key"))
    }

    /// The setting that would read a key that stands in something larger.
    pub(super) fn setting(&self, reading: &Outcome) -> Option<String> {
        let Why::Holds { inside, .. } = &reading.why else {
            return None;
        };
        Some(
            match (inside.as_ref()?.way.as_ref()?, Member::of(&self.hop.place)) {
                (_, Member::Named) => return None,
                (Way::Json(pointer), Member::Setting(setting)) if !pointer[1..].contains('/') => {
                    format!("{setting}: {}", &pointer[1..])
                }
                (Way::Json(pointer), _) => format!("extract: {{ json: {pointer} }}"),
                (Way::Url(part), _) => format!("extract: {{ url: {part} }}"),
                (Way::Dotenv(name), _) => format!("extract: {{ dotenv: {name} }}"),
            },
        )
    }

    /// Where it went wrong, when that is not here, or not surely here.
    fn origin(&self) -> Option<String> {
        if let Some(cause) = self.cause() {
            return Some(format!(
                "inherited from {} ({})",
                cause.source(),
                cause.location()
            ));
        }
        if self.judged.fault != Some(Fault::Own) {
            return None;
        }
        let mut unseen: Vec<_> = self
            .before()
            .take_while(|earlier| earlier.judged.verdict == Verdict::Unreachable)
            .map(|earlier| earlier.location())
            .collect();
        unseen.reverse();
        let verb = if unseen.len() == 1 { "was" } else { "were" };
        (!unseen.is_empty())
            .then(|| format!("or earlier: {} {verb} not seen", unseen.join(" and ")))
    }

    /// What the next sync, start or build will undo.
    fn relapse(&self) -> Option<String> {
        if self.judged.fault != Some(Fault::Own) || self.hop.expect == Expectation::Absent {
            return None;
        }
        let good = self
            .after()
            .rfind(|later| later.judged.verdict == Verdict::Current)?;
        let next = match good.stage() {
            Stage::Bundle => "build",
            _ => "sync or deploy",
        };
        let returns = match self.judged.verdict {
            Verdict::Revoked | Verdict::Stale => "bring the old key back",
            Verdict::WrongProject => "bring the wrong key back",
            Verdict::Malformed => "bring the damaged key back",
            Verdict::Missing => "remove the key",
            _ => "bring the unknown key back",
        };
        Some(format!(
            "{} is current, but the next {next} will {returns}",
            good.stage()
        ))
    }
}

/// Since when a replica has been holding what it holds.
fn fixed(reading: &Outcome) -> Option<jiff::Timestamp> {
    match reading.why {
        Why::Timed { fixed_at, .. } => reading.started_at.or(fixed_at),
        _ => reading.started_at,
    }
}

#[cfg(test)]
mod tests;
