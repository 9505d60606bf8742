use std::net::TcpListener;
use std::sync::Arc;

use serde_json::json;

use super::testing::{Server, response};
use super::*;
use crate::key::Secret;
use crate::platform::{Request, connections};
use crate::reading::{ErrorKind, ReadError};

/// The value of CARGO_PKG_NAME, which every test has in its environment.
const CREDENTIAL: &str = "straggler";

async fn get(url: &str, headers: serde_json::Value) -> Result<Vec<u8>, ReadError> {
    let headers: Headers = serde_json::from_value(headers).unwrap();
    check_headers(&headers).unwrap();
    let ask = Get {
        url: url.into(),
        headers: Arc::new(headers),
    };
    let mut answers = Request::send(&[Request::new(None, ask)], &connections([])).await;
    let answer = answers.pop().unwrap()?;
    Ok(answer.downcast_ref::<Secret>().unwrap().expose().to_vec())
}

async fn plain(url: &str) -> Result<Vec<u8>, ReadError> {
    get(url, json!({})).await
}

#[tokio::test]
async fn gives_the_body_to_the_byte_and_sends_the_credential() {
    let server = Server::answering("200 OK", b"key\xff\n");
    let headers = json!({
        "X-Token": {"env": "CARGO_PKG_NAME"},
        "Authorization": {"scheme": "Bearer", "command": ["echo", "t0ken"]},
    });
    assert_eq!(
        get(&server.url("/a?b=c"), headers).await.unwrap(),
        b"key\xff\n"
    );
    let [request] = &server.requests()[..] else {
        panic!("one request");
    };
    assert!(request.starts_with("get /a?b=c http/1.1"), "{request}");
    assert!(
        request.contains(&format!("x-token: {CREDENTIAL}")),
        "{request}"
    );
    assert!(request.contains("authorization: bearer t0ken"), "{request}");
    assert!(request.contains(&format!(
        "user-agent: straggler/{}",
        env!("CARGO_PKG_VERSION")
    )));
}

#[tokio::test]
async fn every_status_has_its_kind_and_a_next_step() {
    for (status, kind) in [
        ("401 Unauthorized", ErrorKind::Denied),
        ("403 Forbidden", ErrorKind::Denied),
        ("404 Not Found", ErrorKind::NotFound),
        ("408 Request Timeout", ErrorKind::Timeout),
        ("410 Gone", ErrorKind::NotFound),
        ("418 I'm a teapot", ErrorKind::Protocol),
        ("429 Too Many Requests", ErrorKind::Throttled),
        ("500 Internal Server Error", ErrorKind::Protocol),
        ("503 Service Unavailable", ErrorKind::Protocol),
        ("204 No Content", ErrorKind::Protocol),
        ("304 Not Modified", ErrorKind::Protocol),
    ] {
        let server = Server::answering(status, b"");
        let error = plain(&server.url("/key?token=s3cret")).await.unwrap_err();
        assert_eq!(error.kind, kind, "{status}");
        let (code, _) = status.split_once(' ').unwrap();
        assert!(
            error
                .message
                .contains(&format!("/key?token=… answered {code}")),
            "{error}"
        );
        assert!(!error.next.is_empty() && !error.message.contains("s3cret"));
    }
}

#[tokio::test]
async fn a_refusal_is_told_without_what_was_sent_and_without_control_characters() {
    let body = format!("no\x1b[31m such token: {CREDENTIAL} {}", "x".repeat(300));
    let server = Server::start(move |_| response("401 Unauthorized", "", body.as_bytes()));
    let error = get(
        &server.url("/"),
        json!({"X-Token": {"env": "CARGO_PKG_NAME"}}),
    )
    .await
    .unwrap_err();
    assert!(
        error
            .message
            .ends_with("Unauthorized: no\\u{1b}[31m such token: * …"),
        "{error}"
    );

    let page = response("502 Bad Gateway", "Content-Type: text/html\r\n", b"<html>");
    let server = Server::start(move |_| page.clone());
    assert!(
        plain(&server.url("/"))
            .await
            .unwrap_err()
            .message
            .ends_with("502 Bad Gateway")
    );
}

#[tokio::test]
async fn more_than_the_cap_is_refused_told_or_not() {
    let large = vec![b'x'; crate::platform::MAX_BYTES + 1];
    let server = Server::answering("200 OK", &large);
    assert_eq!(
        plain(&server.url("/")).await.unwrap_err().kind,
        ErrorKind::TooLarge
    );
    let untold = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &large].concat();
    let server = Server::start(move |_| untold.clone());
    assert_eq!(
        plain(&server.url("/")).await.unwrap_err().kind,
        ErrorKind::TooLarge
    );
}

