//! A pod as the API server writes it, and what it comes to.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Resource;
use super::keeper::{Keeper, Marks, Reference};
use super::ownership::ManagedPods;
use super::pod::{
    Container, EnvFile, EnvFrom, Mount, Owner, Part, Pod, State, ValueFrom, Variable,
};
use super::volume::WrittenVolume;
use crate::extract::SecretText;
use crate::platform::excerpt::first_words;

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
    deletion_timestamp: Option<IgnoredAny>,
    #[serde(default)]
    labels: HashMap<Box<str>, Box<str>>,
    #[serde(default)]
    annotations: HashMap<Box<str>, SecretText>,
    #[serde(default)]
    owner_references: Vec<Reference>,
    #[serde(default)]
    managed_fields: Vec<ManagedPods>,
}

impl Metadata {
    /// What controls it.
    pub fn owner(&self) -> Option<Owner> {
        let mut owners = self.owner_references.iter();
        owners.find(|owner| owner.controller).map(Owner::from)
    }

    /// Who keeps its containers as they are.
    pub fn keeper(&self) -> Option<Keeper> {
        self.kept_beside(&self.owner_references)
    }

    /// The same of what a pod is made from, whose labels it carries. Its owner is that itself.
    fn keeper_of_template(&self) -> Option<Keeper> {
        self.kept_beside(&[])
    }

    fn kept_beside(&self, owners: &[Reference]) -> Option<Keeper> {
        let managed = self.managed_fields.iter();
        let writers: Vec<_> = managed
            .filter_map(ManagedPods::writer_of_containers)
            .collect();
        let writers: Vec<_> = writers.iter().collect();
        let marks = Marks {
            labels: &self.labels,
            annotations: &self.annotations,
            owners,
            writers: &writers,
        };
        let own = || Keeper::of(writers.iter().map(|writer| (*writer, true)));
        marks.keeper().or_else(own)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default)]
    restart_policy: RestartPolicy,
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
    #[serde(default)]
    command: Vec<SecretText>,
    #[serde(default)]
    args: Vec<SecretText>,
    restart_policy: Option<RestartPolicy>,
    /// Which exit codes start it again, whatever the policy.
    #[serde(default)]
    restart_policy_rules: Vec<IgnoredAny>,
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
    file_key_ref: Option<EnvFile>,
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
    #[serde(default)]
    optional: bool,
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

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    phase: Box<str>,
    container_statuses: Vec<ContainerStatus>,
    init_container_statuses: Vec<ContainerStatus>,
    ephemeral_container_statuses: Vec<ContainerStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContainerStatus {
    name: Box<str>,
    #[serde(default)]
    state: WrittenState,
    #[serde(default)]
    last_state: WrittenState,
    #[serde(default)]
    restart_count: u64,
    ready: Option<bool>,
}

#[derive(Default, Deserialize)]
struct WrittenState {
    running: Option<Running>,
    waiting: Option<Waiting>,
    terminated: Option<Terminated>,
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
    #[serde(default)]
    message: Option<SecretText>,
}

impl Waiting {
    /// The reason; where it waits for its configuration, what is wrong with that. Other messages tell
    /// nothing more, or what the container runs.
    fn why(self) -> Box<str> {
        let told = match (&*self.reason, self.message) {
            ("CreateContainerConfigError", Some(message)) => {
                first_words(message.0.expose(), true, TOLD)
            }
            _ => String::new(),
        };
        match told.as_str() {
            "" => self.reason,
            told => format!("{}: {told}", self.reason).into(),
        }
    }
}

/// How much of why a container waits is told.
const TOLD: usize = 200;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Terminated {
    exit_code: Option<i64>,
    #[serde(default)]
    reason: Box<str>,
}

/// When a container that ended is started again. A policy of a later Kubernetes than this is one that
/// starts it.
#[derive(Clone, Copy, Default, PartialEq, Deserialize)]
enum RestartPolicy {
    OnFailure,
    Never,
    #[default]
    #[serde(other)]
    Always,
}

/// What a container is there for.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    /// It ends before the others start.
    Init,
    /// It starts before the others, and runs beside them.
    Sidecar,
    Application,
    /// It was put into the running pod by a person, and is started once.
    Ephemeral,
}

/// What decides what becomes of a pod's containers.
struct Circumstances<'a> {
    phase: &'a str,
    finished: bool,
    terminating: bool,
    policy: RestartPolicy,
}

