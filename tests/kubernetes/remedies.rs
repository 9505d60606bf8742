//! Whoever does what a remedy says gets a deployment that the next audit calls current: tried with the real
//! kubectl against the stand-in.

use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

use crate::world::Followed::{Instruction, Run};
use crate::world::{
    ALLSTAK, API, OF_API, OF_SECRET, STORES, World, config_map, container, empty, key_ref,
    metadata, rolled_out, secret,
};
use crate::{CURRENT, OLD};

#[test]
#[ignore = "needs kubectl"]
fn a_secret_is_written_created_or_made_anew() {
    let of = |secret: &Secret| World::of(empty().with(secret));
    let world = of(&secret(&[("api_key", OLD), ("other", "kept")], json!({})));
    world.tries("an old key", OF_SECRET, "stale", |remedy| {
        world.runs(remedy, 1)
    });
    world.set("api_key", &format!("{CURRENT}\n"));
    world.tries("a trailing newline", OF_SECRET, "malformed", |remedy| {
        world.runs(remedy, 1)
    });
    assert_eq!(world.held("other").as_deref(), Some("kept"));

    let world = of(&secret(&[("other", "kept")], json!({})));
    world.tries("no such key", OF_SECRET, "missing", |remedy| {
        world.runs(remedy, 1)
    });
    assert_eq!(world.held("other").as_deref(), Some("kept"));

    let world = World::of(empty());
    world.tries("no such Secret", OF_SECRET, "missing", |remedy| {
        world.runs(remedy, 1)
    });

    let world = of(&secret(&[("api_key", OLD)], json!({"immutable": true})));
    world.tries("immutable", OF_SECRET, "stale", |remedy| {
        assert!(
            remedy.contains("kubectl delete secret allstak -n shop"),
            "{remedy}"
        );
        let (_, command) = remedy.split_once('`').unwrap();
        world.kubectl(command.split('`').next().unwrap());
        Run
    });

    let world = of(&secret(
        &[("api_key", OLD), ("other", "kept")],
        json!({"immutable": true}),
    ));
    world.tries("immutable, with another key", OF_SECRET, "stale", |remedy| {
        assert!(
            remedy.contains("create it again with the current key as `api_key`, and with the other keys as they are (other)"),
            "{remedy}"
        );
        world.fake.remove(ALLSTAK);
        world.kubectl("kubectl create secret generic allstak --from-file=api_key=FILE --from-literal=other=kept -n shop");
        Instruction
    });
}

#[test]
#[ignore = "needs kubectl"]
fn a_key_that_is_extracted_leaves_the_rest_of_its_document() {
    let document = json!({"port": 1, "api_key": OLD}).to_string();
    let world = World::of(empty().with(&secret(&[("config.json", &document)], json!({}))));
    let hop = "{ kubernetes_secret: { store: eu, namespace: shop, name: allstak, key: config.json }, extract: { json: /api_key } }";
    world.tries("a member of JSON", hop, "stale", |remedy| {
        let spans: Vec<&str> = remedy.split('`').skip(1).step_by(2).collect();
        let [take, write] = spans[..] else {
            panic!("{remedy}")
        };
        assert!(
            remedy.contains(
                "make the member /api_key in DOCUMENT the current key, and leave the rest as it is"
            ),
            "{remedy}"
        );
        world.kubectl(take);
        let taken = std::fs::read(world.scene.path("DOCUMENT")).unwrap();
        let mut taken: Value = serde_json::from_slice(&taken).unwrap();
        taken["api_key"] = CURRENT.into();
        world.scene.write("DOCUMENT", &taken.to_string());
        world.kubectl(write);
        Run
    });
    let held: Value = serde_json::from_str(&world.held("config.json").unwrap()).unwrap();
    assert_eq!(held["port"], 1);

    let map = config_map("web", json!({".env": format!("PORT=1\nKEY={OLD}\n")}));
    let world = World::of(empty().with(&map));
    let hop = "{ kubernetes_configmap: { store: eu, namespace: shop, name: web, key: .env }, extract: { dotenv: KEY } }";
    world.tries("a variable of an env file", hop, "stale", |remedy| {
        let spans: Vec<&str> = remedy.split('`').skip(1).step_by(2).collect();
        let [take, write] = spans[..] else {
            panic!("{remedy}")
        };
        world.kubectl(take);
        let taken = std::fs::read_to_string(world.scene.path("DOCUMENT")).unwrap();
        world.scene.write("DOCUMENT", &taken.replace(OLD, CURRENT));
        world.kubectl(write);
        Run
    });
}

