use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqsign_aws_v4::{
    AssumeRoleWithWebIdentityCredentialProvider, Credential as Keys, ECSCredentialProvider,
    EnvCredentialProvider, IMDSv2CredentialProvider, ProcessCredentialProvider,
    ProfileCredentialProvider, SSOCredentialProvider,
};
use reqsign_core::{Context, Error, ErrorKind as Why, ProvideCredentialDyn};

use super::Account;
use super::call::{self, Service};
use super::carry::context;
use super::profile::{Profile, Role};
use crate::key::Secret;
use crate::platform::credential::{Credential, Credentials};
use crate::platform::variable::variable;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// Where an account's credential comes from.
pub(super) struct Login {
    pub profile: Option<Box<str>>,
    pub role_arn: Option<Box<str>>,
    pub external_id: Option<Box<str>>,
    pub access_key_id: Option<Credential>,
    pub secret_access_key: Option<Credential>,
    pub session_token: Option<Credential>,
    pub credentials: Arc<Credentials>,
}

/// A place that may hold a credential: how it is called, what to do when it fails, and who asks it.
type Place = (
    &'static str,
    &'static str,
    Box<dyn ProvideCredentialDyn<Credential = Keys>>,
);

/// How often a role may take on another one.
const MOST_ROLES: usize = 5;

impl Account {
    /// The credential that requests are signed with.
    pub(super) async fn keys(&self) -> Result<Arc<Keys>, ReadError> {
        let log_in = async || {
            let keys = self.log_in().await?;
            self.login.uses(&keys);
            let lasts = keys.expires_in.map(left).transpose()?;
            Ok::<_, ReadError>((keys, lasts))
        };
        self.session.get(log_in).await
    }

    async fn log_in(&self) -> Result<Keys, ReadError> {
        let login = &self.login;
        let mut keys = match login.named().await? {
            Some(keys) => keys,
            None => self.found().await?,
        };
        if let Some(arn) = &login.role_arn {
            keys = self
                .take_on(&keys, arn, login.external_id.as_deref())
                .await?;
        }
        Ok(keys)
    }

    /// A credential from where AWS's own tools look for it.
    async fn found(&self) -> Result<Keys, ReadError> {
        let context = context(&self.clients);
        let explicit = self.login.profile.as_deref();
        let set = EnvCredentialProvider::new();
        let from_environment = set.provide_credential_dyn(&context).await;
        if explicit.is_none()
            && let Ok(Some(keys)) = from_environment
        {
            return Ok(keys);
        }
        let mut name = explicit
            .map(str::to_owned)
            .or_else(|| variable("AWS_PROFILE"))
            .unwrap_or_else(|| "default".to_owned());
        let mut roles: Vec<Role> = Vec::new();
        while roles.len() < MOST_ROLES
            && let Some(role) = Profile::read(Some(&name)).role
        {
            let source = role.source.clone();
            roles.push(role);
            match source {
                Some(source) => name = source,
                None => break,
            }
        }
        let mut keys = first_of(places(&name, explicit.is_none()), &context).await?;
        for role in roles.iter().rev() {
            keys = self
                .take_on(&keys, &role.arn, role.external_id.as_deref())
                .await?;
        }
        Ok(keys)
    }

    /// Takes on a role for an hour.
    async fn take_on(
        &self,
        keys: &Keys,
        arn: &str,
        external_id: Option<&str>,
    ) -> Result<Keys, ReadError> {
        self.login.uses(keys);
        let mut form = url_form(&[
            ("Action", "AssumeRole"),
            ("Version", "2011-06-15"),
            ("RoleSessionName", "straggler"),
            ("DurationSeconds", "3600"),
            ("RoleArn", arn),
        ]);
        if let Some(id) = external_id {
            form.push('&');
            form.push_str(&url_form(&[("ExternalId", id)]));
        }
        let region = self.region(None)?;
        let permission = format!(
            "allow `sts:AssumeRole` on {}, and name the caller in the role's trust policy",
            escape(arn)
        );
        let request = call::Request {
            service: Service::Sts,
            region: &region,
            url: self.address(Service::Sts, &region)?.at([""]),
            content: call::Content::Form(Secret::new(form.into_bytes())),
            most: crate::platform::MAX_BYTES,
        };
        let reply = call::send(request, keys, &self.clients, &permission).await?;
        let text = std::str::from_utf8(reply.body.expose()).unwrap_or_default();
        let part = |name| super::refusal::element(text, name).map(str::to_owned);
        let taken = (
            part("AccessKeyId"),
            part("SecretAccessKey"),
            part("SessionToken"),
            part("Expiration").and_then(|end| end.parse().ok()),
        );
        let (Some(access_key_id), Some(secret_access_key), session_token, Some(expires)) = taken
        else {
            return Err(ReadError::new(
                ErrorKind::BadData,
                format!("{} answered without a credential", reply.shown()),
                "run `aws sts assume-role` by hand",
            ));
        };
        Ok(Keys {
            access_key_id,
            secret_access_key,
            session_token,
            expires_in: Some(expires),
        })
    }
}

