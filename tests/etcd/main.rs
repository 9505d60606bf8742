//! A real etcd: what it holds, who may read it, and what it still knows of earlier keys.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "all of this is a test, also what stands outside of its functions"
)]

mod certificates;
mod common_name;
mod server;

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;

use serde_json::{Value, json};
use straggler::platform::{Answer, Answers, Asking, Connections, Request, Stop};
use straggler::reading::{Found, ReadError, Version};
use straggler::source::At;

use server::Server;

const CURRENT: &str = "ask_live_Zx81QmTn04LrVbWc6YhKsUe2DpJgAoFi";
const OLD: &str = "ask_live_n3WqLt57RkXe0HvBsYzCmJ2uAdGfPo9I";
const OLDER: &str = "ask_live_Zp3LmX8vQe5TnC1yWk7HdRs2JbGf6Ua9";

const KEY: &str = "allstak/checkout/api_key";

#[test]
#[ignore = "needs etcd"]
fn what_is_put_is_read_to_the_byte() {
    let server = Server::start();
    server.put(KEY, CURRENT);
    server.put("damaged", &format!("{CURRENT}\n"));
    server.put("json", &format!(r#"{{"api_key": "{OLD}"}}"#));
    server.put("empty", "");
    server.put("gone", CURRENT);
    server.etcdctl(&["del", "gone"]);
    let json = "{ etcd: { store: eu, key: json }, extract: { json: /api_key } }";
    for (hop, verdict) in [
        (hop(KEY), "current"),
        (hop("damaged"), "malformed"),
        (json.to_owned(), "stale"),
        (hop("empty"), "missing"),
        (hop("gone"), "missing"),
        (hop("never-there"), "missing"),
    ] {
        let found = audit(&server, "", &hop, &[]);
        assert_eq!(found["verdict"], verdict, "{hop}: {found}");
    }
    // Where nothing is declared, etcdctl's own variables say where it is.
    let endpoints = format!("{},127.0.0.1:1", server.endpoint());
    let hop = format!("{{ etcd: {{ key: {KEY} }} }}");
    let found = audit(&server, "", &hop, &[("ETCDCTL_ENDPOINTS", &endpoints)]);
    assert_eq!(found["verdict"], "current", "{found}");
}

#[test]
#[ignore = "needs etcd"]
fn a_role_may_read_what_it_is_granted_and_a_denial_names_what_is_missing() {
    let server = Server::start();
    server.put(KEY, CURRENT);
    server.put("elsewhere", CURRENT);
    server.enable_auth();

    let user = "user: reader, password: { env: PASSWORD }, ";
    let right = [("PASSWORD", "for-reading")];
    let found = audit(&server, user, &hop(KEY), &right);
    assert_eq!(found["verdict"], "current", "{found}");
    // A key under the prefix that is not there is told from one that may not be read.
    let found = audit(&server, user, &hop("allstak/nothing"), &right);
    assert_eq!(found["verdict"], "missing", "{found}");
    let found = audit(&server, user, &hop("elsewhere"), &right);
    denied(&found, "etcdctl role grant-permission ROLE read elsewhere");

    let found = audit(&server, user, &hop(KEY), &[("PASSWORD", "wrong")]);
    denied(&found, "correct the name or the password of reader");
    let found = audit(&server, "", &hop(KEY), &[]);
    denied(&found, "set ETCDCTL_USER and ETCDCTL_PASSWORD");

    for variables in [
        &[("ETCDCTL_USER", "reader:for-reading")][..],
        &[
            ("ETCDCTL_USER", "reader"),
            ("ETCDCTL_PASSWORD", "for-reading"),
        ],
    ] {
        let found = audit(&server, "", &hop(KEY), variables);
        assert_eq!(found["verdict"], "current", "{found}");
    }
}

#[test]
#[ignore = "needs etcd"]
fn a_user_is_no_hindrance_where_authentication_is_off() {
    let server = Server::start();
    server.put(KEY, CURRENT);
    let user = "user: reader, password: { env: PASSWORD }, ";
    let found = audit(&server, user, &hop(KEY), &[("PASSWORD", "for-reading")]);
    assert_eq!(found["verdict"], "current", "{found}");
}

#[tokio::test]
#[ignore = "needs etcd"]
async fn rotations_are_found_in_the_history_until_it_is_compacted() {
    let server = Server::start();
    server.put(KEY, OLDER);
    server.put("other", "x");
    server.put(KEY, OLD);
    server.put("other", "y");
    server.put(KEY, CURRENT);
    server.enable_auth();
    let store = json!({"etcd": {
        "address": server.url(),
        "user": "reader",
        "password": {"command": ["printf", "for-reading"]},
    }});
    assert_eq!(history(&store, 10).await, [OLDER, OLD, CURRENT]);
    assert_eq!(history(&store, 2).await.len(), 2);

    // The revision that wrote the second one; what came before is forgotten.
    server.as_root(&["compact", "4"]);
    assert_eq!(history(&store, 10).await, [OLD, CURRENT]);
    server.as_root(&["del", KEY]);
    assert!(history(&store, 10).await.is_empty());
}

fn hop(key: &str) -> String {
    format!("{{ etcd: {{ store: eu, key: {key} }} }}")
}

#[track_caller]
fn denied(hop: &Value, next: &str) {
    assert_eq!(hop["verdict"], "unreachable", "{hop}");
    assert!(hop.to_string().contains("denied"), "{hop}");
    assert!(hop.to_string().contains(next), "no {next:?} in {hop}");
}

/// What the program says of one hop. `user` stands in the store's settings.
#[track_caller]
fn audit(server: &Server, user: &str, hop: &str, variables: &[(&str, &str)]) -> Value {
    let scene = tempfile::tempdir().unwrap();
    let targets = format!(
        "\
version: 1
projects:
  checkout:
    variable: ALLSTAK_API_KEY
    current: {{ file: {{ path: checkout.key }} }}
    previous: [ {{ file: {{ path: old.key }} }} ]
stores:
  eu: {{ etcd: {{ {user}address: '{}' }} }}
deployments:
  - {{ name: till, project: checkout, route: [ {hop} ] }}
",
        server.url()
    );
    fs::write(scene.path().join("targets.yaml"), targets).unwrap();
    fs::write(scene.path().join("checkout.key"), CURRENT).unwrap();
    fs::write(scene.path().join("old.key"), OLD).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_straggler"))
        .args(["audit", "-vvv", "--format", "json"])
        .current_dir(&scene)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    for text in [&report, &errors] {
        for secret in [CURRENT, OLD, "for-reading"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    let mut report: Value = serde_json::from_str(&report).unwrap_or_else(|_| panic!("{errors}"));
    report["deployments"][0]["hops"][0].take()
}

/// The latest versions of the key, and which of them is the first.
async fn history(store: &Value, most: usize) -> Vec<String> {
    let store = straggler::platform::parse_store("etcd", &store["etcd"])
        .unwrap()
        .unwrap();
    let connections = straggler::platform::connections([(&Arc::from("eu"), &*store)]);
    let hop = json!({"store": "eu", "key": KEY});
    let hop = straggler::source::parse("etcd", &hop).unwrap().unwrap();
    let mut known = Known::default();
    loop {
        let asking = Asking::new(&known, Some("eu".into()));
        let at = At::of("KEY");
        match hop.history(at, most, &asking) {
            Ok(versions) => return versions.unwrap().iter().map(told).collect(),
            Err(Stop::Failed(error)) => panic!("{error}"),
            Err(Stop::Pending) => {}
        }
        let asked = asking.into_asked();
        let new = asked
            .into_iter()
            .find(|ask| !known.0.contains_key(ask))
            .unwrap();
        known.ask(new, &connections).await;
    }
}

fn told(version: &Version) -> String {
    let Found::Value(key) = &version.found else {
        panic!("every version of etcd has a value")
    };
    assert!(version.created_at.is_none(), "etcd keeps no times");
    String::from_utf8(key.expose().to_vec()).unwrap()
}

/// The answers so far.
#[derive(Default)]
struct Known(HashMap<Request, Result<Answer, ReadError>>);

impl Known {
    async fn ask(&mut self, request: Request, connections: &Connections) {
        let mut answers = Request::send(std::slice::from_ref(&request), connections).await;
        self.0.insert(request, answers.pop().unwrap());
    }
}

impl Answers for Known {
    fn get<'a>(&'a self, request: &Request) -> Option<Result<&'a Answer, &'a ReadError>> {
        self.0.get(request).map(Result::as_ref)
    }
}
