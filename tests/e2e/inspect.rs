//! `straggler inspect`.

use serde_json::json;

use crate::support::{CURRENT, OLD, Scene, Straggler, fingerprint};

fn inspect(key: impl AsRef<[u8]>, arguments: &[&str]) -> crate::support::Ran {
    let all = ["inspect"].iter().chain(arguments);
    Straggler::new(all).stdin(key).run()
}

#[test]
fn it_says_what_is_here_and_never_the_key() {
    let ran = inspect(format!("\"{CURRENT}\"\n"), &[])
        .ends(0)
        .prints("length       44 bytes")
        .prints("1 double quote at the start, byte 0")
        .prints("1 double quote at the end, byte 42")
        .prints("1 newline at the end, byte 43")
        .prints(&fingerprint(format!("\"{CURRENT}\"\n")));
    assert!(!ran.to_string().contains(&CURRENT[9..20]), "{ran}");
    inspect(CURRENT, &[]).ends(0).prints("oddities     none");
}

#[test]
fn an_audit_and_a_look_at_the_same_bytes_tell_the_same_effect() {
    let scene = Scene::with(
        "version: 1
projects:
  checkout: { variable: KEY, current: { file: { path: DIR/current } } }
deployments:
  - { name: web, project: checkout, route: [ { file: { path: DIR/held } } ] }
",
    )
    .file("current", CURRENT);
    let expected = fingerprint(CURRENT);
    for (held, effect) in [
        (
            format!("{{\"key\": \"{CURRENT}\"}}\n"),
            "no event leaves the process and nothing is logged",
        ),
        (
            format!("{{\"key\": \"{CURRENT}\"}}"),
            "sent as it is and refused",
        ),
        (
            format!("{CURRENT}\n"),
            "no event leaves the process and nothing is logged",
        ),
    ] {
        std::fs::write(scene.path("held"), held).unwrap();
        let report = scene.run(["audit", "-f", "json"]).ends(1).json();
        let message = &report["deployments"][0]["hops"][0]["message"];
        assert!(message.as_str().unwrap().contains(effect), "{message}");
        let path = scene.path("held");
        scene
            .run([
                "inspect",
                "--expect",
                &expected,
                "--file",
                path.to_str().unwrap(),
            ])
            .ends(1)
            .prints(effect);
    }
}

#[test]
fn it_says_whether_this_is_the_key_and_which_damage_explains_it() {
    let expected = fingerprint(CURRENT);
    let expect = ["--expect", &expected];
    inspect(CURRENT, &expect)
        .ends(0)
        .prints("yes, this is the key");
    inspect(OLD, &expect)
        .ends(1)
        .prints("no: this is something else");
    inspect(format!("{CURRENT}\n"), &expect)
        .ends(1)
        .prints("no: this is that key, damaged")
        .prints("trailing-newline");
    let ran = inspect(
        format!("'{CURRENT}'"),
        &["--expect", &expected, "-f", "json"],
    )
    .ends(1);
    let damage = &ran.json()["readings"][0]["expected"];
    assert_eq!(
        *damage,
        json!({ "equal": false, "damaged": "here", "damage": ["single-quotes"], "lengthen_to": null })
    );

    // The other way round: the fingerprint that is expected was taken with `echo`.
    let damaged = fingerprint(format!("{CURRENT}\n"));
    let ran = inspect(CURRENT, &["--expect", &damaged, "-f", "json"]).ends(1);
    let damage = &ran.json()["readings"][0]["expected"];
    assert_eq!(damage["damaged"], "expected");
    assert_eq!(damage["damage"], json!(["trailing-newline"]));
}

#[test]
fn a_variable_of_this_environment() {
    Straggler::new(["inspect", "--env", "KEY"])
        .env("KEY", CURRENT)
        .run()
        .ends(0)
        .prints("env:KEY")
        .prints(&fingerprint(CURRENT));
    Straggler::new(["inspect", "--env", "KEY"])
        .run()
        .ends(1)
        .prints("the key is not there");
    Straggler::new(["inspect", "--env", "KEY"])
        .env("KEY", "undefined")
        .run()
        .ends(1)
        .prints("no key");
}

