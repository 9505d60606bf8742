//! The program: everything it does lies in the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    straggler::cli::guarded(straggler::cli::run)
}
