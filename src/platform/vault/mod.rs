//! HashiCorp Vault and OpenBao: their key-value stores.

mod login;
mod metadata;
mod mount;
mod place;
mod read;
mod request;
mod settings;
mod standing;
mod token;

pub use metadata::{Versions, Written};
pub use place::Place;
pub use read::{Gone, Held, Read, Stored};
pub use settings::{Server, Vault};
