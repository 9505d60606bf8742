//! Where a key can be read: one file per kind of hop, and the registry that lists them.

mod env;
mod hop;
mod info;
#[macro_use]
mod registry;

pub use hop::{AnySource, At, Source};
pub use info::Info;

registry! {
    env::Env,
}