#[test]
fn a_reading_is_one_line_and_absent_is_an_answer() {
    let ran = Straggler::new(["inspect", "--env", "KEY", "--format", "reading"])
        .env("KEY", CURRENT)
        .run()
        .ends(0);
    assert_eq!(
        ran.json(),
        json!({
            "schema": "straggler.reading/v1",
            "variable": "KEY",
            "fingerprint": fingerprint(CURRENT),
            "length": CURRENT.len(),
        })
    );
    let ran = Straggler::new(["inspect", "--env", "KEY", "--format", "reading"])
        .run()
        .ends(0);
    assert_eq!(ran.json()["absent"], true);
    assert_eq!(ran.stdout.lines().count(), 1);
}

#[test]
fn fingerprints_are_as_long_as_asked() {
    let ran = inspect(CURRENT, &["--digits", "64", "-f", "json"]).ends(0);
    let shown = ran.json()["readings"][0]["fingerprint"].clone();
    assert_eq!(shown.as_str().unwrap().len(), "sha256:".len() + 64);
    for digits in ["7", "65", "many"] {
        inspect(CURRENT, &["--digits", digits]).ends(2);
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let two = ["inspect", "--env", "KEY", "--file", "key"];
    Straggler::new(two).run().ends(2);
    Straggler::new(["inspect", "--pid", "1"]).run().ends(2);
    inspect(CURRENT, &["--expect", "sha256:zz"]).ends(2);
    inspect("", &[]).ends(1).prints("it is empty");
    inspect("x".repeat(70_000), &[]).ends(2).complains("64 KiB");
    let both = ["--format", "reading", "--expect", "sha256:9f2c41d07a3b"];
    inspect(CURRENT, &both).ends(2);
    // A key where a fingerprint belongs.
    let ran = inspect(CURRENT, &["--expect", CURRENT]).ends(2);
    assert!(!ran.to_string().contains(&CURRENT[9..20]), "{ran}");
}

#[test]
fn a_file_and_an_env_file_as_their_readers_see_them() {
    let scene = Scene::new()
        .file("key", format!("{CURRENT}\n"))
        .file(".env", format!("KEY=\"{CURRENT}\"\n"));
    let expected = fingerprint(CURRENT);
    scene
        .run(["inspect", "--file", "key", "--expect", &expected])
        .ends(1)
        .prints("trailing-newline");
    let env = [
        "inspect",
        "--file",
        ".env",
        "--variable",
        "KEY",
        "--expect",
        &expected,
    ];
    scene.run(env).ends(0);
    scene
        .run(env.iter().chain(&["--dialect", "docker"]))
        .ends(1)
        .prints("double-quotes");
    scene
        .run(["inspect", "--file", "nowhere/key"])
        .ends(3)
        .complains("nowhere");
}

#[test]
fn a_running_process_is_read_by_number_and_by_name() {
    // A name of its own, so that no other process on this machine answers.
    let scene = Scene::new();
    let program = scene.path("straggler-tried");
    std::fs::copy("/bin/sleep", &program).unwrap();
    let mut process = std::process::Command::new(&program)
        .arg("60")
        .env("KEY", OLD)
        .spawn()
        .unwrap();
    let pid = process.id().to_string();
    let reading = |by: &str, who: &str| {
        let arguments = ["inspect", by, who, "--variable", "KEY", "-f", "reading"];
        // Between fork and exec it is still somebody else.
        for _ in 0..200 {
            let ran = scene.run(arguments);
            if ran.status.code() == Some(0) && !ran.stdout.contains("absent") {
                return ran.json();
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("{}", scene.run(arguments));
    };
    for (by, who) in [("--pid", &*pid), ("--name", "straggler-tried")] {
        let reading = reading(by, who);
        assert_eq!(reading["fingerprint"], fingerprint(OLD));
        let replica = reading["replica"].as_str().unwrap();
        assert!(
            replica.ends_with(&format!("straggler-tried/{pid}")),
            "{replica}"
        );
        assert!(reading["started_at"].is_string());
    }
    process.kill().unwrap();
    process.wait().unwrap();
}
