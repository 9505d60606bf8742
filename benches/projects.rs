//! What many projects cost whose keys all were rotated: 1,000 of them, each with a variable of its own, and
//! 10,000 deployments, audited with the ledger that knows the keys before and without it.
//!
//! Run it with `cargo bench --bench projects`. It prints the table of docs/performance.md.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::{Failable, Times, elapsed, mebibytes, median};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
const STRAGGLER: &str = env!("CARGO_BIN_EXE_straggler");
const ROUNDS: usize = 5;
const PROJECTS: usize = 1_000;
const DEPLOYMENTS: usize = 10_000;
/// One in so many deployments still holds the key before, and one in so many a damaged one.
const BEHIND_EVERY: usize = 5;
const DAMAGED_EVERY: usize = 10;

fn main() -> Failable<()> {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    println!("Load {load} before it began. Medians, with the best in brackets.\n");
    println!("| what | figure | ratio | aim |");
    println!("|---|---|---|---|");
    for (what, format) in [
        ("with a format", Some("^ask_live_[a-z]{32}$")),
        ("without one", None),
    ] {
        let ground = Ground::new(format)?;
        // Memory first: what a child starts from counts into its peak, and this process grows later.
        let peaks = [Memory::None, Memory::Ledger].map(|memory| {
            let peaks = (0..3)
                .map(|_| ground.peak(memory))
                .collect::<Failable<_>>()?;
            Ok::<u64, Box<dyn std::error::Error>>(median(peaks))
        });
        let [without, with] = peaks;
        let (without, with) = (without?, with?);
        let (mut forgetful, mut whole) = (Times::default(), Times::default());
        for _ in 0..ROUNDS {
            // By turns, so that a busy machine slows both.
            forgetful.add(elapsed(&mut ground.audit(Memory::None)?, 1)?);
            whole.add(elapsed(&mut ground.audit(Memory::Ledger)?, 1)?);
        }
        forgetful.row(
            &format!("1,000 rotated projects {what}, 10,000 env files, `--no-ledger`"),
            &forgetful,
            "",
        );
        whole.row("— with the ledger", &forgetful, "3");
        println!(
            "| — peak memory, without and with it | {:.1} and {:.1} MiB | {:.2} | 1.5 |",
            mebibytes(without),
            mebibytes(with),
            with as f64 / without as f64
        );
    }
    Ok(())
}

/// Whether an audit remembers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Memory {
    None,
    Ledger,
}

/// A folder with targets.yaml and all that it names, and a ledger that saw every key before the last.
struct Ground {
    folder: TempDir,
}

impl Ground {
    fn new(format: Option<&str>) -> Failable<Self> {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let ground = Self { folder };
        let here = ground.here();
        for name in ["references", "envs"] {
            fs::create_dir(here.join(name))?;
        }
        ground.references(0)?;
        for deployment in 0..DEPLOYMENTS {
            let name = here.join(format!("envs/{}.env", name(deployment)));
            fs::write(name, env_file(deployment))?;
        }
        fs::write(here.join("targets.yaml"), yaml(format, None)?)?;
        ground.run(&ground.ledger(), 1)?;
        ground.references(1)?;
        let rotated = Timestamp::now() + SignedDuration::from_secs(1);
        fs::write(here.join("targets.yaml"), yaml(format, Some(rotated))?)?;
        std::thread::sleep(std::time::Duration::from_secs(2));
        Ok(ground)
    }

    fn here(&self) -> &Path {
        self.folder.path()
    }

    fn ledger(&self) -> PathBuf {
        self.here().join("ledger.sqlite")
    }

    fn references(&self, turn: usize) -> Failable<()> {
        for project in 0..PROJECTS {
            let path = self.here().join(format!("references/p{project}"));
            fs::write(path, key(project, turn))?;
        }
        Ok(())
    }

    fn run(&self, ledger: &Path, code: i32) -> Failable<()> {
        elapsed(&mut self.command(Some(ledger)), code).map(|_| ())
    }

