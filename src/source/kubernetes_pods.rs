mod expand;
mod feed;
mod file;
mod hold;
mod select;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Info, Source};
use crate::platform::kubernetes::{Container, Pod, Selector, State, check_name};
use crate::platform::{Asking, Stop};
use crate::reading::{ErrorKind, Found, ReadError, Reading};
use crate::text::{Escaped, escape};
use crate::verdict::{Evidence, Stage};
use feed::Fed;
use hold::Held;

/// A variable, or a file, of running pods in Kubernetes. One of `selector`, `deployment`, `statefulset`,
/// `daemonset` and `cronjob` says which pods.
#[derive(PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubernetesPods {
    /// The declared store; unless said, the cluster that kubectl would ask.
    #[serde(default)]
    store: Option<Arc<str>>,
    /// The namespace.
    namespace: Arc<str>,
    /// The pods' labels, as `kubectl -l` takes them: `app=checkout,tier!=test,env in (a,b),!canary`.
    #[serde(default)]
    selector: Option<Box<str>>,
    /// The Deployment whose pods are meant, those of earlier ReplicaSets too.
    #[serde(default)]
    deployment: Option<Box<str>>,
    /// The StatefulSet whose pods are meant.
    #[serde(default)]
    statefulset: Option<Box<str>>,
    /// The DaemonSet whose pods are meant.
    #[serde(default)]
    daemonset: Option<Box<str>>,
    /// The CronJob whose jobs' pods are meant.
    #[serde(default)]
    cronjob: Option<Box<str>>,
    /// The container; every one that has the variable unless said.
    #[serde(default)]
    container: Option<Box<str>>,
    /// The file that holds the key, as the container sees it; the variable is meant unless said.
    #[serde(default)]
    file: Option<Box<str>>,
    /// An annotation or label of the pods that holds a fingerprint of their key: somebody's claim, which
    /// proves nothing.
    #[serde(default)]
    fingerprint: Option<Box<str>>,
}

impl Source for KubernetesPods {
    const INFO: Info = Info {
        id: "kubernetes_pods",
        title: "a variable or a file of running pods in Kubernetes",
        stage: Some(Stage::Running),
        store: Some("kubernetes"),
        proves: &[Evidence::Value, Evidence::Timestamp],
        replicas: ["container", "containers"],
        permission: "a Role with `list` on pods and on the kind of what is named, and `get` on the Secrets and ConfigMaps that feed the pods",
        credentials: &["KUBECONFIG"],
        example: "\
- kubernetes_pods: { store: cluster-eu, namespace: checkout, selector: 'app=checkout-api' }
- kubernetes_pods: { namespace: checkout, deployment: checkout-api, container: app }
- kubernetes_pods: { namespace: checkout, statefulset: ledger, file: /etc/keys/api_key }
",
        tested: "a fake API server that speaks in the API's own types and checks tokens, certificates and RBAC",
        manual: include_str!("kubernetes_pods/manual.md"),
    };

    fn check(&self) -> Result<(), String> {
        check_name("namespace", &self.namespace)?;
        let workloads = [
            &self.deployment,
            &self.statefulset,
            &self.daemonset,
            &self.cronjob,
        ];
        let named: Vec<_> = workloads.into_iter().flatten().collect();
        match (&self.selector, &named[..]) {
            (Some(selector), []) => Selector::parse(selector).map(drop)?,
            (None, [name]) => check_name("workload", name)?,
            _ => {
                return Err(
                    "expected one of `selector`, `deployment`, `statefulset`, `daemonset` and `cronjob`"
                        .to_owned(),
                );
            }
        }
        if let Some(container) = &self.container {
            check_name("container", container)?;
        }
        if let Some(file) = &self.file {
            file::check(file)?;
        }
        if self.fingerprint.as_deref() == Some("") {
            return Err("expected an annotation's name, not nothing".to_owned());
        }
        Ok(())
    }

