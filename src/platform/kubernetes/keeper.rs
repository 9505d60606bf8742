//! Who keeps an object as it is, and would undo what somebody else changes in it.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;

use super::Owner;
use crate::extract::SecretText;
use crate::text::Escaped;

/// Who writes an object, and writes it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// Another object of the cluster, from which a controller makes this one.
    Object {
        /// Its kind: `ExternalSecret`, `SealedSecret`.
        kind: Box<str>,
        /// Its name, where that is told.
        name: Option<Box<str>>,
    },
    /// A release of Helm.
    Helm {
        /// Its name, where that is told.
        release: Option<Box<str>>,
    },
    /// An application of Argo CD.
    Argo {
        /// Its name, where that is told.
        application: Option<Box<str>>,
    },
    /// An object of Flux.
    Flux {
        /// Its kind.
        kind: &'static str,
        /// Its name, where that is told.
        name: Option<Box<str>>,
    },
    /// Whoever goes by this name in `app.kubernetes.io/managed-by` or `managedFields`.
    Manager(Box<str>),
}

/// What of an object says who keeps it.
pub(super) struct Marks<'a> {
    pub labels: &'a HashMap<Box<str>, Box<str>>,
    pub annotations: &'a HashMap<Box<str>, SecretText>,
    pub owners: &'a [Reference],
    /// The names in its `managedFields`.
    pub managers: &'a [&'a str],
}

/// An object that owns another one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reference {
    #[serde(default)]
    pub api_version: Box<str>,
    pub kind: Box<str>,
    pub name: Box<str>,
    #[serde(default)]
    pub controller: bool,
}

impl From<&Reference> for Owner {
    fn from(reference: &Reference) -> Self {
        Self {
            kind: reference.kind.clone(),
            name: reference.name.clone(),
        }
    }
}

/// How the programs that deploy call themselves when they write.
const MANAGERS: [(&str, &str); 7] = [
    ("argocd", "Argo CD"),
    ("kustomize-controller", "Flux"),
    ("helm-controller", "Flux"),
    ("helm", "Helm"),
    ("Terraform", "Terraform"),
    ("HashiCorp", "Terraform"),
    ("pulumi", "Pulumi"),
];

impl Marks<'_> {
    /// Who keeps it. What a controller makes carries the labels of what it is made from, so owners come first.
    pub fn keeper(&self) -> Option<Keeper> {
        let owner = self.owners.first().map(|owner| Keeper::Object {
            kind: owner.kind.clone(),
            name: Some(owner.name.clone()),
        });
        let external = || {
            let merged = self.label("reconcile.external-secrets.io/managed")? == "true";
            merged.then(|| Keeper::Object {
                kind: "ExternalSecret".into(),
                name: None,
            })
        };
        owner
            .or_else(external)
            .or_else(|| self.argo())
            .or_else(|| self.flux())
            .or_else(|| self.helm())
            .or_else(|| self.manager())
    }

    fn label(&self, name: &str) -> Option<&str> {
        self.labels.get(name).map(|value| &**value)
    }

    fn annotation(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.annotations.get(name)?.0.expose()).ok()
    }

    fn argo(&self) -> Option<Keeper> {
        let tracked = self.annotation("argocd.argoproj.io/tracking-id");
        // The application, then which of its objects this is.
        let tracked = tracked.and_then(|id| id.split(':').next());
        let named = tracked.or_else(|| self.label("argocd.argoproj.io/instance"));
        let writes = || {
            self.managers
                .iter()
                .any(|manager| manager.starts_with("argocd"))
        };
        let named = match named {
            Some(named) => Some(named),
            None if writes() => self.label("app.kubernetes.io/instance"),
            None => return None,
        };
        Some(Keeper::Argo {
            application: named.map(Into::into),
        })
    }

    fn flux(&self) -> Option<Keeper> {
        [
            ("HelmRelease", "helm.toolkit.fluxcd.io/name"),
            ("Kustomization", "kustomize.toolkit.fluxcd.io/name"),
        ]
        .into_iter()
        .find_map(|(kind, label)| {
            Some(Keeper::Flux {
                kind,
                name: Some(self.label(label)?.into()),
            })
        })
    }

    fn helm(&self) -> Option<Keeper> {
        let release = self.annotation("meta.helm.sh/release-name");
        let managed = self.label("app.kubernetes.io/managed-by") == Some("Helm");
        if release.is_none() && !managed {
            return None;
        }
        // A pod carries no annotations of Helm; by custom its label names the release.
        let release = release.or_else(|| self.label("app.kubernetes.io/instance"));
        Some(Keeper::Helm {
            release: release.map(Into::into),
        })
    }

    fn manager(&self) -> Option<Keeper> {
        let named = self.label("app.kubernetes.io/managed-by");
        let named = named.filter(|name| !name.is_empty() && !name.starts_with("kubectl"));
        let mut writers = self.managers.iter();
        let known = || {
            writers.find_map(|manager| {
                let known = MANAGERS.iter();
                known
                    .filter(|(start, _)| manager.starts_with(start))
                    .map(|(_, name)| *name)
                    .next()
            })
        };
        named
            .or_else(known)
            .map(|name| Keeper::Manager(name.into()))
    }
}

