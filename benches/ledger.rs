//! What remembering costs: whole audits of 10,000 env files with a ledger and without one; then 100 days of audits
//! of 10,000 hops with three rotations in them, how large their ledger is beside their reports, and how long it
//! takes to write and to ask.
//!
//! Run it with `cargo bench --bench ledger`. It prints the table of docs/performance.md.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod common;

use std::fmt::Write as _;
use std::fs;
use std::future::pending;
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use common::{Failable, Times, elapsed, mebibytes, peak, timed_ok};
use jiff::{SignedDuration, Timestamp};
use straggler::audit::{self, Audit, Options, Owner, Remembered};
use straggler::fetch::Quiet;
use straggler::ledger::{Conclusion, Ledger, LedgerError, Place};
use straggler::report::{FORMATS, Look, Shown};
use straggler::{gate, inventory, platform};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const STRAGGLER: &str = env!("CARGO_BIN_EXE_straggler");
const AUDITS: usize = 300;
const PROJECTS: usize = 10;
/// With two hops each.
const DEPLOYMENTS: usize = 5_000;
/// Three times a day.
const EVERY: SignedDuration = SignedDuration::from_hours(8);
/// Every project rotates its key before these audits.
const ROTATIONS: [usize; 3] = [30, 120, 210];
/// By so many audits everything has followed, as much in each.
const WAVES: usize = 10;
/// So many hops go wrong before each audit, one in five beyond reach, and are mended before the next.
const ACCIDENTS: usize = 10;
const ROUNDS: usize = 21;
const START: &str = "2026-01-01T01:00:00Z";

fn main() -> Failable<()> {
    // First: what a child starts from counts into its peak, and this process grows later.
    whole()?;
    let ground = Ground::of(DEPLOYMENTS, &[0, 1])?;
    let runtime = Runtime::new()?;
    let place = Place::File(ground.ledger());
    let ledger = runtime.block_on(Ledger::open(&place))?;
    let mut times = Steps::default();
    println!("Medians, with the best in brackets.\n");
    println!("| what | figure | ratio | aim |");
    println!("|---|---|---|---|");
    for turn in 0..AUDITS {
        ground.turn(turn)?;
        runtime.block_on(night(&ground, &ledger, turn, &mut times))?;
    }
    runtime.block_on(ledger.check())?;
    // Closed, it has all in one file.
    drop(ledger);
    let size = fs::metadata(ground.ledger())?.len();

    let ledger = runtime.block_on(Ledger::open(&place))?;
    runtime.block_on(again(&ground, &ledger, &mut times))?;
    times.print(size);
    ask(&runtime, &ledger, &times.audit)?;
    history(&ground, &times.audit)?;

    let keep = Duration::from_secs(30 * 24 * 60 * 60);
    let ((), took) = timed_ok(|| Ok(runtime.block_on(ledger.retain(keep, at(AUDITS)))?))?;
    println!(
        "| `retain`, of 100 days the last 30 | {:.1} ms |  |  |",
        took.as_secs_f64() * 1e3
    );
    Ok(())
}

/// Whole audits of the program, from start to end, with their most memory.
fn whole() -> Failable<()> {
    const FILES: usize = 10_000;
    const CHANGED: usize = 20;
    const ROUNDS: usize = 5;
    let ground = Ground::of(FILES, &[1])?;
    let mut hash = Times::default();
    let mut kinds: [(Times, u64); 4] = Default::default();
    let ledger = ground.ledger().display().to_string();
    for round in 0..ROUNDS {
        // By turns, so that a busy machine slows all.
        let mut command = Command::new("sha256sum");
        let envs = ground.folder.path().join("envs");
        let names = (0..FILES).map(|file| format!("{}.env", name(file)));
        command.current_dir(envs).args(names);
        hash.add(elapsed(&mut command, 0)?);
        let audit = |ledger: &[&str], code: i32| {
            let mut command = Command::new(STRAGGLER);
            command
                .args(["audit", "--quiet", "--config"])
                .arg(ground.targets())
                .arg("--output")
                .arg(format!(
                    "json={}",
                    ground.folder.path().join("report").display()
                ))
                .args(ledger);
            peak(&mut command, code)
        };
        let _ = fs::remove_file(ground.ledger());
        for (at, (times, most)) in kinds.iter_mut().enumerate() {
            let hit = (0..CHANGED).map(|hit| (hit * 431 + round) % FILES);
            if at == 3 {
                for file in hit.clone() {
                    ground.hold(file, 1, "undefined")?;
                }
            }
            let kept = ["--ledger", &*ledger];
            let ledger = if at == 0 { &["--no-ledger"][..] } else { &kept };
            let (took, memory) = audit(ledger, i32::from(at == 3))?;
            for file in hit {
                ground.hold(file, 1, &key(file % PROJECTS, 0))?;
            }
            times.add(took);
            *most = memory.max(*most);
        }
    }
    println!("| what | time | of `sha256sum` | of the audit without | peak memory |");
    println!("|---|---|---|---|---|");
    let [(bare, _), ..] = &kinds;
    let names = [
        "10,000 env files, `--no-ledger`",
        "— the first in its ledger",
        "— again, nothing changed",
        "— again, 20 hops changed",
    ];
    for ((times, most), name) in kinds.iter().zip(names) {
        println!(
            "| {name} | {:.0} ms | {:.2} | {:.2} | {:.1} MiB |",
            times.median() * 1e3,
            times.median() / hash.median(),
            times.median() / bare.median(),
            mebibytes(*most)
        );
    }
    println!();
    Ok(())
}

