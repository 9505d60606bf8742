//! Interim, replaced by the keyring branch.
mod format;
mod known;
pub use format::Format;
pub use known::{KeyId, ProjectId, Role};
