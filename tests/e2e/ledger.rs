//! What one audit leaves to the next, through the program.

use std::fs;

use crate::support::{CURRENT, NEXT, OLD, Ran, SIBLING, STRANGE, Scene, fingerprint};

/// `checkout` is read from a file, which keeps no versions; `api` and `web` hold its key.
fn scene() -> Scene {
    let scene = Scene::with(
        "version: 1
projects:
  checkout:
    variable: KEY
    format: '^ask_live_[A-Za-z0-9]{32}$'
    current: { file: { path: DIR/checkout } }
  shop: { variable: KEY, current: { file: { path: DIR/shop } } }
deployments:
  - { name: api, project: checkout, route: [ { dotenv: { path: DIR/api.env } } ] }
  - { name: web, project: checkout, route: [ { dotenv: { path: DIR/web.env } } ] }
notify: [ { command: { argv: [ sh, -c, 'cat >> DIR/told; echo >> DIR/told' ] } } ]
",
    );
    let scene = scene.file("checkout", CURRENT).file("shop", SIBLING);
    hold(&scene, "api", CURRENT);
    hold(&scene, "web", CURRENT);
    scene
}

fn hold(scene: &Scene, deployment: &str, key: &str) {
    fs::write(
        scene.path(&format!("{deployment}.env")),
        format!("KEY={key}\n"),
    )
    .unwrap();
}

fn rotate(scene: &Scene, key: &str) {
    fs::write(scene.path("checkout"), key).unwrap();
}

fn run(scene: &Scene, arguments: &[&str]) -> Ran {
    let state = scene.path("state");
    scene
        .straggler(arguments)
        .env("XDG_STATE_HOME", state)
        .run()
}

/// The messages that were sent, each a JSON document.
fn told(scene: &Scene) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(scene.path("told")).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_reference_that_changed_is_suspected_until_somebody_says_that_it_was_rotated() {
    let scene = scene();
    run(&scene, &["audit"]).ends(0);
    run(&scene, &["revoke-check", "checkout"]).ends(3);
    rotate(&scene, NEXT);
    hold(&scene, "api", NEXT);
    let old = fingerprint(CURRENT);
    for _ in 0..2 {
        let ran = run(&scene, &["audit", "-f", "json"]).ends(1);
        let report = ran.json();
        assert_eq!(report["projects"][0]["rotation"], "suspected", "{ran}");
        assert_eq!(report["projects"][0]["previous"][0]["fingerprint"], *old);
        assert_eq!(report["deployments"][1]["verdict"], "stale");
        run(&scene, &["audit"]).ends(1).prints("compare");
    }
    hold(&scene, "web", NEXT);
    run(&scene, &["audit"]).ends(0);
    run(&scene, &["revoke-check", "checkout"])
        .ends(3)
        .prints("changed");

    run(&scene, &["history", "confirm", "checkout"])
        .ends(0)
        .prints(&fingerprint(NEXT));
    run(&scene, &["history", "confirm", "checkout"])
        .ends(0)
        .prints("nothing to confirm");
    let safe = run(&scene, &["revoke-check", "checkout"]).ends(0);
    safe.prints(&format!("safe to revoke: {old}"));
    let ran = run(&scene, &["history", "--project", "checkout", "-f", "json"]).ends(0);
    let rotations = ran.json()["rotations"].clone();
    assert_eq!(rotations[0]["confirmed"], "first", "{ran}");
    assert_eq!(rotations[1]["confirmed"], "person", "{ran}");
    assert_eq!(rotations[1]["fingerprint"], *fingerprint(NEXT));
    assert_eq!(rotations[1]["stages"][0]["left"], 0, "{ran}");
}

#[test]
fn a_misread_makes_the_live_key_no_previous_one() {
    let scene = scene();
    run(&scene, &["audit"]).ends(0);
    rotate(&scene, STRANGE);
    let ran = run(&scene, &["audit"]).ends(1);
    ran.prints("stale");
    rotate(&scene, CURRENT);
    let ran = run(&scene, &["audit", "-f", "json"]).ends(0);
    assert_eq!(ran.json()["projects"][0]["previous"], serde_json::json!([]));
    // The live key was never anything else.
    let key = fingerprint(CURRENT);
    run(&scene, &["revoke-check", "checkout", "--key", &key])
        .ends(1)
        .prints("current key");
}

