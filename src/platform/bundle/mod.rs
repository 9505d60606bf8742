//! What is shipped to browsers: the files of a page or of a built folder, searched for keys.

mod appended;
mod argument;
mod base64;
mod chunks;
mod code;
mod escape;
mod escaped;
mod expression;
mod fed;
mod folder;
mod function;
mod html;
mod indirect;
mod literal;
mod media;
mod names;
mod packed;
mod page;
mod places;
mod png;
mod reference;
mod search;
mod seen;
mod spelled;
mod streams;
mod texture;
mod unpack;
mod wide;
mod window;

pub use chunks::ChunkNames;
pub use code::{Code, Unfollowed};
pub use folder::{Folder, InFolder, SearchFolder, Unseen};
pub use names::is_script;
pub use page::{Page, SearchPage};
pub use reference::{Reference, Strength, beside, located, name_of, origin, usual};
pub use search::{MOST_TOKENS, Token};
