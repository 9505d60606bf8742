//! Every key known, the damaged forms of those known by value, and the recognition of a value or a
//! fingerprint by them.

mod around;
mod bare;
mod beside;
mod blocks;
mod book;
mod candidates;
mod comments;
mod damage;
mod decode;
mod edits;
mod embedded;
mod encode;
mod filter;
mod format;
mod forms;
mod grams;
mod html;
mod joined;
mod known;
mod layers;
mod lookup;
mod message;
mod numbers;
mod packed;
mod pasted;
mod peel;
mod placeholder;
mod recognise;
mod resemble;
mod rewritten;
mod scrub;
mod search;
mod signs;
mod spaced;
mod stand_in;
mod surroundings;
mod tables;
mod terminal;
mod texts;
mod unescape;
mod unravel;
mod utf16;
mod way;
mod wire;
mod within;
mod words;
mod wrapping;
mod wraps;

#[cfg(test)]
mod tests;

pub use around::{Around, SeenAround};
pub use book::Keyring;
pub use damage::Damage;
pub use embedded::{Fragment, Inside, Sighting, surrounding};
pub use format::{Format, FormatError};
pub use known::{Explanation, KeyId, Known, ProjectId, Role};
pub use pasted::Pasted;
pub use placeholder::{Cipher, Placeholder, Resolver, placeholder};
pub use scrub::Scrubber;
pub use search::{Outcome as SearchOutcome, Search};
pub use stand_in::placeholder_by_fingerprint;
pub use way::Way;
pub use wire::Wire;
pub use wrapping::{unwrapped, wrapping};
