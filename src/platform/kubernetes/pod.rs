//! What a pod is made of, as far as it says where keys in it come from.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use super::Resource;
use crate::extract::SecretText;
use crate::key::Secret;

/// A pod.
pub struct Pod {
    /// Its name.
    pub name: Box<str>,
    /// Its labels.
    pub labels: HashMap<Box<str>, Box<str>>,
    /// Its annotations; some hold a copy of its specification, values included.
    pub annotations: HashMap<Box<str>, Secret>,
    /// What started it and replaces it.
    pub owner: Option<Owner>,
    /// Its containers: init containers, those of the application, and ephemeral ones.
    pub containers: Vec<Container>,
    /// Its volumes.
    pub volumes: Vec<Volume>,
}

/// What controls an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// `ReplicaSet`, `Job` and so on.
    pub kind: Box<str>,
    /// Its name.
    pub name: Box<str>,
}

/// A container of a pod.
pub struct Container {
    /// Its name, of which the pod has no other.
    pub name: Box<str>,
    /// Its variables, in order.
    pub env: Vec<Variable>,
    /// What it takes whole into its environment, in order.
    pub env_from: Vec<EnvFrom>,
    /// What is mounted in it.
    pub mounts: Vec<Mount>,
    /// What it does now.
    pub state: State,
}

/// What a container does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It runs, since then where that is told.
    Running(Option<Timestamp>),
    /// It has not started, or will again: why.
    Waiting(Box<str>),
    /// It is over.
    Ended,
}

/// A variable that a container's specification sets.
pub struct Variable {
    /// Its name.
    pub name: Box<str>,
    /// Its value, with references to other variables not followed.
    pub value: Option<Secret>,
    /// Where its value comes from, if it has none of its own.
    pub from: Option<ValueFrom>,
}

/// Where a variable's value comes from.
pub enum ValueFrom {
    /// A key of a Secret or a ConfigMap.
    Key {
        /// Which of the two.
        resource: Resource,
        /// Its name.
        name: Arc<str>,
        /// The key.
        key: Box<str>,
        /// Whether the container starts without it.
        optional: bool,
    },
    /// A field of the pod itself.
    Field(Box<str>),
    /// Anything else.
    Other,
}

/// A Secret or a ConfigMap, each key of which becomes a variable.
pub struct EnvFrom {
    /// Which of the two.
    pub resource: Resource,
    /// Its name.
    pub name: Arc<str>,
    /// What is put before each key.
    pub prefix: Box<str>,
}

/// Where a volume is mounted.
pub struct Mount {
    /// The volume's name.
    pub volume: Box<str>,
    /// The path in the container.
    pub path: Box<str>,
    /// The part of the volume that is mounted; then it is fixed when the container starts.
    pub part: Option<Part>,
}

/// A part of a volume.
pub enum Part {
    /// This path in it.
    Path(Box<str>),
    /// A path made from variables.
    Expression,
}

/// A volume.
pub struct Volume {
    /// Its name in the pod.
    pub name: Box<str>,
    /// What it is.
    pub kind: VolumeKind,
}

/// What a volume is.
pub enum VolumeKind {
    /// Files made from Secrets and ConfigMaps, in order; the later one wins.
    Projected(Vec<Projected>),
    /// Anything else.
    Other,
}

/// A Secret or a ConfigMap as files.
pub struct Projected {
    /// Which of the two.
    pub resource: Resource,
    /// Its name.
    pub name: Arc<str>,
    /// The keys that become files, and their paths; all of them, under their own names, unless said.
    pub items: Option<Vec<Item>>,
}

/// A key that becomes a file.
#[derive(Deserialize)]
pub struct Item {
    /// The key.
    pub key: Box<str>,
    /// The path in the volume.
    pub path: Box<str>,
}

/// A pod as the API server writes it.
#[derive(Deserialize)]
pub(super) struct Written {
    metadata: Metadata,
    spec: Spec,
    #[serde(default)]
    status: Status,
}