impl Login {
    /// Notes what of a credential is secret; the id of an access key is none.
    fn uses(&self, keys: &Keys) {
        let token = keys.session_token.as_ref();
        for secret in token.into_iter().chain([&keys.secret_access_key]) {
            self.credentials.uses(secret.as_bytes());
        }
    }

    /// The credential that the settings name.
    async fn named(&self) -> Result<Option<Keys>, ReadError> {
        let (Some(id), Some(secret)) = (&self.access_key_id, &self.secret_access_key) else {
            return Ok(None);
        };
        let session_token = match &self.session_token {
            Some(token) => Some(self.text(token).await?),
            None => None,
        };
        Ok(Some(Keys {
            access_key_id: self.text(id).await?,
            secret_access_key: self.text(secret).await?,
            session_token,
            expires_in: None,
        }))
    }

    async fn text(&self, credential: &Credential) -> Result<String, ReadError> {
        let secret = self.credentials.resolve(credential).await?;
        String::from_utf8(secret.expose().to_vec()).map_err(|_| {
            ReadError::new(
                ErrorKind::Denied,
                format!("no credential: {credential} holds what is no text"),
                "put the access key there, or correct the reference",
            )
        })
    }
}

/// The places after the environment's own keys, in the order of AWS's tools.
fn places(profile: &str, host: bool) -> Vec<Place> {
    let mut places: Vec<Place> = vec![
        (
            "the profile",
            "correct the files under ~/.aws",
            Box::new(ProfileCredentialProvider::new().with_profile(profile)),
        ),
        (
            "the profile's SSO login",
            "run `aws sso login`",
            Box::new(SSOCredentialProvider::new().with_profile(profile)),
        ),
        (
            "the profile's credential_process",
            "run its `credential_process` by hand",
            Box::new(ProcessCredentialProvider::new().with_profile(profile)),
        ),
    ];
    if host {
        let web = AssumeRoleWithWebIdentityCredentialProvider::new();
        places.insert(
            2,
            (
                "the web identity",
                "let the role's trust policy name this service account, and look at AWS_WEB_IDENTITY_TOKEN_FILE",
                Box::new(web),
            ),
        );
    }
    places.push((
        "the container's credential",
        "look at the task's or the pod's role",
        Box::new(ECSCredentialProvider::new()),
    ));
    places.push((METADATA, "", Box::new(IMDSv2CredentialProvider::new())));
    places
}

const METADATA: &str = "the instance's metadata";

/// The first credential there is. A place that failed is told only when no other has one.
async fn first_of(places: Vec<Place>, context: &Context) -> Result<Keys, ReadError> {
    let mut trouble: Option<(&str, &str, Error)> = None;
    for (place, next, provider) in places {
        match provider.provide_credential_dyn(context).await {
            Ok(Some(keys)) => return Ok(keys),
            Ok(None) => {}
            // Most hosts have none, which is no news.
            Err(_) if place == METADATA => {}
            Err(error) => trouble = trouble.or(Some((place, next, error))),
        }
    }
    let Some((place, next, error)) = trouble else {
        return Err(ReadError::new(
            ErrorKind::Denied,
            "no credential for AWS is to be found",
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give this host a role",
        ));
    };
    // What the library says of it may hold what a program or a server printed.
    let why = match error.kind() {
        Why::CredentialInvalid => "it is invalid or has expired",
        Why::PermissionDenied => "it was refused",
        Why::ConfigInvalid => "its settings are incomplete",
        Why::RequestInvalid => "it cannot be asked for",
        Why::RateLimited => "it was asked for too often",
        Why::Unexpected => "it could not be had",
    };
    let message = format!("no credential for AWS: {place} gave none: {why}");
    if error.is_retryable() {
        return Err(ReadError::new(ErrorKind::Connect, message, next).transient());
    }
    Err(ReadError::new(ErrorKind::Denied, message, next))
}

/// How long a credential still holds.
fn left(end: reqsign_core::time::Timestamp) -> Result<Duration, ReadError> {
    let seconds = end.as_second() - Timestamp::now().as_second();
    match u64::try_from(seconds) {
        Ok(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds)),
        _ => Err(ReadError::new(
            ErrorKind::Denied,
            "the credential for AWS has expired",
            "log in again, and look at this host's clock",
        )),
    }
}

fn url_form(pairs: &[(&str, &str)]) -> String {
    let encode =
        |text| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    pairs.join("&")
}
