use proptest::prelude::*;
use serde_json::Value;

use super::super::testing::{any_plan, mixed, planned};
use super::super::{Look, Shown};
use super::{FORMAT, escape, schema};
use crate::audit::Audit;
use crate::gate::testing::{Scene, current, failed, hop, stale};
use crate::text::escape;
use crate::verdict::Evidence;

fn text(audit: &Audit) -> String {
    let mut out = Vec::new();
    let look = Look {
        width: 80,
        colour: true,
    };
    (FORMAT.make)(look)
        .write(Shown::all(audit), &mut out)
        .unwrap();
    String::from_utf8(out).unwrap()
}

fn json(audit: &Audit) -> Value {
    serde_json::from_str(&text(audit)).unwrap()
}

#[test]
fn one_line_for_each_project_and_deployment() {
    let audit = Scene::new()
        .project("shop")
        .deploy(
            "cart",
            [
                hop("vault", [current().on(Evidence::Reference)])
                    .location("vault:secret/shop#api_key"),
                hop(
                    "process",
                    [
                        stale(0).of("4242").started("2026-11-02T07:08:09.5Z"),
                        failed().of("4243"),
                    ],
                ),
            ],
        )
        .declared(|deployment| deployment.axes = Box::new([("region".into(), "prod-eu".into())]))
        .audit();
    let version = env!("CARGO_PKG_VERSION");
    let expected = r#"{
  "schema": "straggler.report/v1",
  "generated_at": "2026-11-23T12:00:00Z",
  "tool": {"name": "straggler", "version": "VERSION"},
  "interrupted": false,
  "summary": {"deployments": 1, "complete": false, "exit_code": 1, "verdicts": {"stale": 1}, "coverage": {"hops": {"declared": 2, "selected": 2, "read": 1, "proven": 0}, "readings": {"read": 2, "failed": 1, "proven": 1}}},
  "warnings": [],
  "projects": [
    {"name": "shop", "environment": null, "selected": true, "reference": {"location": "vault:secret/shop#api_key", "verdict": "current", "message": null, "remedy": null}, "current": "CURRENT", "next": null, "rotated_at": "2026-11-20T09:00:00Z", "rotation": "declared", "previous": [{"fingerprint": "PREVIOUS", "rotated_at": "2026-08-01T00:00:00Z", "revoked_at": null}, {"fingerprint": "OLDER", "rotated_at": "2026-08-01T00:00:00Z", "revoked_at": null}]}
  ],
  "deployments": [
    {"name": "cart", "project": "shop", "environment": "production", "owner": "payments", "labels": {}, "axes": {"region": "prod-eu"}, "verdict": "stale", "broken_at": 1, "causes": [1], "waived": null, "hops": [{"source": "vault", "stage": "store", "location": "vault:secret/shop#api_key", "expect": "current", "verdict": "current", "evidence": "reference", "fault": null, "fingerprint": "CURRENT", "damage": [], "matches": {"project": "shop", "environment": null, "key": "current", "behind": 0}, "message": "is the reference itself", "remedy": null, "waived": null, "readings": [{"replica": null, "verdict": "current", "evidence": "reference", "fingerprint": "CURRENT", "started_at": null, "message": "is the reference itself", "error": null}]}, {"source": "process", "stage": "running", "location": "process:cart", "expect": "current", "verdict": "stale", "evidence": "value", "fault": "own", "fingerprint": "PREVIOUS", "damage": [], "matches": {"project": "shop", "environment": null, "key": "previous", "behind": 1}, "message": "1 of 2 processes holds the previous key, 1 rotation behind, replaced 2026-11-20; process 4242, started 2026-11-02; 1 unreachable", "remedy": "restart it: systemctl restart cart.service", "waived": null, "readings": [{"replica": "4242", "verdict": "stale", "evidence": "value", "fingerprint": "PREVIOUS", "started_at": "2026-11-02T07:08:09Z", "message": "holds the previous key, 1 rotation behind, replaced 2026-11-20", "error": null}, {"replica": "4243", "verdict": "unreachable", "evidence": "none", "fingerprint": null, "started_at": null, "message": "could not be read: denied: secret/data/shop: 403 permission denied", "error": "denied"}]}]}
  ]
}
"#;
    let project = &audit.projects[0];
    let expected = expected
        .replace("VERSION", version)
        .replace("CURRENT", &project.current.unwrap().to_string())
        .replace("PREVIOUS", &project.previous[0].fingerprint.to_string())
        .replace("OLDER", &project.previous[1].fingerprint.to_string());
    assert_eq!(text(&audit), expected);
}

