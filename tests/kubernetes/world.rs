//! A cluster that somebody mends by what remedies say.

use std::path::Path;
use std::process::Command;

use data_encoding::BASE64;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use serde_json::{Value, json};

use crate::fake::{Api, Fake};
use crate::scene::Scene;
use crate::{CURRENT, TOKEN, USER};

pub const API: (&str, &str, &str) = ("apps", "deployments", "api");
pub const ALLSTAK: (&str, &str, &str) = ("", "secrets", "allstak");

pub const STORES: &str = "eu: { kubernetes: { context: prod } }";
pub const OF_SECRET: &str =
    "{ kubernetes_secret: { store: eu, namespace: shop, name: allstak, key: api_key } }";
pub const OF_API: &str = "{ kubernetes_pods: { store: eu, namespace: shop, deployment: api } }";

pub struct World {
    pub fake: Fake,
    pub scene: Scene,
}

/// How a remedy was followed.
pub enum Followed {
    /// Its commands were run.
    Run,
    /// Somebody did what its words say.
    Instruction,
}

pub fn empty() -> Api {
    Api::default()
        .user(TOKEN, USER)
        .unbound()
        .serve::<Secret>()
        .serve::<ConfigMap>()
        .serve::<Pod>()
        .serve::<Deployment>()
        .serve::<CronJob>()
        .serve::<Job>()
}

impl World {
    pub fn of(api: Api) -> Self {
        let fake = api.start();
        let scene = Scene::of(&fake);
        scene.write("FILE", CURRENT);
        Self { fake, scene }
    }

    /// Audits, follows the remedy, and audits again.
    #[expect(
        clippy::print_stdout,
        reason = "the table of the manual, with --nocapture"
    )]
    #[track_caller]
    pub fn tries(
        &self,
        what: &str,
        hop: &str,
        verdict: &str,
        follow: impl FnOnce(&str) -> Followed,
    ) {
        let ran = self.scene.audit(STORES, &[hop]);
        let before = ran.hop(0);
        assert_eq!(before["verdict"], verdict, "{what}: {before:#}");
        let remedy = before["remedy"].as_str().unwrap_or_default().to_owned();
        let followed = match follow(&remedy) {
            Followed::Run => "run",
            Followed::Instruction => "instruction",
        };
        let ran = self.scene.audit(STORES, &[hop]);
        let after = ran.hop(0);
        assert_eq!(
            after["verdict"], "current",
            "{what}, after {remedy:?}: {after:#}"
        );
        let source = hop.trim_start_matches("{ ").split(':').next().unwrap();
        println!("| `{source}` | {what} | {verdict} | {followed} | yes |");
    }

    /// Runs the commands of a remedy, in their order, and waits where it says so.
    #[track_caller]
    pub fn runs(&self, remedy: &str, commands: usize) -> Followed {
        let spans = remedy.split('`').skip(1).step_by(2);
        let spans: Vec<&str> = spans.filter(|span| span.starts_with("kubectl ")).collect();
        assert_eq!(spans.len(), commands, "{remedy}");
        for span in spans {
            let names_context = span
                .split(" | ")
                .last()
                .unwrap()
                .contains(" -n shop --context prod");
            assert!(names_context, "{remedy}");
            // What restarts something comes after the wait.
            if span.contains("rollout") && remedy.contains("for two minutes") {
                self.fake.wait(120);
            }
            self.kubectl(span);
        }
        Followed::Run
    }

    #[track_caller]
    pub fn kubectl(&self, command: &str) {
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools/kubernetes");
        assert!(
            tools.join("kubectl").exists(),
            "run tests/setup/kubernetes first"
        );
        let path = std::env::var("PATH").unwrap_or_default();
        let output = Command::new("sh")
            .args(["-c", command])
            .current_dir(self.scene.path(""))
            .env_clear()
            .env("PATH", format!("{}:{path}", tools.display()))
            .env("HOME", self.scene.path(""))
            .env("KUBECONFIG", self.scene.path("kubeconfig"))
            .output()
            .unwrap();
        let [out, err] = [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it));
        assert!(output.status.success(), "{command}: {out}{err}");
    }

    pub fn set(&self, key: &str, value: &str) {
        self.fake.change(ALLSTAK, |secret| {
            secret["data"][key] = BASE64.encode(value.as_bytes()).into();
        });
    }

    /// What the Secret holds under a key.
    pub fn held(&self, key: &str) -> Option<String> {
        let secret = self.fake.object(ALLSTAK)?;
        let value = BASE64.decode(secret["data"][key].as_str()?.as_bytes());
        Some(String::from_utf8(value.unwrap()).unwrap())
    }
}

/// A Secret with this beside its name and data.
pub fn secret(data: &[(&str, &str)], more: Value) -> Secret {
    let data: serde_json::Map<String, Value> = data
        .iter()
        .map(|(key, value)| ((*key).to_owned(), BASE64.encode(value.as_bytes()).into()))
        .collect();
    let mut object = json!({"metadata": metadata("allstak"), "type": "Opaque", "data": data});
    with(&mut object, more);
    serde_json::from_value(object).unwrap()
}

pub fn config_map(name: &str, data: Value) -> ConfigMap {
    serde_json::from_value(json!({"metadata": metadata(name), "data": data})).unwrap()
}

pub fn metadata(name: &str) -> Value {
    json!({
        "name": name, "namespace": "shop", "creationTimestamp": "2025-11-01T00:00:00Z", "uid": "uid",
        "managedFields": [{"manager": "kubectl-create", "operation": "Update", "apiVersion": "v1",
                           "time": "2025-11-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {".": {}}}}],
    })
}

pub fn with(object: &mut Value, more: Value) {
    for (name, value) in more.as_object().cloned().unwrap_or_default() {
        match object.get_mut(&name) {
            Some(known) if known.is_object() => with(known, value),
            _ => object[name] = value,
        }
    }
}

pub fn deployment(container: Value, more: Value) -> Deployment {
    let mut container = container;
    container["name"] = "app".into();
    container["image"] = "registry.example/app:1".into();
    let labels = json!({"app": "api"});
    let mut object = json!({
        "metadata": metadata("api"),
        "spec": {
            "replicas": 1, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    });
    with(&mut object, more);
    serde_json::from_value(object).unwrap()
}

/// A Deployment whose pods run since noon.
pub fn rolled_out(api: Api, container: Value, more: Value) -> World {
    let world = World::of(api.with(&deployment(container, more)));
    world.fake.change(API, |_| {});
    world
}

pub fn key_ref(optional: bool) -> Value {
    json!({"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "allstak", "key": "api_key", "optional": optional}}})
}

/// The container of the Deployment's template.
pub fn container(object: &mut Value) -> &mut Value {
    &mut object["spec"]["template"]["spec"]["containers"][0]
}
