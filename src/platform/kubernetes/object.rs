use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use super::call::Place;
use super::failure::{Permission, Status};
use super::keeper::{Keeper, Marks, Reference};
use super::ownership::{Changes, Managed};
use super::{Cluster, Kubectl};
use crate::extract::{Members, SecretText};
use crate::key::Secret;
use crate::platform::Ask;
use crate::platform::base64::decoded;
use crate::platform::http::Reply;
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// The most bytes of an object: 4 MiB. The data of one is 1 MiB at most, which base64 makes more of.
const MOST: usize = 4 << 20;

/// What holds data under keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// A Secret.
    Secret,
    /// A ConfigMap.
    ConfigMap,
}

impl Resource {
    /// As people call it.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
        }
    }

    /// As kubectl calls it.
    #[must_use]
    pub fn singular(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::ConfigMap => "configmap",
        }
    }

    /// What `kubectl create` calls one with any keys.
    #[must_use]
    pub fn generator(self) -> &'static str {
        match self {
            Self::Secret => "secret generic",
            Self::ConfigMap => "configmap",
        }
    }

    /// As it stands in URLs, rules and locations.
    #[must_use]
    pub fn plural(self) -> &'static str {
        match self {
            Self::Secret => "secrets",
            Self::ConfigMap => "configmaps",
        }
    }
}

/// Asks for one Secret or ConfigMap; the answer is `None` where there is none of that name. Never a list,
/// so that leave to `get` this one is enough.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Get {
    /// Which of the two.
    pub resource: Resource,
    /// The namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

/// A Secret or a ConfigMap.
pub struct Object {
    /// What it holds, by key: what environments are made from.
    pub data: HashMap<Box<str>, Secret>,
    /// What a ConfigMap holds beside, which only becomes files.
    pub binary: HashMap<Box<str>, Secret>,
    /// Whether nobody may change it.
    pub immutable: bool,
    /// A Secret's type: `Opaque`.
    pub kind: Box<str>,
    /// The ExternalSecret that feeds it.
    pub external: Option<External>,
    keeper: Option<Keeper>,
    changes: Changes,
}

/// What an API server said of one, and how the same is asked by hand.
pub struct Got {
    /// What is there; `None` where there is none of that name.
    pub object: Option<Object>,
    /// How kubectl gets there.
    pub kubectl: Kubectl,
}

/// What of the External Secrets Operator a Secret comes from.
pub enum External {
    /// The ExternalSecret of this name.
    Named(Arc<str>),
    /// One that does not own it, so that its name is not told.
    Unnamed,
}

impl Object {
    /// What it holds under a key, in a file or a variable.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Secret> {
        self.data.get(key).or_else(|| self.binary.get(key))
    }

    /// Who writes what a key holds, and would undo what somebody else changes in it: as its labels and owners tell,
    /// else as those tell who wrote the key.
    #[must_use]
    pub fn keeper(&self, key: &str) -> Option<Keeper> {
        let by_fields = || Keeper::of(self.changes.writers_of(key));
        match &self.keeper {
            // What is merged into a Secret has no owner that would name it.
            Some(keeper) if keeper.is_unnamed() => {
                let named = by_fields().filter(|other| other.is_same_kind(keeper));
                Some(named.unwrap_or_else(|| keeper.clone()))
            }
            Some(keeper) => Some(keeper.clone()),
            None => by_fields(),
        }
    }

    /// All that it holds.
    pub fn entries(&self) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
        let all = self.data.iter().chain(&self.binary);
        all.map(|(key, value)| (key.as_bytes(), value.expose()))
    }

    /// When this key got what it holds: not later than this. `None` where Kubernetes does not tell.
    #[must_use]
    pub fn changed_at(&self, key: &str) -> Option<Timestamp> {
        self.changes.of_key(key)
    }

    /// When anything about it was last written: not later than this. `None` where Kubernetes does not
    /// tell.
    #[must_use]
    pub fn written_at(&self) -> Option<Timestamp> {
        self.changes.of_any()
    }
}

#[derive(Deserialize)]
struct Answer {
    metadata: Metadata,
    data: Option<Members<SecretText>>,
    #[serde(rename = "binaryData")]
    binary: Option<Members<SecretText>>,
    immutable: Option<bool>,
    #[serde(rename = "type")]
    kind: Option<Box<str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    creation_timestamp: Option<Timestamp>,
    #[serde(default)]
    managed_fields: Vec<Managed>,
    #[serde(default)]
    owner_references: Vec<Reference>,
    #[serde(default)]
    labels: HashMap<Box<str>, Box<str>>,
    #[serde(default)]
    annotations: HashMap<Box<str>, SecretText>,
}

