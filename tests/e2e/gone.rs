//! What is not there anymore, or goes by another name, and what stands in another key.

use std::fs;

use crate::support::{CURRENT, OLD, Ran, Scene, fingerprint};

const FORMAT: &str = "format: '^ask_live_[A-Za-z0-9]{32}$'";

/// `checkout` had `OLD` and has `CURRENT`, and these are the deployments.
fn targets(deployments: &str) -> String {
    format!(
        "version: 1
projects:
  checkout:
    variable: KEY
    {FORMAT}
    current: {{ file: {{ path: checkout }} }}
    previous: [ {{ fingerprint: '{}' }} ]
deployments:
{deployments}",
        fingerprint(OLD)
    )
}

fn scene(deployments: &str) -> Scene {
    Scene::new()
        .file("targets.yaml", targets(deployments))
        .file("checkout", CURRENT)
}

fn put(scene: &Scene, name: &str, text: impl AsRef<[u8]>) {
    fs::write(scene.path(name), text).unwrap();
}

fn run(scene: &Scene, arguments: &[&str]) -> Ran {
    let state = scene.path("state");
    let straggler = scene.straggler(arguments);
    straggler.env("XDG_STATE_HOME", state).run()
}

fn ask(scene: &Scene, more: &[&str]) -> Ran {
    run(scene, &[&["revoke-check", "checkout"], more].concat())
}

fn accept(name: &str) -> [&str; 4] {
    ["--accept", name, "--reason", "it was switched off"]
}

#[test]
fn a_place_that_is_out_of_sight_is_not_free_of_what_it_held() {
    let empty = "{ command: { argv: [ sh, -c, 'cat disk/key || true' ], stage: config } }";
    for route in ["{ file: { path: disk/key } }", empty] {
        let scene = scene(&format!(
            "  - {{ name: cart, project: checkout, route: [ {route} ] }}\n"
        ))
        .file("disk/key", OLD);
        run(&scene, &["audit"]).ends(1);
        fs::rename(scene.path("disk"), scene.path("unmounted")).unwrap();
        fs::create_dir(scene.path("disk")).unwrap();
        for _ in 0..2 {
            ask(&scene, &[])
                .ends(3)
                .prints("when something was last seen there");
            run(&scene, &["audit"]).ends(1).prints("missing");
        }
        // Nor is it when it leaves the route now.
        let other = "  - { name: cart, project: checkout, route: [ { file: { path: other } } ] }\n";
        let before = fs::read_to_string(scene.path("targets.yaml")).unwrap();
        put(&scene, "targets.yaml", targets(other));
        put(&scene, "other", CURRENT);
        run(&scene, &["audit"]).ends(0);
        ask(&scene, &[]).ends(3).prints("it is on no route anymore");
        put(&scene, "targets.yaml", before);
        fs::remove_dir(scene.path("disk")).unwrap();
        fs::rename(scene.path("unmounted"), scene.path("disk")).unwrap();
        ask(&scene, &[]).ends(1);
        put(&scene, "disk/key", CURRENT);
        ask(&scene, &[]).ends(0);
        fs::remove_file(scene.path("disk/key")).unwrap();
        ask(&scene, &[]).ends(0);
    }
}

#[test]
fn what_is_said_to_be_gone_is_gone() {
    let route = |more: &str| {
        format!(
            "  - {{ name: cart, project: checkout, route: [ {{ file: {{ path: key }}{more} }} ] }}\n"
        )
    };
    let scene = scene(&route("")).file("key", OLD);
    run(&scene, &["audit"]).ends(1);
    fs::remove_file(scene.path("key")).unwrap();
    let ran = ask(&scene, &[]).ends(3);
    ran.prints("expect: absent");
    ask(&scene, &accept("cart")).ends(0);
    put(&scene, "targets.yaml", targets(&route(", expect: absent")));
    run(&scene, &["audit"]).ends(0);
    ask(&scene, &[]).ends(0);
}

#[test]
fn a_deployment_by_another_name_is_read_where_it_was() {
    let named = |name: &str| {
        format!("  - {{ {name}, project: checkout, route: [ {{ file: {{ path: key }} }} ] }}\n")
    };
    let scene = scene(&named("name: cart")).file("key", OLD);
    run(&scene, &["audit"]).ends(1);
    for name in ["name: basket", "name: basket, environment: production"] {
        put(&scene, "targets.yaml", targets(&named(name)));
        put(&scene, "key", OLD);
        ask(&scene, &[]).ends(1).prints("basket");
        put(&scene, "key", CURRENT);
        ask(&scene, &[]).ends(0);
    }
    // It is elsewhere that nobody looked since.
    let moved = named("name: trolley").replace("path: key", "path: other");
    put(&scene, "targets.yaml", targets(&moved));
    put(&scene, "other", CURRENT);
    ask(&scene, &[]).ends(3).prints("basket");
}

