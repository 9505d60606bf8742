use std::path::Path;
use std::sync::Arc;

use memchr::memmem;
use reqwest::{Certificate, ClientBuilder, Identity};
use schemars::JsonSchema;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::client::unbuilt;
use super::failure::innermost;
use super::handshake;
use crate::platform::files::read_regular;
use crate::platform::reason::reason;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// How a server's identity is verified, and how straggler shows its own. It is always verified.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificates to trust, a PEM file; by default the system's.
    pub ca: Option<Arc<Path>>,
    /// The client's own certificate, a PEM file with its chain.
    pub certificate: Option<Arc<Path>>,
    /// The key that belongs to it, a PEM file; by default it is in the same file.
    pub key: Option<Arc<Path>>,
}

impl Tls {
    /// Goes through the files that they are read from.
    pub fn files(&mut self, each: &mut dyn FnMut(&mut Arc<Path>)) {
        let paths = [&mut self.ca, &mut self.certificate, &mut self.key];
        paths.into_iter().flatten().for_each(each);
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
            builder = builder.identity(self.identity(path)?);
        }
        Ok(builder)
    }

    /// The client's certificate with its key, which stand in one file or in two.
    fn identity(&self, path: &Path) -> Result<Identity, ReadError> {
        let mut pem = read(path)?;
        if !holds(&pem, CERTIFICATE) {
            return Err(unfit(path, "it holds no certificate"));
        }
        let beside = match &self.key {
            Some(key) => Some((key, read(key)?)),
            None => None,
        };
        match &beside {
            Some((path, key)) => check_key(path, key)?,
            None => check_key(path, &pem)?,
        }
        if let Some((_, key)) = beside {
            pem.push(b'\n');
            pem.extend_from_slice(&key);
        }
        Identity::from_pem(&pem).map_err(|error| unfit(path, &innermost(&error)))
    }

    /// Why no client can be made that shows and trusts these.
    pub(super) fn unusable(&self, error: &reqwest::Error) -> ReadError {
        let (Some(certificate), Some(cause)) = (&self.certificate, handshake::cause(error)) else {
            return unbuilt(error);
        };
        let key = self.key.as_ref().unwrap_or(certificate);
        match cause {
            rustls::Error::InconsistentKeys(_) => ReadError::new(
                ErrorKind::Tls,
                format!(
                    "the client certificate in {} and the private key in {} do not belong together",
                    named(certificate),
                    named(key)
                ),
                "name the certificate and the key that were made for each other in the store's `tls`: of those, \
                 `openssl x509 -noout -pubkey` and `openssl pkey -pubout` show the same public key",
            ),
            rustls::Error::InvalidCertificate(_) => unfit(certificate, &reason(cause)),
            rustls::Error::General(why) if why.contains("private key") => {
                let mut error = unfit(key, &innermost(error));
                error.next =
                    "name a private key of RSA, ECDSA over P-256 or P-384, or Ed25519 in the store's `tls`"
                        .into();
                error
            }
            _ => unbuilt(error),
        }
    }
}

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";

fn holds(pem: &[u8], words: &str) -> bool {
    memmem::find(pem, words.as_bytes()).is_some()
}

/// Whether a file has a private key that can be read without asking anybody.
fn check_key(path: &Path, pem: &[u8]) -> Result<(), ReadError> {
    let (why, next) = if holds(pem, "BEGIN ENCRYPTED PRIVATE KEY") || holds(pem, "4,ENCRYPTED") {
        (
            "its private key is locked with a passphrase",
            "name a private key without a passphrase in the store's `tls`; `openssl pkey` writes one",
        )
    } else if !holds(pem, "PRIVATE KEY-----") {
        (
            "it holds no private key",
            "name the PEM file with the certificate's private key as `key` in the store's `tls`",
        )
    } else {
        return Ok(());
    };
    let mut error = unfit(path, why);
    error.next = next.into();
    Err(error)
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    let bytes = read_regular(path).map_err(|error| unfit(path, &reason(&error)))?;
    // Room for a key behind it, so that no copy stays behind when it grows.
    let mut roomy = Zeroizing::new(Vec::with_capacity(bytes.len() + (64 << 10)));
    roomy.extend_from_slice(&Zeroizing::new(bytes));
    Ok(roomy)
}

fn unfit(path: &Path, why: &str) -> ReadError {
    ReadError::new(
        ErrorKind::Tls,
        format!(
            "{} cannot be used for a secure connection: {why}",
            named(path)
        ),
        "name a readable PEM file in the store's `tls`",
    )
}

fn named(path: &Path) -> String {
    escape(&path.to_string_lossy()).into_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rcgen::{CertificateParams, KeyPair};
    use reqwest::Url;

    use super::*;
    use crate::platform::http::Clients;

    #[test]
    fn every_client_is_built_and_ring_is_the_only_cryptography() {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["straggler".to_owned()]).unwrap();
        let certificate = certificate.self_signed(&key).unwrap();
        let both = certificate.pem() + &key.serialize_pem();
        for (name, text) in [
            ("certificate.pem", certificate.pem()),
            ("key.pem", key.serialize_pem()),
            ("both.pem", both),
            ("none.pem", "nothing".to_owned()),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let tls = |ca: &str, certificate: Option<&str>, key: Option<&str>| {
            let path = |name: &str| Arc::from(Path::new(name));
            let mut tls = Tls {
                ca: Some(path(ca)),
                certificate: certificate.map(path),
                key: key.map(path),
            };
            tls.files(&mut |path| *path = folder.path().join(&*path).into());
            tls
        };
        let secure = Url::parse("https://localhost/").unwrap();
        for tls in [
            tls("certificate.pem", None, None),
            tls("certificate.pem", Some("certificate.pem"), Some("key.pem")),
            tls("certificate.pem", Some("both.pem"), None),
        ] {
            assert_eq!(tls.check(), Ok(()));
            assert!(Clients::new(tls).client(&secure).is_ok());
        }
        let plain = Url::parse("http://localhost/").unwrap();
        assert!(Clients::direct().client(&plain).is_ok());
        for tls in [
            tls("none.pem", None, None),
            tls("gone.pem", None, None),
            tls("certificate.pem", Some("certificate.pem"), None),
        ] {
            let error = Clients::new(tls).client(&secure).err().unwrap();
            assert_eq!(error.kind, ErrorKind::Tls, "{error}");
        }
        // Two providers in one program are a panic at run time.
        let crates = include_str!("../../../Cargo.lock");
        for other in ["aws-lc-rs", "openssl-sys", "native-tls"] {
            assert!(!crates.contains(&format!("name = \"{other}\"")), "{other}");
        }
    }
}
