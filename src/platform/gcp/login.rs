use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};

use super::Server;
use super::file::File;
use crate::key::Secret;
use crate::platform::credential::{Credential, read};
use crate::platform::http::Call;
use crate::platform::variable::variable;
use crate::reading::{ErrorKind, ReadError};

/// Whose limits a person's requests count against.
const USER_PROJECT: HeaderName = HeaderName::from_static("x-goog-user-project");

/// What a login gave.
pub(super) struct Login {
    token: Arc<Secret>,
    /// The project that a person's requests count against.
    quota: Option<HeaderValue>,
}

impl Server {
    /// Adds the token to a request, after logging in where that is needed.
    pub(super) async fn authorized(&self, call: Call) -> Result<Call, ReadError> {
        let login = self.session.get(async || self.log_in().await).await?;
        self.credentials.uses(login.token.expose());
        let call = match &login.quota {
            Some(project) => call.with(USER_PROJECT, project.clone()),
            None => call,
        };
        call.credential(AUTHORIZATION, "Bearer ", &login.token)
    }

    async fn log_in(&self) -> Result<(Login, Option<Duration>), ReadError> {
        let mut quota = variable("GOOGLE_CLOUD_QUOTA_PROJECT");
        let (token, lasts) = if let Some(token) = &self.token {
            (self.credentials.resolve(token).await?, None)
        } else {
            match self.file().await? {
                Some(File::ServiceAccount(account)) => self.signed(&account).await?,
                Some(File::AuthorizedUser(user)) => {
                    quota = quota.or_else(|| user.quota_project_id.clone());
                    self.renewed(&user).await?
                }
                Some(File::ExternalAccount(account)) => self.federated(&account).await?,
                None => self.attached().await?,
            }
        };
        let quota = quota.and_then(|project| HeaderValue::from_str(&project).ok());
        Ok((Login { token, quota }, lasts))
    }

    /// The credentials file that is named, else the one that `gcloud` writes, where there is one.
    async fn file(&self) -> Result<Option<File>, ReadError> {
        let named = variable("GOOGLE_APPLICATION_CREDENTIALS").map(|path| Path::new(&path).into());
        if let Some(path) = self.file.clone().or(named) {
            let file = Credential::File(Arc::clone(&path));
            let bytes = self.credentials.resolve(&file).await?;
            return File::parse(bytes.expose(), &path).map(Some);
        }
        let folder = variable("CLOUDSDK_CONFIG")
            .or_else(|| Some(format!("{}/.config/gcloud", variable("HOME")?)));
        let Some(folder) = folder else {
            return Ok(None);
        };
        let path: Arc<Path> = Path::new(&folder)
            .join("application_default_credentials.json")
            .into();
        match read(Arc::clone(&path)).await {
            Ok(Some(bytes)) => {
                self.credentials.uses(bytes.expose());
                File::parse(bytes.expose(), &path).map(Some)
            }
            // Nobody named it, so its folder need not be there either.
            Ok(None) => Ok(None),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
