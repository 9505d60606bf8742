//! What is wrong with targets.yaml is told by file, line and column, all at once, and never with a
//! value in it.

use crate::support::{CURRENT, Scene};

const SOUND: &str = "version: 1
projects:
  checkout:
    variable: KEY
    format: '^ask_live_[A-Za-z0-9]{32}$'
    current: { file: { path: DIR/current } }
deployments:
  - { name: web, project: checkout, route: [ { file: { path: DIR/web } } ] }
";

#[test]
fn a_sound_file_is_counted() {
    Scene::with(SOUND)
        .run(["config", "check"])
        .ends(0)
        .prints("sound: 1 deployment with 1 hop along the routes, 1 current key");
}

#[test]
fn checking_needs_no_key_no_network_and_runs_nothing() {
    let targets = SOUND.replace(
        "{ file: { path: DIR/web } }",
        "{ command: { argv: [touch, DIR/ran] } }, { http: { url: 'http://127.0.0.1:9/' } }",
    );
    let scene = Scene::with(&targets);
    scene.run(["config", "check"]).ends(0);
    scene.run(["config", "expand"]).ends(0);
    assert_eq!(scene.names(), ["targets.yaml"]);
}

#[test]
fn every_problem_is_told_at_its_place() {
    let targets = SOUND
        .replace("variable: KEY", "varaible: KEY")
        .replace("project: checkout", "project: chekout");
    let scene = Scene::with(&targets);
    for command in [&["config", "check"][..], &["config", "expand"], &["audit"]] {
        let ran = scene
            .run(command)
            .ends(2)
            .complains("targets.yaml:4:5: ")
            .complains("`variable`")
            .complains("targets.yaml:8:27: ")
            .complains("`checkout`")
            .complains("2 problems; nothing was read");
        assert!(ran.stdout.is_empty(), "{ran}");
        assert_eq!(ran.stderr.lines().count(), 3, "{ran}");
    }
}

#[test]
fn an_unsound_file_is_not_acted_upon() {
    let targets = SOUND
        .replace(
            "{ file: { path: DIR/web } }",
            "{ command: { argv: [touch, DIR/ran] } }",
        )
        .replace("version: 1", "version: 1\nversoin: 1");
    let scene = Scene::with(&targets).file("current", CURRENT);
    scene.run(["audit", "-o", "json=report"]).ends(2);
    assert_eq!(scene.names(), ["current", "targets.yaml"]);
}

#[test]
fn included_files_keep_their_own_lines() {
    let scene = Scene::with(
        &SOUND.replace("version: 1", "version: 1\ninclude: [ 'teams/*.yaml' ]"),
    )
    .file(
        "teams/mail.yaml",
        "version: 1\ndeployments:\n  - { name: mail, project: chekout, route: [ { env: {} } ] }\n",
    );
    scene
        .run(["config", "check"])
        .ends(2)
        .complains("teams/mail.yaml:3:28: ");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let scene = Scene::new();
    scene.run(["audit"]).ends(2).complains("targets.yaml");
    scene
        .run(["config", "check", "-c", "elsewhere.yaml"])
        .ends(2)
        .complains("elsewhere.yaml");
}

#[test]
fn a_key_in_the_file_is_refused_and_never_repeated() {
    for place in ["name: web", "path: DIR/web", "project: checkout, route"] {
        let targets = SOUND.replace(
            place,
            &place.replace("web", CURRENT).replace("checkout", CURRENT),
        );
        let ran = Scene::with(&targets)
            .run(["config", "check"])
            .ends(2)
            .complains("targets.yaml:8:");
        assert!(!ran.to_string().contains(&CURRENT[9..20]), "{ran}");
    }
}

#[test]
fn what_is_expanded_means_the_same() {
    let matrix = SOUND.replace(
        "name: web, project: checkout, route: [ { file: { path: DIR/web } } ]",
        "matrix: { name: [cart, mail], region: [eu, us] }, project: checkout, route: [ { file: { path: 'DIR/${name}-${region}' } } ]",
    );
    let scene = ["cart-eu", "cart-us", "mail-eu", "mail-us"].iter().fold(
        Scene::with(&matrix).file("current", CURRENT),
        |scene, name| scene.file(name, CURRENT),
    );
    let expanded = scene.run(["config", "expand"]).ends(0).prints("mail-us");
    let scene = scene.file("expanded.yaml", &expanded.stdout);
    let written = scene.run(["audit", "-f", "json"]).ends(0).json();
    let read = scene
        .run(["audit", "-f", "json", "-c", "expanded.yaml"])
        .ends(0)
        .json();
    assert_eq!(written["deployments"].as_array().unwrap().len(), 4);
    assert_eq!(written["deployments"], read["deployments"]);
    let twice = scene
        .run(["config", "expand", "-c", "expanded.yaml"])
        .ends(0);
    assert_eq!(twice.stdout, expanded.stdout);
}
