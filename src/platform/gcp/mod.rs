//! Google Cloud: Secret Manager's secrets, and application default credentials.

mod access;
mod assertion;
mod crc32c;
mod exchange;
mod failure;
mod file;
mod login;
mod metadata;
mod settings;
mod versions;

pub use access::{Access, Kept, Secrets};
pub use settings::{Gcp, Server};
pub use versions::{Listed, State, Versions};
