//! straggler: after a key is rotated, who still holds the old one, where on its way it broke, and
//! whether the old key may be revoked now.
//!
//! The modules stand in floors, each importing only what is listed below it; ARCHITECTURE.md draws them.

pub mod audit;
pub mod cli;
mod cores;
pub mod envfile;
pub mod explain;
pub mod extract;
pub mod fetch;
pub mod gate;
pub mod inventory;
pub mod judge;
pub mod key;
pub mod keyring;
pub mod ledger;
pub mod platform;
pub mod reading;
pub mod report;
pub mod source;
pub mod task;
pub mod text;
pub mod verdict;
