//! ECS. moto gives no times of tasks, and all of a cluster for every service.

use serde_json::{Value, json};

use crate::moto::{Moto, said, scene, verdicts};
use crate::support::{CURRENT, OLD};

fn define(family: &str, container: &Value) -> Value {
    let mut container = container.clone();
    container["name"] = "app".into();
    container["image"] = "app".into();
    container["memory"] = 64.into();
    json!(["ecs", "register_task_definition", {"family": family, "containerDefinitions": [container]}])
}

fn holding(key: &str) -> Value {
    json!({"environment": [{"name": "ALLSTAK_API_KEY", "value": key}]})
}

fn injecting(source: &str) -> Value {
    json!({"secrets": [{"name": "ALLSTAK_API_KEY", "valueFrom": source}]})
}

fn cluster(name: &str) -> Value {
    json!(["ecs", "create_cluster", {"clusterName": name}])
}

fn run(cluster: &str, definition: &str, count: u8) -> Value {
    json!(["ecs", "run_task", {"cluster": cluster, "taskDefinition": definition, "count": count, "launchType": "FARGATE"}])
}

fn hop(cluster: &str) -> String {
    format!("aws_ecs: {{ cluster: {cluster}, service: shop }}")
}

/// moto moves a task on whenever it is looked at, unless it is told not to.
pub fn still(moto: &Moto) {
    let transition =
        json!({"model_name": "ecs::task", "transition": {"progression": "manual", "times": 1000}});
    moto.post(
        "/moto-api/state-manager/set-transition",
        &transition.to_string(),
    );
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn every_task_is_judged_by_its_own_revision() {
    let moto = Moto::start();
    still(&moto);
    moto.write(&[
        cluster("good"),
        cluster("mixed"),
        cluster("empty"),
        cluster("bare"),
        define("shop", &holding(OLD)),
        define("shop", &holding(CURRENT)),
        define("bare", &json!({})),
        run("good", "shop:2", 2),
        run("mixed", "shop:1", 1),
        run("mixed", "shop:2", 2),
        run("bare", "bare:1", 1),
    ]);
    let hops = [
        hop("good"),
        hop("mixed"),
        hop("empty"),
        hop("bare"),
        hop("nowhere"),
    ];
    let report = moto.audit(&scene(&hops), None, 1);
    assert_eq!(
        verdicts(&report),
        ["current", "stale", "unreachable", "missing", "unreachable"]
    );
    let readings = report["deployments"][1]["hops"][0]["readings"].as_array();
    assert_eq!(readings.unwrap().len(), 3);
    let counts = moto.counts();
    assert_eq!(counts["DescribeTaskDefinition"], 3, "{counts:?}");
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn what_ecs_injects_is_followed_to_its_store() {
    let moto = Moto::start();
    still(&moto);
    let fields = json!({"api": CURRENT, "old": OLD}).to_string();
    let made = moto.write(&[
        json!(["secretsmanager", "create_secret", {"Name": "shop", "SecretString": fields}]),
        json!(["ssm", "put_parameter", {"Name": "/shop", "Value": OLD, "Type": "SecureString"}]),
    ]);
    let arn = made[0]["ARN"].as_str().unwrap();
    let sources = [
        format!("{arn}:api::"),
        format!("{arn}:old::"),
        "/shop".to_owned(),
        "/nowhere".to_owned(),
    ];
    let mut calls = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        let name = format!("c{index}");
        calls.push(cluster(&name));
        calls.push(define(&name, &injecting(source)));
        calls.push(run(&name, &name, 1));
    }
    moto.write(&calls);
    let hops = ["c0", "c1", "c2", "c3"].map(hop);
    let report = moto.audit(&scene(&hops), None, 1);
    // What the running tasks hold nobody sees; what new ones would get decides the rest.
    assert_eq!(
        verdicts(&report),
        ["unverified", "stale", "stale", "missing"]
    );
    for index in 0..4 {
        let readings = &report["deployments"][index]["hops"][0]["readings"];
        let mut replicas: Vec<_> = readings.as_array().unwrap().iter().collect();
        replicas.retain(|reading| reading["replica"] == "new tasks");
        assert_eq!(replicas.len(), 1, "{readings}");
    }
    assert_eq!(
        report["deployments"][0]["hops"][0]["readings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|reading| reading["verdict"] == "current")
            .count(),
        1
    );
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn whoever_may_not_read_is_told_which_permission_is_missing() {
    let moto = Moto::start();
    still(&moto);
    moto.write(&[
        cluster("prod"),
        define("shop", &holding(CURRENT)),
        run("prod", "shop", 1),
    ]);
    let all = [
        "ecs:ListTasks",
        "ecs:DescribeTasks",
        "ecs:DescribeTaskDefinition",
    ];
    let reader = moto.user("reader", &all);
    let some: Vec<_> = (0..3)
        .map(|most| moto.user(&format!("u{most}"), &all[..most]))
        .collect();
    moto.check_everybody();
    let scene = scene(&[hop("prod")]);
    assert_eq!(verdicts(&moto.audit(&scene, Some(&reader), 0)), ["current"]);
    for (user, permission) in some.iter().zip(all) {
        let report = moto.audit(&scene, Some(user), 3);
        assert_eq!(verdicts(&report), ["unreachable"]);
        let told = said(&report, 0);
        assert!(told.contains(&format!("`{permission}`")), "{told}");
    }
}