#[test]
fn the_night_tells_what_changed_alone_and_everybody_once() {
    let scene = scene();
    let night = |code| run(&scene, &["audit", "--changed-only"]).ends(code);
    night(0).prints("nothing changed since the last audit");
    assert!(told(&scene).is_empty());

    hold(&scene, "web", OLD);
    night(1)
        .prints("worse")
        .prints("web")
        .prints("1 unknown, 1 current");
    let ran = night(1).prints("nothing changed since the last audit");
    assert!(!ran.stdout.contains("dotenv:"), "{ran}");
    let messages = told(&scene);
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert_eq!(messages[0]["schema"], "straggler.changes/v1");
    assert_eq!(messages[0]["changes"][0]["deployment"], "web");

    // It flaps: every bad turn of it was told already.
    for key in [CURRENT, OLD, CURRENT, OLD] {
        hold(&scene, "web", key);
        night(i32::from(key == OLD));
    }
    assert_eq!(told(&scene).len(), 1);
    // Mended for good.
    hold(&scene, "web", CURRENT);
    night(0).prints("better");
    assert_eq!(told(&scene).len(), 1);
    night(0).prints("nothing changed");
    assert_eq!(told(&scene).len(), 2);

    // An audit by hand tells nobody, so the night still does.
    hold(&scene, "api", OLD);
    run(&scene, &["audit"]).ends(1);
    night(1).prints("nothing changed");
    assert_eq!(told(&scene).len(), 3);
    let text = fs::read_to_string(scene.path("told")).unwrap();
    for key in [CURRENT, OLD] {
        assert!(!text.contains(key));
    }
    let night = ["audit", "--changed-only", "-f", "json", "-o", "json=whole"];
    let report = run(&scene, &night).ends(1);
    let whole = fs::read(scene.path("whole")).unwrap();
    let whole: serde_json::Value = serde_json::from_slice(&whole).unwrap();
    assert_eq!(whole["deployments"].as_array().unwrap().len(), 2);
    let report = report.json();
    assert_eq!(report["changes"], serde_json::json!([]));
    assert_eq!(report["deployments"], serde_json::json!([]));
    assert_eq!(report["summary"]["deployments"], 2);
}

#[test]
fn what_is_out_of_reach_is_told_when_it_stays_so() {
    let scene = scene();
    run(&scene, &["audit", "--changed-only"]).ends(0);
    fs::remove_file(scene.path("web.env")).unwrap();
    fs::create_dir(scene.path("web.env")).unwrap();
    for _ in 0..2 {
        let ran = run(&scene, &["audit", "--changed-only"]).ends(3);
        ran.prints("nothing changed").prints("1 of 2 hops read");
        assert!(told(&scene).is_empty());
    }
    let ran = run(&scene, &["audit", "--changed-only"]).ends(3);
    ran.prints("worse").prints("unreachable");
    assert_eq!(told(&scene).len(), 1);
}

#[test]
fn a_receiver_that_failed_is_told_the_next_time_and_the_exit_code_says_so() {
    let scene = scene();
    let targets = fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let deaf = targets.replace("cat >> ", "test -e DIR/listens || exit 1; cat >> ");
    let deaf = deaf.replace("DIR", scene.folder().to_str().unwrap());
    fs::write(scene.path("targets.yaml"), deaf).unwrap();
    run(&scene, &["audit", "--changed-only"]).ends(0);
    fs::remove_file(scene.path("web.env")).unwrap();
    let failed = run(&scene, &["audit", "--changed-only"]);
    failed
        .ends(1)
        .complains("the receiver \"command\" was not told");
    fs::write(scene.path("listens"), "").unwrap();
    run(&scene, &["audit", "--changed-only"])
        .ends(1)
        .prints("nothing changed");
    assert_eq!(told(&scene).len(), 1);
}

