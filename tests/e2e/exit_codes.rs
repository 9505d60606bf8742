//! Each exit code of the contract, and which wins: 2, 130, 1, 4, 3, 0.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{CURRENT, OLD, STRANGE, Scene};

/// One project, and a deployment for each file under `at/`.
fn scene(files: &[(&str, &str)]) -> Scene {
    let deployments: String = files
        .iter()
        .map(|(name, _)| {
            format!("  - {{ name: {name}, project: checkout, route: [ {{ file: {{ path: DIR/at/{name} }} }} ] }}\n")
        })
        .collect();
    let targets = format!("{}deployments:\n{deployments}", project());
    let scene = Scene::with(&targets)
        .file("current", CURRENT)
        .file("old", OLD)
        .file("at/README", "");
    files.iter().fold(scene, |scene, (name, key)| {
        if key.is_empty() {
            scene
        } else {
            scene.file(&format!("at/{name}"), key)
        }
    })
}

fn project() -> &'static str {
    "version: 1
projects:
  checkout:
    variable: KEY
    format: '^ask_live_[A-Za-z0-9]{32}$'
    current: { file: { path: DIR/current } }
    previous: [ { file: { path: DIR/old } } ]
"
}

/// A place that no audit can read: a folder where a file should be.
fn with_unreachable(scene: Scene, name: &str) -> Scene {
    scene.file(&format!("at/{name}/inside"), "")
}

#[test]
fn nothing_wrong_is_0() {
    scene(&[("web", CURRENT), ("api", CURRENT)])
        .run(["audit"])
        .ends(0);
}

#[test]
fn drift_is_1() {
    scene(&[("web", CURRENT), ("api", OLD)])
        .run(["audit"])
        .ends(1)
        .prints("stale");
    scene(&[("web", STRANGE)])
        .run(["audit"])
        .ends(1)
        .prints("unknown");
    scene(&[("web", "")])
        .run(["audit"])
        .ends(1)
        .prints("missing");
    scene(&[("web", &format!("{CURRENT}\n"))])
        .run(["audit"])
        .ends(1)
        .prints("trailing-newline");
}

#[test]
fn a_faulty_reference_is_1_and_an_unreadable_one_3() {
    let with = |reference: &str| scene(&[("web", CURRENT)]).file("current", reference);
    with("").run(["audit"]).ends(1);
    with("changeme").run(["audit"]).ends(1);
    with(&format!("{CURRENT}\n")).run(["audit"]).ends(1);
    let scene = scene(&[("web", CURRENT)]);
    std::fs::remove_file(scene.path("current")).unwrap();
    with_unreachable(scene, "../current").run(["audit"]).ends(3);
}

#[test]
fn an_expired_waiver_is_1_and_a_living_one_0() {
    for (until, code) in [("2999-01-01", 0), ("2020-01-01", 1)] {
        let waive = format!("waive: {{ verdicts: [stale], reason: r, owner: o, until: {until} }}");
        let scene = Scene::with(&format!(
            "{}deployments:\n  - {{ name: web, project: checkout, {waive}, route: [ {{ file: {{ path: DIR/old }} }} ] }}\n",
            project()
        ));
        scene
            .file("current", CURRENT)
            .file("old", OLD)
            .run(["audit"])
            .ends(code);
    }
}

#[test]
fn what_cannot_be_meant_is_2_and_nothing_is_read() {
    let scene = scene(&[("web", OLD)]);
    scene.run(["audit", "--no-such-option"]).ends(2);
    scene.run(["audit", "--config", "elsewhere.yaml"]).ends(2);
    scene.run(["audit", "--timeout", "soon"]).ends(2);
    scene.run(["audit", "--concurrency", "0"]).ends(2);
    scene.run(["audit", "-o", "json"]).ends(2);
    scene.run(["audit", "-o", "xml=report"]).ends(2);
    scene
        .run(["audit", "-o", "json=a", "-o", "table=a"])
        .ends(2);
    scene.run(["audit"; 0]).ends(2);
    assert_eq!(scene.names(), ["at", "current", "old", "targets.yaml"]);
}

#[test]
fn selecting_nothing_is_2() {
    let scene = scene(&[("web", CURRENT)]);
    for selection in [
        ["--project", "shop"],
        ["--deployment", "api-*"],
        ["--owner", "nobody"],
        ["--environment", "moon"],
        ["--label", "tier=1"],
        ["--until", "store"],
    ] {
        let ran = scene.run(["audit", selection[0], selection[1]]).ends(2);
        assert!(
            ran.stdout.is_empty() && ran.stderr.starts_with("error: "),
            "{ran}"
        );
    }
}

#[test]
fn help_and_version_are_0() {
    let scene = Scene::new();
    scene.run(["--version"]).ends(0).prints("straggler ");
    scene.run(["--help"]).ends(0).prints("Exit codes:");
    scene.run(["audit", "--help"]).ends(0).prints("Exit codes:");
    let own = scene.run(["revoke-check", "--help"]).ends(0);
    let own = own.prints("Exit codes:").prints("0    safe to revoke");
    assert!(!own.stdout.contains("waiver"), "{own}");
}

#[test]
fn something_out_of_sight_is_3() {
    with_unreachable(scene(&[("web", CURRENT), ("api", "")]), "api")
        .run(["audit"])
        .ends(3)
        .prints("unreachable");
}

