//! What ends a run ends all that it started, and tells what was known.

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStderr};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{CURRENT, OLD, Scene};

/// What every process that comes of one test has in its environment.
const MARK: &str = "STRAGGLER_TEST_MARK";

/// Programs that are hard to end. `ready` is written by the last of what each of them starts.
const STUBBORN: [(&str, &str); 5] = [
    (
        "another session",
        "setsid sh -c 'echo ready >> ready; sleep 1000' & wait",
    ),
    (
        "forked twice, and its parents gone",
        "(setsid sh -c '(setsid sh -c \"echo ready >> ready; sleep 1000\" &) ; exit' &) ; sleep 1000",
    ),
    (
        "deaf to signals",
        "trap '' TERM INT HUP; setsid sh -c 'echo ready >> ready; sleep 1000; sleep 1000'",
    ),
    (
        "gone itself, with its output held open",
        "setsid sh -c 'echo ready >> ready; sleep 1000' & exit 0",
    ),
    (
        "a chain of them",
        "setsid setsid setsid sh -c 'setsid sh -c \"echo ready >> ready; sleep 1000\"; true'",
    ),
];

/// A deployment that drifts, and one for each stubborn program.
fn scene() -> Scene {
    let mut targets = String::from(
        "version: 1
projects:
  checkout: { variable: KEY, current: { file: { path: current } }, previous: [ { file: { path: old } } ] }
deployments:
  - { name: web, project: checkout, route: [ { file: { path: web } } ] }
"
    );
    for (index, _) in STUBBORN.iter().enumerate() {
        targets.push_str(&format!(
            "  - {{ name: slow-{index}, project: checkout, route: [ {{ command: {{ argv: [sh, DIR/{index}.sh] }} }} ] }}\n"
        ));
    }
    let scene = Scene::with(&targets)
        .file("current", CURRENT)
        .file("old", OLD)
        .file("web", OLD);
    STUBBORN
        .iter()
        .enumerate()
        .fold(scene, |scene, (index, (_, script))| {
            scene.file(&format!("{index}.sh"), script)
        })
}

/// The processes of a test, by their command lines.
fn left(mark: &str) -> Vec<String> {
    let wanted = format!("{MARK}={mark}");
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let marked = entries.filter(|entry| {
        let environ = fs::read(entry.path().join("environ")).unwrap_or_default();
        environ
            .split(|&byte| byte == 0)
            .any(|variable| variable == wanted.as_bytes())
    });
    let lines = marked.map(|entry| {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).replace('\0', " ")
    });
    lines.collect()
}

/// Waits until nothing of a test runs any more.
#[track_caller]
fn nothing_is_left(mark: &str) {
    let patience = Instant::now() + Duration::from_secs(120);
    while !left(mark).is_empty() {
        assert!(Instant::now() < patience, "{:?}", left(mark));
        thread::sleep(Duration::from_millis(20));
    }
}

#[track_caller]
fn until(is_so: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_secs(120);
    while !is_so() {
        assert!(Instant::now() < patience);
        thread::sleep(Duration::from_millis(20));
    }
}

fn mark(scene: &Scene) -> String {
    scene.folder().display().to_string()
}

fn start(scene: &Scene, arguments: &[&str]) -> Child {
    scene.straggler(arguments).env(MARK, mark(scene)).spawn()
}

