use serde_json::{Value, json};

use super::super::conformance::{Case, Conforming, Stand, TEXT};
use super::super::testing::{Known, VARIABLE, declared, hop, read_all, told, try_hop};
use super::*;
use crate::platform::http::testing::{Server, redirect_elsewhere, response, silent};

fn store(url: &str) -> Value {
    json!({"aws": {
        "region": "eu-west-1",
        "endpoint": url,
        "access_key_id": {"env": "CARGO_PKG_NAME"},
        "secret_access_key": {"env": "CARGO_PKG_NAME"},
    }})
}

fn refused(code: &str) -> Vec<u8> {
    let body = json!({"__type": code, "message": "said by AWS"});
    response("400 Bad Request", "", body.to_string().as_bytes())
}

fn answered(body: &Value) -> Vec<u8> {
    response("200 OK", "", body.to_string().as_bytes())
}

fn arn(task: &str) -> String {
    format!("arn:aws:ecs:eu-west-1:123456789012:task/prod/{task}")
}

/// A task that runs since then, of this revision.
fn task(name: &str, revision: &str, since: f64) -> Value {
    json!({
        "taskArn": arn(name), "taskDefinitionArn": revision, "lastStatus": "RUNNING",
        "createdAt": since - 5.0, "startedAt": since,
        "overrides": {"containerOverrides": [{"name": "app"}]},
    })
}

