use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::audit::Audit;
use crate::cli::config;
use crate::explain::{belonging, coverage, name_of, word};
use crate::gate::{Coverage, ExitCode};
use crate::judge::Outcome;
use crate::key::Fingerprint;
use crate::task::revoke_check::{Alive, Answer, Gone, Last, Life, Place};
use crate::text::escape;

/// An answer in words.
pub(super) struct Told<'t> {
    pub(super) audit: &'t Audit,
    pub(super) answer: &'t Answer<'t>,
}

/// How many replicas are named at one hop.
const NAMES: usize = 5;

/// A deployment that was not read here.
fn forgotten(gone: &Gone, called: &str, last: Last, out: &mut dyn Write) -> io::Result<()> {
    let called = word(called);
    let (title, project) = (word(&gone.name.title), word(&gone.name.project));
    let known = match &gone.elsewhere {
        None => format!(
            "past audits knew it under {}, and targets.yaml names it no longer",
            escape(&gone.name.project)
        ),
        Some(other) => format!(
            "the inventory {} names it under {}, and it was not read here",
            escape(&other.title),
            escape(&gone.name.project)
        ),
    };
    let held = match last {
        Last::Held => "it held the key when it was last read",
        Last::HeldNone => "it did not hold the key when it was last read",
        Last::Unasked => {
            "what it held when it was last read is known, but not which key is in question"
        }
        Last::Unknown => "nobody knows what it held",
    };
    let (look, config) = match &gone.elsewhere {
        None => ("name it again, or close it with", String::new()),
        Some(other) => (
            "ask with a file that includes both; if it is no more, close it there, with",
            format!(
                " --config {}",
                word(other.file.as_deref().unwrap_or("FILE"))
            ),
        ),
    };
    writeln!(
        out,
        "\n? {}: {known}; {held}\n  → {look} `straggler history retire {title} --project \
         {project}{config}`, or answer for it: --accept {called} --reason TEXT",
        escape(&gone.name.title)
    )
}

