//! The kinds of hops that ask a faulty server.

use crate::fault::{Became, Fault};

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `http`, for the whole of what is answered.
    Page,
    /// `http`, for a member of JSON.
    Member,
    Consul,
    Vault,
}

pub const PLACES: [Place; 4] = [Place::Page, Place::Member, Place::Consul, Place::Vault];

impl Place {
    /// The store it asks, where it needs one; named by its number.
    pub fn store(self, number: usize, origin: &str) -> String {
        let settings = format!("{{ address: '{origin}', token: {{ env: TOKEN }} }}");
        match self {
            Self::Page | Self::Member => String::new(),
            Self::Consul => format!("  consul-{number}: {{ consul: {settings} }}\n"),
            Self::Vault => format!("  vault-{number}: {{ vault: {settings} }}\n"),
        }
    }

    /// A hop that asks for this path, at an origin or at the store with this number.
    pub fn hop(self, number: usize, origin: &str, path: &str) -> String {
        let headers = "headers: { Authorization: { scheme: Bearer, env: TOKEN } }";
        match self {
            Self::Page => format!("{{ http: {{ url: '{origin}/page/{path}', {headers} }} }}"),
            Self::Member => {
                format!("{{ http: {{ url: '{origin}/json/{path}', pointer: /key, {headers} }} }}")
            }
            Self::Consul => format!("{{ consul: {{ store: consul-{number}, key: '{path}' }} }}"),
            Self::Vault => {
                format!("{{ vault: {{ store: vault-{number}, path: '{path}', field: key }} }}")
            }
        }
    }

    /// Whether it can meet this fault.
    pub fn meets(self, fault: Fault) -> bool {
        !fault.is_of_json() || matches!(self, Self::Member | Self::Vault)
    }

    /// What becomes of a hop here that meets this fault.
    pub fn becomes(self, fault: Fault) -> Became {
        match (self, fault) {
            // The two that say 404 of a key that is not there, and 403 of one that may not be read.
            (Self::Consul | Self::Vault, Fault::Status(404)) => Became::Missing,
            // It looks at what is answered: nothing, or the beginning of JSON.
            (Self::Vault, Fault::Status(204 | 206)) => Became::Failed("bad-data", false),
            _ => fault.becomes(),
        }
    }
}
