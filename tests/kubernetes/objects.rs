//! What is in a cluster, in the types of its API.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{
    ConfigMap, Container, ContainerState, ContainerStateRunning, ContainerStateTerminated,
    ContainerStateWaiting, ContainerStatus, EnvVar, EnvVarSource, Pod, PodSpec, PodStatus, Secret,
    SecretKeySelector,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{
    FieldsV1, ManagedFieldsEntry, ObjectMeta, OwnerReference, Time,
};
use serde_json::json;

/// The rotation, the Secret's change after it, and when containers started.
pub const ROTATED: &str = "2025-11-20T09:00:00Z";
pub const WRITTEN: &str = "2025-11-20T09:05:00Z";
pub const BEFORE: &str = "2025-11-19T08:00:00Z";
pub const BETWEEN: &str = "2025-11-20T09:06:00Z";
pub const AFTER: &str = "2025-11-20T10:00:00Z";

fn time(text: &str) -> Time {
    Time(text.parse().unwrap())
}

fn metadata(namespace: &str, name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some(namespace.to_owned()),
        creation_timestamp: Some(time("2025-01-01T00:00:00Z")),
        uid: Some(format!("uid-of-{name}")),
        resource_version: Some("7".to_owned()),
        ..ObjectMeta::default()
    }
}

/// Who wrote a key of the data, and when.
fn written(key: &str) -> Vec<ManagedFieldsEntry> {
    let entry = |manager: &str, at: &str, fields| ManagedFieldsEntry {
        api_version: Some("v1".to_owned()),
        fields_type: Some("FieldsV1".to_owned()),
        fields_v1: Some(FieldsV1(fields)),
        manager: Some(manager.to_owned()),
        operation: Some("Update".to_owned()),
        time: Some(time(at)),
        ..ManagedFieldsEntry::default()
    };
    vec![
        entry(
            "helm",
            "2025-01-01T00:00:00Z",
            json!({"f:data": {".": {}}, "f:type": {}}),
        ),
        entry(
            "kubectl-patch",
            WRITTEN,
            json!({"f:data": {(format!("f:{key}")): {}}}),
        ),
    ]
}

pub fn secret(namespace: &str, name: &str, key: &str, value: &str) -> Secret {
    Secret {
        metadata: ObjectMeta {
            managed_fields: Some(written(key)),
            ..metadata(namespace, name)
        },
        data: Some(BTreeMap::from([(key.to_owned(), ByteString(value.into()))])),
        type_: Some("Opaque".to_owned()),
        ..Secret::default()
    }
}

pub fn config_map(namespace: &str, name: &str, key: &str, value: &str) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta {
            managed_fields: Some(written(key)),
            ..metadata(namespace, name)
        },
        data: Some(BTreeMap::from([(key.to_owned(), value.to_owned())])),
        ..ConfigMap::default()
    }
}

/// A variable `KEY` from a Secret.
pub fn from_secret(name: &str, key: &str) -> EnvVar {
    EnvVar {
        name: "KEY".to_owned(),
        value_from: Some(EnvVarSource {
            secret_key_ref: Some(SecretKeySelector {
                name: name.to_owned(),
                key: key.to_owned(),
                optional: None,
            }),
            ..EnvVarSource::default()
        }),
        ..EnvVar::default()
    }
}

pub fn plain(value: &str) -> EnvVar {
    EnvVar {
        name: "KEY".to_owned(),
        value: Some(value.to_owned()),
        ..EnvVar::default()
    }
}

/// A running pod with one container, `app`, that started then.
pub fn pod((namespace, name): (&str, &str), app: &str, started: &str, env: Vec<EnvVar>) -> Pod {
    let container = Container {
        name: "app".to_owned(),
        image: Some("registry.example/app:1".to_owned()),
        env: Some(env),
        ..Container::default()
    };
    pod_of((namespace, name), app, started, container)
}

pub fn pod_of(
    (namespace, name): (&str, &str),
    app: &str,
    started: &str,
    container: Container,
) -> Pod {
    let state = ContainerState {
        running: Some(ContainerStateRunning {
            started_at: Some(time(started)),
        }),
        ..ContainerState::default()
    };
    let status = ContainerStatus {
        name: container.name.clone(),
        ready: true,
        state: Some(state),
        ..ContainerStatus::default()
    };
    Pod {
        metadata: ObjectMeta {
            labels: Some(BTreeMap::from([("app".to_owned(), app.to_owned())])),
            ..metadata(namespace, name)
        },
        spec: Some(PodSpec {
            containers: vec![container],
            ..PodSpec::default()
        }),
        status: Some(PodStatus {
            phase: Some("Running".to_owned()),
            container_statuses: Some(vec![status]),
            ..PodStatus::default()
        }),
    }
}

/// The same pod in another phase, its first container in another state.
fn in_phase(mut pod: Pod, phase: &str, state: ContainerState, restarts: i32) -> Pod {
    let status = pod.status.as_mut().unwrap();
    status.phase = Some(phase.to_owned());
    let container = &mut status.container_statuses.as_mut().unwrap()[0];
    container.state = Some(state);
    container.ready = false;
    container.restart_count = restarts;
    pod
}

/// The same pod, whose container waits for this reason.
pub fn waiting(pod: Pod, phase: &str, reason: &str, restarts: i32) -> Pod {
    let state = ContainerState {
        waiting: Some(ContainerStateWaiting {
            reason: Some(reason.to_owned()),
            ..ContainerStateWaiting::default()
        }),
        ..ContainerState::default()
    };
    in_phase(pod, phase, state, restarts)
}

/// The same pod, whose container ended with this code.
pub fn ended(pod: Pod, phase: &str, exit_code: i32) -> Pod {
    let state = ContainerState {
        terminated: Some(ContainerStateTerminated {
            exit_code,
            reason: Some("Error".to_owned()),
            ..ContainerStateTerminated::default()
        }),
        ..ContainerState::default()
    };
    in_phase(pod, phase, state, 0)
}

/// The same pod, before any node took it.
pub fn unscheduled(mut pod: Pod) -> Pod {
    pod.status = Some(PodStatus {
        phase: Some("Pending".to_owned()),
        ..PodStatus::default()
    });
    pod
}

/// The same pod, on its way out.
pub fn terminating(mut pod: Pod) -> Pod {
    pod.metadata.deletion_timestamp = Some(time(AFTER));
    pod
}

/// The same pod, controlled by something.
pub fn owned(mut pod: Pod, api_version: &str, kind: &str, name: &str) -> Pod {
    pod.metadata.owner_references = Some(vec![owner(api_version, kind, name)]);
    pod
}

pub fn owner(api_version: &str, kind: &str, name: &str) -> OwnerReference {
    OwnerReference {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
        uid: format!("uid-of-{name}"),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

pub fn named(namespace: &str, name: &str) -> ObjectMeta {
    metadata(namespace, name)
}
