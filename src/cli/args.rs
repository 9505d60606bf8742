use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::terminal::Color;
use super::{audit, completions, config, history, inspect, man, revoke_check, schema, wait};

/// After a key rotation: who still holds the old key, where on its way it broke, and what to do.
///
/// straggler reads every place that should hold a project's API key, from the store to the running
/// process, compares what is there with the current key by fingerprint, and says for every
/// deployment whether it is current, stale, damaged, missing or out of sight. It never shows a key,
/// and it never says "fine" about something it did not see.
#[derive(Parser)]
#[command(
    name = "straggler",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}")
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,

    /// When to colour; NO_COLOR and CLICOLOR_FORCE are honoured
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        hide_possible_values = true,
        display_order = 1000
    )]
    pub(super) color: Color,
}

const EXAMPLES: &str = "\
Examples:
  straggler config check                       is targets.yaml sound? reads nothing
  straggler audit                              who does not hold the current key?
  straggler audit --project checkout -o json=report.json
  straggler inspect --env ALLSTAK_API_KEY      what is wrong with the key here?

`straggler COMMAND --help` says more, `straggler man` everything.";

/// The contract of the command line.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0    no drift, everything selected was read, every last hop is proven current
  1    drift: a key is revoked, stale, wrong-project, malformed, missing or unknown,
       a reference is faulty, or a waiver has expired
  2    usage or configuration error, or nothing selected; nothing was read
  3    no drift seen, but something was unreachable or a last hop unverified
  4    straggler could not finish its own job: a report, the ledger or a notification failed
  130  interrupted; what was known is reported";

#[derive(Subcommand)]
pub(super) enum Command {
    Audit(Box<audit::Args>),
    Config(config::Args),
    Wait(Box<wait::Args>),
    RevokeCheck(Box<revoke_check::Args>),
    History(Box<history::Args>),
    Inspect(inspect::Args),
    Schema(schema::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Which targets.yaml.
#[derive(Args)]
pub(super) struct Config {
    /// The file that declares projects, routes and deployments
    #[arg(short, long, value_name = "FILE", default_value = "targets.yaml")]
    pub(super) config: PathBuf,
}
