//! Telling people and programs what changed since the last audit.

mod change;
mod document;
mod failure;
mod message;
mod send;
mod slack;
mod text;

pub use document::{Document, SCHEMA, schema};
pub use failure::Failure;
pub use message::{Message, concerns, due};
pub use send::{Limits, Sender};

#[cfg(test)]
mod tests;