#[tokio::test]
async fn what_is_small_only_while_compressed_is_refused() {
    let bomb = std::process::Command::new("sh")
        .args(["-c", "head -c 1100000 /dev/zero | gzip -9"])
        .output()
        .unwrap()
        .stdout;
    assert!(bomb.len() < 2000);
    let server = Server::start(move |_| response("200 OK", "Content-Encoding: gzip\r\n", &bomb));
    assert_eq!(
        plain(&server.url("/")).await.unwrap_err().kind,
        ErrorKind::TooLarge
    );
    assert!(server.requests()[0].contains("accept-encoding: gzip"));

    let server = Server::start(|_| response("200 OK", "Content-Encoding: gzip\r\n", b"no gzip"));
    assert_eq!(
        plain(&server.url("/")).await.unwrap_err().kind,
        ErrorKind::Protocol
    );
}

/// What `text` is with gzip.
fn gzipped(text: &str) -> Vec<u8> {
    let script = format!("printf %s {text} | gzip -9n");
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &script]).output().unwrap().stdout
}

#[tokio::test]
async fn what_is_not_decoded_is_not_taken_for_the_value() {
    let key = || b"key".to_vec();
    for (headers, body, told) in [
        ("Content-Encoding: br\r\n", key(), "nobody asked for (br),"),
        (
            "Content-Encoding: deflate\r\n",
            key(),
            "nobody asked for (deflate),",
        ),
        (
            "Content-Encoding: zstd\r\n",
            key(),
            "nobody asked for (zstd),",
        ),
        (
            "Content-Encoding: gzip, br\r\n",
            key(),
            "nobody asked for (gzip and br),",
        ),
        (
            "Content-Encoding: br\r\nContent-Encoding: gzip\r\n",
            key(),
            "nobody asked for (br and gzip),",
        ),
        (
            "Content-Encoding: rot13-s3cret\r\n",
            key(),
            "in an encoding that is not known,",
        ),
        (
            "Content-Encoding: \u{e9}\r\n",
            key(),
            "in an encoding that is not known,",
        ),
        ("", gzipped("key"), "compressed with gzip, though"),
        (
            "Content-Type: application/octet-stream\r\n",
            b"\x78\x9c\xcb\x4e\xad\x04\x00".to_vec(),
            "compressed with deflate, though",
        ),
        (
            "Content-Type: text/plain; charset=UTF-16LE\r\n",
            b"k\0e\0y\0".to_vec(),
            "in UTF-16,",
        ),
        (
            "Content-Type: text/plain; charset=\"utf-32\"\r\n",
            key(),
            "in UTF-32,",
        ),
    ] {
        let server = Server::start(move |_| response("200 OK", headers, &body));
        let error = plain(&server.url("/")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadData, "{headers}");
        assert!(error.message.contains(told), "{headers}: {error}");
        assert!(!error.message.contains("s3cret"), "{error}");
    }
    let twice = gzipped("key");
    let script = "cat | gzip -9n";
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", script])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped());
    let mut child = shell.spawn().unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), &twice).unwrap();
    let twice = child.wait_with_output().unwrap().stdout;
    let server = Server::start(move |_| {
        response(
            "200 OK",
            "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n",
            &twice,
        )
    });
    let error = plain(&server.url("/")).await.unwrap_err();
    assert!(
        error.message.contains("nobody asked for (gzip and gzip)"),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_decoded_or_was_never_encoded_is_the_value() {
    for (headers, body) in [
        ("Content-Encoding: gzip\r\n", gzipped("key")),
        ("Content-Encoding: GZIP\r\n", gzipped("key")),
        ("Content-Encoding: x-gzip\r\n", gzipped("key")),
        ("Content-Encoding: identity, X-Gzip\r\n", gzipped("key")),
        (
            "Content-Encoding: gzip\r\n",
            [gzipped("k"), gzipped("e"), gzipped("y")].concat(),
        ),
        ("Content-Encoding: identity\r\n", b"key".to_vec()),
        ("Content-Encoding: \r\n", b"key".to_vec()),
        (
            "Content-Type: text/plain; charset=utf-8\r\n",
            b"key".to_vec(),
        ),
    ] {
        let server = Server::start(move |_| response("200 OK", headers, &body));
        assert_eq!(plain(&server.url("/")).await.unwrap(), b"key", "{headers}");
    }
}

#[tokio::test]
async fn gzip_that_is_not_whole_is_no_answer() {
    let behind = |more: &[u8]| [gzipped("key"), more.to_vec()].concat();
    let mut wrong = gzipped("key");
    let crc = wrong.len() - 8;
    wrong[crc] ^= 1;
    for body in [
        behind(b"garbage"),
        behind(b"\x1f"),
        behind(b"\0\0\0\0"),
        behind(&gzipped("s")[..15]),
        gzipped("key")[..20].to_vec(),
        wrong,
    ] {
        let server =
            Server::start(move |_| response("200 OK", "Content-Encoding: gzip\r\n", &body));
        let error = plain(&server.url("/")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Protocol);
        assert!(error.message.contains("is not that to its end"), "{error}");
    }
    let server = Server::start(|_| response("200 OK", "Content-Encoding: gzip\r\n", b""));
    assert_eq!(plain(&server.url("/")).await.unwrap(), b"");
}

#[tokio::test]
async fn a_refusal_that_nobody_can_read_is_told_by_its_status_alone() {
    let server =
        Server::start(|_| response("403 Forbidden", "Content-Encoding: br\r\n", b"scrambled"));
    let error = plain(&server.url("/")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.message.ends_with("answered 403 Forbidden"), "{error}");
}

#[tokio::test]
async fn a_redirect_to_another_origin_is_refused_and_named_and_sees_nothing() {
    let thief = Server::answering("200 OK", b"key");
    let target = thief.url("/steal?k=1");
    let server =
        Server::start(move |_| response("302 Found", &format!("Location: {target}\r\n"), b""));
    let headers = json!({"X-Token": {"env": "CARGO_PKG_NAME"}});
    let error = get(&server.url("/"), headers).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Protocol);
    let expected = format!("redirects to {}, which was not asked", thief.url(""));
    assert!(error.message.contains(&expected), "{error}");
    assert!(thief.requests().is_empty());
}