#[test]
fn what_is_accepted_says_by_whom_and_until_when() {
    let json = json(&mixed().audit());
    let deployments = json["deployments"].as_array().unwrap();
    let waived: Vec<_> = deployments
        .iter()
        .filter(|row| !row["waived"].is_null())
        .collect();
    assert_eq!(waived.len(), 1);
    assert_eq!(waived[0]["name"], "batch");
    assert_eq!(waived[0]["waived"], waived[0]["hops"][0]["waived"]);
    assert_eq!(
        waived[0]["waived"],
        serde_json::json!({
            "verdicts": ["missing"],
            "reason": "restarted by hand on Fridays",
            "owner": "ana",
            "until": "2026-12-31T23:59:59Z",
        })
    );
}

#[test]
fn verdicts_are_counted_worst_first() {
    let json = json(&mixed().audit());
    let verdicts = json["summary"]["verdicts"].as_object().unwrap();
    let names: Vec<_> = verdicts.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "revoked",
            "stale",
            "wrong-project",
            "malformed",
            "missing",
            "unreachable",
            "unverified",
            "current",
            "not-required",
            "not-selected",
        ]
    );
    let total: u64 = verdicts.values().filter_map(Value::as_u64).sum();
    assert_eq!(json["summary"]["deployments"], total);
}

#[test]
fn the_schema_knows_every_field_and_asks_for_no_other() {
    let schema = Value::from(schema());
    assert_eq!(schema["title"], "straggler.report/v1");
    assert_eq!(
        schema["properties"]["schema"]["const"],
        "straggler.report/v1"
    );
    agree(&schema, &schema, &json(&mixed().audit()), "$");
}

