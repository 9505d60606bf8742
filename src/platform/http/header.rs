use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::de::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::key::Secret;
use crate::platform::Locator;
use crate::platform::credential::{self, Credential, Credentials};
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// Headers by their names.
pub type Headers = BTreeMap<Box<str>, Header>;

/// What a header carries: a credential, perhaps with a word before it.
#[derive(Clone, PartialEq, Eq, Hash, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Header {
    /// The authentication scheme that is written before the credential: `Bearer`.
    scheme: Option<Box<str>>,
    /// Where the credential is.
    #[schemars(flatten)]
    credential: Credential,
}

impl Header {
    /// Says where a relative path to a file starts.
    pub fn rooted_at(&mut self, folder: &Path) {
        self.credential.rooted_at(folder);
    }

    /// Takes in what it carries, for that may decide what is read with it.
    pub fn locate(&self, to: &mut Locator) {
        to.option(self.scheme.as_deref());
        to.credential(&self.credential);
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (scheme, credential) = credential::with_scheme(deserializer)?;
        Ok(Self { scheme, credential })
    }
}

/// Whether headers can be meant so.
///
/// # Errors
///
/// What was expected, a lowercase fragment.
pub fn check(headers: &Headers) -> Result<(), String> {
    for (name, header) in headers {
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            return Err(format!(
                "expected the name of a header, not `{}`",
                escape(name)
            ));
        }
        let is_word = |scheme: &str| {
            let letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
            (1..=20).contains(&scheme.len()) && scheme.as_bytes().iter().all(letter)
        };
        if !header.scheme.as_deref().is_none_or(is_word) {
            return Err("expected an authentication scheme in `scheme`: Bearer".to_owned());
        }
        header.credential.check()?;
    }
    Ok(())
}

/// Headers with their credentials filled in, and those credentials, to be removed from whatever the
/// server says.
pub(in crate::platform) async fn fill(
    headers: &Headers,
    credentials: &Credentials,
) -> Result<(HeaderMap, Vec<Arc<Secret>>), ReadError> {
    let mut filled = HeaderMap::with_capacity(headers.len());
    let mut sent = Vec::with_capacity(headers.len());
    for (name, header) in headers {
        let secret = credentials.resolve(&header.credential).await?;
        let mut text = Zeroizing::new(Vec::with_capacity(secret.len() + 32));
        if let Some(scheme) = &header.scheme {
            text.extend_from_slice(scheme.as_bytes());
            text.push(b' ');
        }
        text.extend_from_slice(secret.expose());
        let parsed = HeaderName::from_bytes(name.as_bytes())
            .ok()
            .zip(HeaderValue::from_bytes(&text).ok());
        let Some((name, mut value)) = parsed else {
            return Err(ReadError::new(
                ErrorKind::Denied,
                format!(
                    "{} holds what no header can carry, a line break perhaps",
                    header.credential
                ),
                "look at it with `straggler inspect`",
            ));
        };
        value.set_sensitive(true);
        filled.append(name, value);
        sent.push(secret);
    }
    Ok((filled, sent))
}
