//! What the host itself gives: the container's credential and the instance's.

use reqsign_aws_v4::{Credential as Keys, ECSCredentialProvider, IMDSv2CredentialProvider};
use reqsign_core::{ErrorKind as Why, ProvideCredential};

use super::carry::context;
use crate::platform::aws::Account;
use crate::platform::variable::variable;
use crate::reading::{ErrorKind, ReadError};

impl Account {
    /// The credential of the task or the pod.
    pub(super) async fn of_container(&self) -> Result<Option<Keys>, ReadError> {
        let set = [
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        ];
        let Some(name) = set.into_iter().find(|name| variable(name).is_some()) else {
            return Ok(None);
        };
        let context = context(&self.clients);
        let provider = ECSCredentialProvider::new();
        let error = match provider.provide_credential(&context).await {
            Ok(keys) => return Ok(keys),
            Err(error) => error,
        };
        // What the library says of it may hold what a server printed.
        let why = match error.kind() {
            Why::CredentialInvalid => "it is invalid or has expired",
            Why::PermissionDenied => "it was refused",
            Why::ConfigInvalid => "its settings are incomplete",
            Why::RequestInvalid => "it cannot be asked for",
            Why::RateLimited => "it was asked for too often",
            Why::Unexpected => "it could not be had",
        };
        let message =
            format!("no credential for AWS: the container's, where {name} leads to: {why}");
        let next = "look at the task's or the pod's role";
        Err(match error.is_retryable() {
            true => ReadError::new(ErrorKind::Connect, message, next).transient(),
            false => ReadError::new(ErrorKind::Denied, message, next),
        })
    }

    /// The credential of the instance. Most hosts have none, which is no news.
    pub(super) async fn of_instance(&self) -> Option<Keys> {
        let context = context(&self.clients);
        let provider = IMDSv2CredentialProvider::new();
        provider.provide_credential(&context).await.ok().flatten()
    }
}
