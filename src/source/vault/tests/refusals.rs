use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::reading::Retry;

#[tokio::test]
async fn an_answer_of_another_shape_is_not_missing() {
    for body in [
        "{}",
        r#"{"data": null}"#,
        r#"{"data": {"key": "v"}}"#,
        r#"{"data": {"data": null, "metadata": {"version": 1, "created_time": "", "deletion_time": "", "destroyed": false}}}"#,
        "<html>",
    ] {
        let server = serving(vec![two(), (DATA, 200, body.to_owned())]);
        let error = failing(&connections(&server, json!({})), json!({})).await;
        assert_eq!(error.kind, ErrorKind::BadData, "{body}");
    }
    for body in ["", "<html>", r#"{"error": "no such page"}"#] {
        let server = serving(vec![two(), (DATA, 404, body.to_owned())]);
        let error = failing(&connections(&server, json!({})), json!({})).await;
        assert_eq!(error.kind, ErrorKind::NotFound, "{body}");
    }
}

#[tokio::test]
async fn a_refusal_says_what_is_needed() {
    let policy = "give the token's policy `path \"secret/data/allstak/checkout\" { capabilities = [\"read\"] }`";
    let stranger = "put a token that is valid into the variable CARGO_PKG_NAME";
    for (status, body, kind, next, retry) in [
        (403, DENIED, ErrorKind::Denied, policy, Retry::Never),
        (
            403,
            r#"{"errors":["2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"]}"#,
            ErrorKind::Denied,
            stranger,
            Retry::Never,
        ),
        (
            400,
            r#"{"errors":["missing client token"]}"#,
            ErrorKind::Denied,
            stranger,
            Retry::Never,
        ),
        (
            503,
            r#"{"errors":["Vault is sealed"]}"#,
            ErrorKind::Protocol,
            "unseal it with `vault operator unseal`, then run again",
            Retry::Never,
        ),
        (
            502,
            r#"{"errors":["upstream"]}"#,
            ErrorKind::Protocol,
            "run again when the server is well; its log says why",
            Retry::Later,
        ),
        (
            400,
            r#"{"errors":["Upgrading from non-versioned to versioned data."]}"#,
            ErrorKind::Protocol,
            "ask it by hand with `curl -v`",
            Retry::Later,
        ),
    ] {
        let server = serving(vec![two(), (DATA, status, body.to_owned())]);
        let error = failing(&connections(&server, json!({})), json!({})).await;
        assert_eq!(
            (error.kind, &*error.next, error.retry),
            (kind, next, retry),
            "{body}"
        );
        assert!(!error.message.contains("occurred"), "{}", error.message);
    }
    let server = serving(vec![(MOUNT, 503, errors("Vault is sealed"))]);
    let error = failing(&connections(&server, json!({})), json!({})).await;
    assert_eq!(
        (error.kind, error.retry),
        (ErrorKind::Protocol, Retry::Never)
    );
    assert_eq!(paths(&server), [MOUNT]);
}

#[tokio::test]
async fn a_token_of_a_login_that_is_no_longer_taken_is_replaced_on_the_next_try() {
    let logins = AtomicUsize::new(0);
    let server = Server::reading(move |head, body| {
        let (status, answer) = if head.starts_with("post /v1/auth/approle/login ") {
            assert_eq!(body, r#"{"role_id":"straggler"}"#);
            let number = logins.fetch_add(1, Ordering::SeqCst);
            let auth = json!({"client_token": format!("given-{number}"), "lease_duration": 0});
            ("200 OK", json!({"auth": auth}).to_string())
        } else if head.contains("x-vault-token: given-0") {
            ("403 Forbidden", errors("permission denied\ninvalid token"))
        } else if head.contains(MOUNT) {
            ("200 OK", two().2)
        } else {
            ("200 OK", version(1, &json!({"key": "v"})))
        };
        response(status, "", answer.as_bytes())
    });
    let role = json!({"role_id": {"env": "CARGO_PKG_NAME"}});
    let connections = declared(&json!({"vault": {"address": server.url(""), "approle": role}}));
    let error = failing(&connections, json!({})).await;
    assert_eq!((error.kind, error.retry), (ErrorKind::Denied, Retry::Later));
    assert!(error.next.contains("tokens"), "{}", error.next);
    let reading = read(&connections, json!({})).await.unwrap();
    assert_eq!(told(&reading.found), "v");
    let login = "/v1/auth/approle/login";
    assert_eq!(paths(&server), [login, MOUNT, login, MOUNT, DATA]);
}

#[tokio::test]
async fn bare_words_are_about_the_token_only_if_it_cannot_look_itself_up() {
    const LOOK_UP: &str = "/v1/auth/token/lookup-self";
    let bare = || errors("permission denied");
    let policy = "give the token's policy";
    let stranger = "put a token that is valid into the variable CARGO_PKG_NAME";
    for (status, body, kind, next) in [
        (
            200,
            json!({"data": {"ttl": 0}}).to_string(),
            ErrorKind::Denied,
            policy,
        ),
        (403, bare(), ErrorKind::Denied, stranger),
        // It is known, and its policies let it not look.
        (403, DENIED.to_owned(), ErrorKind::Denied, policy),
        // Something on the way has words of its own.
        (403, "<html>".to_owned(), ErrorKind::Denied, policy),
        (404, NOTHING.to_owned(), ErrorKind::Denied, policy),
        (429, errors("quota exceeded"), ErrorKind::Throttled, "run"),
        (503, errors("no leader"), ErrorKind::Protocol, "run"),
    ] {
        let server = serving(vec![two(), (DATA, 403, bare()), (LOOK_UP, status, body)]);
        let error = failing(&connections(&server, json!({})), json!({})).await;
        assert_eq!(error.kind, kind, "{status}");
        assert!(error.next.starts_with(next), "{status}: {}", error.next);
        assert_eq!(paths(&server), [MOUNT, DATA, LOOK_UP]);
    }
}

#[tokio::test]
async fn a_login_that_is_not_mounted_is_known_by_vaults_words_too() {
    let login = "/v1/auth/approle/login";
    let unmounted = "no handler for route \"auth/approle/login\". route entry not found.";
    for (status, words, message) in [
        (
            404,
            unmounted,
            "no login of this kind is mounted at approle",
        ),
        (
            400,
            "missing client token",
            "no login of this kind is mounted at approle",
        ),
        (
            400,
            "invalid role or secret ID",
            "invalid role or secret ID",
        ),
        (
            503,
            "API access to this namespace has been locked by an administrator",
            "locked by an administrator",
        ),
    ] {
        let server = serving(vec![(login, status, errors(words))]);
        let role = json!({"role_id": {"env": "CARGO_PKG_NAME"}});
        let connections = declared(&json!({"vault": {"address": server.url(""), "approle": role}}));
        let error = failing(&connections, json!({})).await;
        assert!(error.message.ends_with(message), "{}", error.message);
        assert!(!error.message.contains("straggler"), "{}", error.message);
    }
}

#[tokio::test]
async fn a_gateway_may_have_the_v1_in_its_own_address() {
    let server = serving(vec![
        ("/v1/v1/sys/internal/ui/mounts/secret", 200, two().2),
        (
            "/v1/v1/secret/data/allstak/checkout",
            403,
            DENIED.to_owned(),
        ),
    ]);
    let address = server.url("/v1");
    let error = failing(
        &connections(&server, json!({"address": address})),
        json!({}),
    )
    .await;
    assert!(
        error.next.starts_with("give the token's policy"),
        "{}",
        error.next
    );
}
