use std::str::FromStr;
use std::sync::Arc;

use data_encoding::BASE64;
use serde::{Deserialize, Deserializer, Serialize};

use super::failure::{OUT_OF_RANGE, Refusal, Refused};
use super::login::with_token;
use super::{Server, rpc};
use crate::extract::SecretText;
use crate::key::Secret;
use crate::platform::Ask;
use crate::platform::base64::decoded;
use crate::platform::http::{Call, json};
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// Asks for the value of one key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Range {
    /// The whole key.
    pub key: Arc<str>,
    /// As it was at this revision of the store; by default as it is now.
    pub at: Option<i64>,
}

/// What a key holds.
pub enum Held {
    /// A value.
    Value(Kept),
    /// There is no such key.
    Nothing,
    /// The store no longer knows what was there at that revision.
    Compacted,
}

/// A value, and where in the store's history it stands.
pub struct Kept {
    /// The bytes.
    pub value: Secret,
    /// The revision of the store that wrote it.
    pub revision: i64,
    /// How often the key was written since it came to be, this value included.
    pub version: i64,
}

#[derive(Serialize)]
struct Request {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    kvs: Vec<Pair>,
}

#[derive(Deserialize)]
struct Pair {
    #[serde(deserialize_with = "number")]
    mod_revision: i64,
    #[serde(deserialize_with = "number")]
    version: i64,
    /// Base64; left out where the value is empty.
    value: Option<SecretText>,
}

/// The gateway writes 64-bit numbers as strings.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let text = <&str>::deserialize(deserializer)?;
    i64::from_str(text).map_err(|_| serde::de::Error::custom("expected a number in a string"))
}

impl Ask for Range {
    type Platform = Server;
    type Answer = Held;

    fn place(&self, server: &Server, _: &Held) -> Option<String> {
        Some(format!(
            "etcd {} {}",
            server.address().ok()?.host(),
            self.key
        ))
    }

    fn host(&self, server: &Server) -> Option<Arc<str>> {
        Some(server.address().ok()?.host())
    }

    fn describe(&self) -> String {
        let key = escape(&self.key);
        match self.at {
            Some(revision) => format!("range {key} at revision {revision}"),
            None => format!("range {key}"),
        }
    }

    async fn send(server: &Server, asks: Vec<Self>) -> Vec<Result<Held, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.read(server).await);
        }
        answers
    }
}

impl Range {
    async fn read(&self, server: &Server) -> Result<Held, ReadError> {
        let token = server.token().await?;
        let answer = match server.speaks_rpc()? {
            true => rpc::range(server, self, (*token).as_ref()).await?,
            false => self.ask_gateway(server, (*token).as_ref()).await?,
        };
        let Refused { refusal, error } = match answer {
            Ok(held) => return Ok(held),
            Err(refused) => refused,
        };
        if refusal.code == OUT_OF_RANGE && refusal.says("compacted") {
            return Ok(Held::Compacted);
        }
        if refusal.is_about_the_token() && token.is_some() {
            server.session.forget(&token).await;
            return Err(error.transient());
        }
        Err(error)
    }

    async fn ask_gateway(
        &self,
        server: &Server,
        token: Option<&Arc<Secret>>,
    ) -> Result<Result<Held, Refused>, ReadError> {
        let body = Request {
            key: BASE64.encode(self.key.as_bytes()),
            revision: self.at.map(|revision| revision.to_string()),
        };
        let body = json(&body, self.key.len())?;
        let url = server.address()?.at(["v3", "kv", "range"]);
        let call = Call::post(url, "application/json", body);
        let reply = with_token(call, token)?.send(&server.clients).await?;
        if !reply.status.is_success() {
            let refusal = Refusal::of(&reply);
            return Ok(Err(refusal.of_gateway(&reply, Some(&self.key))));
        }
        let Answer { kvs } = reply.json()?;
        match kvs.into_iter().next() {
            Some(pair) => self.kept(pair).map(Held::Value).map(Ok),
            // A user that may not read the key gets 403.
            None => Ok(Ok(Held::Nothing)),
        }
    }

    fn kept(&self, pair: Pair) -> Result<Kept, ReadError> {
        let value = match pair.value {
            None => Some(Secret::new(Vec::new())),
            Some(digits) => decoded(digits.0.expose()),
        };
        let value = value.ok_or_else(|| {
            ReadError::new(
                ErrorKind::BadData,
                format!("etcd gave no base64 for {}", escape(&self.key)),
                "ask it by hand with `etcdctl get`; something else may be listening there",
            )
        })?;
        Ok(Kept {
            value,
            revision: pair.mod_revision,
            version: pair.version,
        })
    }
}
