//! Plain HTTP, and what every platform that speaks it shares.

mod address;
mod body;
mod call;
mod client;
mod encoding;
mod failure;
mod get;
mod handshake;
mod header;
mod stream;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod tls;
mod url;
mod wait;

pub(in crate::platform) use address::Address;
pub use address::check_path;
pub(in crate::platform) use body::{form, json};
pub(in crate::platform) use call::{Arriving, Call, MAX_PAGE, READ, Reply, beginning};
pub(in crate::platform) use client::Clients;
pub use client::{Http, install_crypto};
pub(in crate::platform) use failure::{causes, innermost};
pub use get::Get;
pub(in crate::platform) use handshake::{
    Advice, Settings, cause as cause_of_tls, is_hung_up, told_to as told_of_tls, unsecured,
};
pub(in crate::platform) use header::fill;
pub use header::{Header, Headers, check as check_headers};
pub(in crate::platform) use stream::Stream;
pub use tls::Tls;
pub use url::{check as check_url, location, place};
pub(in crate::platform) use url::{host, opaque_segments, origin, parse as parse_url};
pub(in crate::platform) use wait::wait as wait_for;