/// How long the steps of a night took.
#[derive(Default)]
struct Steps {
    audit: Times,
    recall: Times,
    first: Times,
    record: Times,
    unchanged: Times,
    rotated: Times,
    changes: Times,
    tell: Times,
    /// Bytes of JSON.
    reports: u64,
}

impl Steps {
    fn print(&self, size: u64) {
        let audit = &self.audit;
        audit.row("reading 10,000 files and judging them", audit, "");
        self.recall.row("`recall`", audit, "");
        self.first.row("`record`, the first", audit, "");
        self.unchanged
            .row("`record`, nothing changed", audit, "0.10");
        self.record.row("`record`, 20 hops changed", audit, "");
        let what = "`record`, after a rotation all changed";
        self.rotated.row(what, audit, "");
        self.changes.row("`changes`", audit, "");
        self.tell.row("`tell`", audit, "");
        let (reports, audits) = (self.reports, AUDITS as u64);
        println!(
            "| the JSON reports of {AUDITS} audits | {:.1} MiB, {} B each | 1.00 |  |",
            mebibytes(reports),
            reports / audits
        );
        println!(
            "| the ledger of them | {:.1} MiB, {} B each | {:.4} |  |",
            mebibytes(size),
            size / audits,
            size as f64 / reports as f64
        );
    }
}

fn at(turn: usize) -> Timestamp {
    let start: Timestamp = START.parse().unwrap_or_default();
    start + EVERY * i32::try_from(turn).unwrap_or(0)
}

async fn night(ground: &Ground, ledger: &Ledger, turn: usize, times: &mut Steps) -> Failable<()> {
    let (remembered, took) = elapsed_in(ledger.recall()).await?;
    times.recall.add(took);
    let start = Instant::now();
    let mut audit = run(ground, &remembered).await?;
    times.audit.add(start.elapsed());
    (audit.started_at, audit.generated_at) = (at(turn), at(turn) + SignedDuration::from_secs(1));
    check(&audit, turn)?;
    times.reports += written(&audit)?;
    let conclusion = conclusion(&audit);
    let ((), took) = elapsed_in(ledger.record(&audit, &conclusion)).await?;
    if turn == 0 {
        times.first.add(took);
    } else if ROTATIONS.contains(&turn) {
        times.rotated.add(took);
        // As somebody does who rotated them: nothing else tells a rotation from a misread reference.
        for project in &audit.inventory.projects {
            ledger.confirm(&Owner::of(project), None, at(turn)).await?;
        }
    } else if since_rotation(turn) > WAVES + 1 {
        times.record.add(took);
    }
    let changes = ledger.changes(&audit, &conclusion, &["log"]);
    let (mut sets, took) = elapsed_in(changes).await?;
    times.changes.add(took);
    let set = sets.pop().ok_or("nobody is told")?;
    let nothing = std::collections::BTreeSet::new();
    let told = ledger.tell(set, &nothing, |_, _| true);
    times.tell.add(elapsed_in(told).await?.1);
    Ok(())
}

