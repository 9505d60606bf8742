//! The example does what the README shows.

#![expect(clippy::unwrap_used, reason = "a test ends where its world breaks")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const TARGETS: &str = "targets.example.yaml";

/// As a newcomer runs it, but for the building.
fn audit(folder: &Path, targets: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_straggler"))
        .arg("audit")
        .arg("--config")
        .arg(targets)
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .current_dir(folder)
        .output()
        .unwrap()
}

fn root() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// `UPDATE=1` writes it.
#[test]
fn the_readme_shows_what_is_printed() {
    let output = audit(&root(), Path::new(TARGETS), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(output.stderr), "");
    let printed = format!("```text\n{}```\n", text(output.stdout));

    let path = root().join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let [start, end] = ["<!-- example -->\n", "<!-- /example -->"];
    let (before, rest) = readme.split_once(start).unwrap();
    let (shown, after) = rest.split_once(end).unwrap();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, format!("{before}{start}{printed}{end}{after}")).unwrap();
        return;
    }
    assert_eq!(
        shown, printed,
        "run `UPDATE=1 cargo test --test example` if this is meant"
    );
}

#[test]
fn it_fits_eighty_columns() {
    let output = audit(&root(), Path::new(TARGETS), &[]);
    for line in text(output.stdout).lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn it_shows_every_verdict_that_a_hop_can_have() {
    let output = audit(&root(), Path::new(TARGETS), &["--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let verdicts: BTreeSet<_> = report["deployments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|deployment| deployment["verdict"].as_str().unwrap())
        .collect();
    let all = [
        "revoked",
        "stale",
        "wrong-project",
        "malformed",
        "missing",
        "unknown",
        "unreachable",
        "unverified",
        "current",
    ];
    assert_eq!(verdicts, BTreeSet::from(all));
}

#[test]
fn it_says_the_same_from_anywhere_and_under_both_names() {
    let elsewhere = tempfile::tempdir().unwrap();
    let verdicts = |folder: &Path, targets: &Path| -> Vec<Value> {
        let output = audit(folder, targets, &["--format", "json"]);
        assert_eq!(output.status.code(), Some(1));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let deployments = report["deployments"].as_array().unwrap();
        deployments
            .iter()
            .map(|deployment| deployment["verdict"].clone())
            .collect()
    };
    let here = verdicts(&root(), Path::new(TARGETS));
    assert_eq!(here.len(), 11);
    let inner = root().join("docs/example");
    assert_eq!(verdicts(&inner, Path::new("targets.yaml")), here);
    assert_eq!(verdicts(elsewhere.path(), &root().join(TARGETS)), here);
}

/// `UPDATE=1` writes it. What differs from run to run is written as one of them had it.
#[test]
fn the_walk_ends_where_its_page_says() {
    let source = root().join("docs/example/route");
    let folder = tempfile::tempdir().unwrap();
    for name in ["walk", "targets.yaml"] {
        fs::copy(source.join(name), folder.path().join(name)).unwrap();
    }
    let output = Command::new(folder.path().join("walk"))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("STRAGGLER", env!("CARGO_BIN_EXE_straggler"))
        .output()
        .unwrap();
    let (walked, said) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{walked}{said}");
    let same = |pattern: &str, text: &str, with: &str| {
        let pattern = regex::Regex::new(pattern).unwrap();
        pattern.replace_all(text, with).into_owned()
    };
    let walked = same(r"sleep/\d+", &walked, "sleep/4242");
    let walked = same(r"20\d\d-\d\d-\d\dT[\d:]+Z", &walked, "2025-11-20T09:00:07Z");
    let printed = format!("```text\n{}```\n", walked.trim_start());

    let path = source.join("README.md");
    let page = fs::read_to_string(&path).unwrap();
    let [start, end] = ["<!-- walk -->\n", "<!-- /walk -->"];
    let (before, rest) = page.split_once(start).unwrap();
    let (shown, after) = rest.split_once(end).unwrap();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, format!("{before}{start}{printed}{end}{after}")).unwrap();
        return;
    }
    assert_eq!(
        shown, printed,
        "run `UPDATE=1 cargo test --test example` if this is meant"
    );
}
