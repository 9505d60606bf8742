//! Files of this host.

mod glob;
mod read;
mod readings;
mod rooted;

pub use glob::{Glob, Globbed, check as check_glob, is_glob};
pub(super) use read::read;
pub use read::{File, Files, ReadFile};
pub use readings::readings;
pub use rooted::rooted;
