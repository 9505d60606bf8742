//! What `audit --changed-only` tells whom, through the program.

use std::fs;

use crate::ledger::{hold, run, scene};
use crate::support::{CURRENT, OLD, Scene};

/// The messages that were sent, each a JSON document.
fn told(scene: &Scene) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(scene.path("told")).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn the_night_tells_what_changed_alone_and_everybody_once() {
    let scene = scene();
    let night = |code| run(&scene, &["audit", "--changed-only"]).ends(code);
    // Whoever is told, on whatever way, is told the same.
    let tells = |code, told_of: &str| {
        let before = told(&scene).len();
        let ran = night(code);
        let messages = told(&scene);
        if told_of.is_empty() {
            let ran = ran.prints("nothing changed since it was last told");
            assert!(!ran.stdout.contains("dotenv:"), "{ran}");
            assert_eq!(messages.len(), before, "{messages:?}");
        } else {
            let (kind, name) = told_of.split_once(' ').unwrap();
            let ran = ran.prints(kind).prints(name);
            assert!(!ran.stdout.contains("nothing changed"), "{ran}");
            assert_eq!(messages.len(), before + 1, "{messages:?}");
            let changes = messages[before]["changes"].clone();
            assert_eq!(changes.as_array().unwrap().len(), 1, "{changes}");
            assert_eq!(changes[0]["kind"], kind);
            assert_eq!(changes[0]["deployment"], name);
        }
    };
    night(0).prints("nothing was told before to compare with");
    assert!(told(&scene).is_empty());
    tells(0, "");

    hold(&scene, "web", OLD);
    tells(1, "worse web");
    tells(1, "");
    assert_eq!(told(&scene)[0]["schema"], "straggler.changes/v1");
    // Another one with the same finding: what was told stays out, though it would be told in one breath.
    hold(&scene, "api", OLD);
    let ran = night(1);
    assert!(!ran.stdout.contains("web"), "{ran}");
    assert_eq!(told(&scene).len(), 2);
    hold(&scene, "api", CURRENT);
    tells(1, "");
    tells(1, "better api");

    // It flaps: every bad turn of it was told already.
    for key in [CURRENT, OLD, CURRENT, OLD] {
        hold(&scene, "web", key);
        tells(i32::from(key == OLD), "");
    }
    // Mended for good, which is told once.
    hold(&scene, "web", CURRENT);
    tells(0, "");
    tells(0, "better web");
    tells(0, "");

    // Whatever is asked in between tells nobody, so the night still does.
    hold(&scene, "api", OLD);
    run(&scene, &["audit"]).ends(1);
    run(&scene, &["revoke-check", "checkout"]).ends(3);
    tells(1, "worse api");
    tells(1, "");
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
    assert_eq!(
        (&report["first"], &report["held_back"]),
        (&false.into(), &0.into())
    );
    assert_eq!(report["summary"], whole["summary"]);
    assert_eq!(report["summary"]["exit_code"], 1);
}

#[test]
fn the_first_night_says_that_there_is_nothing_to_compare_with_and_tells_all_that_is_wrong() {
    let scene = scene();
    hold(&scene, "web", OLD);
    fs::remove_file(scene.path("api.env")).unwrap();
    fs::create_dir(scene.path("api.env")).unwrap();
    // An audit by hand is none of them.
    run(&scene, &["audit"]).ends(1);
    let ran = run(&scene, &["audit", "--changed-only", "-f", "json"]).ends(1);
    let report = ran.json();
    assert_eq!(report["first"], true, "{ran}");
    let kinds = |document: &serde_json::Value| -> Vec<_> {
        let changes = document["changes"].as_array().unwrap().iter();
        changes
            .map(|change| (change["kind"].clone(), change["now"].clone()))
            .collect()
    };
    let mut printed = kinds(&report);
    let messages = told(&scene);
    assert_eq!(messages[0]["first"], true);
    let mut sent = kinds(&messages[0]);
    printed.sort_by_key(|(_, now)| now.to_string());
    sent.sort_by_key(|(_, now)| now.to_string());
    assert_eq!(
        printed,
        [
            ("new".into(), "unknown".into()),
            ("new".into(), "unreachable".into())
        ]
    );
    assert_eq!(sent, printed);
    // Who is new is told for the first time, and nobody else.
    let targets = fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let more = targets.replace(
        "notify: [ ",
        "notify: [ { name: new, command: { argv: [ sh, -c, 'cat >> DIR/new' ] } }, ",
    );
    let more = more.replace("DIR", scene.folder().to_str().unwrap());
    fs::write(scene.path("targets.yaml"), more).unwrap();
    run(&scene, &["audit", "--changed-only"])
        .ends(1)
        .prints("nothing changed");
    assert_eq!(told(&scene).len(), 1);
    let new = fs::read_to_string(scene.path("new")).unwrap();
    let new: serde_json::Value = serde_json::from_str(&new).unwrap();
    assert_eq!((&new["first"], kinds(&new).len()), (&true.into(), 2));
}