#[test]
fn what_the_file_names_no_longer_is_a_blind_spot_until_it_is_closed() {
    let scene = scene();
    run(&scene, &["audit"]).ends(0);
    rotate(&scene, NEXT);
    hold(&scene, "api", NEXT);
    run(&scene, &["audit"]).ends(1);
    run(&scene, &["history", "confirm", "checkout"]).ends(0);
    let targets = fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let fewer: Vec<_> = targets
        .lines()
        .filter(|line| !line.contains("name: web"))
        .collect();
    fs::write(scene.path("targets.yaml"), fewer.join("\n")).unwrap();

    let ran = run(&scene, &["audit", "--changed-only"]).ends(0);
    ran.prints("gone: web");
    let check = |more: &[&str]| {
        let mut arguments = vec!["revoke-check", "checkout"];
        arguments.extend(more);
        run(&scene, &arguments)
    };
    check(&[]).ends(3).prints("? web: past audits knew it");
    let document = check(&["-f", "json"]).ends(3).json();
    assert_eq!(document["forgotten"], serde_json::json!(["web"]));
    assert_eq!(document["safe"], false);
    check(&["--accept", "web"]).ends(2);
    let pasted = format!("it had {OLD}");
    let ran = check(&["--accept", "web", "--reason", &pasted]).ends(2);
    assert!(!ran.to_string().contains(OLD), "{ran}");
    check(&["--accept", "wbe", "--reason", "gone"]).ends(2);
    check(&["--accept", "web", "--reason", "gone", "--no-ledger"]).ends(2);
    check(&["--accept", "web", "--reason", "gone"]).ends(0);
    // It is kept.
    check(&[]).ends(0).prints("safe to revoke");
    // For this key alone.
    rotate(&scene, OLD);
    hold(&scene, "api", OLD);
    run(&scene, &["audit"]).ends(0);
    run(&scene, &["history", "confirm", "checkout"]).ends(0);
    check(&[]).ends(3).prints("? web");
    check(&["--key", &fingerprint(CURRENT)]).ends(0);
    run(&scene, &["history", "retire", "api"])
        .ends(2)
        .complains("still names");
    run(&scene, &["history", "retire", "wbe"]).ends(2);
    run(&scene, &["history", "retire", "web"])
        .ends(0)
        .prints("retired: web of checkout");
    check(&[]).ends(0);
}

#[test]
fn without_a_place_nothing_is_kept_and_what_needs_it_says_so() {
    let scene = scene();
    scene.run(["audit"]).ends(0);
    scene
        .run(["audit", "--changed-only"])
        .ends(2)
        .complains("--ledger");
    scene.run(["history"]).ends(2).complains("--ledger");
    run(&scene, &["history"])
        .ends(2)
        .complains("run `straggler audit`");
    run(&scene, &["audit", "--no-ledger"]).ends(0);
    assert!(!scene.path("state").exists());
}

#[test]
fn a_ledger_that_cannot_be_kept_costs_no_report() {
    let scene = scene().file("taken", "this is no ledger");
    let ran = run(&scene, &["audit", "--ledger", "taken"]).ends(4);
    ran.prints("2 current").complains("the ledger taken");
    assert_eq!(fs::read(scene.path("taken")).unwrap(), b"this is no ledger");
    hold(&scene, "web", OLD);
    run(&scene, &["audit", "--ledger", "taken"]).ends(1);
    // An answer that rests on less than it could is none.
    run(
        &scene,
        &[
            "revoke-check",
            "checkout",
            "--key",
            &fingerprint(STRANGE),
            "--ledger",
            "taken",
        ],
    )
    .ends(4);
    let ran = scene
        .run([
            "audit",
            "--ledger",
            "postgres://ana:secret@127.0.0.1:1/team",
        ])
        .ends(1);
    assert!(!ran.stderr.contains("secret"), "{ran}");
}

#[test]
fn where_nothing_can_be_written_an_audit_is_as_good_as_ever() {
    let scene = scene().file("state", "no folder");
    let ran = run(&scene, &["audit"]).ends(0);
    ran.prints("2 current").complains("nothing is remembered");
    run(&scene, &["audit", "--no-ledger"]).ends(0);
    // Whoever asks for what changed has to be told that nobody knows.
    run(&scene, &["audit", "--changed-only"]).ends(2);
}

