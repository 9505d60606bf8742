use std::sync::Arc;

use serde_json::{Value, json};

use super::super::conformance::{Case, Conforming, Stand, TEXT};
use super::super::testing::{
    Known, VARIABLE, declared, history as past, hop, read_all, told, told_versions,
};
use super::*;
use crate::platform::aws::Parameter;
use crate::platform::http::testing::{Server, redirect_elsewhere, response, silent};
use crate::platform::{Answer, Request};
use crate::reading::{ErrorKind, ReadError};

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

fn parameter(name: &str, version: u64, value: &str) -> Value {
    json!({
        "Name": name, "ARN": format!("arn:aws:ssm:eu-west-1:123456789012:parameter/{name}"),
        "Type": "SecureString", "Version": version, "Value": value, "LastModifiedDate": 1_700_000_000.5,
    })
}

impl Conforming for AwsSsm {
    fn stand(case: Case) -> Option<Stand> {
        let server = match case {
            Case::Present => {
                Server::start(|_| answered(&json!({"Parameters": [parameter("shop", 1, TEXT)]})))
            }
            Case::Absent => Server::start(|_| {
                answered(&json!({"Parameters": [], "InvalidParameters": ["shop"]}))
            }),
            Case::Denied => Server::start(|_| refused("AccessDeniedException")),
            // What is not there is absent; the store has no other place to be missing.
            Case::NotFound => return None,
            Case::Throttled => Server::start(|_| refused("ThrottlingException")),
            Case::Broken => Server::start(|_| refused("InternalServerError")),
            Case::TooLarge => Server::answering("200 OK", &vec![b'x'; 2 << 20]),
            Case::Silent => silent(),
            Case::Elsewhere => redirect_elsewhere(),
        };
        let store = store(&server.url(""));
        Some(Stand::at(store, json!({"name": "shop"}), server).of_text())
    }
}

/// A server that is told what is asked for.
fn hearing(answer: impl Fn(&Value) -> Vec<u8> + Send + 'static) -> Server {
    Server::reading(move |_, body| answer(&serde_json::from_str(body).unwrap()))
}

async fn ask(names: &[&str], server: &Server) -> Vec<String> {
    let call: Vec<_> = names
        .iter()
        .map(|name| {
            let ask = ReadParameter {
                region: None,
                name: (*name).into(),
            };
            Request::new(Some("stand".into()), ask)
        })
        .collect();
    let answers = Request::send(&call, &declared(&store(&server.url("")))).await;
    let text = |answer: Result<Answer, ReadError>| match answer {
        Ok(answer) => match answer.downcast_ref::<Option<Arc<Parameter>>>().unwrap() {
            Some(parameter) => String::from_utf8(parameter.value.expose().to_vec()).unwrap(),
            None => "absent".to_owned(),
        },
        Err(error) => format!("{error}"),
    };
    answers.into_iter().map(text).collect()
}

#[tokio::test]
async fn a_parameter_is_read_decrypted_and_dated() {
    let server = hearing(|asked| {
        assert_eq!(
            *asked,
            json!({"Names": ["/shop/key"], "WithDecryption": true})
        );
        answered(
            &json!({"Parameters": [parameter("/shop/key", 3, "key\n")], "InvalidParameters": []}),
        )
    });
    let hop = hop("aws_ssm", json!({"store": "stand", "name": "/shop/key"}));
    let connections = declared(&store(&server.url("")));
    let mut readings = read_all(&*hop, VARIABLE, Known::default(), &connections)
        .await
        .unwrap();
    let reading = readings.pop().unwrap();
    assert_eq!(told(&reading.found), "key\n");
    let stored = reading.stored_at.unwrap().to_string();
    assert_eq!(stored, "2023-11-14T22:13:20.5Z");
    assert!(server.requests()[0].contains("x-amz-target: amazonssm.getparameters"));
}

