//! A variable, by every way in which it can be fed.

use super::*;

/// What one container of `app=api` holds that started then, with two Secrets and a ConfigMap there.
async fn holds(started: &str, container: Value) -> String {
    let world = World::default()
        .pods(&[pod("api-1", started, container)])
        .secret(
            "one",
            &[
                ("key", "first"),
                (VARIABLE, "whole-one"),
                ("API_KEY", "prefixed"),
            ],
            WRITTEN,
        )
        .secret("two", &[(VARIABLE, "whole-two")], WRITTEN)
        .object(
            "configmaps",
            "map",
            &[(VARIABLE, "of-map"), ("key", "map-key")],
            WRITTEN,
        );
    let lines = world.told().await;
    lines[0].strip_prefix("api-1: ").unwrap().to_owned()
}

fn variable(name: &str, entry: Value) -> Value {
    let mut entry = entry;
    entry["name"] = name.into();
    entry
}

#[tokio::test]
async fn a_plain_value_is_compared() {
    assert_eq!(
        holds(EARLIER, env(json!({"value": "plain"}))).await,
        "plain"
    );
    assert_eq!(holds(EARLIER, env(json!({"value": ""}))).await, "");
    assert_eq!(holds(EARLIER, env(json!({}))).await, "");
    assert_eq!(holds(EARLIER, env(json!({"value": "a$$b"}))).await, "a$b");
}

#[tokio::test]
async fn a_reference_to_another_variable_is_followed_where_that_is_known() {
    let earlier = |entry: Value, value: &str| json!({"env": [variable("OTHER", entry), {"name": VARIABLE, "value": value}]});
    let plain = json!({"value": "x"});
    let secret = secret_ref("one", "key");
    assert_eq!(
        holds(LATER, earlier(plain.clone(), "a$(OTHER)b")).await,
        "axb"
    );
    assert_eq!(
        holds(LATER, earlier(secret.clone(), "$(OTHER)")).await,
        "fixed, by timestamp: first"
    );
    let mixed = holds(LATER, earlier(secret, "a$(OTHER)")).await;
    assert!(
        mixed.starts_with("fixed: its value is put together from another variable"),
        "{mixed}"
    );
    // What is not set before stays as it is, unless the kubelet sets it.
    let later = json!({"env": [{"name": VARIABLE, "value": "$(OTHER)"}, variable("OTHER", plain)]});
    assert_eq!(holds(LATER, later).await, "$(OTHER)");
    let service = holds(LATER, env(json!({"value": "x$(DB_SERVICE_HOST)"}))).await;
    assert!(
        service.starts_with("fixed: its value is put together"),
        "{service}"
    );
    // A variable that refers to itself means what it was before.
    let own = format!("x$({VARIABLE})");
    let twice =
        json!({"env": [{"name": VARIABLE, "value": "a"}, {"name": VARIABLE, "value": own}]});
    assert_eq!(holds(LATER, twice).await, "xa");
}

#[tokio::test]
async fn a_secret_is_taken_by_time_two_minutes_after_its_key_changed() {
    let fed = || env(secret_ref("one", "key"));
    assert_eq!(holds(LATER, fed()).await, "fixed, by timestamp: first");
    let early = holds(EARLIER, fed()).await;
    assert!(
        early.starts_with("fixed: possibly stale: the Secret one changed at 2026-11-20T09:00:00Z, and it may hold what was there before: restart it"),
        "{early}"
    );
    let of_map = env(json!({"valueFrom": {"configMapKeyRef": {"name": "map", "key": "key"}}}));
    assert_eq!(holds(LATER, of_map).await, "fixed, by timestamp: map-key");
}

