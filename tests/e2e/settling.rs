//! What settles that a reference changed, and what a question may rest on.

use std::fs;

use crate::ledger::{hold, rotate, run, scene};
use crate::support::{CURRENT, NEXT, OLD, Ran, SIBLING, STRANGE, Scene, fingerprint};

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
fn a_wrong_key_that_all_follow_is_told_to_who_is_told_of_changes_alone() {
    let scene = scene();
    let told = || {
        let told = fs::read_to_string(scene.path("told")).unwrap_or_default();
        let told: Vec<serde_json::Value> = told
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        told
    };
    let nightly = ["audit", "--changed-only", "--quiet"];
    run(&scene, &nightly).ends(0);
    let before = told().len();
    rotate(&scene, NEXT);
    all_hold(&scene, NEXT);
    for _ in 0..2 {
        let ran = run(&scene, &nightly).ends(0);
        let ran = ran.complains("the reference of checkout changed");
        assert_eq!(ran.stdout, "");
        let told = told();
        assert_eq!(told.len(), before + 1);
        let reference = &told[before]["references"][0];
        assert_eq!(reference["project"], "checkout");
        assert_eq!(reference["before"], fingerprint(CURRENT));
        assert_eq!(reference["now"], fingerprint(NEXT));
    }
    run(&scene, &["history", "confirm", "checkout"]).ends(0);
    assert_eq!(run(&scene, &nightly).ends(0).stderr, "");
    assert_eq!(told().len(), before + 1);
}

