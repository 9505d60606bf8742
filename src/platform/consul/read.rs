use std::sync::Arc;

use reqwest::StatusCode;
use reqwest::header::HeaderName;

use super::Server;
use crate::key::Secret;
use crate::platform::Ask;
use crate::platform::http::Call;
use crate::reading::ReadError;

/// Asks for the bytes of one key; `None` where there is no such key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Read {
    /// The whole path of the key.
    pub key: Arc<str>,
}

const TOKEN: HeaderName = HeaderName::from_static("x-consul-token");

impl Ask for Read {
    type Platform = Server;
    type Answer = Option<Secret>;

    fn place(&self, server: &Server, _: &Option<Secret>) -> Option<String> {
        let host = server.address().ok()?.host();
        let [datacenter, namespace] =
            [&server.datacenter, &server.namespace].map(|said| said.as_deref().unwrap_or_default());
        let key = self.key.trim_start_matches('/');
        Some(format!("consul {host} {datacenter} {namespace} {key}"))
    }

    fn host(&self, server: &Server) -> Option<Arc<str>> {
        Some(server.address().ok()?.host())
    }

    fn describe(&self) -> String {
        format!("GET kv/{}", crate::text::escape(&self.key))
    }

    async fn send(server: &Server, asks: Vec<Self>) -> Vec<Result<Option<Secret>, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.read(server).await);
        }
        answers
    }
}

impl Read {
    async fn read(&self, server: &Server) -> Result<Option<Secret>, ReadError> {
        let path = self.key.trim_start_matches('/').split('/');
        let mut url = server.address()?.at(["v1", "kv"].into_iter().chain(path));
        url.query_pairs_mut().append_pair("raw", "true");
        for (name, value) in [("dc", &server.datacenter), ("ns", &server.namespace)] {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        let mut call = Call::get(url);
        let token = server
            .credentials
            .named_or_set(server.token.as_ref(), &["CONSUL_HTTP_TOKEN"])
            .await?;
        if let Some(token) = token {
            call = call.credential(TOKEN, "", &token)?;
        }
        let reply = call.send(&server.clients).await?;
        match reply.status {
            StatusCode::OK => Ok(Some(reply.body)),
            // Nothing that Consul says of a key: no content is no empty key, and a part is no key.
            status if status.is_success() => Err(reply.refused(Some(""), "")),
            // A token that may not read the key gets 403.
            StatusCode::NOT_FOUND => Ok(None),
            _ => {
                let key = crate::text::escape(&self.key);
                let next = format!("give the token `key \"{key}\" {{ policy = \"read\" }}`");
                Err(reply.refused(None, &next))
            }
        }
    }
}