#[test]
#[ignore = "needs kubectl"]
fn a_config_map_is_written_or_created() {
    let hop = "{ kubernetes_configmap: { store: eu, namespace: shop, name: web } }";
    let world = World::of(empty());
    world.tries("no such ConfigMap", hop, "missing", |remedy| {
        world.runs(remedy, 1)
    });
    world.fake.change(("", "configmaps", "web"), |map| {
        map["data"]["KEY"] = OLD.into()
    });
    world.tries("an old key", hop, "stale", |remedy| world.runs(remedy, 1));
}

#[test]
#[ignore = "needs kubectl"]
fn a_secret_that_an_external_secret_writes_is_refreshed() {
    let owner = json!([{"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "name": "eso", "uid": "1",
                        "controller": true}]);
    let fed = secret(
        &[("api_key", OLD)],
        json!({"metadata": {"ownerReferences": owner}}),
    );
    let eso = ("external-secrets.io", "externalsecrets", "eso");
    let api = empty().with(&fed).raw(
        (eso.0, "external-secrets.io/v1", eso.1),
        ("shop", eso.2),
        json!({"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": metadata("eso"), "status": {}}),
    );
    let world = World::of(api);
    world.tries(
        "written by an ExternalSecret",
        OF_SECRET,
        "stale",
        |remedy| {
            assert!(
                remedy.contains(
                    "put the current key where the ExternalSecret eso takes `api_key` from"
                ),
                "{remedy}"
            );
            assert!(!remedy.contains("kubectl patch"), "{remedy}");
            let (_, command) = remedy.split_once('`').unwrap();
            let (_, command) = command.split_once('`').unwrap();
            let (_, command) = command.split_once('`').unwrap();
            world.kubectl(command.split('`').next().unwrap());
            let external = world.fake.object(eso).unwrap();
            assert!(
                external["metadata"]["annotations"]["force-sync"].is_string(),
                "{external}"
            );
            // What the operator does then.
            world.set("api_key", CURRENT);
            Run
        },
    );
}

#[test]
fn what_somebody_else_writes_is_changed_there() {
    let owned = |kind: &str| json!({"metadata": {"ownerReferences": [{"apiVersion": "x/v1", "kind": kind, "name": "own", "uid": "1"}]}});
    let helm = json!({"metadata": {
        "labels": {"app.kubernetes.io/managed-by": "Helm"}, "annotations": {"meta.helm.sh/release-name": "web"}}});
    let argo = json!({"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": "checkout:/Secret:shop/allstak"}}});
    for (what, more, said) in [
        (
            "made by Helm",
            helm,
            "in the values of the Helm release web, and upgrade the release",
        ),
        (
            "made by Argo CD",
            argo,
            "in the source of the Argo CD application checkout, and sync it",
        ),
        (
            "made from a SealedSecret",
            owned("SealedSecret"),
            "into the SealedSecret own where that is kept, sealed with `kubeseal",
        ),
        (
            "made by a VaultStaticSecret",
            owned("VaultStaticSecret"),
            "where the VaultStaticSecret own takes `api_key` from",
        ),
    ] {
        let world = World::of(empty().with(&secret(&[("api_key", OLD)], more)));
        world.tries(what, OF_SECRET, "stale", |remedy| {
            assert!(remedy.contains(said), "{remedy}");
            assert!(remedy.contains(" is undone"), "{remedy}");
            assert!(!remedy.contains("kubectl patch"), "{remedy}");
            world.set("api_key", CURRENT);
            Instruction
        });
    }
}

/// Who wrote these fields, where neither labels nor owners tell.
fn written_by(manager: &str, operation: &str, fields: &Value) -> Value {
    json!({"metadata": {"managedFields": [{
        "manager": manager, "operation": operation, "apiVersion": "v1", "time": "2025-11-01T00:00:00Z",
        "fieldsType": "FieldsV1", "fieldsV1": fields}]}})
}

