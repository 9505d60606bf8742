//! Connections: one folder per kind, each with its store settings and its IO.

mod ask;
mod asking;
mod blocking;
mod buffer;
pub mod commands;
mod credential;
pub mod environment;
mod excerpt;
pub mod files;
pub mod http;
mod open;
pub mod processes;
mod reason;
mod user;

mod kinds;

pub use ask::{Answer, Ask, Connections, Platform, Request};
pub use asking::{Answers, Asking, Attempt, Stop};
pub use buffer::MAX_BYTES;
pub use credential::Credential;
pub use kinds::kinds;
pub use open::connections;
