//! Plain HTTP, and what every platform that speaks it shares.

mod answer;
mod client;
mod failure;
mod get;
mod header;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod url;

pub use client::{Http, install_crypto};
pub use get::Get;
pub use header::{Header, Headers, check as check_headers};
pub use url::{check as check_url, location};
