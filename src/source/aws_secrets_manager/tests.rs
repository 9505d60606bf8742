mod batches;
mod history;

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::conformance::{Case, Conforming, KEY, Stand};
use super::super::testing::{Known, VARIABLE, declared, hop, read_all, told};
use super::*;
use crate::platform::http::testing::{Server, redirect_elsewhere, response, silent};
use crate::reading::{ErrorKind, ReadError, Retry};

const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:";

/// A store in which every request goes to this address.
pub(super) fn store(url: &str) -> Value {
    json!({"aws": {
        "region": "eu-west-1",
        "endpoint": url,
        "access_key_id": {"env": "CARGO_PKG_NAME"},
        "secret_access_key": {"env": "CARGO_PKG_NAME"},
    }})
}

fn refused(status: &str, code: &str) -> Vec<u8> {
    let body = json!({"__type": code, "message": "said by AWS"});
    response(status, "", body.to_string().as_bytes())
}

fn answered(body: &Value) -> Vec<u8> {
    response("200 OK", "", body.to_string().as_bytes())
}

impl Conforming for AwsSecretsManager {
    fn stand(case: Case) -> Option<Stand> {
        let encoded = data_encoding::BASE64.encode(KEY);
        let server = match case {
            Case::Present => Server::start(move |_| {
                answered(
                    &json!({"ARN": format!("{ARN}shop-a1B2c3"), "Name": "shop", "SecretBinary": encoded}),
                )
            }),
            Case::Absent => {
                Server::start(|_| refused("400 Bad Request", "ResourceNotFoundException"))
            }
            Case::Denied => Server::start(|_| refused("400 Bad Request", "AccessDeniedException")),
            // What is not there is absent; the store has no other place to be missing.
            Case::NotFound => return None,
            Case::Throttled => Server::start(|_| refused("400 Bad Request", "ThrottlingException")),
            Case::Broken => {
                Server::start(|_| refused("500 Internal Server Error", "InternalServiceError"))
            }
            Case::TooLarge => Server::answering("200 OK", &vec![b'x'; 2 << 20]),
            Case::Silent => silent(),
            Case::Elsewhere => redirect_elsewhere(),
        };
        let store = store(&server.url(""));
        Some(Stand::at(store, json!({"secret": "shop"}), server))
    }
}

/// What a hop reads from a server that answers each action so.
async fn read(
    settings: Value,
    answer: impl Fn(&str, &Value) -> Vec<u8> + Send + 'static,
) -> (Result<Vec<Reading>, ReadError>, Server) {
    let server = acting(answer);
    let mut settings = settings;
    settings["store"] = "stand".into();
    let hop = hop("aws_secrets_manager", settings);
    let connections = declared(&store(&server.url("")));
    let readings = read_all(&*hop, VARIABLE, Known::default(), &connections).await;
    (readings, server)
}

/// A server that is told which action, in lower case, is asked for.
fn acting(answer: impl Fn(&str, &Value) -> Vec<u8> + Send + 'static) -> Server {
    Server::reading(move |head, body| {
        let target = head
            .lines()
            .find_map(|line| line.strip_prefix("x-amz-target: "));
        let action = target.unwrap().rsplit('.').next().unwrap().to_owned();
        answer(&action, &serde_json::from_str(body).unwrap())
    })
}

#[tokio::test]
async fn a_field_of_a_secret_is_read_and_dated() {
    let (readings, server) = read(json!({"secret": "shop", "field": "api/key~"}), |_, _| {
        answered(&json!({
            "ARN": format!("{ARN}shop-a1B2c3"), "Name": "shop", "CreatedDate": 1_700_000_000.5,
            "SecretString": r#"{"other": "no", "api/key~": "yes\n"}"#,
        }))
    })
    .await;
    let reading = readings.unwrap().pop().unwrap();
    assert_eq!(told(&reading.found), "yes\n");
    let stored = reading.stored_at.unwrap().to_string();
    assert_eq!(stored, "2023-11-14T22:13:20.5Z");

    let [head] = &server.requests()[..] else {
        panic!("one request is enough")
    };
    assert!(head.starts_with("post / http/1.1"));
    assert!(head.contains("credential=straggler/"), "{head}");
    assert!(head.contains("/eu-west-1/secretsmanager/aws4_request"));
    assert!(head.contains("x-amz-target: secretsmanager.getsecretvalue"));
}

