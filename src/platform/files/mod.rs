//! Files of this host.

mod glob;
mod read;
mod readings;
mod regular;
mod rooted;

pub use glob::{Glob, Globbed, check as check_glob, is_glob, matching};
pub use read::{File, Files, ReadFile};
pub(super) use read::{identity, read, refused};
pub use readings::readings;
pub(super) use regular::{is_readable, read_regular};
pub use rooted::rooted;
