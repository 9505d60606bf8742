//! What controllers and kubelets do when something is written: pods are made anew from their templates.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::fake::{Api, Fake};
use crate::rbac::Attempt;

impl Api {
    /// Replaces the pods of a workload whose template was written, and starts those of a new Job.
    pub fn follow(&self, attempt: &Attempt<'_>, object: &Value) {
        let name = object["metadata"]["name"].as_str().unwrap();
        let owner = match attempt.resource {
            "deployments" => {
                json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("{name}-hash")})
            }
            "statefulsets" => json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": name}),
            "jobs" => json!({"apiVersion": "batch/v1", "kind": "Job", "name": name}),
            _ => return,
        };
        let mut objects = self.objects.lock().unwrap();
        // Those before it, of which only what owns them tells whose they are.
        objects.retain(|(_, resource, ..), (_, pod)| {
            let of = &pod["metadata"]["ownerReferences"][0];
            resource != "pods" || of["kind"] != owner["kind"] || of["name"] != owner["name"]
        });
        let template = &object["spec"]["template"];
        let containers = template["spec"]["containers"].as_array();
        let running: Vec<Value> = containers
            .into_iter()
            .flatten()
            .map(|container| {
                json!({"name": container["name"], "ready": true, "image": "", "imageID": "", "restartCount": 0,
                       "state": {"running": {"startedAt": self.now()}}})
            })
            .collect();
        let mut owner = owner;
        owner["controller"] = true.into();
        owner["uid"] = "uid".into();
        let mut metadata = template["metadata"].clone();
        let pod_name = format!("{name}-{}", self.seconds.load(Ordering::SeqCst));
        metadata["name"] = pod_name.clone().into();
        metadata["namespace"] = attempt.namespace.into();
        if attempt.resource == "deployments" {
            metadata["labels"]["pod-template-hash"] = "hash".into();
        }
        metadata["ownerReferences"] = json!([owner]);
        metadata["creationTimestamp"] = self.now().into();
        let pod = json!({
            "kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": template["spec"],
            "status": {"phase": "Running", "containerStatuses": running},
        });
        let key = ["", "pods", attempt.namespace, &pod_name].map(str::to_owned);
        objects.insert(key.into(), ("v1".to_owned(), pod));
    }
}

impl Fake {
    /// Lets its clock go on.
    pub fn wait(&self, seconds: usize) {
        self.api.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Changes an object as somebody would, and lets what depends on it follow.
    #[track_caller]
    pub fn change(
        &self,
        (group, resource, name): (&str, &str, &str),
        how: impl FnOnce(&mut Value),
    ) {
        let key = [group, resource, "shop", name].map(str::to_owned);
        let mut objects = self.api.objects.lock().unwrap();
        let (_, object) = objects
            .get_mut(&key.into())
            .unwrap_or_else(|| panic!("no {resource}/{name}"));
        how(object);
        let object = object.clone();
        drop(objects);
        let attempt = Attempt {
            user: "",
            verb: "update",
            group,
            resource,
            namespace: "shop",
            name: None,
        };
        self.api.follow(&attempt, &object);
    }

    pub fn object(&self, (group, resource, name): (&str, &str, &str)) -> Option<Value> {
        let key = [group, resource, "shop", name].map(str::to_owned);
        let objects = self.api.objects.lock().unwrap();
        objects.get(&key.into()).map(|(_, object)| object.clone())
    }

    pub fn remove(&self, (group, resource, name): (&str, &str, &str)) {
        let key = [group, resource, "shop", name].map(str::to_owned);
        self.api
            .objects
            .lock()
            .unwrap()
            .remove(&key.into())
            .unwrap();
    }
}
