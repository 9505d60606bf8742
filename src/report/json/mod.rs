//! `straggler.report/v1`: everything there is to know, for machines.

mod escape;
mod lazy;
mod rows;
#[cfg(test)]
mod tests;
mod write;

pub use escape::write;
pub use write::{FORMAT, schema};
