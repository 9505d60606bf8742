use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use crate::extract::SecretText;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// Where Google gives tokens, unless a file says otherwise.
const TOKENS: &str = "https://oauth2.googleapis.com/token";

/// A credentials file, as `gcloud` and the console write it.
pub(super) enum File {
    ServiceAccount(ServiceAccount),
    AuthorizedUser(AuthorizedUser),
    ExternalAccount(ExternalAccount),
}

/// A service account's own key.
#[derive(Deserialize)]
pub(super) struct ServiceAccount {
    pub client_email: String,
    pub private_key_id: Option<String>,
    pub private_key: SecretText,
    #[serde(default = "tokens")]
    pub token_uri: String,
}

/// A person, who logged in with `gcloud auth application-default login`.
#[derive(Deserialize)]
pub(super) struct AuthorizedUser {
    pub client_id: String,
    pub client_secret: SecretText,
    pub refresh_token: SecretText,
    pub quota_project_id: Option<String>,
    #[serde(default = "tokens")]
    pub token_uri: String,
}

/// An identity of somebody else whom a workload identity pool trusts.
#[derive(Deserialize)]
pub(super) struct ExternalAccount {
    pub audience: String,
    pub subject_token_type: String,
    pub token_url: String,
    pub service_account_impersonation_url: Option<String>,
    pub credential_source: Source,
}

/// Where that identity's own statement is.
#[derive(Deserialize)]
pub(super) struct Source {
    pub file: Option<String>,
    pub url: Option<String>,
    #[serde(default)]
    pub headers: HashMap<String, String>,
    pub format: Option<Format>,
}

/// How it is written.
#[derive(Deserialize)]
pub(super) struct Format {
    /// The member of a JSON object; a plain text has none.
    pub subject_token_field_name: Option<String>,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

fn tokens() -> String {
    TOKENS.to_owned()
}

impl File {
    /// Reads one. Nothing of it is repeated.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, ReadError> {
        let unfit = |why: &str| {
            let path = escape(&path.to_string_lossy()).into_owned();
            ReadError::new(
                ErrorKind::Denied,
                format!("no credential: the file {path} {why}"),
                "name a credentials file of Google's, or log in with `gcloud auth application-default login`",
            )
        };
        let broken = |_| unfit("is no credentials file");
        let Kind { kind } = serde_json::from_slice(bytes).map_err(broken)?;
        match &*kind {
            "service_account" => serde_json::from_slice(bytes).map(Self::ServiceAccount),
            "authorized_user" => serde_json::from_slice(bytes).map(Self::AuthorizedUser),
            "external_account" => serde_json::from_slice(bytes).map(Self::ExternalAccount),
            _ => return Err(unfit("is of a kind that straggler cannot log in with")),
        }
        .map_err(broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_said_and_not_repeated() {
        for text in [
            "s3cret",
            r#"{"type": "service_account", "private_key": "s3cret"}"#,
            r#"{"type": "s3cret"}"#,
            r#"{"type": ["s3cret"]}"#,
        ] {
            let error = File::parse(text.as_bytes(), Path::new("/x.json")).err();
            let error = error.unwrap();
            assert_eq!(error.kind, ErrorKind::Denied);
            assert!(
                error
                    .message
                    .starts_with("no credential: the file /x.json is ")
            );
            assert!(!error.message.contains("s3cret"), "{error}");
        }
    }
}