/// `the Helm release web`.
impl fmt::Display for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, name) = match self {
            Self::Object { kind, name } => (&**kind, name),
            Self::Helm { release } => ("Helm release", release),
            Self::Argo { application } => ("Argo CD application", application),
            Self::Flux { kind, name } => (*kind, name),
            Self::Manager(name) => return Escaped(name).fmt(f),
        };
        match name {
            Some(name) => write!(f, "the {} {}", Escaped(what), Escaped(name)),
            None => write!(f, "its {}", Escaped(what)),
        }
    }
}

impl Keeper {
    /// Where what it makes is changed, and what brings that into the cluster.
    #[must_use]
    pub fn way(&self) -> String {
        match self {
            Self::Object { .. } => format!("in {self}, which makes it"),
            Self::Helm { .. } => format!("in the values of {self}, and upgrade the release"),
            Self::Argo { .. } => format!("in the source of {self}, and sync it"),
            Self::Flux { .. } => format!("in the source of {self} of Flux, and reconcile it"),
            Self::Manager(_) => format!("where {self} takes it from, and deploy it from there"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn keeper(labels: Value, annotations: Value, owners: Value, managers: &[&str]) -> String {
        let marks = Marks {
            labels: &serde_json::from_value(labels).unwrap(),
            annotations: &serde_json::from_str(&annotations.to_string()).unwrap(),
            owners: &serde_json::from_value::<Vec<_>>(owners).unwrap(),
            managers,
        };
        marks
            .keeper()
            .map_or_else(String::new, |keeper| keeper.to_string())
    }

    #[test]
    fn who_keeps_an_object_is_told_by_its_owner_then_by_what_deploys_it() {
        let none = || json!({});
        let helm =
            json!({"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"});
        let argo = json!({"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web"});
        let owner = json!([{"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "name": "eso"}]);
        for (labels, annotations, owners, managers, expected) in [
            (
                none(),
                none(),
                json!([]),
                &["kubectl-create", "kubectl-patch"][..],
                "",
            ),
            (none(), helm.clone(), json!([]), &[], "the Helm release web"),
            (
                json!({"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": "web"}),
                none(),
                json!([]),
                &[],
                "the Helm release web",
            ),
            (
                none(),
                argo.clone(),
                json!([]),
                &[],
                "the Argo CD application shop",
            ),
            (
                json!({"argocd.argoproj.io/instance": "shop"}),
                helm.clone(),
                json!([]),
                &[],
                "the Argo CD application shop",
            ),
            (
                json!({"app.kubernetes.io/instance": "shop"}),
                none(),
                json!([]),
                &["argocd-controller"],
                "the Argo CD application shop",
            ),
            (
                json!({"app.kubernetes.io/instance": "shop"}),
                none(),
                json!([]),
                &[],
                "",
            ),
            (
                json!({"helm.toolkit.fluxcd.io/name": "web"}),
                helm,
                json!([]),
                &["helm-controller"],
                "the HelmRelease web",
            ),
            (
                json!({"kustomize.toolkit.fluxcd.io/name": "apps"}),
                none(),
                json!([]),
                &[],
                "the Kustomization apps",
            ),
            (none(), argo, owner, &[], "the ExternalSecret eso"),
            (
                json!({"reconcile.external-secrets.io/managed": "true"}),
                none(),
                json!([]),
                &[],
                "its ExternalSecret",
            ),
            (
                none(),
                none(),
                json!([]),
                &["kubectl", "HashiCorp"],
                "Terraform",
            ),
            (
                json!({"app.kubernetes.io/managed-by": "hashicorp-vso"}),
                none(),
                json!([]),
                &[],
                "hashicorp-vso",
            ),
        ] {
            let shown = format!("{labels} {annotations} {managers:?}");
            assert_eq!(
                keeper(labels, annotations, owners, managers),
                expected,
                "{shown}"
            );
        }
    }
}