#[test]
fn references_that_were_swapped_make_nobody_current() {
    let scene = scene();
    run(&scene, &["audit"]).ends(0);
    rotate(&scene, SIBLING);
    fs::write(scene.path("shop"), CURRENT).unwrap();
    all_hold(&scene, SIBLING);
    for _ in 0..2 {
        let report = run(&scene, &["audit", "-f", "json"]).ends(1).json();
        for project in [0, 1] {
            let reference = &report["projects"][project]["reference"];
            assert_eq!(reference["verdict"], "wrong-project", "{report}");
        }
        for deployment in [0, 1] {
            let verdict = &report["deployments"][deployment]["verdict"];
            assert_eq!(verdict, "wrong-project", "{report}");
        }
    }
    // Each is still the other one's live key.
    let key = fingerprint(CURRENT);
    run(&scene, &["revoke-check", "checkout", "--key", &key]).ends(1);

    // They may have been wrong before.
    let strange = fingerprint(STRANGE);
    run(&scene, &["history", "confirm", "shop", "--key", &strange]).ends(2);
    let told = run(&scene, &["audit"]).ends(1).to_string();
    let told: Vec<&str> = told.split_whitespace().collect();
    let key = fingerprint(SIBLING);
    let command = format!("`straggler history confirm checkout --key {key}`");
    assert!(told.join(" ").contains(&command), "{told:?}");
    run(&scene, &["history", "confirm", "checkout", "--key", &key]).ends(0);
    // What is right of one is right of the other only when somebody says so.
    for (said, expected) in [(false, "wrong-project"), (true, "current")] {
        if said {
            let key = fingerprint(CURRENT);
            run(&scene, &["history", "confirm", "shop", "--key", &key]).ends(0);
        }
        let report = run(&scene, &["audit", "-f", "json"]).ends(0).json();
        let references = [0, 1].map(|project| &report["projects"][project]["reference"]);
        let verdicts = references.map(|reference| &reference["verdict"]);
        assert_eq!(verdicts, ["current", expected], "{report}");
    }
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
    ran.prints("past audits never knew");
    let current = fingerprint(CURRENT);
    let of_a_known_one = [&asked[..], &["--key", &current]].concat();
    for (question, code, considered) in [(&asked[..], 0, false), (&of_a_known_one, 1, true)] {
        let answer = run(&scene, question).ends(code).json();
        assert_eq!(answer["considered_past_audits"], considered);
    }
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

#[test]
fn who_answered_for_a_deployment_did_not_answer_for_what_was_seen_since() {
    let targets = "version: 1
projects:
  shop:
    variable: KEY
    current: { file: { path: DIR/shop } }
    previous: [ { file: { path: DIR/old } } ]
deployments:
  - { name: kiosk, project: shop, route: [ { file: { path: DIR/kiosk/key } } ] }
";
    let scene = Scene::with(targets).file("shop", CURRENT).file("old", OLD);
    let ledger = ["--ledger", "ledger.db"];
    let ask = |scene: &Scene, more: &[&str], code: i32| {
        let arguments = [&["revoke-check", "shop"][..], &ledger, more].concat();
        scene.run(arguments).ends(code);
    };
    let accept = ["--accept", "kiosk", "--reason", "switched off"];
    ask(&scene, &[], 3);
    ask(&scene, &accept, 0);
    ask(&scene, &[], 0);

    // It is back, with the old key, and gone again.
    let scene = scene.file("kiosk/key", OLD);
    ask(&scene, &[], 1);
    fs::remove_dir_all(scene.path("kiosk")).unwrap();
    ask(&scene, &[], 3);
    ask(&scene, &accept, 0);
    ask(&scene, &[], 0);
}

#[test]
fn who_answered_for_a_deployment_did_not_answer_for_what_is_still_as_it_was() {
    let kiosk = "  - { name: kiosk, project: shop, route: [ { file: { path: DIR/kiosk } } ] }\n";
    let targets = "version: 1
projects:
  shop:
    variable: KEY
    current: { file: { path: DIR/shop } }
    previous: [ { file: { path: DIR/old } } ]
deployments:
  - { name: till, project: shop, route: [ { file: { path: DIR/till } } ] }
";
    let scene = Scene::with(&format!("{targets}{kiosk}"))
        .file("shop", CURRENT)
        .file("old", OLD)
        .file("till", CURRENT)
        .file("kiosk", OLD);
    let with = fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let without: String = with
        .lines()
        .filter(|line| !line.contains("kiosk"))
        .map(|line| format!("{line}\n"))
        .collect();
    let named = |is_named: bool| {
        let text = if is_named { &with } else { &without };
        fs::write(scene.path("targets.yaml"), text).unwrap();
    };
    run(&scene, &["audit"]).ends(1);
    let ask = |more: &[&str]| run(&scene, &[&["revoke-check", "shop"], more].concat());
    named(false);
    ask(&[]).ends(3);
    ask(&["--accept", "kiosk", "--reason", "switched off"]).ends(0);
    run(&scene, &["audit"]).ends(0);
    ask(&[]).ends(0);
    // It is looked at again, and still holds what it held.
    named(true);
    run(&scene, &["audit"]).ends(1);
    named(false);
    ask(&[]).ends(3);
}

#[test]
fn who_keeps_a_key_that_was_shared_is_believed() {
    let targets = |shared| {
        format!(
            "version: 1
projects:
  p: {{ variable: KEY, current: {{ file: {{ path: p }} }} }}
  q: {{ variable: KEY, current: {{ file: {{ path: q }} }}{shared} }}
deployments:
  - {{ name: a, project: p, route: [ {{ file: {{ path: a }} }} ] }}
  - {{ name: b, project: q, route: [ {{ file: {{ path: b }} }} ] }}
"
        )
    };
    let scene = Scene::new().file("targets.yaml", targets(", same_key_as: p"));
    let hold = |names: &[&str], key: &str| {
        for name in names {
            fs::write(scene.path(name), key).unwrap();
        }
    };
    hold(&["p", "q", "a", "b"], CURRENT);
    run(&scene, &["audit"]).ends(0);
    // q gets a key of its own, and p keeps the one that both had.
    fs::write(scene.path("targets.yaml"), targets("")).unwrap();
    hold(&["q", "b"], NEXT);
    let key = fingerprint(CURRENT);
    let command = format!("`straggler history confirm p --key {key}`");
    let told = run(&scene, &["audit"]).ends(1).to_string();
    let told: Vec<&str> = told.split_whitespace().collect();
    assert!(told.join(" ").contains(&command), "{told:?}");
    run(&scene, &["history", "confirm", "p", "--key", &key])
        .ends(0)
        .prints("is its key, whoever else had it");
    run(&scene, &["history", "confirm", "q"]).ends(0);
    run(&scene, &["audit"]).ends(0);
    // It is no old key of q's that may be revoked.
    run(&scene, &["revoke-check", "q"]).ends(1);
}

#[test]
fn a_project_that_gets_another_name_keeps_what_nothing_has_settled() {
    let scene = scene();
    run(&scene, &["audit"]).ends(0);
    rotate(&scene, NEXT);
    all_hold(&scene, NEXT);
    run(&scene, &["audit"])
        .ends(0)
        .prints("nothing tells yet whether");
    let file = scene.path("targets.yaml");
    let renamed = fs::read_to_string(&file)
        .unwrap()
        .replace("checkout", "till");
    fs::write(&file, renamed).unwrap();
    fs::rename(scene.path("checkout"), scene.path("till")).unwrap();
    for _ in 0..2 {
        run(&scene, &["audit"])
            .ends(0)
            .prints("nothing tells yet whether");
    }
    for name in ["api", "web"] {
        run(
            &scene,
            &["history", "retire", name, "--project", "checkout"],
        )
        .ends(0);
    }
    let key = fingerprint(CURRENT);
    for question in [&["--key", &*key][..], &[]] {
        let question = [&["revoke-check", "till"], question].concat();
        run(&scene, &question)
            .ends(3)
            .prints("nothing tells yet whether");
    }
    let ran = run(&scene, &["revoke-check", "till"]).ends(3);
    confirm_as_told(&scene, &ran);
    run(&scene, &["revoke-check", "till"]).ends(0).prints(&key);
}

#[test]
fn a_project_that_gets_another_name_keeps_its_earlier_keys() {
    let scene = scene();
    run(&scene, &["audit"]).ends(0);
    rotate(&scene, NEXT);
    hold(&scene, "api", NEXT);
    run(&scene, &["audit"]).ends(1);
    run(&scene, &["history", "confirm", "checkout"]).ends(0);
    let file = scene.path("targets.yaml");
    let renamed = fs::read_to_string(&file).unwrap();
    fs::write(&file, renamed.replace("checkout", "till")).unwrap();
    fs::rename(scene.path("checkout"), scene.path("till")).unwrap();
    for _ in 0..2 {
        run(&scene, &["audit"]).ends(1).prints("stale");
        run(&scene, &["revoke-check", "till"])
            .ends(1)
            .prints(&fingerprint(CURRENT));
    }
    hold(&scene, "web", NEXT);
    run(&scene, &["revoke-check", "till"]).ends(0);
}
