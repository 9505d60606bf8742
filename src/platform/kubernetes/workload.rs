use std::sync::Arc;

use serde::Deserialize;

use super::failure::Permission;
use super::list::{self, AT_ONCE};
use super::written::Metadata;
use super::{Cluster, Keeper, Owner, Selector, selector};
use crate::platform::{Ask, List, Page, Portion};
use crate::reading::ReadError;
use crate::text::escape;

/// What starts pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WorkloadKind {
    /// Through ReplicaSets.
    Deployment,
    /// Pods with names that stay.
    StatefulSet,
    /// One for each node.
    DaemonSet,
    /// Jobs, by the clock.
    CronJob,
    /// Until it is done.
    Job,
}

impl WorkloadKind {
    /// As people call it.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::CronJob => "CronJob",
            Self::Job => "Job",
        }
    }

    /// As it stands in URLs, rules and locations.
    #[must_use]
    pub fn plural(self) -> &'static str {
        match self {
            Self::Deployment => "deployments",
            Self::StatefulSet => "statefulsets",
            Self::DaemonSet => "daemonsets",
            Self::CronJob => "cronjobs",
            Self::Job => "jobs",
        }
    }

    /// Whether `kubectl rollout restart` replaces its pods.
    #[must_use]
    pub fn restarts(self) -> bool {
        !matches!(self, Self::CronJob | Self::Job)
    }

    fn group(self) -> &'static str {
        match self {
            Self::Deployment | Self::StatefulSet | Self::DaemonSet => "apps",
            Self::CronJob | Self::Job => "batch",
        }
    }
}

/// Asks for a page of everything of one kind in a namespace, so that it costs one list however many hops look
/// at it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ListWorkloads {
    kind: WorkloadKind,
    namespace: Arc<str>,
    page: Page,
}

/// What starts pods, as it is wanted to be.
pub struct Workload {
    /// Its name.
    pub name: Box<str>,
    /// What controls it.
    pub owner: Option<Owner>,
    /// Which pods are its own; a CronJob has none.
    pub selector: Option<Selector>,
    /// How many pods are wanted, where that is a number.
    pub desired: Option<u64>,
    /// Whether a CronJob starts nothing for now.
    pub suspended: bool,
    /// Who keeps it as it is.
    pub keeper: Option<Keeper>,
    /// Whether a restart waits until somebody resumes it.
    pub paused: bool,
    /// Whether its pods are only replaced when somebody deletes them.
    pub on_delete: bool,
}

#[derive(Deserialize)]
struct Written {
    metadata: Metadata,
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    selector: Option<selector::Written>,
    replicas: Option<u64>,
    #[serde(default)]
    suspend: bool,
    #[serde(default)]
    paused: bool,
    update_strategy: Option<Strategy>,
}

#[derive(Deserialize)]
struct Strategy {
    #[serde(rename = "type", default)]
    kind: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    desired_number_scheduled: Option<u64>,
}

impl ListWorkloads {
    /// From its beginning.
    #[must_use]
    pub fn of(kind: WorkloadKind, namespace: Arc<str>) -> Self {
        Self {
            kind,
            namespace,
            page: Page::first(AT_ONCE),
        }
    }

    async fn get(&self, cluster: &Cluster) -> Result<Portion<Vec<Workload>>, ReadError> {
        let permission = Permission {
            verb: "list",
            group: self.kind.group(),
            resource: self.kind.plural(),
            namespace: &self.namespace,
            name: None,
        };
        let api = format!("{}/v1", permission.group);
        let portion = list::page::<Written>(cluster, &api, &permission, &self.page).await?;
        Ok(portion.map(|all| all.items.into_iter().map(Workload::from).collect()))
    }
}

impl Ask for ListWorkloads {
    type Platform = Cluster;
    type Answer = Portion<Vec<Workload>>;
    const PAGED: bool = true;

    fn host(&self, cluster: &Cluster) -> Option<Arc<str>> {
        cluster.host()
    }

    fn divides(&self) -> bool {
        self.page.divides()
    }

    fn describe(&self) -> String {
        format!("list {}{}", List::of(self), self.page.shown())
    }

    async fn send(
        cluster: &Cluster,
        asks: Vec<Self>,
    ) -> Vec<Result<Portion<Vec<Workload>>, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.get(cluster).await);
        }
        answers
    }
}

impl List for ListWorkloads {
    type Items = Vec<Workload>;
    const TOOL: &'static str = "`kubectl get`";

    fn at(&self, page: Page) -> Self {
        Self {
            kind: self.kind,
            namespace: Arc::clone(&self.namespace),
            page,
        }
    }

    fn page(&self) -> &Page {
        &self.page
    }

    fn of(&self) -> String {
        format!("{} in {}", self.kind.plural(), escape(&self.namespace))
    }
}

impl From<Written> for Workload {
    fn from(written: Written) -> Self {
        let Written {
            metadata,
            spec,
            status,
        } = written;
        let owner = metadata.owner();
        let strategy = spec.update_strategy;
        Self {
            keeper: metadata.keeper(),
            paused: spec.paused,
            on_delete: strategy.is_some_and(|strategy| &*strategy.kind == "OnDelete"),
            name: metadata.name,
            owner,
            selector: spec.selector.map(Selector::from),
            desired: spec.replicas.or(status.desired_number_scheduled),
            suspended: spec.suspend,
        }
    }
}
