use data_encoding::BASE64;
use serde_json::{Value, json};

use super::super::AnySource;
use super::super::conformance::{Case, Conforming, KEY, Stand};
use super::super::testing::{
    Known, VARIABLE, declared, history, hop, read_all, told, told_versions, try_hop,
};
use super::*;
use crate::platform::http::testing::{Server, redirect_elsewhere, response, silent};

fn answer(status: &str, body: &Value) -> Vec<u8> {
    response(status, "", body.to_string().as_bytes())
}

fn refusal(status: &str, name: &str, message: &str) -> Vec<u8> {
    let (code, _) = status.split_once(' ').unwrap();
    let code: u16 = code.parse().unwrap();
    let error = json!({"code": code, "message": message, "status": name});
    answer(status, &json!({"error": error}))
}

fn denied() -> Vec<u8> {
    let message = "Permission 'secretmanager.versions.access' denied for resource \
                   'projects/p/secrets/api-key/versions/latest' (or it may not exist).";
    refusal("403 Forbidden", "PERMISSION_DENIED", message)
}

fn holding(value: &[u8], version: u64) -> Value {
    json!({
        "name": format!("projects/1/secrets/api-key/versions/{version}"),
        "payload": {"data": BASE64.encode(value)},
    })
}

/// Whose token is `straggler`, which every test has in its environment.
fn store(server: &Server) -> Value {
    let token = json!({"env": "CARGO_PKG_NAME"});
    json!({"gcp": {"project": "p", "endpoint": server.url(""), "token": token}})
}

impl Conforming for GcpSecretManager {
    fn stand(case: Case) -> Option<Stand> {
        let server = match case {
            Case::Present => Server::start(|_| answer("200 OK", &holding(KEY, 3))),
            Case::Absent => Server::start(|_| {
                let message = "Secret [projects/1/secrets/api-key] not found or has no versions.";
                refusal("404 Not Found", "NOT_FOUND", message)
            }),
            Case::Denied => Server::start(|_| denied()),
            // Something else than Secret Manager does not know the path.
            Case::NotFound => Server::answering("404 Not Found", b"<html>"),
            Case::Throttled => Server::start(|_| {
                refusal(
                    "429 Too Many Requests",
                    "RESOURCE_EXHAUSTED",
                    "Quota exceeded",
                )
            }),
            Case::Broken => Server::answering("500 Internal Server Error", b""),
            Case::TooLarge => Server::answering("200 OK", &vec![b'x'; 2 << 20]),
            Case::Silent => silent(),
            Case::Elsewhere => redirect_elsewhere(),
        };
        let store = store(&server);
        Some(Stand::at(store, json!({"secret": "api-key"}), server))
    }
}

fn api_key() -> Box<dyn AnySource> {
    let settings = json!({"store": "stand", "secret": "api-key"});
    hop("gcp_secret_manager", settings)
}

async fn read(server: &Server, hop: &dyn AnySource) -> Result<String, ReadError> {
    let connections = declared(&store(server));
    let readings = read_all(hop, VARIABLE, Known::default(), &connections).await?;
    Ok(told(&readings[0].found))
}