#[test]
fn what_nobody_took_is_told_again() {
    let scene = scene();
    let night = ["audit", "--changed-only"];
    run(&scene, &night).ends(0);
    hold(&scene, "web", OLD);
    let state = scene.path("state");
    // Nothing is printed, a reader that is gone, a full disk: none of them was told.
    run(&scene, &["audit", "--changed-only", "--quiet"]).ends(1);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    for out in [
        writer.into(),
        fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap()
            .into(),
        std::process::Stdio::null(),
    ] {
        let mut straggler = scene.straggler(night).env("XDG_STATE_HOME", &state);
        straggler.command.stdout::<std::process::Stdio>(out);
        straggler.run().ends(1);
    }
    let closed = std::process::Command::new("sh")
        .args(["-c", "exec \"$0\" audit --changed-only >&-"])
        .arg(env!("CARGO_BIN_EXE_straggler"))
        .current_dir(scene.folder())
        .env("XDG_STATE_HOME", &state)
        .output();
    assert_eq!(closed.unwrap().status.code(), Some(1));
    assert_eq!(told(&scene).len(), 1);
    run(&scene, &night).ends(1).prints("worse");
    run(&scene, &night).ends(1).prints("nothing changed");
    assert_eq!(told(&scene).len(), 1);
}

#[test]
fn what_was_not_looked_at_is_neither_mended_nor_gone() {
    let scene = scene();
    let targets = fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let run_with = format!(
        "{{ command: {{ argv: [ cat, {} ] }} }}",
        scene.path("running").display()
    );
    let targets = targets.replace("web.env } }", &format!("web.env }} }}, {run_with}"));
    fs::write(scene.path("targets.yaml"), &targets).unwrap();
    fs::write(scene.path("running"), OLD).unwrap();
    let night = |more: &[&str], code| {
        let arguments = [&["audit", "--changed-only"], more].concat();
        run(&scene, &arguments).ends(code)
    };
    night(&[], 1).prints("new");
    for part in [
        &["--deployment", "api"][..],
        &["--deployment", "api"],
        &["--until", "config"],
        &["--until", "config"],
    ] {
        let ran = night(part, 0);
        assert!(
            !ran.stdout.contains("gone") && !ran.stdout.contains("better"),
            "{ran}"
        );
    }
    night(&[], 1).prints("nothing changed");
    // Of what was not told of before there is nothing to compare with, whatever was of others.
    let more = targets.replace("notify:", &format!("  - {{ name: cart, project: checkout, route: [ {{ dotenv: {{ path: {} }} }} ] }}\nnotify:", scene.path("cart.env").display()));
    fs::write(scene.path("targets.yaml"), more).unwrap();
    hold(&scene, "cart", OLD);
    night(&["--deployment", "cart"], 1).prints("nothing was told before");
    night(&[], 1).prints("nothing changed");
    assert_eq!(told(&scene).len(), 2);
}

#[test]
fn a_receiver_is_told_of_its_own_alone() {
    let scene = scene();
    let targets = fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let mine = targets.replace("notify: [ {", "notify: [ { owner: ana,");
    let mine = mine.replace("{ name: api,", "{ name: api, owner: ana,");
    fs::write(scene.path("targets.yaml"), &mine).unwrap();
    hold(&scene, "web", OLD);
    run(&scene, &["audit", "--changed-only"]).ends(1);
    assert!(told(&scene).is_empty());
    // What becomes hers was never told to her.
    fs::write(
        scene.path("targets.yaml"),
        mine.replace("{ name: web,", "{ name: web, owner: ana,"),
    )
    .unwrap();
    run(&scene, &["audit", "--changed-only"])
        .ends(1)
        .prints("nothing changed");
    let messages = told(&scene);
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert_eq!(messages[0]["changes"][0]["kind"], "new");
}

#[test]
fn what_waits_for_a_rotation_is_counted_and_told_later() {
    let scene = scene();
    let targets = fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let write = |grace: &str| {
        let now = jiff::Timestamp::now().strftime("%FT%TZ").to_string();
        let young = targets.replace(
            "    variable: KEY\n    format",
            &format!("    rotated_at: {now}\n    variable: KEY\n    format"),
        );
        fs::write(scene.path("targets.yaml"), format!("{young}{grace}")).unwrap();
    };
    write("grace: 1h\n");
    run(&scene, &["audit", "--changed-only"]).ends(0);
    hold(&scene, "web", OLD);
    run(&scene, &["audit", "--changed-only"])
        .ends(1)
        .prints("nothing changed")
        .prints("1 change waits for the end of `grace`");
    assert!(told(&scene).is_empty());
    write("");
    run(&scene, &["audit", "--changed-only"])
        .ends(1)
        .prints("worse");
    assert_eq!(told(&scene).len(), 1);
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
