//! Who is asked when, how often and how gently: equal requests once, batches, limits, deadlines.

mod engine;
mod limits;
mod progress;
mod slots;

pub use engine::{Fetcher, Work};
pub use limits::Limits;
pub use progress::{Progress, Quiet};

#[cfg(test)]
mod tests;