impl Told<'_> {
    /// What a deployment that past audits know is called by who answers for it.
    fn called(&self, title: &str, inventory: i64) -> String {
        let own = &self.audit.inventory;
        self.answer.past.called(own, title, inventory)
    }

    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.headline(out)?;
        for alive in &self.answer.alive {
            self.alive(alive, out)?;
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
        for (gone, last) in &self.answer.forgotten {
            let called = self.called(&gone.name.title, gone.inventory);
            forgotten(gone, &called, *last, out)?;
        }
        for left in &self.answer.left {
            let what = match &left.holds {
                Some(held) if !held.iter().any(|print| self.is_asked(print)) => {
                    "a key that doesn't fit the format is not looked for in bundles, and nobody knows that this \
                     one does"
                }
                Some(_) => "it held the key when it was last read",
                None => "what it held when it was last read was not explained",
            };
            writeln!(
                out,
                "\n? {}: {what}, and it is on no route anymore\n    {}\n  → put it back on the route, or \
                 answer for it: --accept {} --reason TEXT",
                escape(&left.name.title),
                escape(&left.location),
                word(&self.called(&left.name.title, left.inventory))
            )?;
        }
        for (place, reason) in &self.answer.accepted {
            self.place('·', place, out)?;
            writeln!(out, "  accepted for this key: {}", escape(reason))?;
        }
        for (called, location, reason) in &self.answer.accepted_past {
            writeln!(out, "\n· {}: only past audits knew it", escape(called))?;
            if let Some(location) = location {
                writeln!(out, "    {}", escape(location))?;
            }
            writeln!(out, "  accepted for this key: {}", escape(reason))?;
        }
        writeln!(out, "\n{}", coverage(&Coverage::of(self.audit)))?;
        for (key, format) in &self.answer.assumed {
            writeln!(
                out,
                "only the fingerprint of {key} is known: bundles were looked through for what fits `{}`, and it \
                 is taken to fit that",
                escape(format.as_str())
            )?;
        }
        for &key in &self.answer.unsettled {
            let Some(print) = self.audit.fingerprint(key) else {
                continue;
            };
            writeln!(
                out,
                "not answered for: {print}, which stood in the reference of {} and was replaced before anything \
                 settled that it belonged there, so it may be anybody's; if it was that project's, ask with --key \
                 {print}",
                name_of(self.audit, key.project)
            )?;
        }
        if !self.answer.past_is_known {
            writeln!(
                out,
                "deployments known to past audits were not considered: no ledger remembers any"
            )?;
        }
        for key in &self.answer.unseen {
            writeln!(
                out,
                "past audits never knew {key} as a live key: what held it and left targets.yaml before the first audit in \
                 this ledger is not known"
            )?;
        }
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
        let keys = self.keys();
        match keys.as_slice() {
            [] => writeln!(out, "{verdict}"),
            keys => writeln!(out, "{verdict}: {}", keys.join(", ")),
        }
    }

    fn alive(&self, alive: &Alive, out: &mut dyn Write) -> io::Result<()> {
        let name = name_of(self.audit, alive.project);
        let it_is = match alive.life {
            Life::Current => format!("it is {name}'s current key"),
            Life::Next => format!("it is {name}'s next key"),
            Life::Held => format!("the reference of {name} holds it, though that is not sound"),
            Life::LastSure => format!(
                "it is the last key of {name} that past audits were sure of, and its reference is not sound \
                 or not settled"
            ),
        };
        let (glyph, breaks) = match alive.is_sure {
            true => ('✗', "breaks what holds it now"),
            false => ('?', "may break what holds it now"),
        };
        writeln!(out, "\n{glyph} revoking it {breaks}: {it_is}")
    }

    fn is_asked(&self, print: &Fingerprint) -> bool {
        let known = self.answer.keys.iter();
        let known = known.filter_map(|&key| self.audit.fingerprint(key));
        known
            .chain(self.answer.unknown)
            .any(|key| key.agrees(print))
    }

    /// The keys in question. One that lives is first of all what it lives for: a previous one that a reference
    /// holds again, by a rollback or a wrong paste, is not only that.
    fn keys(&self) -> Vec<String> {
        let mut nameless = Vec::new();
        let mut named: Vec<(Fingerprint, Vec<String>)> = Vec::new();
        for &key in &self.answer.keys {
            let name = belonging(self.audit, key);
            match self.audit.fingerprint(key) {
                None => nameless.push(name),
                Some(print) => match named.iter_mut().find(|(known, _)| *known == print) {
                    Some((_, names)) => names.push(name),
                    None => named.push((print, vec![name])),
                },
            }
        }
        named.extend(self.answer.unknown.map(|print| (print, Vec::new())));
        let named = named.into_iter().map(|(print, names)| {
            let alive = self.answer.alive.iter();
            let alive = alive.filter(|alive| alive.fingerprint.agrees(&print));
            let mut told: Vec<String> = alive.map(|alive| self.life(alive)).collect();
            let lives = !told.is_empty();
            for name in names {
                match lives {
                    _ if told.contains(&name) => {}
                    true => told.push(format!("known as {name}")),
                    false => told.push(name),
                }
            }
            match told.is_empty() {
                true => print.to_string(),
                false => format!("{print} ({})", told.join("; ")),
            }
        });
        named.chain(nameless).collect()
    }

    /// What a key lives for, in few words.
    fn life(&self, alive: &Alive) -> String {
        let name = name_of(self.audit, alive.project);
        match alive.life {
            Life::Current => format!("{name}'s current key"),
            Life::Next => format!("{name}'s next key"),
            Life::Held => format!("in the reference of {name}, which is not sound"),
            Life::LastSure => format!("{name}'s last sure key"),
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
        let message = place.message(worst);
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
        let unsought = place.unsought.as_ref();
        if unsought.is_none_or(|unsought| !unsought.alone) {
            writeln!(out, "  → {}", place.way_out(worst))?;
        }
        if let Some(unsought) = unsought {
            let [message, remedy] = unsought.told(&spot);
            writeln!(out, "    {message}\n  → {remedy}")?;
        }
        Ok(())
    }

    fn standing(&self) -> String {
        let count = |count: usize, what: &str| (count > 0).then(|| config::counted(count, what));
        let parts: Vec<_> = [
            count(self.answer.alive.len(), "live key"),
            count(self.answer.holders.len(), "holder"),
            count(
                self.answer.blind.len() + self.answer.forgotten.len() + self.answer.left.len(),
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
            [] if projects.is_empty() => "nobody holds it".to_owned(),
            [] => format!("nobody holds an old key of {}", projects.join(", ")),
            parts => parts.join(", "),
        }
    }
}
