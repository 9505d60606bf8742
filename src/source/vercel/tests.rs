use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::conformance::{Case, Conforming, Stand, TEXT};
use super::super::testing::{Known, VARIABLE, declared, hop, read_all, told, try_hop};
use super::*;
use crate::platform::http::testing::{Server, redirect_elsewhere, response, silent};
use crate::reading::{ErrorKind, Found, ReadError, Taken};

mod choice;
mod running;

const CIPHERTEXT: &str = "eyJ2IjoidjIiLCJjIjoiQ2lwaGVydGV4dCJ9";

fn answer(status: &str, body: &Value) -> Vec<u8> {
    response(status, "", body.to_string().as_bytes())
}

fn refusal(status: &str, code: &str, message: &str) -> Vec<u8> {
    answer(
        status,
        &json!({"error": {"code": code, "message": message}}),
    )
}

fn milliseconds(time: &str) -> i64 {
    time.parse::<Timestamp>().unwrap().as_millisecond()
}

const CHANGED: &str = "2026-11-20T09:00:00Z";

/// A variable of production, with these members instead of the usual ones.
fn variable(id: &str, members: &Value) -> Value {
    let mut variable = json!({
        "id": id, "key": VARIABLE, "value": CIPHERTEXT, "type": "encrypted", "decrypted": false,
        "target": ["production"], "createdAt": milliseconds("2026-01-01T00:00:00Z"),
        "updatedAt": milliseconds(CHANGED),
    });
    for (name, value) in members.as_object().unwrap() {
        variable[name] = value.clone();
    }
    variable
}

fn listed(variables: &[Value]) -> Value {
    json!({"envs": variables, "hiddenProductionEnvCount": 0})
}

/// A project of a team, whose production is served by `dpl_latest`.
fn project(members: &Value) -> Value {
    let mut project = json!({
        "id": "prj_1", "name": "shop", "accountId": "team_1",
        "customEnvironments": [{"id": "env_1", "slug": "staging"}, {"id": "env_2", "slug": "qa"}],
        "targets": {"production": {
            "id": "dpl_latest", "createdAt": milliseconds("2026-11-21T00:00:00Z"),
            "buildingAt": milliseconds("2026-11-21T00:00:05Z"), "readyState": "READY", "readySubstate": "PROMOTED",
            "alias": ["shop.example.com", "shop.vercel.app"],
        }},
    });
    for (name, value) in members.as_object().unwrap() {
        project[name] = value.clone();
    }
    project
}

fn alias(members: &Value) -> Value {
    let mut alias = json!({"alias": "shop.example.com", "deploymentId": "dpl_latest", "projectId": "prj_1", "redirect": null});
    for (name, value) in members.as_object().unwrap() {
        alias[name] = value.clone();
    }
    alias
}

/// Whose token is `straggler`, which every test has in its environment.
fn store(server: &Server) -> Value {
    json!({"vercel": {"address": server.url(""), "token": {"env": "CARGO_PKG_NAME"}, "team": "team_1"}})
}