#[test]
fn two_files_with_a_project_of_one_name_do_not_meet() {
    let (one, other) = (scene(), scene());
    let state = one.path("state");
    let audit = |scene: &Scene| {
        scene
            .straggler(["audit"])
            .env("XDG_STATE_HOME", &state)
            .run()
    };
    audit(&one).ends(0);
    rotate(&other, NEXT);
    hold(&other, "api", NEXT);
    hold(&other, "web", NEXT);
    audit(&other).ends(0);
    assert_eq!(
        fs::read_dir(state.join("straggler"))
            .unwrap()
            .filter(|file| {
                let name = file.as_ref().unwrap().file_name();
                name.to_string_lossy().ends_with(".db")
            })
            .count(),
        2
    );
}

/// Whatever a reference is misread as, the live key stays what it is.
#[test]
fn no_poisoned_reference_makes_the_live_key_previous() {
    let quoted = format!("\"{CURRENT}\"");
    let line = format!("{CURRENT}\n");
    for poison in [
        &[""][..],
        &[&quoted],
        &[&line],
        &[SIBLING],
        &[&CURRENT[..30]],
        &["changeme"],
        &[STRANGE],
        &[STRANGE, CURRENT, STRANGE, CURRENT, STRANGE],
        &[STRANGE, NEXT, STRANGE, NEXT],
        &["", STRANGE, &quoted, CURRENT, SIBLING],
    ] {
        let scene = scene();
        run(&scene, &["audit"]).ends(0);
        let key = fingerprint(CURRENT);
        for reading in poison {
            rotate(&scene, reading);
            let ran = run(&scene, &["audit", "-f", "json"]);
            let ends = if *reading == CURRENT { 0 } else { 1 };
            let project = ran.ends(ends).json()["projects"][0].clone();
            // It may be suspected, which no answer is built upon.
            let previous = project["previous"].to_string();
            let is_sure = project["rotation"] != "suspected";
            assert!(
                !(is_sure && previous.contains(&key)),
                "{poison:?}: {project}"
            );
            for question in [&[][..], &["--key", &key]] {
                let asked = [&["revoke-check", "checkout"], question].concat();
                let ran = run(&scene, &asked);
                assert_ne!(ran.status.code(), Some(0), "{poison:?}: {ran}");
            }
        }
        rotate(&scene, CURRENT);
        let ran = run(&scene, &["audit", "-f", "json"]).ends(0);
        let project = &ran.json()["projects"][0];
        assert_eq!(project["current"], *key);
        assert!(
            !project["previous"].to_string().contains(&key),
            "{poison:?}: {ran}"
        );
        run(&scene, &["revoke-check", "checkout"])
            .ends(3)
            .prints("no previous key is known");
        run(&scene, &["revoke-check", "checkout", "--key", &key]).ends(1);
    }
}

#[test]
fn one_night_at_a_time() {
    let scene = scene();
    let targets = fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let slow = format!(
        "{targets}x-slow: &slow {{ command: {{ argv: [ sh, -c, 'touch {0}/begun; while test -e {0}/begun; do sleep 0.05; done; echo no' ] }} }}\n",
        scene.folder().display()
    );
    let slow = slow.replace(
        "  - { name: web,",
        "  - { name: slow, project: shop, route: [ *slow ] }\n  - { name: web,",
    );
    // An anchor has to stand before it is used.
    let (rest, anchor) = slow.rsplit_once("x-slow").unwrap();
    fs::write(scene.path("targets.yaml"), format!("x-slow{anchor}{rest}")).unwrap();
    let state = scene.path("state");
    let night = || {
        scene
            .straggler(["audit", "--changed-only"])
            .env("XDG_STATE_HOME", &state)
    };
    let first = night().spawn();
    while !scene.path("begun").exists() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    night().run().ends(4).complains("another");
    // Looking is free.
    run(&scene, &["history"]).ends(0);
    fs::remove_file(scene.path("begun")).unwrap();
    assert_eq!(first.wait_with_output().unwrap().status.code(), Some(1));
}

