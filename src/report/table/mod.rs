//! For people: a row for each deployment, what it all means, and what to do.

mod findings;
mod fit;
mod page;
mod paint;
mod prose;
mod route;
mod row;
mod sight;
mod summary;
#[cfg(test)]
mod tests;
mod write;

pub use write::FORMAT;
