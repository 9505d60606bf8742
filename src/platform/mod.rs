//! Connections: one folder per kind, each with its store settings and its IO.

mod ask;
mod asking;
pub mod aws;
pub mod azure;
mod base64;
mod blocking;
mod buffer;
pub mod bundle;
pub mod commands;
pub mod consul;
mod credential;
pub mod deliver;
mod descriptors;
pub mod docker;
pub mod doppler;
pub mod environment;
pub mod etcd;
mod excerpt;
pub mod files;
pub mod gcp;
pub mod github;
mod here;
pub mod http;
pub mod kubernetes;
mod locator;
mod open;
mod pages;
mod patience;
pub mod processes;
mod rate;
mod reason;
mod session;
mod store;
#[macro_use]
mod stores;
pub mod systemd;
mod user;
mod variable;
pub mod vault;
pub mod vercel;

pub use ask::{Answer, Ask, Connections, Platform, Request};
pub use asking::{Answers, Asking, Attempt, Stop};
pub use buffer::MAX_BYTES;
pub use commands::{end_programs, start_no_more};
pub use credential::Credential;
pub use descriptors::most_calls;
pub use here::Here;
pub use locator::{EnvSecret, Locator, PlaceId, Rest};
pub use open::connections;
pub use pages::{List, Page, Portion, pages, pages_until};
pub use patience::within;
pub use rate::Rate;
pub use store::{AnyStore, Shared, Store, StoreInfo};

#[cfg(test)]
mod tests;

stores! {
    azure::Azure,
    consul::Consul,
    docker::Docker,
    doppler::Doppler,
    etcd::Etcd,
    gcp::Gcp,
    github::Github,
    vault::Vault,
    aws::Aws,
    vercel::Vercel,
    kubernetes::Kubernetes,
}
