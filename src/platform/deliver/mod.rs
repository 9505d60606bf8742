//! What straggler tells others by itself: a message to somebody's server, or to a program.

mod courier;
mod signature;
mod target;

pub use courier::{Courier, Envelope};
pub use target::Target;
