use data_encoding::BASE64;
use serde_json::{Value, json};

use super::super::conformance::{Case, Conforming, KEY, Stand};
use super::super::testing::{Known, VARIABLE, declared, hop, read_all, told};
use super::*;
use crate::platform::http::testing::{Server, redirect_elsewhere, response, silent};
use crate::platform::kubernetes::testing::{answer, forbidden, not_found, status, store};
use crate::reading::{ErrorKind, ReadError, Retry};

/// A Secret with this under the variable's name.
fn secret(value: &[u8]) -> Value {
    json!({
        "kind": "Secret", "apiVersion": "v1", "type": "Opaque",
        "metadata": {
            "name": "allstak", "namespace": "checkout", "creationTimestamp": "2026-11-01T00:00:00Z",
            "managedFields": [{
                "manager": "helm", "operation": "Update", "apiVersion": "v1", "time": "2026-11-20T09:00:00Z",
                "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {".": {}, "f:ALLSTAK_API_KEY": {}}, "f:type": {}},
            }],
        },
        "data": {VARIABLE: BASE64.encode(value)},
    })
}

fn settings() -> Value {
    json!({"namespace": "checkout", "name": "allstak"})
}

impl Conforming for KubernetesSecret {
    fn stand(case: Case) -> Option<Stand> {
        let server = match case {
            Case::Present => Server::start(|_| answer("200 OK", &secret(KEY))),
            Case::Absent => Server::start(|_| not_found("secrets", "allstak")),
            Case::Denied => Server::start(|_| forbidden("secrets", "allstak")),
            Case::NotFound => Server::answering("404 Not Found", b"404 page not found\n"),
            Case::Throttled => Server::start(|_| {
                status(
                    429,
                    "TooManyRequests",
                    "please try again later",
                    json!({"retryAfterSeconds": 1}),
                )
            }),
            Case::Broken => Server::start(|_| {
                status(
                    500,
                    "InternalError",
                    "etcdserver: request timed out",
                    json!({}),
                )
            }),
            Case::TooLarge => Server::start(|_| response("200 OK", "", &vec![b' '; 5 << 20])),
            Case::Silent => silent(),
            Case::Elsewhere => redirect_elsewhere(),
        };
        let (kubeconfig, store) = store(&server);
        Some(Stand::at(store, settings(), (server, kubeconfig)))
    }
}

/// What the hop reads from a server that answers so.
async fn read(
    settings: Value,
    answer: impl Fn(&str) -> Vec<u8> + Send + 'static,
) -> (Result<Reading, ReadError>, Vec<String>) {
    let server = Server::start(answer);
    let (_kubeconfig, store) = store(&server);
    let mut settings = settings;
    settings["store"] = "stand".into();
    let hop = hop("kubernetes_secret", settings);
    let readings = read_all(&*hop, VARIABLE, Known::default(), &declared(&store)).await;
    let paths = server.requests();
    let paths = paths
        .iter()
        .map(|head| head.split(' ').nth(1).unwrap().to_owned());
    (
        readings.map(|mut readings| readings.remove(0)),
        paths.collect(),
    )
}

#[tokio::test]
async fn one_get_gives_the_bytes_and_when_they_were_stored() {
    let (reading, paths) = read(settings(), |head| {
        assert!(head.contains("\naccept: application/json"), "{head}");
        assert!(!head.contains("authorization"), "{head}");
        answer("200 OK", &secret(b"ask_live_x\n"))
    })
    .await;
    let reading = reading.unwrap();
    assert_eq!(told(&reading.found), "ask_live_x\n");
    assert_eq!(
        reading.stored_at,
        Some("2026-11-20T09:00:00Z".parse().unwrap())
    );
    assert_eq!(reading.note, None);
    assert_eq!(paths, ["/api/v1/namespaces/checkout/secrets/allstak"]);
}

#[tokio::test]
async fn a_secret_without_the_key_and_no_secret_are_missing_and_told_apart() {
    let other = json!({"namespace": "checkout", "name": "allstak", "key": "other"});
    let (reading, _) = read(other, |_| answer("200 OK", &secret(b"x"))).await;
    let reading = reading.unwrap();
    assert_eq!(told(&reading.found), "absent");
    assert_eq!(
        reading.note.as_deref(),
        Some("the Secret is there, without this key")
    );
    let (reading, _) = read(settings(), |_| not_found("secrets", "allstak")).await;
    let reading = reading.unwrap();
    assert_eq!(told(&reading.found), "absent");
    assert_eq!(reading.note.as_deref(), Some("there is no such Secret"));
}

