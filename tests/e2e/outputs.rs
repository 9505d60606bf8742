//! Where reports go, and where none may.

use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{CURRENT, OLD, Ran, Scene};

const TARGETS: &str = "version: 1
include: [ more/*.yaml ]
ledger: { at: DIR/ledger.db }
projects:
  checkout: { variable: KEY, current: { file: { path: keys/current } }, next: { file: { path: keys/next } } }
deployments:
  - { name: web, project: checkout, route: [ { dotenv: { path: web.env } } ] }
  - { name: all, project: checkout, route: [ { dotenv: { path: 'many/*.env' } } ] }
";

fn scene() -> Scene {
    let line = format!("KEY={CURRENT}\n");
    let scene = Scene::with(TARGETS)
        .file("more/own.yaml", "version: 1\n")
        .file("keys/current", CURRENT)
        .file("keys/next", OLD)
        .file("web.env", &line)
        .file("many/a.env", &line)
        .file("out/old.json", "an older report");
    symlink("current", scene.path("keys/link")).unwrap();
    symlink("out", scene.path("way")).unwrap();
    scene
}

fn audit(scene: &Scene, outputs: &[&str]) -> Ran {
    let outputs = outputs.iter().flat_map(|path| ["-o", path]);
    scene.run(["audit", "-vv"].into_iter().chain(outputs))
}

/// The program in a shell in the scene.
fn shell(scene: &Scene, script: &str) -> std::process::Output {
    Command::new("bash")
        .args(["-c", script, env!("CARGO_BIN_EXE_straggler")])
        .current_dir(scene.folder())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn nothing_that_the_audit_reads_or_keeps_is_written_over() {
    let scene = scene();
    audit(&scene, &[]).ends(0);
    let before = |name: &str| fs::read(scene.path(name)).unwrap();
    for (path, what) in [
        ("targets.yaml", "a file of this targets.yaml"),
        ("./out/../targets.yaml", "a file of this targets.yaml"),
        ("more/own.yaml", "a file of this targets.yaml"),
        ("keys/current", "a file that the audit reads"),
        ("keys/next", "a file that the audit reads"),
        ("web.env", "a file that the audit reads"),
        ("many/a.env", "a file that the audit reads"),
        ("ledger.db", "the ledger"),
        ("ledger.db-wal", "the ledger"),
        ("ledger.db.night.lock", "the ledger"),
        ("keys/link", "a file that the audit reads"),
        ("out", "a directory"),
    ] {
        let kept = scene.path(path).is_file().then(|| before(path));
        let ran = audit(&scene, &[&format!("json={path}")])
            .ends(2)
            .complains(what);
        assert!(
            !ran.stderr.contains("asking"),
            "{path}: something was read: {ran}"
        );
        assert_eq!(
            kept,
            scene.path(path).is_file().then(|| before(path)),
            "{path}"
        );
    }
    assert!(!scene.names().iter().any(|name| name.ends_with(".part")));
}

#[test]
fn of_many_deployments_no_file_of_any_is_written_over() {
    const MANY: usize = 600;
    let mut targets = "\
version: 1
projects: { checkout: { variable: KEY, current: { file: { path: current } } } }
routes: { host: [{ dotenv: { path: 'envs/${name}.env' } }] }
defaults: { environment: production, owner: payments, route: host }
deployments:
"
    .to_owned();
    for number in 0..MANY {
        targets += &format!("  - {{ name: web-{number}, project: checkout }}\n");
    }
    let line = format!("KEY={CURRENT}\n");
    let scene = Scene::with(&targets).file("current", CURRENT);
    let scene = (0..MANY).fold(scene, |scene, number| {
        scene.file(&format!("envs/web-{number}.env"), &line)
    });
    for number in [0, MANY / 2, MANY - 1] {
        let file = format!("envs/web-{number}.env");
        audit(&scene, &[&format!("json={file}")])
            .ends(2)
            .complains("a file that the audit reads");
        assert_eq!(fs::read_to_string(scene.path(&file)).unwrap(), line);
    }
    for _ in 0..2 {
        // The second time there is a report, which is no file of theirs.
        audit(&scene, &["json=envs/web-600.json"]).ends(0);
    }
}

#[test]
fn what_a_store_logs_in_with_is_not_written_over() {
    let stores = "stores:
  main: { vault: { address: 'https://vault.test', token: { file: token }, tls: { ca: tls/ca.pem } } }
  etcd: { etcd: { address: 'https://etcd.test', tls: { certificate: tls/own.pem, key: tls/own.key } } }
  gcp: { gcp: { credentials: account.json } }
  kube: { kubernetes: { kubeconfig: kube.yaml } }
projects:";
    let scene = scene();
    let targets = fs::read_to_string(scene.path("targets.yaml")).unwrap();
    let targets = targets.replacen("projects:", stores, 1);
    let files = [
        "token",
        "tls/ca.pem",
        "tls/own.pem",
        "tls/own.key",
        "account.json",
        "kube.yaml",
    ];
    let scene = scene.file("targets.yaml", targets);
    let scene = files
        .into_iter()
        .fold(scene, |scene, file| scene.file(file, "what is there"));
    for file in files {
        let what = "a file that a store of this targets.yaml names";
        audit(&scene, &[&format!("json=./{file}")])
            .ends(2)
            .complains(what);
        scene
            .run(["audit", "--ledger", file])
            .ends(2)
            .complains(what);
        let left = fs::read_to_string(scene.path(file)).unwrap();
        assert_eq!(left, "what is there", "{file}");
    }
    audit(&scene, &["json=beside.json"]).ends(0);
}

#[test]
fn a_named_pipe_is_no_targets_yaml_and_one_without_a_name_is() {
    let scene = scene();
    let pipe = scene.path("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
    for command in [&["config", "check"][..], &["config", "expand"], &["audit"]] {
        scene
            .run(command.iter().copied().chain(["-c", "pipe"]))
            .ends(2)
            .complains("it is no regular file");
    }
    let ran = shell(&scene, "\"$0\" config check -c <(cat targets.yaml)");
    let told = String::from_utf8_lossy(&ran.stderr);
    // What it includes is looked for beside it.
    assert!(!told.contains("regular file"), "{told}");
}

/// It holds no key, whatever it is called.
#[test]
fn a_ledger_in_a_folder_that_is_searched_is_no_finding() {
    let targets = "version: 1
projects:
  checkout: { variable: KEY, format: '^ask_live_[A-Za-z0-9]{32}$', current: { file: { path: keys/current } } }
deployments:
  - { name: site, project: checkout, route: [ { bundle: { path: site } } ] }
";
    for name in ["kept.db", "kept.js", "kept.gz"] {
        let scene = Scene::with(targets)
            .file("keys/current", CURRENT)
            .file("site/app.js", format!("send('{CURRENT}')"));
        let ledger = format!("site/{name}");
        for _ in 0..3 {
            scene.run(["audit", "--ledger", &ledger]).ends(0);
        }
    }
}

#[test]
fn a_link_is_refused_and_what_it_leads_to_is_left_alone() {
    let scene = scene();
    symlink("old.json", scene.path("out/link.json")).unwrap();
    symlink("none.json", scene.path("out/dangling.json")).unwrap();
    for link in ["out/link.json", "out/dangling.json"] {
        audit(&scene, &[&format!("json={link}")])
            .ends(2)
            .complains("symbolic link");
    }
    assert!(!scene.path("out/none.json").exists());
    assert_eq!(
        fs::read(scene.path("out/old.json")).unwrap(),
        b"an older report"
    );
    // A folder on the way may be one.
    audit(&scene, &["json=way/old.json"]).ends(0);
    assert!(
        fs::read(scene.path("out/old.json"))
            .unwrap()
            .starts_with(b"{")
    );
}

#[test]
fn two_reports_do_not_go_to_one_place_however_it_is_spelled() {
    let scene = scene();
    for other in [
        "out/a.json",
        "./out/a.json",
        "way/a.json",
        "out/../out/a.json",
    ] {
        audit(&scene, &["json=out/a.json", &format!("table={other}")])
            .ends(2)
            .complains("two reports would go to");
    }
}

#[test]
fn two_reports_do_not_go_to_standard_output() {
    let scene = scene();
    for script in [
        "audit -o json=/dev/stdout",
        "audit -f json -o json=/dev/stdout",
        "audit -q -o json=/dev/stdout -o table=/proc/self/fd/1",
        "audit -o json=into > into",
        "wait -f json -o table=/dev/../dev/stdout",
    ] {
        let ran = shell(&scene, &format!("\"$0\" {script}"));
        let told = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(2), "{script}: {told}");
        assert!(
            told.contains("two reports would go to standard output"),
            "{script}: {told}"
        );
        assert!(ran.stdout.is_empty(), "{script}");
    }
}

#[test]
fn a_folder_in_which_nothing_can_be_made_is_told_of() {
    // Nobody makes files there, not even root.
    audit(&scene(), &["json=/sys/report.json"])
        .ends(4)
        .complains("/sys/report.json: no file can be made in its folder");
}

#[test]
fn a_pipe_that_nobody_reads_is_refused() {
    let scene = scene();
    rustix::fs::mkfifoat(rustix::fs::CWD, scene.path("pipe"), rustix::fs::Mode::RWXU).unwrap();
    audit(&scene, &["json=pipe"])
        .ends(2)
        .complains("nobody reads");
    assert!(
        fs::metadata(scene.path("pipe"))
            .unwrap()
            .file_type()
            .is_fifo()
    );
}

#[test]
fn devices_pipes_and_standard_output_are_written_as_they_are() {
    let scene = scene();
    audit(&scene, &["json=/dev/null"]).ends(0);
    let substituted = shell(
        &scene,
        "\"$0\" audit -q -o json=>(cat > got.json); e=$?; wait; until test -s got.json; do sleep 0.05; done; exit $e",
    );
    assert_eq!(substituted.status.code(), Some(0));
    let named = shell(
        &scene,
        "mkfifo pipe; cat pipe > piped.json & \"$0\" audit -q -o json=pipe; e=$?; wait; exit $e",
    );
    assert_eq!(named.status.code(), Some(0), "{named:?}");
    let printed = shell(&scene, "\"$0\" audit -q -o json=/dev/stdout");
    // What the shell printed before stays.
    shell(
        &scene,
        "{ echo before; \"$0\" audit -q -o json=/dev/stdout; } > into.txt",
    );
    let into = fs::read_to_string(scene.path("into.txt")).unwrap();
    let after = into.strip_prefix("before\n").unwrap();
    let texts = [
        fs::read(scene.path("got.json")).unwrap(),
        fs::read(scene.path("piped.json")).unwrap(),
        printed.stdout,
        after.as_bytes().to_vec(),
    ];
    for text in texts {
        let report: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(report["summary"]["exit_code"], 0);
    }
}

#[test]
fn a_pipe_is_told_of_the_report_that_failed_beside_it() {
    let scene = scene();
    // The device and the file come later on the command line, and would be told of too late.
    let ran = shell(
        &scene,
        "\"$0\" audit -f json -o json=>(cat > got.json) -o table=/dev/full; e=$?; wait; until test -s got.json; do sleep 0.05; done; exit $e",
    );
    assert_eq!(ran.status.code(), Some(4));
    for text in [fs::read(scene.path("got.json")).unwrap(), ran.stdout] {
        let report: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(report["summary"]["exit_code"], 4);
    }
    let ran = shell(
        &scene,
        "\"$0\" audit -f json -o json=out/a.json -o json=>(cat > other.json) > /dev/full; e=$?; wait; until test -s other.json; do sleep 0.05; done; exit $e",
    );
    assert_eq!(ran.status.code(), Some(4));
    for name in ["out/a.json", "other.json"] {
        let report: Value = serde_json::from_slice(&fs::read(scene.path(name)).unwrap()).unwrap();
        assert_eq!(report["summary"]["exit_code"], 4, "{name}");
    }
}

#[test]
fn what_a_killed_writer_left_stops_nobody() {
    let scene = scene();
    // In a container every run has the number 1.
    for name in [".old.json.1.part", ".old.json.00ff00ff00ff00ff.part"] {
        fs::write(scene.path("out").join(name), "half a report").unwrap();
    }
    audit(&scene, &["json=out/old.json"]).ends(0);
    let left: Vec<_> = fs::read_dir(scene.path("out")).unwrap().flatten().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn an_included_pipe_is_refused_and_not_waited_for() {
    let scene = scene();
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        scene.path("more/pipe.yaml"),
        rustix::fs::Mode::RWXU,
    )
    .unwrap();
    scene
        .run(["config", "check"])
        .ends(2)
        .complains("it is no regular file");
    // What is named on the command line may be one: somebody is there who fills it.
    let ran = shell(
        &scene,
        "rm more/pipe.yaml; \"$0\" config check -c <(sed 's,more/,'$PWD'/more/,' targets.yaml)",
    );
    assert_eq!(ran.status.code(), Some(0), "{ran:?}");
}
