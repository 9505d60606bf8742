//! Roles that are taken on with another credential.

use reqsign_aws_v4::Credential as Keys;

use super::chain::by_the_command_line;
use super::files::Profile;
use crate::platform::aws::Account;
use crate::platform::aws::call::{self, Service};
use crate::platform::aws::refusal::element;
use crate::platform::http::{Reply, form};
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// A role that a profile names.
pub(super) struct Role<'f> {
    pub profile: &'f Profile,
    pub from: From<'f>,
    arn: &'f str,
}

/// With which credential a role is taken on.
#[derive(Clone, Copy)]
pub(super) enum From<'f> {
    /// That of another profile, or of the same one.
    Profile(&'f str),
    /// What the host gives, in the words of `credential_source`.
    Host(&'f str),
}

/// A role, and what is said when it is taken on.
struct Ask<'a> {
    arn: &'a str,
    external_id: Option<&'a str>,
    session: &'a str,
    seconds: &'a str,
    who: String,
}

/// How sessions are called in AWS's audit log, unless a profile says otherwise.
pub(super) const SESSION: &str = "straggler";

/// How long a role is taken on for. One that was taken on with another role lasts no longer.
const HOUR: &str = "3600";

const HOSTS: [&str; 3] = ["Environment", "EcsContainer", "Ec2InstanceMetadata"];

impl<'f> Role<'f> {
    /// The role of a profile that has one.
    pub fn of(profile: &'f Profile) -> Result<Self, ReadError> {
        let wrong = |what: String, next: String| {
            let what = format!("no credential for AWS: {} {what}", profile.shown());
            Err(ReadError::new(ErrorKind::Denied, what, next))
        };
        let arn = profile.get("role_arn").unwrap_or_default();
        if let Some(serial) = profile.get("mfa_serial") {
            return wrong(
                format!(
                    "asks for a code of the MFA device {}, and straggler asks nobody",
                    escape(serial)
                ),
                by_the_command_line(profile),
            );
        }
        let from = match (
            profile.get("source_profile"),
            profile.get("credential_source"),
        ) {
            (Some(source), None) => From::Profile(source),
            (None, Some(kind)) => match HOSTS.iter().find(|known| **known == kind) {
                Some(known) => From::Host(known),
                None => {
                    return wrong(
                        format!("has an unknown `credential_source`: {}", escape(kind)),
                        format!("write one of {}", HOSTS.join(", ")),
                    );
                }
            },
            (Some(_), Some(_)) => {
                return wrong(
                    "has a `source_profile` and a `credential_source`".to_owned(),
                    "take one of them out".to_owned(),
                );
            }
            (None, None) => {
                return wrong(
                    "has a `role_arn`, and nothing says with which credential the role is taken on"
                        .to_owned(),
                    "add `source_profile`, `credential_source` or `web_identity_token_file`"
                        .to_owned(),
                );
            }
        };
        Ok(Self { profile, from, arn })
    }
}

impl Account {
    /// Takes on the role of a profile.
    pub(super) async fn take_on(&self, keys: &Keys, role: &Role<'_>) -> Result<Keys, ReadError> {
        let get = |key| role.profile.get(key);
        let seconds = get("duration_seconds").filter(|said| said.parse::<u32>().is_ok());
        let ask = Ask {
            arn: role.arn,
            external_id: get("external_id"),
            session: get("role_session_name").unwrap_or(SESSION),
            seconds: seconds.unwrap_or(HOUR),
            who: role.profile.shown(),
        };
        self.assume(keys, ask).await
    }

    /// Takes on the role that the store names.
    pub(super) async fn take_on_own(&self, keys: &Keys, arn: &str) -> Result<Keys, ReadError> {
        let ask = Ask {
            arn,
            external_id: self.login.external_id.as_deref(),
            session: SESSION,
            seconds: HOUR,
            who: "the store".to_owned(),
        };
        self.assume(keys, ask).await
    }

    async fn assume(&self, keys: &Keys, ask: Ask<'_>) -> Result<Keys, ReadError> {
        self.login.uses(keys);
        let mut fields: Vec<(&str, &[u8])> = vec![
            ("Action", b"AssumeRole"),
            ("Version", b"2011-06-15"),
            ("RoleSessionName", ask.session.as_bytes()),
            ("DurationSeconds", ask.seconds.as_bytes()),
            ("RoleArn", ask.arn.as_bytes()),
        ];
        if let Some(id) = ask.external_id {
            fields.push(("ExternalId", id.as_bytes()));
        }
        let region = self.region(None)?;
        let trust = match ask.external_id {
            Some(_) => "name the caller and this external id in the role's trust policy",
            None => "name the caller in the role's trust policy",
        };
        let permission = format!("allow `sts:AssumeRole` on {}, and {trust}", escape(ask.arn));
        let request = call::Request {
            service: Service::Sts,
            region: &region,
            url: self.address(Service::Sts, &region)?.at([""]),
            content: call::Content::Form(form(&fields)),
            most: crate::platform::MAX_BYTES,
        };
        let reply = call::send(request, keys, &self.clients, &permission).await;
        let reply = reply.map_err(|refusal| told(&ask, refusal.error))?;
        given(&reply).ok_or_else(|| {
            ReadError::new(
                ErrorKind::BadData,
                format!("{} answered without a credential", reply.shown()),
                "run `aws sts assume-role` by hand",
            )
        })
    }
}

/// Says whose role it was.
fn told(ask: &Ask<'_>, error: ReadError) -> ReadError {
    let message = format!(
        "the role {} of {} was not given: {}",
        escape(ask.arn),
        ask.who,
        error.message
    );
    ReadError {
        message: message.into(),
        ..error
    }
}

/// The credential in what the token service answers.
pub(super) fn given(reply: &Reply) -> Option<Keys> {
    let text = std::str::from_utf8(reply.body.expose()).unwrap_or_default();
    let part = |name| element(text, name).map(str::to_owned);
    Some(Keys {
        access_key_id: part("AccessKeyId")?,
        secret_access_key: part("SecretAccessKey")?,
        session_token: part("SessionToken"),
        expires_in: Some(part("Expiration")?.parse().ok()?),
    })
}
