use std::path::Path;
use std::sync::{Arc, OnceLock};

use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::{Client, ClientBuilder, Url, redirect};

use super::Tls;
use super::failure::{innermost, unanswered};
use crate::platform::Platform;
use crate::platform::credential::Credentials;
use crate::reading::{ErrorKind, ReadError};

/// How many redirects are followed, all within one origin.
pub(super) const MOST_REDIRECTS: usize = 5;

const USER_AGENT: &str = concat!("straggler/", env!("CARGO_PKG_VERSION"));

/// Servers that are asked over HTTP without a declaration.
pub struct Http {
    pub(in crate::platform) clients: Clients,
    pub(in crate::platform) credentials: Arc<Credentials>,
}

impl Platform for Http {
    const ID: &'static str = "http";
}

impl Http {
    pub(in crate::platform) fn new(credentials: Arc<Credentials>) -> Self {
        Self {
            clients: Clients::new(Tls::default()),
            credentials,
        }
    }
}

/// The one way straggler speaks HTTP. Proxies are taken from the environment, as every tool does.
pub(in crate::platform) struct Clients {
    tls: Tls,
    direct: bool,
    /// Whether no redirect is followed, not even within one origin.
    still: bool,
    /// Where all calls go, whatever the URL's host.
    socket: Option<Arc<Path>>,
    /// For `http:`, which needs no certificates: those are slow to load and not on every host.
    plain: OnceLock<Result<Client, ReadError>>,
    /// For `https:`.
    secure: OnceLock<Result<Client, ReadError>>,
}

impl Clients {
    /// Nothing is read before the first call.
    pub fn new(tls: Tls) -> Self {
        Self {
            tls,
            direct: false,
            still: false,
            socket: None,
            plain: OnceLock::new(),
            secure: OnceLock::new(),
        }
    }

    /// For what must not go anywhere but where it was sent.
    pub fn unfollowing() -> Self {
        Self::new(Tls::default()).still()
    }

    /// The same, following no redirect.
    pub fn still(self) -> Self {
        Self {
            still: true,
            ..self
        }
    }

    /// For servers that only this very host reaches, so no proxy does.
    pub fn direct() -> Self {
        Self {
            direct: true,
            ..Self::new(Tls::default())
        }
    }

    /// For a server that listens at a Unix socket.
    pub fn at_socket(socket: Arc<Path>) -> Self {
        Self {
            socket: Some(socket),
            ..Self::direct()
        }
    }

    /// The client for a URL's scheme. A redirect never leaves the scheme, so neither does a client.
    pub fn client(&self, url: &Url) -> Result<&Client, ReadError> {
        let client = if url.scheme() == "http" {
            let build = || {
                let builder = self.builder().tls_certs_only([]);
                open(builder, self.still).map_err(|error| unbuilt(&error))
            };
            self.plain.get_or_init(build)
        } else {
            let build = || {
                let builder = self.tls.apply(self.builder())?;
                open(builder, self.still).map_err(|error| self.tls.unusable(&error))
            };
            self.secure.get_or_init(build)
        };
        client.as_ref().map_err(Clone::clone)
    }

    /// Why no answer came to a request of one of these clients.
    pub fn unanswered(&self, url: &Url, error: &reqwest::Error) -> ReadError {
        unanswered(url, error, &self.tls, self.socket.is_some())
    }

    fn builder(&self) -> ClientBuilder {
        let builder = match self.direct {
            true => Client::builder().no_proxy(),
            false => Client::builder(),
        };
        match &self.socket {
            Some(socket) => builder.unix_socket(&**socket),
            None => builder,
        }
    }
}

/// Makes ring the process's cryptography, unless somebody chose before. Needed once, before any
/// client is built.
pub fn install_crypto() {
    // It fails only when one is installed, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn open(builder: ClientBuilder, still: bool) -> reqwest::Result<Client> {
    install_crypto();
    let redirects = match still {
        true => redirect::Policy::none(),
        false => redirect::Policy::custom(within_origin),
    };
    builder
        .user_agent(USER_AGENT)
        .default_headers(HeaderMap::from_iter([(
            ACCEPT_ENCODING,
            HeaderValue::from_static("gzip"),
        )]))
        .referer(false)
        .redirect(redirects)
        .build()
}

/// Why there is no client at all.
pub(super) fn unbuilt(error: &reqwest::Error) -> ReadError {
    ReadError::new(
        ErrorKind::Tls,
        format!("no connection can be secured: {}", innermost(error)),
        "install ca-certificates, or point SSL_CERT_FILE to the certificates to trust",
    )
}

/// Any other redirect comes back as the answer and is refused there: it would take credentials that
/// stand in custom headers, or in the URL, to somebody else.
fn within_origin(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let from = attempt.previous().last().map(Url::origin);
    if from == Some(attempt.url().origin()) && attempt.previous().len() <= MOST_REDIRECTS {
        attempt.follow()
    } else {
        attempt.stop()
    }
}