#[tokio::test]
async fn a_version_is_chosen_by_id_or_label() {
    const ID: &str = "f0e1d2c3-1111-2222-3333-444455556666";
    for (version, expected) in [
        (ID, json!({"SecretId": "shop", "VersionId": ID})),
        (
            "AWSPREVIOUS",
            json!({"SecretId": "shop", "VersionStage": "AWSPREVIOUS"}),
        ),
        ("AWSCURRENT", json!({"SecretId": "shop"})),
    ] {
        let settings = json!({"secret": "shop", "version": version});
        let (readings, _server) = read(settings, move |_, asked| {
            assert_eq!(*asked, expected);
            answered(&json!({"SecretString": "key"}))
        })
        .await;
        assert_eq!(told(&readings.unwrap()[0].found), "key");
    }
}

#[tokio::test]
async fn an_arn_says_its_region() {
    let secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop-a1B2c3";
    let (readings, server) = read(json!({"secret": secret}), |_, _| {
        answered(&json!({"SecretString": "key"}))
    })
    .await;
    assert!(readings.is_ok());
    assert!(server.requests()[0].contains("/us-east-1/secretsmanager/"));
}

#[tokio::test]
async fn what_is_scheduled_for_deletion_is_absent_and_says_so() {
    let (readings, _server) = read(json!({"secret": "shop"}), |_, _| {
        let body = json!({
            "__type": "InvalidRequestException",
            "Message": "You can't perform this operation on the secret because it was marked for deletion.",
        });
        response("400 Bad Request", "", body.to_string().as_bytes())
    })
    .await;
    let reading = readings.unwrap().pop().unwrap();
    assert_eq!(told(&reading.found), "absent");
    assert!(reading.note.unwrap().contains("restore-secret"));
}

#[tokio::test]
async fn a_field_that_is_not_there_is_absent_and_no_json_is_an_error() {
    for (text, expected) in [
        (r#"{"other": "x"}"#, "absent"),
        (r#"{"key": 5}"#, "failed: bad-data: "),
        ("ask_live_x", "failed: bad-data: "),
    ] {
        let (readings, _server) = read(json!({"secret": "shop", "field": "key"}), move |_, _| {
            answered(&json!({"SecretString": text}))
        })
        .await;
        let found = told(&readings.unwrap()[0].found);
        assert!(found.starts_with(expected), "{text}: {found}");
        assert!(!found.contains("ask_live_x"));
    }
}

#[tokio::test]
async fn errors_in_xml_are_understood() {
    let (readings, _server) = read(json!({"secret": "shop"}), |_, _| {
        response(
            "403 Forbidden",
            "",
            b"<ErrorResponse><Errors><Error><Code>AccessDenied</Code><Message>User: x is not authorized to perform: secretsmanager:GetSecretValue</Message></Error></Errors></ErrorResponse>",
        )
    })
    .await;
    let error = readings.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.message.contains("AccessDenied: User: x"), "{error}");
    assert_eq!(error.next, "allow `secretsmanager:GetSecretValue` on it");
    assert_eq!(error.retry, Retry::Never);
}

#[tokio::test]
async fn a_store_without_a_credential_says_what_to_do() {
    let settings = json!({"aws": {"region": "eu-west-1", "endpoint": "http://127.0.0.1:9",
        "access_key_id": {"env": "NO_SUCH_VARIABLE"}, "secret_access_key": {"env": "NO_SUCH_VARIABLE"}}});
    let hop = hop(
        "aws_secrets_manager",
        json!({"store": "stand", "secret": "shop"}),
    );
    let error = read_all(&*hop, VARIABLE, Known::default(), &declared(&settings))
        .await
        .err()
        .unwrap();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.message.contains("NO_SUCH_VARIABLE"), "{error}");
}

#[test]
fn a_hop_says_where_it_is() {
    let at = At::of(VARIABLE);
    let settings = json!({"store": "eu", "region": "eu-west-1", "secret": "a/b", "field": "k", "version": "v"});
    let location = hop("aws_secrets_manager", settings).location(at);
    assert_eq!(location, "aws_secrets_manager:eu/eu-west-1/a/b?v#k");
}
