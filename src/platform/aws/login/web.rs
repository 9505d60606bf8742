//! Roles that are taken on with the token of another identity provider: EKS's service accounts, CI's OIDC.

use std::io::ErrorKind as Io;
use std::path::Path;
use std::sync::Arc;

use reqsign_aws_v4::Credential as Keys;

use super::files::Profile;
use super::role::{SESSION, given};
use crate::key::Secret;
use crate::platform::aws::Account;
use crate::platform::aws::call::Service;
use crate::platform::aws::refusal::refusal;
use crate::platform::files::read_regular;
use crate::platform::http::{Call, form};
use crate::platform::reason::reason;
use crate::platform::variable::variable;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

impl Account {
    /// The role of a token in a file, which variables or a profile name. `host` says whether the variables
    /// count.
    pub(super) async fn web_identity(
        &self,
        profile: Option<&Profile>,
        host: bool,
    ) -> Result<Option<Keys>, ReadError> {
        let set = |name: &str| variable(name).filter(|_| host);
        let said = |key: &str| profile?.get(key).map(str::to_owned);
        let in_variable = set("AWS_WEB_IDENTITY_TOKEN_FILE");
        let who = match (&in_variable, profile) {
            (None, Some(profile)) => format!("`web_identity_token_file` of {}", profile.shown()),
            _ => "AWS_WEB_IDENTITY_TOKEN_FILE".to_owned(),
        };
        let Some(path) = in_variable.or_else(|| said("web_identity_token_file")) else {
            return Ok(None);
        };
        let Some(arn) = set("AWS_ROLE_ARN").or_else(|| said("role_arn")) else {
            return Err(ReadError::new(
                ErrorKind::Denied,
                format!("no credential for AWS: {who} is set, and no role to take on with it"),
                "set AWS_ROLE_ARN, or the profile's `role_arn`",
            ));
        };
        let session = set("AWS_ROLE_SESSION_NAME").or_else(|| said("role_session_name"));
        let token = token(&path, &who)?;
        self.login.credentials.uses(token.expose());
        let body = form(&[
            ("Action", b"AssumeRoleWithWebIdentity"),
            ("Version", b"2011-06-15"),
            (
                "RoleSessionName",
                session.as_deref().unwrap_or(SESSION).as_bytes(),
            ),
            ("RoleArn", arn.as_bytes()),
            ("WebIdentityToken", token.expose()),
        ]);
        let region = self.region(None)?;
        let url = self.address(Service::Sts, &region)?.at([""]);
        let call = Call::post(url, "application/x-www-form-urlencoded", body).carrying(token);
        let reply = call.send(&self.clients).await?;
        let shown = escape(&path);
        if !reply.status.is_success() {
            let permission = format!(
                "name the issuer and the subject of the token in {shown} in the trust policy of {}",
                escape(&arn)
            );
            let refusal = refusal(&reply, &permission);
            let next = match &*refusal.code {
                code if code.starts_with("ExpiredToken") => {
                    format!("let whoever writes {shown} write a fresh token: it has expired")
                }
                "InvalidIdentityToken" | "IDPRejectedClaim" => format!(
                    "look at the token in {shown}: the role's identity provider must know its issuer (`iss`) and its audience (`aud`)"
                ),
                _ => refusal.error.next.to_string(),
            };
            return Err(ReadError {
                message: format!(
                    "the role {} was not given for the token that {who} names: {}",
                    escape(&arn),
                    refusal.error.message
                )
                .into(),
                next: next.into(),
                ..refusal.error
            });
        }
        given(&reply).map(Some).ok_or_else(|| {
            ReadError::new(
                ErrorKind::BadData,
                format!("{} answered without a credential", reply.shown()),
                "run `aws sts assume-role-with-web-identity` by hand",
            )
        })
    }
}

fn token(path: &str, who: &str) -> Result<Arc<Secret>, ReadError> {
    let unfit = |what: &str| {
        ReadError::new(
            ErrorKind::Denied,
            format!(
                "no credential for AWS: the token file {} that {who} names {what}",
                escape(path)
            ),
            "let whoever mounts or writes it do so, or correct the path",
        )
    };
    let found = read_regular(Path::new(path)).map(Secret::new);
    let found = found.map_err(|error| match error.kind() {
        Io::NotFound | Io::NotADirectory => unfit("is not there"),
        _ => unfit(&format!("cannot be read: {}", reason(&error))),
    })?;
    let token = found.expose().trim_ascii();
    if token.is_empty() {
        return Err(unfit("is empty"));
    }
    Ok(Arc::new(Secret::copied(token)))
}
