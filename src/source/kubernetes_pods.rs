mod command;
mod expand;
mod feed;
mod file;
mod hold;
mod look;
mod maker;
mod mend;
mod select;
mod start;
mod state;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Case, Info, Source};
use crate::platform::kubernetes::{Pod, Selector, check_name};
use crate::platform::{Asking, Locator, Stop};
use crate::reading::{ErrorKind, Found, Loads, ReadError, Reading};
use crate::text::{Escaped, escape};
use crate::verdict::{Evidence, Stage};

/// A variable, or a file, of pods in Kubernetes, those that do not run yet included. One of `selector`,
/// `deployment`, `statefulset`, `daemonset` and `cronjob` says which pods.
#[derive(PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubernetesPods {
    /// The declared store; by default the cluster that kubectl would ask.
    #[serde(default)]
    store: Option<Arc<str>>,
    /// The namespace.
    namespace: Arc<str>,
    /// The pods' labels, as `kubectl -l` takes them: `app=checkout,tier!=test,env in (a,b),!canary`.
    #[serde(default)]
    selector: Option<Box<str>>,
    /// The Deployment whose pods to read, those of earlier ReplicaSets too.
    #[serde(default)]
    deployment: Option<Box<str>>,
    /// The StatefulSet whose pods to read.
    #[serde(default)]
    statefulset: Option<Box<str>>,
    /// The DaemonSet whose pods to read.
    #[serde(default)]
    daemonset: Option<Box<str>>,
    /// The CronJob whose jobs' pods to read.
    #[serde(default)]
    cronjob: Option<Box<str>>,
    /// The container; by default every one that has the variable.
    #[serde(default)]
    container: Option<Box<str>>,
    /// The file that holds the key, as the container sees it, if it is not in the variable.
    #[serde(default)]
    file: Option<Box<str>>,
    /// An annotation or label of the pods that holds a fingerprint of their key: somebody's claim, which
    /// proves nothing.
    #[serde(default)]
    fingerprint: Option<Box<str>>,
    /// Where the program takes the key from, if not from that file.
    #[serde(default)]
    loads: Loads,
}

impl Source for KubernetesPods {
    const INFO: Info = Info {
        id: "kubernetes_pods",
        title: "a variable or a file of pods in Kubernetes",
        stage: Some(Stage::Running),
        store: Some("kubernetes"),
        proves: &[Evidence::Value, Evidence::Timestamp],
        replicas: ["container", "containers"],
        permission: "a Role with `list` on pods and on the kind of what is named, and `get` on the Secrets and ConfigMaps that feed the pods",
        credentials: &["KUBECONFIG"],
        example: "\
- kubernetes_pods: { store: cluster-eu, namespace: checkout, selector: 'app=checkout-api' }
- kubernetes_pods: { namespace: checkout, deployment: checkout-api, container: app, loads: itself }
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
            if self.loads != Loads::Environ {
                return Err("expected either `file` or `loads`".to_owned());
            }
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

    fn locate(&self, at: At<'_>, to: &mut Locator) {
        to.options([
            Some(at.variable),
            self.fingerprint.as_deref(),
            self.container.as_deref(),
        ]);
    }

    fn remedy(&self, _at: At<'_>, _: &Case<'_>) -> String {
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
                "wait for its jobs to end, and start one with `kubectl create job --from=cronjob/{} NAME -n {namespace}`{cluster}",
                escape(name)
            ),
            (None, selector) => format!(
                "restart what owns the pods with `kubectl rollout restart deployment/NAME -n {namespace}`{cluster}: `kubectl get pods -n {namespace} -l '{}' -o wide` lists them",
                escape(selector.as_deref().unwrap_or_default())
            ),
        }
    }

    fn follows(&self) -> Option<&'static str> {
        Some(
            "further pages of these lists, and the Secrets and ConfigMaps that feed the pods it finds",
        )
    }

    fn read(&self, at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        let chosen = self.choose(asking)?;
        let mut readings = Vec::new();
        let mut pending = false;
        // What has finished holds nothing, and is kept only so that its log can be read.
        for pod in chosen.pods.iter().filter(|pod| !pod.finished) {
            // Everything is asked for before anything is waited for.
            match self.look(pod, &chosen, at, asking) {
                Ok(seen) => readings.extend(seen),
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
        match chosen.idle {
            Some(why) => Ok(vec![Reading::new(Found::hidden(None, why))]),
            None => Err(self.nothing_runs().into()),
        }
    }
}

impl KubernetesPods {
    fn nothing_runs(&self) -> ReadError {
        let what = match self.workload() {
            Some((kind, name)) => format!("no pod of the {} {} runs", kind.kind(), escape(name)),
            None => "no pod with these labels runs".to_owned(),
        };
        ReadError::new(
            ErrorKind::NotFound,
            format!("{what} in {}", escape(&self.namespace)),
            "correct the labels, the name or the namespace, or start it: where nothing runs, nothing is proven",
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
