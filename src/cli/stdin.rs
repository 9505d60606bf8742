use std::io::{self, IsTerminal, Read};

use super::exit::Failure;
use crate::gate::ExitCode;
use crate::key::Secret;

/// More is no key.
const MOST: usize = 64 * 1024;

/// Reads all of standard input, exactly.
///
/// # Errors
///
/// On a terminal, where a key would be shown while it is typed; when it cannot be read; when it is
/// no key by its size.
pub(super) fn read() -> Result<Secret, Failure> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Err(Failure::usage(
            "standard input is a terminal, where a key would be seen while it is typed: pipe it in, \
             `straggler … < FILE`",
        ));
    }
    // One allocation that never grows, so that no copy is left behind. The handle of the standard
    // library keeps a buffer of its own, which is why its bytes are taken in one piece.
    let mut bytes = Vec::with_capacity(MOST + 64);
    let read = stdin.lock().take(MOST as u64 + 1).read_to_end(&mut bytes);
    let secret = Secret::new(bytes);
    read.map_err(|error| {
        let message = format!("standard input could not be read: {error}");
        Failure::new(ExitCode::Incomplete, message)
    })?;
    if secret.len() > MOST {
        return Err(Failure::usage(
            "standard input holds more than 64 KiB, which is no key: pipe in the key alone",
        ));
    }
    Ok(secret)
}
