use std::env;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use super::args::{Cli, Command};
use super::exit::{Ended, Failure};
use super::{
    audit, completions, config, history, inspect, man, revoke_check, schema, terminal, usage, wait,
};

/// Times end with the year 9999, and limits are added to them.
const LATEST: Duration = Duration::from_secs(3_030 * 31_557_600);

/// Runs the command that the arguments name and says what it ended with.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match usage::parse(env::args_os()) {
        Ok(cli) => cli,
        Err(error) => return usage::tell(&error),
    };
    match check_clock(SystemTime::now()).and_then(|()| dispatch(cli)) {
        Ok(code) => code.into(),
        Err(failure) => {
            terminal::say(&failure.message);
            failure.code.into()
        }
    }
}

/// A clock that no time can be counted from is told before anything is.
fn check_clock(now: SystemTime) -> Result<(), Failure> {
    let since = now.duration_since(SystemTime::UNIX_EPOCH);
    match since {
        Ok(since) if since > LATEST => Err(Failure::unfinished(
            "the clock of this machine is past the year 5000: set it, then run straggler again",
        )),
        _ => Ok(()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_far_ahead_is_told() {
        let at =
            |years: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(years * 365 * 24 * 60 * 60);
        assert!(check_clock(at(57)).is_ok());
        assert!(check_clock(at(1_000)).is_ok());
        let told = check_clock(at(8_028)).unwrap_err().message;
        assert!(told.contains("past the year 5000"), "{told}");
        assert!(check_clock(SystemTime::UNIX_EPOCH - Duration::from_secs(1)).is_ok());
    }
}
