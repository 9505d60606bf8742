use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::audit::Audit;
use crate::cli::config;
use crate::explain::{belonging, coverage, name_of};
use crate::gate::{Coverage, ExitCode};
use crate::judge::Outcome;
use crate::keyring::{KeyId, Role};
use crate::task::revoke_check::{Answer, Place};
use crate::text::escape;

/// An answer in words.
pub(super) struct Told<'t> {
    pub(super) audit: &'t Audit,
    pub(super) answer: &'t Answer<'t>,
}

/// How many replicas are named at one hop.
const NAMES: usize = 5;

impl Told<'_> {
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.headline(out)?;
        for &key in &self.answer.alive {
            let whose = belonging(self.audit, key);
            writeln!(
                out,
                "\n✗ revoking it breaks what holds it now: it is {whose}"
            )?;
        }
        for [message, remedy] in &self.answer.doubts {
            writeln!(out, "\n? {message}\n  → {remedy}")?;
        }
        for place in &self.answer.holders {
            self.place('✗', place, out)?;
        }
        for place in &self.answer.blind {
            self.place('?', place, out)?;
        }
        for name in &self.answer.forgotten {
            writeln!(
                out,
                "\n? {}: past audits knew it, and targets.yaml names it no longer\n  → name it again, or \
                 close it with `straggler history retire`, or \
                 answer for it with --accept",
                escape(name)
            )?;
        }
        for (place, reason) in &self.answer.accepted {
            self.place('·', place, out)?;
            writeln!(out, "  accepted for this key: {}", escape(reason))?;
        }
        writeln!(out, "\n{}", coverage(&Coverage::of(self.audit)))?;
        writeln!(
            out,
            "exit {}: {}",
            self.answer.code().code(),
            self.standing()
        )
    }

    fn headline(&self, out: &mut dyn Write) -> io::Result<()> {
        let verdict = match self.answer.code() {
            ExitCode::Success if self.answer.dead => "dead already, and held nowhere",
            ExitCode::Success => "safe to revoke",
            ExitCode::Drift => "not safe to revoke",
            _ => "nobody can tell",
        };
        let keys: Vec<_> = self.answer.keys.iter().map(|&key| self.key(key)).collect();
        match keys.as_slice() {
            [] => writeln!(out, "{verdict}"),
            keys => writeln!(out, "{verdict}: {}", keys.join(", ")),
        }
    }

    fn key(&self, key: KeyId) -> String {
        let project = &self.audit.projects[key.project.0 as usize];
        let fingerprint = match key.role {
            Role::Current => project.current,
            Role::Next => project.next,
            Role::Previous(age) => project
                .previous
                .get(usize::from(age))
                .map(|known| known.fingerprint),
        };
        let name = belonging(self.audit, key);
        match fingerprint {
            Some(fingerprint) => format!("{fingerprint} ({name})"),
            None => name,
        }
    }

    fn place(&self, glyph: char, place: &Place<'_>, out: &mut dyn Write) -> io::Result<()> {
        let spot = place.spot;
        let names: Vec<_> = place
            .readings
            .iter()
            .filter_map(|reading| reading.replica.as_deref().map(|name| escape(name)))
            .collect();
        let [_, many] = spot.hop.place.source.info().replicas;
        let all = spot.judged.readings.len();
        let counted = match (place.readings.len(), all) {
            (_, 1) => String::new(),
            (some, all) => format!(" ({some} of {all} {many})"),
        };
        let worst: Option<&&Outcome> = place.readings.iter().min_by_key(|reading| reading.verdict);
        let Some(worst) = worst else {
            return Ok(());
        };
        let message = spot.reading_message(worst);
        writeln!(
            out,
            "\n{glyph} {}{counted}: {message}\n    {}",
            escape(&spot.deployment.title()),
            spot.location()
        )?;
        if all > 1 && !names.is_empty() {
            let more = names.len().saturating_sub(NAMES);
            let shown = names[..names.len().min(NAMES)].join(", ");
            let rest = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            writeln!(out, "    {shown}{rest}")?;
        }
        writeln!(out, "  → {}", spot.way_out(worst))
    }

    fn standing(&self) -> String {
        let count = |count: usize, what: &str| (count > 0).then(|| config::counted(count, what));
        let parts: Vec<_> = [
            count(self.answer.alive.len(), "live key"),
            count(self.answer.holders.len(), "holder"),
            count(
                self.answer.blind.len() + self.answer.forgotten.len(),
                "blind spot",
            ),
            count(self.answer.doubts.len(), "doubt"),
        ]
        .into_iter()
        .flatten()
        .collect();
        let projects: Vec<_> = self
            .answer
            .keys
            .iter()
            .map(|key| name_of(self.audit, key.project))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        match parts.as_slice() {
            [] => format!("nobody holds an old key of {}", projects.join(", ")),
            parts => parts.join(", "),
        }
    }
}
