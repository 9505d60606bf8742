//! Lambda.

use serde_json::{Value, json};

use crate::moto::{Moto, said, scene, verdicts};
use crate::support::{CURRENT, OLD};

const ROLE: &str = "arn:aws:iam::123456789012:role/lambda";

fn role() -> Value {
    let trust = json!({"Version": "2012-10-17", "Statement": []}).to_string();
    json!(["iam", "create_role", {"RoleName": "lambda", "AssumeRolePolicyDocument": trust}])
}

fn create(name: &str, key: &str) -> Value {
    json!(["lambda", "create_function", {
        "FunctionName": name, "Runtime": "python3.13", "Role": ROLE, "Handler": "a.b",
        "Code": {"ZipFile": {"bytes": "x"}},
        "Environment": {"Variables": {"ALLSTAK_API_KEY": key}},
    }])
}

fn hop(settings: &str) -> String {
    format!("aws_lambda: {{ {settings} }}")
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn a_version_keeps_the_key_that_it_was_published_with() {
    let moto = Moto::start();
    let set = json!({"Variables": {"ALLSTAK_API_KEY": CURRENT}});
    moto.write(&[
        role(),
        create("shop", OLD),
        json!(["lambda", "publish_version", {"FunctionName": "shop"}]),
        json!(["lambda", "create_alias", {"FunctionName": "shop", "Name": "live", "FunctionVersion": "1"}]),
        json!(["lambda", "update_function_configuration", {"FunctionName": "shop", "Environment": set}]),
        json!(["lambda", "publish_version", {"FunctionName": "shop"}]),
        json!(["lambda", "create_alias", {"FunctionName": "shop", "Name": "next", "FunctionVersion": "2"}]),
    ]);
    let report = moto.audit(
        &scene(&[
            hop("function: shop"),
            hop("function: 'arn:aws:lambda:eu-west-1:123456789012:function:shop'"),
            hop("function: shop, qualifier: live"),
            hop("function: shop, qualifier: '1'"),
            hop("function: shop, qualifier: next"),
            hop("function: shop, name: OTHER"),
            hop("function: nowhere"),
        ]),
        None,
        1,
    );
    assert_eq!(
        verdicts(&report),
        [
            "current",
            "current",
            "stale",
            "stale",
            "current",
            "missing",
            "unreachable"
        ]
    );
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn whoever_may_not_read_is_told_which_permission_is_missing() {
    let moto = Moto::start();
    moto.write(&[role(), create("shop", CURRENT)]);
    let reader = moto.user("reader", &["lambda:*"]);
    let nothing = moto.user("nothing", &[]);
    moto.check_everybody();
    let scene = scene(&[hop("function: shop")]);
    assert_eq!(verdicts(&moto.audit(&scene, Some(&reader), 0)), ["current"]);
    let report = moto.audit(&scene, Some(&nothing), 3);
    assert_eq!(verdicts(&report), ["unreachable"]);
    let told = said(&report, 0);
    assert!(
        told.contains("allow `lambda:GetFunctionConfiguration`"),
        "{told}"
    );
}