fn lines(child: &mut Child) -> Lines<BufReader<ChildStderr>> {
    BufReader::new(child.stderr.take().unwrap()).lines()
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

fn ready(scene: &Scene, count: usize) {
    let text = || fs::read_to_string(scene.path("ready")).unwrap_or_default();
    until(|| text().lines().count() >= count);
}

#[test]
fn each_signal_that_ends_a_run_ends_its_programs_and_tells_what_was_known() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let scene = scene();
        let mut child = start(
            &scene,
            &["audit", "-vv", "--timeout", "1h", "-o", "json=report.json"],
        );
        let mut lines = lines(&mut child);
        let is_read = |line: &String| line.contains("ok after") && line.ends_with(" web");
        assert!(
            lines
                .by_ref()
                .map(Result::unwrap)
                .any(|line| is_read(&line))
        );
        let rest = thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<_>>());
        ready(&scene, STUBBORN.len());
        send(&child, signal);
        let output = child.wait_with_output().unwrap();
        let rest = rest.join().unwrap();
        assert_eq!(output.status.code(), Some(130), "{signal:?} {rest:?}");
        nothing_is_left(&mark(&scene));
        assert!(
            !rest.iter().any(|line| line.contains("could not be ended")),
            "{rest:?}"
        );
        let report: Value =
            serde_json::from_slice(&fs::read(scene.path("report.json")).unwrap()).unwrap();
        assert_eq!(report["summary"]["exit_code"], 130);
        assert_eq!(report["deployments"][0]["verdict"], "stale");
        let hidden = scene
            .names()
            .into_iter()
            .filter(|name| name.ends_with(".part"));
        assert_eq!(hidden.count(), 0);
    }
}

#[test]
fn the_second_signal_ends_everything_at_once() {
    let scene = scene();
    let mut child = start(
        &scene,
        &[
            "audit",
            "-vv",
            "--timeout",
            "1h",
            "-f",
            "json",
            "-o",
            "json=report.json",
        ],
    );
    let lines = lines(&mut child);
    let said = thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<_>>());
    ready(&scene, STUBBORN.len());
    // Both at once: whether the first is reported before the second comes is nobody's promise.
    send(&child, Signal::INT);
    send(&child, Signal::TERM);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    nothing_is_left(&mark(&scene));
    // Its draft was removed with everything else.
    let said = said.join().unwrap();
    assert!(
        !said.iter().any(|line| line.contains("was not written")),
        "{said:?}"
    );
    let hidden = scene
        .names()
        .into_iter()
        .filter(|name| name.ends_with(".part"));
    assert_eq!(hidden.count(), 0);
}

#[test]
fn a_time_limit_ends_whatever_was_started_however_it_hides() {
    let scene = scene();
    let ran = scene
        .straggler(["audit", "--timeout", "5s", "-f", "json"])
        .env(MARK, mark(&scene))
        .run();
    // They live on if they were not found when their time was over: straggler is gone by now.
    nothing_is_left(&mark(&scene));
    let report = ran.ends(1).json();
    for index in 1..=STUBBORN.len() {
        assert_eq!(report["deployments"][index]["verdict"], "unreachable");
    }
}

#[test]
fn what_a_program_left_running_before_it_ended_by_itself_goes_on() {
    let scene = Scene::with(
        "version: 1
projects: { checkout: { variable: KEY, current: { file: { path: current } } } }
deployments:
  - { name: web, project: checkout, route: [ { command: { argv: [sh, DIR/leaves.sh] } } ] }
  - { name: late, project: checkout, route: [ { command: { argv: [sleep, '1000'] } } ] }
",
    )
    .file("current", CURRENT)
    .file(
        "leaves.sh",
        format!("setsid sh -c 'echo $$ > pid; sleep 1000; true' >/dev/null 2>&1 & until test -s pid; do sleep 0.05; done; printf %s {CURRENT}"),
    );
    let mut child = start(&scene, &["audit", "-vv", "--timeout", "1h", "-f", "json"]);
    let mut lines = lines(&mut child);
    let is_read = |line: &String| line.contains("ok after") && line.contains("leaves.sh");
    assert!(
        lines
            .by_ref()
            .map(Result::unwrap)
            .any(|line| is_read(&line))
    );
    thread::spawn(move || lines.for_each(drop));
    send(&child, Signal::INT);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["deployments"][0]["verdict"], "current");
    let pid = fs::read_to_string(scene.path("pid")).unwrap();
    let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    let alive = left(&mark(&scene));
    assert!(
        alive.iter().any(|line| line.contains("echo $$ > pid")),
        "{alive:?}"
    );
    // Its shell leads its session.
    rustix::process::kill_process_group(pid, Signal::KILL).unwrap();
    nothing_is_left(&mark(&scene));
}

