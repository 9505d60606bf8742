//! Who wrote which field of an object, and when: `metadata.managedFields`.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Who wrote something of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Writer {
    /// How it calls itself.
    pub name: Box<str>,
    /// `Apply`, which is the server-side one, or `Update`.
    pub operation: Box<str>,
}

/// One manager's fields.
#[derive(Deserialize)]
pub(super) struct Managed {
    #[serde(default)]
    manager: Box<str>,
    #[serde(default)]
    operation: Box<str>,
    time: Option<Timestamp>,
    #[serde(rename = "fieldsV1", default)]
    fields: Fields,
}

/// Those of the fields that hold data. A member of each is `f:` and a key of the object.
#[derive(Default, Deserialize)]
struct Fields {
    #[serde(rename = "f:data")]
    data: Option<HashMap<Box<str>, IgnoredAny>>,
    #[serde(rename = "f:stringData")]
    string_data: Option<HashMap<Box<str>, IgnoredAny>>,
    #[serde(rename = "f:binaryData")]
    binary_data: Option<HashMap<Box<str>, IgnoredAny>>,
}

impl Fields {
    fn each(&self) -> impl Iterator<Item = &HashMap<Box<str>, IgnoredAny>> {
        [&self.data, &self.string_data, &self.binary_data]
            .into_iter()
            .flatten()
    }
}

/// When the data of an object was last written and by whom, as far as Kubernetes tells.
#[derive(Default)]
pub(super) struct Changes {
    writers: Vec<(Writer, Vec<Box<str>>)>,
    created_at: Option<Timestamp>,
    keys: HashMap<Box<str>, Timestamp>,
    /// Of a manager that owns the data as a whole.
    all: Option<Timestamp>,
    last: Option<Timestamp>,
    /// Somebody emptied the list, after which the API server keeps none until the next apply.
    untracked: bool,
}

impl Changes {
    pub fn of(created_at: Option<Timestamp>, managed: &[Managed]) -> Self {
        let mut changes = Self {
            created_at,
            untracked: managed.is_empty(),
            ..Self::default()
        };
        for entry in managed {
            let mut owned = entry.fields.each().peekable();
            if owned.peek().is_some() {
                let keys = owned.flat_map(HashMap::keys);
                let keys = keys.filter_map(|name| name.strip_prefix("f:").map(Box::from));
                let writer = Writer {
                    name: entry.manager.clone(),
                    operation: entry.operation.clone(),
                };
                changes.writers.push((writer, keys.collect()));
            }
            // An entry without a time could have been written at any.
            let Some(time) = entry.time else {
                changes.untracked = true;
                continue;
            };
            changes.last = changes.last.max(Some(time));
            for owned in entry.fields.each() {
                if owned.keys().all(|name| &**name == ".") {
                    changes.all = changes.all.max(owned.is_empty().then_some(time));
                }
                for key in owned.keys().filter_map(|name| name.strip_prefix("f:")) {
                    // Two managers may own a key together: it changed when the later one wrote it, at the
                    // latest.
                    let known = changes.keys.entry(key.into()).or_insert(time);
                    *known = time.max(*known);
                }
            }
        }
        changes
    }

    /// When this key got what it holds: not later than this.
    pub fn of_key(&self, key: &str) -> Option<Timestamp> {
        let owned = self.keys.get(key).copied().max(self.all);
        match owned {
            // One that was deleted and made again is younger than what its manager says.
            Some(time) => Some(time).max(self.created_at),
            None if self.untracked => None,
            None => self.created_at,
        }
    }

    /// Who wrote this key, then who else wrote any of the data; and whether it is the key that was written.
    pub fn writers_of(&self, key: &str) -> impl Iterator<Item = (&Writer, bool)> {
        let of = move |is_own: bool| {
            let all = self.writers.iter();
            all.filter(move |(_, keys)| keys.iter().any(|own| **own == *key) == is_own)
                .map(move |(writer, _)| (writer, is_own))
        };
        of(true).chain(of(false))
    }

    /// Everybody who wrote any of the data.
    pub fn writers(&self) -> impl Iterator<Item = &Writer> {
        self.writers.iter().map(|(writer, _)| writer)
    }

    /// When anything about the object was last written: not later than this.
    pub fn of_any(&self) -> Option<Timestamp> {
        match self.untracked {
            true => None,
            false => self.last.max(self.created_at),
        }
    }
}

/// One manager's fields of what starts pods, or of a pod.
#[derive(Deserialize)]
pub(super) struct ManagedPods {
    #[serde(default)]
    manager: Box<str>,
    #[serde(default)]
    operation: Box<str>,
    #[serde(rename = "fieldsV1", default)]
    fields: PodFields,
}

/// Those of the fields that lead to containers.
#[derive(Default, Deserialize)]
struct PodFields {
    #[serde(rename = "f:spec")]
    spec: Option<SpecFields>,
}

#[derive(Deserialize)]
struct SpecFields {
    #[serde(rename = "f:containers")]
    containers: Option<IgnoredAny>,
    #[serde(rename = "f:template")]
    template: Option<Box<PodFields>>,
    #[serde(rename = "f:jobTemplate")]
    job: Option<Box<PodFields>>,
}

