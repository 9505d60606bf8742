use std::env;

use clap::Subcommand;

use super::args::Config;
use super::exit::{Ended, Failure};
use super::terminal;
use crate::gate::ExitCode;
use crate::inventory::{self, Inventory, Problems};

/// Check targets.yaml, or print it with its templates filled in; reads nothing else
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Say whether targets.yaml is sound; needs no network and no credentials
    Check(Config),
    /// Print targets.yaml with includes, defaults, matrices, routes and `${…}` written out
    Expand(Config),
}

/// Reads targets.yaml.
///
/// # Errors
///
/// Every problem in it, a line each, and their number.
pub(super) fn load(config: &Config) -> Result<Inventory, Failure> {
    inventory::load(&config.config, &variable).map_err(|problems| told(&problems))
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}

fn told(problems: &Problems) -> Failure {
    let count = counted(problems.list().len(), "problem");
    Failure::configuration(format!("{problems}\n{count}; nothing was read"))
}

pub(super) fn run(args: &Args) -> Ended {
    match &args.command {
        Command::Check(config) => check(&load(config)?)?,
        Command::Expand(config) => {
            let text =
                inventory::expand(&config.config, &variable).map_err(|problems| told(&problems))?;
            terminal::print(|out| out.write_all(text.as_bytes()))?;
        }
    }
    Ok(ExitCode::Success)
}

fn check(inventory: &Inventory) -> Result<(), Failure> {
    let hops: usize = inventory
        .deployments
        .iter()
        .map(|deployment| deployment.hops.len())
        .sum();
    let [keys, deployments, files] = [
        inventory.projects.len(),
        inventory.deployments.len(),
        inventory.files.len(),
    ];
    terminal::print(|out| {
        writeln!(
            out,
            "sound: {} with {} along the routes, {} to compare with, from {}",
            counted(deployments, "deployment"),
            counted(hops, "hop"),
            counted(keys, "current key"),
            counted(files, "file"),
        )
    })
}

/// `1 problem`, `2 problems`.
pub(super) fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