#[tokio::test]
async fn answers_are_told_apart_whatever_their_order() {
    const ARN: &str = "arn:aws:ssm:eu-west-1:123456789012:parameter/c";
    let server = hearing(|_| {
        let mut labelled = parameter("b", 2, "b as labelled");
        labelled["Selector"] = ":prod".into();
        let mut first = parameter("b", 1, "b first");
        first["Selector"] = ":1".into();
        answered(&json!({
            "Parameters": [parameter("c", 1, "c"), labelled, parameter("b", 3, "b"), first, parameter("a", 1, "a")],
            "InvalidParameters": ["none", "b:99"],
        }))
    });
    let names = ["a", "b", "b:1", "b:prod", ARN, "none", "b:99"];
    let texts = ask(&names, &server).await;
    assert_eq!(
        texts,
        [
            "a",
            "b",
            "b first",
            "b as labelled",
            "c",
            "absent",
            "absent"
        ]
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn one_denied_name_does_not_take_the_others_down() {
    let server = hearing(
        |asked| match asked["Names"].as_array().unwrap().as_slice() {
            [name] if name == "a" => answered(&json!({"Parameters": [parameter("a", 1, "a")]})),
            [name] if name == "none" => answered(&json!({"InvalidParameters": ["none"]})),
            _ => refused("AccessDeniedException"),
        },
    );
    let texts = ask(&["a", "b", "none"], &server).await;
    assert_eq!((&*texts[0], &*texts[2]), ("a", "absent"));
    assert!(texts[1].starts_with("denied: "), "{}", texts[1]);
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn what_cannot_be_told_apart_is_asked_for_alone() {
    // Without selectors, as some servers answer.
    let server = hearing(
        |asked| match asked["Names"].as_array().unwrap().as_slice() {
            [name] if name == "b" => {
                answered(&json!({"Parameters": [parameter("b", 2, "latest")]}))
            }
            [_] => answered(&json!({"Parameters": [parameter("b", 1, "labelled")]})),
            _ => {
                let both = [parameter("b", 1, "labelled"), parameter("b", 2, "latest")];
                answered(&json!({"Parameters": both}))
            }
        },
    );
    assert_eq!(ask(&["b", "b:old"], &server).await, ["latest", "labelled"]);
}

#[tokio::test]
async fn silence_about_a_name_is_an_error() {
    let server = hearing(|_| answered(&json!({"Parameters": [], "InvalidParameters": []})));
    for names in [&["a"][..], &["a", "b"]] {
        for text in ask(names, &server).await {
            assert!(text.starts_with("protocol: "), "{text}");
        }
    }
}

#[tokio::test]
async fn a_denied_key_names_the_permission() {
    let server = Server::start(|_| {
        let body = json!({"__type": "AccessDeniedException", "message": "User: x is not authorized to perform: kms:Decrypt on resource: y"});
        response("400 Bad Request", "", body.to_string().as_bytes())
    });
    let hop = hop("aws_ssm", json!({"store": "stand", "name": "a"}));
    let connections = declared(&store(&server.url("")));
    let error = read_all(&*hop, VARIABLE, Known::default(), &connections)
        .await
        .err()
        .unwrap();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.next.contains("`kms:Decrypt`"), "{}", error.next);
}

#[tokio::test]
async fn the_history_is_every_version_and_knows_the_first() {
    let server = hearing(|asked| {
        assert_eq!(asked["WithDecryption"], true);
        match asked["NextToken"].as_str() {
            None => answered(&json!({
                "Parameters": [parameter("a", 1, "one"), parameter("a", 2, "two")], "NextToken": "more",
            })),
            Some(_) => answered(&json!({"Parameters": [parameter("a", 3, "three")]})),
        }
    });
    let connections = declared(&store(&server.url("")));
    let hop = hop("aws_ssm", json!({"store": "stand", "name": "a"}));
    let versions = past(&*hop, 10, &connections).await.unwrap();
    assert_eq!(told_versions(&versions), ["one", "two", "three"]);
    let versions = past(&*hop, 2, &connections).await.unwrap();
    assert_eq!(told_versions(&versions), ["two", "three"]);
}

#[test]
fn a_chosen_version_has_no_history() {
    let known = Known::default();
    let hop = hop("aws_ssm", json!({"name": "a:2"}));
    let at = At::of(VARIABLE);
    let history = hop.history(at, 10, &Asking::new(&known, None));
    assert!(history.unwrap().is_none());
}
