//! What an API server does when somebody writes, as far as kubectl's commands for Secrets, ConfigMaps and
//! workloads go: discovery, create, merge patches, delete, and who wrote which key when.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::fake::{Answer, Api, Key, absent, refusal};
use crate::protobuf;
use crate::rbac::Attempt;

impl Api {
    /// The time of its clock, on the day of these tests.
    pub fn time(&self) -> String {
        let seconds = 12 * 3600 + self.seconds.load(Ordering::SeqCst);
        format!(
            "{:02}:{:02}:{:02}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        )
    }

    pub fn now(&self) -> String {
        format!("2025-11-20T{}Z", self.time())
    }

    /// What kubectl asks to know which kinds there are.
    pub fn discovered(&self, parts: &[&str]) -> Option<Answer> {
        let version = match parts {
            ["api"] => {
                let versions = json!({"kind": "APIVersions", "versions": ["v1"]});
                return Some(Answer::json(200, &versions));
            }
            ["apis"] => return Some(Answer::json(200, &self.groups())),
            ["api", version] => (*version).to_owned(),
            ["apis", group, version] => format!("{group}/{version}"),
            _ => return None,
        };
        let resources: Vec<Value> = self
            .served
            .iter()
            .filter(|((served, _), _)| *served == version)
            .map(|((_, resource), kind)| {
                json!({
                    "name": resource, "singularName": kind.to_lowercase(), "kind": kind, "namespaced": true,
                    "verbs": ["get", "list", "create", "patch", "delete"],
                })
            })
            .collect();
        Some(Answer::json(
            200,
            &json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}),
        ))
    }

    fn groups(&self) -> Value {
        let versions = self
            .served
            .keys()
            .filter(|(version, _)| version.contains('/'));
        let mut versions: Vec<&String> = versions.map(|(version, _)| version).collect();
        versions.dedup();
        let groups: Vec<Value> = versions
            .into_iter()
            .map(|named| {
                let (group, version) = named.split_once('/').unwrap();
                let version = json!({"groupVersion": named, "version": version});
                json!({"name": group, "versions": [version], "preferredVersion": version})
            })
            .collect();
        json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
    }

    pub fn create(&self, version: &str, attempt: &Attempt<'_>, query: &str, body: &[u8]) -> Answer {
        let mut object = protobuf::object(body);
        if attempt.resource == "jobs" {
            // What is created from a CronJob is what that would start.
            let from = object["metadata"]["ownerReferences"][0]["name"].as_str();
            let from = key_of(("batch", "cronjobs"), attempt.namespace, from.unwrap());
            let template = &self.objects.lock().unwrap()[&from].1["spec"]["jobTemplate"];
            object["spec"] = template["spec"].clone();
        }
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        let key = key(attempt, &name);
        if self.objects.lock().unwrap().contains_key(&key) {
            let message = format!("{} \"{name}\" already exists", attempt.resource);
            return refusal(409, "AlreadyExists", &message, Some(attempt));
        }
        let named = &mut object["metadata"];
        named["namespace"] = attempt.namespace.into();
        named["creationTimestamp"] = self.now().into();
        named["uid"] = format!("uid-of-{name}-at-{}", self.time()).into();
        named["resourceVersion"] = "8".into();
        self.written(&Value::Null, &mut object, query);
        let made = (version.to_owned(), object.clone());
        self.objects.lock().unwrap().insert(key, made);
        self.follow(attempt, &object);
        Answer::json(201, &object)
    }

    /// A strategic merge is a merge for what only has maps.
    pub fn patch(&self, attempt: &Attempt<'_>, name: &str, query: &str, body: &[u8]) -> Answer {
        let patch: Value = serde_json::from_slice(body).unwrap();
        let mut objects = self.objects.lock().unwrap();
        let Some((_, object)) = objects.get_mut(&key(attempt, name)) else {
            return absent(attempt, name);
        };
        let before = object.clone();
        let created = object["metadata"]["creationTimestamp"].clone();
        merge(object, &patch);
        object["metadata"]["creationTimestamp"] = created;
        if before["immutable"] == true && before["data"] != object["data"] {
            *object = before;
            let message = format!(
                "{} \"{name}\" is invalid: data: Forbidden: field is immutable when `immutable` is set",
                attempt.resource
            );
            return refusal(422, "Invalid", &message, Some(attempt));
        }
        self.written(&before, object, query);
        let object = object.clone();
        drop(objects);
        self.follow(attempt, &object);
        Answer::json(200, &object)
    }

    pub fn delete(&self, attempt: &Attempt<'_>, name: &str) -> Answer {
        match self.objects.lock().unwrap().remove(&key(attempt, name)) {
            None => absent(attempt, name),
            Some(_) => Answer::json(
                200,
                &json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                        "details": {"name": name, "kind": attempt.resource, "uid": "uid"}}),
            ),
        }
    }

    /// Notes who wrote the keys that changed, and when.
    fn written(&self, before: &Value, object: &mut Value, query: &str) {
        let manager = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("fieldManager="));
        let mut keys = serde_json::Map::new();
        for (key, value) in object["data"].as_object().into_iter().flatten() {
            if before["data"].get(key) != Some(value) {
                keys.insert(format!("f:{key}"), json!({}));
            }
        }
        if keys.is_empty() {
            return;
        }
        let metadata = object["metadata"].as_object_mut().unwrap();
        let managed = metadata.entry("managedFields").or_insert_with(|| json!([]));
        managed.as_array_mut().unwrap().push(json!({
            "manager": manager.unwrap_or("unknown"), "operation": "Update", "apiVersion": "v1", "time": self.now(),
            "fieldsType": "FieldsV1", "fieldsV1": {"f:data": keys},
        }));
    }
}

fn key(attempt: &Attempt<'_>, name: &str) -> Key {
    key_of((attempt.group, attempt.resource), attempt.namespace, name)
}

fn key_of((group, resource): (&str, &str), namespace: &str, name: &str) -> Key {
    [group, resource, namespace, name].map(str::to_owned).into()
}

/// RFC 7386.
fn merge(target: &mut Value, patch: &Value) {
    let Some(members) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let object = target.as_object_mut().unwrap();
    for (name, value) in members {
        if value.is_null() {
            object.remove(name);
        } else {
            merge(object.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}
