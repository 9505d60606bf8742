//! Vercel through the program. The fake is shaped by the types of Vercel's published SDK, and checks the
//! token and the team.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::server::{Answer, Server};
use crate::support::{CURRENT, OLD, Ran, Scene};

const TOKEN: &str = "vercel_made_up";

/// The rotation was on 20 November 2026 at nine.
const BEFORE: i64 = 1_790_000_000_000;
const ROTATED: &str = "2026-11-20T09:00:00Z";
const CHANGED: i64 = 1_795_200_000_000;
const AFTER: i64 = 1_795_300_000_000;

struct Vercel {
    server: Server,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Vercel {
    fn start(pages: &[(&str, Value)]) -> Self {
        let pages: HashMap<String, Value> = pages
            .iter()
            .map(|(path, page)| ((*path).to_owned(), page.clone()))
            .collect();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&asked);
        let server = Server::new(move |asked| {
            let (path, query) = asked.path.split_once('?').unwrap();
            log.lock().unwrap().push(path.to_owned());
            if asked.header("authorization") != format!("Bearer {TOKEN}") {
                return refusal(403, "forbidden");
            }
            assert!(query.ends_with("slug=acme"), "{query}");
            match pages.get(path) {
                Some(page) => Answer::status(200, page.to_string()),
                None => refusal(404, "not_found"),
            }
        });
        Self { server, asked }
    }

    /// Every path that was asked for, sorted.
    fn asked(&self) -> Vec<String> {
        let mut asked = self.asked.lock().unwrap().clone();
        asked.sort();
        asked
    }
}

fn refusal(status: u16, code: &str) -> Answer {
    let body = json!({"error": {"code": code, "message": code}});
    Answer::status(status, body.to_string())
}

fn variable(key: &str, kind: &str, value: &str, changed: i64) -> Value {
    json!({
        "id": format!("env_{key}"), "key": key, "type": kind, "value": value, "decrypted": kind == "plain",
        "target": ["production"], "createdAt": BEFORE, "updatedAt": changed,
    })
}

fn deployment(id: &str, created: i64) -> Value {
    json!({"id": id, "createdAt": created, "buildingAt": created + 1000, "readyState": "READY", "alias": ["shop.example.com"]})
}

/// A project with these variables, whose domain leads to this deployment while another one is the latest.
fn shop(variables: Vec<Value>, served: Value) -> Vec<(&'static str, Value)> {
    let id = served["id"].clone();
    vec![
        (
            "/v10/projects/shop/env",
            json!({"envs": variables, "hiddenProductionEnvCount": 0}),
        ),
        (
            "/v9/projects/shop",
            json!({"id": "prj_1", "accountId": "team_1", "targets": {"production": deployment("dpl_latest", AFTER)}}),
        ),
        (
            "/v1/env",
            json!({"data": [], "pagination": {"count": 0, "next": null, "prev": null}}),
        ),
        (
            "/v4/aliases/shop.example.com",
            json!({"deploymentId": id, "projectId": "prj_1", "redirect": null}),
        ),
        ("/v13/deployments/dpl_old", served),
    ]
}

fn audit(vercel: &Vercel, routes: &[&str]) -> Ran {
    let deployments: String = routes
        .iter()
        .enumerate()
        .map(|(index, route)| {
            format!("  - {{ name: d{index}, project: checkout, route: [ {route} ] }}\n")
        })
        .collect();
    let url = vercel.server.url("");
    let ran = Scene::with(&format!(
        "version: 1
projects:
  checkout:
    variable: KEY
    rotated_at: {ROTATED}
    current: {{ file: {{ path: DIR/current }} }}
    previous: [ {{ file: {{ path: DIR/old }} }} ]
stores: {{ acme: {{ vercel: {{ address: '{url}', team: acme }} }} }}
deployments:
{deployments}"
    ))
    .file("current", CURRENT)
    .file("old", OLD)
    .straggler(["audit", "-vvv", "-f", "json"])
    .env("VERCEL_TOKEN", TOKEN)
    .run();
    for secret in [TOKEN, CURRENT, OLD] {
        assert!(!ran.to_string().contains(secret), "{ran}");
    }
    ran
}

const SET: &str = "{ vercel: { store: acme, project: shop } }";
const SERVES: &str = "{ vercel: { store: acme, project: shop, stage: running } }";

/// Verdict and evidence of each hop of the first deployment.
fn verdicts(report: &Value) -> Vec<(&str, &str)> {
    let hops = report["deployments"][0]["hops"].as_array().unwrap();
    hops.iter()
        .map(|hop| {
            (
                hop["verdict"].as_str().unwrap(),
                hop["evidence"].as_str().unwrap(),
            )
        })
        .collect()
}