/// The same audit again and again, with nothing in between.
async fn again(ground: &Ground, ledger: &Ledger, times: &mut Steps) -> Failable<()> {
    let mut audit = run(ground, &ledger.recall().await?).await?;
    let conclusion = conclusion(&audit);
    for round in 0..=ROUNDS {
        let started_at = at(AUDITS + round);
        (audit.started_at, audit.generated_at) = (started_at, started_at);
        let ((), took) = elapsed_in(ledger.record(&audit, &conclusion)).await?;
        // Before the first of them hops may have changed.
        if round > 0 {
            times.unchanged.add(took);
        }
    }
    Ok(())
}

fn conclusion(audit: &Audit) -> Conclusion {
    let code = gate::exit_code(audit).code();
    Conclusion {
        exit_code: code,
        complete: code != 3,
        ..Conclusion::default()
    }
}

/// How long the audit's JSON report is.
fn written(audit: &Audit) -> Failable<u64> {
    let plain = Look {
        width: 80,
        colour: false,
    };
    let [_, json] = FORMATS;
    let mut counted = Counted(0);
    (json.make)(plain).write(Shown::all(audit), &mut counted)?;
    Ok(counted.0)
}

/// Keeps nothing but how much it was.
struct Counted(u64);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn elapsed_in<T>(
    work: impl Future<Output = Result<T, LedgerError>>,
) -> Failable<(T, Duration)> {
    let start = Instant::now();
    let result = work.await?;
    Ok((result, start.elapsed()))
}

async fn run(ground: &Ground, remembered: &Remembered) -> Failable<Audit> {
    let inventory = inventory::load(&ground.targets(), &|_| None)?;
    let all: Vec<u32> = (0..).take(inventory.deployments.len()).collect();
    let options = Options::default();
    let connections = platform::connections([]);
    let run = audit::run(
        inventory,
        &all,
        connections,
        remembered,
        &options,
        &Quiet,
        pending(),
    );
    Ok(run.await)
}

/// A year that went otherwise would cost otherwise.
fn check(audit: &Audit, turn: usize) -> Failable<()> {
    let wrong = audit.deployments.iter();
    let wrong = wrong.filter(|outcome| outcome.verdict.is_drift()).count();
    let followed = since_rotation(turn) > WAVES;
    if wrong <= ACCIDENTS && followed || wrong > ACCIDENTS && !followed {
        return Ok(());
    }
    Err(format!("{wrong} deployments drift in audit {turn}").into())
}

fn since_rotation(turn: usize) -> usize {
    let last = ROTATIONS.iter().rfind(|rotation| **rotation <= turn);
    last.map_or(usize::MAX, |last| turn - last)
}

/// Through the library.
fn ask(runtime: &Runtime, ledger: &Ledger, unit: &Times) -> Failable<()> {
    let (mut all, mut one, mut past) = (Times::default(), Times::default(), Times::default());
    for _ in 0..ROUNDS {
        let (rotations, took) = timed_ok(|| Ok(runtime.block_on(ledger.rotations(None))?))?;
        if rotations.len() != PROJECTS * (ROTATIONS.len() + 1) {
            return Err(format!("{} rotations", rotations.len()).into());
        }
        all.add(took);
        one.add(timed_ok(|| Ok(runtime.block_on(ledger.rotations(Some("p3")))?))?.1);
        let name = name(DEPLOYMENTS / 2);
        past.add(timed_ok(|| Ok(runtime.block_on(ledger.past(&name, None))?))?.1);
    }
    all.row("`rotations` of all ten projects", unit, "");
    one.row("`rotations` of one", unit, "");
    past.row("`past` of one deployment", unit, "");
    Ok(())
}

/// Through the program, from start to end.
fn history(ground: &Ground, unit: &Times) -> Failable<()> {
    let deployment = name(DEPLOYMENTS / 2);
    for (what, arguments) in [
        ("`straggler history`", &[][..]),
        ("`straggler history --project p3`", &["--project", "p3"]),
        (
            "`straggler history --deployment NAME`",
            &["--deployment", &deployment],
        ),
        ("`straggler history --audits`", &["--audits"]),
    ] {
        let mut times = Times::default();
        for _ in 0..ROUNDS {
            let mut command = Command::new(STRAGGLER);
            command.arg("history").args(arguments);
            command.arg("--ledger").arg(ground.ledger());
            command.arg("--config").arg(ground.targets());
            times.add(elapsed(&mut command, 0)?);
        }
        times.row(what, unit, "");
    }
    Ok(())
}

/// A folder with targets.yaml, all that it names, and the ledger.
struct Ground {
    folder: TempDir,
}

