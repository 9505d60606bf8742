//! Key bytes and their fingerprints.

mod fingerprint;
mod secret;

pub use fingerprint::{Digits, Fingerprint, ParseFingerprintError};
pub use secret::Secret;
