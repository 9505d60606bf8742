//! Azure: Key Vault's secrets, and the ways to log in to it.

mod cloud;
mod failure;
mod get;
mod login;
mod managed;
mod settings;
mod token;
mod versions;

pub use get::{Get, Kept};
pub use settings::{Azure, Server, check_vault};
pub use versions::{Listed, Versions};