#[tokio::test]
async fn a_secret_without_any_data_has_no_key() {
    let mut empty = secret(b"");
    empty.as_object_mut().unwrap().remove("data");
    let (reading, _) = read(settings(), move |_| answer("200 OK", &empty)).await;
    assert_eq!(told(&reading.unwrap().found), "absent");
}

#[tokio::test]
async fn only_a_404_about_this_very_secret_says_that_it_is_not_there() {
    let answers: [Vec<u8>; 5] = [
        not_found("secrets", "another"),
        not_found("namespaces", "allstak"),
        status(
            404,
            "NotFound",
            "the server could not find the requested resource",
            json!({}),
        ),
        response("404 Not Found", "", b"404 page not found\n"),
        response(
            "404 Not Found",
            "",
            br#"{"reason":"NotFound","details":{"name":"allstak","kind":"secrets"}}"#,
        ),
    ];
    for answer in answers {
        let shown = String::from_utf8_lossy(&answer).into_owned();
        let (reading, _) = read(settings(), move |_| answer.clone()).await;
        let error = reading.err().unwrap_or_else(|| panic!("{shown}"));
        assert_eq!(error.kind, ErrorKind::NotFound, "{shown}");
    }
}

#[tokio::test]
async fn a_refusal_names_the_rule_that_is_enough() {
    let (reading, _) = read(settings(), |_| forbidden("secrets", "allstak")).await;
    let error = reading.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(
        error
            .message
            .contains("User \"system:serviceaccount:straggler:straggler\""),
        "{error}"
    );
    assert_eq!(
        error.next,
        "give straggler's account a Role in the namespace checkout with { apiGroups: [''], resources: [secrets], \
         verbs: [get], resourceNames: [allstak] }"
    );
    // No Role helps who is not known.
    let anonymous = "secrets \"allstak\" is forbidden: User \"system:anonymous\" cannot get resource \"secrets\" in API \
                     group \"\" in the namespace \"checkout\"";
    for (code, reason, message, next) in [
        (401, "Unauthorized", "Unauthorized", "log in again"),
        (
            403,
            "Forbidden",
            anonymous,
            "give the user in the kubeconfig a credential",
        ),
    ] {
        let (reading, _) = read(settings(), move |_| {
            status(
                code,
                reason,
                message,
                json!({"name": "allstak", "kind": "secrets"}),
            )
        })
        .await;
        let error = reading.err().unwrap();
        assert_eq!(error.kind, ErrorKind::Denied);
        assert!(error.next.starts_with(next), "{}", error.next);
        assert!(
            error.next.contains("`kubectl auth whoami --kubeconfig /"),
            "{}",
            error.next
        );
        assert!(!error.next.contains("Role"), "{}", error.next);
    }
}

#[tokio::test]
async fn whether_another_try_may_help_is_said() {
    let throttled = |_: &str| {
        let body = json!({"kind": "Status", "status": "Failure", "reason": "TooManyRequests", "code": 429});
        response(
            "429 Too Many Requests",
            "Retry-After: 7\r\n",
            body.to_string().as_bytes(),
        )
    };
    let (reading, _) = read(settings(), throttled).await;
    let error = reading.err().unwrap();
    assert_eq!(error.retry, Retry::After(std::time::Duration::from_secs(7)));
    for (code, retry) in [
        (500, Retry::Later),
        (503, Retry::Later),
        (403, Retry::Never),
        (400, Retry::Never),
    ] {
        let (reading, paths) = read(settings(), move |_| {
            status(code, "Reason", "message", json!({}))
        })
        .await;
        assert_eq!(reading.err().unwrap().retry, retry, "{code}");
        assert_eq!(paths.len(), 1, "nobody below the fetcher retries");
    }
}

