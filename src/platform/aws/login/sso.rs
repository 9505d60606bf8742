//! IAM Identity Center: roles that somebody who logged in with `aws sso login` may use.

use jiff::Timestamp;
use reqsign_aws_v4::Credential as Keys;
use reqwest::StatusCode;
use reqwest::header::HeaderName;
use serde::Deserialize;

use super::files::{Files, Profile};
use super::token::Cached;
use crate::platform::aws::Account;
use crate::platform::aws::call::Service;
use crate::platform::aws::refusal::refusal;
use crate::platform::http::Call;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// What a profile says of its login.
pub(super) struct Setup<'f> {
    pub profile: &'f Profile,
    /// The name of its `[sso-session]`; `None` for the older form, without one.
    pub session: Option<&'f str>,
    pub start_url: &'f str,
    pub region: &'f str,
    role: &'f str,
    account: &'f str,
}

const BEARER: HeaderName = HeaderName::from_static("x-amz-sso_bearer_token");

impl<'f> Setup<'f> {
    /// What a profile says, and its `[sso-session]`. `None` where it says nothing of a login.
    fn of(profile: &'f Profile, files: &'f Files) -> Result<Option<Self>, ReadError> {
        let [role, account] = ["sso_role_name", "sso_account_id"].map(|key| profile.get(key));
        if role.is_none() && account.is_none() {
            return Ok(None);
        }
        let wrong = |what: String, next: String| {
            let what = format!("no credential for AWS: {} {what}", profile.shown());
            ReadError::new(ErrorKind::Denied, what, next)
        };
        let session = profile.get("sso_session");
        if let Some(name) = session
            && files.session(name, "").is_none()
        {
            return Err(wrong(
                format!(
                    "names an `sso_session` that is not there: `{}`",
                    escape(name)
                ),
                format!(
                    "add `[sso-session {}]` to {}, or correct the name: `aws configure sso`",
                    escape(name),
                    files.config()
                ),
            ));
        }
        let shared = |key: &'static str| {
            let own = profile.get(key);
            let theirs = session.and_then(|name| files.session(name, key)).flatten();
            match (own, theirs) {
                (Some(own), Some(theirs)) if own != theirs => Err(wrong(
                    format!("and its `sso_session` say different things as `{key}`"),
                    format!("take `{key}` out of the profile"),
                )),
                (own, theirs) => Ok(theirs
                    .or(own)
                    .filter(|_| session.is_none() || theirs.is_some())),
            }
        };
        let (start_url, region) = (shared("sso_start_url")?, shared("sso_region")?);
        let (Some(role), Some(account), Some(start_url), Some(region)) =
            (role, account, start_url, region)
        else {
            let missing: Vec<_> = [
                ("sso_role_name", role),
                ("sso_account_id", account),
                ("sso_start_url", start_url),
                ("sso_region", region),
            ]
            .iter()
            .filter(|(_, said)| said.is_none())
            .map(|(key, _)| format!("`{key}`"))
            .collect();
            return Err(wrong(
                format!("uses single sign-on and lacks {}", missing.join(" and ")),
                format!(
                    "complete it: `aws configure sso --profile {}`",
                    escape(profile.name())
                ),
            ));
        };
        Ok(Some(Self {
            profile,
            session,
            start_url,
            region,
            role,
            account,
        }))
    }

    /// The next step for whoever has to log in.
    pub fn log_in(&self) -> String {
        match self.session {
            Some(session) => format!("run `aws sso login --sso-session {}`", escape(session)),
            None => format!(
                "run `aws sso login --profile {}`",
                escape(self.profile.name())
            ),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Given {
    role_credentials: RoleKeys,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoleKeys {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    /// In milliseconds.
    expiration: i64,
}

impl Account {
    /// The credential of the role that a profile names, for whoever logged in.
    pub(super) async fn single_sign_on(
        &self,
        profile: &Profile,
        files: &Files,
    ) -> Result<Option<Keys>, ReadError> {
        let Some(setup) = Setup::of(profile, files)? else {
            return Ok(None);
        };
        crate::platform::aws::check_region(setup.region).map_err(|why| {
            let next = format!("correct `sso_region` of {}", profile.shown());
            ReadError::new(ErrorKind::Connect, why, next)
        })?;
        let token = Cached::of(&setup, self).await?;
        let address = self.address(Service::Sso, setup.region)?;
        let mut url = address.at(["federation", "credentials"]);
        url.query_pairs_mut()
            .append_pair("role_name", setup.role)
            .append_pair("account_id", setup.account);
        let call = Call::get(url).credential(BEARER, "", &token)?;
        let reply = call.send(&self.clients).await?;
        let wanted = format!(
            "the role {} of account {} of {}",
            escape(setup.role),
            escape(setup.account),
            profile.shown()
        );
        if !reply.status.is_success() {
            let assign = "have the account and the role assigned to you in IAM Identity Center, or correct `sso_account_id` and `sso_role_name`";
            let error = refusal(&reply, assign).error;
            let (kind, next) = match reply.status {
                StatusCode::UNAUTHORIZED => (ErrorKind::Denied, setup.log_in()),
                StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                    (ErrorKind::Denied, assign.to_owned())
                }
                _ => (error.kind, error.next.to_string()),
            };
            return Err(ReadError {
                kind,
                message: format!("{wanted} was not given: {}", error.message).into(),
                next: next.into(),
                ..error
            });
        }
        let given: Given = reply.json()?;
        let keys = given.role_credentials;
        let end = Timestamp::from_millisecond(keys.expiration).ok();
        Ok(Some(Keys {
            access_key_id: keys.access_key_id,
            secret_access_key: keys.secret_access_key,
            session_token: Some(keys.session_token),
            expires_in: end.and_then(|end| end.to_string().parse().ok()),
        }))
    }
}
