use std::collections::BTreeSet;
use std::io::{self, Write};

use super::args::{Config, EXIT_CODES};
use super::effort::{Effort, Patience};
use super::exit::{Ended, Failure};
use super::progress::Watch;
use super::{config, interrupt, runtime, terminal};
use crate::audit::{self, Audit, Options, Owner, Remembered};
use crate::explain::{belonging, coverage, name_of};
use crate::gate::{Coverage, ExitCode};
use crate::inventory::Inventory;
use crate::judge::Outcome;
use crate::key::Fingerprint;
use crate::keyring::{KeyId, ProjectId, Role};
use crate::platform;
use crate::task::revoke_check::{Answer, Place, Question};
use crate::text::escape;

/// May the old key be revoked? Every remaining holder, every blind spot
///
/// Reads every hop of every project, so that no holder is missed wherever it is. All previous keys of
/// the project that are not known to be dead are looked for, damaged or not.
#[derive(clap::Args)]
#[command(
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}")
)]
pub(super) struct Args {
    /// The project whose key is to be revoked
    project: String,

    #[command(flatten)]
    config: Config,

    /// Only the keys of this environment; without it, those of the project and all its environments
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,

    /// The one key that is meant, by its fingerprint: `sha256:9f2c41d07a3b`
    #[arg(long, value_name = "FINGERPRINT")]
    key: Option<Fingerprint>,

    /// Take a claim, such as a label with a fingerprint, for proof
    #[arg(long)]
    accept_attested: bool,

    #[command(flatten)]
    effort: Effort,
    #[command(flatten)]
    patience: Patience,

    /// Show no progress bar
    #[arg(long)]
    no_progress: bool,

    /// List the requests on standard error, each with its outcome and time; twice, also when each goes out
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,
}

const EXAMPLES: &str = "\
Examples:
  straggler revoke-check checkout
  straggler revoke-check checkout --environment staging --key sha256:9f2c41d07a3b";

pub(super) fn run(args: Args) -> Ended {
    let inventory = config::load(&args.config)?;
    let owners = args.owners(&inventory)?;
    let named = |key| {
        let owner = |id: &ProjectId| (Owner::of(inventory.project(*id)), key);
        owners.iter().map(owner).collect()
    };
    let remembered = Remembered {
        others: args.key.map(named).unwrap_or_default(),
        ..Remembered::default()
    };
    let all: Vec<u32> = (0..)
        .zip(&inventory.deployments)
        .map(|(index, _)| index)
        .collect();
    let options = Options {
        limits: args.effort.limits(args.patience.timeout),
        trace: owners.iter().copied().collect(),
        ..Options::default()
    };
    runtime::run(async {
        let watch = Watch::new(&inventory, !args.no_progress, args.verbose);
        let connections = platform::connections(inventory.connections());
        let stop = interrupt::listen().happens();
        let audit = audit::run(
            inventory,
            &all,
            connections,
            &remembered,
            &options,
            &watch,
            stop,
        )
        .await;
        watch.finish();
        let accepted = Vec::new();
        let question = Question {
            owners: &owners,
            key: args.key,
            accept_attested: args.accept_attested,
            accepted: &accepted,
            forgotten: Vec::new(),
            remembered: &remembered,
        };
        let answer = question.ask(&audit);
        let told = Told {
            audit: &audit,
            answer: &answer,
        };
        match terminal::print(|out| told.write(out)) {
            Ok(()) => answer.code(),
            Err(failure) => {
                terminal::say(&failure.message);
                answer.code().and(failure.code)
            }
        }
    })
}

impl Args {
    /// The project and its environments, or the one that is named.
    fn owners(&self, inventory: &Inventory) -> Result<Vec<ProjectId>, Failure> {
        let title = match &self.environment {
            Some(environment) => format!("{}/{environment}", self.project),
            None => self.project.clone(),
        };
        let all = inventory.projects.iter().zip(0..);
        let owners: Vec<_> = all
            .filter(|(project, _)| match self.environment {
                Some(_) => project.title() == title,
                None => *project.name == *self.project,
            })
            .map(|(_, index)| ProjectId(index))
            .collect();
        if owners.is_empty() {
            // It says what was probably meant.
            let id = inventory.project_named(&title).map_err(Failure::usage)?;
            return Ok(vec![id]);
        }
        Ok(owners)
    }
}

/// An answer in words.
struct Told<'t> {
    audit: &'t Audit,
    answer: &'t Answer<'t>,
}

/// How many replicas are named at one hop.
const NAMES: usize = 5;

impl Told<'_> {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
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
                 close it with `straggler history retire`",
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
