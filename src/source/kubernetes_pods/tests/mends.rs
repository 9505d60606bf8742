//! What is said to be done about what a pod has.

use super::*;

/// What a hop says is to be done, of pods that this world has.
async fn words(world: World, settings: Value) -> String {
    let readings = world.read(settings).await.0;
    let readings = readings.unwrap_or_else(|error| panic!("{error}"));
    let mend = readings.into_iter().next().unwrap().mend;
    let words = mend.and_then(|mend| mend.words).unwrap_or_default();
    // The store of these tests names a kubeconfig.
    let (shown, _) = words.split_once(" --kubeconfig").unwrap_or((&words, ""));
    shown.to_owned()
}

/// A pod that runs with a plain value, with this beside its name.
fn plain(metadata: Value) -> Value {
    let mut pod = pod("api-1", LATER, env(json!({"value": "v"})));
    for (name, value) in metadata.as_object().unwrap() {
        pod["metadata"][name] = value.clone();
    }
    pod
}

fn owned(kind: &str, name: &str, labels: Value) -> Value {
    let mut labels = labels;
    labels["app"] = "api".into();
    json!({"labels": labels, "ownerReferences": [{"kind": kind, "name": name, "controller": true}]})
}

#[tokio::test]
async fn the_template_of_a_plain_value_is_named_by_what_owns_the_pod() {
    let hashed = json!({"pod-template-hash": "7f9c"});
    let rollout = json!({"rollouts-pod-template-hash": "7f9c"});
    let set =
        "the value stands in the specification: set ALLSTAK_API_KEY for the container app in ";
    let secret = "by a `secretKeyRef` to a Secret with the current key";
    for (metadata, expected) in [
        (
            owned("ReplicaSet", "api-7f9c", hashed),
            format!(
                "{set}the template of the Deployment api, {secret}; a restart alone changes nothing"
            ),
        ),
        (
            owned("ReplicaSet", "api-7f9c", rollout),
            format!(
                "{set}the template of the Rollout api, {secret}; a restart alone changes nothing"
            ),
        ),
        (
            owned("StatefulSet", "db", json!({})),
            format!(
                "{set}the template of the StatefulSet db, {secret}; a restart alone changes nothing"
            ),
        ),
        (
            owned("ReplicaSet", "bare", json!({})),
            format!(
                "{set}the template of the ReplicaSet bare, {secret}; then delete the pod with `kubectl delete pod api-1 -n checkout"
            ),
        ),
        (
            owned("Job", "once", json!({})),
            format!(
                "{set}the template of the Job once, {secret}; then delete the Job once and create it again from where it is written"
            ),
        ),
        (
            json!({}),
            format!(
                "{set}the specification of the pod api-1, {secret}; then delete the pod api-1, which nothing recreates, and \
                 create it again from where it is written"
            ),
        ),
        (
            json!({"labels": {"app": "api", "app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": "web"}}),
            format!(
                "{set}the specification of the pod api-1, in the values of the Helm release web, and upgrade the release, \
                 {secret}; then delete the pod api-1, which nothing recreates, and create it again from where it is written"
            ),
        ),
    ] {
        let world = World::default().pods(&[plain(metadata)]);
        assert_eq!(words(world, json!({"selector": "app=api"})).await, expected);
    }
}

#[tokio::test]
async fn a_workload_is_restarted_as_it_lets_itself_be() {
    let fed = || pod("api-1", LATER, env(secret_ref("one", "key")));
    let of = |kind: &str| {
        let mut pod = fed();
        let name = if kind == "ReplicaSet" {
            "api-7f9c"
        } else {
            "api"
        };
        pod["metadata"]["ownerReferences"] =
            json!([{"kind": kind, "name": name, "controller": true}]);
        pod
    };
    let selector = json!({"matchLabels": {"app": "api"}});
    for (setting, api, owner, spec, expected) in [
        (
            "deployment",
            "apps/v1/namespaces/checkout/deployments",
            "ReplicaSet",
            json!({"selector": selector}),
            "restart it with `kubectl rollout restart deployment/api -n checkout",
        ),
        (
            "deployment",
            "apps/v1/namespaces/checkout/deployments",
            "ReplicaSet",
            json!({"selector": selector, "paused": true}),
            "let it roll out with `kubectl rollout resume deployment/api -n checkout",
        ),
        (
            "statefulset",
            "apps/v1/namespaces/checkout/statefulsets",
            "StatefulSet",
            json!({"selector": selector, "updateStrategy": {"type": "OnDelete"}}),
            "delete the pods of the StatefulSet api, which it then recreates (`updateStrategy` is OnDelete)",
        ),
    ] {
        // The pod is older than the key.
        let world = World::default()
            .pods(&[of(owner)])
            .secret("one", &[("key", "v")], "2026-11-21T00:00:00Z")
            .workloads(api, &[json!({"metadata": {"name": "api"}, "spec": spec})]);
        let mut settings = json!({});
        settings[setting] = "api".into();
        assert_eq!(
            words(world, settings).await,
            format!(
                "once the Secret one has had the current key as `key` for two minutes, {expected}"
            )
        );
    }
}