#[test]
fn who_wrote_the_key_is_told_by_its_fields() {
    let own = json!({"f:data": {"f:api_key": {}}});
    for (what, manager, operation, said) in [
        (
            "written by Helm",
            "helm",
            "Update",
            "in the values of its Helm release, and upgrade the release",
        ),
        (
            "written by Flux",
            "kustomize-controller",
            "Apply",
            "in the source of its Kustomization of Flux, and reconcile it",
        ),
        (
            "written by Terraform",
            "HashiCorp",
            "Update",
            "where Terraform takes it from, and deploy it from there",
        ),
        (
            "merged in by an ExternalSecret",
            "externalsecrets.external-secrets.io/eso",
            "Update",
            "where the ExternalSecret eso takes `api_key` from",
        ),
    ] {
        let more = written_by(manager, operation, &own);
        let world = World::of(empty().with(&secret(&[("api_key", OLD)], more)));
        world.tries(what, OF_SECRET, "stale", |remedy| {
            assert!(remedy.contains(said), "{remedy}");
            assert!(remedy.contains(" is undone"), "{remedy}");
            assert!(!remedy.contains("kubectl patch"), "{remedy}");
            world.set("api_key", CURRENT);
            Instruction
        });
    }
}

#[test]
fn who_wrote_the_containers_is_told_by_their_fields() {
    let fed = || empty().with(&secret(&[("api_key", CURRENT)], json!({})));
    let template = |fields: Value| json!({"f:spec": {"f:template": {"f:spec": fields}}});
    let containers =
        || template(json!({"f:containers": {"k:{\"name\":\"app\"}": {".": {}, "f:env": {}}}}));
    let elsewhere = "in the template of the Deployment api, in the ";
    for (what, manager, operation, fields, said) in [
        (
            "a plain value that Argo CD applies",
            "argocd-controller",
            "Apply",
            containers(),
            "in the template of the Deployment api, in the source of its Argo CD application, and sync it",
        ),
        (
            "a plain value of an applied manifest",
            "kubectl-client-side-apply",
            "Update",
            containers(),
            "in the template of the Deployment api, in the manifest that it is applied from, and apply that again",
        ),
        // Who only scales it has no say.
        (
            "a plain value of a template that Argo CD scales",
            "argocd-controller",
            "Apply",
            json!({"f:spec": {"f:replicas": {}}}),
            "in the template of the Deployment api, by a `secretKeyRef`",
        ),
    ] {
        let value = json!({"env": [{"name": "KEY", "value": OLD}]});
        let world = rolled_out(fed(), value, written_by(manager, operation, &fields));
        world.tries(what, OF_API, "stale", |remedy| {
            assert!(remedy.contains(said), "{remedy}");
            assert_eq!(
                remedy.contains(elsewhere),
                said.contains(elsewhere),
                "{remedy}"
            );
            world.fake.wait(180);
            world.fake.change(API, |object| {
                container(object)["env"] = json!([key_ref(false)])
            });
            Instruction
        });
    }
}

#[test]
#[ignore = "needs kubectl"]
fn what_a_manifest_says_is_told_beside_the_patch() {
    let own = json!({"f:data": {"f:api_key": {}}});
    let more = written_by("kubectl-client-side-apply", "Update", &own);
    let world = World::of(empty().with(&secret(&[("api_key", OLD)], more)));
    world.tries("of an applied manifest", OF_SECRET, "stale", |remedy| {
        assert!(
            remedy.contains(
                " (and change it in the manifest that this is applied from: the next apply brings back what stands there)"
            ),
            "{remedy}"
        );
        world.runs(remedy, 1)
    });
}

