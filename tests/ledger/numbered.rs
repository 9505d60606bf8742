//! Faults by number: of all calls of the program that change a file, the first one fails, then the second one, and
//! so on until nothing fails anymore. A small library that the program is started with does that.
//!
//! A run looks at a sample of them, a different one for each way to fail; with `STRAGGLER_EVERY_FAULT=1` it looks
//! at all.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use straggler::ledger::{Ledger, Place};
use tempfile::TempDir;

use super::scene::Scene;

/// How calls fail: once, as on a disk that is full from then on, by a kill before it, and by a kill when half of it
/// is done.
const HOWS: [&str; 4] = ["once", "full", "kill", "torn"];

/// Of so many calls one fails, in a sample.
const SAMPLE: usize = 12;

/// What was there before, and what is to be seen.
struct Case {
    name: &'static str,
    /// The keys that `web` held in the audits before, and holds now.
    holds: &'static [&'static str],
    code: i32,
    /// What is then known of `web`.
    past: &'static [&'static str],
}

const CASES: [Case; 3] = [
    Case {
        name: "the first audit",
        holds: &["one"],
        code: 0,
        past: &["current"],
    },
    Case {
        name: "one that finds drift",
        holds: &["one", "odd"],
        code: 1,
        past: &["current", "unknown"],
    },
    Case {
        name: "one that finds it mended",
        holds: &["one", "odd", "one"],
        code: 0,
        past: &["current", "unknown", "current"],
    },
];

fn library(tools: &TempDir) -> PathBuf {
    let library = tools.path().join("faulty.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ledger/faulty.c");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .args([source, "-lpthread"])
        .status();
    assert!(built.unwrap().success(), "cc builds {source}");
    library
}

/// As `straggler audit --changed-only | head` may do, with standard error in the pipe or not.
#[test]
fn whoever_reads_goes_away_at_any_moment_and_no_audit_is_lost() {
    let tools = tempfile::tempdir().unwrap();
    let library = library(&tools);
    let fired = tools.path().join("fired");
    let stage = Stage::new(&CASES[2]);
    let mut audits = stage.kept("before");
    for at in 1.. {
        let _ = fs::remove_file(&fired);
        // Each of them has something to tell.
        let scene = Scene::new(stage.folder.path());
        scene.hold("web.env", if at % 2 == 0 { "one" } else { "odd" });
        let faults = [
            ("LD_PRELOAD", library.to_str().unwrap()),
            ("FAULT_AT", &at.to_string()),
            ("FAULT_HOW", "gone"),
            ("FAULT_FIRED", fired.to_str().unwrap()),
        ];
        let ran = stage.straggler(&["audit", "--changed-only", "-v"], &faults);
        let what = format!("write {at}: {ran:?}");
        assert_eq!(ran.status.code(), Some(at % 2), "{what}");
        audits += 1;
        assert_eq!(stage.kept(&what), audits, "{what}");
        if !fired.exists() {
            assert!(at > 4, "{what}");
            break;
        }
    }
}

/// The same with a real pipe that is closed before the first byte, time after time.
#[test]
fn audits_that_nobody_reads_are_all_kept() {
    let stage = Stage::new(&CASES[0]);
    for turn in 1..=8 {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let status = stage
            .command(&["audit", "--changed-only"], &[])
            .stderr(writer.try_clone().unwrap())
            .stdout(writer)
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(0), "{turn}");
        assert_eq!(stage.kept("nobody reads"), turn);
    }
}

#[test]
fn whichever_call_fails_nothing_is_lost_and_nothing_corrupt() {
    let tools = tempfile::tempdir().unwrap();
    let library = library(&tools);
    let every = std::env::var_os("STRAGGLER_EVERY_FAULT").is_some();
    let step = if every { 1 } else { SAMPLE };
    std::thread::scope(|scope| {
        for case in &CASES {
            let library = &library;
            scope.spawn(move || {
                let stage = Stage::new(case);
                for (offset, how) in (0..).step_by(SAMPLE / HOWS.len()).zip(HOWS) {
                    let first = if every { 1 } else { 1 + offset };
                    let failed = (first..)
                        .step_by(step)
                        .take_while(|at| stage.fails(library, *at, how));
                    let failed = failed.count();
                    assert!(failed * step > 20, "{}: {failed} calls failed", case.name);
                }
            });
        }
    });
}

/// A folder that is as it was before each time.
struct Stage<'a> {
    case: &'a Case,
    folder: TempDir,
    runtime: tokio::runtime::Runtime,
}

impl<'a> Stage<'a> {
    fn new(case: &'a Case) -> Self {
        let stage = Self {
            case,
            folder: tempfile::tempdir().unwrap(),
            runtime: tokio::runtime::Runtime::new().unwrap(),
        };
        let scene = Scene::new(stage.folder.path());
        for (turn, key) in case.holds.iter().enumerate() {
            scene.hold("web.env", key);
            if turn + 1 < case.holds.len() {
                stage.audit(&[]);
            }
        }
        copy(&stage.work(), &stage.folder.path().join("before"));
        stage
    }

    /// Where the program is at work; always the same, for the ledger knows the places by it.
    fn work(&self) -> PathBuf {
        self.folder.path().join("scene")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.work().join(name)
    }

