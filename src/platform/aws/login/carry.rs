//! What the library that finds credentials is given to reach files and servers.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqsign_core::{Context, Error, FileRead, HttpSend, OsEnv};
use reqwest::Url;

use crate::key::Secret;
use crate::platform::blocking::blocking;
use crate::platform::files;
use crate::platform::http::{Call, Clients};
use crate::reading::ReadError;

/// How long the host's own metadata server may take. Where there is none, nobody answers at all.
const METADATA: Duration = Duration::from_secs(2);

/// Everything it needs, over straggler's own connections.
pub(super) fn context(clients: &Arc<Clients>) -> Context {
    let carrier = Carrier {
        clients: Arc::clone(clients),
        direct: Arc::new(Clients::direct()),
    };
    Context::new()
        .with_env(OsEnv)
        .with_file_read(carrier.clone())
        .with_http_send(carrier)
}

#[derive(Clone)]
struct Carrier {
    clients: Arc<Clients>,
    /// For the metadata servers of the host itself: no proxy can reach those.
    direct: Arc<Clients>,
}

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Carrier")
    }
}

impl FileRead for Carrier {
    async fn file_read(&self, path: &str) -> reqsign_core::Result<Vec<u8>> {
        let path: Arc<Path> = Path::new(path).into();
        let mut read = blocking(move || vec![files::read(&path)]).await;
        let file = read.pop().transpose().map_err(failed)?.flatten();
        file.map(|file| file.bytes.expose().to_vec())
            .ok_or_else(|| Error::config_invalid("a file is not there"))
    }
}

impl HttpSend for Carrier {
    async fn http_send(
        &self,
        request: http::Request<Bytes>,
    ) -> reqsign_core::Result<http::Response<Bytes>> {
        let (head, body) = request.into_parts();
        let url = Url::parse(&head.uri.to_string())
            .map_err(|_| Error::config_invalid("no address to get a credential from"))?;
        let own = url
            .host_str()
            .is_some_and(|host| host.starts_with("169.254.") || host.starts_with("[fd00:ec2"));
        let mut headers = head.headers;
        headers.remove(http::header::HOST);
        headers.remove(http::header::CONTENT_LENGTH);
        let call = Call::new(head.method, url)
            .with_all(headers, Vec::new())
            .with_body(Secret::copied(&body));
        let reply = if own {
            tokio::time::timeout(METADATA, call.send(&self.direct))
                .await
                .map_err(|_| Error::unexpected("no metadata server answers"))?
        } else {
            call.send(&self.clients).await
        };
        let reply = reply.map_err(failed)?;
        let mut response = http::Response::new(Bytes::copy_from_slice(reply.body.expose()));
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        Ok(response)
    }
}

fn failed(error: ReadError) -> Error {
    let again = error.retry != crate::reading::Retry::Never;
    Error::unexpected(error.to_string()).set_retryable(again)
}
