//! HashiCorp Consul: its key-value store.

mod read;
mod settings;

pub use read::Read;
pub use settings::{Consul, Server};
