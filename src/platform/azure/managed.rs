use std::time::Duration;

use reqwest::Url;
use reqwest::header::{HeaderName, HeaderValue};

use super::Server;
use super::cloud::Cloud;
use super::token::{Refusal, Token, token};
use crate::platform::http::{Address, Call, Reply};
use crate::platform::variable::variable;
use crate::reading::{ErrorKind, ReadError};

/// Where every virtual machine in Azure finds the metadata service.
const NEARBY: &str = "http://169.254.169.254";

/// How long it may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

const METADATA: HeaderName = HeaderName::from_static("metadata");
const IDENTITY_HEADER: HeaderName = HeaderName::from_static("x-identity-header");

impl Server {
    /// A token of the identity that Azure gave to whatever this runs on.
    pub(super) async fn managed_identity(&self, cloud: &Cloud) -> Result<Token, ReadError> {
        let endpoint = variable("IDENTITY_ENDPOINT");
        let header = self.credentials.named_or_set(None, &["IDENTITY_HEADER"]);
        let reply = match (endpoint, header.await?) {
            (Some(endpoint), Some(header)) => {
                let mut url = Url::parse(&endpoint).map_err(|error| {
                    let message = format!("IDENTITY_ENDPOINT is no URL: {error}");
                    ReadError::new(ErrorKind::Connect, message, "let App Service set it")
                })?;
                self.ask_for(&mut url, "2019-08-01", cloud);
                Call::get(url)
                    .credential(IDENTITY_HEADER, "", &header)?
                    .send(&self.nearby)
                    .await?
            }
            _ => self.ask_the_machine(cloud).await?,
        };
        if reply.status.is_success() {
            return token(&reply);
        }
        Err(unidentified(&reply))
    }

    async fn ask_the_machine(&self, cloud: &Cloud) -> Result<Reply, ReadError> {
        let place = Address::find(None, &["AZURE_POD_IDENTITY_AUTHORITY_HOST"], Some(NEARBY))?;
        let mut url = place.at(["metadata", "identity", "oauth2", "token"]);
        self.ask_for(&mut url, "2018-02-01", cloud);
        // Anywhere else than in Azure nobody is there, and nobody says so: packets vanish. So it is
        // first asked for anything, which it answers at once; a token may take it longer.
        let probe = Call::get(url.clone()).send(&self.nearby);
        if !matches!(tokio::time::timeout(PATIENCE, probe).await, Ok(Ok(_))) {
            return Err(ReadError::new(
                ErrorKind::Denied,
                format!(
                    "no credential: none is set, and no managed identity answers at {}",
                    place.host()
                ),
                "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or declare an `azure` store",
            ));
        }
        Call::get(url)
            .with(METADATA, HeaderValue::from_static("true"))
            .send(&self.nearby)
            .await
    }

    fn ask_for(&self, url: &mut Url, version: &str, cloud: &Cloud) {
        let mut query = url.query_pairs_mut();
        query.append_pair("api-version", version);
        query.append_pair("resource", &cloud.resource());
        if let Some(client_id) = &self.client_id {
            query.append_pair("client_id", client_id);
        }
    }
}

/// Why there is no token: most often there is no identity.
fn unidentified(reply: &Reply) -> ReadError {
    let refusal = Refusal::of(reply);
    let next = "assign a managed identity to whatever runs straggler, or correct AZURE_CLIENT_ID";
    let mut error = reply.refused(refusal.said(), next);
    // 404 is what other clouds' metadata services say.
    if matches!(reply.status.as_u16(), 400 | 404) {
        error.kind = ErrorKind::Denied;
        error.next = next.into();
    }
    error
}
