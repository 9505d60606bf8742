//! What one audit leaves to the next, through the program.

use std::fs;

use crate::support::{CURRENT, NEXT, OLD, Ran, SIBLING, STRANGE, Scene, fingerprint};

/// `checkout` is read from a file, which keeps no versions; `api` and `web` hold its key.
pub fn scene() -> Scene {
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

pub fn hold(scene: &Scene, deployment: &str, key: &str) {
    fs::write(
        scene.path(&format!("{deployment}.env")),
        format!("KEY={key}\n"),
    )
    .unwrap();
}

pub fn rotate(scene: &Scene, key: &str) {
    fs::write(scene.path("checkout"), key).unwrap();
}

pub fn run(scene: &Scene, arguments: &[&str]) -> Ran {
    let state = scene.path("state");
    scene
        .straggler(arguments)
        .env("XDG_STATE_HOME", state)
        .run()
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
    let previous = ran.json()["projects"][0]["previous"].clone();
    // What was read by mistake may have been deployed meanwhile; the live key was never anything else.
    assert_eq!(previous[0]["fingerprint"], *fingerprint(STRANGE));
    assert_eq!(previous.as_array().map(Vec::len), Some(1));
    let key = fingerprint(CURRENT);
    run(&scene, &["revoke-check", "checkout", "--key", &key])
        .ends(1)
        .prints("current key");
}

#[test]
fn what_the_file_names_no_longer_is_a_blind_spot_until_it_is_closed() {
    let scene = scene();
    run(&scene, &["audit", "--changed-only"]).ends(0);
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
fn what_is_no_ledger_by_its_place_is_refused_before_anything_is_read() {
    let scene = scene().file("own.yaml", "version: 1\n");
    let targets = fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let including = targets.replacen("version: 1\n", "version: 1\ninclude: [ own.yaml ]\n", 1);
    fs::write(scene.path("targets.yaml"), &including).unwrap();
    fs::write(scene.path("shop"), "").unwrap();
    fs::create_dir(scene.path("folder")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, scene.path("pipe"), rustix::fs::Mode::RWXU).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(scene.path("socket")).unwrap();
    let refused = |command: &[&str], named: Option<&str>, what: &str| {
        let named = named.map_or(vec![], |path| vec!["--ledger", path]);
        let ran = run(&scene, &[command, &named].concat()).ends(2);
        let ran = ran.complains("the ledger cannot be").complains(what);
        assert!(!ran.stderr.contains("asking"), "{ran}");
    };
    for (place, what) in [
        ("pipe", "no regular file"),
        ("folder", "no regular file"),
        ("socket", "no regular file"),
        ("/dev/null", "no regular file"),
        ("targets.yaml", "a file of this targets.yaml"),
        ("own.yaml", "a file of this targets.yaml"),
        ("shop", "a file that the audit reads"),
        ("./folder/../web.env", "a file that the audit reads"),
    ] {
        refused(&["audit", "-vv"], Some(place), what);
    }
    for command in [
        &["wait"][..],
        &["history"],
        &["history", "confirm", "checkout"],
        &["revoke-check", "checkout", "-vv"],
    ] {
        refused(command, Some("pipe"), "no regular file");
        refused(command, Some("shop"), "a file that the audit reads");
    }
    let ran = scene.straggler(["audit"]).env("STRAGGLER_LEDGER", "pipe");
    ran.run().ends(2).complains("no regular file");
    // Whoever wants none is not asked for a better one.
    let without = scene.straggler(["audit", "--no-ledger"]);
    without.env("STRAGGLER_LEDGER", "pipe").run().ends(0);
    let odd = scene
        .straggler(["audit"])
        .env("STRAGGLER_LEDGER", "mysql://x");
    odd.run()
        .ends(2)
        .complains("the variable STRAGGLER_LEDGER cannot be used");
    let naming = including.replacen("version: 1\n", "version: 1\nledger: { at: shop }\n", 1);
    fs::write(scene.path("targets.yaml"), naming).unwrap();
    refused(&["audit"], None, "a file that the audit reads");
    assert!(fs::read(scene.path("shop")).unwrap().is_empty());
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

/// The files of the ledger, which is named by `--ledger`.
fn files(scene: &Scene) -> Vec<String> {
    let names = fs::read_dir(scene.folder()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.starts_with("kept.db")).collect();
    names.sort();
    names
}

#[test]
fn the_file_alone_is_the_whole_ledger_after_every_command() {
    let scene = scene();
    let alone = |arguments: &[&str], code: i32| {
        let ran = run(&scene, &[arguments, &["--ledger", "kept.db"]].concat()).ends(code);
        assert_eq!(files(&scene), ["kept.db"], "{arguments:?}: {ran}");
        fs::copy(scene.path("kept.db"), scene.path("copy.db")).unwrap();
        let copy = ["history", "--audits", "-f", "json", "--ledger", "copy.db"];
        let audits = run(&scene, &copy).ends(0).json()["audits"].clone();
        audits.as_array().unwrap().len()
    };
    assert_eq!(alone(&["audit"], 0), 1);
    hold(&scene, "web", OLD);
    assert_eq!(alone(&["audit", "-o", "json=report.json"], 1), 2);
    assert_eq!(alone(&["wait", "--timeout", "1ms"], 1), 3);
    assert_eq!(alone(&["revoke-check", "checkout"], 3), 4);
    assert_eq!(alone(&["history"], 0), 4);
    // Also where something fails.
    assert_eq!(alone(&["history", "--deployment", "nobody"], 2), 4);
    hold(&scene, "web", CURRENT);
    assert_eq!(alone(&["audit", "-o", "json=/dev/full"], 4), 5);
    assert_eq!(
        alone(
            &[
                "revoke-check",
                "checkout",
                "--accept",
                "nobody",
                "--reason",
                "x"
            ],
            2
        ),
        5
    );
    let kept = ["history", "--audits", "-f", "json", "--ledger", "kept.db"];
    let audits = run(&scene, &kept).ends(0).json();
    // What could not be written was counted before the audit was, or corrected after it.
    assert_eq!(audits["audits"][0]["exit_code"], 4, "{audits}");
}

/// Another program that holds the ledger for good: whoever waits for it to end gets no report.
#[test]
fn a_ledger_that_hangs_costs_the_audit_no_report() {
    use sqlx::Connection as _;

    let scene = scene();
    let ledger = ["--ledger", "kept.db", "--deadline", "1s"];
    run(&scene, &[&["audit"], &ledger[..]].concat()).ends(0);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = format!("sqlite://{}", scene.path("kept.db").display());
    let mut other = runtime
        .block_on(async {
            let mut other = sqlx::SqliteConnection::connect(&url).await?;
            sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await?;
            Ok::<_, sqlx::Error>(other)
        })
        .unwrap();
    for (key, code) in [(OLD, 1), (CURRENT, 4)] {
        hold(&scene, "web", key);
        for command in [
            &["audit", "-f", "json", "-o", "json=report.json"][..],
            &[
                "audit",
                "-f",
                "json",
                "-o",
                "json=report.json",
                "--changed-only",
            ],
        ] {
            let ran = run(&scene, &[command, &ledger].concat()).ends(code);
            let ran = ran.complains("kept.db took longer than 5 s");
            assert_eq!(ran.json()["summary"]["exit_code"], code, "{ran}");
            let report = fs::read(scene.path("report.json")).unwrap();
            let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
            assert_eq!(report["summary"]["exit_code"], code, "{ran}");
            fs::remove_file(scene.path("report.json")).unwrap();
        }
    }
    runtime
        .block_on(async {
            sqlx::raw_sql("ROLLBACK").execute(&mut other).await?;
            other.close().await
        })
        .unwrap();
    let audits = ["history", "--audits", "-f", "json", "--ledger", "kept.db"];
    let audits = run(&scene, &audits).ends(0).json()["audits"].clone();
    assert_eq!(audits.as_array().unwrap().len(), 1);
    run(&scene, &[&["audit"], &ledger[..]].concat()).ends(0);
}
