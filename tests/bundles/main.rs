//! Real builds: Vite and Next, served by their own servers, and webpack. tests/setup/bundles installs them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where its world breaks"
)]

mod next;
mod node;
mod packages;
#[path = "../e2e/support/mod.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod support;
mod vite;
mod webpack;

use serde_json::Value;

use support::{CURRENT, OLD, Ran, Scene};

/// One deployment for each of these hops, in this order.
fn audit(variable: &str, hops: &[String]) -> Ran {
    let deployments: String = hops
        .iter()
        .enumerate()
        .map(|(index, hop)| {
            format!("  - {{ name: d{index}, project: checkout, route: [ {{ bundle: {hop} }} ] }}\n")
        })
        .collect();
    Scene::with(&format!(
        "version: 1
projects:
  checkout:
    variable: {variable}
    format: '^ask_live_[A-Za-z0-9]{{32}}$'
    current: {{ file: {{ path: DIR/current }} }}
    previous: [ {{ file: {{ path: DIR/old }} }} ]
deployments:
{deployments}"
    ))
    .file("current", CURRENT)
    .file("old", OLD)
    .run(["audit", "-f", "json", "-vvv", "--timeout", "10m"])
}

/// The verdict on each deployment, and the files that were found.
#[track_caller]
fn finds(ran: &Ran, expected: &[(&str, &[&str])]) {
    let report = ran.json();
    let deployments = report["deployments"].as_array().unwrap();
    assert_eq!(deployments.len(), expected.len());
    for (deployment, (verdict, replicas)) in deployments.iter().zip(expected) {
        assert_eq!(deployment["verdict"], *verdict, "{ran}");
        let readings = deployment["hops"][0]["readings"].as_array().unwrap();
        let replica = |reading: &Value| reading["replica"].as_str().unwrap_or("").to_owned();
        let found: Vec<_> = readings.iter().map(replica).collect();
        assert_eq!(found.len(), replicas.len(), "{found:?}: {ran}");
        for (found, part) in found.iter().zip(*replicas) {
            assert!(found.contains(part), "no {part} in {found:?}: {ran}");
        }
    }
}
