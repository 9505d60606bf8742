//! Who is asked when, how often and how gently: equal requests once, batches, limits, retries,
//! deadlines.

mod ease;
mod engine;
mod errors;
#[cfg(test)]
mod gentle;
mod lanes;
mod limits;
#[cfg(test)]
mod paged;
mod plan;
mod progress;
mod retry;
mod round;
mod slots;
#[cfg(test)]
mod throttled;
mod window;

pub use engine::{Fetcher, Gathered, Work};
pub use limits::Limits;
pub use plan::{Plan, Planned};
pub use progress::{Progress, Quiet};

#[cfg(test)]
mod tests;
