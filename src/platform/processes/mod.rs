//! The processes of this host.

mod ask;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;
mod look_up;
mod snapshot;

pub use ask::{Environ, List, Processes};
pub use look_up::{LookUp, look_up};
pub use snapshot::{Process, ProcessId, Snapshot};
