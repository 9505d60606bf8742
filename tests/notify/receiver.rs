//! Servers, well and not.

use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, Stream};
use serde_json::Value;
use straggler::task::notify::Sender;

use crate::scene::{LIMITS, PATH, SECRET, Scene, harmless};
use crate::server::{Server, Then, status};

async fn webhook(server: &Server) -> Scene {
    let url = server.url("/hook?token=CANARYCANARY");
    let notify =
        format!("notify: [{{ webhook: {{ url: '{url}', secret: {{ file: hook.secret }} }} }}]");
    Scene::new(&notify, "").await
}

async fn slack(url: &str) -> Scene {
    Scene::new("notify: [{ slack: { url: { file: slack.url } } }]", url).await
}

/// An HMAC by another program.
fn hmac(secret: &str, text: &str) -> String {
    let script = "import sys, hmac\nprint(hmac.new(sys.argv[1].encode(), sys.argv[2].encode(), 'sha256').hexdigest())";
    let output = Command::new("python3")
        .args(["-c", script, secret, text])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_webhook_gets_one_signed_message_without_a_key() {
    let server = Server::new(|_| status("204 No Content"));
    webhook(&server).await.succeeds().await;
    let [sent] = &server.sent()[..] else {
        panic!("{}", server.sent().len())
    };
    assert!(
        sent.head
            .starts_with("post /hook?token=canarycanary http/1.1\n")
    );
    assert_eq!(sent.header("content-type"), "application/json");
    let time = sent.header("straggler-timestamp");
    let signed = hmac(SECRET, &format!("{time}.{}", sent.body));
    assert_eq!(sent.header("straggler-signature"), format!("v1={signed}"));
    harmless(&sent.body);
    let body: Value = serde_json::from_str(&sent.body).unwrap();
    assert_eq!(body["id"], sent.header("straggler-delivery"));
    assert_eq!(body["changes"][0]["now"], "stale");
    assert_eq!(body["changes"][1]["now"], "malformed");
    assert_eq!(body["summary"]["exit_code"], 1);
}

#[tokio::test]
async fn the_manual_s_way_to_verify_a_message_works() {
    let server = Server::new(|_| status("200 OK"));
    webhook(&server).await.succeeds().await;
    let sent = &server.sent()[0];
    let page = include_str!("../../docs/notifications.md");
    let (_, rest) = page.split_once("```python\n").unwrap();
    let (recipe, _) = rest.split_once("```").unwrap();
    let verified = |secret: &str, body: &str| {
        let script = format!(
            "{recipe}
import sys
secret, stamp, signature, body = [text.encode() for text in sys.argv[1:]]
headers = {{'Straggler-Timestamp': stamp.decode(), 'Straggler-Signature': signature.decode()}}
sys.exit(0 if genuine(secret, headers, body) else 1)"
        );
        let stamp = sent.header("straggler-timestamp");
        let signature = sent.header("straggler-signature");
        let status = Command::new("python3")
            .args(["-c", &script, secret, stamp, signature, body])
            .status()
            .unwrap();
        status.code()
    };
    assert_eq!(verified(SECRET, &sent.body), Some(0));
    assert_eq!(verified("another", &sent.body), Some(1));
    assert_eq!(
        verified(SECRET, &sent.body.replace("stale", "fine")),
        Some(1)
    );
}

#[tokio::test]
async fn slack_gets_a_text_without_headers_of_ours() {
    let server = Server::new(|_| Then::Answer("200 OK", "|ok".to_owned()));
    slack(&server.url(PATH)).await.succeeds().await;
    let [sent] = &server.sent()[..] else {
        panic!("{}", server.sent().len())
    };
    assert!(!sent.head.contains("\nstraggler-"), "{}", sent.head);
    harmless(&sent.body);
    let body: Value = serde_json::from_str(&sent.body).unwrap();
    let text = body["text"].as_str().unwrap();
    assert!(
        text.starts_with("```\ncheckout: 1 new stale, 1 new malformed; "),
        "{text}"
    );
}

#[tokio::test]
async fn trouble_that_passes_is_waited_for_and_the_message_counts_once() {
    for first in [
        "500 Internal Server Error",
        "503 Service Unavailable",
        "429 Too Many Requests",
    ] {
        let server = Server::new(move |index| match index {
            0 => status(first),
            _ => status("200 OK"),
        });
        webhook(&server).await.succeeds().await;
        assert_eq!((server.sent().len(), server.messages()), (2, 1), "{first}");
    }
    for first in [|| Then::Hang, || Then::Break] {
        let server = Server::new(move |index| match index {
            0 => first(),
            _ => status("200 OK"),
        });
        let scene = webhook(&server).await.within(Duration::from_secs(3));
        scene.succeeds().await;
        assert_eq!((server.sent().len(), server.messages()), (2, 1));
    }
}

#[tokio::test]
async fn trouble_that_stays_is_told_after_four_attempts() {
    let server =
        Server::new(|_| Then::Answer("500 Internal Server Error", "|no \u{7} room".to_owned()));
    let host = server.url("");
    assert_eq!(
        webhook(&server).await.refusal().await,
        format!(
            "the receiver \"webhook\" was not told: {host} answered 500 Internal Server Error: no \\u{{7}} \
             room, at the last of 4 attempts; look into the receiver's log, and run again when it is well"
        )
    );
    assert_eq!((server.sent().len(), server.messages()), (4, 1));

    let server = Server::new(|_| Then::Hang);
    let scene = slack(&server.url(PATH)).await;
    let why = scene.within(Duration::from_millis(400)).refusal().await;
    assert!(
        why.contains("no answer within 400ms, at the last of 4"),
        "{why}"
    );
    let server = Server::new(|_| Then::Break);
    let why = slack(&server.url(PATH)).await.refusal().await;
    assert!(why.contains("at the last of 4 attempts"), "{why}");
    assert_eq!(server.sent().len(), 4);

    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let why = slack(&format!("http://127.0.0.1:{port}{PATH}"))
        .await
        .refusal()
        .await;
    assert!(why.contains("no connection to http://127.0.0.1:"), "{why}");
    assert!(why.contains("at the last of 4 attempts"), "{why}");
}

#[tokio::test]
async fn a_refusal_is_no_trouble_and_echoes_nothing_secret() {
    for (refusal, word) in [
        ("400 Bad Request", "log"),
        ("403 Forbidden", "valid"),
        ("404 Not Found", "correct `url`"),
        ("410 Gone", "correct `url`"),
        ("408 Request Timeout", "log"),
    ] {
        let answer = format!("|no_service {PATH} at CANARYCANARY");
        let server = Server::new(move |_| Then::Answer(refusal, answer.clone()));
        let why = slack(&server.url(&format!("{PATH}?x=CANARYCANARY")))
            .await
            .refusal()
            .await;
        assert!(why.contains("no_service *"), "{why}");
        assert!(why.contains(word) && !why.contains("attempts"), "{why}");
        assert_eq!(server.sent().len(), 1, "{refusal}");
    }
}

#[tokio::test]
async fn a_server_that_asks_for_time_gets_it_within_reason() {
    let server = Server::new(|index| match index {
        0 => Then::Answer("429 Too Many Requests", "Retry-After: 1\r\n".to_owned()),
        _ => status("200 OK"),
    });
    webhook(&server).await.succeeds().await;
    let sent = server.sent();
    assert!(sent[1].at - sent[0].at >= Duration::from_secs(1));
    let server =
        Server::new(|_| Then::Answer("429 Too Many Requests", "Retry-After: 31\r\n".to_owned()));
    let why = webhook(&server).await.refusal().await;
    assert!(why.contains("answered 429"), "{why}");
    assert_eq!(server.sent().len(), 1);
}

#[tokio::test]
async fn nothing_is_sent_where_a_redirect_leads() {
    let other = Arc::new(Server::new(|_| status("200 OK")));
    let port = other.port;
    let there = format!("http://localhost:{port}/CANARYCANARY?x=1");
    let server = Server::new(move |_| {
        Then::Answer("307 Temporary Redirect", format!("Location: {there}\r\n"))
    });
    let why = slack(&server.url(PATH)).await.refusal().await;
    let told = format!("redirects to http://localhost:{port}, which is never followed; write");
    assert!(why.contains(&told), "{why}");
    assert_eq!((server.sent().len(), other.sent().len()), (1, 0));
    // Not even within the same host.
    let server = Server::new(|_| Then::Answer("302 Found", "Location: /x\r\n".to_owned()));
    let why = slack(&server.url(PATH)).await.refusal().await;
    assert!(why.contains("never followed"), "{why}");
    assert_eq!(server.sent().len(), 1);
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused_at_once() {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = certificate.self_signed(&key).unwrap();
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut got = Vec::new();
            let _ = std::io::Read::read_to_end(&mut Stream::new(&mut tls, &mut stream), &mut got);
            assert!(got.is_empty());
        }
    });
    let why = slack(&format!("https://localhost:{port}{PATH}"))
        .await
        .refusal()
        .await;
    assert!(
        why.contains("no secure connection to https://localhost:"),
        "{why}"
    );
    assert!(!why.contains("attempts"), "{why}");
}

