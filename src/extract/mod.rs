//! Getting the key out of what a hop reads, step by step: a member of a JSON, YAML or TOML text, a line
//! of an env, INI or properties file, a part of a URL, a decoding.

mod apply;
mod ini;
mod json;
mod members;
mod pattern;
mod pointer;
mod properties;
mod relaxed;
mod settings;
mod toml;
mod url;
mod yaml;

pub use apply::Extracted;
pub use json::{SecretText, is_container, is_object, is_relaxed, string_at, string_or_object_at};
pub use members::Members;
pub use pattern::compile as compile_pattern;
pub use pointer::{check as check_pointer, meant as meant_pointer, pointer_to};
pub use settings::{Decode, Extraction, Step, Trim, UrlPart};
