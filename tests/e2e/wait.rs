//! Waiting until everything has the current key.

use std::fs;
use std::io::{BufRead, BufReader};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{CURRENT, OLD, Scene};

fn scene(names: &[&str]) -> Scene {
    let deployments: String = names
        .iter()
        .map(|name| {
            format!("  - {{ name: {name}, project: checkout, route: [ {{ dotenv: {{ path: DIR/{name}.env, dialect: shell }} }} ] }}\n")
        })
        .collect();
    let scene = Scene::with(&format!(
        "version: 1
projects:
  checkout:
    variable: KEY
    current: {{ file: {{ path: DIR/current }} }}
deployments:
{deployments}"
    ));
    names
        .iter()
        .fold(scene.file("current", CURRENT), |scene, name| {
            scene.file(&format!("{name}.env"), format!("KEY={OLD}\n"))
        })
}

#[test]
fn it_ends_when_the_last_one_has_the_key() {
    let scene = scene(&["api", "web"]);
    let mut child = scene.straggler(["wait", "--every", "50ms"]).spawn();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut said = String::new();
    // Each is mended once it was seen that it is not.
    for (left, name) in [("2 of 2 left", "api"), ("1 of 2 left", "web")] {
        let line = lines.next().unwrap().unwrap();
        assert!(line.contains(left), "{line}");
        said.push_str(&line);
        // At once, so that nobody meets half a file.
        fs::write(scene.path("new"), format!("KEY={CURRENT}\n")).unwrap();
        fs::rename(scene.path("new"), scene.path(&format!("{name}.env"))).unwrap();
    }
    said.extend(lines.map(Result::unwrap));
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}{said}");
    // In the end all that is selected is read once more.
    assert!(told.contains("2 deployments: 2 current"), "{told}");
    assert!(said.contains("2 of 2 left: 2 unknown"), "{said}");
    assert!(said.contains("1 of 2 left: 1 unknown"), "{said}");
    assert_eq!(said.matches("1 of 2 left").count(), 1, "{said}");
}

#[test]
fn it_ends_at_its_time_with_what_is_so_then() {
    let scene = scene(&["api"]);
    scene
        .run(["wait", "--every", "50ms", "--timeout", "300ms"])
        .ends(1)
        .prints("unknown")
        .prints("the time to wait is up, after 300ms: 1 of 1 left: 1 unknown");
    let json = scene
        .run([
            "wait",
            "--every",
            "50ms",
            "--timeout",
            "300ms",
            "-f",
            "json",
        ])
        .ends(1)
        .json();
    assert_eq!(json["timed_out"], true);
    // What proves nothing is nothing to wait for.
    let own = scene.file("api.env", "KEY=$HOME\n");
    let blind = own.run(["wait", "--timeout", "10s"]).ends(3);
    let blind = blind.prints("unverified");
    assert!(!blind.stdout.contains("time to wait"), "{}", blind.stdout);
    let json = own.run(["wait", "--timeout", "10s", "-f", "json"]).ends(3);
    assert_eq!(json.json()["timed_out"], false);
    // Only who waits is told of it.
    let json = own.run(["audit", "-f", "json"]).ends(3).json();
    assert!(json.get("timed_out").is_none());
}

#[test]
fn it_can_be_interrupted() {
    let scene = scene(&["api"]);
    let mut child = scene.straggler(["wait", "--every", "1h"]).spawn();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("1 of 1 left"));
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
}

#[test]
fn nothing_to_wait_for_is_an_error() {
    scene(&["api"])
        .run(["wait", "--deployment", "no-such"])
        .ends(2);
}