#[tokio::test]
async fn a_url_that_is_not_there_or_none_is_told_by_its_reference() {
    for (held, told) in [
        ("", "is empty"),
        ("CANARY-no-url", "holds something else: expected a URL"),
        (
            "http://CANARY.example.com/x",
            "starts with https://, or one of this very host",
        ),
        (
            "https://u:CANARY@example.com/x",
            "without a user or password",
        ),
    ] {
        let why = slack(held).await.refusal().await;
        assert!(why.contains("slack.url") && why.contains(told), "{why}");
    }
}

#[tokio::test]
async fn one_that_fails_stops_no_other() {
    let (good, bad) = (
        Server::new(|_| status("200 OK")),
        Server::new(|_| Then::Hang),
    );
    let notify = format!(
        "notify:
- {{ name: bad, webhook: {{ url: '{}' }} }}
- {{ name: good, webhook: {{ url: '{}' }} }}
- {{ name: gone, slack: {{ url: {{ file: nowhere }} }} }}
- {{ name: program, command: {{ argv: ['true'] }} }}",
        bad.url("/"),
        good.url("/")
    );
    let scene = Scene::new(&notify, "").await;
    let told = scene.within(Duration::from_secs(3)).told().await;
    let told: Vec<_> = told
        .iter()
        .map(|(name, why)| (&**name, why.is_none()))
        .collect();
    assert_eq!(
        told,
        [
            ("bad", false),
            ("good", true),
            ("gone", false),
            ("program", true)
        ]
    );
    assert_eq!(good.messages(), 1);
}

#[tokio::test]
async fn a_heartbeat_is_a_get_that_is_tried_as_hard() {
    let server = Server::new(|index| match index {
        0 => status("502 Bad Gateway"),
        _ => status("200 OK"),
    });
    let beat = format!("heartbeat: {{ url: '{}' }}", server.url("/ping"));
    let scene = Scene::new(&beat, "").await;
    Sender::new(LIMITS).heartbeat(&scene.audit).await.unwrap();
    assert_eq!(server.sent().len(), 2);
    assert!(server.sent()[1].head.starts_with("get /ping "));
    let scene = Scene::new("", "").await;
    Sender::new(LIMITS).heartbeat(&scene.audit).await.unwrap();
    let scene = Scene::new("heartbeat: { url: { file: slack.url } }", "no url CANARY").await;
    let why = Sender::new(LIMITS)
        .heartbeat(&scene.audit)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        why.starts_with("the heartbeat was not sent: the file "),
        "{why}"
    );
    harmless(&why);
}
