use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use schemars::JsonSchema;
use serde::Deserialize;

use super::List;
use crate::key::Secret;
use crate::platform::credential::{Credential, Credentials};
use crate::platform::http::{Address, Clients, Tls, check_url};
use crate::platform::variable::variable;
use crate::platform::{Locator, Platform, Shared, Store, StoreInfo};
use crate::reading::{ErrorKind, ReadError};
use crate::text::Escaped;

/// Doppler.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Doppler {
    /// Where its API is; by default `DOPPLER_API_HOST`, else `https://api.doppler.com`.
    address: Option<Box<str>>,
    /// The token; by default `DOPPLER_TOKEN`.
    token: Option<Credential>,
    /// The project, unless a hop says so; a service token needs none.
    project: Option<Arc<str>>,
    /// The config, unless a hop says so; a service token needs none.
    config: Option<Arc<str>>,
    /// Certificates.
    tls: Option<Tls>,
}

impl Store for Doppler {
    const INFO: StoreInfo = StoreInfo {
        id: "doppler",
        title: "Doppler",
        variables: &[
            "DOPPLER_TOKEN",
            "DOPPLER_PROJECT",
            "DOPPLER_CONFIG",
            "DOPPLER_API_HOST",
        ],
        example: "\
checkout-prd: { doppler: { token: { env: DOPPLER_TOKEN_CHECKOUT } } }
doppler: { doppler: { token: { file: /run/secrets/doppler }, project: checkout, config: prd } }
",
        manual: "\
A service token (`dp.st.…`) belongs to one config, so nothing else is needed; any other token needs a project \
and a config, here or in the hop. `DOPPLER_PROJECT` and `DOPPLER_CONFIG` go with `DOPPLER_TOKEN`: a store with a \
`token` of its own ignores them.

A config is one request, and no more than 240 go out in a minute. What Doppler allows an address and a token \
depends on the plan: 120, 240 or 480 reads of secrets a minute. `requests_per_second: 2` in the store keeps to \
the lowest of them.",
    };

    type Platform = Server;

    fn files(&mut self, each: &mut dyn FnMut(&mut Arc<Path>)) {
        self.token.iter_mut().for_each(|token| token.files(each));
        self.tls.iter_mut().for_each(|tls| tls.files(each));
    }

    fn check(&self) -> Result<(), String> {
        self.address.as_deref().map_or(Ok(()), check_url)?;
        self.token.as_ref().map_or(Ok(()), Credential::check)?;
        self.tls.as_ref().map_or(Ok(()), Tls::check)
    }

    fn open(&self, shared: &Shared) -> Server {
        let set = |name| match self.token {
            Some(_) => None,
            None => variable(name).map(Into::into),
        };
        Server {
            said: self.address.clone(),
            address: OnceLock::new(),
            token: self.token.clone(),
            project: self.project.clone().or_else(|| set("DOPPLER_PROJECT")),
            config: self.config.clone().or_else(|| set("DOPPLER_CONFIG")),
            clients: Clients::new(self.tls.clone().unwrap_or_default()),
            credentials: Arc::clone(&shared.credentials),
        }
    }
}

/// A connection to Doppler.
pub struct Server {
    said: Option<Box<str>>,
    address: OnceLock<Result<Address, ReadError>>,
    token: Option<Credential>,
    project: Option<Arc<str>>,
    config: Option<Arc<str>>,
    pub(super) clients: Clients,
    credentials: Arc<Credentials>,
}

impl Platform for Server {
    const ID: &'static str = "doppler";

    fn locate(&self, to: &mut Locator) {
        to.option(self.address().ok().map(Address::host).as_deref());
        to.options([self.project.as_deref(), self.config.as_deref()]);
        // A service token stands for its config without naming it.
        if let Some(token) = &self.token {
            to.credential(token);
        }
    }
}

impl Server {
    pub(super) fn address(&self) -> Result<&Address, ReadError> {
        let find = || {
            let otherwise = Some("https://api.doppler.com");
            Address::find(self.said.as_deref(), &["DOPPLER_API_HOST"], otherwise)
        };
        self.address
            .get_or_init(find)
            .as_ref()
            .map_err(Clone::clone)
    }

    pub(super) async fn token(&self) -> Result<Arc<Secret>, ReadError> {
        let token = self
            .credentials
            .named_or_set(self.token.as_ref(), &["DOPPLER_TOKEN"])
            .await?;
        token.ok_or_else(|| {
            ReadError::new(
                ErrorKind::Denied,
                "no credential: nobody says Doppler's token",
                "set DOPPLER_TOKEN, or declare a store with a `token`",
            )
        })
    }

    /// What is named, by the hop or else by the store.
    pub(super) fn named<'s>(&'s self, asked: &'s List) -> Place<'s> {
        Place {
            project: asked.project.as_deref().or(self.project.as_deref()),
            config: asked.config.as_deref().or(self.config.as_deref()),
        }
    }

    /// Which config is meant.
    pub(super) fn place<'s>(
        &'s self,
        asked: &'s List,
        token: &Secret,
    ) -> Result<Place<'s>, ReadError> {
        let place = self.named(asked);
        let whole = place.project.is_some() && place.config.is_some();
        if !whole && !token.expose().starts_with(b"dp.st.") {
            return Err(ReadError::new(
                ErrorKind::NotFound,
                "nobody says which project and config are meant, and the token is no service token",
                "name `project` and `config` in the hop or its store, or read with the config's service token",
            ));
        }
        Ok(place)
    }
}

/// A config, as far as it is named.
pub(super) struct Place<'s> {
    pub project: Option<&'s str>,
    pub config: Option<&'s str>,
}

/// For messages.
impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.project, self.config) {
            (Some(project), Some(config)) => {
                write!(f, "the config {} of {}", Escaped(config), Escaped(project))
            }
            (Some(project), None) => write!(f, "the project {}", Escaped(project)),
            (None, Some(config)) => write!(f, "the config {}", Escaped(config)),
            (None, None) => f.write_str("its config"),
        }
    }
}
