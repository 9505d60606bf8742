//! Doppler through the program. The fake is shaped by Doppler's API documentation, and checks tokens.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::server::{Answer, Asked, Server};
use crate::support::{CURRENT, OLD, Scene, Straggler};

/// Of a service token, which belongs to one config, and of a person.
const SERVICE: &str = "dp.st.prd.made-up";
const PERSONAL: &str = "dp.pt.made-up";

const SECRETS: &str = "/v3/configs/config/secrets?";

struct Doppler {
    server: Server,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Doppler {
    /// Which has enough of the first so many requests.
    fn start(busy: usize) -> Self {
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&asked);
        let server = Server::new(move |asked| {
            let before = {
                let mut log = log.lock().unwrap();
                log.push(asked.path.clone());
                log.len() - 1
            };
            if before < busy {
                let answer = refusal(429, "Too many requests, please try again later.");
                return answer.header("retry-after", "1");
            }
            answer(asked)
        });
        Self { server, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(asked: &Asked) -> Answer {
    let query = asked.path.strip_prefix(SECRETS).unwrap();
    // Anything else would issue leases.
    let place = query.strip_suffix("include_dynamic_secrets=false").unwrap();
    let token = asked.header("authorization").strip_prefix("Bearer ");
    match (token, place) {
        (Some(SERVICE), "" | "project=checkout&config=prd&") => config(true),
        (Some(SERVICE), _) => closed(),
        (Some(PERSONAL), "project=checkout&config=prd&") => config(false),
        (Some(PERSONAL), "project=checkout&config=gone&") => {
            refusal(404, "Could not find requested config 'gone'")
        }
        (Some(PERSONAL), _) => closed(),
        _ => refusal(401, "Invalid Auth token"),
    }
}

fn config(service: bool) -> Answer {
    let kept = |visibility: &str, value: &str| {
        let value = (service || visibility != "restricted").then_some(value);
        json!({
            "raw": value, "computed": value, "note": "",
            "rawVisibility": visibility, "computedVisibility": visibility,
        })
    };
    let mut secrets = json!({
        "DOPPLER_CONFIG": kept("unmasked", "prd"),
        "OLD": kept("masked", OLD),
        "RESTRICTED": kept("restricted", CURRENT),
        "REFERENCE": kept("masked", CURRENT),
    });
    // What a program gets is the value, not how it is written.
    secrets["REFERENCE"]["raw"] = "${checkout.prd.KEY}".into();
    for index in 0..40 {
        secrets[format!("KEY_{index}")] = kept("masked", CURRENT);
    }
    json_answer(200, &json!({"secrets": secrets, "success": true}))
}

fn closed() -> Answer {
    refusal(
        400,
        "This token does not have access to requested config 'x'",
    )
}

fn refusal(status: u16, message: &str) -> Answer {
    json_answer(status, &json!({"messages": [message], "success": false}))
}

fn json_answer(status: u16, body: &Value) -> Answer {
    Answer::status(status, body.to_string()).header("Content-Type", "application/json")
}

/// These hops, each a deployment.
fn scene(hops: &[String]) -> Scene {
    let deployments: String = hops
        .iter()
        .enumerate()
        .map(|(index, hop)| {
            format!(
                "  - {{ name: d{index}, project: checkout, route: [ {{ doppler: {hop} }} ] }}\n"
            )
        })
        .collect();
    Scene::with(&format!(
        "version: 1
projects:
  checkout:
    variable: KEY
    current: {{ file: {{ path: DIR/current }} }}
    previous: [ {{ file: {{ path: DIR/old }} }} ]
deployments:
{deployments}"
    ))
    .file("current", CURRENT)
    .file("old", OLD)
}

fn audit(scene: &Scene, doppler: &Doppler, token: &str) -> Straggler {
    scene
        .straggler(["audit", "-vvv", "-f", "json"])
        .env("DOPPLER_API_HOST", doppler.server.url(""))
        .env("DOPPLER_TOKEN", token)
}

#[test]
fn all_names_of_a_config_are_one_call() {
    let doppler = Doppler::start(0);
    let mut hops: Vec<_> = (0..40)
        .map(|index| format!("{{ name: KEY_{index} }}"))
        .collect();
    hops.extend(
        ["OLD", "RESTRICTED", "REFERENCE", "NOT_THERE"].map(|name| format!("{{ name: {name} }}")),
    );
    let scene = scene(&hops);
    let ran = audit(&scene, &doppler, SERVICE).run().ends(1);
    assert_eq!(
        doppler.asked(),
        [format!("{SECRETS}include_dynamic_secrets=false")]
    );
    let report = ran.json();
    for index in 0..hops.len() {
        let verdict = match index {
            40 => "stale",
            43 => "missing",
            _ => "current",
        };
        let deployment = &report["deployments"][index];
        assert_eq!(deployment["verdict"], verdict, "{deployment:#}");
    }
    for secret in [SERVICE, CURRENT, OLD] {
        assert!(!ran.to_string().contains(secret), "{ran}");
    }
}

#[test]
fn what_is_restricted_denied_or_not_there_is_never_missing() {
    let doppler = Doppler::start(0);
    let hops = [
        "{ project: checkout, config: prd, name: KEY_1 }",
        "{ project: checkout, config: prd, name: RESTRICTED }",
        "{ project: checkout, config: gone, name: KEY_1 }",
        "{ project: shop, config: prd, name: KEY_1 }",
        "{ name: KEY_1 }",
    ]
    .map(str::to_owned);
    let scene = scene(&hops);
    let ran = audit(&scene, &doppler, PERSONAL).run().ends(3);
    let report = ran.json();
    for (index, (verdict, said)) in [
        ("current", ""),
        (
            "unverified",
            "a restricted secret is read with a service token",
        ),
        ("unreachable", "Could not find requested config 'gone'"),
        (
            "unreachable",
            "give the token read access to the config prd of shop",
        ),
        ("unreachable", "name `project` and `config`"),
    ]
    .into_iter()
    .enumerate()
    {
        let deployment = &report["deployments"][index];
        assert_eq!(deployment["verdict"], verdict, "{deployment:#}");
        assert!(
            deployment.to_string().contains(said),
            "{said}: {deployment:#}"
        );
    }
    assert_eq!(doppler.asked().len(), 3);
    assert!(!ran.to_string().contains(PERSONAL), "{ran}");
}

#[test]
fn a_project_and_a_config_of_the_environment_go_with_its_token() {
    let doppler = Doppler::start(0);
    let said = scene(&["{ name: KEY_1 }".to_owned()]);
    audit(&said, &doppler, PERSONAL)
        .env("DOPPLER_PROJECT", "checkout")
        .env("DOPPLER_CONFIG", "prd")
        .run()
        .ends(0);
    let place = "project=checkout&config=prd&include_dynamic_secrets=false";
    assert_eq!(doppler.asked(), [format!("{SECRETS}{place}")]);

    // Elsewhere, `KEY_1` is something else.
    let doppler = Doppler::start(0);
    let stored = Scene::with(
        "version: 1
projects: { checkout: { variable: KEY_1, current: { file: { path: DIR/current } } } }
stores: { own: { doppler: { token: { env: OWN } } } }
deployments: [ { name: d, project: checkout, route: [ { doppler: { store: own } } ] } ]
",
    )
    .file("current", CURRENT);
    audit(&stored, &doppler, "dp.pt.of-another-project")
        .env("OWN", SERVICE)
        .env("DOPPLER_PROJECT", "shop")
        .env("DOPPLER_CONFIG", "dev")
        .run()
        .ends(0);
    assert_eq!(
        doppler.asked(),
        [format!("{SECRETS}include_dynamic_secrets=false")]
    );
}

#[test]
fn a_token_that_is_not_taken_or_not_there_is_said() {
    let doppler = Doppler::start(0);
    let scene = scene(&["{ name: KEY_1 }".to_owned()]);
    audit(&scene, &doppler, "dp.st.ended")
        .run()
        .ends(3)
        .prints("Invalid Auth token")
        .prints("renew the token");
    audit(&scene, &doppler, "")
        .run()
        .ends(3)
        .prints("set DOPPLER_TOKEN");
    assert_eq!(doppler.asked().len(), 1);
}

#[test]
fn when_it_has_enough_it_is_left_alone_and_asked_again() {
    let doppler = Doppler::start(1);
    let scene = scene(&["{ name: KEY_1 }".to_owned(), "{ name: KEY_2 }".to_owned()]);
    let started = std::time::Instant::now();
    audit(&scene, &doppler, SERVICE).run().ends(0);
    assert_eq!(doppler.asked().len(), 2);
    assert!(
        started.elapsed().as_millis() >= 1000,
        "{:?}",
        started.elapsed()
    );
}
