use data_encoding::BASE64;
use serde_json::{Value, json};

use super::super::conformance::{Case, Conforming, KEY, Stand};
use super::super::testing::{Known, VARIABLE, declared, hop, read_all, told};
use super::*;
use crate::platform::http::testing::{Server, redirect_elsewhere, response, silent};
use crate::platform::kubernetes::testing::{answer, forbidden, not_found, status, store};

fn map(data: &Value, binary: &Value) -> Value {
    json!({
        "kind": "ConfigMap", "apiVersion": "v1",
        "metadata": {"name": "web", "namespace": "checkout", "creationTimestamp": "2026-11-01T00:00:00Z"},
        "data": data, "binaryData": binary,
    })
}

fn settings() -> Value {
    json!({"namespace": "checkout", "name": "web"})
}

impl Conforming for KubernetesConfigmap {
    fn stand(case: Case) -> Option<Stand> {
        let server = match case {
            Case::Present => {
                let map = map(&json!(null), &json!({VARIABLE: BASE64.encode(KEY)}));
                Server::start(move |_| answer("200 OK", &map))
            }
            Case::Absent => Server::start(|_| not_found("configmaps", "web")),
            Case::Denied => Server::start(|_| forbidden("configmaps", "web")),
            Case::NotFound => Server::answering("404 Not Found", b"404 page not found\n"),
            Case::Throttled => {
                Server::start(|_| status(429, "TooManyRequests", "later", json!({})))
            }
            Case::Broken => Server::start(|_| status(503, "ServiceUnavailable", "down", json!({}))),
            Case::TooLarge => Server::start(|_| response("200 OK", "", &vec![b' '; 5 << 20])),
            Case::Silent => silent(),
            Case::Elsewhere => redirect_elsewhere(),
        };
        let (kubeconfig, store) = store(&server);
        Some(Stand::at(store, settings(), (server, kubeconfig)))
    }
}

async fn read(map: Value) -> Reading {
    let server = Server::start(move |head| {
        assert!(
            head.starts_with("get /api/v1/namespaces/checkout/configmaps/web "),
            "{head}"
        );
        answer("200 OK", &map)
    });
    let (_kubeconfig, store) = store(&server);
    let mut settings = settings();
    settings["store"] = "stand".into();
    let hop = hop("kubernetes_configmap", settings);
    let readings = read_all(&*hop, VARIABLE, Known::default(), &declared(&store)).await;
    readings.unwrap().remove(0)
}

#[tokio::test]
async fn text_is_taken_as_it_is_and_bytes_are_decoded() {
    // Text that looks like base64 is no base64.
    let reading = read(map(&json!({VARIABLE: "a2V5"}), &json!(null))).await;
    assert_eq!(told(&reading.found), "a2V5");
    let reading = read(map(&json!({"other": "x"}), &json!({VARIABLE: "a2V5"}))).await;
    assert_eq!(told(&reading.found), "key");
    // Nobody tells who wrote it, so nobody knows when.
    assert_eq!(reading.stored_at, None);
}

#[tokio::test]
async fn a_map_without_the_key_is_told_from_an_immutable_one() {
    let reading = read(map(&json!({"other": "x"}), &json!(null))).await;
    assert_eq!(told(&reading.found), "absent");
    assert_eq!(
        reading.note.as_deref(),
        Some("the ConfigMap is there, without this key")
    );
    let mut immutable = map(&json!({VARIABLE: "key"}), &json!(null));
    immutable["immutable"] = true.into();
    assert!(read(immutable).await.note.unwrap().contains("immutable"));
}

#[test]
fn its_place_and_what_to_do_are_shown() {
    let hop = hop(
        "kubernetes_configmap",
        json!({"namespace": "checkout", "name": "web", "key": ".env"}),
    );
    let at = At::of(VARIABLE);
    assert_eq!(hop.location(at), "kubernetes:checkout/configmaps/web#.env");
    assert_eq!(
        hop.remedy(at, &crate::source::Case::default()),
        "write the current key with `kubectl create configmap web --from-file=.env=FILE --dry-run=client -o json | kubectl \
         patch configmap web --type=merge --patch-file=/dev/stdin -n checkout`, or with `kubectl create configmap web \
         --from-file=.env=FILE -n checkout` where there is no such ConfigMap, then restart what reads it"
    );
}
