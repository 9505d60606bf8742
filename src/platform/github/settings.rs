use std::path::Path;
use std::sync::{Arc, OnceLock};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::key::Secret;
use crate::platform::credential::{Credential, Credentials};
use crate::platform::http::{Address, Clients, Tls, check_url};
use crate::platform::variable::variable;
use crate::platform::{Locator, Platform, Shared, Store, StoreInfo};
use crate::reading::{ErrorKind, ReadError};

/// GitHub.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Github {
    /// Where its API is: `https://HOST/api/v3` for GitHub Enterprise Server; by default what
    /// belongs to `GH_HOST`, else `https://api.github.com`.
    address: Option<Box<str>>,
    /// The token; by default `GH_TOKEN` or `GITHUB_TOKEN`, for GitHub Enterprise Server
    /// `GH_ENTERPRISE_TOKEN` or `GITHUB_ENTERPRISE_TOKEN`.
    token: Option<Credential>,
    /// Certificates.
    tls: Option<Tls>,
}

/// In the order in which `gh` looks at them.
const OF_CLOUD: [&str; 2] = ["GH_TOKEN", "GITHUB_TOKEN"];
const OF_SERVER: [&str; 2] = ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"];

impl Store for Github {
    const INFO: StoreInfo = StoreInfo {
        id: "github",
        title: "GitHub",
        variables: &[
            OF_CLOUD[0],
            OF_CLOUD[1],
            OF_SERVER[0],
            OF_SERVER[1],
            "GH_HOST",
        ],
        example: "\
github: { github: { token: { env: GH_TOKEN_AUDIT } } }
ghes: { github: { address: https://github.example.com/api/v3, token: { file: /run/secrets/ghes } } }
",
        manual: "\
Variables are read in the order of the GitHub CLI. As there, a token from `GH_TOKEN` or `GITHUB_TOKEN` is sent \
only to github.com and to subdomains of ghe.com, and one from `GH_ENTERPRISE_TOKEN` or `GITHUB_ENTERPRISE_TOKEN` \
only to other hosts. `token: { command: [gh, auth, token] }` uses the token that `gh auth login` stored.

The token that every workflow gets cannot list secrets, because no entry under `permissions` allows that: use a \
fine-grained token, or the token of a GitHub App.

A token may make 5,000 calls an hour, and straggler sends no more than 900 a minute. When GitHub says that the \
limit is reached, straggler waits for as long as GitHub says, which may be the rest of the hour.",
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
        let set = || variable("GH_HOST").map(|host| api_of(&host));
        Server {
            said: self.address.clone().or_else(set),
            address: OnceLock::new(),
            token: self.token.clone(),
            clients: Clients::new(self.tls.clone().unwrap_or_default()),
            credentials: Arc::clone(&shared.credentials),
        }
    }
}

/// A connection to GitHub.
pub struct Server {
    said: Option<Box<str>>,
    address: OnceLock<Result<Address, ReadError>>,
    token: Option<Credential>,
    pub(super) clients: Clients,
    credentials: Arc<Credentials>,
}

impl Platform for Server {
    const ID: &'static str = "github";

    fn locate(&self, to: &mut Locator) {
        to.option(self.address().ok().map(Address::host).as_deref());
    }
}

impl Server {
    pub(super) fn address(&self) -> Result<&Address, ReadError> {
        let find = || Address::find(self.said.as_deref(), &[], Some("https://api.github.com"));
        self.address
            .get_or_init(find)
            .as_ref()
            .map_err(Clone::clone)
    }

    pub(super) async fn token(&self) -> Result<Arc<Secret>, ReadError> {
        let variables = variables_for(&self.address()?.host());
        let token = self
            .credentials
            .named_or_set(self.token.as_ref(), &variables)
            .await?;
        token.ok_or_else(|| {
            ReadError::new(
                ErrorKind::Denied,
                "no credential: nobody says GitHub's token",
                format!("set {}, or declare a store with a `token`", variables[0]),
            )
        })
    }
}

/// Where the API of a host is.
fn api_of(host: &str) -> Box<str> {
    match host {
        "github.com" => "https://api.github.com".into(),
        host if host.ends_with(".ghe.com") => format!("https://api.{host}").into(),
        host => format!("https://{host}/api/v3").into(),
    }
}

/// The variables whose token may go to this host.
fn variables_for(host: &str) -> [&'static str; 2] {
    if host == "api.github.com" || host.ends_with(".ghe.com") {
        OF_CLOUD
    } else {
        OF_SERVER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_where_gh_would_send_it() {
        for (host, api, variables) in [
            ("github.com", "https://api.github.com", OF_CLOUD),
            ("acme.ghe.com", "https://api.acme.ghe.com", OF_CLOUD),
            (
                "github.example.com",
                "https://github.example.com/api/v3",
                OF_SERVER,
            ),
            ("evil-ghe.com", "https://evil-ghe.com/api/v3", OF_SERVER),
            (
                "api.github.com.example.com",
                "https://api.github.com.example.com/api/v3",
                OF_SERVER,
            ),
        ] {
            assert_eq!(&*api_of(host), api);
            let address = Address::parse(api).unwrap();
            assert_eq!(variables_for(&address.host()), variables, "{host}");
        }
    }
}
