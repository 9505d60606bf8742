use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use super::Cluster;
use super::call::Place;
use super::failure::{Permission, Status};
use crate::extract::SecretText;
use crate::platform::Ask;
use crate::platform::excerpt::first_words;
use crate::reading::ReadError;
use crate::text::escape;

/// The most bytes of an ExternalSecret: 2 MiB.
const MOST: usize = 2 << 20;

/// How much of its message is told.
const TOLD: usize = 200;

/// Asks how an ExternalSecret of the External Secrets Operator is doing.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ExternalSecret {
    /// The version of the operator's API: `v1`, or `v1beta1` where that is not served yet.
    pub version: &'static str,
    /// The namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

/// What an API server knows of an ExternalSecret.
pub enum Refreshed {
    /// How it is doing.
    Told {
        /// When it last brought the value.
        at: Option<Timestamp>,
        /// Whether that went well: `True`, `False` or `Unknown`.
        ready: Option<Box<str>>,
        /// Why: `SecretSynced`, `SecretSyncedError`.
        reason: Box<str>,
        /// The same in words.
        message: String,
    },
    /// There is none of this name.
    Gone,
    /// This version of the API is not served.
    NoVersion,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    status: Told,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Told {
    refresh_time: Option<Timestamp>,
    conditions: Vec<Condition>,
}

#[derive(Deserialize)]
struct Condition {
    #[serde(rename = "type")]
    of: Box<str>,
    status: Box<str>,
    #[serde(default)]
    reason: Box<str>,
    message: Option<SecretText>,
}

impl Ask for ExternalSecret {
    type Platform = Cluster;
    type Answer = Refreshed;

    /// Another hop may read the same Secret later.
    const KEEP: bool = true;

    fn host(&self, cluster: &Cluster) -> Option<Arc<str>> {
        cluster.host()
    }

    fn describe(&self) -> String {
        format!(
            "get externalsecrets/{} in {} ({})",
            escape(&self.name),
            escape(&self.namespace),
            self.version
        )
    }

    async fn send(cluster: &Cluster, asks: Vec<Self>) -> Vec<Result<Refreshed, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.read(cluster).await);
        }
        answers
    }
}

impl ExternalSecret {
    async fn read(&self, cluster: &Cluster) -> Result<Refreshed, ReadError> {
        let permission = Permission {
            verb: "get",
            group: "external-secrets.io",
            resource: "externalsecrets",
            namespace: &self.namespace,
            name: Some(&self.name),
        };
        let api = format!("{}/{}", permission.group, self.version);
        let place = Place::new(&api, &self.namespace, permission.resource).of(&self.name);
        let reply = cluster.get(&place, MOST).await?;
        if reply.status.is_success() {
            let Answer { status } = reply.json()?;
            let ready = status
                .conditions
                .into_iter()
                .find(|one| &*one.of == "Ready");
            let message = ready.as_ref().and_then(|ready| ready.message.as_ref());
            let message = message.map(|text| first_words(text.0.expose(), true, TOLD));
            return Ok(Refreshed::Told {
                at: status.refresh_time,
                message: message.unwrap_or_default(),
                reason: ready
                    .as_ref()
                    .map(|ready| ready.reason.clone())
                    .unwrap_or_default(),
                ready: ready.map(|ready| ready.status),
            });
        }
        let status = Status::of(&reply);
        if reply.status.as_u16() == 404 {
            if status.says_absent(&permission) {
                return Ok(Refreshed::Gone);
            }
            // For a path that it does not serve, it has no words about an object.
            if !status.is_about_an_object() {
                return Ok(Refreshed::NoVersion);
            }
        }
        Err(status.into_error(&reply, &permission, &cluster.kubectl()))
    }
}
