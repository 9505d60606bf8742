use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::time::Duration;

use clap::ArgAction;

use super::args::Config;
use super::exit::{Ended, Failure};
use super::given::{Given, KeyFlags};
use super::output::{self, Output};
use super::progress::Watcher;
use super::selection::SelectionArgs;
use super::terminal::{self, Color};
use super::{config, duration, interrupt, runtime};
use crate::audit::{self, Audit, Policy};
use crate::fetch::Limits;
use crate::gate::{self, ExitCode};
use crate::inventory::Inventory;
use crate::platform;
use crate::report::{FORMATS, Format, Look};
use crate::verdict::Verdict;

/// Read every place that should hold a key and say what it holds
///
/// Reads targets.yaml, reads every reference and every selected hop, compares by fingerprint, and
/// prints what is stale, damaged, wrong, missing or out of sight, with what to do about it.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  straggler audit
  straggler audit --project checkout --environment production
  straggler audit --until config                 a gate that runs before the deploy
  straggler audit -q -o json=report.json         for a pipeline
  vault kv get -field=key allstak | straggler audit --current checkout=-",
    after_long_help = super::args::EXIT_CODES)]
pub(super) struct Args {
    #[command(flatten)]
    config: Config,

    #[command(flatten)]
    selection: SelectionArgs,

    /// What to print: table or json
    #[arg(short, long, value_name = "FORMAT", default_value = "table", value_parser = format)]
    format: &'static Format,

    /// Write a report to a file as well; may be given again
    #[arg(short, long, value_name = "FORMAT=PATH")]
    output: Vec<OsString>,

    /// Which verdicts give exit code 1, instead of every kind of drift
    #[arg(long, value_name = "VERDICT,…", value_delimiter = ',', value_parser = verdict)]
    fail_on: Vec<Verdict>,

    /// Let a last hop pass that proves nothing: `unverified`
    #[arg(long, value_name = "VERDICT", value_parser = ["unverified"])]
    accept: Vec<String>,

    /// How many requests may be under way at once
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.concurrency, value_parser = at_least_one)]
    concurrency: usize,

    /// How long one read may take
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration::duration)]
    timeout: Duration,

    /// How long all reading may take; what is unread then is unreachable
    #[arg(long, value_name = "DURATION", value_parser = duration::duration)]
    deadline: Option<Duration>,

    #[command(flatten)]
    keys: KeyFlags,

    /// List every request on standard error
    #[arg(short, long, action = ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,

    /// Print neither the report nor progress; the exit code says it all
    #[arg(short, long)]
    quiet: bool,

    /// Show no progress bar
    #[arg(long)]
    no_progress: bool,
}

fn format(id: &str) -> Result<&'static Format, String> {
    FORMATS
        .iter()
        .find(|format| format.id == id)
        .ok_or_else(|| {
            format!(
                "expected one of {}",
                names(FORMATS.iter().map(|format| format.id))
            )
        })
}

fn verdict(name: &str) -> Result<Verdict, String> {
    let findings = || {
        Verdict::ALL
            .into_iter()
            .filter(|verdict| verdict.is_finding())
    };
    findings()
        .find(|verdict| verdict.name() == name)
        .ok_or_else(|| format!("expected one of {}", names(findings().map(Verdict::name))))
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| "expected a number from 1 on".to_owned())
}

/// The audit, and how it ends.
pub(super) fn run(args: Args, color: Color) -> Ended {
    let mut inventory = config::load(&args.config)?;
    let given = args.keys.read(&mut inventory)?;
    if !args.quiet {
        given
            .iter()
            .map(Given::to_string)
            .for_each(|said| terminal::say(&said));
    }
    let selected = args.selection.select(&inventory)?;
    let outputs = args.outputs()?;
    let audit = args.audit(inventory, &selected)?;
    args.report(&audit, outputs, color)
}

impl Args {
    /// Opens every report before anything is read, so that a slip in a path costs nothing.
    fn outputs(&self) -> Result<Vec<(&'static Format, Output)>, Failure> {
        self.output
            .iter()
            .map(|text| {
                let (id, path) = output::split(text).ok_or_else(|| {
                    Failure::usage("--output: expected FORMAT=PATH, such as json=report.json")
                })?;
                let format = format(id).map_err(|expected| {
                    Failure::usage(format!("--output: unknown format: {expected}"))
                })?;
                let output = Output::open(&path).map_err(Failure::unfinished)?;
                Ok((format, output))
            })
            .collect()
    }

    fn audit(&self, inventory: Inventory, selected: &[u32]) -> Result<Audit, Failure> {
        let options = audit::Options {
            policy: self.policy(),
            limits: Limits {
                concurrency: self.concurrency,
                timeout: self.timeout,
                deadline: self.deadline,
            },
            until: self.selection.until(),
        };
        let bar =
            !self.quiet && !self.no_progress && self.verbose == 0 && io::stderr().is_terminal();
        let watcher = Watcher::new(bar, self.verbose > 0);
        let audit = runtime::run(async {
            let interrupt = interrupt::listen();
            let connections = platform::connections();
            audit::run(
                inventory,
                selected,
                connections,
                &options,
                &watcher,
                interrupt,
            )
            .await
        });
        watcher.finish();
        audit
    }

    fn policy(&self) -> Policy {
        let mut policy = Policy {
            accept_unverified: !self.accept.is_empty(),
            ..Policy::default()
        };
        if !self.fail_on.is_empty() {
            policy.fail_on.clone_from(&self.fail_on);
        }
        policy
    }

    fn report(
        &self,
        audit: &Audit,
        outputs: Vec<(&'static Format, Output)>,
        color: Color,
    ) -> Ended {
        let mut code = gate::exit_code(audit);
        if !self.quiet {
            let look = Look {
                width: terminal::width(),
                colour: color.on_stdout(),
            };
            let report = (self.format.make)(look);
            code = code.and(told(terminal::print(|out| report.write(audit, out))));
        }
        let plain = Look {
            width: terminal::PLAIN_WIDTH,
            colour: false,
        };
        for (format, output) in outputs {
            let report = (format.make)(plain);
            let written = output.finish(|out| report.write(audit, out));
            code = code.and(told(written.map_err(Failure::unfinished)));
        }
        Ok(code)
    }
}

/// A report that failed does not keep the others from being written.
fn told(written: Result<(), Failure>) -> ExitCode {
    match written {
        Ok(()) => ExitCode::Success,
        Err(failure) => {
            terminal::say(&failure.message);
            failure.code
        }
    }
}
