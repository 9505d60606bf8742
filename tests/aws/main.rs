//! AWS, as moto plays it: the real program against every service it reads.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where its world breaks"
)]

mod functions;
mod logins;
mod moto;
mod parameters;
mod portal;
mod remedies;
mod rotation;
mod secrets;
#[expect(dead_code, reason = "these tests need a part of it")]
#[path = "../e2e/support/mod.rs"]
mod support;
mod tasks;
mod world;
