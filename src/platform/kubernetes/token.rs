//! The token that a request carries, as kubectl finds it.

use std::path::Path;
use std::time::Duration;

use kube::config::AuthInfo;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::config::{unreadable, unsendable};
use crate::platform::files::is_readable;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// For how long the token of a file is taken, since it may be renewed there.
const HOLDS: Duration = Duration::from_secs(60);

/// Puts the token of a file in its place, and says for how long it holds. A file counts more than what
/// stands in the kubeconfig itself, which is for a file that cannot be read or is empty. Blanks and line
/// ends around a file's token are none of it.
pub(super) fn settle(user: &mut AuthInfo) -> Result<Option<Duration>, ReadError> {
    let file = user.token_file.take().filter(|file| !file.is_empty());
    let own = user.token.as_ref();
    let own = own.is_some_and(|token| !token.expose_secret().is_empty());
    let mut holds = None;
    if let Some(file) = file {
        match token_of(Path::new(&file)) {
            Ok(token) => {
                user.token = Some(token);
                holds = Some(HOLDS);
            }
            Err(_) if own => {}
            Err(error) => return Err(error),
        }
    }
    let token = user.token.as_ref();
    // kube takes for granted that it can be sent.
    if token.is_some_and(|token| HeaderValue::from_str(token.expose_secret()).is_err()) {
        return Err(unsendable());
    }
    Ok(holds)
}

fn token_of(path: &Path) -> Result<SecretString, ReadError> {
    is_readable(path).map_err(|error| unreadable(&error, path, "the token"))?;
    let text = std::fs::read_to_string(path);
    let text = Zeroizing::new(text.map_err(|error| unreadable(&error, path, "the token"))?);
    match text.trim() {
        "" => Err(ReadError::new(
            ErrorKind::Denied,
            format!(
                "no credential for the cluster: the token file {} is empty",
                escape(&path.to_string_lossy())
            ),
            "have a token written to it, or name another `tokenFile` in the kubeconfig",
        )),
        token => Ok(SecretString::from(token)),
    }
}
