//! Connections: one folder per kind, each with its store settings and its IO.

mod ask;
mod asking;
pub mod environment;

pub use ask::{Answer, Ask, Connections, Platform, Request};
pub use asking::{Answers, Asking, Attempt, Stop};
