//! Files of this host.

mod glob;
mod read;
mod readings;
mod rooted;

pub use glob::{Glob, Globbed, check as check_glob, is_glob};
pub use read::{File, Files, ReadFile};
pub(super) use read::{identity, read, refused};
pub use readings::readings;
pub use rooted::rooted;
