//! A key from standard input.

use crate::support::{CURRENT, OLD, Ran, Scene, fingerprint};

fn scene(deployed: &str) -> Scene {
    Scene::with(
        "version: 1
projects:
  checkout:
    variable: KEY
    format: '^ask_live_[A-Za-z0-9]{32}$'
    current: { file: { path: DIR/behind } }
    environments:
      staging: { current: { file: { path: DIR/behind-staging } } }
deployments:
  - { name: web, project: checkout, route: [ { file: { path: DIR/web } } ] }
",
    )
    .file("behind", OLD)
    .file("behind-staging", format!("{OLD}2"))
    .file("web", deployed)
}

fn audit(scene: &Scene, arguments: &[&str], key: &str) -> Ran {
    let all = ["audit", "-f", "json"].iter().chain(arguments);
    scene.straggler(all).stdin(key).run()
}

#[test]
fn the_current_key_can_be_piped_in() {
    scene(CURRENT).run(["audit"]).ends(1);
    let ran = audit(&scene(CURRENT), &["--current", "checkout=-"], CURRENT).ends(0);
    assert!(ran.stderr.contains("exactly as it came"), "{ran}");
    assert!(ran.stderr.contains("counts for this run alone"), "{ran}");
    assert_eq!(ran.json()["projects"][0]["current"], fingerprint(CURRENT));
}

#[test]
fn one_newline_is_taken_off_and_said_so_in_both_places() {
    for (newline, told) in [("\n", "newline"), ("\r\n", "CRLF")] {
        let told = format!("one trailing {told} was removed");
        let key = format!("{CURRENT}{newline}");
        let ran = audit(&scene(CURRENT), &["--current", "checkout=-"], &key)
            .ends(0)
            .complains(&told);
        let message = &ran.json()["projects"][0]["reference"]["message"];
        assert!(message.as_str().unwrap().contains(&told), "{ran}");
    }
    // A second one is the key's own fault.
    let ran = audit(
        &scene(CURRENT),
        &["--current", "checkout=-"],
        &format!("{CURRENT}\n\n"),
    );
    assert_eq!(
        ran.ends(1).json()["projects"][0]["reference"]["verdict"],
        "malformed"
    );
}

#[test]
fn a_previous_key_can_be_piped_in() {
    let stranger = scene(CURRENT).file("web", "ask_live_Qw2ErT5yUi8OpA1sDf4GhJ7kLz0XcVb3");
    let verdict = |ran: Ran| ran.ends(1).json()["deployments"][0]["verdict"].clone();
    assert_eq!(verdict(audit(&stranger, &[], "")), "unknown");
    let given = audit(
        &stranger,
        &["--previous", "checkout=-"],
        "ask_live_Qw2ErT5yUi8OpA1sDf4GhJ7kLz0XcVb3",
    );
    assert_eq!(verdict(given), "stale");
}

#[test]
fn an_environments_own_key_is_named_with_it() {
    let ran = audit(&scene(OLD), &["--current", "checkout/staging=-"], CURRENT).ends(0);
    let staging = &ran.json()["projects"][1];
    assert_eq!(staging["environment"], "staging");
    assert_eq!(staging["current"], fingerprint(CURRENT));
}

#[test]
fn what_cannot_be_meant_is_refused_without_showing_it() {
    let scene = scene(CURRENT);
    let given = format!("checkout={CURRENT}");
    for arguments in [
        &["--current", &given][..],
        &["--current", CURRENT],
        &["--current", "=-"],
        &["--current", "checkout"],
        &["--current", "shop=-"],
        &["--current", "checkout=-", "--previous", "checkout=-"],
        &["--current", "checkout=-", "--current", "checkout=-"],
    ] {
        let ran = audit(&scene, arguments, CURRENT).ends(2);
        assert!(!ran.to_string().contains(&CURRENT[9..20]), "{ran}");
        assert!(ran.stdout.is_empty(), "{ran}");
    }
    audit(&scene, &["--current", "chekout=-"], CURRENT).complains("did you mean `checkout`?");
}

#[test]
fn an_empty_pipe_is_an_empty_reference() {
    let ran = audit(&scene(CURRENT), &["--current", "checkout=-"], "").ends(1);
    assert_eq!(ran.json()["projects"][0]["reference"]["verdict"], "missing");
}