    fn command(&self, ledger: Option<&Path>) -> Command {
        let mut command = Command::new(STRAGGLER);
        command
            .current_dir(self.here())
            .args(["audit", "--quiet", "--output", "json=report.json"])
            .args(["--config", "targets.yaml"])
            .stderr(Stdio::null());
        match ledger {
            Some(ledger) => command.arg("--ledger").arg(ledger),
            None => command.arg("--no-ledger"),
        };
        command
    }

    /// An audit after the rotation; each with a ledger that knows only what was before.
    fn audit(&self, memory: Memory) -> Failable<Command> {
        if memory == Memory::None {
            return Ok(self.command(None));
        }
        let copy = self.here().join("copy.sqlite");
        for end in ["", "-wal", "-shm"] {
            let [from, to] = [self.ledger(), copy.clone()].map(|path| {
                let mut path = path.into_os_string();
                path.push(end);
                PathBuf::from(path)
            });
            if from.exists() {
                fs::copy(from, &to)?;
                // Else the audit would wait until the disk has the copy.
                fs::File::open(to)?.sync_all()?;
            } else if to.exists() {
                fs::remove_file(to)?;
            }
        }
        Ok(self.command(Some(&copy)))
    }

    /// Peak memory in bytes.
    fn peak(&self, memory: Memory) -> Failable<u64> {
        Ok(common::peak(self.audit(memory)?.stdout(Stdio::null()), 1)?.1)
    }
}

fn name(deployment: usize) -> String {
    format!("service-{deployment:06}")
}

/// Looks like what is given out; every project and every turn has another.
fn key(project: usize, turn: usize) -> String {
    let mut key = String::from("ask_live_");
    let mut state = (2 * project + turn) as u64 + 1;
    for _ in 0..32 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        key.push(char::from(b'a' + (state >> 33) as u8 % 26));
    }
    key
}

/// A small service's file, after the rotation.
fn env_file(deployment: usize) -> String {
    let project = deployment % PROJECTS;
    let turn = usize::from(deployment % BEHIND_EVERY != deployment / PROJECTS % BEHIND_EVERY);
    let key = key(project, turn);
    let damaged = deployment % DAMAGED_EVERY == deployment / PROJECTS;
    let line = match (damaged, deployment % 4) {
        (false, _) => format!("KEY_{project}={key}"),
        (true, 0) => format!("KEY_{project}=\"'{key}'\""),
        (true, 1) => format!("KEY_{project}=KEY_{project}={key}"),
        (true, 2) => format!("KEY_{project}=https://{key}@host/1"),
        (true, _) => format!("KEY_{project}={}", &key[..30]),
    };
    format!("NODE_ENV=production\nPORT=8080\n{line}\nLOG_LEVEL=info\n")
}

fn yaml(format: Option<&str>, rotated: Option<Timestamp>) -> Failable<String> {
    let mut yaml = String::from("version: 1\nprojects:\n");
    for project in 0..PROJECTS {
        write!(yaml, "  p{project}: {{ variable: KEY_{project}, ")?;
        if let Some(format) = format {
            write!(yaml, "format: '{format}', ")?;
        }
        if let Some(rotated) = rotated {
            write!(yaml, "rotated_at: {rotated:.0}, ")?;
        }
        writeln!(
            yaml,
            "current: {{ file: {{ path: references/p{project} }} }} }}"
        )?;
    }
    yaml.push_str("routes:\n  host:\n    - dotenv: { path: 'envs/${name}.env' }\n");
    yaml.push_str("defaults: { environment: production, owner: platform, route: host }\n");
    yaml.push_str("deployments:\n");
    for deployment in 0..DEPLOYMENTS {
        let (name, project) = (name(deployment), deployment % PROJECTS);
        writeln!(yaml, "  - {{ name: {name}, project: p{project} }}")?;
    }
    Ok(yaml)
}
