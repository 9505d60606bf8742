//! What straggler says when it may not read something, as a user who really may not, and that the
//! permission it then asks for is enough.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test ends where its world breaks")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

const KEY: &str = "ask_live_Zx81QmTn04LrVbWc6YhKsUe2DpJgAoFi";
const NOBODY: [&str; 3] = ["--reuid=65534", "--regid=65534", "--clear-groups"];

#[test]
#[ignore = "needs root to become another user"]
fn a_file_of_another_user_is_out_of_sight() {
    let scene = Scene::new();
    scene.write("own.key", KEY, 0o600);
    let hop = scene.audit(&[], "file: { path: own.key }", 3);
    assert_unreachable(&hop);
    says(&hop, "denied");
    says(&hop, "own.key");
    says(&hop, "nobody");
    advises(&hop, "read");
}

#[test]
#[ignore = "needs root to become another user"]
fn so_is_an_env_file() {
    let scene = Scene::new();
    scene.write(".env", &format!("ALLSTAK_API_KEY={KEY}\n"), 0o600);
    let hop = scene.audit(&[], "dotenv: { path: .env }", 3);
    assert_unreachable(&hop);
    says(&hop, "denied");
}

#[test]
#[ignore = "needs root to become another user"]
fn and_a_file_in_a_directory_that_may_not_be_entered_even_where_there_is_none() {
    let scene = Scene::new();
    let inner = scene.folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    fs::set_permissions(&inner, Permissions::from_mode(0o700)).unwrap();
    for path in ["inner/none.key", "inner/*.key"] {
        let hop = scene.audit(&[], &format!("file: {{ path: '{path}' }}"), 3);
        assert_unreachable(&hop);
        says(&hop, "denied");
    }
}

#[test]
#[ignore = "needs root to become another user"]
fn a_process_of_another_user_needs_the_capabilities_that_are_named() {
    let scene = Scene::new();
    let process = Process::start(&[]);
    let hop = scene.audit(&[], &process.hop(), 3);
    assert_unreachable(&hop);
    says(&hop, "denied");
    says(
        &hop,
        &format!("process {} belongs to user root", process.0.id()),
    );
    advises(&hop, "CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH");

    let one = ["--inh-caps=+sys_ptrace", "--ambient-caps=+sys_ptrace"];
    assert_unreachable(&scene.audit(&one, &process.hop(), 3));
    let both = [
        "--inh-caps=+sys_ptrace,+dac_read_search",
        "--ambient-caps=+sys_ptrace,+dac_read_search",
    ];
    let hop = scene.audit(&both, &process.hop(), 0);
    assert_eq!(hop["verdict"], "current");
}

#[test]
#[ignore = "needs root to become another user"]
fn a_process_of_its_own_user_needs_nothing_more() {
    let scene = Scene::new();
    let process = Process::start(&NOBODY);
    let hop = scene.audit(&[], &process.hop(), 0);
    assert_eq!(hop["verdict"], "current");
}

#[track_caller]
fn assert_unreachable(hop: &Value) {
    assert_eq!(hop["verdict"], "unreachable", "{hop:#}");
    assert_eq!(hop["evidence"], "none");
    assert_eq!(hop["fingerprint"], Value::Null);
}

#[track_caller]
fn says(hop: &Value, words: &str) {
    let message = hop["message"].as_str().unwrap();
    assert!(message.contains(words), "{message}");
}

#[track_caller]
fn advises(hop: &Value, words: &str) {
    let remedy = hop["remedy"].as_str().unwrap();
    assert!(remedy.contains(words), "{remedy}");
}

/// A folder that everybody may read, with the program and a project's key in it.
struct Scene {
    folder: tempfile::TempDir,
    program: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        // The one that cargo built may lie where others may not go.
        let program = folder.path().join("straggler");
        fs::copy(env!("CARGO_BIN_EXE_straggler"), &program).unwrap();
        fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
        let scene = Self { folder, program };
        scene.write("checkout.key", KEY, 0o644);
        scene
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    /// Audits one hop as nobody, with these options of setpriv beside, and gives what came of it.
    fn audit(&self, options: &[&str], hop: &str, code: i32) -> Value {
        let targets = format!(
            "\
version: 1
projects:
  checkout:
    variable: ALLSTAK_API_KEY
    current: {{ file: {{ path: checkout.key }} }}
deployments:
  - name: web
    project: checkout
    route: [ {{ {hop} }} ]
"
        );
        self.write("targets.yaml", &targets, 0o644);
        let output = Command::new("setpriv")
            .args(NOBODY)
            .args(options)
            .arg(&self.program)
            .args(["audit", "--format", "json"])
            .current_dir(&self.folder)
            .output()
            .unwrap();
        let report = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{report}{errors}");
        let mut report: Value = serde_json::from_str(&report).unwrap();
        report["deployments"][0]["hops"][0].take()
    }
}

/// A process that holds the key, until it is dropped.
struct Process(Child);

impl Process {
    /// As root, or as these options of setpriv say.
    fn start(options: &[&str]) -> Self {
        let child = Command::new("setpriv")
            .args(options)
            .args(["sleep", "1000"])
            .env("ALLSTAK_API_KEY", KEY)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let process = Self(child);
        let name = format!("/proc/{}/comm", process.0.id());
        // Until then it is setpriv, and maybe still root's.
        while fs::read_to_string(&name).unwrap() != "sleep\n" {
            std::thread::yield_now();
        }
        process
    }

    fn hop(&self) -> String {
        format!("process: {{ pid: {} }}", self.0.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}
