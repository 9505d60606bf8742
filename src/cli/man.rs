use std::io;

use clap::CommandFactory;
use clap_mangen::Man;

use super::args::Cli;
use super::exit::{Ended, Failure};
use super::terminal;
use crate::gate::ExitCode;

/// Print the manual page of straggler or of one command, as roff
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  straggler man | man -l -
  straggler man audit | man -l -
  straggler man config check > straggler-config-check.1")]
pub(super) struct Args {
    /// The command, such as `audit` or `config check`; the main page without one
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

pub(super) fn run(args: &Args) -> Ended {
    let mut page = Cli::command();
    // Only a built command knows the names and options that its commands inherit.
    page.build();
    for name in &args.command {
        let found = page.find_subcommand(name).cloned();
        page = found
            .ok_or_else(|| Failure::usage("there is no such command: see `straggler --help`"))?;
    }
    let roff = render(page).map_err(|error| Failure::unfinished(error.to_string()))?;
    terminal::print(|out| out.write_all(&roff))?;
    Ok(ExitCode::Success)
}

fn render(page: clap::Command) -> io::Result<Vec<u8>> {
    let mut roff = Vec::new();
    Man::new(page).render(&mut roff)?;
    Ok(roff)
}
