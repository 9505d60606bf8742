use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Server;
use super::request::said;
use crate::extract::SecretText;
use crate::key::Secret;
use crate::platform::credential::Credential;
use crate::platform::http::{Call, check_path, json};
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// Who logs in as an AppRole.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AppRole {
    /// Which role.
    role_id: Credential,
    /// Its password; a role may need none.
    #[serde(default)]
    secret_id: Option<Credential>,
    /// Where the login is mounted; `approle` unless said.
    #[serde(default)]
    mount: Option<Box<str>>,
}

/// Who logs in as a Kubernetes service account.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceAccount {
    /// Which role of the server's.
    role: Box<str>,
    /// The service account's token; the pod's own unless said.
    #[serde(default)]
    jwt: Option<Credential>,
    /// Where the login is mounted; `kubernetes` unless said.
    #[serde(default)]
    mount: Option<Box<str>>,
}

/// Where a pod finds its service account's token.
const JWT: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

impl AppRole {
    pub fn files(&mut self, each: &mut dyn FnMut(&mut Arc<Path>)) {
        self.role_id.files(each);
        self.secret_id
            .iter_mut()
            .for_each(|secret| secret.files(each));
    }

    pub fn check(&self) -> Result<(), String> {
        self.role_id.check()?;
        self.secret_id.as_ref().map_or(Ok(()), Credential::check)?;
        self.mount.as_deref().map_or(Ok(()), check_path)
    }
}

impl ServiceAccount {
    pub fn files(&mut self, each: &mut dyn FnMut(&mut Arc<Path>)) {
        self.jwt.iter_mut().for_each(|jwt| jwt.files(each));
    }

    pub fn check(&self) -> Result<(), String> {
        if self.role.is_empty() {
            return Err("expected the name of a `role`, not nothing".to_owned());
        }
        self.jwt.as_ref().map_or(Ok(()), Credential::check)?;
        self.mount.as_deref().map_or(Ok(()), check_path)
    }
}

/// What a login is sent.
#[derive(Default, Serialize)]
struct Sent<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwt: Option<&'a str>,
}

/// What it gives.
#[derive(Deserialize)]
struct Given {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    client_token: SecretText,
    /// In seconds; 0 for ever.
    lease_duration: u64,
}

/// A token, and for how long it holds.
type Lease = (Secret, Option<Duration>);

impl Server {
    pub(super) async fn log_in_as_approle(&self, role: &AppRole) -> Result<Lease, ReadError> {
        let role_id = self.credentials.resolve(&role.role_id).await?;
        let secret_id = match &role.secret_id {
            Some(secret_id) => Some(self.credentials.resolve(secret_id).await?),
            None => None,
        };
        let sent = Sent {
            role_id: Some(text(&role_id, "role_id")?),
            secret_id: secret_id
                .as_deref()
                .map(|secret| text(secret, "secret_id"))
                .transpose()?,
            ..Sent::default()
        };
        let secrets = secret_id.iter().chain([&role_id]).cloned().collect();
        let mount = role.mount.as_deref().unwrap_or("approle");
        let next = "correct `role_id` and `secret_id`: an id may have expired, or be used up";
        self.log_in(mount, &sent, secrets, next).await
    }

    pub(super) async fn log_in_as_service_account(
        &self,
        role: &ServiceAccount,
    ) -> Result<Lease, ReadError> {
        let usual = || Credential::File(Path::new(JWT).into());
        let jwt = role.jwt.clone().unwrap_or_else(usual);
        let jwt = self.credentials.resolve(&jwt).await?;
        let sent = Sent {
            role: Some(&role.role),
            jwt: Some(text(&jwt, "jwt")?),
            ..Sent::default()
        };
        let next = format!(
            "bind this service account to the role {}, in its namespace",
            escape(&role.role)
        );
        let mount = role.mount.as_deref().unwrap_or("kubernetes");
        self.log_in(mount, &sent, vec![Arc::clone(&jwt)], &next)
            .await
    }

    /// `next` is the next step for whoever is refused.
    async fn log_in(
        &self,
        mount: &str,
        sent: &Sent<'_>,
        secrets: Vec<Arc<Secret>>,
        next: &str,
    ) -> Result<Lease, ReadError> {
        let room: usize = secrets.iter().map(|secret| secret.len()).sum();
        let body = json(sent, room + sent.role.unwrap_or_default().len())?;

        let mount = mount.trim_matches('/').split('/');
        let path = ["v1", "auth"].into_iter().chain(mount).chain(["login"]);
        let call = Call::post(self.address()?.at(path), "application/json", body);
        let call = secrets.into_iter().fold(call, Call::carrying);
        let reply = self.prepared(call, self.namespace.as_deref())?;
        let reply = reply.send(&self.clients).await?;
        if !reply.status.is_success() {
            let error = reply.refused(said(&reply).as_deref(), next);
            // Vault answers wrong ids with 400, and a login that is not mounted with 403 or 404.
            return Err(match reply.status.as_u16() {
                400 | 404 | 405 => ReadError {
                    kind: ErrorKind::Denied,
                    next: next.to_owned().into(),
                    ..error
                },
                _ => error,
            });
        }
        let Given { auth } = reply.json()?;
        if auth.client_token.0.is_empty() {
            return Err(ReadError::new(
                ErrorKind::Denied,
                format!("{} asks for a second factor", reply.shown()),
                "log in as a role that needs none",
            ));
        }
        let lasts = (auth.lease_duration > 0).then(|| Duration::from_secs(auth.lease_duration));
        Ok((auth.client_token.0, lasts))
    }
}

fn text<'s>(secret: &'s Secret, name: &'static str) -> Result<&'s str, ReadError> {
    std::str::from_utf8(secret.expose()).map_err(|_| unfit(name))
}

fn unfit(name: &str) -> ReadError {
    ReadError::new(
        ErrorKind::Denied,
        format!("the {name} holds what no JSON can carry"),
        "look at it with `straggler inspect`",
    )
}
