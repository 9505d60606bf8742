//! Kubernetes, as far as it answers GETs without asking who one is. Every value lies in a namespace of
//! its own.

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::world::{Kind, World, forms};
use crate::support::CURRENT;

pub const SECRET: Kind = Kind {
    id: "kubernetes_secret",
    holding: |world, index, value| {
        let body = object(&json!({"KEY": BASE64.encode(value)}));
        Some(get(
            world,
            "secret",
            &index.to_string(),
            200,
            body.to_string().as_bytes(),
        ))
    },
    empty: |world| {
        get(
            world,
            "secret",
            "empty",
            200,
            object(&json!({})).to_string().as_bytes(),
        )
    },
    broken: |world| {
        let mut broken = refusals(world, "secret");
        for form in forms(CURRENT) {
            let form = String::from_utf8_lossy(&form).into_owned();
            let owner = json!([{"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "name": form}]);
            for body in [
                json!({"metadata": {}, "data": {"KEY": form}}),
                json!({"metadata": {}, "data": {"KEY": [form]}}),
                json!({"metadata": {"creationTimestamp": form}, "data": {}}),
                json!({"metadata": {"ownerReferences": owner}, "type": form, "data": {}}),
                json!({"metadata": {}, "data": {form.as_str(): "eA=="}}),
            ] {
                let name = format!("broken-{}", broken.len());
                broken.push(get(
                    world,
                    "secret",
                    &name,
                    200,
                    body.to_string().as_bytes(),
                ));
            }
        }
        broken
    },
};

pub const CONFIG_MAP: Kind = Kind {
    id: "kubernetes_configmap",
    holding: |world, index, value| {
        let body = match std::str::from_utf8(value) {
            Ok(text) => object(&json!({"KEY": text})),
            Err(_) => json!({"metadata": {}, "binaryData": {"KEY": BASE64.encode(value)}}),
        };
        Some(get(
            world,
            "configmap",
            &index.to_string(),
            200,
            body.to_string().as_bytes(),
        ))
    },
    empty: |world| {
        get(
            world,
            "configmap",
            "empty",
            200,
            object(&json!({})).to_string().as_bytes(),
        )
    },
    broken: |world| refusals(world, "configmap"),
};

pub const PODS: Kind = Kind {
    id: "kubernetes_pods",
    holding: |world, index, value| {
        let place = index.to_string();
        let entry = match std::str::from_utf8(value) {
            Ok(text) if index % 2 == 0 => json!({"name": "KEY", "value": text}),
            _ => {
                let body = object(&json!({"KEY": BASE64.encode(value)}));
                get(world, "secret", &place, 200, body.to_string().as_bytes());
                json!({"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "allstak", "key": "KEY"}}})
            }
        };
        let list = json!({"metadata": {}, "items": [pod(&json!({"env": [entry]}))]});
        Some(pods(world, &place, 200, list.to_string().as_bytes()))
    },
    empty: |world| {
        let list = json!({"metadata": {}, "items": [pod(&json!({}))]});
        pods(world, "empty", 200, list.to_string().as_bytes())
    },
    broken: |world| {
        let mut broken = Vec::new();
        for form in forms(CURRENT) {
            let text = String::from_utf8_lossy(&form).into_owned();
            let status = json!({"kind": "Status", "message": text, "reason": text, "details": {"name": text}});
            for (code, body) in [
                (200, form.clone()),
                (403, form.clone()),
                (403, status.to_string().into_bytes()),
                (500, status.to_string().into_bytes()),
                (410, status.to_string().into_bytes()),
            ] {
                let place = format!("pods-{}", broken.len());
                broken.push(pods(world, &place, code, &body));
            }
            // Whoever puts a key there.
            let env = |entry: Value| pod(&json!({"env": [entry]}));
            let mut waits = env(json!({"name": "KEY", "value": "x"}));
            waits["status"] = json!({"containerStatuses": [{"name": "app", "state": {"waiting": {"reason": text}}}]});
            let mut named =
                env(json!({"name": "KEY", "value": format!("{text}$(OTHER_SERVICE_HOST)")}));
            named["metadata"]["annotations"] = json!({"fingerprint": text});
            for pod in [
                waits,
                named,
                env(
                    json!({"name": "KEY", "valueFrom": {"secretKeyRef": {"name": text, "key": "KEY"}}}),
                ),
                env(json!({"name": "KEY", "valueFrom": {"fieldRef": {"fieldPath": text}}})),
                env(json!({"name": "KEY", "value": format!("x$({text}_SERVICE_)")})),
            ] {
                let place = format!("pods-{}", broken.len());
                let list = json!({"metadata": {}, "items": [pod]});
                broken.push(pods(world, &place, 200, list.to_string().as_bytes()));
            }
        }
        broken
    },
};

fn object(data: &Value) -> Value {
    json!({
        "metadata": {"managedFields": [{"time": "2020-01-01T00:00:00Z", "fieldsV1": {"f:data": {"f:KEY": {}}}}]},
        "type": "Opaque", "data": data,
    })
}

fn pod(container: &Value) -> Value {
    let mut container = container.clone();
    container["name"] = "app".into();
    let state = json!({"running": {"startedAt": "2020-01-02T00:00:00Z"}});
    json!({
        "metadata": {"name": "api-1", "labels": {"app": "api"}},
        "spec": {"containers": [container]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "app", "state": state}]},
    })
}

/// Answers that are refusals, or nothing at all, with a key in them.
fn refusals(world: &mut World, resource: &str) -> Vec<String> {
    let mut broken = Vec::new();
    for (index, form) in forms(CURRENT).iter().enumerate() {
        for code in [200, 400, 401, 403, 404, 429, 500] {
            let place = format!("refused-{code}-{index}");
            broken.push(get(world, resource, &place, code, form));
        }
        let text = String::from_utf8_lossy(form);
        let status = json!({"kind": "Status", "message": text, "reason": text, "details": {"name": text, "kind": text}});
        for code in [403, 404, 500] {
            let place = format!("said-{code}-{index}");
            broken.push(get(
                world,
                resource,
                &place,
                code,
                status.to_string().as_bytes(),
            ));
        }
    }
    broken
}

fn get(world: &mut World, resource: &str, place: &str, code: u16, body: &[u8]) -> String {
    let path = format!("/api/v1/namespaces/{place}/{resource}s/allstak");
    declare(world, &path, code, body);
    format!(
        "{{ kubernetes_{resource}: {{ store: kube-stand, namespace: {place}, name: allstak }} }}"
    )
}

fn pods(world: &mut World, place: &str, code: u16, body: &[u8]) -> String {
    let path = format!("/api/v1/namespaces/{place}/pods?limit=500");
    declare(world, &path, code, body);
    format!(
        "{{ kubernetes_pods: {{ store: kube-stand, namespace: {place}, selector: app=api, fingerprint: fingerprint }} }}"
    )
}

/// Answers at a path, and says where that is in a kubeconfig with a password in it.
fn declare(world: &mut World, path: &str, code: u16, body: &[u8]) {
    let url = world.page(path, code, None, body);
    let server = url.strip_suffix(path).unwrap();
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"token": "a-token-of-kubernetes"}}],
    });
    world.write("kubeconfig", config.to_string().as_bytes());
    world.declare("kube-stand: { kubernetes: { kubeconfig: DIR/kubeconfig } }");
}
