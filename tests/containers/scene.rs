//! What the program says of containers.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::engine::Engine;

/// Keys in the shape of AllStak's.
pub const CURRENT: &str = "ask_live_Zx81QmTn04LrVbWc6YhKsUe2DpJgAoFi";
pub const OLD: &str = "ask_live_n3WqLt57RkXe0HvBsYzCmJ2uAdGfPo9I";

/// A folder with a project's keys in it, which everybody may read.
pub struct Scene {
    folder: tempfile::TempDir,
    /// The settings of the store, without the braces.
    pub store: String,
}

impl Scene {
    /// Asks this engine at its socket.
    pub fn of(engine: &Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        let scene = Self {
            folder,
            store: format!("host: '{}'", engine.host()),
        };
        scene.write("checkout.key", CURRENT);
        scene.write("old.key", OLD);
        scene
    }

    /// Writes a file, and says where it is.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        path
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A copy of the program that other users may start too.
    pub fn program(&self) -> PathBuf {
        let program = self.path("straggler");
        fs::copy(env!("CARGO_BIN_EXE_straggler"), &program).unwrap();
        program
    }

    /// What it says from somewhere else than the engine's machine: the numbers of processes are
    /// others there.
    pub fn elsewhere(&self, hops: &[&str]) -> Vec<Value> {
        self.audit(Command::new(env!("CARGO_BIN_EXE_straggler")), hops)
    }

    /// What it says on the engine's own machine.
    pub fn on_the_machine(&self, engine: &Engine, hops: &[&str]) -> Vec<Value> {
        self.audit(engine.beside(env!("CARGO_BIN_EXE_straggler")), hops)
    }

    /// What this command, which starts the program, says of each of these settings of hops.
    pub fn audit(&self, mut command: Command, hops: &[&str]) -> Vec<Value> {
        let store = &self.store;
        let mut targets = format!(
            "\
version: 1
projects:
  checkout:
    variable: ALLSTAK_API_KEY
    current: {{ file: {{ path: checkout.key }} }}
    previous: [ {{ file: {{ path: old.key }} }} ]
stores:
  engine: {{ docker: {{ {store} }} }}
deployments:
"
        );
        for (index, hop) in hops.iter().enumerate() {
            let hop = hop.replace("docker: { ", "docker: { store: engine, ");
            targets += &format!("  - {{ name: d{index}, project: checkout, route: [ {hop} ] }}\n");
        }
        self.write("targets.yaml", &targets);
        let output = command
            .args(["audit", "-vvv", "--retries", "0", "--format", "json"])
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        let [report, errors] =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        for text in [&report, &errors] {
            for secret in [CURRENT, OLD] {
                assert!(!text.contains(secret), "{text}");
            }
        }
        let report: Value = serde_json::from_str(&report).unwrap_or_else(|_| panic!("{errors}"));
        let deployments = report["deployments"].as_array().unwrap();
        let hops = deployments.iter().map(|found| found["hops"][0].clone());
        hops.collect()
    }
}

/// Fails unless the hop has this verdict and evidence, and says this.
#[track_caller]
pub fn says(hop: &Value, verdict: &str, evidence: &str, words: &str) {
    assert_eq!(hop["verdict"], verdict, "{hop:#}");
    assert_eq!(hop["evidence"], evidence, "{hop:#}");
    assert!(hop.to_string().contains(words), "no {words:?} in {hop:#}");
}

/// Sets when a file was last written, as GNU date says it.
pub fn touch(path: &Path, date: &str) {
    let status = Command::new("touch")
        .args(["--date", date])
        .arg(path)
        .status();
    assert!(status.unwrap().success());
}
