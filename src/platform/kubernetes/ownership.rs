//! Who wrote which field of an object, and when: `metadata.managedFields`.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// One manager's fields.
#[derive(Deserialize)]
pub(super) struct Managed {
    /// How the manager calls itself.
    #[serde(default)]
    pub manager: Box<str>,
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

/// When the data of an object was last written, as far as Kubernetes tells.
#[derive(Default)]
pub(super) struct Changes {
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
            // An entry without a time could have been written at any.
            let Some(time) = entry.time else {
                changes.untracked = true;
                continue;
            };
            changes.last = changes.last.max(Some(time));
            let fields = &entry.fields;
            for owned in [&fields.data, &fields.string_data, &fields.binary_data] {
                let Some(owned) = owned else { continue };
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

    /// When anything about the object was last written: not later than this.
    pub fn of_any(&self) -> Option<Timestamp> {
        match self.untracked {
            true => None,
            false => self.last.max(self.created_at),
        }
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