#[tokio::test]
async fn the_later_entry_wins_and_env_wins_over_env_from() {
    let from = |list: Value| json!({"envFrom": list});
    let one = || json!({"secretRef": {"name": "one"}});
    let two = || json!({"secretRef": {"name": "two"}});
    let map = || json!({"configMapRef": {"name": "map"}});
    for (container, expected) in [
        (from(json!([one(), two()])), "whole-two"),
        (from(json!([two(), one()])), "whole-one"),
        (from(json!([one(), map()])), "of-map"),
        (
            from(json!([two(), {"prefix": "ALLSTAK_", "secretRef": {"name": "one"}}])),
            "prefixed",
        ),
        (
            from(json!([two(), {"prefix": "OTHER_", "secretRef": {"name": "one"}}])),
            "whole-two",
        ),
    ] {
        assert_eq!(
            holds(LATER, container).await,
            format!("fixed, by timestamp: {expected}")
        );
    }
    let both = json!({
        "envFrom": [two()],
        "env": [{"name": VARIABLE, "value": "first"}, {"name": VARIABLE, "value": "last"}],
    });
    assert_eq!(holds(LATER, both).await, "last");
}

#[tokio::test]
async fn an_optional_reference_that_leads_nowhere_changes_nothing() {
    let optional = |name: &str, key: &str| json!({"name": VARIABLE, "valueFrom": {"secretKeyRef": {"name": name, "key": key, "optional": true}}});
    let plain = || json!({"name": VARIABLE, "value": "plain"});
    let before = json!({"env": [plain(), optional("one", "none")]});
    assert_eq!(holds(LATER, before.clone()).await, "plain");
    // It may have led somewhere when the container started.
    let doubtful = holds(EARLIER, before).await;
    assert!(
        doubtful.starts_with("fixed: the Secret one does not have the key, but may have had it"),
        "{doubtful}"
    );
    let gone = holds(LATER, json!({"env": [plain(), optional("none", "key")]})).await;
    assert!(
        gone.starts_with(
            "fixed: the Secret none is not there, so what it started with is not known"
        ),
        "{gone}"
    );
    assert_eq!(
        holds(LATER, json!({"env": [optional("one", "key")]})).await,
        "fixed, by timestamp: first"
    );
    let unset =
        json!({"env": [optional("one", "none")], "envFrom": [{"configMapRef": {"name": "map"}}]});
    assert_eq!(holds(LATER, unset).await, "fixed, by timestamp: of-map");
    assert_eq!(
        holds(LATER, json!({"env": [optional("one", "none")]})).await,
        "absent"
    );
    assert_eq!(
        holds(
            LATER,
            json!({"envFrom": [{"prefix": "X", "secretRef": {"name": "one"}}]})
        )
        .await,
        "absent"
    );
}

#[tokio::test]
async fn a_needed_key_that_went_away_says_nothing_of_what_is_held() {
    let gone = holds(LATER, env(secret_ref("one", "none"))).await;
    assert!(
        gone.starts_with("fixed: the Secret one has no such key now"),
        "{gone}"
    );
}

