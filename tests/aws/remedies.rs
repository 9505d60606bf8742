//! Whoever does what a remedy says gets a deployment that the next audit calls current: its commands are run as
//! they are written, by AWS's own command line, without any variable that would lead it to moto.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::moto::{Moto, REGION, tool};
use crate::support::{CURRENT, OLD, Scene, fingerprint};

/// One place, what its remedy is, and what a person does where that is in words.
struct Case {
    name: &'static str,
    hop: String,
    verdict: &'static str,
    /// What stands in the remedy.
    says: Vec<String>,
    /// How many commands it has.
    commands: usize,
    by_hand: Vec<Value>,
    /// The hop afterwards, where the remedy says to change it.
    then: Option<String>,
    afterwards: &'static str,
}

impl Case {
    /// One that commands mend.
    fn run(name: &'static str, hop: &str, verdict: &'static str, commands: usize) -> Self {
        Self {
            name,
            hop: hop.to_owned(),
            verdict,
            says: Vec::new(),
            commands,
            by_hand: Vec::new(),
            then: None,
            afterwards: "current",
        }
    }

    /// One that a person mends, as these words say.
    fn words(
        name: &'static str,
        hop: &str,
        verdict: &'static str,
        says: &str,
        by_hand: &[Value],
    ) -> Self {
        Self {
            by_hand: by_hand.to_vec(),
            ..Self::run(name, hop, verdict, 0).saying(says)
        }
    }

    fn saying(mut self, words: &str) -> Self {
        self.says.push(words.to_owned());
        self
    }

    fn then(mut self, hop: &str) -> Self {
        self.then = Some(hop.to_owned());
        self
    }
}

/// Audits all of them, does what is said, and audits again.
fn follow(moto: &Moto, cases: &[Case]) {
    let home = Scene::new().file("FILE", CURRENT).file(
        ".aws/credentials",
        "[ops]\naws_access_key_id = ops\naws_secret_access_key = ops\n",
    );
    let hops = cases.iter().map(|case| &*case.hop);
    let before = audit(&home, moto, hops);
    for (index, case) in cases.iter().enumerate() {
        let name = case.name;
        let hop = &before["deployments"][index]["hops"][0];
        let remedy = hop["remedy"].as_str().unwrap_or_default();
        assert_eq!(hop["verdict"], case.verdict, "{name}: {hop}");
        for words in &case.says {
            assert!(remedy.contains(words), "{name}: no {words:?} in {remedy}");
        }
        let commands: Vec<_> = remedy
            .split('`')
            .filter(|part| part.starts_with("aws "))
            .collect();
        assert_eq!(commands.len(), case.commands, "{name}: {remedy}");
        for command in commands {
            run(&home, command);
        }
        moto.write(&case.by_hand);
    }
    let hops = cases
        .iter()
        .map(|case| case.then.as_deref().unwrap_or(&case.hop));
    let after = audit(&home, moto, hops);
    for (index, case) in cases.iter().enumerate() {
        let hop = &after["deployments"][index]["hops"][0];
        assert_eq!(hop["verdict"], case.afterwards, "{}: {hop}", case.name);
    }
}

/// A command, as it would be typed.
fn run(home: &Scene, command: &str) {
    let path = tool("aws");
    let path = format!("{}:/usr/bin:/bin", path.parent().unwrap().display());
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(home.folder())
        .env_clear()
        .env("PATH", path)
        .env("HOME", home.folder())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {complaint}");
}

fn audit<'h>(home: &Scene, moto: &Moto, hops: impl Iterator<Item = &'h str>) -> Value {
    let mut targets = format!(
        "\
version: 1
stores: {{ prod: {{ aws: {{ region: {REGION}, profile: ops, endpoint: '{}' }} }} }}
projects:
  checkout:
    variable: ALLSTAK_API_KEY
    current: {{ file: {{ path: FILE }} }}
    previous: [ {{ fingerprint: '{}' }} ]
deployments:
",
        moto.url(),
        fingerprint(OLD)
    );
    for (index, hop) in hops.enumerate() {
        targets.push_str(&format!(
            "  - {{ name: d{index}, project: checkout, route: [ {{ {} }} ] }}\n",
            hop.replacen("{ ", "{ store: prod, ", 1)
        ));
    }
    std::fs::write(home.path("targets.yaml"), targets).unwrap();
    let ran = home
        .straggler(["audit", "-f", "json"])
        .env("HOME", home.folder())
        .run();
    ran.json()
}

fn secret(settings: &str) -> String {
    format!("aws_secrets_manager: {{ {settings} }}")
}

