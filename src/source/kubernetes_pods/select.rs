//! Which pods are meant.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::KubernetesPods;
use crate::platform::kubernetes::{
    Kubectl, ListPods, ListWorkloads, ListedPods, Pod, Selector, Workload, WorkloadKind,
};
use crate::platform::{Asking, Stop, pages};
use crate::reading::{ErrorKind, ReadError};
use crate::text::{Escaped, escape};

/// The pods that are meant.
pub(super) struct Chosen<'a> {
    pub pods: Vec<&'a Pod>,
    /// When they were as they are told.
    pub at: Timestamp,
    /// How kubectl gets there.
    pub kubectl: Kubectl,
    /// The workload that is named.
    pub workload: Option<(WorkloadKind, &'a Workload)>,
    /// Why there need be none.
    pub idle: Option<String>,
}

/// The pods of a namespace, and when they were so.
struct Pods<'a> {
    pods: Vec<&'a Pod>,
    at: Timestamp,
    kubectl: Kubectl,
}

impl KubernetesPods {
    /// The workload that is named.
    pub(super) fn workload(&self) -> Option<(WorkloadKind, &str)> {
        [
            (WorkloadKind::Deployment, &self.deployment),
            (WorkloadKind::StatefulSet, &self.statefulset),
            (WorkloadKind::DaemonSet, &self.daemonset),
            (WorkloadKind::CronJob, &self.cronjob),
        ]
        .into_iter()
        .find_map(|(kind, name)| Some((kind, name.as_deref()?)))
    }

    pub(super) fn choose<'a>(&self, asking: &Asking<'a>) -> Result<Chosen<'a>, Stop> {
        // All lists are asked for before one is waited for.
        let listed = pages(&ListPods::of(Arc::clone(&self.namespace)), asking);
        let Some((kind, name)) = self.workload() else {
            let listed = self.whole(&listed?)?;
            let selector = Selector::parse(self.selector.as_deref().unwrap_or_default());
            let meant = |pod: &&Pod| match &selector {
                Ok(selector) => selector.matches(&pod.labels),
                Err(_) => false,
            };
            return Ok(Chosen {
                pods: listed.pods.into_iter().filter(meant).collect(),
                at: listed.at,
                kubectl: listed.kubectl,
                workload: None,
                idle: None,
            });
        };
        let all = |kind| {
            let list = ListWorkloads::of(kind, Arc::clone(&self.namespace));
            pages(&list, asking)
        };
        let workloads = all(kind);
        let jobs = (kind == WorkloadKind::CronJob).then(|| all(WorkloadKind::Job));
        let workloads = workloads?;
        let jobs: Vec<&Workload> = jobs.transpose()?.into_iter().flatten().flatten().collect();
        let listed = self.whole(&listed?)?;
        let workload = workloads
            .into_iter()
            .flatten()
            .find(|workload| &*workload.name == name)
            .ok_or_else(|| self.no_workload(kind, name))?;
        let pods = listed.pods.into_iter();
        Ok(Chosen {
            pods: pods
                .filter(|pod| owns(kind, workload, &jobs, pod))
                .collect(),
            at: listed.at,
            kubectl: listed.kubectl,
            workload: Some((kind, workload)),
            idle: idle(kind, workload),
        })
    }

    /// All pods of the namespace, each once.
    fn whole<'a>(&self, pages: &[&'a ListedPods]) -> Result<Pods<'a>, ReadError> {
        let pods: Vec<_> = pages.iter().flat_map(|page| &page.pods).collect();
        let mut names = HashSet::with_capacity(pods.len());
        if !pods.iter().all(|pod| names.insert(&pod.name)) {
            return Err(ReadError::new(
                ErrorKind::Protocol,
                format!(
                    "the list of pods in {} names one twice",
                    escape(&self.namespace)
                ),
                "ask for it by hand with `kubectl get pods`; something else may be listening there",
            ));
        }
        let at = pages.first().map(|page| page.at);
        let kubectl = pages.first().map(|page| page.kubectl.clone());
        Ok(Pods {
            pods,
            kubectl: kubectl.unwrap_or_default(),
            at: at.unwrap_or_else(Timestamp::now),
        })
    }

    fn no_workload(&self, kind: WorkloadKind, name: &str) -> ReadError {
        ReadError::new(
            ErrorKind::NotFound,
            format!(
                "there is no {} {} in {}",
                kind.kind(),
                escape(name),
                escape(&self.namespace)
            ),
            "correct its name or the namespace",
        )
    }
}

/// Whether a pod is a workload's own. A Deployment's are those of all its ReplicaSets, which it finds by
/// the same labels.
fn owns(kind: WorkloadKind, workload: &Workload, jobs: &[&Workload], pod: &Pod) -> bool {
    let Some(owner) = &pod.owner else {
        return false;
    };
    match kind {
        WorkloadKind::Deployment => {
            let selector = workload.selector.as_ref();
            &*owner.kind == "ReplicaSet"
                && selector.is_some_and(|selector| selector.matches(&pod.labels))
        }
        WorkloadKind::CronJob => {
            &*owner.kind == "Job"
                && jobs.iter().any(|job| {
                    let by = job.owner.as_ref();
                    job.name == owner.name
                        && by.is_some_and(|by| &*by.kind == "CronJob" && by.name == workload.name)
                })
        }
        WorkloadKind::StatefulSet | WorkloadKind::DaemonSet | WorkloadKind::Job => {
            &*owner.kind == kind.kind() && owner.name == workload.name
        }
    }
}

/// Why a workload need not have a pod. None of these proves what the next one will hold.
fn idle(kind: WorkloadKind, workload: &Workload) -> Option<String> {
    let name = Escaped(&workload.name);
    let why = match kind {
        WorkloadKind::CronJob if workload.suspended => "is suspended",
        WorkloadKind::CronJob => "has no job that runs now",
        WorkloadKind::DaemonSet if workload.desired == Some(0) => "has no node to run on",
        _ if workload.desired == Some(0) => "is scaled to zero",
        _ => return None,
    };
    Some(format!(
        "the {} {name} {why}, so nobody holds the key and nothing is proven: audit what feeds it",
        kind.kind()
    ))
}
