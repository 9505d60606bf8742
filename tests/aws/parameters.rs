//! Systems Manager's Parameter Store.

use serde_json::{Value, json};

use crate::moto::{Moto, said, scene, verdicts};
use crate::support::{CURRENT, OLD};

fn put(name: &str, text: &str) -> Value {
    json!(["ssm", "put_parameter", {"Name": name, "Value": text, "Type": "SecureString", "Overwrite": true}])
}

fn hop(name: &str) -> String {
    format!("aws_ssm: {{ name: '{name}' }}")
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn present_stale_and_missing_keys_are_told_apart() {
    let moto = Moto::start();
    moto.write(&[
        put("/shop/key", CURRENT),
        put("old", OLD),
        put("/rotated", OLD),
        put("/rotated", CURRENT),
        json!(["ssm", "label_parameter_version", {"Name": "/rotated", "ParameterVersion": 1, "Labels": ["before"]}]),
        json!(["ssm", "put_parameter", {"Name": "text", "Value": CURRENT, "Type": "String"}]),
        put("damaged", &format!("\"{CURRENT}\"")),
    ]);
    let arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/key";
    let scene = scene(&[
        hop("/shop/key"),
        hop(arn),
        hop("text"),
        hop("/rotated"),
        hop("/rotated:2"),
        hop("/rotated:1"),
        hop("/rotated:before"),
        hop("old"),
        hop("nowhere"),
        hop("/rotated:9"),
        hop("damaged"),
    ]);
    let report = moto.audit(&scene, None, 1);
    assert_eq!(
        verdicts(&report),
        [
            "current",
            "current",
            "current",
            "current",
            "current",
            "stale",
            "stale",
            "stale",
            "missing",
            "missing",
            "malformed"
        ]
    );
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn a_thousand_parameters_make_a_hundred_calls() {
    let moto = Moto::start();
    let names: Vec<_> = (0..1000).map(|index| format!("/shop/{index}")).collect();
    let calls: Vec<_> = names.iter().map(|name| put(name, CURRENT)).collect();
    moto.write(&calls);
    let hops: Vec<_> = names.iter().map(|name| hop(name)).collect();
    let report = moto.audit(&scene(&hops), None, 0);
    assert_eq!(report["summary"]["verdicts"]["current"], 1000);
    assert_eq!(moto.counts(), [("GetParameters".to_owned(), 100)].into());
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn whoever_may_not_read_is_told_which_permission_is_missing() {
    let moto = Moto::start();
    moto.write(&[put("a", CURRENT), put("b", OLD)]);
    let reader = moto.user("reader", &["ssm:GetParameters"]);
    let nothing = moto.user("nothing", &["ssm:GetParameter"]);
    moto.check_everybody();
    let scene = scene(&[hop("a"), hop("b"), hop("none")]);
    let report = moto.audit(&scene, Some(&reader), 1);
    assert_eq!(verdicts(&report), ["current", "stale", "missing"]);

    let report = moto.audit(&scene, Some(&nothing), 3);
    assert_eq!(verdicts(&report), ["unreachable"; 3]);
    let told = said(&report, 0);
    assert!(told.contains("allow `ssm:GetParameters`"), "{told}");
}