impl ManagedPods {
    /// Who wrote any of the containers: not only labels, or how many there are to be.
    pub fn writer_of_containers(&self) -> Option<Writer> {
        self.fields.leads_to_containers().then(|| Writer {
            name: self.manager.clone(),
            operation: self.operation.clone(),
        })
    }
}

impl PodFields {
    fn leads_to_containers(&self) -> bool {
        self.spec.as_ref().is_some_and(|spec| {
            let mut within = spec.template.iter().chain(&spec.job);
            spec.containers.is_some() || within.any(|fields| fields.leads_to_containers())
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn changes(created: &str, managed: serde_json::Value) -> Changes {
        let managed: Vec<Managed> = serde_json::from_value(managed).unwrap();
        Changes::of(Some(at(created)), &managed)
    }

    const CREATED: &str = "2026-11-01T00:00:00Z";

    #[test]
    fn the_time_is_that_of_the_key_and_not_of_its_neighbour() {
        let changes = changes(
            CREATED,
            json!([
                {"manager": "kubectl-create", "operation": "Update", "time": "2026-11-02T00:00:00Z",
                 "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {".": {}, "f:other": {}}, "f:type": {}}},
                {"manager": "helm", "operation": "Update", "time": "2026-11-03T00:00:00Z",
                 "fieldsV1": {"f:data": {"f:api_key": {}}}},
                {"manager": "labeller", "operation": "Apply", "time": "2026-11-09T00:00:00Z",
                 "fieldsV1": {"f:metadata": {"f:labels": {"f:a": {}}}}},
                {"manager": "gitops", "operation": "Apply", "time": "2026-11-04T00:00:00Z",
                 "fieldsV1": {"f:stringData": {"f:api_key": {}}}},
            ]),
        );
        assert_eq!(changes.of_key("api_key"), Some(at("2026-11-04T00:00:00Z")));
        assert_eq!(changes.of_key("other"), Some(at("2026-11-02T00:00:00Z")));
        assert_eq!(changes.of_any(), Some(at("2026-11-09T00:00:00Z")));
        // A manager that gave up its key leaves it as it was made.
        assert_eq!(changes.of_key("unowned"), Some(at(CREATED)));
    }

    #[test]
    fn who_wrote_the_key_comes_before_who_wrote_its_neighbours() {
        let changes = changes(
            CREATED,
            json!([
                {"manager": "labeller", "operation": "Update", "fieldsV1": {"f:metadata": {"f:labels": {"f:a": {}}}}},
                {"manager": "helm", "operation": "Update", "fieldsV1": {"f:data": {".": {}, "f:other": {}}}},
                {"manager": "kubectl-patch", "operation": "Update", "fieldsV1": {"f:data": {"f:api_key": {}}}},
            ]),
        );
        let writers = changes.writers_of("api_key");
        let writers: Vec<_> = writers.map(|(writer, own)| (&*writer.name, own)).collect();
        assert_eq!(writers, [("kubectl-patch", true), ("helm", false)]);
    }

    #[test]
    fn only_who_wrote_containers_keeps_them() {
        for (fields, expected) in [
            (
                json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {}}}}}),
                true,
            ),
            (
                json!({"f:spec": {"f:jobTemplate": {"f:spec": {"f:template": {"f:spec": {"f:containers": {}}}}}}}),
                true,
            ),
            (
                json!({"f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {}}}}),
                true,
            ),
            (json!({"f:spec": {"f:replicas": {}}}), false),
            (
                json!({"f:spec": {"f:template": {"f:metadata": {"f:annotations": {"f:a": {}}}}}}),
                false,
            ),
            (json!({"f:metadata": {"f:labels": {"f:a": {}}}}), false),
            (json!({}), false),
        ] {
            let managed: ManagedPods = serde_json::from_value(
                json!({"manager": "m", "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": fields}),
            )
            .unwrap();
            let writer = managed.writer_of_containers();
            assert_eq!(writer.is_some(), expected, "{fields}");
        }
    }

    #[test]
    fn what_was_made_again_is_as_young_as_it_is() {
        let managed = json!([{"manager": "velero", "time": "2026-10-01T00:00:00Z",
                              "fieldsV1": {"f:data": {"f:api_key": {}}}}]);
        assert_eq!(
            changes(CREATED, managed).of_key("api_key"),
            Some(at(CREATED))
        );
    }

    #[test]
    fn without_a_list_of_managers_nothing_is_known() {
        let emptied = changes(CREATED, json!([]));
        assert_eq!((emptied.of_key("api_key"), emptied.of_any()), (None, None));
        let timeless = changes(
            CREATED,
            json!([{"manager": "old", "fieldsV1": {"f:data": {"f:api_key": {}}}}]),
        );
        assert_eq!(timeless.of_key("api_key"), None);
    }

    #[test]
    fn who_owns_all_of_the_data_owns_the_key() {
        let changes = changes(
            CREATED,
            json!([{"time": "2026-11-02T00:00:00Z", "fieldsV1": {"f:data": {}}}]),
        );
        assert_eq!(changes.of_key("api_key"), Some(at("2026-11-02T00:00:00Z")));
    }
}