/// Answers by path, without the query; a text is the status of a refusal.
fn vercel<const N: usize>(pages: [(&'static str, Value); N]) -> Server {
    let pages = HashMap::from(pages);
    Server::start(move |head| {
        assert!(head.contains("authorization: bearer straggler"), "{head}");
        assert!(head.contains("teamid=team_1"), "{head}");
        // The client asks for no value but by its id.
        assert!(!head.contains("decrypt="), "{head}");
        let path = head.split([' ', '?']).nth(1).unwrap();
        match pages.get(path) {
            Some(Value::String(status)) => refusal(status, "forbidden", "Not authorized"),
            Some(page) => answer("200 OK", page),
            None => refusal("404 Not Found", "not_found", "Not found"),
        }
    })
}

const LIST: &str = "/v10/projects/shop/env";
const PROJECT: &str = "/v9/projects/shop";
const SHARED: &str = "/v1/env";
const ALIAS: &str = "/v4/aliases/shop.example.com";

impl Conforming for Vercel {
    fn stand(case: Case) -> Option<Stand> {
        let plain =
            |value: &str| listed(&[variable("a", &json!({"type": "plain", "value": value}))]);
        let server = match case {
            Case::Present => vercel([(LIST, plain(TEXT))]),
            Case::Absent => vercel([
                (LIST, listed(&[])),
                (PROJECT, project(&json!({}))),
                (
                    SHARED,
                    json!({"data": [], "pagination": {"count": 0, "next": null, "prev": null}}),
                ),
            ]),
            Case::Denied => vercel([(LIST, "403 Forbidden".into())]),
            Case::NotFound => vercel([]),
            Case::Throttled => vercel([(LIST, "429 Too Many Requests".into())]),
            Case::Broken => Server::answering("500 Internal Server Error", b""),
            Case::TooLarge => vercel([(LIST, plain(&"x".repeat(2 << 20)))]),
            Case::Silent => silent(),
            Case::Elsewhere => redirect_elsewhere(),
        };
        Some(Stand::at(store(&server), json!({"project": "shop"}), server).of_text())
    }
}

async fn all(settings: Value, server: &Server) -> Result<Vec<Reading>, ReadError> {
    let mut settings = settings;
    settings["store"] = "stand".into();
    settings["project"] = "shop".into();
    let hop = hop("vercel", settings);
    read_all(&*hop, VARIABLE, Known::default(), &declared(&store(server))).await
}

async fn reading(settings: Value, server: &Server) -> Result<Reading, ReadError> {
    let mut readings = all(settings, server).await?;
    assert_eq!(readings.len(), 1);
    let reading = readings.remove(0);
    assert!(!told(&reading.found).contains(CIPHERTEXT));
    Ok(reading)
}

/// When it was fixed, why it is not seen, and what it is taken for.
fn hidden(reading: &Reading) -> (Option<String>, &str, Option<&Taken>) {
    match &reading.found {
        Found::Hidden {
            fixed_at,
            why,
            taken_for,
        } => (fixed_at.map(|at| at.to_string()), why, taken_for.as_deref()),
        other => panic!("{}", told(other)),
    }
}

#[tokio::test]
async fn ciphertext_is_never_taken_for_a_key() {
    // What the variable is in the list, what it is by itself, and what comes of it.
    for (members, alone, expected) in [
        (json!({"type": "plain", "value": "key"}), None, "key"),
        (
            json!({"type": "plain", "value": "key", "visibility": "config"}),
            None,
            "key",
        ),
        (json!({"decrypted": true, "value": "key"}), None, "key"),
        (
            json!({}),
            Some(json!({"decrypted": true, "value": "key"})),
            "key",
        ),
        (
            json!({"decrypted": null}),
            Some(json!({"decrypted": true, "value": "key"})),
            "key",
        ),
        (
            json!({}),
            Some(json!({})),
            "hidden: Vercel gave it encrypted",
        ),
        (
            json!({}),
            Some(json!({"decrypted": null})),
            "hidden: Vercel gave it encrypted",
        ),
        (
            json!({"type": "secret"}),
            Some(json!({"type": "secret"})),
            "hidden: Vercel gave it encrypted",
        ),
        (
            json!({}),
            Some(json!({"type": "sensitive", "decrypted": true, "value": ""})),
            "hidden: Vercel shows no sensitive",
        ),
    ] {
        let said = members.to_string();
        let mut pages = HashMap::from([(LIST, listed(&[variable("a", &members)]))]);
        if let Some(alone) = &alone {
            pages.insert("/v1/projects/shop/env/a", variable("a", alone));
        }
        let server = Server::start(move |head| {
            let path = head.split([' ', '?']).nth(1).unwrap();
            answer("200 OK", &pages[path])
        });
        let read = reading(json!({}), &server).await.unwrap();
        assert!(
            told(&read.found).starts_with(expected),
            "{said}: {}",
            told(&read.found)
        );
        assert_eq!(
            server.requests().len(),
            1 + usize::from(alone.is_some()),
            "{said}"
        );
        if let Found::Hidden { fixed_at, .. } = read.found {
            assert_eq!(fixed_at.unwrap().to_string(), CHANGED);
        }
    }
}

#[tokio::test]
async fn sensitive_variables_speak_by_time_and_system_ones_not_at_all() {
    for (members, fixed_at) in [
        (json!({"type": "sensitive", "value": ""}), Some(CHANGED)),
        (
            json!({"type": "sensitive", "value": "x", "decrypted": true}),
            Some(CHANGED),
        ),
        (
            json!({"type": "encrypted", "visibility": "secret", "decrypted": true}),
            Some(CHANGED),
        ),
        (
            json!({"type": "plain", "visibility": "secret"}),
            Some(CHANGED),
        ),
        (
            json!({"type": "system", "value": "VERCEL_URL", "decrypted": true}),
            None,
        ),
    ] {
        let server = vercel([(LIST, listed(&[variable("a", &members)]))]);
        let read = reading(json!({}), &server).await.unwrap();
        assert_eq!(hidden(&read).0.as_deref(), fixed_at, "{members}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_list_that_is_not_whole_proves_no_absence() {
    for (list, targets) in [
        (
            json!({"envs": [], "hiddenProductionEnvCount": 2}),
            &["production"][..],
        ),
        (
            json!({"envs": [], "pagination": {"count": 20, "next": 1, "prev": null}}),
            &["production", "preview"],
        ),
    ] {
        for target in ["production", "preview"] {
            let server = vercel([
                (LIST, list.clone()),
                (PROJECT, project(&json!({"accountId": "a1B2"}))),
            ]);
            let read = reading(json!({"target": target}), &server).await;
            match targets.contains(&target) {
                true => assert_eq!(read.err().unwrap().kind, ErrorKind::Denied),
                false => assert_eq!(told(&read.unwrap().found), "absent"),
            }
        }
    }
    for body in [
        json!({}),
        json!({"envs": {}}),
        json!([]),
        json!({"error": {}}),
    ] {
        let server = vercel([(LIST, body)]);
        let error = reading(json!({}), &server).await.err().unwrap();
        assert_eq!(error.kind, ErrorKind::BadData, "{error}");
    }
}

#[tokio::test]
async fn refusals_name_what_would_help() {
    for (status, body, kind, next) in [
        (
            "401 Unauthorized",
            json!({"error": {"code": "unauthorized", "message": "no"}}),
            ErrorKind::Denied,
            "renew the token",
        ),
        (
            "403 Forbidden",
            json!({"error": {"code": "forbidden", "message": "no", "invalidToken": true}}),
            ErrorKind::Denied,
            "renew the token",
        ),
        (
            "403 Forbidden",
            json!({"error": {"code": "forbidden", "message": "no"}}),
            ErrorKind::Denied,
            "let the token's member see the environment variables",
        ),
        (
            "404 Not Found",
            json!({"error": {"code": "not_found", "message": "no"}}),
            ErrorKind::NotFound,
            "let the token's member see the environment variables",
        ),
        (
            "429 Too Many Requests",
            json!({"error": {"code": "rate_limited", "message": "no"}}),
            ErrorKind::Throttled,
            "run again later",
        ),
    ] {
        let server = Server::start(move |_| answer(status, &body));
        let error = reading(json!({}), &server).await.err().unwrap();
        assert_eq!(error.kind, kind, "{error}");
        assert!(
            error.message.ends_with(": no") && error.next.starts_with(next),
            "{error} {}",
            error.next
        );
    }
}

#[test]
fn settings_that_cannot_be_meant_are_refused() {
    for settings in [
        json!({"project": ""}),
        json!({"project": ".."}),
        json!({"project": "shop", "target": ""}),
        json!({"project": "shop", "name": ""}),
        json!({"project": "shop", "branch": "next"}),
        json!({"project": "shop", "domain": "shop.example.com"}),
        json!({"project": "shop", "stage": "running", "target": "development"}),
        json!({"project": "shop", "stage": "running", "target": "preview"}),
    ] {
        let hop = try_hop("vercel", settings.clone()).unwrap();
        assert!(hop.check().is_err(), "{settings}");
    }
    assert!(try_hop("vercel", json!({})).is_err());
}

#[test]
fn its_address_and_its_remedy_name_the_place() {
    for (settings, stage, location, command) in [
        (
            json!({"project": "shop"}),
            Stage::Config,
            "vercel:shop/production#ALLSTAK_API_KEY",
            "`vercel env update ALLSTAK_API_KEY production --project shop --yes < FILE`",
        ),
        (
            json!({"store": "acme", "project": "shop", "target": "preview", "branch": "next", "name": "K"}),
            Stage::Config,
            "vercel:acme/shop/preview/next#K",
            "`vercel env update K preview next --project shop --yes < FILE`",
        ),
        (
            json!({"project": "shop", "stage": "running"}),
            Stage::Running,
            "vercel:shop/production/serving#ALLSTAK_API_KEY",
            "`vercel redeploy URL --target production`",
        ),
        (
            json!({"project": "shop", "stage": "running", "domain": "shop.example.com"}),
            Stage::Running,
            "vercel:shop/production/shop.example.com#ALLSTAK_API_KEY",
            "`vercel redeploy shop.example.com --target production`",
        ),
    ] {
        let hop = hop("vercel", settings);
        let at = At::of(VARIABLE);
        assert_eq!((hop.stage(), &*hop.location(at)), (stage, location));
        assert!(
            hop.remedy(at, &crate::source::Case::default())
                .contains(command),
            "{}",
            hop.remedy(at, &crate::source::Case::default())
        );
    }
}
