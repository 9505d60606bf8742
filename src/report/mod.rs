//! A finished audit, written down: one file or folder for each format.

mod format;
mod json;
mod table;
#[cfg(test)]
mod testing;

pub use format::{Format, Look, Report, Shown};
pub use json::{schema, write as write_json};

/// Every format, in the order of the manual.
pub const FORMATS: [Format; 2] = [table::FORMAT, json::FORMAT];
