//! What a container does: whether it counts, and what is told of it.

use super::*;

/// When the answers of these tests are given, and a moment before it that a kubelet may not know of.
const LATELY: &str = "2026-11-20T11:59:00Z";

/// A pod of this phase whose one container is in this state.
fn pod_in(phase: &str, status: Value) -> Value {
    let mut pod = pod("api-1", LATER, env(json!({"value": "plain"})));
    pod["status"] = json!({"phase": phase});
    if !status.is_null() {
        let mut status = status;
        status["name"] = "app".into();
        pod["status"]["containerStatuses"] = json!([status]);
    }
    pod
}

fn waiting(reason: &str) -> Value {
    json!({"ready": false, "state": {"waiting": {"reason": reason}}})
}

fn ended(code: i64, reason: &str) -> Value {
    json!({"ready": false, "restartCount": 1, "state": {"terminated": {"exitCode": code, "reason": reason}}})
}

/// What a world's pods hold, and what is noted of them.
async fn noted(world: World) -> Result<Vec<String>, ErrorKind> {
    let (readings, _) = world.read(json!({"selector": "app=api"})).await;
    let readings = readings.map_err(|error| error.kind)?;
    let note = |reading: &Reading| {
        let note = reading.note.as_deref().unwrap_or("-");
        format!("{} | {note}", line(reading))
    };
    Ok(readings.iter().map(note).collect())
}

async fn of(pod: Value) -> String {
    match noted(World::default().pods(&[pod])).await {
        Ok(lines) => lines.join("\n"),
        Err(kind) => format!("no reading: {}", kind.name()),
    }
}

#[tokio::test]
async fn a_pod_that_is_not_finished_is_a_replica_whose_state_is_told() {
    let spec = "its next start gets what the pod's specification says";
    let not_running = |reason: &str| format!("it does not run now ({reason}); {spec}");
    for (phase, status, note) in [
        (
            "Pending",
            Value::Null,
            format!("it has not started, its pod is Pending; {spec}"),
        ),
        (
            "Pending",
            json!({"state": {}}),
            format!("it has not started, its pod is Pending; {spec}"),
        ),
        (
            "Pending",
            waiting("ContainerCreating"),
            not_running("ContainerCreating"),
        ),
        (
            "Pending",
            waiting("PodInitializing"),
            not_running("PodInitializing"),
        ),
        (
            "Pending",
            waiting("ImagePullBackOff"),
            not_running("ImagePullBackOff"),
        ),
        (
            "Pending",
            waiting("CreateContainerConfigError"),
            not_running("CreateContainerConfigError"),
        ),
        (
            "Running",
            waiting("CrashLoopBackOff"),
            not_running("CrashLoopBackOff"),
        ),
        ("Running", ended(1, "Error"), not_running("Error")),
        ("Running", ended(137, "OOMKilled"), not_running("OOMKilled")),
        ("Running", ended(0, "Completed"), not_running("Completed")),
        (
            "Running",
            json!({"ready": false, "state": {"running": {"startedAt": LATER}}}),
            "it runs, but is not ready".to_owned(),
        ),
        ("Running", running("app", LATER), "-".to_owned()),
        // Nothing proves that what nothing is said of has not started.
        ("Running", Value::Null, "-".to_owned()),
        ("Unknown", Value::Null, "-".to_owned()),
    ] {
        assert_eq!(
            of(pod_in(phase, status.clone())).await,
            format!("api-1: plain | {note}"),
            "{phase} {status}"
        );
    }
}

#[tokio::test]
async fn what_is_over_holds_nothing() {
    let run = json!({"state": {"running": {"startedAt": LATER}}});
    let with_policy = |policy: &str, status: Value| {
        let mut pod = pod_in("Running", status);
        pod["spec"]["restartPolicy"] = policy.into();
        pod
    };
    for pod in [
        pod_in("Succeeded", ended(0, "Completed")),
        // What is evicted may still be said to run.
        pod_in("Failed", run.clone()),
        pod_in("Failed", waiting("ContainerCreating")),
        with_policy("Never", ended(1, "Error")),
        with_policy("OnFailure", ended(0, "Completed")),
    ] {
        assert_eq!(of(pod.clone()).await, "no reading: not-found", "{pod}");
    }
    let retried = with_policy("OnFailure", ended(1, "Error"));
    assert!(
        of(retried)
            .await
            .starts_with("api-1: plain | it does not run now (Error)")
    );
    // What is over beside others does not count, not even with other containers.
    let mut over = pod_in("Succeeded", ended(0, "Completed"));
    over["metadata"]["name"] = "old".into();
    over["spec"]["containers"][0]["name"] = "other".into();
    let runs = pod_in("Running", run);
    let world = World::default().pods(&[over, runs]);
    let told = world
        .told_by(json!({"selector": "app=api", "container": "app"}))
        .await;
    assert_eq!(told, ["api-1: plain"]);
}

