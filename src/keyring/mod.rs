//! Interim, replaced by the keyring branch.
mod damage;
mod format;
mod known;
pub use damage::{Damage, Placeholder};
pub use format::Format;
pub use known::{KeyId, ProjectId, Role};