#[test]
fn nothing_is_started_after_an_interrupt_while_references_are_read() {
    let commands: String = (0..40)
        .map(|index| {
            format!("  - {{ name: late-{index}, project: checkout, route: [ {{ command: {{ argv: [sh, -c, 'echo started >> started; sleep {index}00'] }} }} ] }}\n")
        })
        .collect();
    let scene = Scene::with(&format!(
        "version: 1
projects: {{ checkout: {{ variable: KEY, current: {{ command: {{ argv: [sh, -c, 'echo ready >> ready; sleep 1000'] }} }} }} }}
deployments:
{commands}"
    ));
    let mut child = start(&scene, &["audit", "--timeout", "1h"]);
    let lines = lines(&mut child);
    thread::spawn(move || lines.for_each(drop));
    ready(&scene, 1);
    send(&child, Signal::INT);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    assert!(!scene.path("started").exists());
    scene
        .straggler(["audit", "--timeout", "1h", "--deadline", "1s"])
        .env(MARK, mark(&scene))
        .run()
        .ends(3);
    assert!(!scene.path("started").exists());
    nothing_is_left(&mark(&scene));
}

#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let scene = Scene::with(
        "version: 1
projects: { checkout: { variable: KEY, current: { file: { path: current } } } }
deployments: [ { name: web, project: checkout, route: [ { command: { argv: [sh, DIR/web.sh] } } ] } ]
",
    )
    .file("current", CURRENT)
    .file("web.sh", format!("echo ready >> ready; until test -e go; do sleep 0.05; done; printf %s {CURRENT}"));
    let mut command = std::process::Command::new("sh");
    command
        .args([
            "-c",
            "trap '' HUP; exec \"$0\" audit --timeout 1h",
            env!("CARGO_BIN_EXE_straggler"),
        ])
        .current_dir(scene.folder())
        .env_remove("XDG_STATE_HOME")
        .env_remove("HOME")
        .stdout(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    ready(&scene, 1);
    send(&child, Signal::HUP);
    fs::write(scene.path("go"), "").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn an_interrupted_wait_tells_what_it_knew() {
    let scene = Scene::with(
        "version: 1
projects: { checkout: { variable: KEY, current: { file: { path: current } }, previous: [ { file: { path: old } } ] } }
deployments:
  - { name: done, project: checkout, route: [ { file: { path: done } } ] }
  - { name: behind, project: checkout, route: [ { file: { path: behind } } ] }
",
    )
    .file("current", CURRENT)
    .file("old", OLD)
    .file("done", CURRENT)
    .file("behind", OLD);
    let mut child = start(
        &scene,
        &[
            "wait",
            "--every",
            "1h",
            "-f",
            "json",
            "-o",
            "json=report.json",
        ],
    );
    let mut lines = lines(&mut child);
    assert!(lines.next().unwrap().unwrap().contains("1 of 2 left"));
    send(&child, Signal::TERM);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    for text in [output.stdout, fs::read(scene.path("report.json")).unwrap()] {
        let report: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(report["summary"]["exit_code"], 130);
        assert_eq!(report["deployments"][0]["verdict"], "current", "{report:#}");
        assert_eq!(report["deployments"][1]["verdict"], "stale", "{report:#}");
    }
}

#[test]
fn an_interrupt_while_a_receiver_is_at_work_costs_no_report_and_it_is_told_again() {
    let scene = Scene::with(
        "version: 1
ledger: { at: DIR/kept.db }
projects: { checkout: { variable: KEY, current: { file: { path: current } }, previous: [ { file: { path: old } } ] } }
deployments: [ { name: web, project: checkout, route: [ { file: { path: web } } ] } ]
notify: [ { command: { argv: [ sh, DIR/tell.sh ] } } ]
",
    )
    .file("current", CURRENT)
    .file("old", OLD)
    .file("web", OLD)
    .file("tell.sh", "setsid sh -c 'echo ready >> ready; sleep 1000' & wait");
    let night = &["audit", "--changed-only", "-f", "json", "-o", "json=x.json"];
    for (times, signal) in (1..).zip([Signal::INT, Signal::TERM, Signal::HUP]) {
        let mut child = start(&scene, night);
        let lines = lines(&mut child);
        let said = thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<_>>());
        ready(&scene, times);
        send(&child, signal);
        let output = child.wait_with_output().unwrap();
        let said = said.join().unwrap().join("\n");
        assert_eq!(output.status.code(), Some(130), "{said}");
        assert!(
            said.contains("interrupted while the receiver \"command\" was told"),
            "{said}"
        );
        nothing_is_left(&mark(&scene));
        for text in [output.stdout, fs::read(scene.path("x.json")).unwrap()] {
            let report: Value = serde_json::from_slice(&text).unwrap();
            assert_eq!(report["summary"]["exit_code"], 130);
        }
        let report: Value =
            serde_json::from_slice(&fs::read(scene.path("x.json")).unwrap()).unwrap();
        assert_eq!(report["deployments"][0]["verdict"], "stale");
        fs::remove_file(scene.path("x.json")).unwrap();
    }
    // What each of them ended with is kept as well.
    let kept = scene.run(["history", "--audits", "-f", "json"]).ends(0);
    for audit in kept.json()["audits"].as_array().unwrap() {
        assert_eq!(audit["exit_code"], 130, "{kept}");
    }
}

