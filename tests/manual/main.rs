//! The manual says what the program does: pages about what the code lists are made from the code,
//! and what the others show is tried.
//!
//! `UPDATE=1 cargo test --test manual` writes the pages.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where its world breaks"
)]

mod architecture;
mod damage;
mod dialects;
mod links;
mod notifications;
mod page;
mod report;
mod schema;
mod sources;
mod stores;
mod tried;
