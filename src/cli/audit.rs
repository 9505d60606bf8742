use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::ArgAction;
use clap::builder::{OsStringValueParser, PossibleValuesParser, TypedValueParser};

use super::args::{Config, EXIT_CODES};
use super::exit::{Ended, Failure};
use super::given::{Given, KeyFlags};
use super::output::Output;
use super::progress::Watch;
use super::selection::{SelectionArgs, finding};
use super::terminal::Color;
use super::{config, dry_run, duration, interrupt, output, runtime, terminal};
use crate::audit::{self, Audit, Options, Policy, Remembered};
use crate::fetch::Limits;
use crate::gate::{self, ExitCode};
use crate::platform;
use crate::report::{FORMATS, Format, Look};
use crate::verdict::Verdict;

/// Read every hop, compare it with the current key, report what is wrong and where
///
/// References are read first, then the routes of the selected deployments. Nothing is changed
/// anywhere, and no key is ever shown.
#[derive(clap::Args)]
#[command(
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}")
)]
pub(super) struct Args {
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    keys: KeyFlags,
    #[command(flatten)]
    effort: Effort,
    #[command(flatten)]
    judgement: Judgement,
    #[command(flatten)]
    reports: Reports,

    /// Print what would be asked of whom, and ask nothing
    #[arg(long, conflicts_with_all = ["format", "output", "quiet"])]
    dry_run: bool,
}

const EXAMPLES: &str = "\
Examples:
  straggler audit                                    everything in ./targets.yaml
  straggler audit --project checkout --owner payments
  straggler audit --until config                     a gate that runs before the deploy
  straggler audit -f json -o table=audit.txt         one audit, two reports
  vault kv get -field=key kv/x | straggler audit --current checkout=-";

/// How hard to try.
#[derive(clap::Args)]
#[command(next_help_heading = "Reading")]
struct Effort {
    /// How many reads may be under way at once
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
    concurrency: u16,

    /// How many of them may go to one host
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1024))]
    per_host: u16,

    /// How often a read that failed for a passing reason is tried again: 429, 408, 5xx, a reset, no answer
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(0..=10))]
    retries: u8,

    /// How long one attempt at a read may take, such as `3s` or `500ms`
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration::duration)]
    timeout: Duration,

    /// How long all reading may take; what is unread then is unreachable
    #[arg(long, value_name = "DURATION", value_parser = duration::duration)]
    deadline: Option<Duration>,
}

/// What counts as failure.
#[derive(clap::Args)]
#[command(next_help_heading = "Exit code")]
struct Judgement {
    /// Exit with 1 on these verdicts instead of on any drift
    #[arg(long, value_name = "VERDICT,…", value_delimiter = ',', value_parser = finding(), hide_possible_values = true)]
    fail_on: Option<Vec<Verdict>>,

    /// Let a last hop pass that was read but proves nothing
    #[arg(long, value_name = "unverified", value_parser = ["unverified"], hide_possible_values = true)]
    accept: Option<String>,
}

/// Where reports go.
#[derive(clap::Args)]
#[command(next_help_heading = "Output")]
struct Reports {
    /// What to print; a table unless said
    #[arg(short, long, value_name = "FORMAT", value_parser = format())]
    format: Option<&'static Format>,

    /// Write a report to a file as well; one audit, many reports
    ///
    /// Opened before the work starts. A new file is readable by its owner alone.
    #[arg(short, long, value_name = "FORMAT=PATH", value_parser = report())]
    output: Vec<(&'static Format, PathBuf)>,

    /// Print nothing but errors and what -f asks for: the exit code and the files of -o speak
    #[arg(short, long)]
    quiet: bool,

    /// Show no progress bar
    #[arg(long)]
    no_progress: bool,

    /// List the requests on standard error, each with its outcome and time; twice, also when each goes out
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,
}

fn named(id: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.id == id)
}