impl Metadata {
    fn keeper(&self, changes: &Changes) -> Option<Keeper> {
        let writers: Vec<_> = changes.writers().collect();
        let marks = Marks {
            labels: &self.labels,
            annotations: &self.annotations,
            owners: &self.owner_references,
            writers: &writers,
        };
        marks.keeper()
    }

    fn external(&self) -> Option<External> {
        let mut owners = self.owner_references.iter();
        let owner = owners.find(|owner| {
            &*owner.kind == "ExternalSecret"
                && owner.api_version.starts_with("external-secrets.io/")
        });
        let merged = self.labels.get("reconcile.external-secrets.io/managed");
        match owner {
            Some(owner) => Some(External::Named((&*owner.name).into())),
            None => merged
                .is_some_and(|managed| &**managed == "true")
                .then_some(External::Unnamed),
        }
    }
}

impl Ask for Get {
    type Platform = Cluster;
    type Answer = Got;

    /// Hops that look at pods come to ask for what feeds them when their list is there.
    const KEEP: bool = true;

    fn place(&self, cluster: &Cluster, _: &Got) -> Option<String> {
        let (kind, host) = (self.resource.plural(), cluster.host()?);
        Some(format!("{kind} {host} {}/{}", self.namespace, self.name))
    }

    fn host(&self, cluster: &Cluster) -> Option<Arc<str>> {
        cluster.host()
    }

    fn describe(&self) -> String {
        let Self {
            resource,
            namespace,
            name,
        } = self;
        format!(
            "get {}/{} in {}",
            resource.plural(),
            escape(name),
            escape(namespace)
        )
    }

    async fn send(cluster: &Cluster, asks: Vec<Self>) -> Vec<Result<Got, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        let kubectl = cluster.kubectl();
        for ask in asks {
            let object = ask.read(cluster).await;
            answers.push(object.map(|object| Got {
                object,
                kubectl: kubectl.clone(),
            }));
        }
        answers
    }
}

impl Get {
    async fn read(&self, cluster: &Cluster) -> Result<Option<Object>, ReadError> {
        let resource = self.resource.plural();
        let place = Place::new("v1", &self.namespace, resource).of(&self.name);
        let reply = cluster.get(&place, MOST).await?;
        if reply.status.is_success() {
            return self.object(&reply).map(Some);
        }
        let permission = Permission {
            verb: "get",
            group: "",
            resource,
            namespace: &self.namespace,
            name: Some(&self.name),
        };
        let status = Status::of(&reply);
        if reply.status.as_u16() == 404 && status.says_absent(&permission) {
            return Ok(None);
        }
        Err(status.into_error(&reply, &permission, &cluster.kubectl()))
    }

    fn object(&self, reply: &Reply) -> Result<Object, ReadError> {
        let Answer {
            metadata,
            data,
            binary,
            immutable,
            kind,
        } = reply.json()?;
        let decode = |Members(data): Members<SecretText>| {
            let data = data.into_iter();
            data.map(|(key, digits)| Some((key, decoded(digits.0.expose())?)))
                .collect::<Option<HashMap<_, _>>>()
                .ok_or_else(|| self.no_base64())
        };
        let data = data.unwrap_or_default();
        let data = match self.resource {
            Resource::Secret => decode(data)?,
            Resource::ConfigMap => data
                .0
                .into_iter()
                .map(|(key, text)| (key, text.0))
                .collect(),
        };
        let changes = Changes::of(metadata.creation_timestamp, &metadata.managed_fields);
        Ok(Object {
            data,
            binary: decode(binary.unwrap_or_default())?,
            immutable: immutable.unwrap_or_default(),
            kind: kind.unwrap_or_default(),
            external: metadata.external(),
            keeper: metadata.keeper(&changes),
            changes,
        })
    }

    fn no_base64(&self) -> ReadError {
        ReadError::new(
            ErrorKind::BadData,
            format!(
                "the {} {} in {} holds what is no base64",
                self.resource.kind(),
                escape(&self.name),
                escape(&self.namespace)
            ),
            "ask for it by hand with `kubectl get`; something else may be listening there",
        )
    }
}