/// What `history confirm` is told to be for, as a user would paste it.
fn confirm_as_told(scene: &Scene, ran: &Ran) {
    let told = ran.to_string();
    let (_, command) = told.split_once("`straggler ").expect("it tells a command");
    let command = command.split('`').next().unwrap();
    let arguments: Vec<&str> = command.split_whitespace().collect();
    run(scene, &arguments)
        .ends(0)
        .prints("came in by a rotation");
}

fn all_hold(scene: &Scene, key: &str) {
    hold(scene, "api", key);
    hold(scene, "web", key);
}

#[test]
fn a_reference_that_goes_back_is_loud_and_open_until_somebody_says_that_it_is_right() {
    let scene = scene();
    run(&scene, &["audit"]).ends(0);
    rotate(&scene, NEXT);
    all_hold(&scene, NEXT);
    let ran = run(&scene, &["revoke-check", "checkout"]).ends(3);
    confirm_as_told(&scene, &ran);
    run(&scene, &["revoke-check", "checkout"]).ends(0);

    rotate(&scene, CURRENT);
    for _ in 0..2 {
        run(&scene, &["audit"])
            .ends(1)
            .prints("it is an earlier key again");
        // The new key is still used.
        run(&scene, &["revoke-check", "checkout"]).ends(1);
    }
    all_hold(&scene, CURRENT);
    let ran = run(&scene, &["audit", "-f", "json"]).ends(0);
    assert_eq!(
        ran.json()["warnings"][0]["code"],
        "reference-changed",
        "{ran}"
    );
    let ran = run(&scene, &["revoke-check", "checkout"]).ends(3);
    ran.prints("changed back to an earlier key")
        .prints("it is the last key of checkout that past audits were sure of");
    let ran = run(&scene, &["revoke-check", "checkout"]).ends(3);
    confirm_as_told(&scene, &ran);
    run(&scene, &["revoke-check", "checkout"])
        .ends(0)
        .prints(&fingerprint(NEXT));
}

#[test]
fn a_reference_that_goes_back_to_a_dead_key_is_faulty() {
    let scene = scene();
    let targets = fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let immediate = targets.replacen(
        "    variable: KEY",
        "    rotation: immediate\n    variable: KEY",
        1,
    );
    fs::write(scene.path("targets.yaml"), immediate).unwrap();
    run(&scene, &["audit"]).ends(0);
    rotate(&scene, NEXT);
    all_hold(&scene, NEXT);
    run(&scene, &["audit"]).ends(0);
    run(&scene, &["history", "confirm", "checkout"]).ends(0);
    rotate(&scene, CURRENT);
    all_hold(&scene, CURRENT);
    for _ in 0..2 {
        let ran = run(&scene, &["audit", "-f", "json"]).ends(1);
        assert_eq!(
            ran.json()["projects"][0]["reference"]["verdict"],
            "revoked",
            "{ran}"
        );
        assert_eq!(ran.json()["deployments"][0]["verdict"], "revoked", "{ran}");
        let asked = ["revoke-check", "checkout", "--key", &fingerprint(NEXT)];
        run(&scene, &asked)
            .ends(1)
            .prints("past audits were sure of");
    }
    let ran = run(&scene, &["audit"])
        .ends(1)
        .prints("is an earlier key again, which died");
    confirm_as_told(&scene, &ran);
    run(&scene, &["audit"]).ends(0);
}