/// What everything has.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub name: Box<str>,
    #[serde(default)]
    labels: HashMap<Box<str>, Box<str>>,
    #[serde(default)]
    annotations: HashMap<Box<str>, SecretText>,
    #[serde(default)]
    owner_references: Vec<Reference>,
}

#[derive(Deserialize)]
struct Reference {
    kind: Box<str>,
    name: Box<str>,
    #[serde(default)]
    controller: bool,
}

impl Metadata {
    /// What controls it.
    pub fn owner(&mut self) -> Option<Owner> {
        let owners = self.owner_references.drain(..);
        let owner = owners.into_iter().find(|owner| owner.controller)?;
        Some(Owner {
            kind: owner.kind,
            name: owner.name,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default)]
    containers: Vec<WrittenContainer>,
    #[serde(default)]
    init_containers: Vec<WrittenContainer>,
    #[serde(default)]
    ephemeral_containers: Vec<WrittenContainer>,
    #[serde(default)]
    volumes: Vec<WrittenVolume>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenContainer {
    name: Box<str>,
    #[serde(default)]
    env: Vec<WrittenVariable>,
    #[serde(default)]
    env_from: Vec<WrittenFrom>,
    #[serde(default)]
    volume_mounts: Vec<WrittenMount>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenVariable {
    name: Box<str>,
    value: Option<SecretText>,
    value_from: Option<WrittenValueFrom>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenValueFrom {
    secret_key_ref: Option<KeyReference>,
    config_map_key_ref: Option<KeyReference>,
    field_ref: Option<FieldReference>,
}

#[derive(Deserialize)]
struct KeyReference {
    #[serde(default)]
    name: Arc<str>,
    key: Box<str>,
    #[serde(default)]
    optional: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FieldReference {
    field_path: Box<str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenFrom {
    #[serde(default)]
    prefix: Box<str>,
    secret_ref: Option<Named>,
    config_map_ref: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    name: Arc<str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenMount {
    name: Box<str>,
    mount_path: Box<str>,
    #[serde(default)]
    sub_path: Box<str>,
    #[serde(default)]
    sub_path_expr: Box<str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenVolume {
    name: Box<str>,
    secret: Option<SecretVolume>,
    config_map: Option<WrittenProjected>,
    projected: Option<Sources>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SecretVolume {
    #[serde(default)]
    secret_name: Arc<str>,
    items: Option<Vec<Item>>,
}

#[derive(Deserialize)]
struct WrittenProjected {
    #[serde(default)]
    name: Arc<str>,
    items: Option<Vec<Item>>,
}

#[derive(Deserialize)]
struct Sources {
    #[serde(default)]
    sources: Option<Vec<Source>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Source {
    secret: Option<WrittenProjected>,
    config_map: Option<WrittenProjected>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    phase: Box<str>,
    container_statuses: Vec<ContainerStatus>,
    init_container_statuses: Vec<ContainerStatus>,
    ephemeral_container_statuses: Vec<ContainerStatus>,
}

#[derive(Deserialize)]
struct ContainerStatus {
    name: Box<str>,
    #[serde(default)]
    state: WrittenState,
}

#[derive(Default, Deserialize)]
struct WrittenState {
    running: Option<Running>,
    waiting: Option<Waiting>,
    terminated: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Running {
    started_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Waiting {
    #[serde(default)]
    reason: Box<str>,
}

impl WrittenState {
    fn told(self) -> State {
        match (self.running, self.terminated, self.waiting) {
            (Some(running), _, _) => State::Running(running.started_at),
            (None, Some(_), _) => State::Ended,
            (None, None, Some(waiting)) => State::Waiting(waiting.reason),
            // What the API server takes an empty state for.
            (None, None, None) => State::Waiting(Box::default()),
        }
    }
}

impl From<Written> for Pod {
    fn from(written: Written) -> Self {
        let Written {
            mut metadata,
            spec,
            status,
        } = written;
        let owner = metadata.owner();
        // What is evicted may still be said to run.
        let over = matches!(&*status.phase, "Succeeded" | "Failed");
        let statuses = [
            status.init_container_statuses,
            status.container_statuses,
            status.ephemeral_container_statuses,
        ];
        let mut states: HashMap<Box<str>, State> = statuses
            .into_iter()
            .flatten()
            .map(|status| (status.name, status.state.told()))
            .collect();
        let containers = [
            spec.init_containers,
            spec.containers,
            spec.ephemeral_containers,
        ];
        let containers = containers.into_iter().flatten().map(|container| {
            let state = match states.remove(&container.name) {
                _ if over => State::Ended,
                Some(state) => state,
                None => State::Waiting(Box::default()),
            };
            container.read(state)
        });
        Self {
            name: metadata.name,
            labels: metadata.labels,
            annotations: metadata
                .annotations
                .into_iter()
                .map(|(name, text)| (name, text.0))
                .collect(),
            owner,
            containers: containers.collect(),
            volumes: spec.volumes.into_iter().map(WrittenVolume::read).collect(),
        }
    }
}

impl WrittenContainer {
    fn read(self, state: State) -> Container {
        Container {
            name: self.name,
            env: self.env.into_iter().map(WrittenVariable::read).collect(),
            env_from: self
                .env_from
                .into_iter()
                .filter_map(WrittenFrom::read)
                .collect(),
            mounts: self
                .volume_mounts
                .into_iter()
                .map(WrittenMount::read)
                .collect(),
            state,
        }
    }
}

impl WrittenVariable {
    fn read(self) -> Variable {
        Variable {
            name: self.name,
            value: self.value.map(|text| text.0),
            from: self.value_from.map(WrittenValueFrom::read),
        }
    }
}

impl WrittenValueFrom {
    fn read(self) -> ValueFrom {
        let key = |resource, reference: KeyReference| ValueFrom::Key {
            resource,
            name: reference.name,
            key: reference.key,
            optional: reference.optional,
        };
        match (self.secret_key_ref, self.config_map_key_ref, self.field_ref) {
            (Some(reference), _, _) => key(Resource::Secret, reference),
            (None, Some(reference), _) => key(Resource::ConfigMap, reference),
            (None, None, Some(field)) => ValueFrom::Field(field.field_path),
            (None, None, None) => ValueFrom::Other,
        }
    }
}

impl WrittenFrom {
    fn read(self) -> Option<EnvFrom> {
        let (resource, named) = match (self.secret_ref, self.config_map_ref) {
            (Some(named), _) => (Resource::Secret, named),
            (None, Some(named)) => (Resource::ConfigMap, named),
            (None, None) => return None,
        };
        Some(EnvFrom {
            resource,
            name: named.name,
            prefix: self.prefix,
        })
    }
}

impl WrittenMount {
    fn read(self) -> Mount {
        let part = match (self.sub_path.is_empty(), self.sub_path_expr.is_empty()) {
            (false, _) => Some(Part::Path(self.sub_path)),
            (true, false) => Some(Part::Expression),
            (true, true) => None,
        };
        Mount {
            volume: self.name,
            path: self.mount_path,
            part,
        }
    }
}

impl WrittenVolume {
    fn read(self) -> Volume {
        let projected = |resource| {
            move |written: WrittenProjected| Projected {
                resource,
                name: written.name,
                items: written.items,
            }
        };
        let of_secret = self.secret.map(|volume| Projected {
            resource: Resource::Secret,
            name: volume.secret_name,
            items: volume.items,
        });
        let of_map = self.config_map.map(projected(Resource::ConfigMap));
        let kind = match (of_secret.or(of_map), self.projected) {
            (Some(one), _) => VolumeKind::Projected(vec![one]),
            (None, Some(several)) => {
                let sources = several.sources.unwrap_or_default().into_iter();
                let sources = sources.filter_map(|source| {
                    let secret = source.secret.map(projected(Resource::Secret));
                    secret.or(source.config_map.map(projected(Resource::ConfigMap)))
                });
                VolumeKind::Projected(sources.collect())
            }
            (None, None) => VolumeKind::Other,
        };
        Volume {
            name: self.name,
            kind,
        }
    }
}
