//! What a pod is made of, as far as it says where keys in it come from.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use super::{Keeper, Resource};
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
    /// Who keeps what it is made from, as far as its labels tell.
    pub keeper: Option<Keeper>,
    /// `Pending`, `Running` and so on, in the words of the API server.
    pub phase: Box<str>,
    /// Whether it succeeded, failed or was evicted, so that nothing in it runs or ever will.
    pub finished: bool,
    /// Whether it is being deleted. Until it is gone it may run.
    pub terminating: bool,
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
    /// What it runs in the place of the image's own command: `command`, and behind it `args`.
    pub words: Vec<Secret>,
    /// What it does now.
    pub state: State,
    /// Whether it says that it can do its work; true for what is never asked.
    pub ready: bool,
    /// Whether it was started before, in this pod.
    pub has_run: bool,
}

/// What a container does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It runs, since then where that is told.
    Running(Option<Timestamp>),
    /// It has not started, or has ended and will be started again: why, or nothing where that is not told.
    Waiting(Box<str>),
    /// It is over, and is not started again.
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
    /// A variable of an env file that another container of the pod writes (`fileKeyRef`).
    File(EnvFile),
    /// Anything else.
    Other,
}

/// A variable of an env file in a volume, which the kubelet reads when it starts a container.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnvFile {
    /// The volume's name in the pod.
    #[serde(rename = "volumeName")]
    pub volume: Box<str>,
    /// The path of the file in the volume.
    #[serde(default)]
    pub path: Box<str>,
    /// The variable's name in the file.
    #[serde(default)]
    pub key: Box<str>,
    /// Whether the container starts without the variable in the file. The file itself has to be there.
    #[serde(default)]
    pub optional: bool,
}

/// A Secret or a ConfigMap, each key of which becomes a variable.
pub struct EnvFrom {
    /// Which of the two.
    pub resource: Resource,
    /// Its name.
    pub name: Arc<str>,
    /// What is put before each key.
    pub prefix: Box<str>,
    /// Whether the container starts without it.
    pub optional: bool,
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
    /// Files made from these, in order; the later one wins.
    Projected(Vec<Projected>),
    /// Anything else.
    Other,
}

/// Where files of a volume come from.
pub enum Projected {
    /// A Secret or a ConfigMap.
    Object(ProjectedObject),
    /// What the kubelet makes itself, at these paths; at any where they are not told.
    Made {
        /// What it is: `downwardAPI`, `serviceAccountToken`.
        what: &'static str,
        /// The paths in the volume.
        paths: Option<Vec<Box<str>>>,
    },
}

/// A Secret or a ConfigMap as files.
pub struct ProjectedObject {
    /// Which of the two.
    pub resource: Resource,
    /// Its name.
    pub name: Arc<str>,
    /// The keys that become files, and their paths; by default all of them, under their own names.
    pub items: Option<Vec<Item>>,
    /// Whether the pod starts without it, or without one of the keys.
    pub optional: bool,
}

/// A key that becomes a file.
#[derive(Deserialize)]
pub struct Item {
    /// The key.
    pub key: Box<str>,
    /// The path in the volume.
    pub path: Box<str>,
}
