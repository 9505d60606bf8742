//! What a command does beyond one audit.

pub mod inspect;
pub mod notify;
pub mod revoke_check;
pub mod wait;
