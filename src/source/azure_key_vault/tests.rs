use serde_json::{Value, json};

use super::super::AnySource;
use super::super::conformance::{Case, Conforming, Stand, TEXT};
use super::super::testing::{
    Known, VARIABLE, declared, history, hop, read_all, told, told_versions, try_hop,
};
use super::*;
use crate::platform::http::testing::{Server, redirect_elsewhere, response, silent};
use crate::reading::{ErrorKind, ReadError};

const ONE: &str = "0123456789abcdef0123456789abcdef";
const TWO: &str = "fedcba9876543210fedcba9876543210";
const THREE: &str = "00000000000000000000000000000000";

/// As the service answers it; the times are those of its documentation.
fn bundle(value: &str, version: &str, created: i64) -> Value {
    json!({
        "value": value,
        "id": format!("https://checkout.vault.azure.net/secrets/api-key/{version}"),
        "attributes": {
            "enabled": true, "created": created, "updated": created + 500, "recoveryLevel": "Recoverable",
        },
    })
}

fn refusal(status: &str, code: &str, message: &str, inner: &str) -> Vec<u8> {
    let error = json!({"code": code, "message": message, "innererror": {"code": inner}});
    answer(status, &json!({"error": error}))
}

fn answer(status: &str, body: &Value) -> Vec<u8> {
    response(status, "", body.to_string().as_bytes())
}

fn not_there() -> Vec<u8> {
    let message = "A secret with (name/id) api-key was not found in this key vault.";
    answer(
        "404 Not Found",
        &json!({"error": {"code": "SecretNotFound", "message": message}}),
    )
}

fn denied() -> Vec<u8> {
    let message = "Caller is not authorized to perform action on resource.\r\nAction: \
                   'Microsoft.KeyVault/vaults/secrets/getSecret/action'\r\n";
    refusal("403 Forbidden", "Forbidden", message, "ForbiddenByRbac")
}

/// Whose token is `straggler`, which every test has in its environment.
fn store(server: &Server) -> Value {
    json!({"azure": {"vault": server.url(""), "token": {"env": "CARGO_PKG_NAME"}}})
}

impl Conforming for AzureKeyVault {
    fn stand(case: Case) -> Option<Stand> {
        let server = match case {
            Case::Present => {
                Server::start(move |_| answer("200 OK", &bundle(TEXT, ONE, 1_493_938_410)))
            }
            Case::Absent => Server::start(|_| not_there()),
            Case::Denied => Server::start(|_| denied()),
            // Something else than Key Vault does not know the path.
            Case::NotFound => Server::answering("404 Not Found", b"no such page"),
            Case::Throttled => Server::start(|_| {
                let message = "Request was not processed because too many requests were received.";
                refusal("429 Too Many Requests", "Throttled", message, "")
            }),
            Case::Broken => Server::answering("500 Internal Server Error", b""),
            Case::TooLarge => {
                let large = bundle(&"x".repeat(2 << 20), ONE, 1_493_938_410);
                Server::start(move |_| answer("200 OK", &large))
            }
            Case::Silent => silent(),
            Case::Elsewhere => redirect_elsewhere(),
        };
        let store = store(&server);
        Some(Stand::at(store, json!({"secret": "api-key"}), server).of_text())
    }
}

fn api_key() -> Box<dyn AnySource> {
    hop(
        "azure_key_vault",
        json!({"store": "stand", "secret": "api-key"}),
    )
}

async fn read(store: &Value) -> Result<Reading, ReadError> {
    let (hop, connections) = (api_key(), declared(store));
    let readings = read_all(&*hop, VARIABLE, Known::default(), &connections).await?;
    Ok(readings.into_iter().next().unwrap())
}