#[tokio::test]
async fn what_is_no_secret_is_bad_data_and_not_repeated() {
    for body in [
        "{}",
        "[]",
        "<html>ask_live_x</html>",
        r#"{"metadata":{},"data":{"ALLSTAK_API_KEY":"ask_live_x!"}}"#,
        r#"{"metadata":{},"data":{"ALLSTAK_API_KEY":["ask_live_x"]}}"#,
    ] {
        let (reading, _) = read(settings(), move |_| response("200 OK", "", body.as_bytes())).await;
        let error = reading.err().unwrap_or_else(|| panic!("{body}"));
        assert_eq!(error.kind, ErrorKind::BadData, "{body}");
        assert!(
            !format!("{error} {}", error.next).contains("ask_live"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn notes_tell_of_an_immutable_secret_and_its_type() {
    let mut object = secret(b"key");
    object["immutable"] = true.into();
    object["type"] = "example.com/key".into();
    let (reading, _) = read(settings(), move |_| answer("200 OK", &object)).await;
    assert_eq!(
        reading.unwrap().note.as_deref(),
        Some(
            "the Secret's type is example.com/key; the Secret is immutable: make a new one to change it"
        )
    );
}

/// A Secret that an ExternalSecret owns.
fn owned() -> Value {
    let mut object = secret(b"key");
    object["metadata"]["ownerReferences"] = json!([
        {"apiVersion": "external-secrets.io/v1beta1", "kind": "ExternalSecret", "name": "allstak-eso", "uid": "1",
         "controller": true, "blockOwnerDeletion": true}
    ]);
    object
}

#[tokio::test]
async fn the_external_secret_that_feeds_it_is_told_of() {
    const PLACE: &str = "/namespaces/checkout/externalsecrets/allstak-eso ";
    let synced = json!({
        "status": {"refreshTime": "2026-11-20T10:00:00Z", "conditions": [
            {"type": "Deleted", "status": "False"},
            {"type": "Ready", "status": "False", "reason": "SecretSyncedError", "message": "could not get \u{1b}[31msecret"},
        ]},
    });
    let fed = "the ExternalSecret allstak-eso feeds it";
    let unserved = || response("404 Not Found", "", b"404 page not found\n");
    let denied = || {
        status(
            403,
            "Forbidden",
            "no",
            json!({"name": "allstak-eso", "kind": "externalsecrets"}),
        )
    };
    type Answers = Box<dyn Fn(&str) -> Vec<u8> + Send>;
    let cases: [(Answers, String, usize); 5] = [
        (
            Box::new(move |head| {
                assert!(head.contains("/external-secrets.io/v1/"), "{head}");
                answer("200 OK", &synced)
            }),
            format!(
                "{fed}: last refreshed 2026-11-20T10:00:00Z, not ready, SecretSyncedError, could not get \\u{{1b}}[31msecret"
            ),
            2,
        ),
        (
            Box::new(
                move |head| match head.contains("/external-secrets.io/v1beta1/") {
                    true => answer(
                        "200 OK",
                        &json!({"status": {"conditions": [{"type": "Ready", "status": "True", "reason": "SecretSynced"}]}}),
                    ),
                    false => unserved(),
                },
            ),
            format!("{fed}: never refreshed, ready, SecretSynced"),
            3,
        ),
        (
            Box::new(move |_| unserved()),
            format!("{fed}, of a version of its API that is not known here"),
            3,
        ),
        (
            Box::new(|_| not_found("externalsecrets", "allstak-eso")),
            format!("{fed} no longer: it is gone"),
            2,
        ),
        (
            Box::new(move |_| denied()),
            format!("{fed}, which could not be read: "),
            2,
        ),
    ];
    for (external, expected, requests) in cases {
        let (reading, paths) = read(settings(), move |head| match head.contains(PLACE) {
            true => external(head),
            false => answer("200 OK", &owned()),
        })
        .await;
        let reading = reading.unwrap();
        assert_eq!(told(&reading.found), "key");
        let note = reading.note.unwrap();
        assert!(note.starts_with(&expected), "{note}");
        assert_eq!(paths.len(), requests, "{paths:?}");
    }
}

#[tokio::test]
async fn one_that_only_merges_into_it_is_told_of_without_asking() {
    let mut object = secret(b"key");
    object["metadata"]["labels"] = json!({"reconcile.external-secrets.io/managed": "true"});
    let (reading, paths) = read(settings(), move |_| answer("200 OK", &object)).await;
    assert_eq!(
        reading.unwrap().note.as_deref(),
        Some("an ExternalSecret feeds it")
    );
    assert_eq!(paths.len(), 1);
}

#[test]
fn what_is_shown_and_what_is_refused() {
    let hop = hop(
        "kubernetes_secret",
        json!({"store": "prod-eu", "namespace": "checkout", "name": "allstak", "key": "api_key"}),
    );
    let at = At::of(VARIABLE);
    assert_eq!(
        hop.location(at),
        "kubernetes:prod-eu/checkout/secrets/allstak#api_key"
    );
    assert_eq!(
        hop.remedy(at, &crate::source::Case::default()),
        "write the current key with `kubectl create secret generic allstak --from-file=api_key=FILE --dry-run=client -o json | \
         kubectl patch secret allstak --type=merge --patch-file=/dev/stdin -n checkout`, or with `kubectl create secret generic \
         allstak --from-file=api_key=FILE -n checkout` where there is no such Secret, then restart what reads it"
    );
    for wrong in [
        json!({"namespace": "a/b", "name": "x"}),
        json!({"namespace": "a", "name": ".."}),
        json!({"namespace": "a", "name": "x", "key": "a/b"}),
    ] {
        let hop: KubernetesSecret = serde_json::from_value(wrong.clone()).unwrap();
        assert!(Source::check(&hop).is_err(), "{wrong}");
    }
}
