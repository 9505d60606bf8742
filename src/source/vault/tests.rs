use serde_json::{Value, json};

use super::super::conformance::{Case, Conforming, Stand, TEXT};
use super::super::testing::try_hop;
use super::super::testing::{Known, VARIABLE, declared, hop, read_all, told};
use super::*;
use crate::platform::Connections;
use crate::platform::http::testing::{Server, redirect_elsewhere, response, silent};
use crate::reading::ErrorKind;

mod history;
mod refusals;
mod remedies;

const DENIED: &str = r#"{"errors":["1 error occurred:\n\t* permission denied\n\n"]}"#;
const NOTHING: &str = r#"{"errors":[]}"#;
const MOUNT: &str = "/v1/sys/internal/ui/mounts/secret";
const DATA: &str = "/v1/secret/data/allstak/checkout";
const METADATA: &str = "/v1/secret/metadata/allstak/checkout";

impl Conforming for Vault {
    fn stand(case: Case) -> Option<Stand> {
        let server = match case {
            Case::Present => serving(vec![two(), (DATA, 200, version(1, &json!({"key": TEXT})))]),
            Case::Absent => serving(vec![two(), (DATA, 404, NOTHING.to_owned())]),
            Case::Denied => serving(vec![two(), (DATA, 403, DENIED.to_owned())]),
            Case::NotFound => no_such_mount(),
            Case::Throttled => serving(vec![two(), (DATA, 429, errors("quota exceeded"))]),
            Case::Broken => serving(vec![two(), (DATA, 500, errors("internal error"))]),
            Case::TooLarge => serving(vec![two(), (DATA, 200, "x".repeat(2 << 20))]),
            Case::Silent => silent(),
            Case::Elsewhere => redirect_elsewhere(),
        };
        let settings = json!({"path": "allstak/checkout", "field": "key"});
        Some(Stand::at(store(&server), settings, server).of_text())
    }
}

/// A path, and what is answered there.
type Route = (&'static str, u16, String);

fn serving(routes: Vec<Route>) -> Server {
    Server::start(move |head| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        let route = routes.iter().find(|(known, ..)| *known == path);
        let (status, body) = match route {
            Some((_, status, body)) => (*status, body.as_str()),
            None => (404, NOTHING),
        };
        response(&format!("{status} Told"), "", body.as_bytes())
    })
}

fn no_such_mount() -> Server {
    let unknown = "no handler for route \"secret/data/allstak/checkout\". route entry not found.";
    serving(vec![
        (
            MOUNT,
            403,
            errors("preflight capability check returned 403"),
        ),
        (DATA, 404, errors(unknown)),
        ("/v1/secret/allstak/checkout", 404, errors(unknown)),
    ])
}

fn errors(text: &str) -> String {
    json!({"errors": [text]}).to_string()
}

fn mounted(kind: &str, version: Option<&str>) -> Route {
    let options = version.map(|version| json!({"version": version}));
    let data = json!({"path": "secret/", "type": kind, "options": options});
    (MOUNT, 200, json!({"data": data}).to_string())
}

/// The mount is version 2.
fn two() -> Route {
    mounted("kv", Some("2"))
}

fn version(number: u64, fields: &Value) -> String {
    let metadata = json!({
        "created_time": format!("2026-11-0{number}T09:00:00.123456789Z"), "custom_metadata": null,
        "deletion_time": "", "destroyed": false, "version": number,
    });
    json!({"data": {"data": fields, "metadata": metadata}}).to_string()
}

fn gone(number: u64, deleted: &str, destroyed: bool) -> String {
    let metadata = json!({
        "created_time": "2026-11-01T09:00:00Z", "custom_metadata": null,
        "deletion_time": deleted, "destroyed": destroyed, "version": number,
    });
    json!({"data": {"data": null, "metadata": metadata}}).to_string()
}

fn store(server: &Server) -> Value {
    let token = json!({"env": "CARGO_PKG_NAME"});
    json!({"vault": {"address": server.url(""), "token": token}})
}

fn connections(server: &Server, more: Value) -> Connections {
    let mut store = store(server);
    let settings = store["vault"].as_object_mut().unwrap();
    settings.extend(more.as_object().unwrap().clone());
    declared(&store)
}

/// Reads `key` of the usual path, with these settings beside.
async fn read(connections: &Connections, more: Value) -> Result<Reading, ReadError> {
    let mut settings = json!({"store": "stand", "path": "allstak/checkout", "field": "key"});
    let hop_settings = settings.as_object_mut().unwrap();
    hop_settings.extend(more.as_object().unwrap().clone());
    let hop = hop("vault", settings);
    let mut readings = read_all(&*hop, VARIABLE, Known::default(), connections).await?;
    assert_eq!(readings.len(), 1);
    Ok(readings.pop().unwrap())
}

