//! How a key of a Secret or a ConfigMap is changed, by what was seen of it.

use super::At;
use crate::extract::Extraction;
use crate::platform::commands::quoted;
use crate::platform::kubernetes::{Keeper, Kubectl, Object, Resource};
use crate::text::{Escaped, escape};

/// A key of a Secret or a ConfigMap, and how kubectl gets there.
pub(super) struct Slot<'a> {
    pub kubectl: &'a Kubectl,
    pub resource: Resource,
    pub namespace: &'a str,
    pub name: &'a str,
    pub key: &'a str,
}

/// Where a value stands while it is changed by hand, of which the key is only a part.
const DOCUMENT: &str = "DOCUMENT";

impl Slot<'_> {
    /// What to do so that the current key gets here, where this was seen: an imperative, which says nothing of
    /// what reads it. `None` is for a place with no such Secret or ConfigMap.
    pub fn mend(&self, at: At<'_>, object: Option<&Object>) -> String {
        let Some(object) = object else {
            return self.made(at);
        };
        match object.keeper(self.key) {
            None => self.changed(at, object),
            // What is changed in the cluster stays until somebody applies it again.
            Some(Keeper::Manifest) => format!(
                "{} (and change it in the manifest that this is applied from: the next apply brings back what stands there)",
                self.changed(at, object)
            ),
            Some(keeper) => self.kept(at, &keeper),
        }
    }

    /// What to do where nothing else writes it.
    fn changed(&self, at: At<'_>, object: &Object) -> String {
        if object.immutable {
            return self.anew(at, object);
        }
        if object.data.contains_key(self.key) || at.part.is_none() {
            return match object.binary.contains_key(self.key) {
                true => format!("{}, in its `binaryData`", at.write_to(&self.shown())),
                false => self.written(at),
            };
        }
        self.document(at, &self.patch(DOCUMENT))
    }

    /// The same where nothing was seen.
    pub fn unseen(&self, at: At<'_>) -> String {
        match at.part {
            Some(_) => self.written(at),
            None => format!(
                "{}, or with `{}` where there is no such {}",
                self.written(at),
                self.create("FILE"),
                self.resource.kind()
            ),
        }
    }

    /// Whether more is known here than what [`Self::unseen`] says.
    pub fn is_special(&self, object: Option<&Object>) -> bool {
        !self.kubectl.is_plain()
            || object.is_none_or(|object| {
                object.keeper(self.key).is_some()
                    || object.immutable
                    || !object.data.contains_key(self.key)
            })
    }

    /// `` `api_key` of the Secret allstak ``.
    pub fn shown(&self) -> String {
        format!(
            "`{}` of the {} {}",
            Escaped(self.key),
            self.resource.kind(),
            Escaped(self.name)
        )
    }

    fn written(&self, at: At<'_>) -> String {
        match at.part {
            None => format!("write the current key with `{}`", self.patch("FILE")),
            Some(part) if !part.picks() => self.document(at, &self.patch(DOCUMENT)),
            Some(_) => format!(
                "save the whole value with `{}`, {}, and write it back with `{}`",
                self.take_out(),
                at.write_to(DOCUMENT),
                self.patch(DOCUMENT)
            ),
        }
    }

    /// It has to be created.
    fn made(&self, at: At<'_>) -> String {
        match at.part {
            None => format!(
                "create the {} with `{}`, and whatever else its readers need in it",
                self.resource.kind(),
                self.create("FILE")
            ),
            Some(_) => self.document(at, &self.create(DOCUMENT)),
        }
    }

    /// A value is written of which the key is a part.
    fn document(&self, at: At<'_>, command: &str) -> String {
        let rest = match at.part.is_some_and(Extraction::picks) {
            true => ", with whatever else its readers need in it",
            false => "",
        };
        format!(
            "write {} to {DOCUMENT}{rest}, and store that with `{command}`",
            at.key_in_its_part()
        )
    }

    /// Somebody else would undo a change of what is here.
    fn kept(&self, at: At<'_>, keeper: &Keeper) -> String {
        let Keeper::Object { kind, name } = keeper else {
            return format!(
                "{} {}; what is changed in the cluster alone is undone",
                at.write_to(&self.shown()),
                keeper.way()
            );
        };
        let undone = format!(
            "what is written to the {} itself is undone",
            self.resource.kind()
        );
        let brought = format!(
            "put {} where {keeper} takes `{}` from",
            at.key_in_its_part(),
            Escaped(self.key)
        );
        match (&**kind, name) {
            ("ExternalSecret", Some(name)) => {
                let words = ["annotate", "--overwrite", "externalsecret", name];
                let command = self.kubectl.command(words, self.namespace);
                format!(
                    "{brought}, and make it refresh with `{command} force-sync=\"$(date +%s)\"`; {undone}"
                )
            }
            ("ExternalSecret", None) => format!(
                "{brought}, and make it refresh by changing an annotation of it (`{}` lists them); {undone}",
                self.kubectl
                    .command(["get", "externalsecrets"], self.namespace)
            ),
            ("SealedSecret", _) => {
                let (name, namespace) = (quoted([self.name]), quoted([self.namespace]));
                format!(
                    "put {} as `encryptedData.{}` into {keeper} where that is kept, sealed with `kubeseal --raw --name {name} \
                     --namespace {namespace} --from-file=FILE`, and apply that; {undone}",
                    at.key_in_its_part(),
                    Escaped(self.key)
                )
            }
            (kind, _) if kind.starts_with("Vault") => {
                format!("{brought}, and wait until it is refreshed (`refreshAfter`); {undone}")
            }
            _ => format!("{brought}, and wait until it is copied from there; {undone}"),
        }
    }

    /// Nobody may change it, so it is made anew.
    fn anew(&self, at: At<'_>, object: &Object) -> String {
        let kind = self.resource.kind();
        let mut others: Vec<_> = object
            .data
            .keys()
            .chain(object.binary.keys())
            .filter(|key| &***key != self.key)
            .map(|key| escape(key))
            .collect();
        if others.is_empty() && at.part.is_none() && matches!(&*object.kind, "" | "Opaque") {
            let words = ["delete", self.resource.singular(), self.name];
            return format!(
                "recreate the {kind}, which is immutable, with `{} && {}`",
                self.kubectl.command(words, self.namespace),
                self.create("FILE")
            );
        }
        others.sort();
        let others = match others.is_empty() {
            true => String::new(),
            false => format!(
                ", and with the other keys as they are ({})",
                others.join(", ")
            ),
        };
        format!(
            "delete the {kind} {}, which is immutable, and create it again with {} as `{}`{others}",
            Escaped(self.name),
            at.key_in_its_part(),
            Escaped(self.key)
        )
    }

    /// Only this key is changed, and what it holds stands on no command line.
    fn patch(&self, file: &str) -> String {
        let key = format!("--from-file={}={file}", self.key);
        let [resource, made] = [self.resource.singular(), self.resource.generator()];
        let made = ["create"]
            .into_iter()
            .chain(made.split(' '))
            .chain([self.name, &key]);
        let words = [
            "patch",
            resource,
            self.name,
            "--type=merge",
            "--patch-file=/dev/stdin",
        ];
        format!(
            "kubectl {} --dry-run=client -o json | {}",
            quoted(made),
            self.kubectl.command(words, self.namespace)
        )
    }

    fn create(&self, file: &str) -> String {
        let key = format!("--from-file={}={file}", self.key);
        let made = self.resource.generator().split(' ');
        let words = ["create"].into_iter().chain(made).chain([self.name, &key]);
        self.kubectl.command(words, self.namespace)
    }

    fn take_out(&self) -> String {
        let decoded = match self.resource {
            Resource::Secret => " | base64decode",
            Resource::ConfigMap => "",
        };
        let template = format!("go-template={{{{index .data \"{}\"{decoded}}}}}", self.key);
        let words = ["get", self.resource.singular(), self.name, "-o", &template];
        format!(
            "{} > {DOCUMENT}",
            self.kubectl.command(words, self.namespace)
        )
    }
}
