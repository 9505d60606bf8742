use std::sync::Arc;

use jiff::Timestamp;

use super::failure::Permission;
use super::list::{self, AT_ONCE};
use super::written::Written;
use super::{Cluster, Kubectl, Pod};
use crate::platform::{Ask, List, Page, Portion};
use crate::reading::ReadError;
use crate::text::escape;

/// Asks for a page of all pods of a namespace, so that it costs one list however many hops look at it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ListPods {
    namespace: Arc<str>,
    page: Page,
}

/// Some of the pods of a namespace.
pub struct ListedPods {
    /// The pods.
    pub pods: Vec<Pod>,
    /// When they were as they are told, by the API server's clock.
    pub at: Timestamp,
    /// How kubectl gets there.
    pub kubectl: Kubectl,
}

impl ListPods {
    /// From its beginning.
    #[must_use]
    pub fn of(namespace: Arc<str>) -> Self {
        let page = Page::first(AT_ONCE);
        Self { namespace, page }
    }

    async fn get(&self, cluster: &Cluster) -> Result<Portion<ListedPods>, ReadError> {
        let permission = Permission {
            verb: "list",
            group: "",
            resource: "pods",
            namespace: &self.namespace,
            name: None,
        };
        let portion = list::page::<Written>(cluster, "v1", &permission, &self.page).await?;
        Ok(portion.map(|listed| ListedPods {
            pods: listed.items.into_iter().map(Pod::from).collect(),
            at: listed.at,
            kubectl: cluster.kubectl(),
        }))
    }
}

impl Ask for ListPods {
    type Platform = Cluster;
    type Answer = Portion<ListedPods>;
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
    ) -> Vec<Result<Portion<ListedPods>, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.get(cluster).await);
        }
        answers
    }
}

impl List for ListPods {
    type Items = ListedPods;
    const TOOL: &'static str = "`kubectl get pods`";

    fn at(&self, page: Page) -> Self {
        Self {
            namespace: Arc::clone(&self.namespace),
            page,
        }
    }

    fn page(&self) -> &Page {
        &self.page
    }

    fn of(&self) -> String {
        format!("pods in {}", escape(&self.namespace))
    }
}