#[tokio::test]
async fn who_writes_the_secret_or_the_command_is_where_it_is_changed() {
    let owner =
        json!([{"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "name": "eso"}]);
    let world = World::default()
        .pods(&[pod("api-1", LATER, env(secret_ref("one", "key")))])
        .with(
            "/api/v1/namespaces/checkout/secrets/one",
            json!({"metadata": {"name": "one", "creationTimestamp": WRITTEN, "ownerReferences": owner,
                                "managedFields": [{"manager": "m", "time": WRITTEN, "fieldsV1": {"f:data": {"f:key": {}}}}]},
                   "data": {"key": "dg=="}}),
        );
    let told = words(world, json!({"selector": "app=api"})).await;
    let expected = "put the current key where the ExternalSecret eso takes `key` from, and make it refresh with `kubectl annotate";
    assert!(told.starts_with(expected), "{told}");

    let set = json!({"command": ["env", "ALLSTAK_API_KEY=v", "app"]});
    let world = World::default().pods(&[pod("api-1", LATER, set)]);
    let told = words(world, json!({"selector": "app=api"})).await;
    let expected = "make ALLSTAK_API_KEY in `command` or `args` of the container app the current key, in the specification of the pod";
    assert!(told.starts_with(expected), "{told}");

    let world = World::default().pods(&[pod("api-1", LATER, json!({}))]);
    let told = words(
        world,
        json!({"selector": "app=api", "file": "/etc/keys/api_key"}),
    )
    .await;
    let expected =
        "mount a Secret with the current key at /etc/keys/api_key of the container app, in";
    assert!(told.starts_with(expected), "{told}");
}

#[tokio::test]
async fn what_does_not_have_an_optional_key_is_told() {
    let optional =
        json!({"valueFrom": {"secretKeyRef": {"name": "one", "key": "none", "optional": true}}});
    let mut container = env(optional);
    container["envFrom"] = json!([{"configMapRef": {"name": "map"}}]);
    let world = World::default()
        .pods(&[pod("api-1", LATER, container)])
        .secret("one", &[("key", "v")], WRITTEN)
        .object("configmaps", "map", &[("other", "v")], WRITTEN);
    let readings = world
        .read(json!({"selector": "app=api"}))
        .await
        .0
        .ok()
        .unwrap();
    assert_eq!(
        readings[0].note.as_deref(),
        Some(
            "the Secret one has no key none, which is optional; the ConfigMap map, taken whole (`envFrom`), has no key \
             ALLSTAK_API_KEY"
        )
    );
    let words = readings[0].mend.as_ref().unwrap().words.as_deref().unwrap();
    assert!(words.contains("--from-file=none=FILE"), "{words}");
}

#[tokio::test]
async fn only_a_configuration_that_is_wrong_is_told_with_its_message() {
    for (reason, message, expected) in [
        (
            "CreateContainerConfigError",
            "couldn't find key api_key in Secret checkout/one",
            "it does not run now (CreateContainerConfigError: couldn't find key api_key in Secret checkout/one)",
        ),
        (
            "CrashLoopBackOff",
            "back-off 5m0s restarting",
            "it does not run now (CrashLoopBackOff)",
        ),
        (
            "ImagePullBackOff",
            "Back-off pulling image",
            "it does not run now (ImagePullBackOff)",
        ),
    ] {
        let mut pod = pod("api-1", LATER, env(json!({"value": "v"})));
        pod["status"]["containerStatuses"][0]["state"] =
            json!({"waiting": {"reason": reason, "message": message}});
        let world = World::default().pods(&[pod]);
        let readings = world
            .read(json!({"selector": "app=api"}))
            .await
            .0
            .ok()
            .unwrap();
        let note = readings[0].note.as_deref().unwrap();
        assert!(note.starts_with(&format!("{expected}; ")), "{note}");
    }
}

#[tokio::test]
async fn who_writes_an_env_file_is_named_by_its_volume() {
    let file = json!({"valueFrom": {"fileKeyRef": {"volumeName": "config", "path": "app.env", "key": "KEY"}}});
    let with = |writers: &[&str]| {
        let mut pod = pod("api-1", LATER, env(file.clone()));
        pod["metadata"] = owned(
            "ReplicaSet",
            "api-7f9c",
            json!({"pod-template-hash": "7f9c"}),
        );
        pod["metadata"]["name"] = "api-1".into();
        pod["spec"]["volumes"] = json!([{"name": "config", "emptyDir": {}}]);
        pod["spec"]["initContainers"] = writers
            .iter()
            .map(|name| json!({"name": name, "volumeMounts": [{"name": "config", "mountPath": "/data"}]}))
            .collect();
        pod["spec"]["initContainers"]
            .as_array_mut()
            .unwrap()
            .push(json!({"name": "migrate"}));
        pod
    };
    for (writers, who) in [
        (
            &["setup"][..],
            "the container setup, which mounts the volume config, writes",
        ),
        (
            &["setup", "other"],
            "the container setup or other, which mounts the volume config, writes",
        ),
        (&[], "whatever fills the volume config writes"),
    ] {
        let world = World::default().pods(&[with(writers)]);
        assert_eq!(
            words(world, json!({"selector": "app=api"})).await,
            format!(
                "make sure that {who} the current key as KEY to the file app.env there (in single quotes, from Kubernetes 1.35 on), \
                 or take ALLSTAK_API_KEY from a Secret by a `secretKeyRef`, which can be followed, in the template of the \
                 Deployment api; then restart it with `kubectl rollout restart deployment/api -n checkout"
            )
        );
    }
}
