//! etcd: its key-value store, over the JSON gateway that every member serves.

mod failure;
mod login;
mod range;
mod settings;

pub use range::{Held, Kept, Range};
pub use settings::{Etcd, Server};