fn create(name: &str, text: &str) -> Value {
    json!(["secretsmanager", "create_secret", {"Name": name, "SecretString": text}])
}

fn put(name: &str, text: &str) -> Value {
    json!(["secretsmanager", "put_secret_value", {"SecretId": name, "SecretString": text}])
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn a_secret_is_created_written_and_brought_back_by_commands() {
    let moto = Moto::start();
    moto.write(&[
        create("old", OLD),
        create("damaged", &format!("{CURRENT}\n")),
        json!(["secretsmanager", "create_secret", {"Name": "bytes", "SecretBinary": {"bytes": OLD}}]),
        json!(["secretsmanager", "create_secret", {"Name": "empty"}]),
        create("going", OLD),
        json!(["secretsmanager", "delete_secret", {"SecretId": "going"}]),
        create("blue", OLD),
        json!(["secretsmanager", "put_secret_value", {"SecretId": "blue", "SecretString": CURRENT}]),
        json!(["secretsmanager", "put_secret_value", {"SecretId": "blue", "SecretString": OLD, "VersionStages": ["BLUE"]}]),
    ]);
    let leads = format!(
        "--region {REGION} --profile ops --endpoint-url {}",
        moto.url()
    );
    follow(
        &moto,
        &[
            Case::run("absent", &secret("secret: shop/new"), "missing", 1)
                .saying("create-secret --name shop/new")
                .saying(&leads),
            Case::run(
                "absent elsewhere",
                &secret("region: us-east-1, secret: far"),
                "missing",
                1,
            )
            .saying("--region us-east-1 --profile ops"),
            Case::run("stale", &secret("secret: old"), "stale", 1)
                .saying("put-secret-value --secret-id old --secret-string file://FILE")
                .saying(&leads),
            Case::run("damaged", &secret("secret: damaged"), "malformed", 1),
            Case::run("stale bytes", &secret("secret: bytes"), "stale", 1),
            Case::run("without a value", &secret("secret: empty"), "missing", 1)
                .saying("put-secret-value"),
            Case::run("to be deleted", &secret("secret: going"), "missing", 2)
                .saying("restore-secret --secret-id going"),
            Case::run(
                "a label",
                &secret("secret: blue, version: BLUE"),
                "stale",
                1,
            )
            .saying("--version-stages BLUE"),
            Case::run(
                "a label of none",
                &secret("secret: blue, version: GREEN"),
                "missing",
                1,
            )
            .saying("put-secret-value --secret-id blue"),
            Case::run(
                "a label of an absent one",
                &secret("secret: none, version: RED"),
                "missing",
                2,
            )
            .saying("create-secret --name none"),
        ],
    );
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn what_a_command_would_destroy_or_not_change_is_said_in_words() {
    let moto = Moto::start();
    let document = |key: &str| json!({"api_key": key, "dsn": "https://example.test"}).to_string();
    let made = moto.write(&[
        create("fields", &document(OLD)),
        create("bare", "{\"dsn\": \"x\"}"),
        create("extracted", &document(OLD)),
        create("pinned", OLD),
        put("pinned", CURRENT),
        create("gone", OLD),
    ]);
    let first = made[3]["VersionId"].as_str().unwrap();
    let arn = made[5]["ARN"].as_str().unwrap();
    moto.write(&[json!(["secretsmanager", "delete_secret", {"SecretId": "gone", "ForceDeleteWithoutRecovery": true}])]);
    follow(
        &moto,
        &[
            Case::words(
                "a stale field",
                &secret("secret: fields, field: api_key"),
                "stale",
                "make the field `api_key` in the secret fields the current key, and leave its other fields as they are",
                &[put("fields", &document(CURRENT))],
            ),
            Case::words(
                "a field that is not there",
                &secret("secret: bare, field: api_key"),
                "missing",
                "make the field `api_key` in the secret bare the current key",
                &[put("bare", &document(CURRENT))],
            ),
            Case::words(
                "a field of an absent secret",
                &secret("secret: no-fields, field: api_key"),
                "missing",
                "create the secret no-fields with a JSON object in which `api_key` is the current key",
                &[create("no-fields", &document(CURRENT))],
            ),
            Case::words(
                "an extracted member",
                &format!(
                    "{}, extract: {{ json: /api_key }}",
                    secret("secret: extracted")
                ),
                "stale",
                "make the member /api_key in the secret extracted the current key, and leave the rest as it is",
                &[put("extracted", &document(CURRENT))],
            ),
            Case::words(
                "a version by its id",
                &secret(&format!("secret: pinned, version: {first}")),
                "stale",
                "as a new version, and let `version` here and whatever reads",
                &[],
            )
            .then(&secret("secret: pinned")),
            Case::words(
                "the previous version",
                &secret("secret: pinned, version: AWSPREVIOUS"),
                "stale",
                "take `version` out here",
                &[],
            )
            .then(&secret("secret: pinned")),
            Case::words(
                "an ARN of none",
                &secret(&format!("secret: '{arn}'")),
                "missing",
                "correct the ARN here and in what reads it",
                &[create("gone", CURRENT)],
            )
            .then(&secret("secret: gone")),
        ],
    );
}

fn parameter(name: &str) -> String {
    format!("aws_ssm: {{ name: '{name}' }}")
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn a_parameter_is_created_written_and_labelled() {
    let moto = Moto::start();
    let put = |name: &str, text: &str| json!(["ssm", "put_parameter", {"Name": name, "Value": text, "Type": "String", "Overwrite": true}]);
    let label = |name: &str, version: u8| json!(["ssm", "label_parameter_version", {"Name": name, "ParameterVersion": version, "Labels": ["live"]}]);
    moto.write(&[
        put("/shop/old", OLD),
        put("/shop/damaged", &format!("'{CURRENT}'")),
        put("/shop/labelled", OLD),
        label("/shop/labelled", 1),
        put("/shop/pinned", OLD),
        put("/shop/arn", OLD),
        put(
            "/shop/document",
            &json!({"key": OLD, "other": 1}).to_string(),
        ),
        put("/shop/unlabelled", OLD),
    ]);
    let arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/arn";
    follow(
        &moto,
        &[
            Case::run("absent", &parameter("/shop/new"), "missing", 1)
                .saying("--type SecureString")
                .saying("--region eu-west-1 --profile ops"),
            Case::run("stale", &parameter("/shop/old"), "stale", 1).saying("--overwrite"),
            Case::run("damaged", &parameter("/shop/damaged"), "malformed", 1),
            Case::run("a label", &parameter("/shop/labelled:live"), "stale", 2)
                .saying("label-parameter-version --name /shop/labelled --labels live"),
            Case::words(
                "a label that is nowhere",
                &parameter("/shop/unlabelled:live"),
                "missing",
                "put the label live on that version",
                &[
                    put("/shop/unlabelled", CURRENT),
                    label("/shop/unlabelled", 2),
                ],
            ),
            Case::words(
                "a version",
                &parameter("/shop/pinned:1"),
                "stale",
                "a version never changes",
                &[put("/shop/pinned", CURRENT)],
            )
            .then(&parameter("/shop/pinned:2")),
            Case::words(
                "an ARN",
                &parameter(arn),
                "stale",
                "in its account, by its name",
                &[put("/shop/arn", CURRENT)],
            ),
            Case::words(
                "an extracted member",
                &format!("{}, extract: {{ json: /key }}", parameter("/shop/document")),
                "stale",
                "make the member /key in the parameter /shop/document the current key",
                &[put(
                    "/shop/document",
                    &json!({"key": CURRENT, "other": 1}).to_string(),
                )],
            ),
        ],
    );
    let get = |name: &str| json!(["ssm", "get_parameter", {"Name": name}]);
    let found = moto.write(&[get("/shop/new"), get("/shop/old")]);
    let kinds = [0, 1].map(|index| found[index]["Parameter"]["Type"].as_str().unwrap());
    assert_eq!(
        kinds,
        ["SecureString", "String"],
        "what is there keeps its type"
    );
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn a_function_is_told_in_words_for_an_update_takes_its_other_variables() {
    let moto = Moto::start();
    let trust = json!({"Version": "2012-10-17", "Statement": []}).to_string();
    let variables = |key: &str| json!({"Variables": {"ALLSTAK_API_KEY": key, "OTHER": "x"}});
    let function = |name: &str| {
        json!(["lambda", "create_function", {
            "FunctionName": name, "Runtime": "python3.13", "Handler": "a.b",
            "Role": "arn:aws:iam::123456789012:role/lambda",
            "Code": {"ZipFile": {"bytes": "x"}}, "Environment": variables(OLD),
        }])
    };
    let update = |name: &str| json!(["lambda", "update_function_configuration", {"FunctionName": name, "Environment": variables(CURRENT)}]);
    let publish = |name: &str| json!(["lambda", "publish_version", {"FunctionName": name}]);
    moto.write(&[
        json!(["iam", "create_role", {"RoleName": "lambda", "AssumeRolePolicyDocument": trust}]),
        function("plain"),
        function("aliased"),
        publish("aliased"),
        json!(["lambda", "create_alias", {"FunctionName": "aliased", "Name": "live", "FunctionVersion": "1"}]),
        function("numbered"),
        publish("numbered"),
    ]);
    let hop = |settings: &str| format!("aws_lambda: {{ {settings} }}");
    follow(
        &moto,
        &[
            Case::words(
                "what is not published",
                &hop("function: plain"),
                "stale",
                "set ALLSTAK_API_KEY of the function plain to the current key, with all its other variables as they are",
                &[update("plain")],
            ),
            Case::words(
                "an alias",
                &hop("function: aliased, qualifier: live"),
                "stale",
                "publish a version, and point the alias live to it alone",
                &[
                    update("aliased"),
                    publish("aliased"),
                    json!(["lambda", "update_alias", {"FunctionName": "aliased", "Name": "live", "FunctionVersion": "2"}]),
                ],
            ),
            Case::words(
                "a version's number",
                &hop("function: numbered, qualifier: '1'"),
                "stale",
                "let whatever calls version 1, and `qualifier` here, name the new one",
                &[update("numbered"), publish("numbered")],
            )
            .then(&hop("function: numbered, qualifier: '2'")),
        ],
    );
}

#[test]
#[ignore = "needs moto, which tests/run installs"]
fn tasks_need_another_revision_or_another_secret_before_they_are_started_anew() {
    let moto = Moto::start();
    crate::tasks::still(&moto);
    let define = |family: &str, container: Value| {
        let mut container = container;
        container["name"] = "app".into();
        container["image"] = "app".into();
        container["memory"] = 64.into();
        json!(["ecs", "register_task_definition", {"family": family, "containerDefinitions": [container]}])
    };
    let holding = |key: &str| json!({"environment": [{"name": "ALLSTAK_API_KEY", "value": key}]});
    let run = |cluster: &str, family: &str| json!(["ecs", "run_task", {"cluster": cluster, "taskDefinition": family, "count": 1, "launchType": "FARGATE"}]);
    let service = |cluster: &str, family: &str| json!(["ecs", "create_service", {"cluster": cluster, "serviceName": "shop", "taskDefinition": family, "desiredCount": 0}]);
    let cluster = |name: &str| json!(["ecs", "create_cluster", {"clusterName": name}]);
    let made = moto.write(&[create("shop", &json!({"api": OLD}).to_string())]);
    let source = format!("{}:api::", made[0]["ARN"].as_str().unwrap());
    let made = moto.write(&[
        cluster("literal"),
        define("literal", holding(OLD)),
        run("literal", "literal:1"),
        cluster("bare"),
        define("bare", json!({})),
        run("bare", "bare:1"),
        cluster("fetched"),
        define(
            "fetched",
            json!({"secrets": [{"name": "ALLSTAK_API_KEY", "valueFrom": source}]}),
        ),
        service("fetched", "fetched:1"),
        run("fetched", "fetched:1"),
    ]);
    let task = |index: usize| made[index]["tasks"][0]["taskArn"].as_str().unwrap();
    let stop =
        |cluster: &str, task: &str| json!(["ecs", "stop_task", {"cluster": cluster, "task": task}]);
    let hop = |cluster: &str| format!("aws_ecs: {{ cluster: {cluster}, service: shop }}");
    let mut fetched = Case::run("the secret that it names", &hop("fetched"), "stale", 1)
        .saying("field `api` of the secret arn:aws:secretsmanager")
        .saying("--force-new-deployment --cluster fetched --service shop --region eu-west-1 --profile ops");
    fetched.by_hand = vec![put("shop", &json!({"api": CURRENT}).to_string())];
    // What ECS injects nobody can see; that new tasks get the current key is all that can be shown.
    fetched.afterwards = "unverified";
    follow(
        &moto,
        &[
            Case::words(
                "a value in the definition",
                &hop("literal"),
                "stale",
                "ALLSTAK_API_KEY of the container app in a new revision of the task definition literal, and update the service shop to it",
                &[
                    define("literal", holding(CURRENT)),
                    stop("literal", task(2)),
                    run("literal", "literal:2"),
                ],
            ),
            Case::words(
                "a variable that nothing sets",
                &hop("bare"),
                "missing",
                "in a new revision of the task definition bare",
                &[
                    define("bare", holding(CURRENT)),
                    stop("bare", task(5)),
                    run("bare", "bare:2"),
                ],
            ),
            fetched,
        ],
    );
}
