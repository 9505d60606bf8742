//! The policies that the manual gives to paste are enough, and nothing in them is too much.

use std::fs;
use std::path::Path;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use serde_json::{Value, json};

use crate::fake::Api;
use crate::objects::{AFTER, config_map, from_secret, owned, plain, pod, secret};
use crate::rbac::{Rule, Written};
use crate::scene::{Ran, Scene};
use crate::{CURRENT, TOKEN, USER};

/// The rules of the Role in the manual that is named so, in its namespace.
fn role(name: &str) -> Vec<Rule> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/sources.md");
    let page = fs::read_to_string(page).unwrap();
    let blocks = page
        .split("```yaml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap());
    let documents = blocks.flat_map(|block| block.split("---\n"));
    let mut roles = documents.filter_map(|document| {
        let role: Value = serde_yaml::from_str(document).ok()?;
        (role["kind"] == "Role" && role["metadata"]["name"] == name).then_some(role)
    });
    let role = roles
        .next()
        .unwrap_or_else(|| panic!("docs/sources.md has no Role {name}"));
    assert_eq!(role["apiVersion"], "rbac.authorization.k8s.io/v1");
    let rules: Vec<Written> = serde_json::from_value(role["rules"].clone()).unwrap();
    let namespace = role["metadata"]["namespace"].as_str().unwrap();
    let bind = |rule| Rule {
        user: USER.to_owned(),
        namespace: namespace.to_owned(),
        rule,
    };
    rules.into_iter().map(bind).collect()
}

/// A namespace with something of every kind, all of it current.
fn checkout() -> Api {
    let mut api = Api::default()
        .user(TOKEN, USER)
        .with(&secret("checkout", "allstak", "api_key", CURRENT))
        .with(&config_map("checkout", "web", "KEY", CURRENT));
    let object = |kind: &str, name: &str| {
        let selector = json!({"matchLabels": {"app": name}});
        json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "checkout"},
               "spec": {"replicas": 1, "selector": selector, "template": {}, "schedule": "", "jobTemplate": {}, "serviceName": ""}})
    };
    macro_rules! with {
        ($kind:ty, $value:expr) => {
            let value: $kind = serde_json::from_value({
                let mut value = $value;
                value["apiVersion"] = <$kind as k8s_openapi::Resource>::API_VERSION.into();
                value
            })
            .unwrap();
            api = api.with(&value);
        };
    }
    with!(Deployment, object("Deployment", "deployment"));
    with!(StatefulSet, object("StatefulSet", "statefulset"));
    with!(DaemonSet, object("DaemonSet", "daemonset"));
    with!(CronJob, object("CronJob", "cronjob"));
    let mut job = object("Job", "job");
    job["metadata"]["ownerReferences"] = json!([{"apiVersion": "batch/v1", "kind": "CronJob", "name": "cronjob", "uid": "1", "controller": true}]);
    with!(Job, job);
    for (app, kind, by) in [
        ("deployment", "ReplicaSet", "deployment-1"),
        ("statefulset", "StatefulSet", "statefulset"),
        ("daemonset", "DaemonSet", "daemonset"),
        ("cronjob", "Job", "job"),
    ] {
        let env = vec![from_secret("allstak", "api_key")];
        let pod = pod(("checkout", &format!("{app}-0")), app, AFTER, env);
        api = api.with(&owned(pod, "v1", kind, by));
    }
    let map =
        json!({"name": "KEY", "valueFrom": {"configMapKeyRef": {"name": "web", "key": "KEY"}}});
    let env = vec![plain("overridden"), serde_json::from_value(map).unwrap()];
    api.with(&pod(("checkout", "web-0"), "web", AFTER, env))
}

fn pods() -> Vec<String> {
    let mut hops: Vec<_> = ["deployment", "statefulset", "daemonset", "cronjob"]
        .iter()
        .map(|kind| format!("{{ kubernetes_pods: {{ namespace: checkout, {kind}: {kind} }} }}"))
        .collect();
    hops.push("{ kubernetes_pods: { namespace: checkout, selector: app=web } }".to_owned());
    hops
}

fn audit(rules: Vec<Rule>, hops: &[String]) -> Ran {
    let fake = checkout().allow(rules).start();
    Scene::of(&fake).audit("", hops)
}

/// With all of its rules everything is current, and without any one of them something is not seen.
#[track_caller]
fn is_least(name: &str, hops: &[String]) {
    let rules = role(name);
    assert!(!rules.is_empty());
    let ran = audit(rules.clone(), hops);
    for index in 0..hops.len() {
        assert_eq!(
            ran.hop(index)["verdict"],
            "current",
            "{name}: {:#}",
            ran.hop(index)
        );
    }
    for (without, lost) in rules.iter().enumerate() {
        let mut fewer = rules.clone();
        fewer.remove(without);
        let ran = audit(fewer, hops).ends(3);
        let unseen = (0..hops.len()).any(|index| ran.hop(index)["verdict"] == "unreachable");
        assert!(unseen, "{name} does not need {lost:?}");
        let rule = &lost.rule;
        assert_eq!(
            (
                rule.resources.len(),
                rule.verbs.len(),
                rule.api_groups.len()
            ),
            (1, 1, 1)
        );
        assert!(
            rule.verbs == ["list"] || !rule.resource_names.is_empty(),
            "{rule:?} names nothing"
        );
    }
}

#[test]
fn the_policies_of_the_manual_are_the_least_that_work() {
    let secret = "{ kubernetes_secret: { namespace: checkout, name: allstak, key: api_key } }";
    let map = "{ kubernetes_configmap: { namespace: checkout, name: web, key: KEY } }";
    is_least("straggler-secret", &[secret.to_owned()]);
    is_least("straggler-configmap", &[map.to_owned()]);
    is_least("straggler-pods", &pods());
}
