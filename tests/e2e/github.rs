//! GitHub through the program. The fake is shaped by GitHub's published API description; Prism, which
//! answers by the description itself, is in tests/github.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::server::{Answer, Asked, Server};
use crate::support::{CURRENT, OLD, Ran, Scene, fingerprint};

const TOKEN: &str = "github_pat_made_up";

const BEFORE: &str = "2026-10-01T00:00:00Z";
const AFTER: &str = "2026-11-21T00:00:00Z";

struct Github {
    server: Server,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Github {
    /// Lists by their paths. Whatever is not there is told as GitHub tells it.
    fn start(lists: &[(&str, Value)]) -> Self {
        let lists: BTreeMap<String, Value> = lists
            .iter()
            .map(|(path, list)| ((*path).to_owned(), list.clone()))
            .collect();
        Self::answering(move |asked, _| list(&lists, asked))
    }

    /// What it answers may depend on how many came before.
    fn answering(answer: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Self {
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&asked);
        let server = Server::new(move |asked| {
            if asked.header("authorization") != format!("Bearer {TOKEN}") {
                return refusal(401, "Bad credentials");
            }
            let before = {
                let mut log = log.lock().unwrap();
                log.push(asked.path.clone());
                log.len() - 1
            };
            answer(asked, before)
        });
        Self { server, asked }
    }

    /// Everything that was asked for with the token, sorted.
    fn asked(&self) -> Vec<String> {
        let mut asked = self.asked.lock().unwrap().clone();
        asked.sort();
        asked
    }
}

/// A page of a list.
fn list(lists: &BTreeMap<String, Value>, asked: &Asked) -> Answer {
    let (path, query) = asked.path.split_once('?').unwrap();
    let Some(Value::Array(all)) = lists.get(path) else {
        return refusal(404, "Not Found");
    };
    let number = |name: &str| -> usize {
        let pair = query.split('&').find_map(|pair| pair.strip_prefix(name));
        pair.unwrap().parse().unwrap()
    };
    let (per_page, page) = (number("per_page="), number("page="));
    let what = path.rsplit(['/', '-']).next().unwrap();
    assert!(per_page <= if what == "secrets" { 100 } else { 30 });
    let part: Vec<_> = all
        .iter()
        .skip((page - 1) * per_page)
        .take(per_page)
        .collect();
    Answer::status(
        200,
        json!({"total_count": all.len(), what: part}).to_string(),
    )
}

fn refusal(status: u16, message: &str) -> Answer {
    Answer::status(status, json!({"message": message}).to_string())
}

fn secret(name: &str, updated_at: &str) -> Value {
    json!({"name": name, "created_at": BEFORE, "updated_at": updated_at})
}

fn variable(name: &str, value: &str, updated_at: &str) -> Value {
    json!({"name": name, "value": value, "created_at": BEFORE, "updated_at": updated_at})
}

/// These hops, each a deployment.
fn audit(github: &Github, hops: &[String]) -> Ran {
    let deployments: String = hops
        .iter()
        .enumerate()
        .map(|(index, hop)| {
            format!(
                "  - {{ name: d{index}, project: checkout, route: [ {{ github_actions: {{ store: github, {hop} }} }} ] }}\n"
            )
        })
        .collect();
    let url = github.server.url("/api/v3");
    let ran = Scene::with(&format!(
        "version: 1
projects:
  checkout:
    variable: KEY
    rotated_at: 2026-11-20T09:00:00Z
    current: {{ file: {{ path: DIR/current }} }}
    previous: [ {{ file: {{ path: DIR/old }} }} ]
stores: {{ github: {{ github: {{ address: '{url}' }} }} }}
deployments:
{deployments}"
    ))
    .file("current", CURRENT)
    .file("old", OLD)
    .straggler(["audit", "-vvv", "-f", "json"])
    // GitHub's own token stays at GitHub.
    .env("GH_TOKEN", "ghp_of_another_host")
    .env("GH_ENTERPRISE_TOKEN", TOKEN)
    .run();
    for secret in [TOKEN, CURRENT, OLD] {
        assert!(!ran.to_string().contains(secret), "{ran}");
    }
    ran
}

#[test]
fn all_hops_of_a_repository_share_its_lists() {
    let many: Vec<_> = (0..150)
        .map(|index| secret(&format!("KEY_{index}"), AFTER))
        .collect();
    let github = Github::start(&[
        ("/api/v3/repos/acme/shop/actions/secrets", many.into()),
        (
            "/api/v3/repos/acme/shop/actions/organization-secrets",
            json!([]),
        ),
        (
            "/api/v3/repos/acme/shop/environments/production/secrets",
            json!([secret("KEY_7", BEFORE)]),
        ),
    ]);
    let mut hops: Vec<_> = (0..149)
        .map(|index| format!("repository: acme/shop, name: KEY_{index}"))
        .collect();
    hops.push("repository: acme/shop, environment: production, name: KEY_7".to_owned());
    hops.push("repository: acme/shop, environment: production, name: KEY_8".to_owned());
    hops.push("repository: acme/shop, name: NOT_THERE".to_owned());
    let report = audit(&github, &hops).ends(1).json();
    assert_eq!(
        github.asked(),
        [
            "/api/v3/repos/acme/shop/actions/organization-secrets?per_page=100&page=1",
            "/api/v3/repos/acme/shop/actions/secrets?per_page=100&page=1",
            "/api/v3/repos/acme/shop/actions/secrets?per_page=100&page=2",
            "/api/v3/repos/acme/shop/environments/production/secrets?per_page=100&page=1",
        ]
    );
    for index in 0..hops.len() {
        let expected = match index {
            149 => "stale",
            151 => "missing",
            _ => "unverified",
        };
        let deployment = &report["deployments"][index];
        assert_eq!(deployment["verdict"], expected, "{deployment:#}");
    }
    let shadowing = report["deployments"][149]["hops"][0]["message"]
        .as_str()
        .unwrap();
    assert!(
        shadowing.contains("the repository has one as well that loses to it"),
        "{shadowing}"
    );
}

#[test]
fn a_claim_is_shown_and_never_counts_as_proven() {
    let shop = "/api/v3/repos/acme/shop/actions";
    let github = Github::start(&[
        (
            &format!("{shop}/secrets"),
            json!([
                secret("CURRENT", AFTER),
                secret("OLD", AFTER),
                secret("LEFT", BEFORE)
            ]),
        ),
        (
            &format!("{shop}/organization-secrets"),
            json!([secret("CURRENT", BEFORE)]),
        ),
        (
            &format!("{shop}/variables"),
            json!([
                variable("CURRENT_SHA256", &fingerprint(CURRENT), AFTER),
                variable("OLD_SHA256", &fingerprint(OLD), AFTER),
            ]),
        ),
    ]);
    let hop = |name: &str, claim: &str| {
        format!("repository: acme/shop, name: {name}, fingerprint: {claim}_SHA256")
    };
    let hops = [
        hop("CURRENT", "CURRENT"),
        hop("OLD", "OLD"),
        // The rotation wrote the claim, and then failed to write the secret.
        hop("LEFT", "CURRENT"),
    ];
    let report = audit(&github, &hops).ends(1).json();
    for (index, (verdict, evidence)) in [
        ("current", "attested"),
        ("stale", "attested"),
        ("stale", "timestamp"),
    ]
    .into_iter()
    .enumerate()
    {
        let hop = &report["deployments"][index]["hops"][0];
        assert_eq!(
            (&hop["verdict"], &hop["evidence"]),
            (&verdict.into(), &evidence.into()),
            "{hop:#}"
        );
    }
    let message = report["deployments"][0]["hops"][0]["message"]
        .as_str()
        .unwrap();
    assert!(
        message.contains("claims to hold the current key"),
        "{message}"
    );
    assert!(
        message.contains("the variable CURRENT_SHA256 says so"),
        "{message}"
    );
    assert!(
        message.contains("the organization has an older one"),
        "{message}"
    );
    assert_eq!(report["summary"]["coverage"]["hops"]["proven"], 0);

    audit(&github, &hops[..1]).ends(3);
}

#[test]
fn values_are_proof_and_what_is_closed_is_never_missing() {
    let github = Github::start(&[
        (
            "/api/v3/repos/acme/shop/actions/variables",
            json!([
                variable("KEY", CURRENT, AFTER),
                variable("OTHER", OLD, AFTER)
            ]),
        ),
        ("/api/v3/repos/acme/shop/dependabot/secrets", json!([])),
        (
            "/api/v3/orgs/acme/actions/secrets",
            json!([secret("KEY", BEFORE)]),
        ),
    ]);
    let hops = [
        ("repository: acme/shop, kind: variable", "current"),
        (
            "repository: acme/shop, kind: variable, name: other",
            "stale",
        ),
        ("organization: acme", "stale"),
        ("repository: acme/shop, of: dependabot", "unreachable"),
        ("repository: acme/closed", "unreachable"),
        (
            "repository: acme/shop, environment: gone, kind: variable",
            "unreachable",
        ),
    ];
    let settings: Vec<_> = hops.iter().map(|(hop, _)| (*hop).to_owned()).collect();
    let report = audit(&github, &settings).ends(1).json();
    for (index, (hop, verdict)) in hops.iter().enumerate() {
        let deployment = &report["deployments"][index];
        assert_eq!(deployment["verdict"], *verdict, "{hop}: {deployment:#}");
    }
    let remedy = report["deployments"][4]["hops"][0]["remedy"]
        .as_str()
        .unwrap();
    assert!(
        remedy.contains("\"Secrets: read\", or correct `repository`"),
        "{remedy}"
    );
}

#[test]
fn when_it_has_enough_it_is_left_alone_and_asked_again() {
    let github = Github::answering(|asked, before| match before {
        0 => refusal(403, "You have exceeded a secondary rate limit.").header("Retry-After", "1"),
        1 => refusal(403, "API rate limit exceeded")
            .header("X-RateLimit-Remaining", "0")
            .header("X-RateLimit-Reset", "1"),
        _ => {
            let what = match asked.path.contains("variables") {
                true => json!([variable("KEY", CURRENT, AFTER)]),
                false => json!([]),
            };
            let path = asked.path.split('?').next().unwrap().to_owned();
            list(&BTreeMap::from([(path, what)]), asked)
        }
    });
    audit(
        &github,
        &["repository: acme/shop, kind: variable".to_owned()],
    )
    .ends(0);
    assert!(github.asked().len() >= 4, "{:?}", github.asked());
}
