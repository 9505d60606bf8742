use std::sync::Arc;

use jiff::Timestamp;

use super::failure::Permission;
use super::list::list;
use super::written::Written;
use super::{Cluster, Pod};
use crate::platform::Ask;
use crate::reading::ReadError;
use crate::text::escape;

/// Asks for all pods of a namespace, so that it costs one list however many hops look at it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ListPods {
    /// The namespace.
    pub namespace: Arc<str>,
}

/// All pods of a namespace.
pub struct ListedPods {
    /// The pods.
    pub pods: Vec<Pod>,
    /// When they were as they are told, by the API server's clock.
    pub at: Timestamp,
}

impl Ask for ListPods {
    type Platform = Cluster;
    type Answer = ListedPods;

    fn host(&self, cluster: &Cluster) -> Option<Arc<str>> {
        cluster.host()
    }

    fn describe(&self) -> String {
        format!("list pods in {}", escape(&self.namespace))
    }

    async fn send(cluster: &Cluster, asks: Vec<Self>) -> Vec<Result<ListedPods, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            let permission = Permission {
                verb: "list",
                group: "",
                resource: "pods",
                namespace: &ask.namespace,
                name: None,
            };
            let listed = list::<Written>(cluster, "v1", &permission).await;
            answers.push(listed.map(|listed| ListedPods {
                pods: listed.items.into_iter().map(Pod::from).collect(),
                at: listed.at,
            }));
        }
        answers
    }
}