#[tokio::test]
async fn the_path_names_project_location_and_version() {
    let server = Server::start(|head| {
        assert!(head.contains("authorization: bearer straggler"), "{head}");
        answer("200 OK", &holding(b"key", 3))
    });
    assert_eq!(read(&server, &*api_key()).await.unwrap(), "key");
    let settings = json!({"store": "stand", "project": "q", "location": "me-central2", "secret": "s", "version": "7"});
    let regional = hop("gcp_secret_manager", settings);
    assert_eq!(read(&server, &*regional).await.unwrap(), "key");
    let paths: Vec<_> = server
        .requests()
        .iter()
        .map(|head| head.split(' ').nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(
        paths,
        [
            "/v1/projects/p/secrets/api-key/versions/latest:access",
            "/v1/projects/q/locations/me-central2/secrets/s/versions/7:access",
        ]
    );
    let at = At::of(VARIABLE);
    assert_eq!(
        regional.location(at),
        "gcp_secret_manager:q/me-central2/s/7"
    );
}

#[tokio::test]
async fn what_does_not_fit_its_checksum_is_no_key() {
    for (checksum, expected) in [
        ("3808858755", Ok("123456789".to_owned())),
        ("3808858754", Err(ErrorKind::BadData)),
        ("soon", Err(ErrorKind::BadData)),
    ] {
        let server = Server::start(move |_| {
            let mut body = holding(b"123456789", 3);
            body["payload"]["dataCrc32c"] = checksum.into();
            answer("200 OK", &body)
        });
        let found = read(&server, &*api_key()).await.map_err(|error| error.kind);
        assert_eq!(found, expected, "{checksum}");
    }
}

#[tokio::test]
async fn a_latest_version_that_is_disabled_is_no_missing_key() {
    let stopped = |state: &str| {
        let message =
            format!("Secret Version [projects/1/secrets/s/versions/4] is in {state} state.");
        Server::start(move |_| refusal("400 Bad Request", "FAILED_PRECONDITION", &message))
    };
    let error = read(&stopped("DISABLED"), &*api_key()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.message.ends_with("is in DISABLED state."), "{error}");
    assert!(error.next.starts_with("enable the version"));
    let gone = read(&stopped("DESTROYED"), &*api_key()).await;
    assert_eq!(gone.unwrap(), "absent");

    let error = read(&Server::start(|_| denied()), &*api_key())
        .await
        .unwrap_err();
    assert!(
        error.next.starts_with(
            "give the identity roles/secretmanager.secretAccessor on the secret api-key"
        )
    );
}

/// Five versions on two pages, newest first.
fn rotated() -> Server {
    Server::start(|head| {
        let path = head.split(' ').nth(1).unwrap();
        let listed = |number: u64, state: &str| {
            json!({
                "name": format!("projects/1/secrets/api-key/versions/{number}"),
                "createTime": format!("2026-11-0{number}T09:00:00.123456Z"),
                "state": state,
            })
        };
        match path
            .strip_prefix("/v1/projects/p/secrets/api-key/versions")
            .unwrap()
        {
            "?pagesize=100" => answer(
                "200 OK",
                &json!({
                    "versions": [listed(5, "ENABLED"), listed(4, "DESTROYED"), listed(3, "ENABLED")],
                    "nextPageToken": "a/b",
                }),
            ),
            "?pagesize=100&pagetoken=a%2fb" => answer(
                "200 OK",
                &json!({
                    "versions": [listed(2, "DISABLED"), listed(1, "ENABLED")], "totalSize": 5,
                }),
            ),
            "/5:access" => answer("200 OK", &holding(b"five", 5)),
            "/3:access" | "/stable:access" => answer("200 OK", &holding(b"three", 3)),
            "/1:access" => denied(),
            path => panic!("{path} is not asked for"),
        }
    })
}

#[tokio::test]
async fn history_has_every_version_and_reads_the_enabled_ones() {
    let server = rotated();
    let connections = declared(&store(&server));
    let versions = history(&*api_key(), 10, &connections).await.unwrap();
    assert_eq!(
        versions[0].created_at,
        "2026-11-01T09:00:00.123456Z".parse().ok()
    );
    let told = told_versions(&versions);
    assert!(told[0].starts_with("failed: denied"));
    assert_eq!(told[1], "failed: denied: version 2 of api-key is disabled");
    assert_eq!(told[2..], ["three", "absent", "five"]);

    let versions = history(&*api_key(), 3, &connections).await.unwrap();
    assert_eq!(told_versions(&versions)[0], "three");
}

#[tokio::test]
async fn what_came_after_a_pinned_version_is_no_history_of_it() {
    let server = rotated();
    let connections = declared(&store(&server));
    let settings = json!({"store": "stand", "secret": "api-key", "version": "stable"});
    let pinned = hop("gcp_secret_manager", settings);
    let versions = history(&*pinned, 2, &connections).await.unwrap();
    let told = told_versions(&versions);
    assert_eq!(told.len(), 2);
    assert_eq!(told[1], "three");
}

#[tokio::test]
async fn a_denied_list_names_what_lists() {
    let server = Server::start(|_| denied());
    let error = history(&*api_key(), 10, &declared(&store(&server))).await;
    let error = error.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.next.contains("secretmanager.versions.list"));
}

#[test]
fn names_are_checked() {
    for settings in [
        json!({"secret": "a/b"}),
        json!({"secret": ""}),
        json!({"secret": "a", "version": "1:x"}),
        json!({"secret": "a", "location": "evil.example/"}),
    ] {
        assert!(
            try_hop("gcp_secret_manager", settings)
                .unwrap()
                .check()
                .is_err()
        );
    }
}
