//! A folder with a targets.yaml, and what the program says of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::table::Hop;
use crate::values::{CURRENT, OLD, OTHER, PLAIN};

pub struct World {
    folder: tempfile::TempDir,
    /// The current key.
    pub key: &'static str,
    format: &'static str,
    /// What stands under `stores`.
    pub stores: String,
}

impl World {
    /// With a key of which everything has to be kept.
    pub fn new() -> Self {
        Self::of(CURRENT, "")
    }

    /// With a key of letters and digits, as its format says.
    pub fn plain() -> Self {
        Self::of(PLAIN, "format: '^ask_live_[A-Za-z0-9]{32}$'")
    }

    fn of(key: &'static str, format: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self {
            folder,
            key,
            format,
            stores: String::new(),
        };
        world.write("FILE", key);
        world.write("old.key", OLD);
        world.write("other.key", OTHER);
        world
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    pub fn targets(&self, hop: &str) -> String {
        let Self { stores, format, .. } = self;
        format!(
            "\
version: 1
projects:
  checkout:
    variable: ALLSTAK_API_KEY
    {format}
    current: {{ file: {{ path: FILE }} }}
    previous: [ {{ file: {{ path: old.key }} }} ]
  other:
    variable: ALLSTAK_API_KEY
    current: {{ file: {{ path: other.key }} }}
{stores}
deployments:
  - {{ name: web, project: checkout, route: [ {hop} ] }}
"
        )
    }

    /// What the program says of one hop.
    #[track_caller]
    pub fn audit(&self, hop: &str) -> Hop {
        self.audit_by(Command::new(env!("CARGO_BIN_EXE_straggler")), hop)
    }

    /// The same, started by this command.
    #[track_caller]
    pub fn audit_by(&self, mut command: Command, hop: &str) -> Hop {
        self.write("targets.yaml", self.targets(hop));
        let output = command
            .args(["audit", "--retries", "0", "--format", "json"])
            .current_dir(&self.folder)
            .output()
            .unwrap();
        read(&output)
    }

    /// Runs a command of a remedy, in a shell of this folder, where FILE holds the current key.
    #[track_caller]
    pub fn run(&self, command: &str, variables: &[(&str, &str)]) {
        run(self.folder.path(), command, variables);
    }
}

/// The first hop of a report.
#[track_caller]
pub fn read(output: &Output) -> Hop {
    let report = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    for text in [&report, &errors] {
        for secret in [CURRENT, PLAIN, OLD, OTHER] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    let mut report: Value = serde_json::from_str(&report).unwrap_or_else(|_| panic!("{errors}"));
    Hop(report["deployments"][0]["hops"][0].take())
}

#[track_caller]
pub fn run(folder: &Path, command: &str, variables: &[(&str, &str)]) {
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{command}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
