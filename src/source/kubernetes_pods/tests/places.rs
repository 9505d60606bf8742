//! A file, by every way in which it can be mounted.

use super::*;

const FILE: &str = "/etc/keys/api_key";

/// What `/etc/keys/api_key` of a container holds that started then.
async fn holds(started: &str, mounts: Value, volumes: Value) -> String {
    let mut pod = pod("api-1", started, json!({"volumeMounts": mounts}));
    pod["spec"]["volumes"] = volumes;
    let world = World::default()
        .pods(&[pod])
        .secret("one", &[("api_key", "first"), ("other", "second")], WRITTEN)
        .secret("two", &[("api_key", "of-two")], WRITTEN)
        .object("configmaps", "map", &[("api_key", "of-map")], WRITTEN);
    let lines = world
        .told_by(json!({"selector": "app=api", "file": FILE}))
        .await;
    lines[0].strip_prefix("api-1: ").unwrap().to_owned()
}

fn at(path: &str) -> Value {
    json!([{"name": "keys", "mountPath": path}])
}

fn volume(of: Value) -> Value {
    let mut volume = of;
    volume["name"] = "keys".into();
    json!([volume])
}

#[tokio::test]
async fn a_mounted_secret_follows_but_may_have_been_read_before() {
    let volume = || volume(json!({"secret": {"secretName": "one"}}));
    assert_eq!(
        holds(LATER, at("/etc/keys"), volume()).await,
        "loose, by timestamp: first"
    );
    assert_eq!(
        holds(LATER, at("/etc/keys/"), volume()).await,
        "loose, by timestamp: first"
    );
    let early = holds(EARLIER, at("/etc/keys"), volume()).await;
    assert!(
        early.starts_with("loose: possibly stale: the Secret one changed at 2026-11-20T09:00:00Z, and the file follows, but it may have been read before"),
        "{early}"
    );
}

#[tokio::test]
async fn a_part_of_a_volume_is_fixed_like_a_variable() {
    let volume = || volume(json!({"secret": {"secretName": "one"}}));
    let part =
        |path: &str, part: &str| json!([{"name": "keys", "mountPath": path, "subPath": part}]);
    assert_eq!(
        holds(LATER, part(FILE, "other"), volume()).await,
        "fixed, by timestamp: second"
    );
    let early = holds(EARLIER, part(FILE, "api_key"), volume()).await;
    assert!(early.starts_with("fixed: possibly stale"), "{early}");
    let items = json!([{"name": "keys", "secret": {"secretName": "one", "items": [{"key": "other", "path": "deep/api_key"}]}}]);
    assert_eq!(
        holds(LATER, part("/etc/keys", "deep"), items).await,
        "fixed, by timestamp: second"
    );
    let expression = json!([{"name": "keys", "mountPath": FILE, "subPathExpr": "$(POD_NAME)"}]);
    assert!(
        holds(LATER, expression, volume())
            .await
            .starts_with("fixed: its path in the volume is made from variables")
    );
}

#[tokio::test]
async fn items_say_which_key_the_file_is() {
    let items = |path: &str| {
        volume(json!({"secret": {"secretName": "one", "items": [{"key": "other", "path": path}]}}))
    };
    assert_eq!(
        holds(LATER, at("/etc/keys"), items("api_key")).await,
        "loose, by timestamp: second"
    );
    assert_eq!(
        holds(LATER, at("/etc"), items("keys/api_key")).await,
        "loose, by timestamp: second"
    );
    assert_eq!(
        holds(LATER, at("/etc/keys"), items("another")).await,
        "absent"
    );
}

#[tokio::test]
async fn of_two_keys_at_one_path_the_later_counts_and_no_items_are_all() {
    let items = |items: Value| volume(json!({"secret": {"secretName": "one", "items": items}}));
    let twice = json!([{"key": "api_key", "path": "api_key"}, {"key": "other", "path": "api_key"}]);
    assert_eq!(
        holds(LATER, at("/etc/keys"), items(twice)).await,
        "loose, by timestamp: second"
    );
    assert_eq!(
        holds(LATER, at("/etc/keys"), items(json!([]))).await,
        "loose, by timestamp: first"
    );
}

#[tokio::test]
async fn what_the_kubelet_makes_itself_is_not_seen() {
    let sources = |list: Value| volume(json!({"projected": {"sources": list}}));
    let field = || json!({"downwardAPI": {"items": [{"path": "api_key", "fieldRef": {"fieldPath": "metadata.name"}}]}});
    for (made, what) in [
        (field(), "downwardAPI"),
        (
            json!({"serviceAccountToken": {"path": "api_key", "expirationSeconds": 3600}}),
            "serviceAccountToken",
        ),
        (
            json!({"clusterTrustBundle": {"name": "x", "path": "ca.pem"}}),
            "a source that is not known here",
        ),
    ] {
        let seen = holds(LATER, at("/etc/keys"), sources(json!([made]))).await;
        let expected =
            format!("loose: the kubelet makes the file itself, from {what} of a projected volume");
        assert!(seen.starts_with(&expected), "{seen}");
    }
    let beside = json!([{"serviceAccountToken": {"path": "token"}}, {"secret": {"name": "one"}}, {"downwardAPI": {}}]);
    assert_eq!(
        holds(LATER, at("/etc/keys"), sources(beside)).await,
        "loose, by timestamp: first"
    );
    let wins = json!([{"secret": {"name": "one"}}, field()]);
    let seen = holds(LATER, at("/etc/keys"), sources(wins)).await;
    assert!(seen.starts_with("loose: the kubelet makes"), "{seen}");
}

#[tokio::test]
async fn in_a_projected_volume_the_later_source_wins() {
    let sources = |list: Value| volume(json!({"projected": {"sources": list}}));
    let one = || json!({"secret": {"name": "one"}});
    let two = || json!({"secret": {"name": "two"}});
    let map = || json!({"configMap": {"name": "map"}});
    let token = || json!({"serviceAccountToken": {"path": "token"}});
    for (list, expected) in [
        (json!([one(), token(), two()]), "of-two"),
        (json!([two(), one()]), "first"),
        (json!([one(), map()]), "of-map"),
    ] {
        let found = holds(LATER, at("/etc/keys"), sources(list)).await;
        assert_eq!(found, format!("loose, by timestamp: {expected}"));
    }
}

#[tokio::test]
async fn the_deepest_mount_counts_and_other_volumes_are_not_seen() {
    let mounts = json!([{"name": "shallow", "mountPath": "/etc"}, {"name": "keys", "mountPath": "/etc/keys"}]);
    let volumes = json!([{"name": "keys", "secret": {"secretName": "one"}}, {"name": "shallow", "emptyDir": {}}]);
    assert_eq!(
        holds(LATER, mounts.clone(), volumes).await,
        "loose, by timestamp: first"
    );
    let csi = json!([{"name": "keys", "csi": {"driver": "secrets-store.csi.k8s.io"}}, {"name": "shallow", "secret": {"secretName": "one"}}]);
    let found = holds(LATER, mounts, csi).await;
    assert!(
        found.starts_with("loose: it lies in the volume keys, which is neither"),
        "{found}"
    );
    let elsewhere = volume(json!({"secret": {"secretName": "one"}}));
    assert_eq!(
        holds(LATER, at("/etc/key"), elsewhere.clone()).await,
        "absent"
    );
    assert_eq!(holds(LATER, json!([]), elsewhere).await, "absent");
}
