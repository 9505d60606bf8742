//! What straggler was started by, and other stragglers, are nobody's service.

use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::scene::{NEW, OLD, Running, Scene, VARIABLE, says, until};

const STRAGGLER: &str = env!("CARGO_BIN_EXE_straggler");

/// An audit whose command lines all hold the mark, with the current key in every environment.
fn surrounded(scene: &Scene) -> (serde_json::Value, i32) {
    // A shell that stays, `timeout`, and straggler itself, which asks a command that has the mark too.
    let script = format!("timeout 100 {STRAGGLER} \"$@\"; exit $?");
    let shell = scene.path(&format!("{}-sh", scene.mark()));
    if !shell.exists() {
        symlink("/bin/sh", &shell).unwrap();
    }
    let mut command = Command::new(shell);
    command
        .args(["-c", &script, scene.mark()])
        .env(VARIABLE, NEW);
    scene.said_by(&mut command)
}

fn service(scene: &Scene, key: &str) -> Running {
    let mut command = Command::new("sleep");
    command
        .arg0(format!("{}-service", scene.mark()))
        .arg("1000");
    scene.start(&mut command, key)
}

#[test]
fn what_started_straggler_is_not_taken_for_the_service() {
    let scene = Scene::new();
    let mark = scene.mark();
    scene.declare(&format!("{{ process: {{ match: '{mark}' }} }}"));
    says(&surrounded(&scene), "unreachable", "none", 3);
    scene.declare(&format!("{{ process: {{ name: '{mark}-sh' }} }}"));
    says(&surrounded(&scene), "unreachable", "none", 3);
    scene.declare(&format!("{{ process: {{ match: '{mark}' }} }}"));
    let _service = service(&scene, OLD);
    let found = surrounded(&scene);
    says(&found, "stale", "value", 1);
    assert_eq!(
        found.0["readings"].as_array().unwrap().len(),
        1,
        "{:#}",
        found.0
    );
}

