//! A folder with a project's keys in it, and what runs beside.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;

/// Keys in the shape of AllStak's.
pub const NEW: &str = "ask_live_Zx81QmTn04LrVbWc6YhKsUe2DpJgAoFi";
pub const OLD: &str = "ask_live_n3WqLt57RkXe0HvBsYzCmJ2uAdGfPo9I";
pub const VARIABLE: &str = "ALLSTAK_API_KEY";

const PATIENCE: Duration = Duration::from_secs(120);

pub struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let scene = Self { folder };
        scene.write("new.key", NEW);
        scene.write("old.key", OLD);
        scene
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder's own name, which no other test has in its command lines.
    pub fn mark(&self) -> &str {
        self.folder.path().file_name().unwrap().to_str().unwrap()
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// Writes a targets.yaml with these settings of one hop.
    pub fn declare(&self, hop: &str) -> PathBuf {
        self.write(
            "targets.yaml",
            &format!(
                "\
version: 1
projects:
  checkout:
    variable: {VARIABLE}
    current: {{ file: {{ path: new.key }} }}
    previous: [ {{ file: {{ path: old.key }} }} ]
deployments:
  - {{ name: web, project: checkout, route: [ {hop} ] }}
"
            ),
        )
    }

    /// What straggler says of one hop, and how it ends.
    pub fn audit(&self, hop: &str) -> (Value, i32) {
        self.declare(hop);
        let mut command = Command::new(env!("CARGO_BIN_EXE_straggler"));
        command.env_remove(VARIABLE);
        self.said_by(&mut command)
    }

    /// The same, by a command that starts the program.
    pub fn said_by(&self, command: &mut Command) -> (Value, i32) {
        let output = command
            .args(["audit", "--format", "json"])
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        let [report, errors] =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        for text in [&report, &errors] {
            for secret in [NEW, OLD] {
                assert!(!text.contains(secret), "{text}");
            }
        }
        let report: Value = serde_json::from_str(&report).unwrap_or_else(|_| panic!("{errors}"));
        let hop = report["deployments"][0]["hops"][0].clone();
        (hop, output.status.code().unwrap())
    }

    /// Starts a command with this key in its environment, which ends with what it starts.
    pub fn start(&self, command: &mut Command, key: &str) -> Running {
        let log = fs::File::create(self.path("log")).unwrap();
        let child = command
            .env(VARIABLE, key)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .process_group(0)
            .spawn();
        Running(child.unwrap())
    }

    /// Waits until a program has written what it has, and gives it.
    #[track_caller]
    pub fn written(&self, name: &str) -> String {
        let path = self.path(name);
        until(
            || fs::read_to_string(&path).is_ok_and(|text| !text.is_empty()),
            || fs::read_to_string(self.path("log")).unwrap_or_default(),
        );
        fs::read_to_string(path).unwrap().trim().to_owned()
    }
}

/// A process group that ends when this is dropped.
pub struct Running(pub Child);

impl Running {
    pub fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let group = Pid::from_raw(i32::try_from(self.0.id()).unwrap()).unwrap();
        let _gone = kill_process_group(group, Signal::KILL);
        self.0.wait().unwrap();
    }
}

#[track_caller]
pub fn until(is_so: impl Fn() -> bool, otherwise: impl Fn() -> String) {
    let patience = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(
            Instant::now() < patience,
            "it takes too long: {}",
            otherwise()
        );
        sleep(Duration::from_millis(50));
    }
}

/// What tests/setup/running installed.
pub fn tool(path: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("target/test-tools/running").join(path);
    assert!(path.exists(), "run tests/setup/running");
    path
}

/// Fails unless a hop has this verdict and evidence, and straggler ends so.
#[track_caller]
pub fn says((hop, code): &(Value, i32), verdict: &str, evidence: &str, ends: i32) {
    assert_eq!(hop["verdict"], verdict, "{hop:#}");
    assert_eq!(hop["evidence"], evidence, "{hop:#}");
    assert_eq!(*code, ends, "{hop:#}");
}
