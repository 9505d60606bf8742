use std::path::Path;
use std::sync::Arc;

use reqwest::{Certificate, ClientBuilder, Identity};
use schemars::JsonSchema;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::failure::innermost;
use crate::platform::reason::reason;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// How a server's identity is verified, and how straggler shows its own. It is always verified.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificates to trust, a PEM file; the system's unless said.
    pub ca: Option<Arc<Path>>,
    /// The client's own certificate, a PEM file with its chain.
    pub certificate: Option<Arc<Path>>,
    /// The key that belongs to it, a PEM file; unless said it stands in the same file.
    pub key: Option<Arc<Path>>,
}

impl Tls {
    /// Says where relative paths start.
    pub fn rooted_at(&mut self, folder: &Path) {
        let paths = [&mut self.ca, &mut self.certificate, &mut self.key];
        for path in paths.into_iter().flatten() {
            *path = folder.join(&*path).into();
        }
    }

    /// Whether they can be meant so.
    ///
    /// # Errors
    ///
    /// What was expected, a lowercase fragment.
    pub fn check(&self) -> Result<(), String> {
        if self.key.is_some() && self.certificate.is_none() {
            return Err("expected the `certificate` that the `key` belongs to".to_owned());
        }
        Ok(())
    }

    pub(super) fn apply(&self, mut builder: ClientBuilder) -> Result<ClientBuilder, ReadError> {
        if let Some(path) = &self.ca {
            let bundle = read(path)?;
            let trusted = Certificate::from_pem_bundle(&bundle);
            let trusted = trusted.map_err(|error| unfit(path, &innermost(&error)))?;
            if trusted.is_empty() {
                return Err(unfit(path, "it holds no certificate"));
            }
            builder = builder.tls_certs_only(trusted);
        }
        if let Some(path) = &self.certificate {
            let mut pem = read(path)?;
            if let Some(key) = &self.key {
                pem.push(b'\n');
                pem.extend_from_slice(&read(key)?);
            }
            let identity = Identity::from_pem(&pem);
            builder = builder.identity(identity.map_err(|error| unfit(path, &innermost(&error)))?);
        }
        Ok(builder)
    }
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    let bytes = std::fs::read(path).map_err(|error| unfit(path, &reason(&error)))?;
    // Room for a key behind it, so that no copy stays behind when it grows.
    let mut roomy = Zeroizing::new(Vec::with_capacity(bytes.len() + (64 << 10)));
    roomy.extend_from_slice(&Zeroizing::new(bytes));
    Ok(roomy)
}

fn unfit(path: &Path, why: &str) -> ReadError {
    let path = escape(&path.to_string_lossy()).into_owned();
    ReadError::new(
        ErrorKind::Tls,
        format!("{path} cannot be used for a secure connection: {why}"),
        "name a readable PEM file in the store's `tls`",
    )
}
