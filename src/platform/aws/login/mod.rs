//! How an account's credential is found: where AWS's own tools look, in their order.

mod carry;
mod chain;
mod files;
mod host;
mod process;
mod role;
mod settings;
mod sso;
mod token;
mod web;
mod words;

pub(super) use files::{Files, Profile};
pub(super) use settings::Login;