impl Ground {
    /// So many deployments, of whose routes these stages are there.
    fn of(deployments: usize, stages: &[usize]) -> Failable<Self> {
        let ground = Self {
            folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?,
        };
        for name in ["references", "keys", "envs"] {
            fs::create_dir(ground.folder.path().join(name))?;
        }
        let mut yaml = String::from("version: 1\nprojects:\n");
        for project in 0..PROJECTS {
            writeln!(
                yaml,
                "  p{project}: {{ variable: KEY, format: '^ask_live_[a-z]{{32}}$', current: {{ file: {{ path: references/p{project} }} }} }}"
            )?;
        }
        yaml.push_str("routes:\n  host:\n");
        for stage in stages {
            yaml.push_str(match stage {
                0 => "    - file: { path: 'keys/${name}' }\n",
                _ => "    - dotenv: { path: 'envs/${name}.env' }\n",
            });
        }
        yaml.push_str("defaults: { environment: production, route: host }\ndeployments:\n");
        for deployment in 0..deployments {
            let project = deployment % PROJECTS;
            writeln!(
                yaml,
                "  - {{ name: {}, project: p{project} }}",
                name(deployment)
            )?;
            for stage in stages {
                ground.hold(deployment, *stage, &key(project, 0))?;
            }
        }
        fs::write(ground.targets(), yaml)?;
        ground.refer(0)?;
        Ok(ground)
    }

    fn targets(&self) -> PathBuf {
        self.folder.path().join("targets.yaml")
    }

    fn ledger(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }

    fn refer(&self, rotation: usize) -> Failable<()> {
        for project in 0..PROJECTS {
            let path = self.folder.path().join(format!("references/p{project}"));
            fs::write(path, key(project, rotation))?;
        }
        Ok(())
    }

    fn hold(&self, deployment: usize, stage: usize, key: &str) -> Failable<()> {
        if stage == 0 {
            let path = format!("keys/{}", name(deployment));
            return Ok(fs::write(self.folder.path().join(path), key)?);
        }
        let path = self.envs(deployment);
        if path.is_dir() {
            fs::remove_dir(&path)?;
        }
        Ok(fs::write(path, format!("KEY={key}\n"))?)
    }

    /// What happens before this audit.
    fn turn(&self, turn: usize) -> Failable<()> {
        let rotation = ROTATIONS
            .iter()
            .filter(|rotation| **rotation <= turn)
            .count();
        let since = since_rotation(turn);
        if since == 0 {
            self.refer(rotation)?;
        }
        // The second hop of each follows its first one an audit later.
        for stage in 0..2 {
            let wave = since.wrapping_sub(1 + stage);
            if wave >= WAVES {
                continue;
            }
            for deployment in (wave..DEPLOYMENTS).step_by(WAVES) {
                self.hold(deployment, stage, &key(deployment % PROJECTS, rotation))?;
            }
        }
        if since <= WAVES + 1 {
            return Ok(());
        }
        let accident = |turn: usize, number: usize| (turn * 131 + number * 509) % DEPLOYMENTS;
        for number in 0..ACCIDENTS {
            if since_rotation(turn.wrapping_sub(1)) > WAVES + 1 && turn > 0 {
                let mended = accident(turn - 1, number);
                self.hold(mended, 1, &key(mended % PROJECTS, rotation))?;
            }
        }
        for number in 0..ACCIDENTS {
            let hit = accident(turn, number);
            if number % 5 == 0 {
                self.hide(hit)?;
            } else {
                self.hold(hit, 1, "undefined")?;
            }
        }
        Ok(())
    }

    /// Puts something in the place of the env file that cannot be read as one.
    fn hide(&self, deployment: usize) -> Failable<()> {
        let path = self.envs(deployment);
        fs::remove_file(&path)?;
        Ok(fs::create_dir(path)?)
    }

    fn envs(&self, deployment: usize) -> PathBuf {
        let name = name(deployment);
        self.folder.path().join(format!("envs/{name}.env"))
    }
}

fn name(deployment: usize) -> String {
    format!("service-{deployment:05}")
}

/// Looks like what is given out, and every project and rotation has another.
fn key(project: usize, rotation: usize) -> String {
    let mut key = String::from("ask_live_");
    let mut state = (project * 100 + rotation) as u64 + 1;
    for _ in 0..32 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        key.push(char::from(b'a' + (state >> 33) as u8 % 26));
    }
    key
}