async fn failing(connections: &Connections, more: Value) -> ReadError {
    read(connections, more).await.err().unwrap()
}

fn paths(server: &Server) -> Vec<String> {
    let path = |head: &String| head.split(' ').nth(1).unwrap().to_owned();
    server.requests().iter().map(path).collect()
}

#[tokio::test]
async fn a_mount_is_looked_at_once_and_a_version_has_its_time() {
    let fields = json!({"key": "v", "other": "w"});
    let server = serving(vec![two(), (DATA, 200, version(2, &fields))]);
    let connections = connections(&server, json!({"namespace": "Team/A"}));
    let reading = read(&connections, json!({})).await.unwrap();
    assert_eq!(told(&reading.found), "v");
    let stored_at = "2026-11-02T09:00:00.123456789Z".parse().unwrap();
    assert_eq!(reading.stored_at, Some(stored_at));
    assert_eq!(reading.note, None);

    let other = read(&connections, json!({"field": "other"})).await.unwrap();
    assert_eq!(told(&other.found), "w");
    let none = read(&connections, json!({"field": "none"})).await.unwrap();
    assert_eq!(told(&none.found), "absent");
    assert_eq!(paths(&server), [MOUNT, DATA, DATA, DATA]);
    for head in server.requests() {
        assert!(head.contains("x-vault-request: true"), "{head}");
        assert!(head.contains("x-vault-token: straggler"), "{head}");
        assert!(head.contains("x-vault-namespace: team/a"), "{head}");
    }
}

#[tokio::test]
async fn a_hop_may_name_a_mount_a_namespace_and_a_version() {
    let at = "/v1/kv/team/data/allstak/checkout?version=3";
    let mount = ("/v1/sys/internal/ui/mounts/kv/team", 200, two().2);
    let server = serving(vec![mount, (at, 200, version(3, &json!({"key": "v"})))]);
    let said = json!({"mount": "kv/team/", "namespace": "b", "version": 3});
    let reading = read(&connections(&server, json!({})), said).await.unwrap();
    assert_eq!(told(&reading.found), "v");
    let heads = server.requests();
    let all = |header| heads.iter().all(|head| head.contains(header));
    assert!(all("x-vault-namespace: b"), "{heads:?}");
}

#[tokio::test]
async fn version_one_has_its_fields_on_top() {
    let at = "/v1/secret/allstak/checkout";
    for mount in [
        mounted("kv", None),
        mounted("kv", Some("1")),
        mounted("generic", None),
    ] {
        let body = json!({"data": {"key": "v"}, "lease_duration": 2_764_800});
        let server = serving(vec![mount, (at, 200, body.to_string())]);
        let connections = connections(&server, json!({}));
        let reading = read(&connections, json!({})).await.unwrap();
        assert_eq!((&*told(&reading.found), reading.stored_at), ("v", None));
        assert_eq!(paths(&server), [MOUNT, at]);

        let error = failing(&connections, json!({"version": 2})).await;
        assert_eq!(error.message, "the mount secret keeps no versions");
    }
}

#[tokio::test]
async fn a_mount_of_another_kind_is_not_read_at() {
    let server = serving(vec![mounted("database", None)]);
    let error = failing(&connections(&server, json!({})), json!({})).await;
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert_eq!(
        error.message,
        "the mount secret is of type database, no key-value store"
    );
    assert_eq!(paths(&server), [MOUNT]);
}

#[tokio::test]
async fn a_version_that_is_said_is_believed_until_nothing_is_there() {
    let there = (DATA, 200, version(1, &json!({"key": "v"})));
    let server = serving(vec![there]);
    let reading = read(&connections(&server, json!({"version": 2})), json!({})).await;
    assert_eq!(told(&reading.unwrap().found), "v");
    assert_eq!(paths(&server), [DATA]);

    // Version 1 says of `data/…` what it says of every path that is not there.
    let server = serving(vec![mounted("kv", Some("1"))]);
    let error = failing(&connections(&server, json!({"version": 2})), json!({})).await;
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert_eq!(
        error.message,
        "the mount secret is version 1 of the key-value store"
    );
    let reading = read(&connections(&server, json!({"version": 1})), json!({})).await;
    assert_eq!(told(&reading.unwrap().found), "absent");

    // And version 2 warns of whatever has no `data/`.
    let warning = "Invalid path for a versioned K/V secrets engine.";
    let body = json!({"data": null, "warnings": [warning]}).to_string();
    let server = serving(vec![two(), ("/v1/secret/allstak/checkout", 404, body)]);
    let error = failing(&connections(&server, json!({"version": 1})), json!({})).await;
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert_eq!(
        error.message,
        "the mount secret is version 2 of the key-value store"
    );
    assert_eq!(
        error.next,
        "set the store's `version` to 2, or leave it out"
    );
}