/// Walks a document along its schema.
fn agree(root: &Value, schema: &Value, document: &Value, path: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        let target = root.pointer(name.trim_start_matches('#')).unwrap();
        return agree(root, target, document, path);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let is_null = |choice: &Value| choice["type"] == "null";
        let fitting = choices
            .iter()
            .find(|choice| is_null(choice) == document.is_null());
        return agree(root, fitting.unwrap(), document, path);
    }
    match document {
        Value::Object(fields) => {
            for required in schema["required"].as_array().into_iter().flatten() {
                assert!(
                    fields.contains_key(required.as_str().unwrap()),
                    "{path} lacks {required}"
                );
            }
            for (name, value) in fields {
                let known = schema["properties"]
                    .get(name)
                    .or(schema.get("additionalProperties"));
                let known = known.unwrap_or_else(|| panic!("{path}.{name} is not in the schema"));
                agree(root, known, value, &format!("{path}.{name}"));
            }
        }
        Value::Array(items) => {
            assert_eq!(schema["type"], "array", "{path}");
            items
                .iter()
                .for_each(|item| agree(root, &schema["items"], item, &format!("{path}[]")));
        }
        Value::Null => {
            let types = &schema["type"];
            let listed = types
                .as_array()
                .is_some_and(|types| types.contains(&"null".into()));
            assert!(types == "null" || listed, "{path} may not be null");
        }
        Value::String(text) => {
            let choices = schema["oneOf"].as_array().into_iter().flatten();
            let named: Vec<_> = choices
                .map(|choice| choice["const"].as_str().unwrap())
                .collect();
            let listed = schema["enum"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str);
            let all: Vec<_> = named.into_iter().chain(listed).collect();
            assert!(
                all.is_empty() || all.contains(&text.as_str()),
                "{path}: {text}"
            );
        }
        Value::Bool(_) | Value::Number(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_audit_parses_exactly_adds_up_and_is_harmless_to_look_at(plan in any_plan()) {
        let names: Vec<_> = plan.iter().map(|(name, _)| name.clone()).collect();
        let audit = planned(plan);
        let text = text(&audit);
        for line in text.lines() {
            prop_assert_eq!(escape(line), line);
        }
        let json: Value = serde_json::from_str(&text).unwrap();
        let deployments = json["deployments"].as_array().unwrap();
        let found: Vec<_> = deployments.iter().map(|row| row["name"].as_str().unwrap()).collect();
        prop_assert_eq!(found, names);
        prop_assert_eq!(text.lines().filter(|line| line.starts_with("    {\"name\"")).count(), 2 + deployments.len());

        let hops: Vec<_> = deployments.iter().flat_map(|row| row["hops"].as_array().unwrap()).collect();
        let readings: Vec<_> = hops.iter().flat_map(|hop| hop["readings"].as_array().unwrap()).collect();
        let coverage = &json["summary"]["coverage"];
        prop_assert_eq!(&coverage["hops"]["declared"], hops.len());
        let selected = hops.iter().filter(|hop| hop["verdict"] != "not-selected").count();
        prop_assert_eq!(&coverage["hops"]["selected"], selected);
        let failed = readings.iter().filter(|reading| !reading["error"].is_null()).count();
        prop_assert_eq!(&coverage["readings"]["failed"], failed);
        prop_assert_eq!(&coverage["readings"]["read"], readings.len() - failed);
        let number = |value: &Value| value.as_u64().unwrap();
        for counts in [&coverage["hops"], &coverage["readings"]] {
            prop_assert!(number(&counts["proven"]) <= number(&counts["read"]));
        }
        prop_assert_eq!(json["summary"]["complete"] == true, number(&coverage["hops"]["read"]) == selected as u64);
    }
}

#[test]
fn many_deployments_stand_in_their_order_however_many_cores_write_them() {
    for count in [0, 1, 63, 64, 65, 2_500] {
        let name = |nth: usize| format!("cart-{nth}");
        let deploy = |scene: Scene, nth| scene.deploy(&name(nth), [hop("vault", [current()])]);
        let audit = (0..count)
            .fold(Scene::new().project("shop"), deploy)
            .audit();
        let text = text(&audit);
        let document: Value = serde_json::from_str(&text).unwrap();
        let listed = document["deployments"].as_array().unwrap().iter();
        let listed: Vec<_> = listed.map(|one| one["name"].as_str().unwrap()).collect();
        let names: Vec<_> = (0..count).map(name).collect();
        assert_eq!(listed, names);

        // As a serializer writes it by itself.
        let mut whole = Vec::new();
        escape::write(&super::write::document(Shown::all(&audit)), &mut whole).unwrap();
        assert_eq!(text.as_bytes(), whole);
    }
}

#[test]
fn whoever_takes_no_more_is_told_of() {
    let deploy =
        |scene: Scene, nth: i32| scene.deploy(&nth.to_string(), [hop("vault", [current()])]);
    let audit = (0..2_500)
        .fold(Scene::new().project("shop"), deploy)
        .audit();
    let look = Look {
        width: 80,
        colour: false,
    };
    let whole = text(&audit).len();
    for room in [0, 1000, whole / 2, whole - 1] {
        let mut room = vec![0; room];
        let written = (FORMAT.make)(look).write(Shown::all(&audit), &mut &mut room[..]);
        assert!(written.is_err(), "{} of {whole}", room.len());
    }
}
