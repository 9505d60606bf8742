//! GitHub: the names of secrets and variables, at a repository, its environments and its organization.

mod failure;
mod list;
mod names;
mod settings;

pub use list::{Claim, Claims, Entry, Further, List, Page};
pub use names::{App, Level, Names, What};
pub use settings::{Github, Server};
