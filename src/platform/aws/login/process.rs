//! Programs that print a credential: the `credential_process` of a profile.

use reqsign_aws_v4::Credential as Keys;
use serde::Deserialize;
use tokio::process::Command;

use super::files::Profile;
use super::words::words;
use crate::platform::aws::Account;
use crate::platform::commands::login;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// What such a program prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    version: u32,
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    session_token: Option<String>,
    expiration: Option<String>,
}

impl Account {
    /// What the program of a profile prints, where it has one.
    pub(super) async fn printed(&self, profile: &Profile) -> Result<Option<Keys>, ReadError> {
        let Some(line) = profile.get("credential_process") else {
            return Ok(None);
        };
        let broken = || {
            no_keys(
                profile,
                "is no command: a quote is open, or nothing is there",
                format!("correct it in {}", profile.file()),
            )
        };
        let argv = words(line).ok_or_else(broken)?;
        let (program, arguments) = argv.split_first().ok_or_else(broken)?;
        let mut command = Command::new(program);
        command.args(arguments);
        let printed = login(program, command).await.map_err(|error| {
            if error.kind == ErrorKind::Interrupted {
                return error;
            }
            no_keys(
                profile,
                &format!("failed: {}", error.message),
                error.next.into_owned(),
            )
        })?;
        let name = escape(program);
        let unfit = |what: &str| {
            no_keys(
                profile,
                &format!("failed: `{name}` {what}"),
                format!(
                    "run it by hand; `aws sts get-caller-identity --profile {}` takes the same profile",
                    escape(profile.name())
                ),
            )
        };
        // What it printed holds credentials, so nothing of an error is repeated.
        let printed: Printed = serde_json::from_slice(printed.expose())
            .map_err(|_| unfit("printed no credential as JSON with a `Version`"))?;
        if printed.version != 1 {
            return Err(unfit("printed a credential of a `Version` other than 1"));
        }
        let (Some(access_key_id), Some(secret_access_key)) =
            (printed.access_key_id, printed.secret_access_key)
        else {
            return Err(unfit("printed no `AccessKeyId` or no `SecretAccessKey`"));
        };
        let expires_in = printed.expiration.map(|end| end.parse()).transpose();
        Ok(Some(Keys {
            access_key_id,
            secret_access_key,
            session_token: printed.session_token,
            expires_in: expires_in.map_err(|_| unfit("printed an `Expiration` that is no time"))?,
        }))
    }
}

fn no_keys(profile: &Profile, what: &str, next: String) -> ReadError {
    ReadError::new(
        ErrorKind::Denied,
        format!(
            "no credential for AWS: the `credential_process` of {} {what}",
            profile.shown()
        ),
        next,
    )
}