#[test]
fn a_variable_that_was_changed_needs_a_deployment_from_after_it() {
    let plain = || vec![variable("KEY", "plain", CURRENT, CHANGED)];
    let route = format!("{SET}, {SERVES}");
    for (served, serves, code) in [
        (deployment("dpl_latest", AFTER), ("current", "timestamp"), 3),
        // Rolled back to what was there before the rotation.
        (deployment("dpl_old", BEFORE), ("stale", "timestamp"), 1),
        // From after the rotation, and from before the variable was changed.
        (
            deployment("dpl_old", CHANGED - 1000),
            ("unverified", "none"),
            3,
        ),
    ] {
        let vercel = Vercel::start(&shop(plain(), served));
        let report = audit(&vercel, &[&route]).ends(code).json();
        assert_eq!(
            verdicts(&report),
            [("current", "value"), serves],
            "{report:#}"
        );
        if code == 1 {
            let hop = &report["deployments"][0]["hops"][1];
            assert!(
                hop["remedy"].as_str().unwrap().contains("vercel redeploy"),
                "{hop:#}"
            );
            assert_eq!(report["deployments"][0]["broken_at"], 1);
        }
    }
}

#[test]
fn ciphertext_is_no_key_and_sensitive_variables_speak_by_time() {
    // Ciphertext that looks like a key, if anybody compared it.
    let mut pages = shop(
        vec![
            variable("KEY", "encrypted", OLD, CHANGED),
            variable("DECRYPTED", "encrypted", OLD, CHANGED),
            variable("OLD_SECRET", "sensitive", "", BEFORE),
            variable("NEW_SECRET", "sensitive", "", CHANGED),
            variable("SYSTEM", "system", OLD, CHANGED),
        ],
        deployment("dpl_latest", AFTER),
    );
    pages.push((
        "/v1/projects/shop/env/env_KEY",
        variable("KEY", "encrypted", OLD, CHANGED),
    ));
    let mut decrypted = variable("DECRYPTED", "encrypted", CURRENT, CHANGED);
    decrypted["decrypted"] = true.into();
    pages.push(("/v1/projects/shop/env/env_DECRYPTED", decrypted));
    let vercel = Vercel::start(&pages);
    let hops = [
        ("KEY", "unverified"),
        ("DECRYPTED", "current"),
        ("OLD_SECRET", "stale"),
        ("NEW_SECRET", "unverified"),
        ("SYSTEM", "unverified"),
        ("NOT_THERE", "missing"),
    ];
    let routes: Vec<_> = hops
        .iter()
        .map(|(name, _)| format!("{{ vercel: {{ store: acme, project: shop, name: {name} }} }}"))
        .collect();
    let routes: Vec<_> = routes.iter().map(String::as_str).collect();
    let report = audit(&vercel, &routes).ends(1).json();
    for (index, (name, verdict)) in hops.iter().enumerate() {
        let deployment = &report["deployments"][index];
        assert_eq!(deployment["verdict"], *verdict, "{name}: {deployment:#}");
    }
    assert_eq!(
        vercel.asked(),
        [
            "/v1/env",
            "/v1/projects/shop/env/env_DECRYPTED",
            "/v1/projects/shop/env/env_KEY",
            "/v10/projects/shop/env",
            "/v9/projects/shop",
        ]
    );
}

#[test]
fn a_sensitive_variable_passes_its_time_on_to_what_serves() {
    for (changed, verdict) in [(BEFORE, "stale"), (CHANGED, "unverified")] {
        let sensitive = variable("KEY", "sensitive", "", changed);
        let vercel = Vercel::start(&shop(vec![sensitive], deployment("dpl_latest", AFTER)));
        let report = audit(&vercel, &[SERVES]).json();
        assert_eq!(verdicts(&report)[0].0, verdict, "{report:#}");
    }
}

#[test]
fn what_is_closed_or_serves_nothing_is_unreachable() {
    let vercel = Vercel::start(&[
        (
            "/v9/projects/idle",
            json!({"id": "prj_2", "accountId": "person", "targets": {}}),
        ),
        ("/v10/projects/idle/env", json!({"envs": []})),
    ]);
    let idle = SERVES.replace("shop", "idle");
    let report = audit(&vercel, &[SET, &idle]).ends(3).json();
    for index in 0..2 {
        assert_eq!(
            report["deployments"][index]["verdict"], "unreachable",
            "{report:#}"
        );
    }
    assert!(
        report
            .to_string()
            .contains("no deployment of idle serves production")
    );
}
