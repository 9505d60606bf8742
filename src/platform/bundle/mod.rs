//! What is shipped to browsers: the files of a page or of a built folder, searched for keys.

mod escape;
mod folder;
mod html;
mod literal;
mod names;
mod page;
mod reference;
mod search;
mod window;

pub use folder::{Folder, InFolder, SearchFolder, Unseen};
pub use page::{Page, SearchPage};
pub use reference::{Reference, Strength, beside, name_of, origin, usual};
pub use search::{MOST_TOKENS, Token};