#[tokio::test]
async fn a_read_is_one_request_and_tells_when_the_version_was_created() {
    let server = Server::start(|head| {
        assert!(
            head.starts_with("get /secrets/api-key?api-version=7.4 http/1.1"),
            "{head}"
        );
        assert!(head.contains("authorization: bearer straggler"), "{head}");
        answer("200 OK", &bundle("key", ONE, 1_493_938_410))
    });
    let reading = read(&store(&server)).await.unwrap();
    let created = "2017-05-04T22:53:30Z".parse().unwrap();
    assert_eq!(reading.stored_at, Some(created));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn each_refusal_names_its_own_next_step() {
    for (inner, next) in [
        (
            "ForbiddenByRbac",
            "give the identity the role \"Key Vault Secrets User\" on the secret api-key",
        ),
        (
            "AccessDenied",
            "let the identity read: `az keyvault set-policy --secret-permissions get ",
        ),
        (
            "ForbiddenByFirewall",
            "let this network through the vault's firewall",
        ),
        (
            "SecretDisabled",
            "enable it: `az keyvault secret set-attributes --name api-key ",
        ),
    ] {
        let server = Server::start(move |_| refusal("403 Forbidden", "Forbidden", "No.", inner));
        let error = read(&store(&server)).await.err().unwrap();
        assert_eq!(error.kind, ErrorKind::Denied, "{inner}");
        assert!(error.next.starts_with(next), "{inner}: {}", error.next);
        assert!(error.message.ends_with("403 Forbidden: No."), "{error}");
    }
    let message = "AKV10032: Invalid issuer. Expected one of https://sts.windows.net/1/, found 2.";
    let server = Server::start(|_| refusal("401 Unauthorized", "Unauthorized", message, ""));
    let error = read(&store(&server)).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(
        error
            .next
            .starts_with("log in to the tenant that the vault belongs to")
    );
}

/// Three versions on two pages, in the order of their ids, as the service has them; then their values.
fn rotated(next: impl Fn(&str) -> String + Send + 'static) -> Server {
    Server::start(move |head| {
        let listed = |version: &str, created: i64, enabled: bool| {
            json!({
                "id": format!("https://checkout.vault.azure.net/secrets/api-key/{version}"),
                "attributes": {"enabled": enabled, "created": created, "updated": 1_700_000_000},
            })
        };
        let path = head.split(' ').nth(1).unwrap();
        let host = head
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .unwrap();
        let (path, query) = path.split_once('?').unwrap();
        match path.strip_prefix("/secrets/api-key/").unwrap() {
            "versions" if query.contains("skiptoken") => answer(
                "200 OK",
                &json!({"value": [listed(TWO, 1_600_000_000, true)], "nextLink": null}),
            ),
            "versions" => {
                let value = [
                    listed(THREE, 1_500_000_000, false),
                    listed(ONE, 1_650_000_000, true),
                ];
                answer("200 OK", &json!({"value": value, "nextLink": next(host)}))
            }
            version if version == ONE => answer("200 OK", &bundle("newest", ONE, 1_650_000_000)),
            version if version == TWO => answer("200 OK", &bundle("older", TWO, 1_600_000_000)),
            version => panic!("{version} cannot be read"),
        }
    })
}

fn further(host: &str) -> String {
    format!("http://{host}/secrets/api-key/versions?api-version=7.4&$skiptoken=x&maxresults=25")
}

#[tokio::test]
async fn history_is_sorted_by_creation_over_all_pages() {
    let server = rotated(further);
    let connections = declared(&store(&server));
    let versions = history(&*api_key(), 10, &connections).await.unwrap();
    let created: Vec<_> = versions
        .iter()
        .map(|version| version.created_at.unwrap().as_second())
        .collect();
    assert_eq!(created, [1_500_000_000, 1_600_000_000, 1_650_000_000]);
    let told = told_versions(&versions);
    assert_eq!(told[0], "failed: denied: a version of api-key is disabled");
    assert_eq!(told[1..], ["older", "newest"]);

    let latest = history(&*api_key(), 1, &connections).await.unwrap();
    assert_eq!(told_versions(&latest), ["newest"]);
}

#[tokio::test]
async fn what_came_after_a_pinned_version_is_no_history_of_it() {
    let server = rotated(further);
    let connections = declared(&store(&server));
    let settings = json!({"store": "stand", "secret": "api-key", "version": TWO});
    let pinned = hop("azure_key_vault", settings);
    let versions = history(&*pinned, 10, &connections).await.unwrap();
    let told = told_versions(&versions);
    assert_eq!(told.len(), 2);
    assert_eq!(told[1], "older");
}

#[tokio::test]
async fn a_next_page_elsewhere_is_not_asked_and_one_without_end_is_given_up() {
    let elsewhere = |_: &str| "http://localhost:1/secrets/api-key/versions?$skiptoken=x".to_owned();
    let server = rotated(elsewhere);
    let connections = declared(&store(&server));
    let error = history(&*api_key(), 10, &connections).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Protocol);
    assert!(
        error
            .message
            .ends_with("names a next page that is not its own")
    );
    assert_eq!(server.requests().len(), 1);

    let server = rotated(|host| format!("http://{host}/secrets/api-key/versions?round=again"));
    let connections = declared(&store(&server));
    let error = history(&*api_key(), 10, &connections).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Protocol);
    assert!(error.message.contains("leads back to a page that was read"));
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_denied_list_is_an_error_and_a_secret_that_is_not_there_has_no_versions() {
    let server = Server::start(|_| denied());
    let error = history(&*api_key(), 10, &declared(&store(&server))).await;
    assert_eq!(error.err().unwrap().kind, ErrorKind::Denied);
    let server = Server::start(|_| not_there());
    let versions = history(&*api_key(), 10, &declared(&store(&server))).await;
    assert!(versions.unwrap().is_empty());
}

