use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::login::Login;
use crate::platform::credential::{Credential, Credentials};
use crate::platform::http::{Address, Clients, Tls, check_url};
use crate::platform::session::Session;
use crate::platform::variable::variable;
use crate::platform::{Locator, Platform, Shared, Store, StoreInfo};
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// An identity in Google Cloud, and the project it reads.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Gcp {
    /// The project's id or number, where a hop names none; by default `GOOGLE_CLOUD_PROJECT`.
    project: Option<Arc<str>>,
    /// The credentials file: a service account's key, a person's login or a workload identity. By
    /// default `GOOGLE_APPLICATION_CREDENTIALS`, else what `gcloud` wrote.
    credentials: Option<Arc<Path>>,
    /// A bearer token that something else got, instead of logging in.
    token: Option<Credential>,
    /// Where Secret Manager is; by default `CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER`, else
    /// Google's own, in the secret's location.
    endpoint: Option<Box<str>>,
    /// Certificates.
    tls: Option<Tls>,
}

impl Store for Gcp {
    const INFO: StoreInfo = StoreInfo {
        id: "gcp",
        title: "Google Cloud",
        variables: &[
            "GOOGLE_CLOUD_PROJECT",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "CLOUDSDK_CONFIG",
            "GCE_METADATA_HOST",
            "GOOGLE_CLOUD_QUOTA_PROJECT",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER",
        ],
        example: "\
gcp-eu: { gcp: { project: checkout-prod, credentials: /etc/straggler/gcp.json } }
gcp-me: { gcp: { project: checkout-prod, token: { command: [gcloud, auth, print-access-token] } } }
",
        manual: "\
straggler logs in with the first of these that exists, as Google's own libraries do:

1. `token`, as it is.
2. The file that `credentials` names, else `GOOGLE_APPLICATION_CREDENTIALS`: a service account's key, a person's \
login, or a workload identity whose statement comes from a file or a URL and may impersonate a service account. \
Statements that a program makes, or that are a signed request to Amazon, are not supported: let `gcloud` print a \
`token`.
3. The file that `gcloud auth application-default login` wrote.
4. The service account of whatever this runs on, through the metadata server, which is never asked through a proxy.

Requests of a person count against the file's `quota_project_id`, or `GOOGLE_CLOUD_QUOTA_PROJECT`.

Tested against fakes built from Google's documentation of its token endpoints, which verify what a service \
account signs.",
    };

    type Platform = Server;

    fn files(&mut self, each: &mut dyn FnMut(&mut Arc<Path>)) {
        if let Some(path) = &mut self.credentials {
            each(path);
        }
        self.token.iter_mut().for_each(|token| token.files(each));
        self.tls.iter_mut().for_each(|tls| tls.files(each));
    }

    fn check(&self) -> Result<(), String> {
        self.endpoint.as_deref().map_or(Ok(()), check_url)?;
        self.token.as_ref().map_or(Ok(()), Credential::check)?;
        if self.token.is_some() && self.credentials.is_some() {
            return Err("expected `credentials` or a `token`, not both".to_owned());
        }
        self.tls.as_ref().map_or(Ok(()), Tls::check)
    }

    fn open(&self, shared: &Shared) -> Server {
        let endpoint = || variable("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER");
        let project = || variable("GOOGLE_CLOUD_PROJECT").map(Into::into);
        Server {
            project: self.project.clone().or_else(project),
            file: self.credentials.clone(),
            token: self.token.clone(),
            endpoint: self.endpoint.clone().or_else(|| endpoint().map(Into::into)),
            session: Session::default(),
            clients: Clients::new(self.tls.clone().unwrap_or_default()),
            nearby: Clients::direct(),
            credentials: Arc::clone(&shared.credentials),
        }
    }
}

/// A connection to Google Cloud.
pub struct Server {
    project: Option<Arc<str>>,
    pub(super) file: Option<Arc<Path>>,
    pub(super) token: Option<Credential>,
    endpoint: Option<Box<str>>,
    pub(super) session: Session<Login>,
    pub(super) clients: Clients,
    /// For the metadata server.
    pub(super) nearby: Clients,
    pub(super) credentials: Arc<Credentials>,
}

impl Platform for Server {
    const ID: &'static str = "gcp";

    fn locate(&self, to: &mut Locator) {
        to.options([self.project.as_deref(), self.endpoint.as_deref()]);
    }
}

impl Server {
    /// Secret Manager, in a location where the secret has one.
    pub(super) fn secret_manager(&self, location: Option<&str>) -> Result<Address, ReadError> {
        let own = match location {
            Some(location) => format!("https://secretmanager.{location}.rep.googleapis.com"),
            None => "https://secretmanager.googleapis.com".to_owned(),
        };
        Address::parse(self.endpoint.as_deref().unwrap_or(&own)).map_err(|why| {
            let message = format!("no endpoint: {why}");
            ReadError::new(ErrorKind::Connect, message, "correct `endpoint`")
        })
    }

    /// The project that a hop names, else the store's.
    pub(super) fn project<'s>(&'s self, named: Option<&'s str>) -> Result<&'s str, ReadError> {
        let project = named.or(self.project.as_deref()).ok_or_else(|| {
            ReadError::new(
                ErrorKind::Connect,
                "nobody says which project is meant",
                "name the `project` in the hop or its store, or set GOOGLE_CLOUD_PROJECT",
            )
        })?;
        let odd = |byte: u8| !byte.is_ascii_alphanumeric() && !b"-:.".contains(&byte);
        if project.is_empty() || project.bytes().any(odd) {
            return Err(ReadError::new(
                ErrorKind::Connect,
                format!("{} is no project's id", escape(project)),
                "correct `project`, or GOOGLE_CLOUD_PROJECT",
            ));
        }
        Ok(project)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_with_a_location_is_asked_for_there() {
        let open = |settings| {
            let store: Gcp = serde_json::from_value(settings).unwrap();
            store.open(&Shared::default())
        };
        let host = |server: &Server, location| server.secret_manager(location).unwrap().host();
        let server = open(json!({}));
        assert_eq!(&*host(&server, None), "secretmanager.googleapis.com");
        assert_eq!(
            &*host(&server, Some("me-central2")),
            "secretmanager.me-central2.rep.googleapis.com"
        );
        let private = open(json!({"endpoint": "https://private.example"}));
        assert_eq!(&*host(&private, Some("me-central2")), "private.example");
        assert_eq!(server.project(Some("p")).unwrap(), "p");
        assert!(server.project(Some("a/b")).is_err());
    }
}
