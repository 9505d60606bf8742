//! The processes of this host.

mod argument;
mod ask;
mod assigned;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;
mod look_up;
mod manager;
mod program;
mod snapshot;
#[cfg(target_os = "linux")]
mod surroundings;

pub use argument::{argued, is_option};
pub use ask::{Environ, List, Processes};
pub use assigned::{assigned, optioned};
pub use look_up::{LookUp, look_up};
pub use manager::{Manager, manager};
pub use program::{
    LOADS_ITSELF, Looking, MORE_THAN_ONCE, OVERWRITTEN, Programs, handed, overridden,
};
pub use snapshot::{Process, ProcessId, Snapshot};
