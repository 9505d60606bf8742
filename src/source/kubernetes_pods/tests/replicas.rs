//! Which pods and containers count.

use super::*;

const PLAIN: &str = "plain";

fn plain() -> Value {
    env(json!({"value": PLAIN}))
}

/// A pod that something controls.
fn owned(name: &str, labels: Value, kind: &str, owner: &str) -> Value {
    let mut pod = pod(name, LATER, env(json!({"value": name})));
    pod["metadata"]["labels"] = labels;
    pod["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "v1", "kind": kind, "name": owner, "uid": "1", "controller": true}]);
    pod
}

#[tokio::test]
async fn every_running_container_counts_that_has_the_variable() {
    let mut one = pod("api-1", LATER, plain());
    one["spec"]["initContainers"] = json!([
        {"name": "sidecar", "restartPolicy": "Always", "env": [{"name": VARIABLE, "value": "of-sidecar"}]},
        {"name": "migrate", "env": [{"name": VARIABLE, "value": "of-migration"}]},
    ]);
    one["status"]["initContainerStatuses"] = json!([
        running("sidecar", EARLIER),
        {"name": "migrate", "state": {"terminated": {"exitCode": 0}}},
    ]);
    one["spec"]["containers"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "proxy"}));
    one["status"]["containerStatuses"]
        .as_array_mut()
        .unwrap()
        .push(running("proxy", LATER));
    one["spec"]["ephemeralContainers"] =
        json!([{"name": "debug", "env": [{"name": VARIABLE, "value": "of-debug"}]}]);
    one["status"]["ephemeralContainerStatuses"] = json!([running("debug", LATER)]);
    let mut leaving = pod("api-2", LATER, plain());
    leaving["metadata"]["deletionTimestamp"] = LATER.into();
    let world = World::default().pods(&[one, leaving]);
    assert_eq!(
        world.clone().told().await,
        [
            "api-1/sidecar: of-sidecar",
            "api-1/app: plain",
            "api-1/debug: of-debug",
            "api-2: plain"
        ]
    );
    let named = json!({"selector": "app=api", "container": "proxy"});
    let lines = world.told_by(named).await;
    assert_eq!(lines[0], "api-1: absent");
    assert!(
        lines[1].starts_with("api-2: failed: not-found: the pod has no container proxy, only app"),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_key_that_only_a_finished_container_had_is_not_missing() {
    let mut pod = pod("api-1", LATER, json!({}));
    pod["spec"]["initContainers"] =
        json!([{"name": "migrate", "env": [{"name": VARIABLE, "value": "x"}]}]);
    pod["status"]["initContainerStatuses"] =
        json!([{"name": "migrate", "state": {"terminated": {"exitCode": 0}}}]);
    let told = World::default().pods(&[pod]).told().await;
    assert_eq!(
        told,
        ["api-1: loose: only its container migrate has the key, and that has ended"]
    );
}

#[tokio::test]
async fn the_pods_of_all_replica_sets_of_a_deployment_count_and_no_others() {
    let deployment = |replicas: Value| json!({"metadata": {"name": "api"}, "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "api"}}}});
    let pods = [
        owned(
            "api-new",
            json!({"app": "api", "pod-template-hash": "2"}),
            "ReplicaSet",
            "api-2",
        ),
        owned(
            "api-old",
            json!({"app": "api", "pod-template-hash": "1"}),
            "ReplicaSet",
            "api-1",
        ),
        owned("by-hand", json!({"app": "api"}), "Job", "by-hand"),
        owned("other", json!({"app": "other"}), "ReplicaSet", "other-1"),
    ];
    let path = "apps/v1/namespaces/checkout/deployments";
    let settings = json!({"deployment": "api"});
    let world = |deployment: Value, pods: &[Value]| {
        World::default().pods(pods).workloads(path, &[deployment])
    };
    let told = world(deployment(json!(2)), &pods)
        .told_by(settings.clone())
        .await;
    assert_eq!(told, ["api-new: api-new", "api-old: api-old"]);
    // Those that are still there count, though none is wanted.
    let told = world(deployment(json!(0)), &pods)
        .told_by(settings.clone())
        .await;
    assert_eq!(told.len(), 2);
    let told = world(deployment(json!(0)), &[])
        .told_by(settings.clone())
        .await;
    assert!(
        told[0].starts_with("-: loose: the Deployment api is scaled to zero"),
        "{told:?}"
    );
    let (readings, _) = world(deployment(json!(2)), &[]).read(settings).await;
    assert_eq!(
        readings.err().unwrap().message,
        "no pod of the Deployment api runs in checkout"
    );
    let (readings, paths) = world(deployment(json!(2)), &pods)
        .read(json!({"deployment": "none"}))
        .await;
    assert_eq!(
        readings.err().unwrap().message,
        "there is no Deployment none in checkout"
    );
    assert_eq!(paths.len(), 2);
}

#[tokio::test]
async fn sets_own_their_pods_by_name() {
    for (setting, kind, plural) in [
        ("statefulset", "StatefulSet", "statefulsets"),
        ("daemonset", "DaemonSet", "daemonsets"),
    ] {
        let pods = [
            owned("db-0", json!({}), kind, "db"),
            owned("x-0", json!({}), kind, "x"),
            pod("api-1", LATER, plain()),
        ];
        let path = format!("apps/v1/namespaces/checkout/{plural}");
        let set = |desired: u64| match kind {
            "DaemonSet" => {
                json!({"metadata": {"name": "db"}, "spec": {"selector": {}}, "status": {"desiredNumberScheduled": desired}})
            }
            _ => json!({"metadata": {"name": "db"}, "spec": {"selector": {}, "replicas": desired}}),
        };
        let world = World::default().pods(&pods).workloads(&path, &[set(1)]);
        assert_eq!(world.told_by(json!({setting: "db"})).await, ["db-0: db-0"]);
        let idle = World::default().pods(&[]).workloads(&path, &[set(0)]);
        let told = idle.told_by(json!({setting: "db"})).await;
        assert!(
            told[0].starts_with(&format!("-: loose: the {kind} db ")),
            "{told:?}"
        );
    }
}

#[tokio::test]
async fn a_cron_job_owns_the_pods_of_its_jobs_and_may_have_none() {
    let cron = |suspend: bool| json!({"metadata": {"name": "nightly"}, "spec": {"suspend": suspend, "schedule": "0 0 * * *"}});
    let job = |name: &str, by: &str| {
        json!({
            "metadata": {"name": name, "ownerReferences": [{"kind": "CronJob", "name": by, "controller": true}]},
            "spec": {"selector": {"matchLabels": {"x": "y"}}},
        })
    };
    let world = |pods: &[Value], suspend: bool| {
        World::default()
            .pods(pods)
            .workloads("batch/v1/namespaces/checkout/cronjobs", &[cron(suspend)])
            .workloads(
                "batch/v1/namespaces/checkout/jobs",
                &[job("nightly-1", "nightly"), job("weekly-1", "weekly")],
            )
    };
    let pods = [
        owned("a", json!({}), "Job", "nightly-1"),
        owned("b", json!({}), "Job", "weekly-1"),
    ];
    let settings = || json!({"cronjob": "nightly"});
    assert_eq!(world(&pods, false).told_by(settings()).await, ["a: a"]);
    let told = world(&pods[1..], false).told_by(settings()).await;
    assert!(
        told[0].starts_with("-: loose: the CronJob nightly has no job that runs now"),
        "{told:?}"
    );
    let told = world(&[], true).told_by(settings()).await;
    assert!(
        told[0].starts_with("-: loose: the CronJob nightly is suspended"),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_list_is_read_to_its_end() {
    let page = |name: &str, rest: &str| json!({"metadata": {"continue": rest}, "items": [pod(name, LATER, plain())]});
    let server = Server::start(move |head| match head.contains("continue=next%20one") {
        true => answer("200 OK", &page("api-2", "")),
        false => answer("200 OK", &page("api-1", "next one")),
    });
    let (_kubeconfig, store) = store(&server);
    let hop = hop(
        "kubernetes_pods",
        json!({"store": "stand", "namespace": "checkout", "selector": "app"}),
    );
    let readings = read_all(&*hop, VARIABLE, Known::default(), &declared(&store))
        .await
        .unwrap();
    assert_eq!(
        readings.iter().map(line).collect::<Vec<_>>(),
        ["api-1: plain", "api-2: plain"]
    );
    let requests = server.requests();
    assert!(
        requests[0].starts_with("get /api/v1/namespaces/checkout/pods?limit=500 "),
        "{requests:?}"
    );
    assert!(
        requests[1].contains("?limit=500&continue=next%20one "),
        "{requests:?}"
    );
}

#[tokio::test]
async fn half_a_list_is_no_list() {
    let server = Server::start(move |head| match head.contains("continue=") {
        true => status(
            410,
            "Expired",
            "The provided continue parameter is too old",
            json!({}),
        ),
        false => answer(
            "200 OK",
            &json!({"metadata": {"continue": "x"}, "items": [pod("api-1", LATER, plain())]}),
        ),
    });
    let (_kubeconfig, store) = store(&server);
    let hop = hop(
        "kubernetes_pods",
        json!({"store": "stand", "namespace": "checkout", "selector": "app"}),
    );
    let error = read_all(&*hop, VARIABLE, Known::default(), &declared(&store))
        .await
        .err()
        .unwrap();
    assert_eq!(error.kind, ErrorKind::Protocol);
    assert!(error.next.contains("faster than it could be read"));
    // It was begun anew three times.
    assert_eq!(server.requests().len(), 8);
}

/// What a hop on pods reads of a server whose list answers so, by the `limit` and the `continue` of the request.
async fn listed(
    list: impl Fn(usize, usize) -> Vec<u8> + Send + Sync + 'static,
) -> (Result<Vec<String>, ReadError>, usize) {
    let server = Server::start(move |head| {
        let number = |name: &str| {
            let (_, value) = head.split_once(name)?;
            value.split(['&', ' ']).next()?.parse().ok()
        };
        list(
            number("limit=").unwrap(),
            number("continue=").unwrap_or_default(),
        )
    });
    let (_kubeconfig, store) = store(&server);
    let hop = hop(
        "kubernetes_pods",
        json!({"store": "stand", "namespace": "checkout", "selector": "app"}),
    );
    let read = read_all(&*hop, VARIABLE, Known::default(), &declared(&store)).await;
    let lines = read.map(|readings| readings.iter().map(line).collect());
    (lines, server.requests().len())
}

/// Pods from one number up to another, and where the list goes on.
fn pods(numbers: std::ops::Range<usize>, rest: &str) -> Vec<u8> {
    let pods: Vec<_> = numbers
        .map(|number| pod(&format!("api-{number}"), LATER, plain()))
        .collect();
    answer(
        "200 OK",
        &json!({"metadata": {"continue": rest}, "items": pods}),
    )
}

fn too_large() -> Vec<u8> {
    answer(
        "200 OK",
        &json!({"metadata": {}, "items": [], "padding": " ".repeat(33 << 20)}),
    )
}

#[tokio::test]
async fn a_page_of_large_pods_is_asked_for_by_halves() {
    let (lines, requests) = listed(|limit, from| match limit {
        0..=130 => pods(from..from + 1, if from < 2 { ["1", "2"][from] } else { "" }),
        _ => too_large(),
    })
    .await;
    assert_eq!(
        lines.unwrap(),
        ["api-0: plain", "api-1: plain", "api-2: plain"]
    );
    assert_eq!(requests, 2 + 3);
}

#[tokio::test]
async fn a_list_that_goes_in_circles_or_names_a_pod_twice_is_none() {
    let (lines, requests) = listed(|_, from| pods(from..from + 1, "1")).await;
    let error = lines.unwrap_err();
    assert!(error.message.contains("leads back"), "{error}");
    assert_eq!((error.kind, requests), (ErrorKind::Protocol, 2));

    let (lines, _) = listed(|_, from| match from {
        0 => pods(0..2, "1"),
        _ => pods(1..3, ""),
    })
    .await;
    let error = lines.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Protocol);
    assert!(error.message.contains("names one twice"), "{error}");
}
