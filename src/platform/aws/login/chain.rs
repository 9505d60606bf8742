//! The places that are looked at for a credential, one after the other. As with AWS's own command line, one
//! that is set up and fails ends the search: the next may belong to another account.

use reqsign_aws_v4::Credential as Keys;

use super::files::{Files, Profile};
use super::role::{From, Role};
use crate::platform::aws::Account;
use crate::platform::variable::variable;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

impl Account {
    /// A credential from where AWS's own tools look for it.
    pub(super) async fn found(&self) -> Result<Keys, ReadError> {
        let files = Files::read();
        self.login.check_profile(&files)?;
        let explicit = self.login.profile.as_deref();
        let set = variable("AWS_PROFILE");
        let name = explicit.or(set.as_deref()).unwrap_or("default");
        if explicit.is_none()
            && let Some(keys) = from_environment()?
        {
            return Ok(keys);
        }
        let profile = files.profile(name);
        if let Some(profile) = profile.filter(|profile| takes_on_a_role(profile)) {
            return self.through_roles(profile, &files).await;
        }
        if let Some(keys) = self.web_identity(profile, explicit.is_none()).await? {
            return Ok(keys);
        }
        if let Some(profile) = profile
            && let Some(keys) = self.own_keys(profile, &files).await?
        {
            return Ok(keys);
        }
        if let Some(keys) = self.of_container().await? {
            return Ok(keys);
        }
        if let Some(keys) = self.of_instance().await {
            return Ok(keys);
        }
        if let Some(error) = files.unread() {
            return Err(error.clone());
        }
        Err(match profile.filter(|_| name != "default") {
            Some(profile) => ReadError::new(
                ErrorKind::Denied,
                format!(
                    "no credential for AWS: {} names none, and this host has none",
                    profile.shown()
                ),
                format!(
                    "set one up with `aws configure --profile {}`, or name another profile",
                    escape(profile.name())
                ),
            ),
            None => ReadError::new(
                ErrorKind::Denied,
                "no credential for AWS is to be found",
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give this host a role",
            ),
        })
    }

    /// What a profile gives without a role of its own.
    async fn own_keys(&self, profile: &Profile, files: &Files) -> Result<Option<Keys>, ReadError> {
        if let Some(keys) = self.single_sign_on(profile, files).await? {
            return Ok(Some(keys));
        }
        let of_credentials = |key: &str| profile.in_credentials(key);
        if let Some(keys) = fixed(profile, of_credentials)? {
            return Ok(Some(keys));
        }
        if profile.get("login_session").is_some() {
            return Err(ReadError::new(
                ErrorKind::Denied,
                format!(
                    "no credential for AWS: {} uses `aws login`, which straggler cannot follow",
                    profile.shown()
                ),
                by_the_command_line(profile),
            ));
        }
        if let Some(keys) = self.printed(profile).await? {
            return Ok(Some(keys));
        }
        fixed(profile, |key| profile.in_config(key))
    }

    /// The credential behind the roles that a profile leads through, the last link first.
    async fn through_roles(&self, first: &Profile, files: &Files) -> Result<Keys, ReadError> {
        let mut roles: Vec<Role<'_>> = Vec::new();
        let mut profile = first;
        let mut keys = loop {
            let role = Role::of(profile)?;
            let from = role.from;
            roles.push(role);
            let source = match from {
                From::Host(kind) => break self.of_host(kind, profile).await?,
                From::Profile(name) => name,
            };
            let who = format!("`source_profile` of {}", profile.shown());
            let next = files.named(source, &who)?;
            let own = has_keys(next);
            let seen = roles.iter().any(|role| role.profile.name() == source);
            if seen && !(own && source == profile.name()) {
                return Err(circle(&roles, source));
            }
            if own || !takes_on_a_role(next) {
                let keys = match self.web_identity(Some(next), false).await? {
                    Some(keys) => Some(keys),
                    None => self.own_keys(next, files).await?,
                };
                break keys.ok_or_else(|| nothing_there(next, profile))?;
            }
            profile = next;
        };
        for role in roles.iter().rev() {
            keys = self.take_on(&keys, role).await?;
        }
        Ok(keys)
    }

