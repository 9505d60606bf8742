use serde_json::{Value, json};

use super::super::conformance::{Case, Conforming, Stand, TEXT};
use super::super::testing::{Known, VARIABLE, declared, hop, read_all, told, try_hop};
use super::*;
use crate::platform::http::testing::{Server, redirect_elsewhere, response, silent};

mod claims;
mod pages;

const SECRET: &str = "2026-11-20T09:00:00Z";
const EARLIER: &str = "2026-10-01T00:00:00Z";
const LATER: &str = "2026-11-22T00:00:00Z";

fn answer(status: &str, body: &Value) -> Vec<u8> {
    response(status, "", body.to_string().as_bytes())
}

fn refusal(status: &str, headers: &str, message: &str) -> Vec<u8> {
    let body = json!({"message": message, "documentation_url": "https://docs.github.com/rest"});
    response(status, headers, body.to_string().as_bytes())
}

fn secrets(listed: &[(&str, &str)]) -> Value {
    let entry = |(name, updated_at): &(&str, &str)| json!({"name": name, "created_at": EARLIER, "updated_at": updated_at});
    let listed: Vec<_> = listed.iter().map(entry).collect();
    json!({"total_count": listed.len(), "secrets": listed})
}

fn variables(listed: &[(&str, &str, &str)]) -> Value {
    let entry = |(name, value, updated_at): &(&str, &str, &str)| json!({"name": name, "value": value, "created_at": EARLIER, "updated_at": updated_at});
    let listed: Vec<_> = listed.iter().map(entry).collect();
    json!({"total_count": listed.len(), "variables": listed})
}

/// Whose token is `straggler`, which every test has in its environment.
fn store(server: &Server) -> Value {
    json!({"github": {"address": server.url("/api/v3"), "token": {"env": "CARGO_PKG_NAME"}}})
}