/// Another program holds the ledger for good.
#[test]
fn an_interrupt_while_the_ledger_is_waited_for_costs_no_report() {
    use sqlx::Connection as _;

    let scene = Scene::with(
        "version: 1
ledger: { at: DIR/kept.db }
projects: { checkout: { variable: KEY, current: { file: { path: current } }, previous: [ { file: { path: old } } ] } }
deployments: [ { name: web, project: checkout, route: [ { command: { argv: [ sh, DIR/web.sh ] } } ] } ]
",
    )
    .file("current", CURRENT)
    .file("old", OLD)
    .file("web", CURRENT)
    .file("web.sh", "printf %s \"$(cat web)\"");
    scene.run(["audit"]).ends(0);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = format!("sqlite://{}", scene.path("kept.db").display());
    let mut other = runtime
        .block_on(async {
            let mut other = sqlx::SqliteConnection::connect(&url).await?;
            sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut other).await?;
            Ok::<_, sqlx::Error>(other)
        })
        .unwrap();
    for (key, code, command) in [
        (CURRENT, 130, &["audit"][..]),
        (CURRENT, 130, &["wait"]),
        // The reports are out, and only the ledger is left: nothing contradicts them.
        (OLD, 1, &["audit"]),
        (CURRENT, 130, &["revoke-check", "checkout"]),
    ] {
        fs::write(scene.path("web"), key).unwrap();
        let is_audit = command != ["revoke-check", "checkout"];
        let report = match is_audit {
            true => &["-f", "json", "-o", "json=x.json", "-v"][..],
            false => &["-f", "json", "-v"],
        };
        let mut child = start(&scene, &[command, report].concat());
        let mut lines = lines(&mut child);
        let is_read = |line: &String| line.contains("ok after") && line.contains("web.sh");
        let mut seen = lines.by_ref().map(Result::unwrap);
        assert!(seen.any(|line| is_read(&line)), "{command:?}");
        let said = thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<_>>());
        if code == 1 {
            until(|| scene.path("x.json").exists());
        }
        // By then it waits for the ledger; if not yet, the same has to come of it.
        thread::sleep(Duration::from_millis(500));
        send(&child, Signal::INT);
        let output = child.wait_with_output().unwrap();
        let said = said.join().unwrap().join("\n");
        assert_eq!(output.status.code(), Some(code), "{command:?}: {said}");
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        if is_audit {
            let file = fs::read(scene.path("x.json")).unwrap();
            let file: Value = serde_json::from_slice(&file).unwrap();
            for report in [answer, file] {
                assert_eq!(report["summary"]["exit_code"], code, "{command:?}");
                let verdict = &report["deployments"][0]["verdict"];
                assert_eq!(verdict, if key == OLD { "stale" } else { "current" });
            }
            fs::remove_file(scene.path("x.json")).unwrap();
        }
    }
    runtime
        .block_on(async {
            sqlx::raw_sql("ROLLBACK").execute(&mut other).await?;
            other.close().await
        })
        .unwrap();
    let kept = scene.run(["history", "--audits", "-f", "json"]).ends(0);
    assert_eq!(kept.json()["audits"].as_array().map(Vec::len), Some(1));
}
