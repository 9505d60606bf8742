//! Docker Engine's API, which Podman speaks too: containers, what they were created with, and files
//! in them.

mod archive;
mod context;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
mod endpoint;
mod failure;
mod inspect;
#[cfg(target_os = "linux")]
mod linux;
mod list;
mod look;
mod settings;
mod tar;

pub use archive::{Archived, ReadArchive};
pub use inspect::{Details, Inspect, Mount};
pub use list::{Container, List};
pub use look::{Look, Seen};
pub use settings::{Docker, Engine};
