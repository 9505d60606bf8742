//! Deployments that each have one hop, and what is said of it.

use serde_json::{Value, json};

use crate::server::Bao;
use crate::support::{CURRENT, OLD, Ran, Scene, Straggler};

/// A project whose current key lies in a file, so that hops prove something, and these stores.
pub fn scene(stores: &str, deployments: &[String]) -> Scene {
    Scene::with(&format!(
        "version: 1
projects:
  checkout:
    variable: KEY
    current: {{ file: {{ path: DIR/current }} }}
    previous: [ {{ file: {{ path: DIR/old }} }} ]
stores:
{stores}
deployments:
{}
",
        deployments.join("\n")
    ))
    .file("current", CURRENT)
    .file("old", OLD)
}

/// The store `prod`, with the token in `TOKEN`.
pub fn with_token(bao: &Bao) -> String {
    store(bao, "token: { env: TOKEN }")
}

pub fn store(bao: &Bao, settings: &str) -> String {
    store_at(&bao.url(), settings)
}

pub fn store_at(address: &str, settings: &str) -> String {
    format!("  prod: {{ vault: {{ address: '{address}', {settings} }} }}")
}

/// A deployment by the name of its path, with these settings beside.
pub fn deployment(path: &str, more: &str) -> String {
    named(path, path, more)
}

pub fn named(name: &str, path: &str, more: &str) -> String {
    format!(
        "  - {{ name: '{name}', project: checkout, \
         route: [ {{ vault: {{ store: prod, path: '{path}', field: api_key{more} }} }} ] }}"
    )
}

/// An audit of everything, with this token in `TOKEN`.
pub fn audit(scene: &Scene, token: &str) -> Straggler {
    let arguments = ["audit", "-f", "json", "--retries", "0"];
    scene.straggler(arguments).env("TOKEN", token)
}

/// What is said of a hop.
pub struct Told {
    pub name: String,
    pub verdict: String,
    pub message: String,
    pub remedy: String,
}

impl Told {
    /// Fails unless it could not be read, with these words of the cause and these of what to do.
    #[track_caller]
    pub fn is_unreachable(&self, message: &str, remedy: &str) {
        assert_eq!(self.verdict, "unreachable", "{self:?}");
        assert!(self.message.contains(message), "no {message:?} in {self:?}");
        assert!(self.remedy.contains(remedy), "no {remedy:?} in {self:?}");
    }
}

impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, verdict, .. } = self;
        write!(f, "{name}: {verdict}: {} → {}", self.message, self.remedy)
    }
}

/// What is said of each deployment's hop, in the order they are declared.
#[track_caller]
pub fn told(ran: &Ran) -> Vec<Told> {
    let report = ran.json();
    let deployments = report["deployments"].as_array().unwrap().iter();
    deployments
        .map(|deployment| {
            let hop = &deployment["hops"][0];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            Told {
                name: text(&deployment["name"]),
                verdict: text(&hop["verdict"]),
                message: text(&hop["message"]),
                remedy: text(&hop["remedy"]),
            }
        })
        .collect()
}

/// What is said of the one deployment that an audit ends with 3 for.
#[track_caller]
pub fn told_of(stores: &str, deployment: String, token: &str) -> Told {
    let ran = audit(&scene(stores, &[deployment]), token).run();
    for text in [&ran.stdout, &ran.stderr] {
        assert!(token.is_empty() || !text.contains(token), "{ran}");
    }
    told(&ran.ends(3)).pop().unwrap()
}

pub fn key(key: &str) -> Value {
    json!({"api_key": key, "owner": "payments"})
}
