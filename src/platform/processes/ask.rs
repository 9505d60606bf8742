#[cfg(not(target_os = "linux"))]
use super::elsewhere as system;
#[cfg(target_os = "linux")]
use super::linux as system;
use super::{ProcessId, Snapshot};
use crate::key::Secret;
use crate::platform::blocking::blocking;
use crate::platform::{Ask, Platform};
use crate::reading::ReadError;

/// The processes of this host, as straggler's user sees them.
pub struct Processes;

impl Platform for Processes {
    const ID: &'static str = "processes";
}

/// Asks which processes run.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct List;

impl Ask for List {
    type Platform = Processes;
    type Answer = Snapshot;

    fn describe(&self) -> String {
        "list".to_owned()
    }

    async fn send(_: &Processes, asks: Vec<Self>) -> Vec<Result<Snapshot, ReadError>> {
        blocking(move || asks.iter().map(|_| system::list()).collect()).await
    }
}

/// Asks for the environment a process was started with, its variables divided by NUL bytes; `None`
/// when the process is gone, even if another one has its number by now.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Environ(pub ProcessId);

impl Ask for Environ {
    type Platform = Processes;
    type Answer = Option<Secret>;

    const BATCH: usize = 64;

    fn describe(&self) -> String {
        format!("environment of {}", self.0.pid)
    }

    async fn send(_: &Processes, asks: Vec<Self>) -> Vec<Result<Option<Secret>, ReadError>> {
        blocking(move || asks.iter().map(|ask| system::environ(ask.0)).collect()).await
    }
}