/// Answers lists by the end of their path, without the query; others are empty.
fn github(lists: &[(&'static str, Value)]) -> Server {
    let lists = lists.to_vec();
    Server::start(move |head| {
        assert!(head.contains("authorization: bearer straggler"), "{head}");
        assert!(
            head.contains("accept: application/vnd.github+json"),
            "{head}"
        );
        assert!(head.contains("x-github-api-version: 2022-11-28"), "{head}");
        let path = head.split([' ', '?']).nth(1).unwrap();
        match lists.iter().find(|(end, _)| path.ends_with(end)) {
            Some((_, Value::String(status))) => refusal(status, "", "no"),
            Some((_, body)) => answer("200 OK", body),
            None => answer("200 OK", &json!({"total_count": 0, "secrets": []})),
        }
    })
}

impl Conforming for GithubActions {
    fn stand(case: Case) -> Option<Stand> {
        let all = |status: &'static str, headers: &'static str, message: &'static str| {
            Server::start(move |_| refusal(status, headers, message))
        };
        let server = match case {
            Case::Present => github(&[(
                "/repos/acme/shop/actions/variables",
                variables(&[(VARIABLE, TEXT, SECRET)]),
            )]),
            Case::Absent => github(&[]),
            Case::Denied => all(
                "403 Forbidden",
                "X-RateLimit-Remaining: 4999\r\n",
                "Resource not accessible by personal access token",
            ),
            Case::NotFound => all("404 Not Found", "", "Not Found"),
            Case::Throttled => all("429 Too Many Requests", "", "API rate limit exceeded"),
            Case::Broken => Server::answering("500 Internal Server Error", b""),
            Case::TooLarge => {
                let huge = "x".repeat(2 << 20);
                github(&[(
                    "/repos/acme/shop/actions/variables",
                    variables(&[(VARIABLE, &huge, SECRET)]),
                )])
            }
            Case::Silent => silent(),
            Case::Elsewhere => redirect_elsewhere(),
        };
        let settings = json!({"repository": "acme/shop", "kind": "variable"});
        Some(Stand::at(store(&server), settings, server).of_text())
    }
}

async fn reading(settings: Value, server: &Server) -> Result<Reading, ReadError> {
    let mut settings = settings;
    settings["store"] = "stand".into();
    let hop = hop("github_actions", settings);
    let connections = declared(&store(server));
    let mut readings = read_all(&*hop, VARIABLE, Known::default(), &connections).await?;
    assert_eq!(readings.len(), 1);
    Ok(readings.remove(0))
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

fn paths(server: &Server) -> Vec<String> {
    let mut paths: Vec<_> = server
        .requests()
        .iter()
        .map(|head| head.split(' ').nth(1).unwrap().replace("/api/v3", ""))
        .collect();
    paths.sort();
    paths
}

#[tokio::test]
async fn a_secret_says_when_it_was_written_and_what_would_say_more() {
    let server = github(&[(
        "/repos/acme/shop/actions/secrets",
        secrets(&[("allstak_api_key", SECRET)]),
    )]);
    let read = reading(json!({"repository": "acme/shop"}), &server)
        .await
        .unwrap();
    let (fixed_at, why, taken) = hidden(&read);
    assert_eq!(
        fixed_at.as_deref(),
        Some(SECRET),
        "names are the same in any case"
    );
    assert!(why.contains("`fingerprint`") && taken.is_none(), "{why}");
    assert_eq!(read.note, None);
    assert_eq!(
        paths(&server),
        [
            "/repos/acme/shop/actions/organization-secrets?per_page=100&page=1",
            "/repos/acme/shop/actions/secrets?per_page=100&page=1",
        ]
    );
}

#[tokio::test]
async fn the_copy_closest_to_the_job_wins_and_the_others_are_told() {
    let key = VARIABLE;
    let of_organization = ("/actions/organization-secrets", secrets(&[(key, LATER)]));
    let of_repository = ("/shop/actions/secrets", secrets(&[(key, EARLIER)]));
    let of_environment = (
        "/environments/production/secrets",
        secrets(&[(key, SECRET)]),
    );
    let server = github(&[
        of_organization.clone(),
        of_repository.clone(),
        of_environment,
    ]);
    let settings = json!({"repository": "acme/shop", "environment": "production"});
    let read = reading(settings.clone(), &server).await.unwrap();
    assert_eq!(hidden(&read).0.as_deref(), Some(SECRET));
    let note = read.note.unwrap();
    assert!(
        note.contains("the repository has an older one as well, written 2026-10-01"),
        "{note}"
    );
    assert!(note.contains("the organization has one as well that loses to it, and was written after it, 2026-11-22"), "{note}");

    let server = github(&[of_organization.clone(), of_repository]);
    let read = reading(settings.clone(), &server).await.unwrap();
    assert_eq!(hidden(&read).0.as_deref(), Some(EARLIER));

    let server = github(&[of_organization]);
    let read = reading(settings, &server).await.unwrap();
    assert_eq!(hidden(&read).0.as_deref(), Some(LATER));
}

#[tokio::test]
async fn variables_go_by_the_same_order_and_by_value() {
    let lists = [
        (
            "/environments/a%2fb/variables",
            variables(&[("OTHER", "x", SECRET)]),
        ),
        (
            "/shop/actions/variables",
            variables(&[("PUBLIC", "of the repository", SECRET)]),
        ),
        (
            "/actions/organization-variables",
            variables(&[("PUBLIC", "of the organization", EARLIER)]),
        ),
    ];
    let server = github(&lists);
    let settings = json!({"repository": "acme/shop", "environment": "a/b", "kind": "variable", "name": "public"});
    let read = reading(settings, &server).await.unwrap();
    assert_eq!(told(&read.found), "of the repository");
    assert_eq!(read.stored_at.unwrap().to_string(), SECRET);
    assert!(
        read.note
            .unwrap()
            .starts_with("the organization has an older one")
    );
    assert!(
        paths(&server)
            .iter()
            .all(|path| path.ends_with("?per_page=30&page=1"))
    );
}

#[tokio::test]
async fn what_could_win_must_be_read_and_what_loses_need_not() {
    let shop = json!({"repository": "acme/shop", "environment": "production"});
    let own = ("/shop/actions/secrets", secrets(&[(VARIABLE, SECRET)]));
    let closed = |end: &'static str, status: &str| (end, Value::from(status));

    let server = github(&[own.clone(), closed("/production/secrets", "404 Not Found")]);
    let error = reading(shop.clone(), &server).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(
        error.next.contains("\"Environments: read\"") && error.next.contains("`environment`"),
        "{}",
        error.next
    );

    let server = github(&[own, closed("/organization-secrets", "403 Forbidden")]);
    let read = reading(shop.clone(), &server).await.unwrap();
    assert_eq!(hidden(&read).0.as_deref(), Some(SECRET));
    let note = read.note.unwrap();
    assert_eq!(
        note,
        "what the organization has was not read (denied), but would lose to it"
    );

    let server = github(&[closed("/organization-secrets", "403 Forbidden")]);
    let error = reading(shop, &server).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(
        error
            .next
            .starts_with("give the token the repository permission \"Secrets: read\""),
        "{}",
        error.next
    );
}

#[tokio::test]
async fn dependabot_and_codespaces_have_lists_of_their_own() {
    for app in ["dependabot", "codespaces"] {
        let own = match app {
            "dependabot" => "/repos/acme/shop/dependabot/secrets",
            _ => "/repos/acme/shop/codespaces/secrets",
        };
        let settings = json!({"repository": "acme/shop", "of": app});
        let server = github(&[(own, secrets(&[(VARIABLE, SECRET)]))]);
        let read = reading(settings.clone(), &server).await.unwrap();
        assert_eq!(hidden(&read).0.as_deref(), Some(SECRET));
        assert_eq!(
            paths(&server),
            [
                format!("/orgs/acme/{app}/secrets?per_page=100&page=1"),
                format!("/repos/acme/shop/{app}/secrets?per_page=100&page=1"),
            ]
        );

        // Of Actions alone the rotation thought.
        let server = github(&[("/actions/secrets", secrets(&[(VARIABLE, SECRET)]))]);
        let read = reading(settings.clone(), &server).await.unwrap();
        assert_eq!(told(&read.found), "absent");

        for (visibility, fixed_at) in [("all", Some(SECRET)), ("private", None), ("selected", None)]
        {
            let of = json!({"total_count": 1, "secrets": [{"name": VARIABLE, "created_at": EARLIER, "updated_at": SECRET, "visibility": visibility}]});
            let end = match app {
                "dependabot" => "/orgs/acme/dependabot/secrets",
                _ => "/orgs/acme/codespaces/secrets",
            };
            let server = github(&[(end, of)]);
            let read = reading(settings.clone(), &server).await.unwrap();
            assert_eq!(hidden(&read).0.as_deref(), fixed_at, "{visibility}");
        }
    }
}

#[test]
fn settings_that_cannot_be_meant_are_refused() {
    for settings in [
        json!({}),
        json!({"repository": "acme/shop", "organization": "acme"}),
        json!({"repository": "shop"}),
        json!({"repository": "acme/shop/x"}),
        json!({"repository": "acme/.."}),
        json!({"repository": "acme/sh op"}),
        json!({"organization": "a/b"}),
        json!({"organization": "acme", "environment": "production"}),
        json!({"repository": "acme/shop", "environment": ".."}),
        json!({"repository": "acme/shop", "environment": "production", "of": "dependabot"}),
        json!({"repository": "acme/shop", "kind": "variable", "of": "codespaces"}),
        json!({"repository": "acme/shop", "kind": "variable", "fingerprint": "X"}),
        json!({"repository": "acme/shop", "name": ""}),
    ] {
        let hop = try_hop("github_actions", settings.clone()).unwrap();
        assert!(hop.check().is_err(), "{settings}");
    }
}

#[test]
fn its_address_and_its_remedy_name_the_place() {
    for (settings, location, command) in [
        (
            json!({"repository": "acme/shop"}),
            "github_actions:acme/shop/secrets#ALLSTAK_API_KEY",
            "`gh secret set ALLSTAK_API_KEY --repo acme/shop < FILE`",
        ),
        (
            json!({"store": "ghes", "repository": "acme/shop", "environment": "production", "name": "K"}),
            "github_actions:ghes/acme/shop/environments/production/secrets#K",
            "`gh secret set K --repo acme/shop --env production < FILE`",
        ),
        (
            json!({"repository": "acme/shop", "of": "dependabot"}),
            "github_actions:acme/shop/dependabot/secrets#ALLSTAK_API_KEY",
            "`gh secret set ALLSTAK_API_KEY --repo acme/shop --app dependabot < FILE`",
        ),
        (
            json!({"organization": "acme", "kind": "variable"}),
            "github_actions:acme/variables#ALLSTAK_API_KEY",
            "`gh variable set ALLSTAK_API_KEY --org acme < FILE`",
        ),
    ] {
        let hop = hop("github_actions", settings);
        let at = At::of(VARIABLE);
        assert_eq!(hop.location(at), location);
        assert!(
            hop.remedy(at, &crate::source::Case::default())
                .contains(command),
            "{}",
            hop.remedy(at, &crate::source::Case::default())
        );
    }
}