    async fn of_host(&self, kind: &str, profile: &Profile) -> Result<Keys, ReadError> {
        let keys = match kind {
            "Environment" => from_environment()?,
            "EcsContainer" => self.of_container().await?,
            _ => self.of_instance().await,
        };
        keys.ok_or_else(|| {
            let next = match kind {
                "Environment" => "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
                "EcsContainer" => "run straggler in a task or a pod that has a role",
                _ => "run straggler on an instance that has a role",
            };
            ReadError::new(
                ErrorKind::Denied,
                format!(
                    "no credential for AWS: there is none where `credential_source = {kind}` of {} leads to",
                    profile.shown()
                ),
                format!("{next}, or correct `credential_source`"),
            )
        })
    }
}

/// How the command line helps out where straggler cannot follow.
pub(super) fn by_the_command_line(profile: &Profile) -> String {
    let name = escape(profile.name());
    format!(
        "log in with the command line and hand on what it got: `eval \"$(aws configure export-credentials --profile {name} --format env)\"`, and let no `profile` of the store or AWS_PROFILE name it"
    )
}

/// Whether a profile takes on a role with another credential. With a token file it is a web identity.
fn takes_on_a_role(profile: &Profile) -> bool {
    profile.get("role_arn").is_some() && profile.get("web_identity_token_file").is_none()
}

fn has_keys(profile: &Profile) -> bool {
    let keys = ["aws_access_key_id", "aws_secret_access_key"];
    keys.iter().any(|key| profile.get(key).is_some())
}

/// The keys in the environment.
fn from_environment() -> Result<Option<Keys>, ReadError> {
    let Some(access_key_id) = variable("AWS_ACCESS_KEY_ID") else {
        return Ok(None);
    };
    let Some(secret_access_key) = variable("AWS_SECRET_ACCESS_KEY") else {
        return Err(ReadError::new(
            ErrorKind::Denied,
            "no credential for AWS: AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not",
            "set both, or neither",
        ));
    };
    Ok(Some(Keys {
        access_key_id,
        secret_access_key,
        session_token: variable("AWS_SESSION_TOKEN"),
        expires_in: None,
    }))
}

/// The keys that stand in a file.
fn fixed<'f>(
    profile: &Profile,
    said: impl Fn(&str) -> Option<&'f str>,
) -> Result<Option<Keys>, ReadError> {
    let names = ["aws_access_key_id", "aws_secret_access_key"];
    match names.map(&said) {
        [None, _] => Ok(None),
        [Some(_), None] => Err(ReadError::new(
            ErrorKind::Denied,
            format!(
                "no credential for AWS: {} has an `aws_access_key_id` and no `aws_secret_access_key`",
                profile.shown()
            ),
            "add it there",
        )),
        [Some(id), Some(secret)] => Ok(Some(Keys {
            access_key_id: id.to_owned(),
            secret_access_key: secret.to_owned(),
            session_token: said("aws_session_token").map(str::to_owned),
            expires_in: None,
        })),
    }
}

fn circle(roles: &[Role<'_>], again: &str) -> ReadError {
    let mut names: Vec<_> = roles.iter().map(|role| role.profile.name()).collect();
    names.push(again);
    let file = roles.first().map(|role| role.profile.file());
    ReadError::new(
        ErrorKind::Denied,
        format!(
            "no credential for AWS: `source_profile` leads in a circle: {}",
            escape(&names.join(" → "))
        ),
        format!(
            "let the last of them in {} have keys of its own",
            file.unwrap_or_default()
        ),
    )
}

fn nothing_there(source: &Profile, of: &Profile) -> ReadError {
    ReadError::new(
        ErrorKind::Denied,
        format!(
            "no credential for AWS: {} has none, and `{}` takes its role on with it",
            source.shown(),
            escape(of.name())
        ),
        format!(
            "set one up: `aws configure --profile {}`",
            escape(source.name())
        ),
    )
}