fn format() -> impl TypedValueParser<Value = &'static Format> {
    PossibleValuesParser::new(FORMATS.iter().map(|format| format.id))
        .try_map(|id| named(&id).ok_or("expected a format"))
}

fn report() -> impl TypedValueParser<Value = (&'static Format, PathBuf)> {
    OsStringValueParser::new().try_map(|text: OsString| {
        let formats: Vec<&str> = FORMATS.iter().map(|format| format.id).collect();
        let (id, path) = output::split(&text)
            .ok_or_else(|| format!("expected a format and a path: `{}=PATH`", formats[0]))?;
        let format = named(id)
            .ok_or_else(|| format!("expected one of the formats {}", formats.join(", ")))?;
        Ok::<_, String>((format, path))
    })
}

pub(super) fn run(args: Args, color: Color) -> Ended {
    let mut inventory = config::load(&args.config)?;
    let selected = args.selection.select(&inventory)?;
    if args.dry_run {
        let plans = audit::plan(&inventory, &selected, args.selection.until());
        let formats = inventory.formats();
        return terminal::print(|out| dry_run::write(&plans, &formats, out))
            .map(|()| ExitCode::Success);
    }
    let given = args.keys.read(&mut inventory)?;
    if !args.reports.quiet {
        given
            .iter()
            .map(Given::to_string)
            .for_each(|said| terminal::say(&said));
    }
    let outputs = args.reports.open()?;

    runtime::run(async {
        let watch = Watch::new(
            &inventory,
            !args.reports.quiet && !args.reports.no_progress,
            args.reports.verbose,
        );
        let connections = platform::connections(inventory.connections());
        let audit = audit::run(
            inventory,
            &selected,
            connections,
            &Remembered::default(),
            &args.options(),
            &watch,
            interrupt::listen(),
        )
        .await;
        watch.finish();
        args.reports.write(outputs, &audit, color)
    })
}

impl Args {
    fn options(&self) -> Options {
        let mut policy = Policy {
            accept_unverified: self.judgement.accept.is_some(),
            ..Policy::default()
        };
        if let Some(fail_on) = &self.judgement.fail_on {
            policy.fail_on.clone_from(fail_on);
        }
        Options {
            policy,
            limits: Limits {
                concurrency: self.effort.concurrency.into(),
                per_host: self.effort.per_host.into(),
                retries: self.effort.retries.into(),
                timeout: self.effort.timeout,
                deadline: self.effort.deadline,
            },
            until: self.selection.until(),
        }
    }
}

impl Reports {
    fn open(&self) -> Result<Vec<(&'static Format, Output)>, Failure> {
        let mut outputs: Vec<(&Format, Output)> = Vec::new();
        for (format, path) in &self.output {
            if outputs.iter().any(|(_, output)| output.path() == path) {
                let path = output::shown(path);
                return Err(Failure::usage(format!("two reports would go to {path}")));
            }
            // The contract has one code for a report that failed, early or late.
            outputs.push((format, Output::open(path).map_err(Failure::unfinished)?));
        }
        Ok(outputs)
    }

    /// Writes every report, whatever becomes of the others.
    fn write(&self, outputs: Vec<(&Format, Output)>, audit: &Audit, color: Color) -> ExitCode {
        let mut code = gate::exit_code(audit);
        let mut fail = |failure: Failure| {
            terminal::say(&failure.message);
            code = code.and(failure.code);
        };
        for (format, output) in outputs {
            let report = (format.make)(terminal::PLAIN);
            if let Err(error) = output.finish(|out| report.write(audit, out)) {
                fail(Failure::unfinished(error));
            }
        }
        let printed = match self.format {
            None if self.quiet => None,
            chosen => Some(chosen.unwrap_or(&FORMATS[0])),
        };
        if let Some(format) = printed {
            let look = Look {
                width: terminal::width(),
                colour: color.on_stdout(),
            };
            let report = (format.make)(look);
            if let Err(failure) = terminal::print(|out| report.write(audit, out)) {
                fail(failure);
            }
        }
        code
    }
}
