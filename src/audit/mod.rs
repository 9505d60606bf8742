//! Runs the flow from the inventory to verdicts; the finished [`Audit`] is all that gates and
//! reports need.

mod finished;
mod hops;
mod place;
mod references;
mod run;
mod warnings;

pub use finished::{Audit, Policy};
pub use run::{Options, run};

#[cfg(test)]
mod tests;
