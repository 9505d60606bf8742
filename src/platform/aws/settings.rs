use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use schemars::JsonSchema;
use serde::Deserialize;

use super::call::Service;
use super::login::{Files, Login, Profile};
use crate::platform::credential::Credential;
use crate::platform::http::{Address, Clients, Tls, check_url};
use crate::platform::session::Session;
use crate::platform::variable::variable;
use crate::platform::{Locator, Platform, Shared, Store, StoreInfo};
use crate::reading::{ErrorKind, ReadError};

/// An AWS account, in one region unless a hop says another.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Aws {
    /// The region, `eu-central-1`; by default `AWS_REGION`, `AWS_DEFAULT_REGION` or the profile's.
    region: Option<Arc<str>>,
    /// The profile in `~/.aws/config`; by default `AWS_PROFILE`. Named here, it overrides
    /// credentials in the environment.
    profile: Option<Box<str>>,
    /// Where every service is asked, for a private endpoint or a test; by default
    /// `AWS_ENDPOINT_URL` and its forms for single services, else Amazon's own.
    endpoint: Option<Box<str>>,
    /// The role to take on: `arn:aws:iam::123456789012:role/auditor`.
    role_arn: Option<Box<str>>,
    /// What the role's trust policy asks for as `sts:ExternalId`.
    external_id: Option<Box<str>>,
    /// The access key's id, with `secret_access_key`; without it the default chain is used.
    access_key_id: Option<Credential>,
    /// The secret that belongs to `access_key_id`.
    secret_access_key: Option<Credential>,
    /// The session token, where the access key is a temporary one.
    session_token: Option<Credential>,
    /// Certificates; by default `AWS_CA_BUNDLE`.
    tls: Option<Tls>,
}

