mod document;
mod told;

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;

use super::args::Config;
use super::config::counted;
use super::exit::{Ended, Failure};
use super::memory::{LedgerFlags, mend_times, tell_of_older};
use super::reserved::Reserved;
use super::{config, runtime, terminal};
use crate::audit::Owner;
use crate::explain::word;
use crate::gate::ExitCode;
use crate::inventory::Inventory;
use crate::key::Fingerprint;
use crate::ledger::{Confirmed, KnownInventory, Ledger, LedgerError, Name, Place, Retired};
use crate::report;
use crate::text::escape;

/// Rotations, past audits and the past of one deployment, from the ledger
///
/// Reads the ledger alone: no store and no deployment is asked. For each rotation it tells how long it took
/// until nothing held an earlier key any more, stage by stage.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    shown: Shown,
}

#[derive(clap::Args)]
struct Shown {
    /// Only the rotations of this project
    #[arg(long, value_name = "NAME")]
    project: Option<String>,

    /// The past of this deployment instead: its name, with environment and axes where several have it
    #[arg(long, value_name = "NAME")]
    deployment: Option<String>,

    /// The last audits instead, this many of them
    #[arg(long, value_name = "COUNT", num_args = 0..=1, default_missing_value = "20", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "deployment")]
    audits: Option<u32>,

    /// What to print
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    #[command(flatten)]
    from: From,
}

/// Which ledger.
#[derive(clap::Args)]
struct From {
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    ledger: LedgerFlags,
}

#[derive(Subcommand)]
enum Command {
    /// Say that a project's key was rotated, where its reference changed and nothing else tells
    Confirm(Confirm),
    /// Say that a deployment or a whole project is no more, so that nobody looks for an old key there
    Retire(Retire),
    /// Carry what is known of one inventory over to another name
    Rename(Rename),
    /// Say that another ledger is not of this targets.yaml, though it looks as if
    Unrelated(Unrelated),
}

#[derive(clap::Args)]
struct Confirm {
    /// The project whose reference changed
    project: String,

    /// The environment whose key it is
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,

    /// The key that its reference holds, by its fingerprint, where audits take it for another project's
    #[arg(long, value_name = "FINGERPRINT")]
    key: Option<Fingerprint>,

    #[command(flatten)]
    from: From,
}

#[derive(clap::Args)]
struct Retire {
    /// The deployment, by its name, with environment and axes where several have it; without it, the whole project
    #[arg(required_unless_present = "project")]
    name: Option<String>,

    /// Only where it held a key of this project; alone, the project and all its deployments
    #[arg(long, value_name = "NAME")]
    project: Option<String>,

    /// Of the project only what has this environment's key
    #[arg(
        long,
        value_name = "NAME",
        requires = "project",
        conflicts_with = "name"
    )]
    environment: Option<String>,

    #[command(flatten)]
    from: From,
}

#[derive(clap::Args)]
struct Rename {
    /// The name that the inventory had, or where its main file was
    before: String,

    /// The name that it has now
    after: String,

    #[command(flatten)]
    from: From,
}

#[derive(clap::Args)]
struct Unrelated {
    /// The other ledger, by the path that straggler names
    path: PathBuf,

    #[command(flatten)]
    from: From,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs, straggler.history/v1.
    Json,
}

const EXAMPLES: &str = "\
Examples:
  straggler history                                 every rotation, and how long it took
  straggler history --deployment checkout-api       what it held, and when
  straggler history --audits 5
  straggler history confirm checkout                the reference changed because the key was rotated
  straggler history retire old-cart                 it was switched off for good
  straggler history retire --project legacy         so was everything of this project
  straggler history rename shop shop-eu             the inventory has another name now";

pub(super) fn run(args: Args) -> Ended {
    match args.command {
        None => show(&args.shown),
        Some(Command::Confirm(args)) => confirm(&args),
        Some(Command::Retire(args)) => retire(&args),
        Some(Command::Rename(args)) => rename(&args),
        Some(Command::Unrelated(args)) => unrelated(&args),
    }
}

impl From {
    /// The ledger, and what it is about.
    async fn open(&self) -> Result<(Ledger, Inventory), Failure> {
        let inventory = config::load(&self.config)?;
        let (ledger, place) = self.found(&inventory).await?;
        let older = self.ledger.older(Some(&ledger), &place, &inventory).await;
        tell_of_older(&older.map_err(Failure::unfinished)?, &place, false);
        mend_times(&ledger).await.map_err(Failure::unfinished)?;
        Ok((ledger, inventory))
    }

