//! Getting the key out of what a hop reads: a member of a JSON text, a line of an env file, a part
//! of a URL; then a decoding.

mod apply;
mod json;
mod members;
mod pattern;
mod relaxed;
mod settings;
mod url;

pub use json::{SecretText, check as check_pointer, is_object, is_relaxed, pointer_to, string_at};
pub use members::Members;
pub use pattern::compile as compile_pattern;
pub use settings::{Decode, Extract, Extraction, Trim, UrlPart};