    fn store(&self) -> Option<&str> {
        self.store.as_deref()
    }

    fn location(&self, _at: At<'_>) -> String {
        let mut location = "kubernetes:".to_owned();
        if let Some(store) = &self.store {
            location.push_str(&format!("{}/", Escaped(store)));
        }
        location.push_str(&format!("{}/", Escaped(&self.namespace)));
        match (self.workload(), &self.selector) {
            (Some((kind, name)), _) => {
                location.push_str(&format!("{}/{}", kind.plural(), Escaped(name)));
            }
            (None, selector) => {
                let selector = selector.as_deref().unwrap_or_default();
                location.push_str(&format!("pods?{}", Escaped(selector)));
            }
        }
        if let Some(container) = &self.container {
            location.push_str(&format!(" {}", Escaped(container)));
        }
        if let Some(file) = &self.file {
            location.push_str(&format!("#{}", Escaped(file)));
        }
        location
    }

    fn remedy(&self, _at: At<'_>) -> String {
        let namespace = escape(&self.namespace);
        let cluster = self.store.as_ref().map_or(String::new(), |store| {
            format!(", in the cluster {}", Escaped(store))
        });
        match (self.workload(), &self.selector) {
            (Some((kind, name)), _) if kind.restarts() => format!(
                "restart it with `kubectl rollout restart {}/{} -n {namespace}`{cluster}",
                kind.kind().to_lowercase(),
                escape(name)
            ),
            (Some((_, name)), _) => format!(
                "let its jobs end, and start one with `kubectl create job --from=cronjob/{} NAME -n {namespace}`{cluster}",
                escape(name)
            ),
            (None, selector) => format!(
                "restart what owns the pods with `kubectl rollout restart deployment/NAME -n {namespace}`{cluster}: `kubectl get pods -n {namespace} -l '{}' -o wide` lists them",
                escape(selector.as_deref().unwrap_or_default())
            ),
        }
    }

    fn follows(&self) -> Option<&'static str> {
        Some("the Secrets and ConfigMaps that feed the pods it finds")
    }

    fn read(&self, at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        let chosen = self.choose(asking)?;
        let mut readings = Vec::new();
        let mut waiting = Vec::new();
        let mut pending = false;
        for pod in &chosen.pods {
            // Everything is asked for before anything is waited for.
            match self.look(pod, at, asking) {
                Ok(Seen::Readings(seen)) => readings.extend(seen),
                Ok(Seen::Waiting(reading)) => waiting.push(reading),
                Ok(Seen::Nothing) => {}
                Err(Stop::Pending) => pending = true,
                Err(stop) => return Err(stop),
            }
        }
        if pending {
            return Err(Stop::Pending);
        }
        if !readings.is_empty() {
            return Ok(readings);
        }
        if !waiting.is_empty() {
            return Ok(waiting);
        }
        match chosen.idle {
            Some(why) => Ok(vec![Reading::new(Found::hidden(None, why))]),
            None => Err(self.nothing_runs().into()),
        }
    }
}

/// What a pod shows.
enum Seen {
    /// What its running containers hold.
    Readings(Vec<Reading>),
    /// That the container which will have the key has not started.
    Waiting(Reading),
    /// That nothing of it runs.
    Nothing,
}