    /// The ledger, and where it is.
    async fn found(&self, inventory: &Inventory) -> Result<(Ledger, Place), Failure> {
        Reserved::new(&self.config, inventory, &self.ledger)?;
        let place = self.ledger.place(&self.config, inventory)?;
        let place = place.ok_or_else(|| {
            Failure::usage(
                "there is no ledger: name one with --ledger, or set HOME or XDG_STATE_HOME",
            )
        })?;
        let opened = Ledger::open_existing(&place).await;
        if let Some(ledger) = opened.map_err(Failure::unfinished)? {
            return Ok((ledger, place));
        }
        let older = self.ledger.older(None, &place, inventory).await;
        tell_of_older(&older.map_err(Failure::unfinished)?, &place, false);
        Err(Failure::usage(format!(
            "no audit was remembered yet in {place}: run `straggler audit`"
        )))
    }
}

fn show(args: &Shown) -> Ended {
    runtime::run(async {
        let (ledger, inventory) = args.from.open().await?;
        if let Some(project) = &args.project {
            known(&inventory, project)?;
        }
        let project = args.project.as_deref();
        let document = read(args, project, &ledger).await;
        let document = document.map_err(Failure::unfinished)?;
        if document.is_empty() && args.deployment.is_some() {
            // It may be a key by mistake, so it is not repeated.
            return Err(Failure::usage(
                "the ledger knows no deployment of that name",
            ));
        }
        terminal::print(|out| match args.format {
            Format::Table => told::write(&document, Timestamp::now(), out),
            Format::Json => report::write_json(&document, out),
        })?;
        Ok(ExitCode::Success)
    })?
}

async fn read(
    args: &Shown,
    project: Option<&str>,
    ledger: &Ledger,
) -> Result<document::Document, LedgerError> {
    Ok(if let Some(name) = &args.deployment {
        let past = ledger.past(name, project).await?;
        document::Document::past(&past, &ledger.inventories().await?)
    } else if let Some(count) = args.audits {
        let audits = ledger.audits(count).await?;
        document::Document::audits(&audits, &ledger.inventories().await?)
    } else {
        document::Document::rotations(&ledger.rotations(project).await?)
    })
}

/// A project of targets.yaml.
fn known(inventory: &Inventory, project: &str) -> Result<(), Failure> {
    let mut projects = inventory.projects.iter();
    if projects.any(|known| *known.name == *project) {
        return Ok(());
    }
    let found = inventory.project_named(project);
    found.map(|_| ()).map_err(Failure::usage)
}

fn confirm(args: &Confirm) -> Ended {
    runtime::run(async {
        let (ledger, inventory) = args.from.open().await?;
        let title = match &args.environment {
            Some(environment) => format!("{}/{environment}", args.project),
            None => args.project.clone(),
        };
        let id = inventory.project_named(&title).map_err(Failure::usage)?;
        let owner = Owner::of(inventory.project(id));
        let confirmed = ledger.confirm(&owner, args.key, Timestamp::now()).await;
        let name = escape(&title).into_owned();
        let told = match confirmed.map_err(Failure::unfinished)? {
            Confirmed::Confirmed(fingerprint) => {
                format!(
                    "{name}: {fingerprint} came in by a rotation; the key before it is a previous one"
                )
            }
            Confirmed::Right(fingerprint) => {
                format!("{name}: {fingerprint} is its key, whoever else had it")
            }
            Confirmed::AlreadyKnown(fingerprint) => {
                format!("{name}: nothing to confirm, {fingerprint} is known to be its key")
            }
            Confirmed::KeyUnknown => {
                return Err(Failure::usage(
                    "no audit knows a key with this fingerprint: compare it with what `straggler inspect` shows of the reference",
                ));
            }
            Confirmed::NothingKnown => {
                return Err(Failure::usage(format!(
                    "no audit saw a sound reference of {name} yet: run `straggler audit`"
                )));
            }
        };
        terminal::print(|out| writeln!(out, "{told}"))?;
        Ok(ExitCode::Success)
    })?
}

fn rename(args: &Rename) -> Ended {
    runtime::run(async {
        let (ledger, inventory) = args.from.open().await?;
        // It may be a key by mistake, so it is neither kept nor repeated.
        if inventory.identity.name.as_deref() != Some(&args.after) {
            return Err(Failure::usage(
                "targets.yaml does not call its inventory so: write the new name under `inventory` first",
            ));
        }
        let renamed = ledger.rename(&args.before, &args.after).await;
        let Some(came) = renamed.map_err(Failure::unfinished)? else {
            return Err(Failure::usage(
                "the ledger knows no inventory of that name, and none whose file was there",
            ));
        };
        let deployments = counted(usize::try_from(came).unwrap_or(usize::MAX), "deployment");
        terminal::print(|out| {
            let after = escape(&args.after);
            writeln!(out, "{deployments} carried over to the inventory {after}")
        })?;
        Ok(ExitCode::Success)
    })?
}

