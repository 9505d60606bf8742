use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use serde::Deserialize;

use super::Server;
use super::assertion::assertion;
use super::file::{AuthorizedUser, ExternalAccount, ServiceAccount};
use crate::extract::{SecretText, string_at};
use crate::key::Secret;
use crate::platform::credential::Credential;
use crate::platform::http::{Call, Reply, check_url, form};
use crate::reading::{ErrorKind, ReadError};

/// What every token is for.
pub(super) const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

const FORM: &str = "application/x-www-form-urlencoded";
const SIGNED: &[u8] = b"urn:ietf:params:oauth:grant-type:jwt-bearer";
const EXCHANGE: &[u8] = b"urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &[u8] = b"urn:ietf:params:oauth:token-type:access_token";

/// A token, and for how long it is good.
pub(super) type Token = (Arc<Secret>, Option<Duration>);

#[derive(Deserialize)]
struct Answer {
    access_token: SecretText,
    expires_in: Option<u64>,
}

/// What impersonating gives.
#[derive(Deserialize)]
struct Impersonated {
    #[serde(rename = "accessToken")]
    token: SecretText,
    #[serde(rename = "expireTime")]
    until: Option<Timestamp>,
}

/// What a token endpoint says when it refuses.
#[derive(Default, Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: String,
}

/// The token in an answer.
pub(super) fn token(reply: &Reply) -> Result<Token, ReadError> {
    let answer: Answer = reply.json()?;
    let lasts = answer.expires_in.map(Duration::from_secs);
    Ok((Arc::new(answer.access_token.0), lasts))
}

impl Server {
    /// A service account signs that it is itself.
    pub(super) async fn signed(&self, account: &ServiceAccount) -> Result<Token, ReadError> {
        let signed = assertion(account, SCOPE, Timestamp::now())?;
        let fields = [("grant_type", SIGNED), ("assertion", signed.expose())];
        let next = "let the service account have this key: an administrator may have deleted or disabled it";
        self.post(&account.token_uri, &fields, vec![Arc::clone(&signed)], next)
            .await
    }

    /// A person's login is renewed.
    pub(super) async fn renewed(&self, user: &AuthorizedUser) -> Result<Token, ReadError> {
        let (secret, refresh) = (user.client_secret.0.expose(), user.refresh_token.0.expose());
        let fields = [
            ("grant_type", &b"refresh_token"[..]),
            ("client_id", user.client_id.as_bytes()),
            ("client_secret", secret),
            ("refresh_token", refresh),
        ];
        let sent = [secret, refresh].map(|sent| Arc::new(Secret::copied(sent)));
        let next = "log in again: `gcloud auth application-default login`";
        self.post(&user.token_uri, &fields, sent.into(), next).await
    }

    /// Somebody else's statement is exchanged.
    pub(super) async fn federated(&self, account: &ExternalAccount) -> Result<Token, ReadError> {
        let statement = self.statement(account).await?;
        let fields = [
            ("grant_type", EXCHANGE),
            ("audience", account.audience.as_bytes()),
            ("scope", SCOPE.as_bytes()),
            ("requested_token_type", ACCESS_TOKEN),
            ("subject_token_type", account.subject_token_type.as_bytes()),
            ("subject_token", statement.expose()),
        ];
        let next = "let the workload identity pool trust this identity, or get a new statement";
        let sent = vec![Arc::clone(&statement)];
        let (token, lasts) = self.post(&account.token_url, &fields, sent, next).await?;
        match &account.service_account_impersonation_url {
            Some(url) => self.impersonated(url, &token).await,
            None => Ok((token, lasts)),
        }
    }

    async fn statement(&self, account: &ExternalAccount) -> Result<Arc<Secret>, ReadError> {
        let source = &account.credential_source;
        let found = match (&source.file, &source.url) {
            (Some(path), _) => {
                let file = Credential::File(Path::new(path).into());
                self.credentials.resolve(&file).await?
            }
            (None, Some(place)) => {
                let mut call = Call::get(url(place)?);
                for (name, value) in &source.headers {
                    let name = HeaderName::from_bytes(name.as_bytes());
                    let value = HeaderValue::from_str(value);
                    let (Ok(name), Ok(mut value)) = (name, value) else {
                        return Err(unfit("names a header that cannot be sent"));
                    };
                    value.set_sensitive(true);
                    call = call.with(name, value);
                }
                let reply = call.send(&self.clients).await?;
                if !reply.status.is_success() {
                    let next = "let the place that `credential_source` names give its statement";
                    return Err(reply.refused(None, next));
                }
                Arc::new(reply.body)
            }
            // Amazon's signed requests and programs.
            (None, None) => return Err(unfit("takes its statement neither from a file nor a URL")),
        };
        let member = source.format.as_ref();
        match member.and_then(|format| format.subject_token_field_name.as_deref()) {
            None => Ok(found),
            Some(name) => {
                let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
                let statement = string_at(found.expose(), &pointer)?;
                let statement = statement.ok_or_else(|| unfit("names a member that is not there"));
                Ok(Arc::new(statement?))
            }
        }
    }

    async fn impersonated(&self, place: &str, token: &Arc<Secret>) -> Result<Token, ReadError> {
        self.credentials.uses(token.expose());
        let body = format!(r#"{{"scope": ["{SCOPE}"]}}"#);
        let body = Secret::new(body.into_bytes());
        let reply = Call::post(url(place)?, "application/json", body)
            .credential(AUTHORIZATION, "Bearer ", token)?
            .send(&self.clients)
            .await?;
        if !reply.status.is_success() {
            let next = "give the identity roles/iam.workloadIdentityUser on the service account";
            return Err(reply.refused(None, next));
        }
        let answer: Impersonated = reply.json()?;
        let left = |end: Timestamp| Duration::try_from(end.duration_since(Timestamp::now())).ok();
        Ok((Arc::new(answer.token.0), answer.until.and_then(left)))
    }

    async fn post(
        &self,
        place: &str,
        fields: &[(&str, &[u8])],
        sent: Vec<Arc<Secret>>,
        next: &str,
    ) -> Result<Token, ReadError> {
        for secret in &sent {
            self.credentials.uses(secret.expose());
        }
        let call = Call::post(url(place)?, FORM, form(fields));
        let call = sent.into_iter().fold(call, Call::carrying);
        let reply = call.send(&self.clients).await?;
        if reply.status.is_success() {
            return token(&reply);
        }
        let refusal = serde_json::from_slice::<Refusal>(reply.body.expose()).unwrap_or_default();
        let texts = [&refusal.error_description, &refusal.error];
        let said = texts.into_iter().find(|text| !text.is_empty());
        let mut error = reply.refused(said.map(String::as_str), next);
        if reply.status.as_u16() == 400 && !refusal.error.is_empty() {
            // What the standard calls a bad request: a key that was deleted, a login that has ended.
            error.kind = ErrorKind::Denied;
            error.next = next.to_owned().into();
        }
        Err(error)
    }
}

fn url(place: &str) -> Result<Url, ReadError> {
    check_url(place)
        .ok()
        .and_then(|()| Url::parse(place).ok())
        .ok_or_else(|| unfit("names an address that is no URL"))
}

fn unfit(why: &str) -> ReadError {
    ReadError::new(
        ErrorKind::Denied,
        format!("no credential: the credentials file {why}"),
        "correct it, or give the store a `token` that a command prints",
    )
}
