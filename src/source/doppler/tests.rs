use serde_json::{Value, json};

use super::super::AnySource;
use super::super::conformance::{Case, Conforming, Stand, TEXT};
use super::super::testing::{Known, VARIABLE, declared, hop, read_all, told, try_hop};
use super::*;
use crate::platform::http::testing::{Server, redirect_elsewhere, response, silent};

fn answer(status: &str, body: &Value) -> Vec<u8> {
    response(status, "", body.to_string().as_bytes())
}

fn refusal(status: &str, message: &str) -> Vec<u8> {
    answer(status, &json!({"messages": [message], "success": false}))
}

/// A config with these secrets, and what Doppler adds.
fn config(secrets: &Value) -> Value {
    let mut secrets = secrets.clone();
    secrets["DOPPLER_CONFIG"] = shown("prd");
    json!({"secrets": secrets, "success": true})
}

fn shown(value: &str) -> Value {
    json!({
        "raw": "${checkout.prd.OTHER}", "computed": value, "note": "",
        "rawVisibility": "masked", "computedVisibility": "masked",
    })
}

/// Whose token is `straggler`, which every test has in its environment.
fn store(server: &Server) -> Value {
    let token = json!({"env": "CARGO_PKG_NAME"});
    json!({"doppler": {"address": server.url(""), "token": token, "project": "checkout", "config": "prd"}})
}

impl Conforming for Doppler {
    fn stand(case: Case) -> Option<Stand> {
        let holding = |secrets: Value| Server::start(move |_| answer("200 OK", &config(&secrets)));
        let server = match case {
            Case::Present => holding(json!({VARIABLE: shown(TEXT)})),
            Case::Absent => holding(json!({})),
            Case::Denied => Server::start(|_| {
                let message = "This token does not have access to requested config 'prd'";
                refusal("400 Bad Request", message)
            }),
            Case::NotFound => {
                Server::start(|_| refusal("404 Not Found", "Could not find requested config 'prd'"))
            }
            Case::Throttled => Server::start(|_| {
                refusal(
                    "429 Too Many Requests",
                    "Too many requests, please try again later.",
                )
            }),
            Case::Broken => Server::answering("500 Internal Server Error", b""),
            Case::TooLarge => holding(json!({VARIABLE: shown(&"x".repeat(2 << 20))})),
            Case::Silent => silent(),
            Case::Elsewhere => redirect_elsewhere(),
        };
        let store = store(&server);
        Some(Stand::at(store, json!({}), server).of_text())
    }
}

fn api_key() -> Box<dyn AnySource> {
    hop("doppler", json!({"store": "stand"}))
}

async fn read(hop: &dyn AnySource, store: &Value) -> Result<String, ReadError> {
    let readings = read_all(hop, VARIABLE, Known::default(), &declared(store)).await?;
    Ok(told(&readings[0].found))
}

#[tokio::test]
async fn one_config_is_asked_for_without_leases() {
    let server = Server::start(|head| {
        assert!(head.contains("authorization: bearer straggler"), "{head}");
        answer(
            "200 OK",
            &config(&json!({VARIABLE: shown("key"), "OTHER": shown("other")})),
        )
    });
    assert_eq!(read(&*api_key(), &store(&server)).await.unwrap(), "key");
    let settings = json!({"store": "stand", "project": "a&b", "config": "dev", "name": "OTHER"});
    let other = hop("doppler", settings);
    assert_eq!(read(&*other, &store(&server)).await.unwrap(), "other");
    let paths: Vec<_> = server
        .requests()
        .iter()
        .map(|head| head.split(' ').nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(
        paths,
        [
            "/v3/configs/config/secrets?project=checkout&config=prd&include_dynamic_secrets=false",
            "/v3/configs/config/secrets?project=a%26b&config=dev&include_dynamic_secrets=false",
        ]
    );
    let at = At::of(VARIABLE);
    assert_eq!(other.location(at), "doppler:stand/a&b/dev/OTHER");
    assert_eq!(api_key().location(at), "doppler:stand/ALLSTAK_API_KEY");
    let command = "`doppler secrets set OTHER --project 'a&b' --config dev --silent < FILE`";
    assert!(
        other
            .remedy(at, &crate::source::Case::default())
            .contains(command),
        "{}",
        other.remedy(at, &crate::source::Case::default())
    );
}

#[tokio::test]
async fn what_is_not_shown_is_hidden_whatever_its_visibility_is_called() {
    for (computed, visibility, expected) in [
        (Value::Null, "restricted", "hidden: Doppler does not show"),
        (Value::Null, "masked", "hidden: Doppler does not show"),
        ("key".into(), "restricted", "key"),
        ("".into(), "unmasked", ""),
    ] {
        let kept = json!({
            "raw": computed, "computed": computed,
            "rawVisibility": visibility, "computedVisibility": visibility,
        });
        let server = Server::start(move |_| answer("200 OK", &config(&json!({VARIABLE: kept}))));
        let found = read(&*api_key(), &store(&server)).await.unwrap();
        let fits = found.starts_with(expected) && found.is_empty() == expected.is_empty();
        assert!(fits, "{visibility}: {found}");
    }
}

#[tokio::test]
async fn refusals_name_what_would_help() {
    for (status, message, kind, next) in [
        (
            "401 Unauthorized",
            "Invalid Auth token",
            ErrorKind::Denied,
            "renew the token",
        ),
        (
            "403 Forbidden",
            "This token may not read secrets",
            ErrorKind::Denied,
            "give the token read access to the config prd of checkout",
        ),
        (
            "400 Bad Request",
            "This token does not have access to requested project 'checkout'",
            ErrorKind::Denied,
            "give the token read access to the config prd of checkout",
        ),
        (
            "404 Not Found",
            "Could not find requested project 'checkout'",
            ErrorKind::NotFound,
            "give the token read access to the config prd of checkout",
        ),
        (
            "400 Bad Request",
            "Something else",
            ErrorKind::Protocol,
            "ask it by hand",
        ),
    ] {
        let server = Server::start(move |_| refusal(status, message));
        let error = read(&*api_key(), &store(&server)).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.ends_with(message), "{error}");
        assert!(error.next.starts_with(next), "{}", error.next);
    }
}

#[tokio::test]
async fn an_answer_that_is_no_config_is_no_missing_key() {
    for body in [
        json!({}),
        json!({"success": false}),
        json!({"secrets": []}),
        json!([]),
    ] {
        let server = Server::start(move |_| answer("200 OK", &body));
        let error = read(&*api_key(), &store(&server)).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadData, "{error}");
    }
}

#[tokio::test]
async fn only_a_service_token_says_by_itself_which_config_is_meant() {
    let server = Server::start(|_| answer("200 OK", &config(&json!({VARIABLE: shown("key")}))));
    let with = |token: Value| json!({"doppler": {"address": server.url(""), "token": token}});
    let other = read(&*api_key(), &with(json!({"env": "CARGO_PKG_NAME"}))).await;
    assert!(
        other
            .unwrap_err()
            .next
            .starts_with("name `project` and `config`")
    );
    assert!(server.requests().is_empty());

    let service = with(json!({"command": ["printf", "dp.st.prd.made-up"]}));
    assert_eq!(read(&*api_key(), &service).await.unwrap(), "key");
    let head = server.requests().remove(0);
    assert!(
        head.starts_with("get /v3/configs/config/secrets?include_dynamic_secrets=false "),
        "{head}"
    );
}

#[test]
fn names_are_checked() {
    for name in ["project", "config", "name"] {
        assert!(
            try_hop("doppler", json!({name: ""}))
                .unwrap()
                .check()
                .is_err()
        );
    }
}
