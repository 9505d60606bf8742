use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::kubernetes::Slot;
use super::{At, Case, Info, Source};
use crate::key::Secret;
use crate::platform::kubernetes::{
    External, ExternalSecret, Get, Got, Kubectl, Refreshed, Resource, check_key, check_name,
};
use crate::platform::{Asking, Stop};
use crate::reading::{Found, Reading};
use crate::text::Escaped;
use crate::verdict::{Evidence, Stage};

/// A key of a Kubernetes Secret.
#[derive(PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubernetesSecret {
    /// The declared store; by default the cluster that kubectl would ask.
    #[serde(default)]
    store: Option<Arc<str>>,
    /// The namespace.
    namespace: Arc<str>,
    /// The Secret's name.
    name: Arc<str>,
    /// The key in it; by default the variable.
    #[serde(default)]
    key: Option<Box<str>>,
}

impl Source for KubernetesSecret {
    const INFO: Info = Info {
        id: "kubernetes_secret",
        title: "a key of a Kubernetes Secret",
        stage: Some(Stage::Config),
        store: Some("kubernetes"),
        proves: &[Evidence::Value],
        replicas: ["Secret", "Secrets"],
        permission: "a Role with `get` on this one Secret, by `resourceNames`",
        credentials: &["KUBECONFIG"],
        example: "\
- kubernetes_secret: { store: cluster-eu, namespace: checkout, name: allstak, key: api_key }
- kubernetes_secret: { namespace: checkout, name: allstak }
",
        tested: "a fake API server that speaks in the API's own types and checks tokens, certificates and RBAC",
        manual: "\
Reads the exact bytes of one key in `data`. `echo KEY | base64` puts a newline into them, which is `malformed`. \
Secrets are read one by one and never listed, because a list would reveal all of them.

A Secret that does not exist is `missing`, and so is a key that it does not have. The API server distinguishes \
\"not found\" from \"not allowed\", which is `unreachable`.

A key counts as stored when its owner in `managedFields` last wrote it. A write to another key does not change \
that, if another manager did it.

**The remedy** fits what was found: a key is patched without touching its neighbours, a Secret that does not \
exist is created, an immutable one is replaced. If something else writes the Secret, a patch would be undone, so \
the remedy names that instead: its owner (an ExternalSecret, a SealedSecret, a VaultStaticSecret), an Argo CD \
application, a Flux object, a Helm release, or any other manager that `app.kubernetes.io/managed-by` and \
`managedFields` name. Of `managedFields`, only those managers count that wrote this key or another one beside it and \
whose names are known: Helm, Argo CD, Flux, the External Secrets Operator, Terraform and Pulumi. Where `kubectl apply` \
wrote it, the patch comes with a reminder to change the manifest as well.

If the External Secrets Operator feeds the Secret, the message says when it last synced the value and whether \
that succeeded. That needs permission to read the ExternalSecret; without it the hop is still read.

The least privilege, for one Secret:

```yaml
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: straggler-secret, namespace: checkout }
rules:
  - { apiGroups: [''], resources: [secrets], verbs: [get], resourceNames: [allstak] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: straggler-secret, namespace: checkout }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: straggler-secret }
subjects: [{ kind: ServiceAccount, name: straggler, namespace: straggler }]
```

and one more rule where an ExternalSecret feeds it:

```yaml
- { apiGroups: [external-secrets.io], resources: [externalsecrets], verbs: [get], resourceNames: [allstak] }
```

Neither has `list` or `watch`: `get` on the names is enough.",
    };

    fn check(&self) -> Result<(), String> {
        check_name("namespace", &self.namespace)?;
        check_name("Secret", &self.name)?;
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
            "kubernetes:{}{}/secrets/{}#{}",
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

    fn follows(&self) -> Option<&'static str> {
        Some("the ExternalSecret that feeds it, where one does")
    }

    fn member(&self, at: At<'_>) -> Option<String> {
        Some(self.key(at).to_owned())
    }

