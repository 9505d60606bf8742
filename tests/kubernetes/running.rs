//! What running containers are judged to hold.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec, Job};
use k8s_openapi::api::core::v1::{
    ConfigMapEnvSource, Container, EnvFromSource, SecretEnvSource, SecretVolumeSource, Volume,
    VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::json;

use crate::fake::Api;
use crate::objects::{
    AFTER, BEFORE, BETWEEN, config_map, from_secret, named, owned, owner, plain, pod, pod_of,
    secret,
};
use crate::rbac::{Rule, usual};
use crate::scene::Scene;
use crate::{CURRENT, OLD, TOKEN, USER};

fn shop() -> Api {
    let rule = |group, resource| Rule::new("shop", (group, resource), "list", &[]);
    Api::default()
        .user(TOKEN, USER)
        .allow(usual("shop", "allstak"))
        .allow([
            rule("apps", "deployments"),
            rule("batch", "cronjobs"),
            rule("batch", "jobs"),
            Rule::new("shop", ("", "secrets"), "get", &["whole"]),
            Rule::new("shop", ("", "configmaps"), "get", &["web"]),
        ])
        .serve::<CronJob>()
        .serve::<Job>()
        .with(&secret("shop", "allstak", "api_key", CURRENT))
        .with(&secret("shop", "whole", "KEY", CURRENT))
        .with(&config_map("shop", "web", "KEY", OLD))
}

fn by_label(app: &str) -> String {
    format!("{{ kubernetes_pods: {{ namespace: shop, selector: app={app} }} }}")
}

fn deployment(name: &str, replicas: i32) -> Deployment {
    let labels = [("app".to_owned(), name.to_owned())];
    Deployment {
        metadata: named("shop", name),
        spec: DeploymentSpec {
            replicas: Some(replicas),
            selector: LabelSelector {
                match_labels: Some(labels.into()),
                ..LabelSelector::default()
            },
            ..DeploymentSpec::default()
        },
        ..Deployment::default()
    }
}

#[test]
fn the_old_pod_of_a_rollout_that_got_stuck_is_the_straggler() {
    let env = || vec![from_secret("allstak", "api_key")];
    let new = |name: &str| {
        owned(
            pod(("shop", name), "api", AFTER, env()),
            "apps/v1",
            "ReplicaSet",
            "api-7f9c",
        )
    };
    let old = owned(
        pod(("shop", "api-5d1b-x2x"), "api", BEFORE, env()),
        "apps/v1",
        "ReplicaSet",
        "api-5d1b",
    );
    let fake = shop()
        .with(&deployment("api", 2))
        .with(&new("api-7f9c-a1a"))
        .with(&new("api-7f9c-b2b"))
        .with(&old)
        .start();
    let hop = "{ kubernetes_pods: { namespace: shop, deployment: api } }";
    let ran = Scene::of(&fake).audit("", &[hop]).ends(1);
    ran.says(0, "stale", "timestamp", "1 of 3 containers")
        .says(0, "stale", "timestamp", "api-5d1b-x2x")
        .says(
            0,
            "stale",
            "timestamp",
            "kubectl rollout restart deployment/api -n shop",
        );
    let readings = ran.hop(0)["readings"].as_array().unwrap();
    let verdicts: Vec<_> = readings
        .iter()
        .map(|reading| reading["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(verdicts, ["stale", "current", "current"]);
}

#[test]
fn every_way_to_feed_a_variable_has_its_verdict() {
    let container = |from: EnvFromSource| Container {
        name: "app".to_owned(),
        env_from: Some(vec![from]),
        ..Container::default()
    };
    let of_secret = container(EnvFromSource {
        secret_ref: Some(SecretEnvSource {
            name: "whole".to_owned(),
            optional: None,
        }),
        ..EnvFromSource::default()
    });
    let of_map = container(EnvFromSource {
        config_map_ref: Some(ConfigMapEnvSource {
            name: "web".to_owned(),
            optional: None,
        }),
        ..EnvFromSource::default()
    });
    let fed = || vec![from_secret("allstak", "api_key")];
    let expected = [
        (
            "plain",
            pod(("shop", "plain"), "plain", BEFORE, vec![plain(CURRENT)]),
            "current",
            "value",
            "",
        ),
        (
            "plain-old",
            pod(("shop", "plain-old"), "plain-old", AFTER, vec![plain(OLD)]),
            "stale",
            "value",
            "",
        ),
        (
            "quoted",
            pod(
                ("shop", "quoted"),
                "quoted",
                AFTER,
                vec![plain(&format!("\"{CURRENT}\""))],
            ),
            "malformed",
            "value",
            "",
        ),
        (
            "before",
            pod(("shop", "before"), "before", BEFORE, fed()),
            "stale",
            "timestamp",
            "",
        ),
        (
            "between",
            pod(("shop", "between"), "between", BETWEEN, fed()),
            "unverified",
            "none",
            "possibly stale: the Secret allstak changed at 2025-11-20T09:05:00Z",
        ),
        (
            "after",
            pod(("shop", "after"), "after", AFTER, fed()),
            "current",
            "timestamp",
            "fed from the Secret allstak",
        ),
        (
            "whole",
            pod_of(("shop", "whole"), "whole", AFTER, of_secret),
            "current",
            "timestamp",
            "fed from the Secret whole",
        ),
        (
            "map",
            pod_of(("shop", "map"), "map", AFTER, of_map),
            "stale",
            "timestamp",
            "",
        ),
        (
            "unset",
            pod(("shop", "unset"), "unset", AFTER, Vec::new()),
            "missing",
            "value",
            "the pod does not set it",
        ),
    ];
    let mut api = shop();
    for (_, pod, ..) in &expected {
        api = api.with(pod);
    }
    let fake = api.start();
    let hops: Vec<_> = expected.iter().map(|(app, ..)| by_label(app)).collect();
    let ran = Scene::of(&fake).audit("", &hops).ends(1);
    for (index, (_, _, verdict, evidence, text)) in expected.iter().enumerate() {
        ran.says(index, verdict, evidence, text);
    }
    assert_eq!(fake.asked().len(), 4, "{:?}", fake.asked());
}

#[test]
fn a_mounted_file_follows_its_secret_and_a_part_of_it_does_not() {
    let mounted = |name: &str, started: &str, sub_path: Option<&str>| {
        let path = if sub_path.is_some() {
            "/etc/keys/api_key"
        } else {
            "/etc/keys"
        };
        let container = Container {
            name: "app".to_owned(),
            volume_mounts: Some(vec![VolumeMount {
                name: "keys".to_owned(),
                mount_path: path.to_owned(),
                sub_path: sub_path.map(str::to_owned),
                ..VolumeMount::default()
            }]),
            ..Container::default()
        };
        let mut pod = pod_of(("shop", name), name, started, container);
        pod.spec.as_mut().unwrap().volumes = Some(vec![Volume {
            name: "keys".to_owned(),
            secret: Some(SecretVolumeSource {
                secret_name: Some("allstak".to_owned()),
                ..SecretVolumeSource::default()
            }),
            ..Volume::default()
        }]);
        pod
    };
    let part = Some("api_key");
    let fake = shop()
        .with(&mounted("file-after", AFTER, None))
        .with(&mounted("file-before", BEFORE, None))
        .with(&mounted("part-after", AFTER, part))
        .with(&mounted("part-before", BEFORE, part))
        .start();
    let hops = ["file-after", "file-before", "part-after", "part-before"]
        .map(|app| format!("{{ kubernetes_pods: {{ namespace: shop, selector: app={app}, file: /etc/keys/api_key }} }}"));
    let ran = Scene::of(&fake).audit("", &hops).ends(1);
    ran.says(0, "current", "timestamp", "")
        .says(
            1,
            "unverified",
            "none",
            "the file follows, but it may have been read before",
        )
        .says(2, "current", "timestamp", "")
        .says(3, "stale", "timestamp", "");
}

#[test]
fn nobody_to_look_at_is_no_success() {
    let cron = CronJob {
        metadata: named("shop", "nightly"),
        spec: CronJobSpec {
            schedule: "0 0 * * *".to_owned(),
            suspend: Some(true),
            ..CronJobSpec::default()
        },
        ..CronJob::default()
    };
    let mut job = Job {
        metadata: named("shop", "weekly-1"),
        ..Job::default()
    };
    job.spec = Some(Default::default());
    job.metadata.owner_references = Some(vec![owner("batch/v1", "CronJob", "weekly")]);
    let weekly = CronJob {
        metadata: named("shop", "weekly"),
        spec: CronJobSpec::default(),
        ..CronJob::default()
    };
    let run = owned(
        pod(("shop", "weekly-1-abc"), "job", AFTER, vec![plain(OLD)]),
        "batch/v1",
        "Job",
        "weekly-1",
    );
    let fake = shop()
        .with(&deployment("idle", 0))
        .with(&deployment("stuck", 1))
        .with(&cron)
        .with(&weekly)
        .with(&job)
        .with(&run)
        .start();
    let hops = [
        "deployment: idle",
        "deployment: stuck",
        "deployment: none",
        "cronjob: nightly",
        "cronjob: weekly",
    ]
    .map(|what| format!("{{ kubernetes_pods: {{ namespace: shop, {what} }} }}"));
    let ran = Scene::of(&fake).audit("", &hops).ends(1);
    ran.says(0, "unverified", "none", "is scaled to zero")
        .says(
            1,
            "unreachable",
            "none",
            "no pod of the Deployment stuck runs",
        )
        .says(2, "unreachable", "none", "there is no Deployment none")
        .says(3, "unverified", "none", "is suspended")
        .says(4, "stale", "value", "");
}

#[test]
fn the_secrets_own_damage_is_the_pods_too() {
    let damaged = format!("{CURRENT}\n");
    let fake = Api::default()
        .user(TOKEN, USER)
        .allow(usual("shop", "allstak"))
        .with(&secret("shop", "allstak", "api_key", &damaged))
        .with(&pod(
            ("shop", "api-1"),
            "api",
            AFTER,
            vec![from_secret("allstak", "api_key")],
        ))
        .start();
    let route = "{ kubernetes_secret: { namespace: shop, name: allstak, key: api_key } }, \
                 { kubernetes_pods: { namespace: shop, selector: app=api } }";
    let ran = Scene::of(&fake).audit("", &[route]).ends(1);
    ran.says(
        0,
        "malformed",
        "timestamp",
        "inherited from kubernetes_secret",
    );
    assert_eq!(ran.report["deployments"][0]["broken_at"], 0);
}

#[test]
fn the_external_secret_behind_a_secret_is_in_the_message() {
    let mut fed = secret("shop", "allstak", "api_key", OLD);
    fed.metadata.owner_references = Some(vec![owner(
        "external-secrets.io/v1beta1",
        "ExternalSecret",
        "allstak-eso",
    )]);
    let external = |version: &str| {
        json!({
            "apiVersion": version, "kind": "ExternalSecret", "metadata": {"name": "allstak-eso", "namespace": "shop"},
            "status": {"refreshTime": "2025-11-19T00:00:00Z", "conditions": [
                {"type": "Ready", "status": "False", "reason": "SecretSyncedError", "message": "vault is sealed",
                 "lastTransitionTime": "2025-11-20T00:00:00Z"}]},
        })
    };
    let hop = "{ kubernetes_secret: { namespace: shop, name: allstak, key: api_key } }";
    for version in ["external-secrets.io/v1", "external-secrets.io/v1beta1"] {
        let rule = Rule::new(
            "shop",
            ("external-secrets.io", "externalsecrets"),
            "get",
            &["allstak-eso"],
        );
        let fake = Api::default()
            .user(TOKEN, USER)
            .allow(usual("shop", "allstak"))
            .allow([rule])
            .with(&fed)
            .raw(
                ("external-secrets.io", version, "externalsecrets"),
                ("shop", "allstak-eso"),
                external(version),
            )
            .start();
        let ran = Scene::of(&fake).audit("", &[hop]).ends(1);
        ran.says(
            0,
            "stale",
            "value",
            "the ExternalSecret allstak-eso feeds it: last refreshed 2025-11-19T00:00:00Z, not ready, SecretSyncedError, vault is sealed",
        );
    }
}