fn unrelated(args: &Unrelated) -> Ended {
    runtime::run(async {
        let inventory = config::load(&args.from.config)?;
        let (ledger, place) = args.from.found(&inventory).await?;
        let older = args.from.ledger.older(Some(&ledger), &place, &inventory);
        let older = older.await.map_err(Failure::unfinished)?;
        let Some(other) = older.iter().find(|other| **other == args.path) else {
            return Err(Failure::usage(
                "no such ledger is told of: give its path as straggler tells it",
            ));
        };
        ledger.disown(other).await.map_err(Failure::unfinished)?;
        terminal::print(|out| {
            let other = other.to_string_lossy();
            writeln!(out, "unrelated: {}", escape(&other))
        })?;
        Ok(ExitCode::Success)
    })?
}

fn retire(args: &Retire) -> Ended {
    runtime::run(async {
        let (ledger, inventory) = args.from.open().await?;
        let retired = match (&args.name, &args.project) {
            (Some(name), project) => {
                retire_deployment(&ledger, &inventory, name, project.as_deref()).await?
            }
            (None, Some(project)) => {
                let environment = args.environment.as_deref();
                retire_project(&ledger, &inventory, project, environment).await?
            }
            (None, None) => return Err(Failure::usage("name a deployment or a project")),
        };
        let elsewhere = retired.elsewhere.iter();
        let elsewhere: Vec<_> = elsewhere
            .map(|(name, known)| knows_still(name, known, &inventory))
            .collect();
        if retired.names.is_empty() && retired.owners.is_empty() {
            let what = if args.name.is_some() {
                "deployment"
            } else {
                "project"
            };
            return Err(Failure::usage(match elsewhere.is_empty() {
                true => format!("the ledger knows no {what} of that name"),
                false => format!("nothing is retired: {}", elsewhere.join("; ")),
            }));
        }
        terminal::print(|out| {
            for owner in &retired.owners {
                writeln!(out, "retired: the key of {}", escape(&owner.title()))?;
            }
            retired.names.iter().try_for_each(|name| {
                let (title, project) = (escape(&name.title), escape(&name.project));
                writeln!(out, "retired: {title} of {project}")
            })
        })?;
        for told in elsewhere {
            terminal::say(&told);
        }
        Ok(ExitCode::Success)
    })?
}

/// Retires a deployment that targets.yaml does not name.
async fn retire_deployment(
    ledger: &Ledger,
    inventory: &Inventory,
    name: &str,
    project: Option<&str>,
) -> Result<Retired, Failure> {
    let known = ledger.deployments(project).await;
    let known = known.map_err(Failure::unfinished)?;
    let is_title = known.iter().any(|known| *known.name.title == *name);
    let mut deployments = inventory.deployments.iter();
    let is_named = deployments.any(|deployment| {
        let of = &inventory.project(deployment.project).name;
        let mine = project.is_none_or(|wanted| **of == *wanted);
        let by_name = !is_title && *deployment.name == *name;
        mine && (by_name || deployment.title() == name)
    });
    if is_named {
        return Err(Failure::usage(
            "targets.yaml still names this deployment: take it out first, for whatever is named is looked at",
        ));
    }
    let retired = ledger.retire(inventory, project, name, Timestamp::now());
    retired.await.map_err(Failure::unfinished)
}

/// Retires a project, or what has the key of one of its environments, that targets.yaml does not name.
async fn retire_project(
    ledger: &Ledger,
    inventory: &Inventory,
    project: &str,
    environment: Option<&str>,
) -> Result<Retired, Failure> {
    let mut projects = inventory.projects.iter();
    let is_named = projects.any(|known| {
        let is_it = environment.is_none() || known.environment.as_deref() == environment;
        *known.name == *project && is_it
    });
    if is_named {
        let what = if environment.is_some() {
            "environment"
        } else {
            "project"
        };
        return Err(Failure::usage(format!(
            "targets.yaml still names this {what}: take it out first, for whatever is named is looked at",
        )));
    }
    let retired = ledger.retire_project(inventory, project, environment, Timestamp::now());
    retired.await.map_err(Failure::unfinished)
}

/// That another inventory has a deployment of this name, and how to retire it there.
fn knows_still(name: &Name, known: &KnownInventory, own: &Inventory) -> String {
    let (title, project) = (word(&name.title), word(&name.project));
    let file = known.files.last().map_or("FILE", String::as_str);
    let after = own.identity.name.as_deref().unwrap_or("NAME");
    format!(
        "the inventory {} knows {} of {} still, and it stays in sight: retire it there, with `straggler history \
         retire {title} --project {project} --config {}`; if that inventory is no more, carry it over first, with \
         `straggler history rename {} {}`",
        escape(known.title()),
        escape(&name.title),
        escape(&name.project),
        word(file),
        word(known.title()),
        word(after),
    )
}