    fn read(&self, at: At<'_>, asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        let Got { object, kubectl } = asking.of(&Get {
            resource: Resource::Secret,
            namespace: Arc::clone(&self.namespace),
            name: Arc::clone(&self.name),
        })?;
        let Some(object) = object else {
            let reading = Reading::new(Found::Absent).with_note("there is no such Secret");
            let words = self.slot(at, kubectl).mend(at, None);
            return Ok(vec![reading.mended_by(words).read_at_start()]);
        };
        let (key, slot) = (self.key(at), self.slot(at, kubectl));
        let mut notes = Vec::new();
        if object.get(key).is_none() {
            notes.push("the Secret is there, without this key".to_owned());
        }
        if &*object.kind != "Opaque" {
            notes.push(format!("the Secret's type is {}", Escaped(&object.kind)));
        }
        if object.immutable {
            notes.push("the Secret is immutable: make a new one to change it".to_owned());
        }
        if let Some(external) = &object.external {
            notes.push(self.fed_by(external, asking)?);
        }
        let found = object.get(key).map_or(Found::Absent, |value| {
            Found::Value(Secret::copied(value.expose()))
        });
        let mut reading = Reading::new(found).out_of_entries(object.entries());
        reading.stored_at = object.changed_at(key);
        if !notes.is_empty() {
            reading = reading.with_note(notes.join("; "));
        }
        if slot.is_special(Some(object)) {
            let words = slot.mend(at, Some(object));
            reading = reading.mended_by(words).read_at_start();
        }
        Ok(vec![reading])
    }
}

impl KubernetesSecret {
    fn key<'s>(&'s self, at: At<'s>) -> &'s str {
        self.key.as_deref().unwrap_or(at.variable)
    }

    fn slot<'s>(&'s self, at: At<'s>, kubectl: &'s Kubectl) -> Slot<'s> {
        Slot {
            kubectl,
            resource: Resource::Secret,
            namespace: &self.namespace,
            name: &self.name,
            key: self.key(at),
        }
    }

    /// How the ExternalSecret is doing that feeds this Secret.
    fn fed_by(&self, external: &External, asking: &Asking<'_>) -> Result<String, Stop> {
        let External::Named(name) = external else {
            return Ok("an ExternalSecret feeds it".to_owned());
        };
        let fed = format!("the ExternalSecret {} feeds it", Escaped(name));
        for version in ["v1", "v1beta1"] {
            let answer = asking.attempt(&ExternalSecret {
                version,
                namespace: Arc::clone(&self.namespace),
                name: Arc::clone(name),
            })?;
            return Ok(match answer {
                Ok(Refreshed::NoVersion) => continue,
                Ok(Refreshed::Gone) => format!("{fed} no longer: it is gone"),
                Ok(Refreshed::Told {
                    at,
                    ready,
                    reason,
                    message,
                }) => told(&fed, at.as_ref(), ready.as_deref(), (reason, message)),
                Err(error) => {
                    format!(
                        "{fed}, which could not be read: {}: {}",
                        error.message, error.next
                    )
                }
            });
        }
        Ok(format!(
            "{fed}, of a version of its API that is not known here"
        ))
    }
}

fn told(
    fed: &str,
    at: Option<&jiff::Timestamp>,
    ready: Option<&str>,
    (reason, message): (&str, &str),
) -> String {
    let when = at.map_or_else(
        || "never refreshed".to_owned(),
        |at| format!("last refreshed {at:.0}"),
    );
    let how = match ready {
        Some("True") => "ready",
        Some(_) => "not ready",
        None => "without a status",
    };
    let mut told = format!("{fed}: {when}, {how}");
    for text in [reason, message]
        .into_iter()
        .filter(|text| !text.is_empty())
    {
        told.push_str(&format!(", {}", Escaped(text)));
    }
    told
}

#[cfg(test)]
mod tests;
