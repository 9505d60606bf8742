use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqsign_aws_v4::Credential as Keys;

use super::files::Files;
use crate::platform::aws::Account;
use crate::platform::credential::{Credential, Credentials};
use crate::platform::variable::variable;
use crate::reading::{ErrorKind, ReadError};

/// Where an account's credential comes from.
pub(in crate::platform::aws) struct Login {
    pub profile: Option<Box<str>>,
    pub role_arn: Option<Box<str>>,
    pub external_id: Option<Box<str>>,
    pub access_key_id: Option<Credential>,
    pub secret_access_key: Option<Credential>,
    pub session_token: Option<Credential>,
    pub credentials: Arc<Credentials>,
}

impl Account {
    /// The credential that requests are signed with.
    pub(in crate::platform::aws) async fn keys(&self) -> Result<Arc<Keys>, ReadError> {
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
        let keys = match login.named().await? {
            Some(keys) => keys,
            None => self.found().await?,
        };
        match &login.role_arn {
            Some(arn) => self.take_on_own(&keys, arn).await,
            None => Ok(keys),
        }
    }
}

impl Login {
    /// Whether the profile that is named is there. The default one need not be.
    pub(in crate::platform::aws) fn check_profile(&self, files: &Files) -> Result<(), ReadError> {
        let set = variable("AWS_PROFILE");
        let (name, who) = match (&self.profile, &set) {
            (Some(name), _) => (&**name, "the store's `profile`"),
            (None, Some(name)) => (&**name, "AWS_PROFILE"),
            (None, None) => return Ok(()),
        };
        match name {
            "default" => Ok(()),
            name => files.named(name, who).map(drop),
        }
    }

    /// Notes what of a credential is secret; the id of an access key is none.
    pub(super) fn uses(&self, keys: &Keys) {
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
