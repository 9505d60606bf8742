//! Runs the flow from the inventory to verdicts; the finished [`Audit`] is all that gates and
//! reports need.

mod documents;
mod finished;
mod history;
mod hops;
mod leads;
mod learn;
mod memory;
mod place;
mod plan;
mod references;
mod reigns;
mod remembered;
mod run;
mod scrub;
mod seen;
mod sought;
mod standing;
mod warnings;
mod wholes;

pub use finished::{Audit, Policy, Waited};
pub use leads::Leads;
pub use plan::{Plans, plan, reads};
pub use reigns::{Dated, Sighting, advance, is_foreign, sightings, taken_over, unsettled};
pub use remembered::{Announced, Confirmation, Owner, Reign, Remembered};
pub use run::{Options, run};
pub use scrub::MOST_SHOWN;
pub use sought::Sought;

#[cfg(test)]
mod tests;
