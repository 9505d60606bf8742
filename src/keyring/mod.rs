//! Every key known, the damaged forms of those known by value, and the recognition of a value or a
//! fingerprint by them.

mod candidates;
mod damage;
mod decode;
mod embedded;
mod encode;
mod filter;
mod format;
mod forms;
mod grams;
mod known;
mod layers;
mod lookup;
mod message;
mod peel;
mod placeholder;
mod recognise;
mod scrub;
mod search;
mod stand_in;
mod surroundings;
mod tables;
mod texts;
mod unescape;
mod unravel;
mod way;
mod wrapping;
mod wraps;

#[cfg(test)]
mod tests;

pub use damage::Damage;
pub use embedded::{Fragment, Inside, Sighting, surrounding};
pub use format::{Format, FormatError};
pub use known::{Explanation, KeyId, Keyring, Known, ProjectId, Role};
pub use placeholder::{Placeholder, placeholder};
pub use scrub::scrubbed;
pub use search::{Outcome as SearchOutcome, Search};
pub use stand_in::placeholder_by_fingerprint;
pub use way::Way;
pub use wrapping::{unwrapped, wrapping};