impl From<Written> for Pod {
    fn from(written: Written) -> Self {
        let Written {
            metadata,
            spec,
            status,
        } = written;
        let owner = metadata.owner();
        let keeper = metadata.keeper_of_template();
        let pod = Circumstances {
            phase: &status.phase,
            // What is evicted may still be said to run.
            finished: matches!(&*status.phase, "Succeeded" | "Failed"),
            terminating: metadata.deletion_timestamp.is_some(),
            policy: spec.restart_policy,
        };
        let statuses = [
            status.init_container_statuses,
            status.container_statuses,
            status.ephemeral_container_statuses,
        ];
        let mut statuses: HashMap<Box<str>, ContainerStatus> = statuses
            .into_iter()
            .flatten()
            .map(|status| (status.name.clone(), status))
            .collect();
        let of = |role: Role| move |container: WrittenContainer| (role, container);
        let init = spec.init_containers.into_iter().map(|container| {
            let role = match container.restart_policy {
                Some(RestartPolicy::Always) => Role::Sidecar,
                _ => Role::Init,
            };
            (role, container)
        });
        let containers = init
            .chain(spec.containers.into_iter().map(of(Role::Application)))
            .chain(
                spec.ephemeral_containers
                    .into_iter()
                    .map(of(Role::Ephemeral)),
            )
            .map(|(role, container)| {
                let status = statuses.remove(&container.name);
                container.read(role, status, &pod)
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
            keeper,
            containers: containers.collect(),
            volumes: spec.volumes.into_iter().map(WrittenVolume::read).collect(),
            finished: pod.finished,
            terminating: pod.terminating,
            phase: status.phase,
        }
    }
}

impl Circumstances<'_> {
    fn state(
        &self,
        role: Role,
        container: &WrittenContainer,
        status: Option<WrittenState>,
    ) -> State {
        if self.finished {
            return State::Ended;
        }
        let Some(state) = status else {
            return self.untold(role);
        };
        match (state.running, state.terminated, state.waiting) {
            (Some(running), _, _) => State::Running(running.started_at),
            (None, Some(ended), _) => match self.restarts(role, container, ended.exit_code) {
                true => State::Waiting(ended.reason),
                false => State::Ended,
            },
            (None, None, Some(waiting)) => State::Waiting(waiting.why()),
            // What the API server takes an empty state for.
            (None, None, None) => State::Waiting(Box::default()),
        }
    }

    /// What a container does of which nothing is said. Where the pod is said to run, or nobody knows,
    /// nothing proves that it has not started.
    fn untold(&self, role: Role) -> State {
        match (self.phase, role) {
            ("Running" | "Unknown", Role::Application | Role::Sidecar) => State::Running(None),
            ("Running", Role::Init) => State::Ended,
            _ => State::Waiting(Box::default()),
        }
    }

    /// Whether a container that ended is started again.
    fn restarts(&self, role: Role, container: &WrittenContainer, exit_code: Option<i64>) -> bool {
        if self.terminating {
            return false;
        }
        let failed = exit_code != Some(0);
        if failed && !container.restart_policy_rules.is_empty() {
            return true;
        }
        let policy = container.restart_policy.unwrap_or(self.policy);
        match (role, policy) {
            (Role::Ephemeral, _) => false,
            // An init container that succeeded has done its work, and a failed one fails the pod
            // unless it may try again.
            (Role::Init, _) => failed && policy != RestartPolicy::Never,
            (_, RestartPolicy::Always) => true,
            (_, RestartPolicy::OnFailure) => failed,
            (_, RestartPolicy::Never) => false,
        }
    }
}

impl WrittenContainer {
    fn read(
        self,
        role: Role,
        status: Option<ContainerStatus>,
        pod: &Circumstances<'_>,
    ) -> Container {
        let has_run = status.as_ref().is_some_and(|status| {
            status.restart_count > 0
                || status.last_state.terminated.is_some()
                || status.state.terminated.is_some()
        });
        // Only these are asked whether they are ready for as long as they run.
        let is_asked = matches!(role, Role::Application | Role::Sidecar);
        let ready = status.as_ref().and_then(|status| status.ready);
        let state = pod.state(role, &self, status.map(|status| status.state));
        let words = self.command.into_iter().chain(self.args);
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
            words: words.map(|word| word.0).collect(),
            state,
            ready: !is_asked || ready.unwrap_or(true),
            has_run,
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
        match (self.secret_key_ref, self.config_map_key_ref) {
            (Some(reference), _) => key(Resource::Secret, reference),
            (None, Some(reference)) => key(Resource::ConfigMap, reference),
            (None, None) => match (self.field_ref, self.file_key_ref) {
                (Some(field), _) => ValueFrom::Field(field.field_path),
                (None, Some(file)) => ValueFrom::File(file),
                (None, None) => ValueFrom::Other,
            },
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
            optional: named.optional,
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
