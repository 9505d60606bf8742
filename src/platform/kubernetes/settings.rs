use std::path::Path;
use std::sync::{Arc, OnceLock};

use kube::Client;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Kubectl;
use super::config::{Loaded, load};
use super::connect::connect;
use crate::platform::credential::Credentials;
use crate::platform::http::host;
use crate::platform::session::Session;
use crate::platform::{Locator, Platform, Shared, Store, StoreInfo};
use crate::reading::ReadError;

/// A Kubernetes cluster.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Kubernetes {
    /// The context in the kubeconfig; by default its current one.
    pub(super) context: Option<Box<str>>,
    /// The kubeconfig; by default the files in `KUBECONFIG`, else `~/.kube/config`.
    pub(super) kubeconfig: Option<Arc<Path>>,
    /// Whether to log in with the service account of the pod that straggler runs in, though there is
    /// a kubeconfig too.
    pub(super) in_cluster: bool,
}

impl Store for Kubernetes {
    const INFO: StoreInfo = StoreInfo {
        id: "kubernetes",
        title: "Kubernetes",
        variables: &["KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"],
        example: "\
cluster-eu: { kubernetes: { context: prod-eu } }
cluster-us: { kubernetes: { kubeconfig: /etc/straggler/prod-us.kubeconfig } }
own-cluster: { kubernetes: { in_cluster: true } }
",
        manual: "\
Without settings, straggler uses the cluster that `kubectl` would use. The first of these that exists decides:

1. the current context of the files in `KUBECONFIG`,
2. else that of `~/.kube/config`,
3. else the cluster that straggler's own pod runs in.

A kubeconfig works as it does for kubectl: with tokens, token files, client certificates, exec plugins, \
impersonation (`as`), `proxy-url` and `tls-server-name`. A `tokenFile` takes precedence over a `token`, which is \
used only if the file cannot be read or is empty. Blanks and line breaks around a file's token are stripped.

An exec plugin runs once for each store, for as long as one read may take. It must not ask anything: one with \
`interactiveMode: Always` is not run. What it prints is never shown; its error messages are shown with the hop. \
A plugin that does not end is named, and ended together with everything it started.

One difference from kubectl: a cluster with `insecure-skip-tls-verify` is refused, because straggler always \
verifies the server. As with kubectl, no credential is sent to a server whose address starts with `http://`.

Hops name their namespaces; that of the context is not used. A hop's Secret is one request. The pods of a \
namespace are one request for all hops.",
    };

    type Platform = Cluster;

    fn files(&mut self, each: &mut dyn FnMut(&mut Arc<Path>)) {
        if let Some(path) = &mut self.kubeconfig {
            each(path);
        }
    }

    fn check(&self) -> Result<(), String> {
        if self.in_cluster && (self.context.is_some() || self.kubeconfig.is_some()) {
            return Err(
                "expected either `in_cluster` or a `context` of a kubeconfig, not both".to_owned(),
            );
        }
        let empty = self.context.as_deref() == Some("")
            || self.kubeconfig.as_deref() == Some(Path::new(""));
        if empty {
            return Err("expected a name, not nothing".to_owned());
        }
        Ok(())
    }

    fn open(&self, shared: &Shared) -> Cluster {
        Cluster {
            credentials: Arc::clone(&shared.credentials),
            said: self.clone(),
            loaded: OnceLock::new(),
            session: Session::default(),
        }
    }
}

/// A connection to the API server of a cluster.
pub struct Cluster {
    said: Kubernetes,
    credentials: Arc<Credentials>,
    loaded: OnceLock<Result<Loaded, ReadError>>,
    session: Session<Client>,
}

impl Platform for Cluster {
    const ID: &'static str = "kubernetes";

    fn locate(&self, to: &mut Locator) {
        to.option(self.host().as_deref());
    }
}

impl Cluster {
    /// What the kubeconfig says, read when it is first needed.
    pub(super) fn loaded(&self) -> Result<&Loaded, ReadError> {
        self.loaded
            .get_or_init(|| load(&self.said))
            .as_ref()
            .map_err(Clone::clone)
    }

    pub(super) async fn client(&self) -> Result<Arc<Client>, ReadError> {
        let loaded = self.loaded()?;
        self.session
            .get(async || connect(loaded, &self.credentials).await)
            .await
    }

    /// How kubectl is told that this one is meant.
    pub(super) fn kubectl(&self) -> Kubectl {
        Kubectl::of(&self.said)
    }

    pub(super) fn host(&self) -> Option<Arc<str>> {
        Some(host(&self.loaded().ok()?.url))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pods_own_account_and_a_kubeconfig_exclude_each_other() {
        for (settings, fine) in [
            (json!({}), true),
            (json!({"in_cluster": true}), true),
            (json!({"context": "a", "kubeconfig": "b"}), true),
            (json!({"in_cluster": true, "context": "a"}), false),
            (json!({"in_cluster": true, "kubeconfig": "b"}), false),
            (json!({"context": ""}), false),
            (json!({"kubeconfig": ""}), false),
        ] {
            let store: Kubernetes = serde_json::from_value(settings.clone()).unwrap();
            assert_eq!(store.check().is_ok(), fine, "{settings}");
        }
    }
}
