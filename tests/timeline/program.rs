//! The program, at a time that is given to it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::Timestamp;
use serde_json::Value;

/// What it ended with, and the document it printed.
pub struct Answer {
    pub code: i32,
    pub document: Value,
    pub told: String,
}

/// Runs it in a folder, with a ledger there.
pub fn run(folder: &Path, at: Timestamp, arguments: &[&str]) -> Answer {
    let other = env::var_os("TIMELINE_PROGRAM");
    let output = Command::new(other.unwrap_or_else(|| env!("CARGO_BIN_EXE_straggler").into()))
        .args(arguments)
        .arg("--ledger")
        .arg(folder.join("ledger.db"))
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("TZ", "UTC")
        .env("LD_PRELOAD", library())
        .env("FAKETIME", at.strftime("@%Y-%m-%d %H:%M:%S").to_string())
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    Answer {
        code: output.status.code().unwrap_or(-1),
        document: serde_json::from_str(&text).unwrap_or(Value::Null),
        told: format!("{text}{}", String::from_utf8_lossy(&output.stderr)),
    }
}

/// Where Debian's packages put the library, which differs by machine.
fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").unwrap();
    folders
        .map(|entry| entry.unwrap().path().join("faketime/libfaketime.so.1"))
        .find(|path| path.exists())
        .expect("libfaketime is installed: tests/setup/timeline does that")
}
