//! What an audit means for the exit code: policy, waivers, coverage. The only place that decides it.

mod coverage;
mod decision;
mod exit;
#[cfg(test)]
pub(crate) mod testing;
mod waiver;
mod weight;

pub use coverage::{Coverage, HopCoverage, ReadingCoverage};
pub use decision::{Decision, Passing, exit_code};
pub use exit::ExitCode;
pub use waiver::{Expired, accepted, covered, expired_waivers, waived};
