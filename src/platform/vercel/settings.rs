use std::path::Path;
use std::sync::{Arc, OnceLock};

use reqwest::Url;
use reqwest::header::AUTHORIZATION;
use schemars::JsonSchema;
use serde::Deserialize;

use super::failure::refused;
use crate::platform::credential::{Credential, Credentials};
use crate::platform::http::{Address, Call, Clients, MAX_PAGE, Reply, Tls, check_url};
use crate::platform::variable::variable;
use crate::platform::{Locator, Platform, Shared, Store, StoreInfo};
use crate::reading::{ErrorKind, ReadError};

/// Vercel.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Vercel {
    /// Where its API is; by default `https://api.vercel.com`.
    address: Option<Box<str>>,
    /// The token; by default `VERCEL_TOKEN` or `VERCEL_API_TOKEN`.
    token: Option<Credential>,
    /// The team that has the projects, by its id, `team_…`, or by the name in its URL; by default a
    /// team in `VERCEL_ORG_ID`.
    team: Option<Arc<str>>,
    /// Certificates.
    tls: Option<Tls>,
}

const TOKENS: [&str; 2] = ["VERCEL_TOKEN", "VERCEL_API_TOKEN"];

impl Store for Vercel {
    const INFO: StoreInfo = StoreInfo {
        id: "vercel",
        title: "Vercel",
        variables: &[TOKENS[0], TOKENS[1], "VERCEL_ORG_ID"],
        example: "\
acme: { vercel: { token: { env: VERCEL_TOKEN_ACME }, team: acme } }
vercel: { vercel: { token: { file: /run/secrets/vercel }, team: team_a1B2c3 } }
",
        manual: "\
`VERCEL_TOKEN` is the variable of Vercel's CLI, `VERCEL_API_TOKEN` that of its Terraform provider. \
`VERCEL_ORG_ID` goes with them: a store with a `token` of its own ignores it. Without a team, the projects are \
those of the person or team that the token belongs to.

An access token can do everything that its member can do: give it the scope of one team, and an expiry date. \
Vercel publishes no rate limit: when it says that the limit is reached, straggler waits for as long as Vercel \
says.",
    };

    type Platform = Server;

    fn files(&mut self, each: &mut dyn FnMut(&mut Arc<Path>)) {
        self.token.iter_mut().for_each(|token| token.files(each));
        self.tls.iter_mut().for_each(|tls| tls.files(each));
    }

    fn check(&self) -> Result<(), String> {
        if self.team.as_deref() == Some("") {
            return Err("expected a team, not nothing".to_owned());
        }
        self.address.as_deref().map_or(Ok(()), check_url)?;
        self.token.as_ref().map_or(Ok(()), Credential::check)?;
        self.tls.as_ref().map_or(Ok(()), Tls::check)
    }

    fn open(&self, shared: &Shared) -> Server {
        // It may name a person as well, whose projects need no team.
        let set = || variable("VERCEL_ORG_ID").filter(|id| id.starts_with("team_"));
        let team = match (&self.team, &self.token) {
            (Some(team), _) => Some(Arc::clone(team)),
            (None, Some(_)) => None,
            (None, None) => set().map(Into::into),
        };
        Server {
            said: self.address.clone(),
            address: OnceLock::new(),
            token: self.token.clone(),
            team,
            clients: Clients::new(self.tls.clone().unwrap_or_default()),
            credentials: Arc::clone(&shared.credentials),
        }
    }
}

/// A connection to Vercel.
pub struct Server {
    said: Option<Box<str>>,
    address: OnceLock<Result<Address, ReadError>>,
    token: Option<Credential>,
    team: Option<Arc<str>>,
    clients: Clients,
    credentials: Arc<Credentials>,
}

impl Platform for Server {
    const ID: &'static str = "vercel";

    fn locate(&self, to: &mut Locator) {
        to.option(self.host().as_deref());
        to.option(self.team.as_deref());
        // Without a team it is whoever the token is of.
        if let (None, Some(token)) = (&self.team, &self.token) {
            to.credential(token);
        }
    }
}

impl Server {
    pub(super) fn host(&self) -> Option<Arc<str>> {
        Some(self.address().ok()?.host())
    }

    fn address(&self) -> Result<&Address, ReadError> {
        let find = || Address::find(self.said.as_deref(), &[], Some("https://api.vercel.com"));
        self.address
            .get_or_init(find)
            .as_ref()
            .map_err(Clone::clone)
    }

    fn url(&self, path: &[&str], query: Option<(&str, &str)>) -> Result<Url, ReadError> {
        let mut url = self.address()?.at(path.iter().copied());
        let team = self.team.as_deref().map(|team| match team {
            id if id.starts_with("team_") => ("teamId", id),
            slug => ("slug", slug),
        });
        for (name, value) in query.into_iter().chain(team) {
            url.query_pairs_mut().append_pair(name, value);
        }
        Ok(url)
    }

    /// What it answers at this path. `right` is what would help whoever is refused, as an imperative.
    pub(super) async fn get(
        &self,
        path: &[&str],
        query: Option<(&str, &str)>,
        right: &str,
    ) -> Result<Reply, ReadError> {
        let url = self.url(path, query)?;
        let token = self
            .credentials
            .named_or_set(self.token.as_ref(), &TOKENS)
            .await?
            .ok_or_else(|| {
                ReadError::new(
                    ErrorKind::Denied,
                    "no credential: nobody says Vercel's token",
                    "set VERCEL_TOKEN, or declare a store with a `token`",
                )
            })?;
        let reply = Call::get(url)
            .credential(AUTHORIZATION, "Bearer ", &token)?
            .at_most(MAX_PAGE)
            .send(&self.clients)
            .await?;
        match reply.status.is_success() {
            true => Ok(reply),
            false => Err(refused(&reply, right)),
        }
    }
}