#[test]
#[ignore = "needs kubectl"]
fn pods_are_restarted_when_their_secret_is_right() {
    let fed = || json!({"env": [key_ref(false)]});
    let world = rolled_out(
        empty().with(&secret(&[("api_key", OLD)], json!({}))),
        fed(),
        json!({}),
    );
    world.tries(
        "fed from a Secret with an old key",
        OF_API,
        "stale",
        |remedy| world.runs(remedy, 2),
    );

    // The Secret is right, and the pod older than it.
    let world = rolled_out(
        empty().with(&secret(&[("api_key", CURRENT)], json!({}))),
        fed(),
        json!({}),
    );
    world.fake.change(ALLSTAK, |secret| {
        secret["metadata"]["managedFields"][0]["time"] = "2025-11-20T09:05:00Z".into();
        secret["metadata"]["managedFields"][0]["fieldsV1"] = json!({"f:data": {"f:api_key": {}}});
    });
    let start = |world: &World| {
        world.fake.change(("", "pods", "api-0"), |pod| {
            pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] =
                "2025-11-19T00:00:00Z".into();
        });
    };
    start(&world);
    world.tries("started before the rotation", OF_API, "stale", |remedy| {
        world.runs(remedy, 1)
    });

    let world = rolled_out(
        empty().with(&secret(&[("api_key", OLD)], json!({}))),
        fed(),
        json!({}),
    );
    let by_label = "{ kubernetes_pods: { store: eu, namespace: shop, selector: app=api } }";
    world.tries("the same, by its labels", by_label, "stale", |remedy| {
        assert!(remedy.contains("deployment/api"), "{remedy}");
        world.runs(remedy, 2)
    });
}

#[test]
#[ignore = "needs kubectl"]
fn on_a_route_the_secret_is_written_once() {
    let fed = json!({"env": [key_ref(false)]});
    let world = rolled_out(
        empty().with(&secret(&[("api_key", OLD)], json!({}))),
        fed,
        json!({}),
    );
    let route = format!("{OF_SECRET}, {OF_API}");
    world.tries("behind its Secret", &route, "stale", |remedy| {
        assert_eq!(
            remedy,
            "mend kubernetes_secret (kubernetes:eu/shop/secrets/allstak#api_key) first, then once the Secret allstak has had \
             the current key as `api_key` for two minutes, restart it with `kubectl rollout restart deployment/api -n shop \
             --context prod`"
        );
        let ran = world.scene.audit(STORES, &[route.as_str()]);
        let first = ran.report["deployments"][0]["hops"][0]["remedy"].as_str().unwrap();
        world.runs(first, 1);
        world.runs(remedy, 1)
    });
}

#[test]
#[ignore = "needs kubectl"]
fn a_container_that_waits_for_a_secret_gets_it() {
    let world = rolled_out(empty(), json!({"env": [key_ref(false)]}), json!({}));
    world.fake.change(("", "pods", "api-0"), |pod| {
        pod["status"]["phase"] = "Pending".into();
        pod["status"]["containerStatuses"][0]["state"] = json!({"waiting": {
            "reason": "CreateContainerConfigError", "message": "secret \"allstak\" not found"}});
    });
    let ran = world.scene.audit(STORES, &[OF_API]);
    ran.says(
        0,
        "missing",
        "value",
        "it does not run now (CreateContainerConfigError: secret \"allstak\" not found)",
    );
    world.tries(
        "waits for a Secret that is not there",
        OF_API,
        "missing",
        |remedy| world.runs(remedy, 1),
    );
}

#[test]
fn what_stands_in_a_template_is_changed_there() {
    let helm = json!({"metadata": {"annotations": {"meta.helm.sh/release-name": "web"}}});
    let of_secret = || {
        empty().with(&secret(
            &[("api_key", CURRENT), ("KEY", CURRENT)],
            json!({}),
        ))
    };
    let value = || json!({"env": [{"name": "KEY", "value": OLD}]});
    let whole = json!({"env": [{"name": "KEY", "value": OLD}], "envFrom": [{"secretRef": {"name": "allstak"}}]});
    for (what, container_is, more, verdict, said) in [
        (
            "a plain value in the template",
            value(),
            json!({}),
            "stale",
            "set KEY for the container app in the template of the Deployment api, by a `secretKeyRef` to a Secret with the \
             current key; a restart alone changes nothing",
        ),
        (
            "a plain value of a Helm release",
            value(),
            helm,
            "stale",
            "in the template of the Deployment api, in the values of the Helm release web, and upgrade the release",
        ),
        (
            "a plain value before envFrom",
            whole,
            json!({}),
            "stale",
            "stands in the specification and wins over `envFrom`",
        ),
        (
            "nothing sets it",
            json!({}),
            json!({}),
            "missing",
            "set KEY for the container app in the template of the Deployment api",
        ),
    ] {
        let world = rolled_out(of_secret(), container_is, more);
        world.tries(what, OF_API, verdict, |remedy| {
            assert!(remedy.contains(said), "{remedy}");
            assert!(!remedy.contains("kubectl"), "{remedy}");
            world.fake.wait(60);
            world.fake.change(API, |object| {
                container(object)["env"] = json!([key_ref(false)])
            });
            Instruction
        });
    }
}