#[test]
fn who_answers_for_a_deployment_answers_for_none_that_is_called_more() {
    let two = "  - { name: kiosk, project: checkout, route: [ { file: { path: off/key } } ] }
  - { name: kiosk, project: checkout, environment: eu, route: [ { file: { path: eu/key } } ] }\n";
    let scene = scene(two).file("off", "").file("eu", "");
    run(&scene, &["audit"]).ends(3);
    ask(&scene, &accept("kiosk")).ends(3).prints("kiosk (eu)");
    ask(&scene, &accept("kiosk (eu)")).ends(0);

    // By the name of what is gone nobody answers for what is there.
    let one = two.lines().next_back().unwrap().to_owned() + "\n";
    let scene = scene_of_gone(&one);
    ask(&scene, &accept("kiosk")).ends(3).prints("kiosk (eu)");
}

/// Past audits knew a `kiosk` that these deployments are not.
fn scene_of_gone(deployments: &str) -> Scene {
    let before = "  - { name: kiosk, project: checkout, route: [ { file: { path: key } } ] }\n";
    let scene = scene(before).file("key", OLD).file("eu", "");
    run(&scene, &["audit"]).ends(1);
    put(&scene, "targets.yaml", targets(deployments));
    scene
}

#[test]
fn who_answers_for_what_was_out_of_sight_does_not_answer_for_what_is_seen() {
    let route =
        "  - { name: kiosk, project: checkout, route: [ { command: { argv: [ cat, key ] } } ] }\n";
    let scene = scene(route);
    run(&scene, &["audit"]).ends(3);
    ask(&scene, &accept("kiosk")).ends(0);
    ask(&scene, &[]).ends(0);
    let turned: String = OLD.chars().rev().collect();
    put(&scene, "key", &turned);
    ask(&scene, &[]).ends(3);
    ask(&scene, &accept("kiosk")).ends(0);
    ask(&scene, &[]).ends(0);
    put(&scene, "key", "what is something else again");
    ask(&scene, &[]).ends(3);
}

#[test]
fn a_key_within_another_projects_key_is_found() {
    let dsn = format!("https://{OLD}@ingest.example.com/1");
    for (current, previous) in [
        (&*dsn, "[]".to_owned()),
        (
            "another",
            format!("[ {{ fingerprint: '{}' }} ]", fingerprint(&dsn)),
        ),
    ] {
        for gap in ["", " "] {
            let text = targets("").replace(
                "deployments:\n",
                &format!(
                    "  mail: {{ variable: DSN, current: {{ fingerprint: '{}' }}, previous: {previous} }}
deployments:
  - {{ name: post, project: mail, route: [ {{ file: {{ path: dsn }} }} ] }}\n",
                    fingerprint(current)
                ),
            );
            let scene = Scene::new()
                .file("targets.yaml", text)
                .file("checkout", CURRENT)
                .file("dsn", format!("{dsn}{gap}"));
            let ran = run(&scene, &["audit"]);
            if current == dsn && gap.is_empty() {
                ran.ends(0).prints("stands beside what post takes");
            }
            ask(&scene, &[]).ends(3).prints("a part of it is");
        }
    }
}

#[test]
fn a_key_of_several_lines_that_is_commented_out_is_found() {
    let pem = |body: &str| {
        let line = body.repeat(8);
        format!("-----BEGIN PRIVATE KEY-----\n{line}\n{line}a\n-----END PRIVATE KEY-----")
    };
    let (old, new) = (pem("Zq81LpT0"), pem("m5DfG9hJ"));
    for sign in ["#", "# ", "// ", "> ", "-", "+    "] {
        let gone: Vec<_> = old.lines().map(|line| format!("{sign}{line}\n")).collect();
        let text = targets(
            "  - { name: cart, project: checkout, route: [ { dotenv: { path: app.env } } ] }\n",
        )
        .replace(FORMAT, "")
        .replace(
            &format!("{{ fingerprint: '{}' }}", fingerprint(OLD)),
            "{ file: { path: old } }",
        );
        let scene = Scene::new()
            .file("targets.yaml", text)
            .file("checkout", &new)
            .file("old", &old)
            .file("app.env", format!("KEY=\"{new}\"\n{}", gone.concat()));
        if sign.starts_with('#') {
            run(&scene, &["audit"]).ends(0);
        }
        ask(&scene, &[]).ends(3);
    }
}

#[test]
fn a_ledger_that_began_after_the_rotation_says_what_it_does_not_know() {
    let scene =
        scene("  - { name: cart, project: checkout, route: [ { file: { path: key } } ] }\n")
            .file("key", CURRENT);
    run(&scene, &["audit"]).ends(0);
    ask(&scene, &[])
        .ends(0)
        .prints("no past audit in this ledger saw");
    let ran = ask(&scene, &["-f", "json"]).ends(0);
    assert_eq!(ran.json()["considered_past_audits"], false);
}
