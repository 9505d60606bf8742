//! Waiting until everything has the current key.

use std::fs;
use std::time::Duration;

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
    let child = scene.straggler(["wait", "--every", "50ms"]).spawn();
    for name in ["api", "web"] {
        std::thread::sleep(Duration::from_millis(400));
        fs::write(
            scene.path(&format!("{name}.env")),
            format!("KEY={CURRENT}\n"),
        )
        .unwrap();
    }
    let output = child.wait_with_output().unwrap();
    let [told, said] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
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
        .prints("unknown");
    // What proves nothing is nothing to wait for.
    let own = scene.file("api.env", "KEY=$HOME\n");
    own.run(["wait", "--timeout", "10s"])
        .ends(3)
        .prints("unverified");
}

#[test]
fn it_can_be_interrupted() {
    let scene = scene(&["api"]);
    let child = scene.straggler(["wait", "--every", "1h"]).spawn();
    std::thread::sleep(Duration::from_secs(1));
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