#[test]
fn a_variable_of_an_env_file_is_taken_from_a_secret_to_be_seen() {
    let file = json!({"env": [{"name": "KEY", "valueFrom": {"fileKeyRef": {
        "volumeName": "config", "path": "app.env", "key": "API_KEY"}}}]});
    let api = empty().with(&secret(&[("api_key", CURRENT)], json!({})));
    let world = rolled_out(api, file, json!({}));
    let ran = world.scene.audit(STORES, &[OF_API]).ends(3);
    ran.says(
        0,
        "unverified",
        "none",
        "it is read at the start as API_KEY from the file app.env in the volume config (`fileKeyRef`), which no API server \
         shows",
    );
    world.tries("a variable of an env file", OF_API, "unverified", |remedy| {
        assert!(
            remedy.contains(
                "or take KEY from a Secret by a `secretKeyRef`, which can be followed, in the template of the Deployment api"
            ),
            "{remedy}"
        );
        world.fake.wait(180);
        world.fake.change(API, |object| {
            container(object)["env"] = json!([key_ref(false)])
        });
        Instruction
    });
}

#[test]
#[ignore = "needs kubectl"]
fn what_is_optional_or_wins_is_named() {
    let optional = json!({"env": [key_ref(true)]});
    let world = rolled_out(
        empty().with(&secret(&[("other", "x")], json!({}))),
        optional,
        json!({}),
    );
    let ran = world.scene.audit(STORES, &[OF_API]);
    ran.says(
        0,
        "missing",
        "value",
        "the Secret allstak has no key api_key, which is optional",
    );
    world.tries(
        "an optional key that is missing",
        OF_API,
        "missing",
        |remedy| world.runs(remedy, 2),
    );

    let wins =
        json!({"envFrom": [{"secretRef": {"name": "allstak"}}, {"configMapRef": {"name": "web"}}]});
    let api = empty()
        .with(&secret(&[("KEY", CURRENT)], json!({})))
        .with(&config_map("web", json!({"KEY": OLD})));
    let world = rolled_out(api, wins, json!({}));
    world.tries(
        "a ConfigMap that wins over the Secret",
        OF_API,
        "stale",
        |remedy| {
            assert!(
                remedy.contains("which wins over the Secret allstak"),
                "{remedy}"
            );
            assert!(remedy.contains("kubectl patch configmap web"), "{remedy}");
            world.runs(remedy, 2)
        },
    );
}

#[test]
#[ignore = "needs kubectl"]
fn a_cron_job_gets_another_job() {
    let template = json!({"template": {"metadata": {"labels": {"app": "nightly"}},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": "i", "env": [key_ref(false)]}]}}});
    let cron: CronJob = serde_json::from_value(json!({
        "metadata": metadata("nightly"), "spec": {"schedule": "0 0 * * *", "jobTemplate": {"spec": template}}}))
    .unwrap();
    let owner = json!([{"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "uid": "1", "controller": true}]);
    let mut job = json!({"metadata": metadata("nightly-1"), "spec": template});
    job["metadata"]["ownerReferences"] = owner;
    let job: Job = serde_json::from_value(job).unwrap();
    let api = empty()
        .with(&cron)
        .with(&job)
        .with(&secret(&[("api_key", OLD)], json!({})));
    let world = World::of(api);
    world.fake.change(("batch", "jobs", "nightly-1"), |_| {});
    let hop = "{ kubernetes_pods: { store: eu, namespace: shop, cronjob: nightly } }";
    world.tries("a CronJob's job with an old key", hop, "stale", |remedy| {
        let spans: Vec<&str> = remedy.split('`').skip(1).step_by(2).collect();
        let spans: Vec<&&str> = spans
            .iter()
            .filter(|span| span.starts_with("kubectl"))
            .collect();
        let [patch, start] = spans[..] else {
            panic!("{remedy}")
        };
        world.kubectl(patch);
        assert!(remedy.contains("wait for its jobs to end"), "{remedy}");
        world.fake.remove(("", "pods", "nightly-1-0"));
        world.fake.wait(120);
        world.kubectl(start);
        Run
    });
}
