use super::{ProcessId, Snapshot};
use crate::key::Secret;
use crate::reading::{ErrorKind, ReadError};

pub(super) fn list(_: u32) -> Result<Snapshot, ReadError> {
    Err(only_on_linux())
}

pub(super) fn environ(_: ProcessId) -> Result<Option<Secret>, ReadError> {
    Err(only_on_linux())
}

fn only_on_linux() -> ReadError {
    ReadError::new(
        ErrorKind::Protocol,
        "the environment of a process can be read only on Linux",
        "run straggler on the Linux host itself, or over `command: { argv: [ssh, …] }`",
    )
}
