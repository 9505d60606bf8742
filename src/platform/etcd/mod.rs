//! etcd: its key-value store, over the JSON gateway that every member serves, or over gRPC.

mod failure;
mod login;
mod range;
mod rpc;
mod settings;
mod wire;

pub use range::{Held, Kept, Range};
pub use settings::{Etcd, Server};
