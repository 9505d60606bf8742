use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::process::ExitCode;

use super::terminal;
use crate::gate;

/// Runs the program so that a panic, which is a bug, shows where it happened and nothing else.
///
/// A panic's message may quote what it choked on, and what straggler chokes on may be a key. So the
/// message is never shown, in whichever thread it happens. It ends with exit code 4.
pub fn guarded(program: impl FnOnce() -> ExitCode) -> ExitCode {
    panic::set_hook(Box::new(report));
    panic::catch_unwind(AssertUnwindSafe(program)).unwrap_or_else(|payload| {
        // What is thrown away here may hold a key, and dropping it must not panic again.
        std::mem::forget(payload);
        gate::ExitCode::Unfinished.into()
    })
}

fn report(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(
        || "an unknown place".to_owned(),
        |location| format!("{}:{}", location.file(), location.line()),
    );
    terminal::complain(&format!(
        "straggler {} has a bug at {place}; the details are withheld, since they could hold a key. \
         Please report this line",
        env!("CARGO_PKG_VERSION"),
    ));
}
