//! Doppler: the secrets of a config.

mod failure;
mod list;
mod settings;

pub use list::{List, Secrets};
pub use settings::{Doppler, Server};
