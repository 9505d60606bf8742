//! A rotation between two audits, with no fingerprint written anywhere.

use serde_json::{Value, json};

use crate::moto::{Moto, said, verdicts};
use crate::support::{CURRENT, NEXT, OLD, Scene, fingerprint};

/// The store is the reference and stands on the route of `web`, whose own copy is a file.
fn scene(reference: &str) -> Scene {
    Scene::with(&format!(
        "version: 1
projects:
  checkout:
    variable: ALLSTAK_API_KEY
    format: '^ask_live_[A-Za-z0-9]{{32}}$'
    current: {{ {reference} }}
deployments:
  - {{ name: web, project: checkout, route: [ {{ file: {{ path: web.key }} }} ] }}
"
    ))
}

fn deployed(scene: Scene, key: &str) -> Scene {
    scene.file("web.key", key)
}

fn put(fields: &Value) -> Value {
    json!(["secretsmanager", "put_secret_value", {"SecretId": "shop", "SecretString": fields.to_string()}])
}

fn previous(report: &Value) -> Vec<&str> {
    let previous = report["projects"][0]["previous"].as_array().unwrap();
    previous
        .iter()
        .map(|known| known["fingerprint"].as_str().unwrap())
        .collect()
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn a_rotation_makes_current_keys_stale_and_tells_since_when() {
    let moto = Moto::start();
    let fields = |key: &str, other: &str| json!({"api_key": key, "other": other});
    moto.write(&[json!(["secretsmanager", "create_secret", {"Name": "shop", "SecretString": fields(OLD, "a").to_string()}])]);
    let scene = deployed(
        scene("aws_secrets_manager: { secret: shop, field: api_key }"),
        OLD,
    );
    let report = moto.audit(&scene, None, 0);
    assert_eq!(verdicts(&report), ["current"]);
    // Nothing needed the history, so nothing of it was asked.
    assert!(!moto.counts().contains_key("ListSecretVersionIds"));

    moto.write(&[put(&fields(CURRENT, "a"))]);
    let report = moto.audit(&scene, None, 1);
    assert_eq!(verdicts(&report), ["stale"]);
    let told = said(&report, 0);
    assert!(told.contains("1 rotation behind, replaced "), "{told}");
    assert_eq!(previous(&report), [fingerprint(OLD)]);
    let project = &report["projects"][0];
    assert_eq!(project["rotation"], "history");
    let rotated_at = project["rotated_at"].clone();
    let rotated: jiff::Timestamp = rotated_at.as_str().unwrap().parse().unwrap();
    let age = jiff::Timestamp::now().duration_since(rotated);
    assert!(age.as_secs() < 60 && age.as_secs() >= -1, "{age}");

    // Another field of the same secret is written: the rotation is where it was.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    moto.write(&[put(&fields(CURRENT, "b"))]);
    let report = moto.audit(&scene, None, 1);
    assert_eq!(previous(&report), [fingerprint(OLD)]);
    assert_eq!(report["projects"][0]["rotated_at"], rotated_at);

    moto.write(&[put(&fields(NEXT, "b"))]);
    let report = moto.audit(&scene, None, 1);
    assert!(said(&report, 0).contains("2 rotations behind, replaced "));
    assert_eq!(previous(&report), [fingerprint(CURRENT), fingerprint(OLD)]);

    // Back to the first key: whoever has it is right, and the newer ones are the old ones now.
    moto.write(&[put(&fields(OLD, "b"))]);
    assert_eq!(verdicts(&moto.audit(&scene, None, 0)), ["current"]);
    let scene = deployed(scene, NEXT);
    let report = moto.audit(&scene, None, 1);
    assert_eq!(verdicts(&report), ["stale"]);
    assert_eq!(previous(&report), [fingerprint(NEXT), fingerprint(CURRENT)]);
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn a_parameter_remembers_its_keys_too() {
    let moto = Moto::start();
    let put = |value: &str| json!(["ssm", "put_parameter", {"Name": "/shop/key", "Value": value, "Type": "SecureString", "Overwrite": true}]);
    moto.write(&[put(OLD), put("changeme"), put(CURRENT)]);
    let scene = deployed(scene("aws_ssm: { name: /shop/key }"), OLD);
    let report = moto.audit(&scene, None, 1);
    assert_eq!(verdicts(&report), ["stale"]);
    assert_eq!(
        previous(&report),
        [fingerprint(OLD)],
        "a placeholder is no key"
    );
    assert!(said(&report, 0).contains("1 rotation behind, replaced "));
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn a_history_that_may_not_be_read_is_a_note_and_no_failure() {
    let moto = Moto::start();
    moto.write(&[
        json!(["secretsmanager", "create_secret", {"Name": "shop", "SecretString": OLD}]),
        json!(["secretsmanager", "put_secret_value", {"SecretId": "shop", "SecretString": CURRENT}]),
    ]);
    let user = moto.user(
        "reader",
        &[
            "secretsmanager:GetSecretValue",
            "secretsmanager:BatchGetSecretValue",
        ],
    );
    moto.check_everybody();
    let scene = deployed(scene("aws_secrets_manager: { secret: shop }"), OLD);
    let report = moto.audit(&scene, Some(&user), 1);
    assert_eq!(verdicts(&report), ["unknown"]);
    let warnings = report["warnings"].to_string();
    assert!(warnings.contains("history-unread"), "{report}");
    assert!(
        warnings.contains("secretsmanager:ListSecretVersionIds"),
        "{warnings}"
    );
}
