//! Receivers that take messages, fail, hang, send elsewhere and break off, and what becomes of each.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test ends where its world breaks")]

mod program;
mod receiver;
mod scene;
mod server;
