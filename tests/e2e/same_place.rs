//! What proves nothing but itself: a place is the reference's however it is written. And what an exit
//! code of 0 is made of.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::server::{Answer, Server};
use crate::support::{CURRENT, OLD, Ran, SIBLING, Scene, Straggler, fingerprint};

/// A project whose reference is this, and one deployment with this route.
fn scene(reference: &str, route: &str) -> Scene {
    let scene = Scene::with(&format!(
        "version: 1
projects:
  checkout:
    variable: KEY
    current: {{ {reference} }}
deployments:
  - {{ name: api, project: checkout, route: [ {{ {route} }} ] }}
"
    ))
    .file("cur", CURRENT)
    .file("copy", CURRENT)
    .file("sub/other", CURRENT)
    .file("cur.env", format!("KEY={CURRENT}\nOTHER={CURRENT}\n"))
    .file(
        "cur.json",
        format!(r#"{{"a": "{CURRENT}", "b": "{CURRENT}"}}"#),
    );
    symlink(scene.path("cur"), scene.path("link")).unwrap();
    fs::hard_link(scene.path("cur"), scene.path("hard")).unwrap();
    symlink(scene.folder(), scene.path("around")).unwrap();
    scene
}

fn audit(scene: &Scene) -> Ran {
    scene.run(["audit", "-f", "json", "--no-ledger"])
}

/// The evidence of the only hop's readings, and the code.
fn seen(ran: &Ran) -> (Vec<String>, i32) {
    let report = ran.json();
    let readings = report["deployments"][0]["hops"][0]["readings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reading| reading["evidence"].as_str().unwrap().to_owned());
    (readings.collect(), ran.status.code().unwrap())
}

#[test]
fn a_file_is_the_same_whatever_leads_to_it() {
    let file = "file: { path: cur }";
    let member = "file: { path: cur.json }, extract: { json: /a }";
    for (reference, hop, evidence) in [
        (file, "file: { path: cur }", "reference"),
        (file, "file: { path: ./cur }", "reference"),
        (file, "file: { path: sub/../cur }", "reference"),
        (file, "file: { path: DIR/cur }", "reference"),
        (file, "file: { path: 'c[u]r' }", "reference"),
        (file, "file: { path: cur, trim: newline }", "reference"),
        (file, "file: { path: ../cur }, folder: sub", "reference"),
        (file, "file: { path: link }", "reference"),
        (file, "file: { path: hard }", "reference"),
        (file, "file: { path: around/around/cur }", "reference"),
        ("file: { path: link }", "file: { path: hard }", "reference"),
        (file, "file: { path: copy }", "value"),
        (file, "file: { path: sub/other }", "value"),
        (
            "dotenv: { path: cur.env }",
            "dotenv: { path: ./cur.env, dialect: docker }",
            "reference",
        ),
        (
            "dotenv: { path: cur.env }",
            "dotenv: { path: cur.env }, variable: OTHER",
            "value",
        ),
        (
            "dotenv: { path: cur.env }",
            "file: { path: cur.env }, extract: { dotenv: KEY }",
            "reference",
        ),
        (
            "dotenv: { path: cur.env }",
            r"file: { path: cur.env }, extract: { pattern: 'KEY=(\S+)' }",
            "reference",
        ),
        (
            member,
            "file: { path: ./cur.json }, extract: { json: /a }",
            "reference",
        ),
        (
            member,
            "file: { path: cur.json }, extract: { json: /b }",
            "value",
        ),
    ] {
        let scene = scene(reference, &hop.replace("DIR", "PLACE"));
        let targets = fs::read_to_string(scene.path("targets.yaml")).unwrap();
        let folder = scene.folder().to_str().unwrap();
        fs::write(scene.path("targets.yaml"), targets.replace("PLACE", folder)).unwrap();
        let code = if evidence == "value" { 0 } else { 3 };
        let ran = audit(&scene);
        assert_eq!(
            seen(&ran),
            (vec![evidence.to_owned()], code),
            "{hop}: {ran}"
        );
    }
}

#[test]
fn of_a_globs_files_only_the_references_own_is_no_proof() {
    let ran = audit(&scene("file: { path: cur }", "file: { path: 'c[uo]*' }"));
    // `copy`, `cur`, and what is no key.
    let (evidence, _) = seen(&ran);
    assert_eq!(evidence[..2], ["value", "reference"], "{ran}");
}

#[test]
fn of_a_bundles_files_only_the_references_own_is_no_proof() {
    let pattern = "pattern: 'ask_live_[A-Za-z0-9]{32}'";
    for (path, evidence) in [
        ("cur", &["reference"][..]),
        ("link", &["reference"]),
        ("copy", &["fingerprint"]),
        ("sub", &["fingerprint"]),
        ("dist", &["fingerprint", "reference"]),
    ] {
        let hop = format!("bundle: {{ path: {path}, {pattern} }}");
        let scene = scene("file: { path: cur }", &hop).file("dist/app.js", CURRENT);
        fs::hard_link(scene.path("cur"), scene.path("dist/own.js")).unwrap();
        assert_eq!(seen(&audit(&scene)).0, evidence, "{path}");
    }
    let server = Server::new(|asked| match &*asked.path {
        "/k" | "/other" => Answer::status(200, CURRENT),
        _ => Answer::status(404, ""),
    });
    let reference = format!("http: {{ url: '{}' }}", server.url("/k"));
    for (path, evidence) in [("/x/../k#here", "reference"), ("/other", "fingerprint")] {
        let hop = format!("bundle: {{ url: '{}', {pattern} }}", server.url(path));
        let ran = audit(&scene(&reference, &hop));
        assert_eq!(seen(&ran).0[0], evidence, "{path}: {ran}");
    }
}

#[test]
fn a_variable_and_an_address_are_the_same_in_other_words() {
    let server = Server::new(|_| Answer::status(200, CURRENT));
    let [plain, other] =
        ["/k", "/other"].map(|path| format!("http: {{ url: '{}' }}", server.url(path)));
    let around = format!("http: {{ url: '{}' }}", server.url("/x/../k"));
    for (reference, hop, evidence) in [
        ("env:", "env: { variable: KEY }", "reference"),
        ("env:", "env: { variable: OTHER }", "value"),
        (&plain, &*around, "reference"),
        (&plain, &other, "value"),
    ] {
        let scene = scene(reference, hop);
        let ran = scene
            .straggler(["audit", "-f", "json", "--no-ledger"])
            .env("KEY", CURRENT)
            .env("OTHER", CURRENT)
            .run();
        assert_eq!(seen(&ran).0, [evidence], "{hop}: {ran}");
    }
}

#[test]
fn a_hop_at_the_place_of_the_next_key_proves_nothing_either() {
    let scene = Scene::with(
        "version: 1
projects:
  checkout:
    variable: KEY
    current: { file: { path: cur } }
    next: { file: { path: next } }
deployments:
  - { name: api, project: checkout, route: [ { file: { path: ./next } } ] }
",
    )
    .file("cur", CURRENT)
    .file("next", SIBLING);
    assert_eq!(seen(&audit(&scene)), (vec!["reference".to_owned()], 3));
}

#[test]
fn where_no_key_belongs_the_reference_is_no_witness_either() {
    let scene = scene("file: { path: cur }", "file: { path: ./cur }");
    let inventory = fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let inventory = inventory.replace(
        "project: checkout, route",
        "project: checkout, expect: absent, route",
    );
    let inventory = inventory.replace(
        "deployments:",
        &format!(
            "    previous: [ {{ fingerprint: '{}' }} ]\ndeployments:",
            fingerprint(OLD)
        ),
    );
    let scene = scene.file("targets.yaml", inventory);
    let (evidence, code) = seen(&audit(&scene));
    assert_eq!(
        (evidence, code),
        (vec!["reference".to_owned()], 1),
        "a key that does not belong there is drift"
    );
    // That nothing else holds the old key is not known from there.
    scene
        .run(["revoke-check", "checkout", "--no-ledger"])
        .ends(3);
}

#[test]
fn the_fingerprint_of_nothing_makes_nobody_current() {
    let reference = format!("fingerprint: '{}'", fingerprint(""));
    let scene = scene(&reference, "file: { path: empty }").file("empty", "");
    let ran = audit(&scene).ends(1);
    let report = ran.json();
    assert_eq!(report["projects"][0]["reference"]["verdict"], "missing");
    assert_eq!(report["deployments"][0]["verdict"], "missing");

    // Nor does a command that hashed an unset variable.
    let told = format!("command: {{ argv: [printf, '{}'] }}", fingerprint(""));
    let ran = audit(&self::scene(&told, "file: { path: copy }")).ends(1);
    assert_eq!(ran.json()["projects"][0]["reference"]["verdict"], "missing");
}

#[test]
fn two_projects_with_one_key_are_both_faulty_unless_they_say_so() {
    for (said, code) in [("", 1), (", same_key_as: shop", 0)] {
        let scene = Scene::with(&format!(
            "version: 1
projects:
  checkout: {{ variable: KEY, current: {{ file: {{ path: cur }} }}{said} }}
  shop: {{ variable: KEY, current: {{ file: {{ path: shop }} }} }}
deployments:
  - {{ name: api, project: checkout, route: [ {{ dotenv: {{ path: api.env }} }} ] }}
"
        ))
        .file("cur", CURRENT)
        .file("shop", CURRENT)
        .file("api.env", format!("KEY={CURRENT}\n"));
        let ran = scene.run(["audit", "--no-ledger"]).ends(code);
        match code {
            0 => ran.prints("exit 0: every selected deployment is proven current\n"),
            _ => ran
                .prints("exit 1: 1 faulty reference")
                .prints("same_key_as"),
        };
    }
}

#[test]
fn success_says_what_it_is_made_of() {
    let scene = Scene::with(
        "version: 1
projects:
  checkout:
    variable: KEY
    current: { file: { path: cur } }
    previous: [ { file: { path: old } } ]
deployments:
  - { name: api, project: checkout, route: [ { dotenv: { path: api.env } } ] }
  - { name: late, project: checkout, route: [ { dotenv: { path: late.env } } ] }
  - { name: self, project: checkout, route: [ { file: { path: cur } } ] }
",
    )
    .file("cur", CURRENT)
    .file("old", OLD)
    .file("api.env", format!("KEY={CURRENT}\n"))
    .file("late.env", format!("KEY={OLD}\n"));
    let audit = |options: &[&str]| -> Straggler {
        let arguments = ["audit", "--no-ledger"].iter().chain(options);
        scene.straggler(arguments)
    };
    let late = ["--deployment", "late", "--fail-on", "revoked"];
    audit(&late)
        .run()
        .ends(0)
        .prints("exit 0: 1 stale, not counted (--fail-on revoked)\n");
    let own = ["--deployment", "self", "--accept", "unverified"];
    audit(&own)
        .run()
        .ends(0)
        .prints("exit 0: 1 unverified, accepted (--accept unverified)\n");
    let all = ["--fail-on", "revoked,missing", "--accept", "unverified"];
    audit(&all)
        .run()
        .ends(0)
        .prints("exit 0: 1 proven current; 1 stale, not counted (--fail-on revoked,missing); 1\n");
    audit(&["--deployment", "late"])
        .run()
        .ends(1)
        .prints("exit 1: drift in 1 deployment\n");
}

#[test]
fn the_general_key_is_named_by_the_environment_that_has_none_of_its_own() {
    let scene = Scene::with(
        "version: 1
projects:
  checkout:
    variable: KEY
    current: { file: { path: cur } }
    previous: [ { file: { path: old } } ]
    environments: { staging: { current: { file: { path: staging } } } }
defaults: { environment: production }
deployments:
  - { name: api, project: checkout, route: [ { dotenv: { path: api.env } } ] }
  - { name: api, project: checkout, environment: staging, route: [ { dotenv: { path: s.env } } ] }
",
    )
    .file("cur", CURRENT)
    .file("old", OLD)
    .file("staging", SIBLING)
    .file("api.env", format!("KEY={CURRENT}\n"))
    .file("s.env", format!("KEY={CURRENT}\n"));
    scene
        .run(["audit", "--no-ledger", "--environment", "production"])
        .ends(0)
        .prints("1 deployment: 1 current");
    scene
        .run(["audit", "--no-ledger", "--deployment", "api (production)"])
        .ends(0)
        .prints("1 deployment: 1 current");
    scene
        .run(["audit", "--no-ledger", "--environment", "staging"])
        .ends(1)
        .prints("first see which of the two is wrong, the environment of api");
    scene
        .run(["revoke-check", "checkout", "--environment", "production"])
        .prints(&fingerprint(OLD));
    scene
        .run(["revoke-check", "checkout", "--environment", "nowhere"])
        .ends(2);
    scene
        .run(["config", "expand"])
        .ends(0)
        .prints("    # key: checkout\n")
        .prints("    # key: checkout/staging\n");
}
