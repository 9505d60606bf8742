//! What is not there anymore, or goes by another name, and what stands in another key.

use std::fs;

use crate::answered::{ask, put, run};
use crate::support::{CURRENT, NEXT, OLD, SIBLING, Scene, fingerprint};

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
fn who_is_named_again_is_retired_no_more() {
    let route = "  - { name: cart, project: checkout, route: [ { file: { path: key } } ] }\n";
    let till = "  - { name: till, project: checkout, route: [ { file: { path: till } } ] }\n";
    let both = format!("{route}{till}");
    let scene = scene(&both).file("key", OLD).file("till", CURRENT);
    run(&scene, &["audit"]).ends(1);
    put(&scene, "targets.yaml", targets(till));
    run(&scene, &["history", "retire", "cart"]).ends(0);
    ask(&scene, &[]).ends(0);
    fs::rename(scene.path("key"), scene.path("unmounted")).unwrap();
    put(&scene, "targets.yaml", targets(&both));
    for _ in 0..2 {
        ask(&scene, &[]).ends(3);
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
fn an_optional_place_that_is_empty_is_not_free_of_what_it_held() {
    let route = "  - { name: cart, project: checkout, expect: optional, route: [ { file: { path: key } } ] }\n";
    let scene = scene(route).file("key", OLD);
    run(&scene, &["audit"]).ends(1);
    fs::remove_file(scene.path("key")).unwrap();
    for _ in 0..2 {
        ask(&scene, &[]).ends(3).prints("expect: absent");
        run(&scene, &["audit"]).ends(0);
    }
    put(
        &scene,
        "targets.yaml",
        targets(&route.replace("optional", "absent")),
    );
    ask(&scene, &[]).ends(0);
}

#[test]
fn who_answers_for_one_file_of_several_answers_for_no_other() {
    let route = "  - { name: cart, project: checkout, route: [ { file: { path: 's/*/key' } } ] }\n";
    let scene = scene(route).file("s/1/key", CURRENT);
    // A link in a circle can be read by nobody.
    let circle = |name: &str| {
        fs::create_dir_all(scene.path(name)).unwrap();
        std::os::unix::fs::symlink("key", scene.path(name).join("key")).unwrap();
    };
    circle("s/2");
    ask(&scene, &[]).ends(3);
    ask(&scene, &accept("cart")).ends(0);
    ask(&scene, &[]).ends(0);
    circle("s/3");
    ask(&scene, &[]).ends(3);
}

#[test]
fn the_key_of_a_project_that_left_is_not_over_because_its_places_are_anothers() {
    let other = "  mail: { variable: Q, current: { file: { path: q } } }\n";
    let of = |project: &str| {
        format!(
            "  - {{ name: post, project: {project}, route: [ {{ file: {{ path: key }} }} ] }}\n"
        )
    };
    let both =
        |name: &str| targets(&of(name)).replace("deployments:", &format!("{other}deployments:"));
    let scene = scene("")
        .file("targets.yaml", both("mail"))
        .file("q", SIBLING)
        .file("key", SIBLING);
    run(&scene, &["audit"]).ends(0);
    put(&scene, "targets.yaml", targets(&of("checkout")));
    put(&scene, "key", CURRENT);
    run(&scene, &["audit"]).ends(0);
    ask(&scene, &["--key", &fingerprint(SIBLING)]).ends(3);
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
    for sign in ["#", "# ", "## ", "# # ", "// ", "> ", "-", "+    "] {
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
    ask(&scene, &[]).ends(0).prints("past audits never knew");
    let ran = ask(&scene, &["-f", "json"]).ends(0);
    assert_eq!(ran.json()["considered_past_audits"], false);
}

#[test]
fn where_nothing_of_a_project_is_named_nobody_can_tell() {
    let other = "  mail: { variable: Q, current: { file: { path: q } }, previous: [ { fingerprint: 'OLD' } ] }\n";
    let text =
        targets("  - { name: cart, project: checkout, route: [ { file: { path: key } } ] }\n")
            .replace(
                "deployments:",
                &format!(
                    "{}deployments:",
                    other.replace("OLD", &fingerprint("what mail had"))
                ),
            );
    let scene = Scene::new()
        .file("targets.yaml", text)
        .file("checkout", CURRENT)
        .file("key", CURRENT)
        .file("q", "what mail has");
    for more in [&["--no-ledger"][..], &[], &[]] {
        run(&scene, &[&["revoke-check", "mail"], more].concat())
            .ends(3)
            .prints("no deployment of mail is named here");
        run(&scene, &[&["revoke-check", "checkout"], more].concat()).ends(0);
    }
}

#[test]
fn a_reference_that_is_empty_here_may_be_the_key_in_question_elsewhere() {
    let other = "  mail: { variable: Q, current: { env: { variable: Q_KEY } } }\n";
    let text =
        targets("  - { name: cart, project: checkout, route: [ { file: { path: key } } ] }\n")
            .replace("deployments:", &format!("{other}deployments:"));
    let with = |text: &str| {
        Scene::new()
            .file("targets.yaml", text)
            .file("checkout", CURRENT)
            .file("key", CURRENT)
    };
    let asked = |scene: &Scene, value: Option<&str>| {
        let straggler = scene.straggler(["revoke-check", "checkout"]);
        let straggler = straggler.env("XDG_STATE_HOME", scene.path("state"));
        match value {
            Some(value) => straggler.env("Q_KEY", value).run(),
            None => straggler.run(),
        }
    };
    let scene = with(&text);
    asked(&scene, Some(OLD)).ends(1);
    for empty in [None, Some(""), Some("changeme")] {
        asked(&scene, empty)
            .ends(3)
            .prints("it may be the key in question");
    }
    // Where past audits are sure of its key, that one is live, and no other.
    let scene = with(&text);
    asked(&scene, Some("what mail has")).ends(0);
    asked(&scene, None).ends(0);
}

#[test]
fn what_the_environment_fills_in_is_shown_nowhere_and_moves_no_place() {
    let route = "{ command: { argv: [ sh, -c, 'cat key', '${env.A_TOKEN}', 'x${env.REGION}' ], stage: config } }";
    let scene = scene(&format!(
        "  - {{ name: cart, project: checkout, route: [ {route} ] }}\n"
    ))
    .file("key", OLD);
    let run = |token: &str, arguments: &[&str]| {
        let ran = scene
            .straggler(arguments)
            .env("XDG_STATE_HOME", scene.path("state"))
            .env("A_TOKEN", token)
            .env("REGION", "eu-west-1")
            .run();
        assert!(!ran.to_string().contains(token), "{ran}");
        ran
    };
    for token in ["hvs.Bv7Nc2Xz9Lk4Jh6Gf1Ds8Qa3", "5hort-0ne"] {
        run(token, &["audit", "--dry-run"])
            .ends(0)
            .prints("xeu-west-1");
        run(token, &["audit", "-vv"]).ends(1).prints("xeu-west-1");
        run(token, &["audit", "-f", "json"]).ends(1);
    }
    put(&scene, "key", CURRENT);
    run("hvs.Wm4Kd8Rt2Yp6Jx1Vb9Lf3Zq7", &["audit"]).ends(0);
    run(
        "hvs.Wm4Kd8Rt2Yp6Jx1Vb9Lf3Zq7",
        &["revoke-check", "checkout"],
    )
    .ends(0);
    let mut bytes = Vec::new();
    let state = scene.path("state").join("straggler");
    for file in fs::read_dir(state).unwrap() {
        bytes.extend(fs::read(file.unwrap().path()).unwrap_or_default());
    }
    let holds = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(holds(b"xeu-west-1") && !holds(b"Bv7Nc2Xz9Lk4"));
}

#[test]
fn no_name_shows_what_the_environment_fills_in() {
    let deployments = "  - name: 'cart-${v}'
    project: checkout
    vars: { v: '${env.A_TOKEN}' }
    owner: 'team ${env.A_TOKEN}'
    environment: 'e-${env.A_TOKEN}'
    labels: { by: 'x${env.A_TOKEN}', region: '${env.REGION}' }
    route: [ { command: { argv: [ sh, -c, 'cat key', '${v}' ], stage: config } } ]
";
    let scene = scene(deployments).file("key", OLD);
    let digits = |token: &str| fingerprint(token)["sha256:".len()..][..8].to_owned();
    for (token, told) in [
        (
            "zKd93kfLs02mVq81",
            format!("cart-sha256:{}", digits("zKd93kfLs02mVq81")),
        ),
        ("5hort-0ne", "cart-${env.A_TOKEN}".to_owned()),
    ] {
        let run = |arguments: &[&str]| {
            let ran = scene
                .straggler(arguments)
                .env("XDG_STATE_HOME", scene.path("state"))
                .env("A_TOKEN", token)
                .env("REGION", "eu-west-1")
                .run();
            assert!(!ran.to_string().contains(token), "{ran}");
            ran
        };
        // An error names none of it, either.
        let sound = fs::read_to_string(scene.path("targets.yaml")).unwrap();
        put(
            &scene,
            "targets.yaml",
            sound.replace("project: checkout", "project: '${env.A_TOKEN}'"),
        );
        run(&["audit"]).ends(2).complains("no project is named");
        put(&scene, "targets.yaml", sound);
        run(&["audit", "--dry-run"]).ends(0);
        run(&["audit", "-f", "json"])
            .ends(1)
            .prints(&told)
            .prints("eu-west-1");
        run(&["audit"]).ends(1).prints(&told);
        run(&["audit", "--deployment", &told]).ends(1);
        run(&["history"]).ends(0);
        let expanded = run(&["config", "expand"]).ends(0);
        // What it says is filled in again to what it was made from.
        put(&scene, "expanded.yaml", expanded.stdout);
        run(&["audit", "-c", "expanded.yaml", "--no-ledger"])
            .ends(1)
            .prints(&told);
        for file in fs::read_dir(scene.path("state").join("straggler")).unwrap() {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            let mut windows = bytes.windows(token.len());
            assert!(!windows.any(|window| window == token.as_bytes()));
        }
    }
}

#[test]
fn nothing_is_left_beside_the_ledgers_of_others() {
    let route = "  - { name: cart, project: checkout, route: [ { file: { path: key } } ] }\n";
    let scene = scene(route)
        .file("key", CURRENT)
        .file(
            "other/targets.yaml",
            targets(route).replace("checkout", "shop"),
        )
        .file("other/shop", CURRENT)
        .file("other/key", CURRENT);
    run(&scene, &["audit"]).ends(0);
    run(&scene, &["audit", "-c", "other/targets.yaml"]).ends(0);
    let files = fs::read_dir(scene.path("state").join("straggler")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let left: Vec<_> = names.filter(|name| !name.ends_with(".db")).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// `checkout` and its deployment, and another project without any.
fn with_project(other: &str) -> String {
    targets("  - { name: cart, project: checkout, route: [ { file: { path: key } } ] }\n")
        .replace("deployments:", &format!("{other}deployments:"))
}

#[test]
fn a_project_that_left_has_its_key_until_somebody_says_that_it_is_no_more() {
    let mail = with_project("  mail: { variable: Q, current: { file: { path: q } } }\n");
    let scene = scene("")
        .file("targets.yaml", &mail)
        .file("q", SIBLING)
        .file("key", CURRENT);
    run(&scene, &["audit"]).ends(0);
    let about = fingerprint(SIBLING);
    let about = ["--key", &about];
    let retire = ["history", "retire", "--project", "mail"];
    run(&scene, &retire)
        .ends(2)
        .complains("targets.yaml still names this project");
    for _ in 0..2 {
        put(&scene, "targets.yaml", with_project(""));
        run(&scene, &["audit"]).ends(0);
        ask(&scene, &about)
            .ends(3)
            .prints("straggler history retire --project mail");
        run(&scene, &retire)
            .ends(0)
            .prints("retired: the key of mail");
        ask(&scene, &about).ends(0);
        // Named again, it is back.
        put(&scene, "targets.yaml", &mail);
        run(&scene, &["audit"]).ends(0);
        ask(&scene, &about).ends(1);
    }
    run(&scene, &["history", "retire", "--project", "nobody"])
        .ends(2)
        .complains("the ledger knows no project of that name");
}

#[test]
fn a_project_that_got_another_name_and_another_key_at_once_may_be_alive_by_its_former_one() {
    let named = |name: &str| {
        with_project(&format!(
            "  {name}: {{ variable: Q, current: {{ file: {{ path: q }} }} }}\n"
        ))
    };
    let scene = scene("")
        .file("targets.yaml", named("mail"))
        .file("q", SIBLING)
        .file("key", CURRENT);
    run(&scene, &["audit"]).ends(0);
    put(&scene, "targets.yaml", named("post"));
    put(&scene, "q", NEXT);
    run(&scene, &["audit"]).ends(0);
    let about = fingerprint(SIBLING);
    ask(&scene, &["--key", &about]).ends(3);
}

#[test]
fn who_shares_a_key_shares_its_earlier_ones() {
    let shared = with_project(
        "  shop: { variable: KEY, current: { file: { path: shop } }, same_key_as: checkout }\n",
    ) + "  - { name: till, project: shop, route: [ { file: { path: till } } ] }\n";
    let scene = scene("").file("targets.yaml", shared);
    let scene = ["checkout", "shop", "key", "till"]
        .into_iter()
        .fold(scene, |scene, name| scene.file(name, CURRENT));
    for project in ["checkout", "shop"] {
        for (held, code) in [(OLD, 1), (CURRENT, 0)] {
            put(&scene, "till", held);
            run(&scene, &["revoke-check", project]).ends(code);
        }
    }
}

#[test]
fn an_environment_that_left_is_retired_alone() {
    let staging = with_project("").replace(
        "  checkout:\n",
        "  checkout:\n    environments: { staging: { current: { file: { path: q } } } }\n",
    );
    let web = "  - { name: web, project: checkout, environment: staging, route: [ { file: { path: web } } ] }\n";
    let scene = scene("")
        .file("targets.yaml", staging.clone() + web)
        .file("q", SIBLING)
        .file("web", SIBLING)
        .file("key", CURRENT);
    run(&scene, &["audit"]).ends(0);
    let retire = [
        "history",
        "retire",
        "--project",
        "checkout",
        "--environment",
        "staging",
    ];
    run(&scene, &retire)
        .ends(2)
        .complains("still names this environment");
    put(&scene, "targets.yaml", with_project(""));
    let about = fingerprint(SIBLING);
    ask(&scene, &["--key", &about])
        .ends(3)
        .prints("straggler history retire --project checkout --environment staging");
    run(&scene, &retire)
        .ends(0)
        .prints("retired: the key of checkout/staging")
        .prints("retired: web (staging) of checkout");
    ask(&scene, &["--key", &about]).ends(0);
    ask(&scene, &[]).ends(0);
}
