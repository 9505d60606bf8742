//! The committed schemas are those of this program, and what it reads and writes fits them.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{CURRENT, OLD, Scene};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn schema(of: &str) -> Value {
    Scene::new().run(["schema", of]).ends(0).json()
}

/// What the instance violates.
fn violations(schema: Value, instance: &Value) -> Option<String> {
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.set_default_draft(boon::Draft::V2020_12);
    compiler.enable_format_assertions();
    compiler.add_resource("schema.json", schema).unwrap();
    let index = compiler.compile("schema.json", &mut schemas).unwrap();
    schemas
        .validate(instance, index)
        .err()
        .map(|error| error.to_string())
}

#[test]
fn the_committed_schemas_are_fresh() {
    for of in ["targets", "report"] {
        let path = root().join(format!("docs/{of}.schema.json"));
        let printed = Scene::new().run(["schema", of]).ends(0).stdout;
        if std::env::var_os("STRAGGLER_BLESS").is_some() {
            fs::write(&path, &printed).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == printed,
            "docs/{of}.schema.json is out of date: `cargo run -- schema {of} > docs/{of}.schema.json`"
        );
    }
}

#[test]
fn the_example_fits_its_schema() {
    let text = fs::read_to_string(root().join("targets.example.yaml")).unwrap();
    let example: Value = serde_yaml::from_str(&text).unwrap();
    assert_eq!(violations(schema("targets"), &example), None);
}

#[test]
fn the_schema_refuses_what_the_program_refuses() {
    let sound = "version: 1
projects: { shop: { variable: KEY, current: { env: {} } } }
deployments: [ { name: web, project: shop, route: [ { env: {} } ] } ]
";
    let judge = |text: &str| {
        let yaml: Value = serde_yaml::from_str(text).unwrap();
        let fits = violations(schema("targets"), &yaml).is_none();
        let scene = Scene::with(text);
        let code = scene.run(["config", "check"]).status.code();
        (fits, code)
    };
    assert_eq!(judge(sound), (true, Some(0)));
    for (from, to) in [
        ("variable", "varaible"),
        ("version: 1", "version: 2"),
        ("{ env: {} } ]", "{ env: {}, file: { path: a } } ]"),
        ("[ { env: {} } ]", "[]"),
        ("{ env: {} } ]", "{ env: { name: KEY } } ]"),
        ("name: web", "name: web, expect: perfection"),
    ] {
        assert_eq!(judge(&sound.replace(from, to)), (false, Some(2)), "{to}");
    }
}

#[test]
fn a_real_report_fits_its_schema() {
    let scene = Scene::with(
        "version: 1
projects:
  shop:
    variable: KEY
    format: '^ask_live_[A-Za-z0-9]{32}$'
    rotated_at: 2026-11-20T09:00:00Z
    current: { file: { path: DIR/current } }
    previous: [ { file: { path: DIR/old }, revoked_at: 2999-01-01T00:00:00Z } ]
    environments: { staging: { current: { env: { variable: NOT_SET } } } }
deployments:
  - { name: good, project: shop, owner: o, labels: { tier: '1' }, route: [ { file: { path: DIR/current } } ] }
  - { matrix: { name: [a, b], region: [eu] }, project: shop, route: [ { file: { path: 'DIR/${name}' } }, { file: { path: 'DIR/many/*' } } ] }
  - { name: waived, project: shop, route: [ { file: { path: DIR/old } } ], waive: { verdicts: [stale], reason: r, owner: o, until: 2999-01-01 } }
  - { name: stage, project: shop, environment: staging, route: [ { file: { path: DIR/current } } ] }
  - { name: lost, project: shop, route: [ { file: { path: DIR/many } } ] }
",
    )
    .file("current", CURRENT)
    .file("old", OLD)
    .file("a", format!("\"{CURRENT}\"\n"))
    .file("b", OLD)
    .file("many/one", CURRENT)
    .file("many/two", OLD);
    let report = scene.run(["audit", "-f", "json"]).ends(1).json();
    assert_eq!(report["schema"], "straggler.report/v1");
    assert_eq!(report["deployments"].as_array().unwrap().len(), 6);
    assert_eq!(violations(schema("report"), &report), None);
    // A schema that takes anything would have passed as well.
    let mut broken = report.clone();
    broken["deployments"][0]["verdict"] = "splendid".into();
    assert!(violations(schema("report"), &broken).is_some());
    let mut broken = report;
    broken["summary"]
        .as_object_mut()
        .unwrap()
        .remove("coverage");
    assert!(violations(schema("report"), &broken).is_some());
}
