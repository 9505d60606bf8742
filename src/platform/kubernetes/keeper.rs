//! Who keeps an object as it is, and would undo what somebody else changes in it.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;

use super::Owner;
use super::ownership::Writer;
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
    /// A manifest that somebody applies with kubectl. Nothing is undone until the next time.
    Manifest,
}

/// What of an object says who keeps it.
pub(super) struct Marks<'a> {
    pub labels: &'a HashMap<Box<str>, Box<str>>,
    pub annotations: &'a HashMap<Box<str>, SecretText>,
    pub owners: &'a [Reference],
    /// Who wrote what is to be changed, by its `managedFields`.
    pub writers: &'a [&'a Writer],
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

/// How Argo CD calls itself when it writes.
const ARGO: [&str; 2] = ["argocd-controller", "argocd-application-controller"];

/// How the External Secrets Operator calls itself, before the name of an ExternalSecret or, where that is long,
/// `sha3/` and its digest.
const EXTERNAL: &str = "externalsecrets.external-secrets.io/";

impl Keeper {
    /// The one who goes by the name of a writer, of those whose names are known; `is_own` is whether the very field
    /// was written that is to be changed, and not one beside it.
    fn by(writer: &Writer, is_own: bool) -> Option<Self> {
        Some(match &*writer.name {
            name if ARGO.contains(&name) => Self::Argo { application: None },
            "kustomize-controller" => Self::Flux {
                kind: "Kustomization",
                name: None,
            },
            "helm-controller" => Self::Flux {
                kind: "HelmRelease",
                name: None,
            },
            "helm" => Self::Helm { release: None },
            // `kubernetes_manifest`, and the other resources by the beginning of their user agent.
            "Terraform" | "HashiCorp" => Self::Manager("Terraform".into()),
            name if name.starts_with("pulumi-kubernetes") => Self::Manager("Pulumi".into()),
            "kubectl-client-side-apply" => Self::Manifest,
            "kubectl" if &*writer.operation == "Apply" => Self::Manifest,
            // It leaves what it did not write as it is.
            name if is_own => Self::Object {
                kind: "ExternalSecret".into(),
                name: Some(name.strip_prefix(EXTERNAL)?)
                    .filter(|name| !name.starts_with("sha3/"))
                    .map(Into::into),
            },
            _ => return None,
        })
    }

    /// The one who is known by what was written, the first that counts; what runs by itself before what a person
    /// applies.
    pub(super) fn of<'w>(writers: impl Iterator<Item = (&'w Writer, bool)>) -> Option<Self> {
        let mut applied = None;
        for keeper in writers.filter_map(|(writer, is_own)| Self::by(writer, is_own)) {
            match keeper {
                Self::Manifest => applied = Some(Self::Manifest),
                keeper => return Some(keeper),
            }
        }
        applied
    }

    /// Whether it is an object of the cluster whose name is not told.
    pub(super) fn is_unnamed(&self) -> bool {
        matches!(self, Self::Object { name: None, .. })
    }

    /// Whether both are objects of one kind.
    pub(super) fn is_same_kind(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Object { kind: own, .. }, Self::Object { kind: other, .. }) => own == other,
            _ => false,
        }
    }
}

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
            let mut writers = self.writers.iter();
            writers.any(|writer| ARGO.contains(&&*writer.name))
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
        named.map(|name| Keeper::Manager(name.into()))
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
            Self::Manifest => return f.write_str("a manifest"),
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
            Self::Manifest => {
                "in the manifest that it is applied from, and apply that again".to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn writer(name: &str, operation: &str) -> Writer {
        Writer {
            name: name.into(),
            operation: operation.into(),
        }
    }

    fn keeper(labels: Value, annotations: Value, owners: Value, managers: &[&str]) -> String {
        let writers: Vec<_> = managers.iter().map(|name| writer(name, "Update")).collect();
        let writers: Vec<_> = writers.iter().collect();
        let marks = Marks {
            labels: &serde_json::from_value(labels).unwrap(),
            annotations: &serde_json::from_str(&annotations.to_string()).unwrap(),
            owners: &serde_json::from_value::<Vec<_>>(owners).unwrap(),
            writers: &writers,
        };
        let by_fields = || Keeper::of(writers.iter().map(|writer| (*writer, true)));
        marks
            .keeper()
            .or_else(by_fields)
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

    #[test]
    fn who_wrote_a_field_keeps_it_where_the_name_is_known() {
        let of = |writers: &[(&str, &str, bool)]| {
            let writers = writers.iter();
            let writers: Vec<_> = writers
                .map(|(name, operation, is_own)| (writer(name, operation), *is_own))
                .collect();
            Keeper::of(writers.iter().map(|(writer, is_own)| (writer, *is_own)))
                .map_or_else(String::new, |keeper| keeper.way())
        };
        let manifest = "in the manifest that it is applied from, and apply that again";
        let external = "externalsecrets.external-secrets.io/eso";
        let hashed = "externalsecrets.external-secrets.io/sha3/0f1e";
        for (writers, expected) in [
            (
                &[("helm", "Update", true)][..],
                "in the values of its Helm release, and upgrade the release",
            ),
            (
                &[("argocd-controller", "Apply", true)],
                "in the source of its Argo CD application, and sync it",
            ),
            (
                &[("kustomize-controller", "Apply", true)],
                "in the source of its Kustomization of Flux, and reconcile it",
            ),
            (
                &[("helm-controller", "Update", true)],
                "in the source of its HelmRelease of Flux, and reconcile it",
            ),
            (
                &[("Terraform", "Apply", true)],
                "where Terraform takes it from, and deploy it from there",
            ),
            (
                &[("pulumi-kubernetes-1f2e3d4c", "Apply", true)],
                "where Pulumi takes it from, and deploy it from there",
            ),
            (
                &[(external, "Update", true)],
                "in the ExternalSecret eso, which makes it",
            ),
            (
                &[(hashed, "Update", true)],
                "in its ExternalSecret, which makes it",
            ),
            // Beside what it writes itself it changes nothing.
            (&[(external, "Update", false)], ""),
            (&[("kubectl-client-side-apply", "Update", true)], manifest),
            (&[("kubectl", "Apply", true)], manifest),
            (&[("kubectl", "Update", true)], ""),
            (
                &[
                    ("kubectl-patch", "Update", true),
                    ("kubectl-edit", "Update", true),
                ],
                "",
            ),
            // A person changed the field, and the next deployment changes it back.
            (
                &[
                    ("kubectl-patch", "Update", true),
                    ("HashiCorp", "Update", false),
                ],
                "where Terraform takes it from, and deploy it from there",
            ),
            (
                &[
                    ("kubectl-client-side-apply", "Update", true),
                    ("helm", "Update", true),
                ],
                "in the values of its Helm release, and upgrade the release",
            ),
            // Names that nobody is known by.
            (
                &[
                    ("helmsman", "Update", true),
                    ("argocd-image-updater", "Update", true),
                    ("controller", "Update", true),
                ],
                "",
            ),
        ] {
            assert_eq!(of(writers), expected, "{writers:?}");
        }
    }
}
