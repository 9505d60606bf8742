use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::kubernetes::Slot;
use super::{At, Case, Info, Source};
use crate::key::Secret;
use crate::platform::kubernetes::{Get, Got, Kubectl, Resource, check_key, check_name};
use crate::platform::{Asking, Stop};
use crate::reading::{Found, Reading};
use crate::text::Escaped;
use crate::verdict::{Evidence, Stage};

/// A key of a Kubernetes ConfigMap.
#[derive(PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubernetesConfigmap {
    /// The declared store; by default the cluster that kubectl would ask.
    #[serde(default)]
    store: Option<Arc<str>>,
    /// The namespace.
    namespace: Arc<str>,
    /// The ConfigMap's name.
    name: Arc<str>,
    /// The key in `data` or `binaryData`; by default the variable.
    #[serde(default)]
    key: Option<Box<str>>,
}

impl Source for KubernetesConfigmap {
    const INFO: Info = Info {
        id: "kubernetes_configmap",
        title: "a key of a Kubernetes ConfigMap",
        stage: Some(Stage::Config),
        store: Some("kubernetes"),
        proves: &[Evidence::Value],
        replicas: ["ConfigMap", "ConfigMaps"],
        permission: "a Role with `get` on this one ConfigMap, by `resourceNames`",
        credentials: &["KUBECONFIG"],
        example: "\
- kubernetes_configmap: { store: cluster-eu, namespace: checkout, name: web, key: ALLSTAK_API_KEY }
- { kubernetes_configmap: { namespace: checkout, name: web, key: .env }, extract: { dotenv: ALLSTAK_API_KEY } }
",
        tested: "a fake API server that speaks in the API's own types and checks tokens, certificates and RBAC",
        manual: "\
Keys do not belong in a ConfigMap, but many end up there. Reads the exact text of one key in `data`, else its \
bytes in `binaryData`. A ConfigMap that does not exist is `missing`, and so is a key that it does not have; one \
that may not be read is `unreachable`. Remedies are those of [`kubernetes_secret`](#kubernetes_secret).

The least privilege, for one ConfigMap:

```yaml
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: straggler-configmap, namespace: checkout }
rules:
  - { apiGroups: [''], resources: [configmaps], verbs: [get], resourceNames: [web] }
```

bound as for `kubernetes_secret`.",
    };

    fn check(&self) -> Result<(), String> {
        check_name("namespace", &self.namespace)?;
        check_name("ConfigMap", &self.name)?;
        self.key.as_deref().map_or(Ok(()), check_key)
    }

    fn store(&self) -> Option<&str> {
        self.store.as_deref()
    }

    fn location(&self, at: At<'_>) -> String {
        let store = self
            .store
            .iter()
            .map(|store| format!("{}/", Escaped(store)));
        format!(
            "kubernetes:{}{}/configmaps/{}#{}",
            store.collect::<String>(),
            Escaped(&self.namespace),
            Escaped(&self.name),
            Escaped(self.key(at))
        )
    }

    fn remedy(&self, at: At<'_>, case: &Case<'_>) -> String {
        let words = self.slot(at, &Kubectl::default()).unseen(at);
        format!("{words}{}", case.then_restart())
    }

    fn remedy_for_part(&self, at: At<'_>, case: &Case<'_>) -> String {
        self.remedy(at, case)
    }

    fn member(&self, at: At<'_>) -> Option<String> {
        Some(self.key(at).to_owned())
    }

    fn read(&self, at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        let Got { object, kubectl } = asking.of(&Get {
            resource: Resource::ConfigMap,
            namespace: Arc::clone(&self.namespace),
            name: Arc::clone(&self.name),
        })?;
        let Some(object) = object else {
            let reading = Reading::new(Found::Absent).with_note("there is no such ConfigMap");
            let words = self.slot(at, kubectl).mend(at, None);
            return Ok(vec![reading.mended_by(words).read_at_start()]);
        };
        let (key, slot) = (self.key(at), self.slot(at, kubectl));
        let mut reading = match object.get(key) {
            Some(value) => Reading::value(Secret::copied(value.expose())),
            None => {
                Reading::new(Found::Absent).with_note("the ConfigMap is there, without this key")
            }
        };
        reading = reading.out_of_entries(object.entries());
        reading.stored_at = object.changed_at(key);
        if object.immutable {
            reading = reading.with_note("the ConfigMap is immutable: make a new one to change it");
        }
        if slot.is_special(Some(object)) {
            let words = slot.mend(at, Some(object));
            reading = reading.mended_by(words).read_at_start();
        }
        Ok(vec![reading])
    }
}

impl KubernetesConfigmap {
    fn key<'s>(&'s self, at: At<'s>) -> &'s str {
        self.key.as_deref().unwrap_or(at.variable)
    }

    fn slot<'s>(&'s self, at: At<'s>, kubectl: &'s Kubectl) -> Slot<'s> {
        Slot {
            kubectl,
            resource: Resource::ConfigMap,
            namespace: &self.namespace,
            name: &self.name,
            key: self.key(at),
        }
    }
}

#[cfg(test)]
mod tests;