#[test]
fn a_last_hop_that_proves_nothing_is_3_unless_accepted() {
    let targets = format!(
        "{}deployments:\n  - {{ name: web, project: checkout, route: [ {{ process: {{ pid: {}, loads: itself }} }} ] }}\n",
        project(),
        std::process::id()
    );
    let scene = Scene::with(&targets)
        .file("current", CURRENT)
        .file("old", OLD);
    scene.run(["audit"]).ends(3).prints("unverified");
    scene.run(["audit", "--accept", "unverified"]).ends(0);
    scene.run(["audit", "--fail-on", "unverified"]).ends(1);
}

#[test]
fn a_report_that_cannot_be_written_is_4() {
    let scene = scene(&[("web", CURRENT)]);
    scene
        .run(["audit", "-o", "json=/dev/full"])
        .ends(4)
        .complains("/dev/full");
    let pasted = format!("json={OLD}/x");
    let ran = scene.run(["audit", "-o", &pasted]).ends(4);
    let ran = ran.complains("cannot write …/x: ");
    assert!(!ran.to_string().contains(OLD), "{ran}");
    let mut straggler = scene.straggler(["audit"]);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    straggler.command.stdout(full.unwrap());
    straggler.run().ends(4).complains("standard output");
}

#[test]
fn reports_tell_of_the_one_that_could_not_be_written() {
    let code = |text: &[u8]| {
        let report: serde_json::Value = serde_json::from_slice(text).unwrap();
        report["summary"]["exit_code"].as_i64()
    };
    let scene = scene(&[("web", CURRENT)]);
    let beside = format!("json={}", scene.path("beside.json").display());
    let ran = scene
        .run([
            "audit",
            "-f",
            "json",
            "-o",
            &beside,
            "-o",
            "table=/dev/full",
        ])
        .ends(4);
    assert_eq!(ran.json()["summary"]["exit_code"], 4);
    assert_eq!(
        code(&std::fs::read(scene.path("beside.json")).unwrap()),
        Some(4)
    );

    let mut straggler = scene.straggler(["audit", "-o", &beside]);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    straggler.command.stdout(full.unwrap());
    straggler.run().ends(4);
    assert_eq!(
        code(&std::fs::read(scene.path("beside.json")).unwrap()),
        Some(4)
    );
}

#[test]
fn the_stronger_code_wins() {
    let broken = ["audit", "-o", "json=/dev/full"];
    // 1 before 4, before 3.
    scene(&[("web", OLD)])
        .run(broken)
        .ends(1)
        .complains("/dev/full");
    with_unreachable(scene(&[("web", "")]), "web")
        .run(broken)
        .ends(4);
    // Nothing is read when there is nowhere to write it.
    scene(&[("web", OLD)])
        .run(["audit", "-vv", "-o", "json=no/such/folder"])
        .ends(4)
        .complains("no/such/folder");
    // 1 before 3.
    with_unreachable(scene(&[("web", ""), ("api", OLD)]), "web")
        .run(["audit"])
        .ends(1);
    // 2 before all: nothing is even opened.
    let scene = scene(&[("web", OLD)]);
    scene
        .run(["audit", "--project", "shop", "-o", "json=/dev/full"])
        .ends(2);
}

#[test]
fn fail_on_chooses_what_counts() {
    let scene = scene(&[("web", OLD)]);
    scene.run(["audit", "--fail-on", "missing,unknown"]).ends(0);
    scene.run(["audit", "--fail-on", "missing,stale"]).ends(1);
    scene.run(["audit", "--fail-on", "current"]).ends(2);
}

/// A deployment that drifts, and one that is read for as long as the audit lives.
fn endless(deployments: usize) -> Scene {
    let endless = "{ command: { argv: [sleep, '600'] } }";
    let targets = format!(
        "{}deployments:
  - {{ name: web, project: checkout, route: [ {{ file: {{ path: DIR/old }} }} ] }}
  - {{ matrix: {{ name: [{}] }}, project: checkout, route: [ {endless} ] }}\n",
        project(),
        (0..deployments)
            .map(|index| format!("slow-{index}"))
            .collect::<Vec<_>>()
            .join(", ")
    );
    Scene::with(&targets)
        .file("current", CURRENT)
        .file("old", OLD)
}

fn interrupt(child: &Child) {
    kill_process(Pid::from_child(child), Signal::INT).unwrap();
}

#[test]
fn an_interrupted_audit_reports_what_is_known_and_is_130() {
    let scene = endless(1);
    let arguments = ["audit", "-vv", "--timeout", "1h", "-o", "json=report.json"];
    let mut child = scene.straggler(arguments).spawn();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    // The file is read and the command runs.
    let mut seen = (false, false);
    while seen != (true, true) {
        let line = lines.next().expect("it waits for the command").unwrap();
        seen.0 |= line.contains("ok after") && line.contains("old");
        seen.1 |= line.contains("asking") && line.contains("sleep");
    }
    interrupt(&child);
    // Standard error must be read on, or the program would wait for us.
    thread::spawn(move || lines.for_each(drop));
    let mut table = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut table)
        .unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert!(
        table.contains("stale") && table.contains("interrupted"),
        "{table}"
    );
    let report = std::fs::read_to_string(scene.path("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["summary"]["complete"], false);
    assert_eq!(report["summary"]["exit_code"], 130);
}

#[test]
fn a_second_interrupt_ends_it_at_once() {
    let scene = endless(2_000);
    let arguments = ["audit", "-vv", "--timeout", "1h", "-f", "json"];
    let mut child = scene.straggler(arguments).spawn();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("sleep") {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0);
    }
    thread::spawn(move || stderr.lines().for_each(drop));
    interrupt(&child);
    // The report begins, and then waits for us to read it.
    let mut first = [0];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut rest = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut rest).unwrap();
    assert!(
        serde_json::from_slice::<serde_json::Value>(&rest).is_err(),
        "it was cut off"
    );
}
