use clap::ValueEnum;

use super::exit::Ended;
use super::terminal;
use crate::gate::ExitCode;
use crate::{inventory, report};

/// Print a JSON Schema, for editors and for programs that read reports
#[derive(clap::Args)]
pub(super) struct Args {
    /// Of what
    #[arg(value_enum, default_value_t)]
    of: Of,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Of {
    /// The file that declares what is audited.
    #[default]
    Targets,
    /// The report of an audit, straggler.report/v1.
    Report,
}

pub(super) fn run(args: &Args) -> Ended {
    let schema = match args.of {
        Of::Targets => inventory::schema(),
        Of::Report => report::schema(),
    };
    terminal::print(|out| {
        serde_json::to_writer_pretty(&mut *out, &schema)?;
        writeln!(out)
    })?;
    Ok(ExitCode::Success)
}