#[tokio::test]
async fn a_pod_that_is_being_deleted_counts_until_it_is_gone() {
    let leaving = |phase: &str, status: Value| {
        let mut pod = pod_in(phase, status);
        pod["metadata"]["deletionTimestamp"] = LATER.into();
        pod
    };
    assert_eq!(
        of(leaving("Running", running("app", LATER))).await,
        "api-1: plain | its pod is Terminating and still runs"
    );
    assert_eq!(
        of(leaving("Running", waiting("CrashLoopBackOff"))).await,
        "api-1: plain | it does not run now (CrashLoopBackOff), and its pod is Terminating; \
         its next start gets what the pod's specification says"
    );
    assert_eq!(
        of(leaving("Running", ended(143, "Error"))).await,
        "no reading: not-found"
    );
}

/// A pod that waits and is fed from a Secret.
fn fed(status: Value) -> Value {
    let mut pod = pod_in("Pending", status);
    pod["spec"]["containers"][0]["env"] = env(secret_ref("one", "key"))["env"].clone();
    pod
}

#[tokio::test]
async fn what_waits_gets_what_the_secret_holds_now() {
    let crashed =
        || json!({"restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}}});
    let world = |status: Value, written: &str| {
        let secret = World::default().secret("one", &[("key", "held")], written);
        secret.pods(&[fed(status)])
    };
    let gets = "its next start gets what the Secret one holds";
    for (status, written, found) in [
        (Value::Null, WRITTEN, "held"),
        // A kubelet that never read it for this pod has nothing older.
        (waiting("ContainerCreating"), LATELY, "held"),
        (crashed(), WRITTEN, "held"),
        // One that did may use that again for a moment.
        (crashed(), LATELY, "loose, by timestamp: held"),
    ] {
        let lines = noted(world(status.clone(), written)).await.unwrap();
        assert!(
            lines[0].starts_with(&format!("api-1: {found} | ")),
            "{status} {written}: {lines:?}"
        );
        assert!(lines[0].ends_with(gets), "{lines:?}");
    }
    let mut leaving = fed(crashed());
    leaving["metadata"]["deletionTimestamp"] = LATER.into();
    let lost = World::default()
        .secret("one", &[("key", "held")], WRITTEN)
        .pods(&[leaving]);
    let lines = noted(lost).await.unwrap();
    assert!(
        lines[0].starts_with("api-1: loose, by timestamp: held | "),
        "{lines:?}"
    );
}

#[tokio::test]
async fn what_waits_for_what_is_not_there_has_no_key() {
    let optional =
        json!({"valueFrom": {"secretKeyRef": {"name": "none", "key": "key", "optional": true}}});
    let whole = |optional: bool| json!({"envFrom": [{"secretRef": {"name": "none", "optional": optional}}]});
    for (container, found) in [
        (
            env(secret_ref("none", "key")),
            "absent | it has not started, its pod is Pending; it cannot start, for the Secret none is not there",
        ),
        (
            env(secret_ref("one", "none")),
            "absent | it has not started, its pod is Pending; it cannot start, for the Secret one has no such key",
        ),
        (
            whole(false),
            "absent | it has not started, its pod is Pending; it cannot start, for the Secret none is not there",
        ),
        (
            env(optional),
            "absent | it has not started, its pod is Pending; the Secret none, which is optional, is not there",
        ),
        (
            whole(true),
            "absent | it has not started, its pod is Pending; the Secret none, taken whole (`envFrom`) and optional, is not there",
        ),
        (
            env(secret_ref("closed", "key")),
            "failed: denied: the Secret closed, which feeds it: ",
        ),
    ] {
        let mut pod = pod_in("Pending", Value::Null);
        pod["spec"]["containers"][0] = container.clone();
        pod["spec"]["containers"][0]["name"] = "app".into();
        let refusal = String::from_utf8(forbidden("secrets", "closed")).unwrap();
        let world = World::default()
            .secret("one", &[("key", "held")], WRITTEN)
            .with("/api/v1/namespaces/checkout/secrets/closed", refusal.into())
            .pods(&[pod]);
        let lines = noted(world).await.unwrap();
        assert!(
            lines[0].starts_with(&format!("api-1: {found}")),
            "{container}: {lines:?}"
        );
    }
}

#[tokio::test]
async fn containers_that_start_before_and_beside_the_application_have_rules_of_their_own() {
    let with = |init: Value, statuses: Value| {
        let mut pod = pod("api-1", LATER, json!({}));
        pod["spec"]["initContainers"] = init;
        pod["status"]["initContainerStatuses"] = statuses;
        pod
    };
    let container = |name: &str, policy: Option<&str>| {
        let mut container = json!({"name": name, "env": [{"name": VARIABLE, "value": name}]});
        if let Some(policy) = policy {
            container["restartPolicy"] = policy.into();
        }
        container
    };
    let named = |name: &str, mut status: Value| {
        status["name"] = name.into();
        status
    };
    let told = |line: &str| format!("api-1: {line}");
    for (pod, expected) in [
        (
            with(
                json!([container("first", None)]),
                json!([named("first", ended(1, "Error"))]),
            ),
            told(
                "first | it does not run now (Error); its next start gets what the pod's specification says",
            ),
        ),
        (
            with(
                json!([container("first", None)]),
                json!([named("first", waiting("CrashLoopBackOff"))]),
            ),
            told(
                "first | it does not run now (CrashLoopBackOff); its next start gets what the pod's specification says",
            ),
        ),
        (
            with(
                json!([container("first", None)]),
                json!([named("first", ended(0, "Completed"))]),
            ),
            told("loose: only its container first has the key, and that has ended | -"),
        ),
        (
            with(
                json!([container("beside", Some("Always"))]),
                json!([named("beside", ended(0, "Completed"))]),
            ),
            told(
                "beside | it does not run now (Completed); its next start gets what the pod's specification says",
            ),
        ),
        // Nothing is said of them: the one ended before the application started, the other runs beside it.
        (
            with(
                json!([
                    container("first", None),
                    container("beside", Some("Always"))
                ]),
                json!([]),
            ),
            told("beside | -"),
        ),
    ] {
        assert_eq!(of(pod.clone()).await, expected, "{pod}");
    }
    let mut debugged = pod("api-1", LATER, json!({}));
    debugged["spec"]["ephemeralContainers"] = json!([container("debug", None)]);
    assert!(
        of(debugged.clone())
            .await
            .starts_with("api-1: debug | it has not started")
    );
    debugged["status"]["ephemeralContainerStatuses"] = json!([named("debug", ended(1, "Error"))]);
    assert_eq!(
        of(debugged).await,
        told("loose: only its container debug has the key, and that has ended | -")
    );
    // A container may have a policy of its own, and rules for exit codes.
    let mut own = pod_in("Running", ended(3, "Error"));
    own["spec"]["restartPolicy"] = "Never".into();
    assert_eq!(of(own.clone()).await, "no reading: not-found");
    own["spec"]["containers"][0]["restartPolicyRules"] =
        json!([{"action": "Restart", "exitCodes": {"operator": "In", "values": [3]}}]);
    assert!(
        of(own)
            .await
            .starts_with("api-1: plain | it does not run now (Error)")
    );
}

#[tokio::test]
async fn a_crashing_application_counts_and_the_sidecar_beside_it_is_not_taken_for_it() {
    let mut crashing = pod("api-1", LATER, env(json!({"value": "plain"})));
    crashing["spec"]["containers"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "proxy"}));
    crashing["status"]["containerStatuses"] = json!([
        {"name": "app", "state": {"waiting": {"reason": "CrashLoopBackOff"}}},
        running("proxy", LATER),
    ]);
    let mut runs = pod("api-2", LATER, env(json!({"value": "other"})));
    runs["metadata"]["name"] = "api-2".into();
    let told = World::default().pods(&[crashing, runs]).told().await;
    assert_eq!(told, ["api-1: plain", "api-2: other"]);
}
