//! Secrets Manager.

use serde_json::json;

use crate::moto::{Moto, said, scene, verdicts};
use crate::support::{CURRENT, OLD};

fn create(name: &str, text: &str) -> serde_json::Value {
    json!(["secretsmanager", "create_secret", {"Name": name, "SecretString": text}])
}

fn hop(settings: &str) -> String {
    format!("aws_secrets_manager: {{ {settings} }}")
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn present_stale_and_missing_keys_are_told_apart() {
    let moto = Moto::start();
    let fields = json!({"api_key": CURRENT, "other": "x"}).to_string();
    let answers = moto.write(&[
        create("plain", CURRENT),
        create("fields", &fields),
        create("old", OLD),
        create("rotated", OLD),
        json!(["secretsmanager", "put_secret_value", {"SecretId": "rotated", "SecretString": CURRENT}]),
        create("going", CURRENT),
        json!(["secretsmanager", "delete_secret", {"SecretId": "going"}]),
        json!(["secretsmanager", "create_secret", {"Name": "bytes", "SecretBinary": {"bytes": CURRENT}}]),
        create("damaged", &format!("{CURRENT}\n")),
    ]);
    let arn = answers[0]["ARN"].as_str().unwrap();
    let partial = &arn[..arn.len() - 7];
    let first = answers[3]["VersionId"].as_str().unwrap();
    let scene = scene(&[
        hop("secret: plain"),
        hop(&format!("secret: '{arn}'")),
        hop(&format!("secret: '{partial}'")),
        hop("secret: fields, field: api_key"),
        hop("secret: bytes"),
        hop("secret: rotated"),
        hop("secret: rotated, version: AWSPREVIOUS"),
        hop(&format!("secret: rotated, version: {first}")),
        hop("secret: old"),
        hop("secret: fields, field: nowhere"),
        hop("secret: nowhere"),
        hop("secret: going"),
        hop("secret: damaged"),
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
            "current",
            "stale",
            "stale",
            "stale",
            "missing",
            "missing",
            "missing",
            "malformed"
        ]
    );
    // ARNs name a region, so they share a call of their own; the pinned versions are read alone.
    let counts = moto.counts();
    assert_eq!(
        (counts["BatchGetSecretValue"], counts["GetSecretValue"]),
        (2, 2)
    );
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn a_thousand_secrets_make_fifty_calls() {
    let moto = Moto::start();
    let names: Vec<_> = (0..1000).map(|index| format!("shop/{index}")).collect();
    let calls: Vec<_> = names
        .iter()
        .map(|name| create(name, &json!({"key": CURRENT}).to_string()))
        .collect();
    moto.write(&calls);
    // Two hops for each secret: they share its read.
    let hops: Vec<_> = names
        .iter()
        .flat_map(|name| {
            let hop = hop(&format!("secret: {name}, field: key"));
            [hop.clone(), hop]
        })
        .collect();
    let report = moto.audit(&scene(&hops), None, 0);
    assert_eq!(report["summary"]["verdicts"]["current"], 2000);
    let counts = moto.counts();
    assert_eq!(counts, [("BatchGetSecretValue".to_owned(), 50)].into());
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn whoever_may_not_read_is_told_which_permission_is_missing() {
    let moto = Moto::start();
    moto.write(&[create("a", CURRENT), create("b", OLD)]);
    let all = moto.user(
        "all",
        &[
            "secretsmanager:GetSecretValue",
            "secretsmanager:BatchGetSecretValue",
        ],
    );
    let single = moto.user("single", &["secretsmanager:GetSecretValue"]);
    let nothing = moto.user("nothing", &[]);
    moto.check_everybody();
    let scene = scene(&[hop("secret: a"), hop("secret: b"), hop("secret: none")]);

    let report = moto.audit(&scene, Some(&all), 1);
    assert_eq!(verdicts(&report), ["current", "stale", "missing"]);
    assert_eq!(
        moto.counts(),
        [("BatchGetSecretValue".to_owned(), 1)].into()
    );

    // Where batches are denied, each is read alone.
    let report = moto.audit(&scene, Some(&single), 1);
    assert_eq!(verdicts(&report), ["current", "stale", "missing"]);
    let counts = moto.counts();
    assert_eq!(
        (counts["BatchGetSecretValue"], counts["GetSecretValue"]),
        (1, 3)
    );

    let report = moto.audit(&scene, Some(&nothing), 3);
    assert_eq!(verdicts(&report), ["unreachable"; 3]);
    let told = said(&report, 0);
    assert!(
        told.contains("allow `secretsmanager:GetSecretValue`"),
        "{told}"
    );

    // A wrong secret key is no permission that is missing.
    let forger = crate::moto::User {
        secret: "forged".to_owned(),
        ..all
    };
    let report = moto.audit(&scene, Some(&forger), 3);
    assert_eq!(verdicts(&report), ["unreachable"; 3]);
    let told = said(&report, 0);
    assert!(told.contains("SignatureDoesNotMatch"), "{told}");
    assert!(told.contains("correct the credential"), "{told}");
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn without_a_credential_nothing_is_read_and_nothing_is_fine() {
    let moto = Moto::start();
    let scene = scene(&[hop("secret: a"), hop("secret: b")]);
    let report = scene
        .straggler(["audit", "-f", "json"])
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ENDPOINT_URL", moto.url())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .run()
        .ends(3)
        .json();
    assert_eq!(verdicts(&report), ["unreachable"; 2]);
    let told = said(&report, 0);
    assert!(
        told.contains("no credential for AWS is to be found"),
        "{told}"
    );
    assert!(moto.counts().is_empty());
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn a_profile_and_its_role_are_taken_on() {
    let moto = Moto::start();
    moto.write(&[create("a", CURRENT)]);
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]});
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}]});
    let user = moto.user("base", &["sts:AssumeRole"]);
    let role = moto.write(&[
        json!(["iam", "create_role", {"RoleName": "auditor", "AssumeRolePolicyDocument": trust.to_string()}]),
        json!(["iam", "put_role_policy", {"RoleName": "auditor", "PolicyName": "p", "PolicyDocument": policy.to_string()}]),
    ]);
    let arn = role[0]["Role"]["Arn"].as_str().unwrap();
    moto.check_everybody();
    let config = format!(
        "[profile audit]\nregion = eu-west-1\nrole_arn = {arn}\nsource_profile = base\nendpoint_url = {}\n",
        moto.url()
    );
    let credentials = format!(
        "[base]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        user.id, user.secret
    );
    let scene = scene(&[hop("secret: a")])
        .file(".aws/config", config)
        .file(".aws/credentials", credentials);
    let audit = |profile: &str| {
        let ran = scene.straggler(["audit", "-f", "json"]);
        ran.env("HOME", scene.folder())
            .env("AWS_PROFILE", profile)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .run()
    };
    let report = audit("audit").ends(0).json();
    assert_eq!(verdicts(&report), ["current"]);
    let counts = moto.counts();
    assert_eq!(
        (counts["/"], counts["GetSecretValue"]),
        (1, 1),
        "{counts:?}"
    );
}
