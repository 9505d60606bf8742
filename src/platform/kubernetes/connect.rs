//! The client, and the login of exec plugins.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::client::{AuthError, ClientBuilder};
use kube::config::AuthInfo;
use kube::{Client, Config, Error};
use reqwest::Url;
use secrecy::ExposeSecret;

use super::config::{Loaded, unreadable, unsendable};
use super::{plugin, token};
use crate::platform::credential::Credentials;
use crate::platform::excerpt::last_words;
use crate::platform::http::install_crypto;
use crate::platform::reason::reason;
use crate::reading::{ErrorKind, ReadError};

/// How much of a plugin's complaints is told.
const TOLD: usize = 200;

/// A client, and for how long its credentials hold where a plugin says that.
pub(super) async fn connect(
    loaded: &Loaded,
    credentials: &Arc<Credentials>,
) -> Result<(Client, Option<Duration>), ReadError> {
    let mut config = loaded.config.clone();
    let mut end = None;
    // kube starts a plugin anew for each thing that it might give, waits for it on a thread of its own, and
    // leaves it running.
    if let Some(exec) = config.auth_info.exec.take()
        && !says_who(&config.auth_info)
    {
        end = plugin::log_in(&exec, &mut config.auth_info).await?;
    }
    let credentials = Arc::clone(credentials);
    // Files are read while somebody waits.
    let built = tokio::task::spawn_blocking(move || {
        let holds = token::settle(&mut config.auth_info)?;
        note(&config.auth_info, &credentials);
        let proxy = config.proxy_url.as_ref();
        let proxy = proxy.and_then(|proxy| Url::parse(&proxy.to_string()).ok());
        proxy.iter().for_each(|proxy| credentials.uses_proxy(proxy));
        Ok((build(config)?, holds))
    })
    .await;
    let (client, holds) = built.unwrap_or_else(|_| {
        Err(ReadError::new(
            ErrorKind::Protocol,
            "the connection to the cluster could not be made",
            "run again with -v and report it",
        ))
    })?;
    let lasts = end.map(|end| {
        let left = end.duration_since(Timestamp::now());
        Duration::try_from(left).unwrap_or_default()
    });
    Ok((client, lasts.or(holds)))
}

/// Whether kube takes something else and asks no plugin.
fn says_who(user: &AuthInfo) -> bool {
    let password = user.username.is_some() && user.password.is_some();
    password || user.token.is_some() || user.token_file.is_some() || user.auth_provider.is_some()
}

/// Notes the credentials that stand in the kubeconfig or where it says, or that a plugin gave.
fn note(login: &AuthInfo, credentials: &Credentials) {
    for secret in [&login.token, &login.password].into_iter().flatten() {
        credentials.uses(secret.expose_secret().as_bytes());
    }
}

fn build(config: Config) -> Result<Client, ReadError> {
    install_crypto();
    let builder = ClientBuilder::try_from(config).map_err(|error| unfit(&error))?;
    Ok(builder.build())
}

/// Why no client can be made. Nothing of a credential is repeated.
fn unfit(error: &Error) -> ReadError {
    match error {
        Error::Auth(error) => no_login(error),
        Error::ProxyProtocolUnsupported { .. } => ReadError::new(
            ErrorKind::BadData,
            "the cluster's proxy speaks a protocol that is not known here",
            "write a `proxy-url` that starts with http://, https:// or socks5://",
        ),
        _ => ReadError::new(
            ErrorKind::Tls,
            "the certificates in the kubeconfig cannot be used",
            "look at the certificate authority, the client certificate and its key: `kubectl config view --raw`",
        ),
    }
}

/// Why there is no credential to send.
pub(super) fn no_login(error: &AuthError) -> ReadError {
    let (why, next) = match error {
        AuthError::AuthExecStart(error) => (
            format!("the plugin could not be started: {}", reason(error)),
            "install the program that the user's `exec` in the kubeconfig names",
        ),
        AuthError::AuthExecRun { out, .. } => {
            let said = last_words(&out.stderr, true, TOLD);
            let colon = if said.is_empty() { "" } else { ": " };
            (
                format!("the plugin ended with {}{colon}{said}", reason(&out.status)),
                "log in as the plugin wants it, and try it with `kubectl auth whoami`",
            )
        }
        AuthError::AuthExecParse(_) | AuthError::ExecPluginFailed => (
            "the plugin printed no ExecCredential".to_owned(),
            "try it by hand; `kubectl auth whoami` takes the same kubeconfig",
        ),
        AuthError::ReadTokenFile(error, path) => return unreadable(error, path, "the token"),
        AuthError::InvalidBearerToken(_) | AuthError::InvalidBasicAuth(_) => return unsendable(),
        _ => (
            "the way to log in that the kubeconfig names does not work here".to_owned(),
            "use a token, a client certificate or an `exec` plugin; `kubectl auth whoami` tries it",
        ),
    };
    let message = format!("no credential for the cluster: {why}");
    ReadError::new(ErrorKind::Denied, message, next)
}
