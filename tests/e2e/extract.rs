//! A key that is a part of what is read, taken out of it step by step.

use data_encoding::BASE64;
use serde_json::Value;

use crate::support::{CURRENT, OLD, Scene};

/// The one hop of a deployment, which reads this file.
fn hop(beside: &str, file: &str) -> Value {
    let targets = format!(
        "version: 1
projects:
  shop:
    variable: KEY
    current: {{ file: {{ path: current }}, trim: newline }}
    previous: [ {{ file: {{ path: old }} }} ]
deployments: [ {{ name: web, project: shop, route: [ {{ file: {{ path: here }}, {beside} }} ] }} ]
"
    );
    let scene = Scene::with(&targets)
        .file("current", format!("{CURRENT}\n"))
        .file("old", OLD)
        .file("here", file);
    let mut report = scene.run(["audit", "-f", "json"]).json();
    report["deployments"][0]["hops"][0].take()
}

/// Each kind: the step, and a text that holds the key, with an escape for a line end where it has one.
fn kinds(key: &str, line_end: bool) -> Vec<(&'static str, String)> {
    let end = if line_end { "\\n" } else { "" };
    let mut kinds = vec![
        (
            "{ json: /a/k }",
            format!("{{\"a\": {{\"k\": \"{key}{end}\"}}}}"),
        ),
        (
            "{ json: /a/k }",
            format!("\u{feff}{{ // .NET\n\"a\": {{\"k\": \"{key}{end}\",}}}}"),
        ),
        (
            "{ yaml: /a/k }",
            format!("a:\n  x: 1\n  k: \"{key}{end}\"\n"),
        ),
        (
            "{ toml: /a/k }",
            format!("[a]\nx = 1\nk = \"{key}{end}\"\n"),
        ),
        ("{ properties: a.k }", format!("a.x=1\na.k = {key}{end}\n")),
        (
            "{ dotenv: K, dialect: python-dotenv }",
            format!("X=1\nK=\"{key}{end}\"\n"),
        ),
    ];
    if !line_end {
        kinds.push(("{ ini: /a/k }", format!("; c\n[a]\nx = 1\nk = {key}\n")));
        kinds.push(("{ dotenv: K, dialect: docker }", format!("K={key}\n")));
    }
    kinds
}

#[test]
fn every_kind_is_judged_by_what_its_reader_gets() {
    for (step, text) in kinds(CURRENT, false) {
        let hop = hop(&format!("extract: {step}"), &text);
        assert_eq!(hop["verdict"], "current", "{step}: {hop:#}");
        assert_eq!(hop["evidence"], "value", "{step}");
    }
    for (step, text) in kinds(OLD, false) {
        let hop = hop(&format!("extract: {step}"), &text);
        assert_eq!(hop["verdict"], "stale", "{step}: {hop:#}");
        let remedy = hop["remedy"].as_str().unwrap();
        assert!(
            remedy.starts_with("make the ") && remedy.contains("leave the rest as it is"),
            "{step}: {remedy}"
        );
    }
    for (step, text) in kinds(CURRENT, true) {
        let damaged = hop(&format!("extract: {step}"), &text);
        assert_eq!(damaged["verdict"], "malformed", "{step}: {damaged:#}");
        assert_eq!(damaged["damage"][0], "trailing-newline", "{step}");
        let trimmed = hop(&format!("extract: {step}, trim: newline"), &text);
        assert_eq!(trimmed["verdict"], "current", "{step}: {trimmed:#}");
    }
}

#[test]
fn what_is_not_there_is_missing_and_what_cannot_be_read_unreachable() {
    for (step, absent, broken) in [
        ("{ yaml: /a/k }", "a: { x: 1 }", "a: [ 1"),
        ("{ toml: /a/k }", "[a]\nx = 1", "[a\nx = 1"),
        ("{ ini: /a/k }", "[a]\nx = 1", "[a\nx = 1"),
        ("{ properties: a.k }", "a.x = 1", "a.x = \\u1"),
        ("{ dotenv: K, dialect: docker }", "X=1", "K K=1"),
    ] {
        let beside = format!("extract: {step}");
        assert_eq!(hop(&beside, absent)["verdict"], "missing", "{step}");
        let broken = hop(&beside, broken);
        assert_eq!(broken["verdict"], "unreachable", "{step}: {broken:#}");
        assert!(
            broken["message"].as_str().unwrap().contains("line 1"),
            "{step}: {broken:#}"
        );
    }
}

#[test]
fn a_pull_secret_is_read_through_its_encoding() {
    let steps = r"extract: [ { json: /auths/r.example/auth }, { decode: base64 }, { pattern: '(?s)^[^:]*:(.*)' } ]";
    let document = |password: &str| {
        let auth = BASE64.encode(format!("robot:{password}").as_bytes());
        serde_json::json!({"auths": {"r.example": {"auth": auth}}}).to_string()
    };
    assert_eq!(hop(steps, &document(CURRENT))["verdict"], "current");
    let damaged = hop(steps, &document(&format!("{CURRENT}\n")));
    assert_eq!(damaged["verdict"], "malformed");
    assert_eq!(damaged["damage"][0], "trailing-newline");
    let stale = hop(steps, &document(OLD));
    assert_eq!(stale["verdict"], "stale");
    let remedy = stale["remedy"].as_str().unwrap();
    assert!(
        remedy.contains("in the decoded form of the member /auths/r.example/auth in ")
            && remedy.contains("put it back in base64"),
        "{remedy}"
    );
    assert_eq!(hop(steps, r#"{"auths": {}}"#)["verdict"], "missing");
}

#[test]
fn what_is_trimmed_alone_is_all_of_the_place() {
    let text = format!("{CURRENT}\n");
    assert_eq!(hop("expect: current", &text)["verdict"], "malformed");
    assert_eq!(hop("trim: newline", &text)["verdict"], "current");
    let crlf = format!("{CURRENT}\r\n");
    assert_eq!(hop("trim: newline", &crlf)["verdict"], "malformed");
    assert_eq!(hop("trim: whitespace", &crlf)["verdict"], "current");
    let stale = hop("trim: newline", &format!("{OLD}\n"));
    let remedy = stale["remedy"].as_str().unwrap();
    assert!(remedy.contains("write the current key to "), "{remedy}");
}
