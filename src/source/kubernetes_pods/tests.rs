mod commands;
mod feeds;
mod mends;
mod places;
mod replicas;
mod states;

use serde_json::{Value, json};

use super::super::conformance::{Case, Conforming, Stand, TEXT};
use super::super::testing::{Known, VARIABLE, declared, hop, read_all, told};
use super::*;
use crate::platform::http::testing::{Server, redirect_elsewhere, silent};
use crate::platform::kubernetes::testing::{answer, forbidden, not_found, status, store};
use crate::reading::Taken;

/// What an API server has: the bodies of the paths that it serves, without their queries.
#[derive(Clone, Default)]
struct World(Vec<(String, Value)>);

impl World {
    fn with(mut self, path: &str, body: Value) -> Self {
        self.0.push((path.to_owned(), body));
        self
    }

    fn pods(self, pods: &[Value]) -> Self {
        self.with(
            "/api/v1/namespaces/checkout/pods",
            json!({"metadata": {}, "items": pods}),
        )
    }

    fn workloads(self, api: &str, items: &[Value]) -> Self {
        let path = format!("/apis/{api}");
        self.with(&path, json!({"metadata": {}, "items": items}))
    }

    /// A Secret whose keys were written then.
    fn secret(self, name: &str, data: &[(&str, &str)], written: &str) -> Self {
        self.object("secrets", name, data, written)
    }

    fn object(self, resource: &str, name: &str, data: &[(&str, &str)], written: &str) -> Self {
        let encode = |value: &str| match resource {
            "secrets" => data_encoding::BASE64.encode(value.as_bytes()),
            _ => value.to_owned(),
        };
        let values: serde_json::Map<_, _> = data
            .iter()
            .map(|(key, value)| ((*key).to_owned(), encode(value).into()))
            .collect();
        let owned: serde_json::Map<_, _> = data
            .iter()
            .map(|(key, _)| (format!("f:{key}"), json!({})))
            .collect();
        let body = json!({
            "metadata": {
                "name": name, "creationTimestamp": "2026-01-01T00:00:00Z",
                "managedFields": [{"manager": "m", "operation": "Update", "time": written, "fieldsV1": {"f:data": owned}}],
            },
            "data": values,
        });
        self.with(
            &format!("/api/v1/namespaces/checkout/{resource}/{name}"),
            body,
        )
    }

    fn server(self) -> Server {
        Server::start(move |head| {
            let path = head.split(' ').nth(1).unwrap();
            let path = path.split('?').next().unwrap();
            let found = self.0.iter().find(|(known, _)| known == path);
            match found {
                Some((_, Value::String(raw))) => raw.clone().into_bytes(),
                Some((_, body)) => answer("200 OK", body),
                None => {
                    let mut parts = path.rsplit('/');
                    let name = parts.next().unwrap();
                    not_found(parts.next().unwrap(), name)
                }
            }
        })
    }

    /// What a hop finds, and the requests that took.
    async fn read(self, settings: Value) -> (Result<Vec<Reading>, ReadError>, Vec<String>) {
        let server = self.server();
        let (_kubeconfig, store) = store(&server);
        let mut settings = settings;
        settings["store"] = "stand".into();
        settings["namespace"] = "checkout".into();
        let hop = hop("kubernetes_pods", settings);
        let readings = read_all(&*hop, VARIABLE, Known::default(), &declared(&store)).await;
        let paths = server.requests();
        let paths = paths
            .iter()
            .map(|head| head.split(' ').nth(1).unwrap().to_owned());
        (readings, paths.collect())
    }

    /// What the pods `app=api` hold, a line for each replica.
    async fn told(self) -> Vec<String> {
        self.told_by(json!({"selector": "app=api"})).await
    }

    async fn told_by(self, settings: Value) -> Vec<String> {
        let readings = self
            .read(settings)
            .await
            .0
            .unwrap_or_else(|error| panic!("{error}"));
        readings.iter().map(line).collect()
    }
}

/// A reading in words, its replica first.
fn line(reading: &Reading) -> String {
    let replica = reading.replica.as_deref().unwrap_or("-");
    let found = match &reading.found {
        Found::Hidden {
            taken_for: Some(taken),
            fixed_at,
            ..
        } => {
            let Taken { found, evidence } = &**taken;
            let fixed = if fixed_at.is_some() { "fixed" } else { "loose" };
            format!("{fixed}, by {}: {}", evidence.name(), told(found))
        }
        Found::Hidden {
            fixed_at: None,
            why,
            ..
        } => format!("loose: {why}"),
        Found::Hidden { why, .. } => format!("fixed: {why}"),
        found => told(found),
    };
    format!("{replica}: {found}")
}

