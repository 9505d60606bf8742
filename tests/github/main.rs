//! GitHub, as its published API description plays it: the real program against Prism, which refuses every
//! request that the description does not have.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where its world breaks"
)]

mod prism;
#[expect(dead_code, reason = "these tests need a part of it")]
#[path = "../e2e/support/mod.rs"]
mod support;

use std::collections::BTreeSet;

use serde_json::Value;

use prism::Prism;
use support::{Ran, Scene};

const TOKEN: &str = "ghp_made_up";

/// The hops, what they are in the description's examples, and what that is for a key of 2020.
const HOPS: [(&str, &str); 12] = [
    ("{ repository: octo-org/app, name: GH_TOKEN }", "stale"),
    ("{ repository: octo-org/app, name: NOT_THERE }", "missing"),
    (
        "{ repository: octo-org/app, environment: a/b, name: GH_TOKEN }",
        "stale",
    ),
    (
        "{ repository: octo-org/app, kind: variable, name: username }",
        "current",
    ),
    (
        "{ repository: octo-org/app, kind: variable, name: EMAIL }",
        "unknown",
    ),
    (
        "{ repository: octo-org/app, environment: a/b, kind: variable, name: USERNAME }",
        "current",
    ),
    (
        "{ repository: octo-org/app, of: dependabot, name: AZURE_DEVOPS_PAT }",
        "stale",
    ),
    (
        "{ repository: octo-org/app, of: codespaces, name: GH_TOKEN }",
        "stale",
    ),
    // The organization has it, for some repositories.
    (
        "{ repository: octo-org/app, of: dependabot, name: GH_TOKEN }",
        "unverified",
    ),
    ("{ organization: octo-org, name: GH_TOKEN }", "stale"),
    (
        "{ organization: octo-org, kind: variable, name: USERNAME }",
        "current",
    ),
    // No claim of that name is there, and the secret is newer than the key.
    (
        "{ repository: octo-org/app, name: GIST_ID, fingerprint: CLAIM }",
        "unverified",
    ),
];

fn audit(prism: &Prism) -> Ran {
    let deployments: String = HOPS
        .iter()
        .enumerate()
        .map(|(index, (hop, _))| {
            format!(
                "  - {{ name: d{index}, project: p, route: [ {{ github_actions: {hop} }} ] }}\n"
            )
        })
        .collect();
    let url = prism.url();
    let scene = Scene::with(&format!(
        "version: 1
projects: {{ p: {{ variable: KEY, rotated_at: 2020-01-11T00:00:00Z, current: {{ file: {{ path: DIR/current }} }} }} }}
stores: {{ github: {{ github: {{ address: '{url}', token: {{ env: TOKEN }} }} }} }}
deployments:
{deployments}"
    ).replace("{ github_actions: {", "{ github_actions: { store: github,"))
    .file("current", "octocat");
    let ran = scene
        .straggler(["audit", "-f", "json", "--retries", "0"])
        .env("TOKEN", TOKEN)
        .run();
    assert!(!ran.to_string().contains(TOKEN), "{ran}");
    ran
}

#[test]
#[ignore = "needs Prism, which tests/run installs"]
fn every_request_is_in_githubs_description_and_every_page_as_large_as_it_may_be() {
    let prism = Prism::start("code=200");
    let report = audit(&prism).ends(1).json();
    for (index, (hop, verdict)) in HOPS.iter().enumerate() {
        let deployment = &report["deployments"][index];
        assert_eq!(deployment["verdict"], *verdict, "{hop}: {deployment:#}");
    }

    let description = Prism::description();
    let mut asked = BTreeSet::new();
    let seen = prism.seen();
    for request in &seen {
        assert_eq!(request.status, 200, "{}: {}", request.path, request.answer);
        let (path, query) = request.path.split_once('?').unwrap();
        let template = template(&description, path);
        let most = most_of(&description, &template);
        assert_eq!(query, format!("per_page={most}&page=1"), "{template}");
        asked.insert(template);
    }
    assert_eq!(asked.len(), 12, "{asked:?}");
    // Every list once, though most are needed by several hops; one is looked through for a claim as well.
    assert_eq!(seen.len(), 13);
}

#[test]
#[ignore = "needs Prism, which tests/run installs"]
fn answers_that_fit_the_description_and_not_each_other_are_no_absence() {
    let prism = Prism::start("dynamic=true");
    let report = audit(&prism).ends(3).json();
    for (index, (hop, _)) in HOPS.iter().enumerate() {
        let deployment = &report["deployments"][index];
        assert_eq!(
            deployment["verdict"], "unreachable",
            "{hop}: {deployment:#}"
        );
    }
    assert!(prism.seen().iter().all(|request| request.status == 200));
}

/// The path in the description that this is one of.
fn template(description: &Value, path: &str) -> String {
    let parts: Vec<_> = path.split('/').collect();
    let fits = |template: &str| {
        let named: Vec<_> = template.split('/').collect();
        let same = |(name, part): (&&str, &&str)| name.starts_with('{') || name == part;
        named.len() == parts.len() && named.iter().zip(&parts).all(same)
    };
    let paths = description["paths"].as_object().unwrap();
    let found = paths.keys().find(|template| fits(template));
    found.unwrap_or_else(|| panic!("no {path}")).clone()
}

/// How many names a page may have. That stands in words only.
fn most_of(description: &Value, template: &str) -> usize {
    let parameters = description["paths"][template]["get"]["parameters"].as_array();
    let resolved = parameters.unwrap().iter().map(|parameter| {
        let reference = parameter["$ref"].as_str();
        reference.map_or(parameter, |path| description.pointer(&path[1..]).unwrap())
    });
    let mut per_page = resolved.filter(|parameter| parameter["name"] == "per_page");
    let words = per_page.next().unwrap()["description"].as_str().unwrap();
    let (_, most) = words.split_once("(max ").unwrap();
    most.split(')').next().unwrap().parse().unwrap()
}