/// What `revoke-check` says of the deployment, as a script that is the service asks it: the service has this key.
fn asked_by_service(scene: &Scene, arguments: &str) -> (String, i32) {
    let targets = scene.path("targets.yaml");
    let script = scene.write(
        "service.sh",
        &format!(
            "{STRAGGLER} {arguments} --no-ledger -c {}; exit $?",
            targets.display()
        ),
    );
    let output = Command::new("sh")
        .args([script.as_os_str(), "--of".as_ref(), scene.mark().as_ref()])
        .env(VARIABLE, OLD)
        .output()
        .unwrap();
    let [answer, errors] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    for text in [&answer, &errors] {
        for secret in [OLD, "--of"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    (answer, output.status.code().unwrap())
}

#[test]
fn a_service_that_starts_straggler_itself_is_named_and_never_safe() {
    let scene = Scene::new();
    let mark = scene.mark();
    scene.declare(&format!("{{ process: {{ match: '{mark}' }} }}"));
    // One of its workers has the current key by now.
    let _worker = service(&scene, NEW);
    let (told, code) = asked_by_service(&scene, "revoke-check checkout");
    assert_eq!(code, 3, "{told}");
    assert!(told.contains("it may be the service itself"), "{told}");
    let (told, code) = asked_by_service(&scene, "audit -f json");
    assert_eq!(code, 3, "{told}");
    let report: serde_json::Value = serde_json::from_str(&told).unwrap();
    let readings = &report["deployments"][0]["hops"][0]["readings"];
    let readings = readings.as_array().unwrap();
    assert_eq!(readings.len(), 2, "{told}");
    let mut named = readings.iter();
    let named = named.find(|one| one["verdict"] == "unverified").unwrap();
    assert!(
        named["replica"].as_str().unwrap().starts_with("sh/"),
        "{named}"
    );
    // By its program it is told from the worker.
    scene.declare(&format!("{{ process: {{ match: '^{mark}-service' }} }}"));
    let (told, code) = asked_by_service(&scene, "revoke-check checkout");
    assert_eq!(code, 0, "{told}");
}

#[test]
fn what_only_runs_straggler_is_no_blind_spot() {
    let scene = Scene::new();
    let mark = scene.mark();
    scene.declare(&format!("{{ process: {{ match: '{mark}' }} }}"));
    let _service = service(&scene, NEW);
    let targets = scene.path("targets.yaml");
    let line = format!(
        "timeout 90 {STRAGGLER} revoke-check checkout --no-ledger -c {}; exit $?",
        targets.display()
    );
    let output = Command::new("sh").args(["-c", &line]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{told}");
}

/// A program whose first thread has ended, and another one goes on.
fn without_its_first_thread(scene: &Scene, key: &str) -> Running {
    let program = scene.write(
        "threads.py",
        "\
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(1000,)).start()
ctypes.CDLL(None).pthread_exit(None)
",
    );
    let mut command = Command::new("python3");
    let running = scene.start(command.arg(program).arg(scene.mark()), key);
    let stat = format!("/proc/{}/stat", running.pid());
    let state = || std::fs::read_to_string(&stat).unwrap_or_default();
    until(|| state().contains(") Z "), state);
    running
}

#[test]
fn a_process_whose_first_thread_ended_is_no_zombie() {
    let scene = Scene::new();
    let pid = {
        let running = without_its_first_thread(&scene, OLD);
        let pid = running.pid();
        for selector in [format!("match: '{}'", scene.mark()), format!("pid: {pid}")] {
            let found = scene.audit(&format!("{{ process: {{ {selector} }} }}"));
            says(&found, "stale", "value", 1);
        }
        pid
    };
    let found = scene.audit(&format!("{{ process: {{ pid: {pid} }} }}"));
    says(&found, "unreachable", "none", 3);
}

#[test]
fn another_straggler_and_what_it_started_are_not_taken_for_the_service() {
    let scene = Scene::new();
    let mark = scene.mark();
    // It waits for a command of its own, whose arguments hold the mark.
    let script = scene.write(
        "slow",
        &format!(
            "echo started > {}; exec sleep 1000",
            scene.path("started").display()
        ),
    );
    scene.declare(&format!(
        "{{ command: {{ argv: [sh, '{}', {mark}] }} }}",
        script.display()
    ));
    let targets = scene.path("other.yaml");
    std::fs::rename(scene.path("targets.yaml"), &targets).unwrap();
    let line = format!(
        "timeout 900 {STRAGGLER} audit --timeout 900s -c {}; exit $?",
        targets.display()
    );
    let mut other = Command::new("sh");
    let _other = scene.start(other.args(["-c", &line]), NEW);
    scene.written("started");

    scene.declare(&format!("{{ process: {{ match: '{mark}' }} }}"));
    let mut own = Command::new(STRAGGLER);
    says(&scene.said_by(&mut own), "unreachable", "none", 3);
    let _service = service(&scene, NEW);
    let found = scene.said_by(&mut Command::new(STRAGGLER));
    says(&found, "current", "value", 0);
    assert_eq!(
        found.0["readings"].as_array().unwrap().len(),
        1,
        "{:#}",
        found.0
    );
}

#[test]
fn what_started_straggler_may_be_named_by_its_number() {
    let scene = Scene::new();
    let script = format!("sed -i s/PID/$$/ targets.yaml; {STRAGGLER} \"$@\"; exit $?");
    scene.declare("{ process: { pid: PID } }");
    let mut command = Command::new("sh");
    command.args(["-c", &script, "sh"]).env(VARIABLE, OLD);
    says(&scene.said_by(&mut command), "stale", "value", 1);
}

#[test]
fn a_start_script_that_does_not_exec_hides_what_its_program_has() {
    let scene = Scene::new();
    scene.write("web.env", &format!("{VARIABLE}={OLD}\n"));
    let sourced = scene.path("web.env");
    let line = format!("set -a; . {}; sleep 1000; true", sourced.display());
    let mut command = Command::new("sh");
    let shell = scene.start(command.args(["-c", &line, scene.mark()]), NEW);
    let pid = shell.pid();
    let children = format!("/proc/{pid}/task/{pid}/children");
    let child = || {
        std::fs::read_to_string(&children)
            .unwrap()
            .trim()
            .to_owned()
    };
    until(|| !child().is_empty(), || "no child".to_owned());
    until(
        || {
            std::fs::read(format!("/proc/{}/cmdline", child()))
                .is_ok_and(|line| line.starts_with(b"sleep"))
        },
        || "no program".to_owned(),
    );
    let found = scene.audit(&format!("{{ process: {{ pid: {} }} }}", child()));
    says(&found, "stale", "value", 1);
}

#[test]
fn a_program_that_reads_a_file_by_itself_is_not_taken_for_fine() {
    let scene = Scene::new();
    scene.write(".env", &format!("{VARIABLE}={OLD}\n"));
    let mut command = Command::new("env");
    let program = scene.start(
        command.args([
            "-u",
            VARIABLE,
            "sh",
            "-c",
            "read x < .env; sleep 1000; true",
        ]),
        NEW,
    );
    let pid = program.pid();
    let name = || std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap();
    until(|| name().trim() == "sh", name);
    let found = scene.audit(&format!("{{ process: {{ pid: {pid} }} }}"));
    says(&found, "missing", "value", 1);
    assert!(
        found.0.to_string().contains("needs `loads: itself`"),
        "{:#}",
        found.0
    );
    let found = scene.audit(&format!("{{ process: {{ pid: {pid}, loads: itself }} }}"));
    says(&found, "unverified", "none", 3);
}

#[test]
fn one_that_will_run_straggler_again_is_not_taken_for_the_service_and_is_named() {
    let scene = Scene::new();
    let mark = scene.mark();
    // As `watch` does it, and as a shell does between two of them: no straggler is under it just now.
    let line = format!("sleep 1000; straggler audit --project {mark}");
    let mut shell = Command::new("sh");
    let _shell = scene.start(shell.args(["-c", &line]), NEW);
    let program = scene.path("watch");
    symlink("/bin/sh", &program).unwrap();
    let mut watch = Command::new(&program);
    watch.args(["-c", "sleep 1000; true", "60", "straggler", "audit", mark]);
    let _watch = scene.start(&mut watch, NEW);
    let hop = format!("{{ process: {{ match: '{mark}' }} }}");
    let found = scene.audit(&hop);
    says(&found, "unreachable", "none", 3);
    assert!(
        found.0.to_string().contains("what runs straggler"),
        "{:#}",
        found.0
    );
    let _service = service(&scene, OLD);
    let found = scene.audit(&hop);
    says(&found, "stale", "value", 1);
    assert_eq!(found.0["readings"].as_array().unwrap().len(), 1);
    assert!(
        found
            .0
            .to_string()
            .contains("not counted, since it runs straggler"),
        "{:#}",
        found.0
    );
}

#[test]
fn a_service_with_a_hook_that_runs_straggler_is_judged() {
    let scene = Scene::new();
    let mark = scene.mark();
    scene.declare(&format!("{{ process: {{ match: '^{mark}-service' }} }}"));
    let _new = service(&scene, NEW);
    let asked = || {
        let mut command = Command::new(STRAGGLER);
        let targets = scene.path("targets.yaml");
        command.args(["revoke-check", "checkout", "--no-ledger", "-c"]);
        command.arg(targets).output().unwrap().status.code()
    };
    assert_eq!(asked(), Some(0));
    let mut command = Command::new("sleep");
    command
        .arg0(format!(
            "{mark}-service --on-rotate 'straggler audit {mark}-night'"
        ))
        .arg("1000");
    let _old = scene.start(&mut command, OLD);
    assert_eq!(asked(), Some(1));
    let found = scene.audit(&format!("{{ process: {{ match: '^{mark}-service' }} }}"));
    assert_eq!(found.1, 1);
    assert_eq!(found.0["readings"].as_array().unwrap().len(), 2);
    // What fits by the words of straggler alone is not taken for the service, and not for nobody's either.
    let hop = format!("{{ process: {{ match: '^{mark}-service 1000$|{mark}-night' }} }}");
    let found = scene.audit(&hop);
    assert_eq!(found.1, 3, "{:#}", found.0);
    assert!(
        found.0.to_string().contains("it matches only by the words"),
        "{:#}",
        found.0
    );
}

#[test]
fn a_service_that_only_has_the_word_in_a_path_is_not_passed_over() {
    let scene = Scene::new();
    let mark = scene.mark();
    let mut command = Command::new("sh");
    command.args([
        "-c",
        "sleep 1000; true",
        mark,
        "--config",
        "/etc/straggler/audit",
        "/srv/straggler",
    ]);
    let _service = scene.start(&mut command, OLD);
    let found = scene.audit(&format!("{{ process: {{ match: '{mark}' }} }}"));
    says(&found, "stale", "value", 1);
}