/// When the Secrets of these tests are written, and the pods of most started.
const WRITTEN: &str = "2026-11-20T09:00:00Z";
const LATER: &str = "2026-11-20T09:02:00Z";
const EARLIER: &str = "2026-11-20T09:01:59Z";

/// A pod with one container, `app`.
fn pod(name: &str, started: &str, container: Value) -> Value {
    let mut container = container;
    container["name"] = "app".into();
    json!({
        "metadata": {"name": name, "labels": {"app": "api"}},
        "spec": {"containers": [container]},
        "status": {"phase": "Running", "containerStatuses": [running("app", started)]},
    })
}

fn running(name: &str, started: &str) -> Value {
    json!({"name": name, "ready": true, "state": {"running": {"startedAt": started}}})
}

/// A container whose variable is this entry.
fn env(entry: Value) -> Value {
    let mut entry = entry;
    entry["name"] = VARIABLE.into();
    json!({"env": [entry]})
}

fn secret_ref(name: &str, key: &str) -> Value {
    json!({"valueFrom": {"secretKeyRef": {"name": name, "key": key}}})
}

impl Conforming for KubernetesPods {
    fn stand(case: Case) -> Option<Stand> {
        let listing = |pods: Vec<Value>| World::default().pods(&pods).server();
        let started = |container| vec![pod("api-1", LATER, container)];
        let server = match case {
            Case::Present => listing(started(env(json!({"value": TEXT})))),
            Case::Absent => listing(started(json!({}))),
            Case::Denied => Server::start(|_| forbidden("pods", "")),
            Case::NotFound => listing(Vec::new()),
            Case::Throttled => {
                Server::start(|_| status(429, "TooManyRequests", "later", json!({})))
            }
            Case::Broken => Server::start(|_| status(500, "InternalError", "broken", json!({}))),
            // A page of a list is far larger than a key may be.
            Case::TooLarge => return None,
            Case::Silent => silent(),
            Case::Elsewhere => redirect_elsewhere(),
        };
        let (kubeconfig, store) = store(&server);
        let settings = json!({"namespace": "checkout", "selector": "app=api"});
        Some(Stand::at(store, settings, (server, kubeconfig)).of_text())
    }
}

#[test]
fn what_is_shown_and_what_is_refused() {
    let at = At::of(VARIABLE);
    for (settings, location, remedy) in [
        (
            json!({"store": "prod-eu", "namespace": "checkout", "selector": "app=checkout-api"}),
            "kubernetes:prod-eu/checkout/pods?app=checkout-api",
            "restart what owns the pods with `kubectl rollout restart deployment/NAME -n checkout`",
        ),
        (
            json!({"namespace": "checkout", "deployment": "api", "container": "app"}),
            "kubernetes:checkout/deployments/api app",
            "restart it with `kubectl rollout restart deployment/api -n checkout`",
        ),
        (
            json!({"store": "eu", "namespace": "a", "statefulset": "db", "file": "/etc/keys/api_key"}),
            "kubernetes:eu/a/statefulsets/db#/etc/keys/api_key",
            "restart it with `kubectl rollout restart statefulset/db -n a`, in the cluster eu",
        ),
        (
            json!({"namespace": "a", "cronjob": "nightly"}),
            "kubernetes:a/cronjobs/nightly",
            "wait for its jobs to end",
        ),
    ] {
        let hop = hop("kubernetes_pods", settings);
        assert_eq!(hop.location(at), location);
        assert!(
            hop.remedy(at, &crate::source::Case::default())
                .starts_with(remedy),
            "{}",
            hop.remedy(at, &crate::source::Case::default())
        );
    }
    for wrong in [
        json!({}),
        json!({"selector": "a", "deployment": "b"}),
        json!({"deployment": "a", "cronjob": "b"}),
        json!({"selector": "a in b"}),
        json!({"selector": ""}),
        json!({"deployment": "A"}),
        json!({"deployment": "a", "container": ""}),
        json!({"deployment": "a", "file": "etc/key"}),
        json!({"deployment": "a", "file": "/etc/../key"}),
        json!({"deployment": "a", "file": "/"}),
        json!({"deployment": "a", "fingerprint": ""}),
        json!({"deployment": "a", "file": "/etc/key", "loads": "itself"}),
    ] {
        let mut settings = wrong.clone();
        settings["namespace"] = "checkout".into();
        let hop: KubernetesPods = serde_json::from_value(settings).unwrap();
        assert!(Source::check(&hop).is_err(), "{wrong}");
    }
}