impl Store for Aws {
    const INFO: StoreInfo = StoreInfo {
        id: "aws",
        title: "an AWS account",
        variables: &[
            "AWS_REGION",
            "AWS_DEFAULT_REGION",
            "AWS_PROFILE",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_CONFIG_FILE",
            "AWS_SHARED_CREDENTIALS_FILE",
            "AWS_ROLE_ARN",
            "AWS_ROLE_SESSION_NAME",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_EC2_METADATA_DISABLED",
            "AWS_ENDPOINT_URL",
            "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            "AWS_ENDPOINT_URL_SSM",
            "AWS_ENDPOINT_URL_LAMBDA",
            "AWS_ENDPOINT_URL_ECS",
            "AWS_ENDPOINT_URL_STS",
            "AWS_ENDPOINT_URL_SSO",
            "AWS_ENDPOINT_URL_SSO_OIDC",
            "AWS_CA_BUNDLE",
        ],
        example: "\
prod-eu: { aws: { region: eu-central-1, profile: auditor } }
prod-us: { aws: { region: us-east-1, role_arn: 'arn:aws:iam::123456789012:role/auditor' } }
ci: { aws: { region: eu-central-1, access_key_id: { env: AUDIT_KEY_ID }, secret_access_key: { file: /run/secrets/audit-key } } }
",
        manual: "\
Credentials come from where AWS's own command line finds them. The first of these that is set up counts; if it \
fails the search ends, because the next may lead to another account:

1. the environment variables,
2. the profile's role (`role_arn`), with the credential of its `source_profile` or `credential_source`, over any \
number of links,
3. a web identity (`AWS_WEB_IDENTITY_TOKEN_FILE`, as in EKS, or the profile's `web_identity_token_file`),
4. the profile's single sign-on, with an `sso_session` or in the older form,
5. the profile's keys,
6. its `credential_process`,
7. the container's credentials (ECS, EKS Pod Identity),
8. the instance's (EC2).

A store with a `role_arn` then assumes that role. Credentials are looked up once for all hops of a store, and \
again when they expire. With no credential at all every hop of the store is `unreachable`.

**Single sign-on** uses the token that `aws sso login` left under `~/.aws/sso/cache`. An expired token of an \
`sso_session` is refreshed if the login allows it, and the new one is written to that file, as the command line \
does. Nothing else is written.

**`credential_process`** is started without a shell, and ended after the time of one read (`--timeout`).

**Refused** are a profile with an `mfa_serial`, which asks for a code, and one of `aws login`: pass on what the \
command line gets with `aws configure export-credentials`.

An ARN in a hop names its own region. `AWS_ENDPOINT_URL` and its variants for single services are honoured, also \
in `~/.aws/config` (`endpoint_url`, `services`), and so is the store's `endpoint`; all of them apply to logins \
too. Requests are signed with this host's clock, and AWS refuses them when it is more than five minutes off.",
    };

    type Platform = Account;

    fn files(&mut self, each: &mut dyn FnMut(&mut Arc<Path>)) {
        for credential in [
            &mut self.access_key_id,
            &mut self.secret_access_key,
            &mut self.session_token,
        ] {
            credential.iter_mut().for_each(|it| it.files(each));
        }
        self.tls.iter_mut().for_each(|tls| tls.files(each));
    }

    fn check(&self) -> Result<(), String> {
        self.region.as_deref().map_or(Ok(()), check_region)?;
        self.endpoint.as_deref().map_or(Ok(()), check_url)?;
        if self.access_key_id.is_some() != self.secret_access_key.is_some() {
            return Err("expected `access_key_id` and `secret_access_key` together".to_owned());
        }
        if self.session_token.is_some() && self.access_key_id.is_none() {
            return Err("expected the `access_key_id` that the `session_token` belongs to".into());
        }
        for credential in [
            &self.access_key_id,
            &self.secret_access_key,
            &self.session_token,
        ] {
            credential.as_ref().map_or(Ok(()), Credential::check)?;
        }
        if let Some(role) = &self.role_arn
            && !(role.starts_with("arn:") && role.contains(":role/"))
        {
            return Err("expected a role's ARN: arn:aws:iam::123456789012:role/auditor".to_owned());
        }
        if self.external_id.is_some() && self.role_arn.is_none() {
            return Err("expected the `role_arn` that the `external_id` belongs to".to_owned());
        }
        self.tls.as_ref().map_or(Ok(()), Tls::check)
    }

    fn options(&self) -> Vec<Box<str>> {
        let said = [
            ("--region", self.region.as_deref()),
            ("--profile", self.profile.as_deref()),
            ("--endpoint-url", self.endpoint.as_deref()),
        ];
        let said = said
            .into_iter()
            .filter_map(|(name, value)| Some([name, value?]));
        said.flatten().map(Box::from).collect()
    }

    fn open(&self, shared: &Shared) -> Account {
        let tls = self.tls.clone().unwrap_or_else(|| Tls {
            ca: variable("AWS_CA_BUNDLE").map(|path| Path::new(&path).into()),
            ..Tls::default()
        });
        Account {
            region: self.region.clone(),
            endpoint: self.endpoint.clone(),
            login: Login {
                profile: self.profile.clone(),
                role_arn: self.role_arn.clone(),
                external_id: self.external_id.clone(),
                access_key_id: self.access_key_id.clone(),
                secret_access_key: self.secret_access_key.clone(),
                session_token: self.session_token.clone(),
                credentials: Arc::clone(&shared.credentials),
            },
            clients: Arc::new(Clients::new(tls)),
            files: OnceLock::new(),
            session: Session::default(),
            no_batch: AtomicBool::new(false),
        }
    }
}

/// A connection to an AWS account.
pub struct Account {
    region: Option<Arc<str>>,
    endpoint: Option<Box<str>>,
    pub(super) login: Login,
    pub(super) clients: Arc<Clients>,
    files: OnceLock<Files>,
    pub(super) session: Session<reqsign_aws_v4::Credential>,
    /// Whether the credential may not read several secrets in one call.
    pub(super) no_batch: AtomicBool,
}

impl Platform for Account {
    const ID: &'static str = "aws";

    fn locate(&self, to: &mut Locator) {
        // Whoever is logged in decides whose account it is.
        let set = variable("AWS_PROFILE");
        let profile = self.login.profile.as_deref().or(set.as_deref());
        to.options([profile, self.login.role_arn.as_deref()]);
        to.option(self.host(Service::SecretsManager, None).as_deref());
        if let Some(credential) = &self.login.access_key_id {
            to.credential(credential);
        }
    }
}

impl Account {
    /// The region to ask: the one said, else the store's.
    pub(super) fn region(&self, said: Option<&str>) -> Result<Box<str>, ReadError> {
        let set = || variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
        let region = said
            .or(self.region.as_deref())
            .map(str::to_owned)
            .or_else(set)
            .or_else(|| Some(self.profile()?.get("region")?.to_owned()));
        let Some(region) = region else {
            self.login.check_profile(self.files())?;
            return Err(ReadError::new(
                ErrorKind::Connect,
                "nobody says which AWS region to ask",
                "set AWS_REGION, or the `region` of the store or the hop",
            ));
        };
        check_region(&region).map_err(|why| {
            ReadError::new(ErrorKind::Connect, why, "correct `region` or AWS_REGION")
        })?;
        Ok(region.into())
    }

