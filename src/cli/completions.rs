use clap::CommandFactory;
use clap_complete::Shell;

use super::args::Cli;
use super::exit::Ended;
use super::terminal;
use crate::gate::ExitCode;

/// Print completions for a shell
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  straggler completions bash > /etc/bash_completion.d/straggler
  straggler completions zsh > \"${fpath[1]}/_straggler\"
  straggler completions fish > ~/.config/fish/completions/straggler.fish")]
pub(super) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &Args) -> Ended {
    let mut command = Cli::command();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "straggler", &mut script);
    terminal::print(|out| out.write_all(&script))?;
    Ok(ExitCode::Success)
}
