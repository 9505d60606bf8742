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
pub struct Processes {
    /// The number of the straggler that looks.
    own: u32,
}

impl Processes {
    /// As this straggler sees them.
    #[must_use]
    pub fn new() -> Self {
        Self::seen_by(std::process::id())
    }

    /// As a straggler with this number would see them, which leaves out itself, what started it and
    /// what it started.
    #[must_use]
    pub fn seen_by(own: u32) -> Self {
        Self { own }
    }
}

impl Default for Processes {
    fn default() -> Self {
        Self::new()
    }
}

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

    async fn send(processes: &Processes, asks: Vec<Self>) -> Vec<Result<Snapshot, ReadError>> {
        let own = processes.own;
        blocking(move || asks.iter().map(|_| system::list(own)).collect()).await
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
