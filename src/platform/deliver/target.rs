use std::fmt;
use std::path::Path;
use std::sync::Arc;

use reqwest::Url;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use crate::platform::Credential;
use crate::platform::http::parse_url;

/// Where something is sent to.
#[derive(Clone, PartialEq, Eq, Hash, JsonSchema)]
#[schemars(untagged)]
pub enum Target {
    /// A URL that is no secret: https, or http on this very host.
    Url(Arc<str>),
    /// Where the URL is kept, since whoever has it can post to it.
    Credential(Credential),
}

impl Target {
    /// Says where a relative path to a file starts.
    pub fn rooted_at(&mut self, folder: &Path) {
        if let Self::Credential(credential) = self {
            credential.rooted_at(folder);
        }
    }

    /// Whether it can be meant so.
    ///
    /// # Errors
    ///
    /// What was expected, a lowercase fragment that does not repeat the URL.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Url(url) => parse(url).map(drop),
            Self::Credential(credential) => credential.check(),
        }
    }
}

impl From<Credential> for Target {
    fn from(credential: Credential) -> Self {
        Self::Credential(credential)
    }
}

/// The URL, when something may be sent there: nobody may listen on the way.
pub(super) fn parse(text: &str) -> Result<Url, String> {
    let url = parse_url(text)?;
    if url.scheme() != "https" && !is_here(&url) {
        return Err(
            "expected a URL that starts with https://, or one of this very host".to_owned(),
        );
    }
    Ok(url)
}

/// Whether it leads to this very host.
pub(super) fn is_here(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UrlOrReference)
    }
}

/// Written out, since serde's own errors repeat what they found.
struct UrlOrReference;

impl<'de> Visitor<'de> for UrlOrReference {
    type Value = Target;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a URL, or a reference to one that is a secret: { env: NAME }")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Target, E> {
        Ok(Target::Url(text.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Target, A::Error> {
        Credential::deserialize(MapAccessDeserializer::new(map)).map(Target::Credential)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_go_over_tls_or_stay_on_this_host() {
        for fine in [
            "https://hooks.example.com/a?b=c",
            "http://localhost:9/x",
            "http://127.0.0.1:9",
            "http://[::1]:9/",
        ] {
            assert!(parse(fine).is_ok(), "{fine}");
        }
        for wrong in [
            "http://s3cret.example.com",
            "http://localhost.s3cret.example",
            "ftp://localhost/s3cret",
            "https://user:s3cret@example.com",
            "s3cret",
            "",
        ] {
            let why = parse(wrong).unwrap_err();
            assert!(why.starts_with("expected a URL"), "{why}");
            assert!(!why.contains("s3cret"), "{why}");
        }
    }
}
