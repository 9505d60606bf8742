use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Server;
use super::request::said;
use super::token::{Lease, Lent};
use crate::extract::SecretText;
use crate::key::Secret;
use crate::platform::credential::Credential;
use crate::platform::http::{Call, Reply, check_path, json};
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
    /// Where the login is mounted; by default `approle`.
    #[serde(default)]
    mount: Option<Box<str>>,
}

/// Who logs in as a Kubernetes service account.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceAccount {
    /// Which role of the server's.
    role: Box<str>,
    /// The service account's token; by default the pod's own.
    #[serde(default)]
    jwt: Option<Credential>,
    /// Where the login is mounted; by default `kubernetes`.
    #[serde(default)]
    mount: Option<Box<str>>,
}

const JSON: &str = "application/json";

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
    /// How many requests it is good for; 0 for any number.
    #[serde(default)]
    num_uses: u64,
}

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

        let segments = mount.trim_matches('/').split('/');
        let path = ["v1", "auth"].into_iter().chain(segments).chain(["login"]);
        let url = self.address()?.at(path);
        let call = Call::post(url.clone(), JSON, body);
        let call = secrets.into_iter().fold(call, Call::carrying);
        let reply = self.prepared(call, self.namespace.as_deref())?;
        let reply = reply.send(&self.clients).await?;
        if !reply.status.is_success() {
            return Err(self.not_logged_in(&reply, url, mount, next).await);
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
        let lent = Lent::new(Arc::new(auth.client_token.0), auth.num_uses);
        Ok((lent, lasts))
    }

    /// Why a login gave nothing. Only a refusal of what was sent is [`ErrorKind::Denied`], or of where it
    /// was sent, and stands until the audit ends.
    async fn not_logged_in(&self, reply: &Reply, url: Url, mount: &str, next: &str) -> ReadError {
        if let Some(error) = self.doubled(reply).await {
            return ReadError {
                kind: ErrorKind::Denied,
                ..error
            };
        }
        let error = self.refused(reply, next);
        let refusal = |next: String| ReadError {
            kind: ErrorKind::Denied,
            next: next.into(),
            ..error.clone()
        };
        let has = |part| said(reply).is_some_and(|words| words.contains(part));
        if has("namespace not found") {
            return refusal(error.next.to_string());
        }
        if has("invalid role name") {
            return refusal("correct `role`, or create it".to_owned());
        }
        if is_unmounted(reply) && self.has_no_login(url).await {
            let mount = escape(mount.trim_matches('/'));
            return ReadError {
                message: format!("{}; no login of this kind is mounted at {mount}", error.message).into(),
                ..refusal(
                    "correct the `mount` of the login, or the store's `namespace`; `vault auth list` lists \
                     what there is"
                        .to_owned(),
                )
            };
        }
        match reply.status.as_u16() {
            400 | 404 | 405 => refusal(next.to_owned()),
            _ => error,
        }
    }

    /// Whether no login is mounted there. One that is says of an empty request what is missing in it.
    async fn has_no_login(&self, url: Url) -> bool {
        let empty = Call::post(url, JSON, Secret::copied(b"{}"));
        let Ok(call) = self.prepared(empty, self.namespace.as_deref()) else {
            return false;
        };
        let reply = call.send(&self.clients).await;
        reply.is_ok_and(|reply| is_unmounted(&reply))
    }
}

/// Whether this may be the answer at a place where no login is mounted: whatever needs no token is known.
fn is_unmounted(reply: &Reply) -> bool {
    match reply.status.as_u16() {
        400 => said(reply).is_some_and(|words| words.contains("missing client token")),
        status => matches!(status, 403..=405),
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