#[tokio::test]
async fn where_the_mount_is_not_told_an_answer_tells() {
    let untold = || (MOUNT, 403, DENIED.to_owned());
    let at = "/v1/secret/allstak/checkout";
    let one = json!({"data": {"key": "v"}}).to_string();
    let two = version(1, &json!({"key": "v"}));
    for routes in [
        vec![untold(), (DATA, 200, two)],
        vec![
            untold(),
            (DATA, 403, DENIED.to_owned()),
            (at, 200, one.clone()),
        ],
        vec![(MOUNT, 200, "{}".to_owned()), (at, 200, one)],
    ] {
        let server = serving(routes);
        let reading = read(&connections(&server, json!({})), json!({})).await;
        assert_eq!(told(&reading.unwrap().found), "v");
    }

    let server = serving(vec![untold()]);
    let error = failing(&connections(&server, json!({})), json!({})).await;
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert_eq!(error.next, "say the `version` of the store, 1 or 2");
    assert_eq!(paths(&server), [MOUNT, DATA, at]);

    let server = serving(vec![untold(), (DATA, 403, DENIED.to_owned())]);
    let error = failing(&connections(&server, json!({})), json!({})).await;
    assert_eq!(error.kind, ErrorKind::Denied);
}

#[tokio::test]
async fn what_is_gone_is_missing_and_said() {
    for (deleted, destroyed, note) in [
        (
            "2026-11-03T10:00:00.5Z",
            false,
            "version 4 was deleted at 2026-11-03T10:00:01Z",
        ),
        ("", true, "version 4 was destroyed"),
        ("2026-11-03T10:00:00Z", true, "version 4 was destroyed"),
    ] {
        let server = serving(vec![two(), (DATA, 404, gone(4, deleted, destroyed))]);
        let reading = read(&connections(&server, json!({})), json!({}))
            .await
            .unwrap();
        assert_eq!(told(&reading.found), "absent");
        assert_eq!(reading.note.as_deref(), Some(note));
    }
    let server = serving(vec![two()]);
    let connections = connections(&server, json!({}));
    let reading = read(&connections, json!({"path": "data/allstak"}))
        .await
        .unwrap();
    assert_eq!(told(&reading.found), "absent");
    assert!(reading.note.unwrap().contains("without the `data/`"));
}

#[tokio::test]
async fn what_is_no_string_is_no_key() {
    for (value, kind) in [
        (json!(42), "a number"),
        (json!({"a": "b"}), "an object"),
        (json!(["a"]), "a list"),
        (json!(true), "a boolean"),
    ] {
        let server = serving(vec![
            two(),
            (DATA, 200, version(1, &json!({"a/~b": value}))),
        ]);
        let error = failing(&connections(&server, json!({})), json!({"field": "a/~b"})).await;
        assert_eq!(error.kind, ErrorKind::BadData);
        assert!(error.message.contains(kind), "{}", error.message);
    }
}

#[test]
fn locations_are_unambiguous() {
    let at = At::of("KEY");
    let location = |settings| hop("vault", settings).location(at);
    assert_eq!(
        location(json!({"path": "/allstak/checkout/", "field": "api_key"})),
        "vault:/allstak/checkout#api_key"
    );
    assert_eq!(
        location(json!({"store": "prod", "path": "a", "field": "k", "mount": "kv", "version": 3})),
        "vault:prod/a?mount=kv&version=3#k"
    );
    assert_eq!(
        location(json!({"path": "a", "field": "k", "namespace": "team/b"})),
        "vault:/a?namespace=team/b#k"
    );
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for settings in [
        json!({"path": "a/../b", "field": "k"}),
        json!({"path": "", "field": "k"}),
        json!({"path": "a", "field": ""}),
        json!({"path": "a", "field": "k", "version": 0}),
        json!({"path": "a", "field": "k", "mount": "/"}),
    ] {
        assert!(
            try_hop("vault", settings.clone()).unwrap().check().is_err(),
            "{settings}"
        );
    }
    assert!(try_hop("vault", json!({"path": "a"})).is_err());
}
