//! What one replica at one hop gave, before anybody judges it.

mod error;
mod found;
mod identity;
mod loads;
mod mend;
pub mod remote;
mod unsearched;

pub use error::{ErrorKind, ReadError, Retry};
pub use found::{Found, Reading, Taken, Version};
pub use identity::Identity;
pub use loads::Loads;
pub use mend::{Mend, Written};
pub use unsearched::Unsearched;
