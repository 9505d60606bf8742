//! Codes to sentences: what an audit's outcomes mean and what to do about them, in words.
//!
//! Sentences are lowercase fragments on one line. Whatever came from outside is escaped in them, so
//! that they are harmless wherever they are shown.

mod clause;
mod elsewhere;
mod escaping;
mod finding;
mod group;
mod known;
mod message;
mod notice;
mod reference;
mod remedy;
mod settling;
mod spot;
mod standing;
mod when;

pub use group::{Case, Group, Place, Step, Subject, groups};
pub use known::{belonging, name_of};
pub use notice::{Notice, notice, notices};
pub use reference::Reference;
pub use settling::{settling, word};
pub use spot::{Spot, spots};
pub use standing::{coverage, standing};
pub use when::when;