    fn audit(&self, faults: &[(&str, &str)]) -> Output {
        let outputs = ["-o", "table=report.txt", "-o", "json=report.json"];
        self.straggler(&[&["audit", "--quiet"], &outputs[..]].concat(), faults)
    }

    fn straggler(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        self.command(arguments, variables).output().unwrap()
    }

    fn command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_straggler"));
        command
            .args(arguments)
            .args(["--ledger", "kept.db"])
            .current_dir(self.work())
            .env_clear()
            .envs(variables.iter().copied());
        command
    }

    /// Lets this call fail and looks at what is left; whether there was such a call.
    fn fails(&self, library: &Path, at: usize, how: &str) -> bool {
        fs::remove_dir_all(self.work()).unwrap();
        copy(&self.folder.path().join("before"), &self.work());
        let before = self.reports();
        let fired = self.folder.path().join("fired");
        let _ = fs::remove_file(&fired);
        let ran = self.audit(&[
            ("LD_PRELOAD", library.to_str().unwrap()),
            ("FAULT_AT", &at.to_string()),
            ("FAULT_HOW", how),
            ("FAULT_FIRED", fired.to_str().unwrap()),
        ]);
        let said = String::from_utf8_lossy(&ran.stderr);
        let what = format!(
            "{}, call {at} fails ({how}): {}: {said}",
            self.case.name, ran.status
        );
        let is_killed = ran.status.signal().is_some();
        assert!(
            is_killed
                || ran
                    .status
                    .code()
                    .is_some_and(|code| code == self.case.code || code == 4),
            "{what}"
        );
        let is_well = !is_killed && ran.status.code() != Some(4) && said.is_empty();

        let before_it = self.case.holds.len() - 1;
        let kept = self.kept(&what);
        assert!(
            kept == before_it || kept == before_it + 1,
            "{kept} audits: {what}"
        );
        assert!(
            !is_well || kept == before_it + 1,
            "the audit is lost: {what}"
        );
        let reports = self.reports();
        for (before, now) in before.iter().zip(&reports) {
            let is_new = now != before;
            assert!(!is_well || is_new, "a report is lost: {what}");
            // Of a report that could not be put in its place those know nothing which were before.
            let code = ran
                .status
                .code()
                .filter(|_| !said.contains("was not written"));
            if is_new {
                whole(now.as_deref().unwrap_or_default(), code, &what);
            }
        }

        // All is well again.
        let ran = self.audit(&[]);
        let again = format!(
            "{}{} after {what}",
            ran.status,
            String::from_utf8_lossy(&ran.stderr)
        );
        assert_eq!(ran.status.code(), Some(self.case.code), "{again}");
        assert_eq!(String::from_utf8_lossy(&ran.stderr), "", "{again}");
        assert_eq!(self.kept(&again), kept + 1, "{again}");
        assert_eq!(self.past(), self.case.past, "{again}");
        for beside in ["kept.db-wal", "kept.db-shm"] {
            assert!(!self.path(beside).exists(), "{beside}: {again}");
        }
        for report in self.reports() {
            whole(&report.unwrap(), Some(self.case.code), &again);
        }
        fired.exists()
    }

    /// What the table and the JSON report say; `None` where there is none.
    fn reports(&self) -> [Option<String>; 2] {
        ["report.txt", "report.json"].map(|name| fs::read_to_string(self.path(name)).ok())
    }

    fn open(&self) -> Option<Ledger> {
        let place = Place::File(self.path("kept.db"));
        self.runtime
            .block_on(Ledger::open_existing(&place))
            .unwrap()
    }

    /// How many audits are in a ledger that is sound.
    fn kept(&self, what: &str) -> usize {
        let Some(ledger) = self.open() else {
            return 0;
        };
        let checked = self.runtime.block_on(ledger.check());
        checked.unwrap_or_else(|error| panic!("{error}: {what}"));
        self.runtime
            .block_on(ledger.audits(u32::MAX))
            .unwrap()
            .len()
    }

    fn past(&self) -> Vec<&'static str> {
        let ledger = self.open().unwrap();
        let past = self.runtime.block_on(ledger.past("web", None)).unwrap();
        past.iter().map(|span| span.verdict.name()).collect()
    }
}

/// Checks that a report is whole, and tells the code that straggler ended with, where it did.
fn whole(report: &str, code: Option<i32>, what: &str) {
    if let Ok(report) = serde_json::from_str::<Value>(report) {
        assert_eq!(
            report["deployments"].as_array().map(Vec::len),
            Some(2),
            "{what}"
        );
        let told = &report["summary"]["exit_code"];
        assert!(
            code.is_none_or(|code| *told == code),
            "{told} in the report: {what}"
        );
        return;
    }
    let exit = report.lines().find(|line| line.starts_with("exit "));
    let exit = exit.unwrap_or_else(|| panic!("half a report: {report}: {what}"));
    let told = code.map(|code| format!("exit {code}:"));
    assert!(
        told.is_none_or(|told| exit.starts_with(&told)),
        "{exit} in the report: {what}"
    );
}

/// Copies the files of a folder.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
