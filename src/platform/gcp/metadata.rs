use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};

use super::Server;
use super::exchange::{Token, token};
use crate::platform::http::{Address, Call};
use crate::platform::variable::variable;
use crate::reading::{ErrorKind, ReadError};

/// Where everything that runs in Google Cloud finds the metadata server.
const NEARBY: &str = "169.254.169.254";

/// How long it may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

const FLAVOR: HeaderName = HeaderName::from_static("metadata-flavor");
const GOOGLE: HeaderValue = HeaderValue::from_static("Google");

impl Server {
    /// A token of the service account that whatever this runs on has.
    pub(super) async fn attached(&self) -> Result<Token, ReadError> {
        let host = variable("GCE_METADATA_HOST");
        let host = host.as_deref().unwrap_or(NEARBY);
        let nobody = || {
            ReadError::new(
                ErrorKind::Denied,
                format!(
                    "no credential: none is set, and no metadata server of Google's answers at {}",
                    crate::text::escape(host)
                ),
                "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS",
            )
        };
        let place = Address::parse(&format!("http://{host}")).map_err(|_| nobody())?;
        let asked =
            |segments: &[&str]| Call::get(place.at(segments.iter().copied())).with(FLAVOR, GOOGLE);
        // Anywhere else packets vanish, and other clouds have their own there.
        let probe = asked(&[]).send(&self.nearby);
        match tokio::time::timeout(PATIENCE, probe).await {
            Ok(Ok(reply)) if reply.headers.get(FLAVOR) == Some(&GOOGLE) => {}
            _ => return Err(nobody()),
        }
        let path = [
            "computeMetadata",
            "v1",
            "instance",
            "service-accounts",
            "default",
            "token",
        ];
        let reply = asked(&path).send(&self.nearby).await?;
        if reply.status.is_success() {
            return token(&reply);
        }
        let next = "attach a service account to whatever runs straggler";
        let mut error = reply.refused(None, next);
        if reply.status.as_u16() == 404 {
            error.kind = ErrorKind::Denied;
            error.next = next.into();
        }
        Err(error)
    }
}
