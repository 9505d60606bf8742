//! Certificates whose common name etcd takes for the user.

use std::fs;

use reqwest::{Certificate, Client, Identity};
use serde_json::json;

use crate::server::Server;
use crate::{CURRENT, KEY, OLD, OLDER, audit, denied, history, hop};

/// The settings of a store that shows this one's certificate.
fn shows(server: &Server, name: &str) -> String {
    format!(
        "tls: {{ ca: {}, certificate: {}, key: {} }}, ",
        server.file("ca.pem").display(),
        server.file(&format!("{name}.pem")).display(),
        server.file(&format!("{name}.key")).display()
    )
}

#[test]
#[ignore = "needs etcd"]
fn a_certificate_is_enough_where_its_common_name_is_a_user() {
    let server = Server::secure();
    server.put(KEY, CURRENT);
    server.put("empty", "");
    server.put("elsewhere", CURRENT);
    for (key, verdict) in [(KEY, "current"), ("empty", "missing"), ("none", "missing")] {
        let found = audit(&server, &shows(&server, "stranger"), &hop(key), &[]);
        assert_eq!(found["verdict"], verdict, "{key}: {found}");
    }
    server.enable_auth();

    let reader = shows(&server, "reader");
    let found = audit(&server, &reader, &hop(KEY), &[]);
    assert_eq!(found["verdict"], "current", "{found}");
    let found = audit(&server, &reader, &hop("allstak/nothing"), &[]);
    assert_eq!(found["verdict"], "missing", "{found}");
    let found = audit(&server, &reader, &hop("elsewhere"), &[]);
    denied(&found, "etcdctl role grant-permission ROLE read elsewhere");
    for name in ["stranger", "nameless"] {
        let found = audit(&server, &shows(&server, name), &hop(KEY), &[]);
        denied(&found, "the common name of the client certificate");
    }

    // As etcdctl takes them.
    let path = |name: &str| server.file(name).display().to_string();
    let files = ["ca.pem", "reader.pem", "reader.key"].map(path);
    let variables = [
        ("ETCDCTL_CACERT", &*files[0]),
        ("ETCDCTL_CERT", &*files[1]),
        ("ETCDCTL_KEY", &*files[2]),
    ];
    let found = audit(&server, "", &hop(KEY), &variables);
    assert_eq!(found["verdict"], "current", "{found}");
}

#[test]
#[ignore = "needs etcd"]
fn a_password_decides_whatever_the_certificate_is_called() {
    let server = Server::secure();
    server.put(KEY, CURRENT);
    let right = [("PASSWORD", "for-reading")];
    let user = |name: &str| {
        let user = "user: reader, password: { env: PASSWORD }, ";
        shows(&server, name) + user
    };
    let found = audit(&server, &user("stranger"), &hop(KEY), &right);
    assert_eq!(
        found["verdict"], "current",
        "without authentication: {found}"
    );
    server.enable_auth();
    for name in ["stranger", "nameless", "reader"] {
        let found = audit(&server, &user(name), &hop(KEY), &right);
        assert_eq!(found["verdict"], "current", "{name}: {found}");
        let found = audit(&server, &user(name), &hop(KEY), &[("PASSWORD", "wrong")]);
        denied(&found, "correct the name or the password of reader");
    }
}

#[test]
#[ignore = "needs etcd"]
fn a_member_that_wants_a_certificate_says_so() {
    let server = Server::secure();
    server.put(KEY, CURRENT);
    let tls = format!("tls: {{ ca: {} }}, ", server.file("ca.pem").display());
    let found = audit(&server, &tls, &hop(KEY), &[]);
    assert_eq!(found["verdict"], "unreachable", "{found}");
    let told = found.to_string();
    assert!(told.contains("wants a client certificate"), "{told}");
}

/// Why gRPC is spoken at all.
#[tokio::test]
#[ignore = "needs etcd"]
async fn the_gateway_refuses_every_certificate_with_a_common_name() {
    let server = Server::secure();
    server.put(KEY, CURRENT);
    server.enable_auth();
    straggler::platform::http::install_crypto();
    let read = |name: &str| fs::read(server.file(name)).unwrap();
    let ca = Certificate::from_pem(&read("ca.pem")).unwrap();
    let own = Identity::from_pem(&[read("reader.pem"), read("reader.key")].concat()).unwrap();
    let client = Client::builder().tls_certs_only([ca]).identity(own);
    let asked = client
        .build()
        .unwrap()
        .post(format!("{}/v3/kv/range", server.url()))
        .body(r#"{"key": "YQ=="}"#);
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 400);
    let said = answer.text().await.unwrap();
    assert!(said.contains("CommonName"), "{said}");
}

#[tokio::test]
#[ignore = "needs etcd"]
async fn rotations_are_found_with_a_certificate_as_well() {
    let server = Server::secure();
    for value in [OLDER, OLD, CURRENT] {
        server.put(KEY, value);
    }
    server.enable_auth();
    let file = |name: &str| server.file(name).display().to_string();
    let store = json!({"etcd": {
        "address": server.url(),
        "tls": {"ca": file("ca.pem"), "certificate": file("reader.pem"), "key": file("reader.key")},
    }});
    assert_eq!(history(&store, 10).await, [OLDER, OLD, CURRENT]);
    server.as_root(&["compact", "3"]);
    assert_eq!(history(&store, 10).await, [OLD, CURRENT]);
}