#[test]
fn a_question_leaves_nothing_of_itself() {
    let scene = scene();
    run(&scene, &["audit"]).ends(0);
    rotate(&scene, NEXT);
    all_hold(&scene, NEXT);
    run(&scene, &["audit"]).ends(0);
    run(&scene, &["history", "confirm", "checkout"]).ends(0);
    let state = || {
        let report = run(&scene, &["audit", "-f", "json"]).ends(0).json();
        let history = run(&scene, &["history", "-f", "json"]).ends(0).json();
        let keys = history["rotations"].as_array().unwrap().iter();
        let keys: Vec<_> = keys.map(|one| one["fingerprint"].clone()).collect();
        (report["projects"].clone(), keys)
    };
    let before = state();
    let old = fingerprint(CURRENT);
    let asked = |project: &str, key: &str, code: i32| {
        run(
            &scene,
            &["revoke-check", project, "--key", key, "-f", "json"],
        )
        .ends(code)
    };
    asked("checkout", &fingerprint(STRANGE), 3).prints("no key with this fingerprint is known");
    // A live one, and one that is another project's.
    asked("checkout", &fingerprint(NEXT), 1);
    asked("checkout", &fingerprint(SIBLING), 1);
    let ran = asked("shop", &old, 0);
    assert_eq!(ran.json()["keys"][0]["project"], "checkout", "{ran}");
    assert_eq!(state().0, before.0);
    assert_eq!(state().1, before.1);
}

#[test]
fn every_document_tells_the_code_that_it_ends_with() {
    let scene = scene().file("taken", "this is no ledger");
    let document = |arguments: &[&str], code: i32| {
        let ledger = ["-f", "json", "--ledger", "taken"];
        let ran = run(&scene, &[arguments, &ledger].concat()).ends(code);
        ran.json()
    };
    let report = document(&["audit"], 4);
    assert_eq!(report["summary"]["exit_code"], 4);
    let key = fingerprint(STRANGE);
    let answer = document(&["revoke-check", "checkout", "--key", &key], 4);
    assert_eq!(
        (&answer["exit_code"], &answer["safe"]),
        (&4.into(), &false.into())
    );
    assert_eq!(answer["considered_past_audits"], false);
    hold(&scene, "web", OLD);
    assert_eq!(document(&["audit"], 1)["summary"]["exit_code"], 1);
}

#[test]
fn an_answer_without_a_past_says_so() {
    let scene = scene();
    let targets = fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let previous = format!(
        "    previous: [ {{ fingerprint: '{}' }} ]\n  shop:",
        fingerprint(OLD)
    );
    fs::write(
        scene.path("targets.yaml"),
        targets.replacen("  shop:", &previous, 1),
    )
    .unwrap();
    let told = "deployments known to past audits were not considered";
    run(&scene, &["revoke-check", "checkout", "--no-ledger"])
        .ends(0)
        .prints(told);
    let asked = ["revoke-check", "checkout", "-f", "json"];
    let answer = run(&scene, &asked).ends(0).json();
    assert_eq!(answer["considered_past_audits"], false);
    let ran = run(&scene, &["revoke-check", "checkout"]).ends(0);
    assert!(!ran.stdout.contains(told), "{ran}");
    assert_eq!(
        run(&scene, &asked).ends(0).json()["considered_past_audits"],
        true
    );
}

#[test]
fn a_file_that_was_moved_is_told_where_its_ledger_is() {
    let scene = scene();
    let ran = run(&scene, &["audit"]).ends(0);
    assert!(!ran.stderr.contains("a new ledger begins"), "{ran}");
    fs::create_dir(scene.path("moved")).unwrap();
    fs::rename(scene.path("targets.yaml"), scene.path("moved/targets.yaml")).unwrap();
    let moved = ["audit", "-c", "moved/targets.yaml"];
    let ran = run(&scene, &moved).ends(0);
    let ran = ran
        .complains("a new ledger begins here")
        .complains("--ledger");
    let told = ran.stderr.split("name it with --ledger ").nth(1).unwrap();
    let old = told.split(", or in").next().unwrap().trim_matches('\'');
    let asked = ["history", "-c", "moved/targets.yaml", "--ledger", old];
    run(&scene, &asked).ends(0).prints(&fingerprint(CURRENT));
    // Once is enough, for now it has one.
    let ran = run(&scene, &moved).ends(0);
    assert!(!ran.stderr.contains("a new ledger begins"), "{ran}");
}