#[tokio::test]
async fn a_redirect_within_the_origin_is_followed_with_the_credential_and_not_for_ever() {
    let server = Server::start(|request| {
        if request.starts_with("get /old") {
            response("301 Moved Permanently", "Location: /new\r\n", b"")
        } else if request.starts_with("get /circle") {
            response("302 Found", "Location: /circle\r\n", b"")
        } else {
            response("200 OK", "", b"key")
        }
    });
    let headers = json!({"X-Token": {"env": "CARGO_PKG_NAME"}});
    assert_eq!(get(&server.url("/old"), headers).await.unwrap(), b"key");
    assert!(server.requests()[1].contains(&format!("x-token: {CREDENTIAL}")));

    let error = plain(&server.url("/circle")).await.unwrap_err();
    assert!(
        error.message.ends_with("redirects more than 5 times"),
        "{error}"
    );
    assert_eq!(server.requests().len(), 2 + 6);
}

#[tokio::test]
async fn what_does_not_answer_is_told_apart() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let error = plain(&format!("http://{port}/")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Connect);
    assert!(error.message.contains("connection refused"), "{error}");

    let server = Server::start(|_| b"SSH-2.0-OpenSSH\r\n".to_vec());
    assert_eq!(
        plain(&server.url("/")).await.unwrap_err().kind,
        ErrorKind::Protocol
    );

    let server = Server::start(|_| b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nkey".to_vec());
    assert_eq!(
        plain(&server.url("/")).await.unwrap_err().kind,
        ErrorKind::Protocol
    );
}

#[tokio::test]
async fn a_server_that_cannot_prove_itself_is_a_tls_error() {
    let server = Server::start(|_| b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec());
    let url = server.url("/").replace("http:", "https:");
    let error = plain(&url).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Tls, "{error}");
}

#[tokio::test]
async fn a_missing_credential_is_told_before_anybody_is_asked() {
    let server = Server::answering("200 OK", b"key");
    let headers = json!({"X-Token": {"env": "NO_SUCH_VARIABLE"}});
    let error = get(&server.url("/"), headers).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    let headers = json!({"X-Token": {"command": ["printf", "a\nb"]}});
    let error = get(&server.url("/"), headers).await.unwrap_err();
    assert!(error.message.contains("no header can carry"), "{error}");
    assert!(server.requests().is_empty());
}

#[test]
fn headers_are_checked() {
    for (headers, fine) in [
        (json!({"X-Token": {"env": "A"}}), true),
        (
            json!({"Authorization": {"scheme": "Bearer", "env": "A"}}),
            true,
        ),
        (json!({"X Token": {"env": "A"}}), false),
        (json!({"X-Token": {"env": ""}}), false),
        (
            json!({"Authorization": {"scheme": "Bearer s3cret", "env": "A"}}),
            false,
        ),
    ] {
        let headers: Headers = serde_json::from_value(headers).unwrap();
        assert_eq!(check_headers(&headers).is_ok(), fine);
    }
    let text: Result<Headers, _> = serde_json::from_value(json!({"X-Token": "s3cret"}));
    assert!(!text.err().unwrap().to_string().contains("s3cret"));
}
