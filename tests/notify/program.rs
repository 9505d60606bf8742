//! Programs, well and not.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::scene::{Scene, harmless};

async fn sh(script: &str) -> Scene {
    let argv = serde_json::to_string(&["sh", "-c", script]).unwrap();
    Scene::new(&format!("notify: [{{ command: {{ argv: {argv} }} }}]"), "").await
}

#[tokio::test]
async fn a_program_reads_the_message_where_targets_yaml_is() {
    let scene = sh("cat > got; echo printed; echo complained >&2").await;
    scene.succeeds().await;
    let got = fs::read_to_string(scene.folder.path().join("got")).unwrap();
    harmless(&got);
    let got: Value = serde_json::from_str(&got).unwrap();
    assert_eq!(got["schema"], "straggler.changes/v1");
    assert_eq!(got["changes"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_failure_is_told_with_its_last_words_and_not_repeated() {
    let scene = sh("echo ran >> log; printf 'no \\033[31mpager' >&2; exit 3").await;
    assert_eq!(
        scene.refusal().await,
        "the receiver \"command\" was not told: `sh` exited with status 3: no \\u{1b}[31mpager; run it by \
         hand, as the same user"
    );
    let log = fs::read_to_string(scene.folder.path().join("log")).unwrap();
    assert_eq!(log, "ran\n");
    let leaky = sh("echo no pager for $(cat old) >&2; exit 1").await;
    let why = leaky.refusal().await;
    assert!(why.contains("no pager for"), "{why}");
    let missing = "notify: [{ command: { argv: [no-such-program] } }]";
    let why = Scene::new(missing, "").await.refusal().await;
    assert!(
        why.contains("there is no program `no-such-program`; install it"),
        "{why}"
    );
}

#[tokio::test]
async fn one_that_does_not_end_is_killed_with_all_it_started() {
    let scene = sh("sleep 1000 & echo $! > pid; wait").await;
    let scene = scene.within(Duration::from_secs(3));
    let why = scene.refusal().await;
    assert!(
        why.contains("had not ended after 3s and was killed"),
        "{why}"
    );
    let pid = fs::read_to_string(scene.folder.path().join("pid")).unwrap();
    let stat = format!("/proc/{}/stat", pid.trim());
    let deadline = Instant::now() + Duration::from_secs(120);
    while fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
        assert!(Instant::now() < deadline, "the grandchild lives on");
        thread::sleep(Duration::from_millis(10));
    }
}

#[tokio::test]
async fn what_it_prints_or_leaves_running_is_no_failure() {
    sh("head -c 9000000 /dev/zero; head -c 9000000 /dev/zero >&2")
        .await
        .succeeds()
        .await;
    let scene = sh("sleep 1000 & echo $! > pid").await;
    scene.succeeds().await;
    let pid = fs::read_to_string(scene.folder.path().join("pid")).unwrap();
    let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}
