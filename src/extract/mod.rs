//! Getting the key out of what a hop reads: a member of a JSON text, a line of an env file, a part
//! of a URL; then a decoding.

mod settings;

pub use settings::{Decode, Extract, Extraction, UrlPart};
