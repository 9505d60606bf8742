//! What straggler remembers from one audit to the next.

mod change;

pub use change::{Change, ChangeKind, Name};