#[tokio::test]
async fn what_is_no_key_is_not_taken_for_one() {
    let field = env(json!({"valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}));
    let told = holds(LATER, field).await;
    assert!(
        told.starts_with("fixed: it is the pod's own field metadata.name"),
        "{told}"
    );
    let file = env(
        json!({"valueFrom": {"fileKeyRef": {"volumeName": "config", "path": "app.env", "key": "KEY"}}}),
    );
    let told = holds(LATER, file).await;
    assert!(
        told.starts_with(
            "fixed: it is read at the start as KEY from the file app.env in the volume config (`fileKeyRef`), which no API \
             server shows: look"
        ),
        "{told}"
    );
    let resource = env(json!({"valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}));
    assert!(
        holds(LATER, resource)
            .await
            .starts_with("fixed: it comes from the container's resources")
    );
}

#[tokio::test]
async fn an_env_file_wins_as_any_entry_does_and_is_not_seen() {
    let file = |optional: bool| {
        json!({"name": VARIABLE, "valueFrom": {"fileKeyRef": {
            "volumeName": "config", "path": "app.env", "key": "KEY", "optional": optional}}})
    };
    let plain = || json!({"name": VARIABLE, "value": "plain"});
    let whole = || json!([{"secretRef": {"name": "one"}}]);
    let otherwise = "; where the file does not have that, which is `optional`, ";
    let end = ": look with";
    for (container, expected) in [
        // Behind an optional one, what was there before counts.
        (
            json!({"env": [file(true)], "envFrom": whole()}),
            format!("{otherwise}it comes from the Secret one{end}"),
        ),
        (
            json!({"env": [plain(), file(true)]}),
            format!("{otherwise}an earlier entry of `env` sets it{end}"),
        ),
        (
            json!({"env": [file(true)]}),
            format!("{otherwise}nothing sets it{end}"),
        ),
        // Without one the container would not run, so nothing else matters.
        (
            json!({"env": [plain(), file(false)], "envFrom": whole()}),
            end.to_owned(),
        ),
    ] {
        for started in [EARLIER, LATER] {
            let told = holds(started, container.clone()).await;
            let rest = told.strip_prefix(
                "fixed: it is read at the start as KEY from the file app.env in the volume config (`fileKeyRef`), which no \
                 API server shows",
            );
            let rest = rest.unwrap_or_else(|| panic!("{told}"));
            assert!(rest.starts_with(&expected), "{told}");
        }
    }
    // What comes later wins over it, and what refers to it is no more seen than it is.
    assert_eq!(
        holds(LATER, json!({"env": [file(false), plain()]})).await,
        "plain"
    );
    let other = json!({"name": "OTHER", "valueFrom": file(false)["valueFrom"]});
    let told = holds(
        LATER,
        json!({"env": [other, {"name": VARIABLE, "value": "$(OTHER)"}]}),
    )
    .await;
    assert!(
        told.starts_with("fixed: it is read at the start as KEY"),
        "{told}"
    );
}

#[tokio::test]
async fn a_container_that_waits_takes_an_env_file_as_little_for_missing() {
    let mut waiting = pod(
        "api-1",
        LATER,
        env(
            json!({"valueFrom": {"fileKeyRef": {"volumeName": "config", "path": "app.env", "key": "KEY"}}}),
        ),
    );
    waiting["status"] = json!({"phase": "Pending", "containerStatuses": [
        {"name": "app", "state": {"waiting": {"reason": "CreateContainerConfigError"}}}]});
    let told = World::default().pods(&[waiting]).told().await;
    assert!(
        told[0].starts_with("api-1: loose: it is read at the start as KEY from the file app.env"),
        "{told:?}"
    );
}

#[tokio::test]
async fn binary_data_never_becomes_a_variable() {
    let world = World::default()
        .pods(&[pod("api-1", LATER, json!({"envFrom": [{"configMapRef": {"name": "bin"}}]}))])
        .with(
            "/api/v1/namespaces/checkout/configmaps/bin",
            json!({"metadata": {"managedFields": [{"time": WRITTEN, "fieldsV1": {}}]}, "binaryData": {VARIABLE: "a2V5"}}),
        );
    assert_eq!(world.told().await, ["api-1: absent"]);
}

#[tokio::test]
async fn a_secret_that_may_not_be_read_leaves_what_time_proves() {
    let server = World::default()
        .pods(&[pod("api-1", LATER, env(secret_ref("closed", "key")))])
        .with(
            "/api/v1/namespaces/checkout/secrets/closed",
            String::from_utf8(forbidden("secrets", "closed"))
                .unwrap()
                .into(),
        );
    let lines = server.told().await;
    assert!(
        lines[0].starts_with(
            "api-1: fixed, by timestamp: failed: denied: the Secret closed, which feeds it: "
        ),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_claim_decides_only_where_nothing_better_does() {
    let print = crate::key::Fingerprint::of(b"first").to_string();
    let with = |started: &str, claim: Option<&str>| {
        let mut pod = pod("api-1", started, env(secret_ref("one", "key")));
        if let Some(claim) = claim {
            pod["metadata"]["annotations"] = json!({"straggler/fingerprint": claim});
        }
        let world = World::default()
            .pods(&[pod])
            .secret("one", &[("key", "first")], WRITTEN);
        world.told_by(json!({"selector": "app=api", "fingerprint": "straggler/fingerprint"}))
    };
    assert_eq!(
        with(EARLIER, Some(&print)).await,
        [format!("api-1: fixed, by attested: {print}")]
    );
    assert_eq!(
        with(LATER, Some(&print)).await,
        ["api-1: fixed, by timestamp: first"]
    );
    assert!(
        with(EARLIER, None).await[0]
            .ends_with("; its annotation straggler/fingerprint is not there")
    );
    assert!(with(EARLIER, Some("x")).await[0].ends_with("holds no fingerprint"));
}
