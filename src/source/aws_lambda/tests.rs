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

/// As the REST services refuse: the name of the error is in a header.
fn refused(status: &str, code: &str) -> Vec<u8> {
    let header = format!("x-amzn-ErrorType: {code}:http://internal.amazon.com/\r\n");
    response(
        status,
        &header,
        br#"{"Type": "User", "message": "said by AWS"}"#,
    )
}

fn answered(body: &Value) -> Vec<u8> {
    response("200 OK", "", body.to_string().as_bytes())
}

fn holding(value: &str, version: &str) -> Value {
    json!({
        "FunctionName": "shop", "Version": version, "LastUpdateStatus": "Successful",
        "LastModified": "2026-11-24T09:00:00.123+0000",
        "Environment": {"Variables": {"OTHER": "x", VARIABLE: value}},
    })
}

impl Conforming for AwsLambda {
    fn stand(case: Case) -> Option<Stand> {
        let server = match case {
            Case::Present => Server::start(move |_| answered(&holding(TEXT, "$LATEST"))),
            Case::Absent => Server::start(|_| answered(&json!({"Version": "$LATEST"}))),
            Case::Denied => Server::start(|_| refused("403 Forbidden", "AccessDeniedException")),
            Case::NotFound => {
                Server::start(|_| refused("404 Not Found", "ResourceNotFoundException"))
            }
            Case::Throttled => {
                Server::start(|_| refused("429 Too Many Requests", "TooManyRequestsException"))
            }
            Case::Broken => {
                Server::start(|_| refused("500 Internal Server Error", "ServiceException"))
            }
            Case::TooLarge => Server::answering("200 OK", &vec![b'x'; 2 << 20]),
            Case::Silent => silent(),
            Case::Elsewhere => redirect_elsewhere(),
        };
        let store = store(&server.url(""));
        Some(Stand::at(store, json!({"function": "shop"}), server).of_text())
    }
}

async fn read(
    mut settings: Value,
    answer: impl Fn(&str) -> Vec<u8> + Send + 'static,
) -> (Vec<Reading>, Server) {
    let server = Server::start(move |head| answer(head.lines().next().unwrap()));
    settings["store"] = "stand".into();
    let hop = hop("aws_lambda", settings);
    let connections = declared(&store(&server.url("")));
    let readings = read_all(&*hop, VARIABLE, Known::default(), &connections).await;
    (readings.unwrap(), server)
}

#[tokio::test]
async fn an_unpublished_function_says_that_it_is() {
    let (readings, server) = read(json!({"function": "shop"}), |_| {
        answered(&holding("key", "$LATEST"))
    })
    .await;
    let [reading] = &readings[..] else { panic!() };
    assert_eq!(told(&reading.found), "key");
    assert!(reading.note.as_ref().unwrap().contains("$LATEST"));
    let stored = reading.stored_at.unwrap().to_string();
    assert_eq!(stored, "2026-11-24T09:00:00.123Z");
    let head = &server.requests()[0];
    assert!(head.starts_with("get /2015-03-31/functions/shop/configuration http/1.1"));
    assert!(head.contains("/eu-west-1/lambda/aws4_request"), "{head}");
}

#[tokio::test]
async fn both_versions_of_an_alias_are_read() {
    let settings = json!({"function": "shop", "qualifier": "live"});
    let (readings, _server) = read(settings, |line| match line {
        line if line.contains("/aliases/live") => answered(&json!({
            "FunctionVersion": "4", "RoutingConfig": {"AdditionalVersionWeights": {"3": 0.1}},
        })),
        line if line.contains("qualifier=live") => answered(&holding("new", "4")),
        line if line.contains("qualifier=3") => answered(&holding("old", "3")),
        line => panic!("{line}"),
    })
    .await;
    let texts: Vec<_> = readings
        .iter()
        .map(|reading| (reading.replica.as_deref().unwrap(), told(&reading.found)))
        .collect();
    assert_eq!(
        texts,
        [
            ("version 4", "new".to_owned()),
            ("version 3", "old".to_owned())
        ]
    );
}

#[tokio::test]
async fn an_alias_whose_routing_is_denied_says_so() {
    let settings = json!({"function": "shop", "qualifier": "live"});
    let (readings, _server) = read(settings, |line| match line.contains("/aliases/") {
        true => refused("403 Forbidden", "AccessDeniedException"),
        false => answered(&holding("new", "4")),
    })
    .await;
    let note = readings[0].note.as_ref().unwrap();
    assert!(note.contains("lambda:GetAlias"), "{note}");
}

#[tokio::test]
async fn what_lambda_cannot_decrypt_is_denied_and_not_missing() {
    let (readings, _server) = read(json!({"function": "shop", "qualifier": "4"}), |_| {
        answered(&json!({"Version": "4", "Environment": {
            "Error": {"ErrorCode": "AccessDeniedException", "Message": "no"}}}))
    })
    .await;
    let Found::Failed(error) = &readings[0].found else {
        panic!("{}", told(&readings[0].found))
    };
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.next.contains("`kms:Decrypt`"));
}

#[tokio::test]
async fn while_an_update_is_under_way_nothing_is_proven() {
    for status in ["InProgress", "Failed"] {
        let (readings, _server) = read(json!({"function": "shop"}), move |_| {
            let mut body = holding("key", "$LATEST");
            body["LastUpdateStatus"] = status.into();
            answered(&body)
        })
        .await;
        let found = told(&readings[0].found);
        assert!(found.starts_with("hidden: "), "{status}: {found}");
    }
}

#[test]
fn a_function_cannot_lead_elsewhere() {
    for settings in [
        json!({"function": ""}),
        json!({"function": "shop:live"}),
        json!({"function": "arn:aws:lambda:eu-west-1:123456789012:function:shop:live"}),
        json!({"function": "../shop"}),
        json!({"function": "a b"}),
        json!({"function": "shop", "qualifier": "a/b"}),
    ] {
        let hop = try_hop("aws_lambda", settings.clone()).unwrap();
        assert!(hop.check().is_err(), "{settings}");
    }
    for function in [
        "shop",
        "123456789012:function:shop",
        "arn:aws:lambda:eu-west-1:123456789012:function:shop",
    ] {
        hop(
            "aws_lambda",
            json!({"function": function, "qualifier": "$LATEST"}),
        );
    }
}