#[test]
fn what_left_is_looked_for_where_it_was() {
    let scene = scene();
    let targets = fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let write = |text: &str| fs::write(scene.path("targets.yaml"), text).unwrap();
    run(&scene, &["audit"]).ends(0);
    rotate(&scene, NEXT);
    hold(&scene, "api", NEXT);
    run(&scene, &["audit"]).ends(1);
    run(&scene, &["history", "confirm", "checkout"]).ends(0);
    // Another file is looked at, and this one still has the old key.
    write(&targets.replace("web.env", "other.env"));
    hold(&scene, "other", NEXT);
    let check = |code| run(&scene, &["revoke-check", "checkout"]).ends(code);
    check(3)
        .prints("it held the key when it was last read")
        .prints("web.env");
    run(&scene, &["audit"]).ends(0);
    check(3).prints("web.env");
    let answered = [
        "revoke-check",
        "checkout",
        "--accept",
        "web",
        "--reason",
        "wiped",
    ];
    run(&scene, &answered).ends(0);
    write(&targets);
    check(1).prints("✗ web");

    // A project that is named no longer takes nothing out of sight.
    let shop =
        "  - { name: cart, project: shop, route: [ { dotenv: { path: DIR/cart.env } } ] }\nnotify";
    let shop = shop.replace("DIR", scene.folder().to_str().unwrap());
    write(&targets.replace("notify", &shop));
    hold(&scene, "cart", CURRENT);
    hold(&scene, "web", NEXT);
    check(1).prints("✗ cart");
    write(&targets);
    fs::write(
        scene.path("targets.yaml"),
        targets
            .lines()
            .filter(|line| !line.contains("shop:"))
            .collect::<Vec<_>>()
            .join("\n"),
    )
    .unwrap();
    check(3).prints("? cart: past audits knew it under shop");
    run(&scene, &["history", "retire", "cart", "--project", "shop"]).ends(0);
    check(0);
}

#[test]
fn a_key_that_only_the_ledger_knows_is_the_others() {
    let scene = scene();
    run(&scene, &["audit"]).ends(0);
    rotate(&scene, NEXT);
    all_hold(&scene, NEXT);
    run(&scene, &["audit"]).ends(0);
    run(&scene, &["history", "confirm", "checkout"]).ends(0);
    // The old key is pasted into the sibling's reference, and deployed with it.
    fs::write(scene.path("shop"), CURRENT).unwrap();
    let targets = fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let cart =
        "  - { name: cart, project: shop, route: [ { dotenv: { path: DIR/cart.env } } ] }\nnotify";
    let cart = cart.replace("DIR", scene.folder().to_str().unwrap());
    fs::write(scene.path("targets.yaml"), targets.replace("notify", &cart)).unwrap();
    hold(&scene, "cart", CURRENT);
    for _ in 0..2 {
        let report = run(&scene, &["audit", "-f", "json"]).ends(1).json();
        assert_eq!(
            report["projects"][1]["reference"]["verdict"],
            "wrong-project"
        );
        assert_eq!(report["deployments"][2]["verdict"], "wrong-project");
        let ran = run(&scene, &["revoke-check", "checkout"]).ends(1);
        ran.prints("✗ cart")
            .prints("the reference of shop holds it, though that is not sound");
    }
}

#[test]
fn a_time_that_was_rounded_settles_a_rotation() {
    let scene = scene();
    run(&scene, &["audit"]).ends(0);
    rotate(&scene, NEXT);
    all_hold(&scene, NEXT);
    run(&scene, &["revoke-check", "checkout"])
        .ends(3)
        .prints("set rotated_at");
    let second = now_to_the_second();
    let targets = fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let declared = format!("    rotated_at: {second}\n    current: {{ file");
    fs::write(
        scene.path("targets.yaml"),
        targets.replacen("    current: { file", &declared, 1),
    )
    .unwrap();
    let ran = run(&scene, &["audit", "-f", "json"]).ends(0);
    assert_eq!(ran.json()["projects"][0]["rotation"], "declared", "{ran}");
    run(&scene, &["revoke-check", "checkout"]).ends(0);
}

/// Now, as a person would write it: without a fraction of a second.
fn now_to_the_second() -> String {
    let now = jiff::Timestamp::now();
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