    /// Where a service of a region is asked.
    pub(super) fn address(&self, service: Service, region: &str) -> Result<Address, ReadError> {
        let own = format!("https://{}.{region}.{}", service.name(), domain_of(region));
        let variables = [service.variable(), "AWS_ENDPOINT_URL"];
        let set = || self.files().endpoint(self.profile(), service.section());
        if self.endpoint.is_some() || variables.iter().any(|name| variable(name).is_some()) {
            return Address::find(self.endpoint.as_deref(), &variables, None);
        }
        Address::find(None, &[], Some(set().unwrap_or(&own)))
    }

    /// The server that a service of a region is asked at.
    pub(super) fn host(&self, service: Service, region: Option<&str>) -> Option<Arc<str>> {
        let region = self.region(region).ok()?;
        Some(self.address(service, &region).ok()?.host())
    }

    /// What the profile says beside credentials.
    fn profile(&self) -> Option<&Profile> {
        let set = variable("AWS_PROFILE");
        let name = self.login.profile.as_deref().or(set.as_deref());
        self.files().profile(name.unwrap_or("default"))
    }

    fn files(&self) -> &Files {
        self.files.get_or_init(Files::read)
    }
}

/// Where Amazon runs the regions of this partition.
fn domain_of(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "amazonaws.com.cn",
        Some("eusc") => "amazonaws.eu",
        _ => "amazonaws.com",
    }
}

/// Whether a text can be a region: it becomes a part of a host's name.
///
/// # Errors
///
/// What was expected, a lowercase fragment.
pub fn check_region(region: &str) -> Result<(), String> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if region.is_empty() || !region.bytes().all(fits) {
        return Err("expected a region like eu-central-1".to_owned());
    }
    Ok(())
}

/// The region that an ARN names.
#[must_use]
pub fn region_of_arn(arn: &str) -> Option<&str> {
    let mut parts = arn.split(':');
    if parts.next() != Some("arn") {
        return None;
    }
    parts.nth(2).filter(|region| check_region(region).is_ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn account(settings: serde_json::Value) -> Account {
        let store: Aws = serde_json::from_value(settings).unwrap();
        assert_eq!(store.check(), Ok(()));
        store.open(&Shared::default())
    }

    #[test]
    fn every_partition_has_its_hosts() {
        let account = account(json!({"region": "eu-central-1"}));
        for (region, host) in [
            (None, "secretsmanager.eu-central-1.amazonaws.com"),
            (
                Some("us-gov-west-1"),
                "secretsmanager.us-gov-west-1.amazonaws.com",
            ),
            (
                Some("cn-north-1"),
                "secretsmanager.cn-north-1.amazonaws.com.cn",
            ),
        ] {
            let found = account.host(Service::SecretsManager, region);
            assert_eq!(found.as_deref(), Some(host));
        }
    }

    #[test]
    fn an_endpoint_serves_all_services() {
        let account =
            account(json!({"region": "eu-central-1", "endpoint": "http://127.0.0.1:5000"}));
        for service in [Service::Ssm, Service::SecretsManager, Service::Sts] {
            let host = account.host(service, None);
            assert_eq!(host.as_deref(), Some("127.0.0.1:5000"));
        }
    }

    #[test]
    fn a_region_cannot_lead_elsewhere() {
        let account = account(json!({}));
        for region in ["", "evil.com/", "eu@evil", "EU-1", "eu-1.evil"] {
            assert!(check_region(region).is_err(), "{region}");
            assert!(account.region(Some(region)).is_err(), "{region}");
        }
        let arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/a";
        assert_eq!(region_of_arn(arn), Some("eu-west-1"));
        assert_eq!(region_of_arn("arn:aws:iam::1:role/a"), None);
        assert_eq!(region_of_arn("name"), None);
    }

    #[test]
    fn settings_that_belong_together_are_asked_for() {
        for settings in [
            json!({"access_key_id": {"env": "A"}}),
            json!({"session_token": {"env": "A"}}),
            json!({"role_arn": "auditor"}),
            json!({"external_id": "x"}),
            json!({"region": "a/b"}),
        ] {
            let store: Aws = serde_json::from_value(settings.clone()).unwrap();
            assert!(store.check().is_err(), "{settings}");
        }
    }
}