/// A tenant that knows one application, and one vault.
fn tenant(login: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Server {
    Server::reading(move |head, body| {
        if head.starts_with("post /contoso.example/oauth2/v2.0/token") {
            return login(body);
        }
        assert!(head.contains("authorization: bearer t0ken"), "{head}");
        answer("200 OK", &bundle("key", ONE, 1_493_938_410))
    })
}

fn application(server: &Server) -> Value {
    json!({"azure": {
        "vault": server.url(""),
        "authority": server.url(""),
        "tenant": "contoso.example",
        "client_id": "1-2",
        "client_secret": {"command": ["printf", "a&b"]},
    }})
}

#[tokio::test]
async fn a_client_secret_logs_in_once_for_all() {
    let server = tenant(|body| {
        assert_eq!(
            body,
            "grant_type=client_credentials&client_id=1-2&\
             scope=https%3A%2F%2Fvault.azure.net%2F.default&client_secret=a%26b"
        );
        answer(
            "200 OK",
            &json!({"token_type": "Bearer", "expires_in": 3599, "access_token": "t0ken"}),
        )
    });
    let connections = declared(&application(&server));
    for _ in 0..3 {
        let readings = read_all(&*api_key(), VARIABLE, Known::default(), &connections).await;
        assert_eq!(told(&readings.unwrap()[0].found), "key");
    }
    assert_eq!(server.requests().len(), 4, "one login and three reads");
}

#[tokio::test]
async fn a_refused_login_stands_and_does_not_repeat_the_secret() {
    let server = tenant(|_| {
        let said = "AADSTS7000215: Invalid client secret provided: a&b\r\nTrace ID: 1";
        answer(
            "401 Unauthorized",
            &json!({"error": "invalid_client", "error_description": said}),
        )
    });
    let connections = declared(&application(&server));
    for _ in 0..2 {
        let outcome = read_all(&*api_key(), VARIABLE, Known::default(), &connections).await;
        let error = outcome.err().unwrap();
        assert_eq!(error.kind, ErrorKind::Denied);
        assert!(
            error.message.ends_with("Invalid client secret provided: *"),
            "{error}"
        );
        assert!(error.next.starts_with("correct `tenant`, `client_id`"));
    }
    assert_eq!(server.requests().len(), 1);

    let server = tenant(|_| {
        let said = "AADSTS700016: Application with identifier '1-2' was not found.";
        answer(
            "400 Bad Request",
            &json!({"error": "unauthorized_client", "error_description": said}),
        )
    });
    let error = read(&application(&server)).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Denied);
}

#[test]
fn names_are_checked_and_shown() {
    for (settings, wrong) in [
        (json!({"secret": "a/../b"}), true),
        (json!({"secret": ""}), true),
        (json!({"secret": "a", "version": "latest"}), true),
        (json!({"secret": "a", "vault": "ftp://x"}), true),
        (json!({"secret": "a", "vault": "kv", "version": ONE}), false),
    ] {
        let hop = try_hop("azure_key_vault", settings).unwrap();
        assert_eq!(hop.check().is_err(), wrong);
    }
    let pinned = hop(
        "azure_key_vault",
        json!({"vault": "kv", "secret": "a", "version": ONE}),
    );
    let at = At::of(VARIABLE);
    assert_eq!(pinned.location(at), format!("azure_key_vault:kv/a/{ONE}"));
}