impl KubernetesPods {
    fn look(&self, pod: &Pod, at: At<'_>, asking: &Asking<'_>) -> Result<Seen, Stop> {
        let meant = |container: &&Container| match &self.container {
            Some(named) => container.name == *named,
            None => true,
        };
        let containers: Vec<_> = pod.containers.iter().filter(meant).collect();
        if containers.is_empty() {
            let error = Found::Failed(self.no_container(pod));
            return Ok(Seen::Readings(vec![
                Reading::new(error).of_replica(pod.name.clone()),
            ]));
        }
        let mut held = Vec::new();
        let mut runs = false;
        let mut pending = false;
        for container in &containers {
            let State::Running(started_at) = container.state else {
                continue;
            };
            runs = true;
            let fed = self.fed(pod, container, at);
            match hold::found(fed, started_at, &self.namespace, asking) {
                Ok(Held::Found(found)) => held.push((container, started_at, found)),
                Ok(Held::Unset) => {}
                Err(Stop::Pending) => pending = true,
                Err(stop) => return Err(stop),
            }
        }
        if pending {
            return Err(Stop::Pending);
        }
        if held.is_empty() {
            return Ok(self.without(pod, &containers, runs, at));
        }
        let several = held.len() > 1;
        let readings = held.into_iter().map(|(container, started_at, found)| {
            let replica = match several {
                true => format!("{}/{}", pod.name, container.name),
                false => pod.name.to_string(),
            };
            Reading::new(self.attested(pod, found))
                .of_replica(replica)
                .started_at(started_at)
        });
        Ok(Seen::Readings(readings.collect()))
    }

    /// A pod no running container of which has the key.
    fn without(&self, pod: &Pod, containers: &[&Container], runs: bool, at: At<'_>) -> Seen {
        let reading = |found| Reading::new(found).of_replica(pod.name.clone());
        let has_it = |container: &&Container| self.fed(pod, container, at).is_any();
        let mut others = containers.iter().copied().filter(has_it);
        let waits = others.clone().find_map(|container| match &container.state {
            State::Waiting(reason) => Some(reason),
            State::Running(_) | State::Ended => None,
        });
        if let Some(reason) = waits {
            let why = match reason.is_empty() {
                true => "it has not started, so it holds nothing yet".to_owned(),
                false => format!("it waits ({}), so it holds nothing now", Escaped(reason)),
            };
            return Seen::Waiting(reading(Found::hidden(None, why)));
        }
        if !runs {
            return Seen::Nothing;
        }
        if let Some(over) = others.find(|container| container.state == State::Ended) {
            let why = format!(
                "only its container {} has the key, and that is over",
                Escaped(&over.name)
            );
            return Seen::Readings(vec![reading(Found::hidden(None, why))]);
        }
        let absent = reading(Found::Absent);
        Seen::Readings(vec![absent.with_note(match &self.file {
            Some(_) => {
                "no Secret or ConfigMap is mounted there; what the image has there is not seen"
            }
            None => "the pod does not set it; what the image sets itself is not seen",
        })])
    }

    fn fed<'p>(&self, pod: &'p Pod, container: &'p Container, at: At<'_>) -> Fed {
        match &self.file {
            Some(file) => file::feeds(pod, container, file),
            None => feed::feeds(container, at.variable),
        }
    }

    /// What is found, with somebody's claim of what it is where nothing better is there.
    fn attested(&self, pod: &Pod, found: Found) -> Found {
        let Some(name) = &self.fingerprint else {
            return found;
        };
        let claim = pod.annotations.get(name).map(|text| text.expose());
        let claim = claim.or_else(|| Some(pod.labels.get(name)?.as_bytes()));
        hold::claimed(found, name, claim)
    }

    fn nothing_runs(&self) -> ReadError {
        let what = match self.workload() {
            Some((kind, name)) => format!("no pod of the {} {} runs", kind.kind(), escape(name)),
            None => "no pod with these labels runs".to_owned(),
        };
        ReadError::new(
            ErrorKind::NotFound,
            format!("{what} in {}", escape(&self.namespace)),
            "correct the labels, the name or the namespace, or start it: where nothing runs nothing is proven",
        )
    }

    fn no_container(&self, pod: &Pod) -> ReadError {
        let names: Vec<_> = pod.containers.iter().map(|it| escape(&it.name)).collect();
        let named = self.container.as_deref().unwrap_or_default();
        ReadError::new(
            ErrorKind::NotFound,
            format!(
                "the pod has no container {}, only {}",
                escape(named),
                names.join(", ")
            ),
            "correct `container`",
        )
    }
}

#[cfg(test)]
mod tests;
