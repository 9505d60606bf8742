use std::env;
use std::process::ExitCode;

use super::args::{Cli, Command};
use super::exit::Ended;
use super::{
    audit, completions, config, history, inspect, man, revoke_check, schema, terminal, usage, wait,
};

/// Runs the command that the arguments name and says what it ended with.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match usage::parse(env::args_os()) {
        Ok(cli) => cli,
        Err(error) => return usage::tell(&error),
    };
    match dispatch(cli) {
        Ok(code) => code.into(),
        Err(failure) => {
            terminal::say(&failure.message);
            failure.code.into()
        }
    }
}

fn dispatch(cli: Cli) -> Ended {
    match cli.command {
        Command::Audit(args) => audit::run(*args, cli.color),
        Command::Config(args) => config::run(&args),
        Command::Wait(args) => wait::run(*args, cli.color),
        Command::RevokeCheck(args) => revoke_check::run(*args),
        Command::History(args) => history::run(*args),
        Command::Schema(args) => schema::run(&args),
        Command::Inspect(args) => inspect::run(args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}