/// A service with these tasks, of these revisions, and stores that hold `key` whatever is asked for.
fn service(tasks: Vec<Value>, revisions: Value) -> Server {
    Server::reading(move |head, body| {
        let target = head
            .lines()
            .find_map(|line| line.strip_prefix("x-amz-target: "));
        let asked: Value = serde_json::from_str(body).unwrap();
        match target.unwrap().rsplit('.').next().unwrap() {
            "listtasks" => {
                let arns: Vec<_> = tasks.iter().map(|task| task["taskArn"].clone()).collect();
                assert_eq!(asked["desiredStatus"], "RUNNING");
                answered(&json!({"taskArns": arns}))
            }
            "describetasks" => {
                let named = asked["tasks"].as_array().unwrap();
                assert!(named.len() <= 100);
                let found: Vec<_> = tasks
                    .iter()
                    .filter(|task| named.contains(&task["taskArn"]))
                    .collect();
                answered(&json!({"tasks": found, "failures": [{"arn": "x", "reason": "MISSING"}]}))
            }
            "describetaskdefinition" => {
                let revision = asked["taskDefinition"].as_str().unwrap();
                answered(&json!({"taskDefinition": {"containerDefinitions": revisions[revision]}}))
            }
            "getsecretvalue" => {
                answered(&json!({"SecretString": r#"{"api": "key"}"#, "CreatedDate": 50}))
            }
            "getparameters" => {
                answered(&json!({"Parameters": [{"Name": "/shop", "Value": "key"}]}))
            }
            other => panic!("{other}"),
        }
    })
}

fn with_value(value: &str) -> Value {
    json!([{"name": "app", "environment": [{"name": VARIABLE, "value": value}]}, {"name": "proxy"}])
}

fn with_secret(source: &str) -> Value {
    json!([{"name": "app", "secrets": [{"name": VARIABLE, "valueFrom": source}]}])
}

impl Conforming for AwsEcs {
    fn stand(case: Case) -> Option<Stand> {
        let one = || vec![task("t", "shop:1", 100.0)];
        let server = match case {
            Case::Present => service(one(), json!({"shop:1": with_value(TEXT)})),
            Case::Absent => service(one(), json!({"shop:1": [{"name": "app"}]})),
            Case::Denied => Server::start(|_| refused("AccessDeniedException")),
            Case::NotFound => service(Vec::new(), json!({})),
            Case::Throttled => Server::start(|_| refused("ThrottlingException")),
            Case::Broken => Server::start(|_| refused("ServerException")),
            // A list may be long.
            Case::TooLarge => return None,
            Case::Silent => silent(),
            Case::Elsewhere => redirect_elsewhere(),
        };
        let settings = json!({"cluster": "prod", "service": "shop"});
        Some(Stand::at(store(&server.url("")), settings, server).of_text())
    }
}

/// Replica and what was found, of a hop with these settings beside cluster and service.
async fn read(mut settings: Value, server: &Server) -> Result<Vec<Reading>, ReadError> {
    settings["store"] = "stand".into();
    settings["cluster"] = "prod".into();
    settings["service"] = "shop".into();
    let hop = hop("aws_ecs", settings);
    let connections = declared(&store(&server.url("")));
    read_all(&*hop, VARIABLE, Known::default(), &connections).await
}

fn texts(readings: &[Reading]) -> Vec<(String, String)> {
    let text = |reading: &Reading| {
        let replica = reading.replica.as_deref().unwrap().to_owned();
        (replica, told(&reading.found))
    };
    readings.iter().map(text).collect()
}

fn pair(replica: &str, found: &str) -> (String, String) {
    (replica.to_owned(), found.to_owned())
}

#[tokio::test]
async fn each_task_is_judged_by_its_own_revision() {
    let mut given = task("c", "shop:2", 300.0);
    given["overrides"]["containerOverrides"][0]["environment"] =
        json!([{"name": VARIABLE, "value": "override"}]);
    let tasks = vec![
        task("a", "shop:1", 100.0),
        task("b", "shop:2", 200.0),
        given,
    ];
    let server = service(
        tasks,
        json!({"shop:1": with_value("old"), "shop:2": with_value("new")}),
    );
    let readings = read(json!({}), &server).await.unwrap();
    assert_eq!(
        texts(&readings),
        [pair("a", "old"), pair("b", "new"), pair("c", "override")]
    );
    let words = |index: usize| {
        let mend = readings[index].mend.as_ref();
        mend.and_then(|mend| mend.words.as_deref()).unwrap()
    };
    assert!(words(0).contains("in a new revision of the task definition shop"));
    assert!(words(2).contains("of the container app overridden by the current key"));
    assert_eq!(readings[0].started_at.unwrap().as_second(), 100);
    assert_eq!(
        server.requests().len(),
        4,
        "each revision is asked for once"
    );
}

#[tokio::test]
async fn hundreds_of_tasks_are_described_a_hundred_at_a_time() {
    let tasks = (0..250).map(|index| task(&index.to_string(), "shop:1", 1.0));
    let server = service(tasks.collect(), json!({"shop:1": with_value("key")}));
    assert_eq!(read(json!({}), &server).await.unwrap().len(), 250);
    assert_eq!(server.requests().len(), 1 + 3 + 1);
}

#[tokio::test]
async fn an_injected_secret_is_hidden_and_followed() {
    const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-a1B2c3";
    for source in [
        format!("{SECRET}:api::"),
        "/shop".to_owned(),
        "arn:aws:ssm:eu-west-1:123456789012:parameter/shop".to_owned(),
    ] {
        let tasks = vec![task("a", "shop:1", 100.0), task("b", "shop:1", 200.0)];
        let server = service(tasks, json!({"shop:1": with_secret(&source)}));
        let readings = read(json!({}), &server).await.unwrap();
        let [a, b, new] = &readings[..] else {
            panic!("{source}")
        };
        for (reading, since) in [(a, 100), (b, 200)] {
            let Found::Hidden { fixed_at, .. } = &reading.found else {
                panic!("{source}")
            };
            assert_eq!(fixed_at.unwrap().as_second(), since);
        }
        assert_eq!(texts(std::slice::from_ref(new)), [pair("new tasks", "key")]);
    }
}

#[tokio::test]
async fn a_task_that_still_starts_is_not_fixed_yet() {
    let mut starting = task("a", "shop:1", 100.0);
    starting["lastStatus"] = "PENDING".into();
    starting["startedAt"] = Value::Null;
    let server = service(vec![starting], json!({"shop:1": with_secret("/shop")}));
    let readings = read(json!({}), &server).await.unwrap();
    let Found::Hidden { fixed_at, .. } = &readings[0].found else {
        panic!()
    };
    assert!(fixed_at.is_none());
}

#[tokio::test]
async fn a_file_in_s3_is_named_and_proves_nothing() {
    let file = "arn:aws:s3:::bucket/shop.env";
    let container = json!([{"name": "app", "environmentFiles": [{"value": file, "type": "s3"}]}]);
    let server = service(vec![task("a", "shop:1", 1.0)], json!({"shop:1": container}));
    let readings = read(json!({}), &server).await.unwrap();
    let found = told(&readings[0].found);
    assert!(
        found.starts_with("hidden: ") && found.contains(file),
        "{found}"
    );
}

#[tokio::test]
async fn a_container_is_chosen_and_others_are_left_alone() {
    let both = json!([
        {"name": "app", "environment": [{"name": VARIABLE, "value": "of app"}]},
        {"name": "side", "environment": [{"name": VARIABLE, "value": "of side"}]},
    ]);
    let server = service(vec![task("a", "shop:1", 1.0)], json!({"shop:1": both}));
    let readings = read(json!({"container": "side"}), &server).await.unwrap();
    assert_eq!(texts(&readings), [pair("a", "of side")]);
    let readings = read(json!({}), &server).await.unwrap();
    assert_eq!(
        texts(&readings),
        [pair("a/app", "of app"), pair("a/side", "of side")]
    );
    let readings = read(json!({"container": "none"}), &server).await.unwrap();
    let found = told(&readings[0].found);
    assert!(found.starts_with("failed: not-found: "), "{found}");
}

#[tokio::test]
async fn stopped_tasks_are_not_running() {
    let mut stopped = task("a", "shop:1", 1.0);
    stopped["lastStatus"] = "STOPPED".into();
    let server = service(vec![stopped], json!({"shop:1": with_value("key")}));
    let error = read(json!({}), &server).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert_eq!(error.message, "no task of shop is running in prod");
}

#[test]
fn one_of_service_and_family_is_asked_for() {
    for settings in [
        json!({}),
        json!({"service": "a", "family": "b"}),
        json!({"service": ""}),
    ] {
        let hop = try_hop("aws_ecs", settings.clone()).unwrap();
        assert!(hop.check().is_err(), "{settings}");
    }
}
