//! What an audit costs: time against `sha256sum` over the same files and `/bin/true`, and memory for
//! each deployment.
//!
//! Run it with `cargo bench --bench audit`. It prints the table of docs/performance.md.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod common;

use std::fmt::Write as _;
use std::fs;
use std::future::pending;
use std::hint::black_box;
use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use common::{Failable, Times, elapsed, mebibytes, median, peak, timed, timed_ok};
use straggler::audit::{self, Audit, Options};
use straggler::fetch::Quiet;
use straggler::inventory::{self, Inventory};
use straggler::platform;
use straggler::report::{FORMATS, Look, Report, Shown};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const STRAGGLER: &str = env!("CARGO_BIN_EXE_straggler");
const ROUNDS: usize = 7;
/// Starting takes milliseconds, so it needs more rounds to be told from noise.
const STARTS: usize = 51;
const PROJECTS: usize = 10;

fn main() -> Failable<()> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    println!("{cores} cores, load {load} before it began. Medians, with the best in brackets.\n");
    println!("| what | figure | ratio | aim |");
    println!("|---|---|---|---|");
    // Memory first: what a child starts from counts into its peak, and this process grows later.
    memory()?;
    files()?;
    start()
}

/// What is remembered of an audit, and how the bench calls it.
const LEDGERS: [(&str, &[&str]); 2] = [
    ("without a ledger", &["--no-ledger"]),
    ("the first in its ledger", &["--ledger", "ledger.db"]),
];

/// Peak memory at two sizes, and what lies between them for each deployment.
fn memory() -> Failable<()> {
    const SIZES: [usize; 2] = [10_000, 100_000];
    const LISTINGS: [(&str, Listing); 2] = [
        ("written one by one", Listing::Written),
        ("from a matrix", Listing::Matrix),
    ];
    let cases = LEDGERS
        .into_iter()
        .flat_map(|ledger| LISTINGS.map(|listing| (listing, ledger)));
    let cases: Vec<_> = cases.collect();
    let mut peaks = vec![[0; SIZES.len()]; cases.len()];
    for (at, size) in SIZES.into_iter().enumerate() {
        let ground = Ground::new(size, Hops::Two)?;
        for (peaks, ((_, listing), (_, ledger))) in peaks.iter_mut().zip(&cases) {
            ground.declare(*listing)?;
            let peak = |_| ground.peak(ledger);
            peaks[at] = median((0..3).map(peak).collect::<Failable<_>>()?);
        }
    }
    for ([small, large], ((how, _), (ledger, _))) in peaks.into_iter().zip(cases) {
        println!(
            "| memory from 10,000 to 100,000 two-hop deployments, {how}, {ledger} | {:.1} to {:.1} MiB | {} B each | 1,536 B |",
            mebibytes(small),
            mebibytes(large),
            (large - small) / (SIZES[1] - SIZES[0]) as u64
        );
    }
    Ok(())
}

/// 10,000 env files, against `sha256sum` over the same ones.
fn files() -> Failable<()> {
    const FILES: usize = 10_000;
    let ground = Ground::new(FILES, Hops::One)?;
    ground.declare(Listing::Written)?;
    let runtime = Runtime::new()?;
    let (mut hash, mut bare) = (Times::default(), Times::default());
    let (mut first, mut whole) = (Times::default(), Times::default());
    let (mut parse, mut read, mut write) = (Times::default(), Times::default(), Times::default());
    for _ in 0..ROUNDS {
        // By turns, so that a busy machine slows all.
        hash.add(ground.hash()?);
        bare.add(ground.audit(&["--no-ledger"])?);
        let ledger = ground.forget();
        let ledger = ["--ledger", &*ledger];
        first.add(ground.audit(&ledger)?);
        whole.add(ground.audit(&ledger)?);
        let (inventory, took) = timed(|| inventory::load(&ground.targets(), &|_| None));
        parse.add(took);
        let (audit, took) = timed_ok(|| Ok(runtime.block_on(run(inventory?))))?;
        read.add(took);
        check(&audit, FILES)?;
        write
            .add(timed_ok(|| Ok(json().write(black_box(Shown::all(&audit)), &mut io::sink())?))?.1);
    }
    hash.row("`sha256sum` of 10,000 env files", &hash, "");
    bare.row("`straggler audit -f json --no-ledger` of them", &hash, "");
    first.row(
        "`straggler audit -f json`, the first in its ledger",
        &hash,
        "",
    );
    let what = "`straggler audit -f json` again, nothing changed";
    whole.row(what, &hash, "2.5");
    parse.row("— reading targets.yaml, 10,000 deployments", &hash, "");
    read.row("— reading the files and judging", &hash, "2");
    write.row("— writing the JSON report", &hash, "");
    Ok(())
}

async fn run(inventory: Inventory) -> Audit {
    let all: Vec<u32> = (0..).take(inventory.deployments.len()).collect();
    let connections = platform::connections([]);
    let options = Options::default();
    audit::run(
        inventory,
        &all,
        connections,
        &audit::Remembered::default(),
        &options,
        &Quiet,
        pending(),
    )
    .await
}

/// A benchmark of something that went wrong would look fast.
fn check(audit: &Audit, files: usize) -> Failable<()> {
    let current = audit
        .deployments
        .iter()
        .filter(|deployment| deployment.verdict.name() == "current")
        .count();
    let sound = files - files.div_ceil(BAD_EVERY);
    if audit.deployments.len() == files && current == sound {
        return Ok(());
    }
    Err(format!("{current} of {files} are current instead of {sound}").into())
}

fn json() -> Box<dyn Report> {
    let plain = Look {
        width: 80,
        colour: false,
    };
    let [_, json] = FORMATS;
    (json.make)(plain)
}

/// Starting, against the smallest program there is.
fn start() -> Failable<()> {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/example/targets.yaml");
    let (mut least, mut version, mut audit) =
        (Times::default(), Times::default(), Times::default());
    for _ in 0..STARTS {
        least.add(elapsed(&mut Command::new("/bin/true"), 0)?);
        version.add(elapsed(Command::new(STRAGGLER).arg("--version"), 0)?);
        let mut command = Command::new(STRAGGLER);
        command.args(["audit", "--no-ledger", "--config"]);
        command.arg(&example);
        // Most of what the example audits is wrong.
        audit.add(elapsed(&mut command, 1)?);
    }
    least.row("`/bin/true`", &least, "");
    version.row("`straggler --version`", &least, "");
    audit.row("`straggler audit` of docs/example", &least, "");
    Ok(())
}

/// How a deployment is reached.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hops {
    /// An env file.
    One,
    /// A file with the key, and an env file.
    Two,
}

/// How deployments are declared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Listing {
    /// A line for each.
    Written,
    /// One matrix for each project.
    Matrix,
}

/// One in so many deployments is wrong.
const BAD_EVERY: usize = 20;

/// A folder with targets.yaml and all that it names.
struct Ground {
    folder: TempDir,
    deployments: usize,
    hops: Hops,
}

impl Ground {
    fn new(deployments: usize, hops: Hops) -> Failable<Self> {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let here = folder.path();
        for name in ["references", "envs", "keys"] {
            fs::create_dir(here.join(name))?;
        }
        for project in 0..PROJECTS {
            fs::write(here.join(format!("references/p{project}")), key(project))?;
        }
        for deployment in 0..deployments {
            let project = deployment % PROJECTS;
            let name = name(deployment);
            fs::write(
                here.join(format!("envs/{name}.env")),
                env_file(deployment, project),
            )?;
            if hops == Hops::Two {
                fs::write(here.join(format!("keys/{name}")), key(project))?;
            }
        }
        Ok(Self {
            folder,
            deployments,
            hops,
        })
    }

    /// Writes targets.yaml.
    fn declare(&self, listing: Listing) -> Failable<()> {
        let yaml = yaml(self.deployments, self.hops, listing)?;
        Ok(fs::write(self.targets(), yaml)?)
    }

    fn targets(&self) -> PathBuf {
        self.folder.path().join("targets.yaml")
    }

    /// One process for all files; their names are short enough for one command line.
    fn hash(&self) -> Failable<Duration> {
        let mut command = Command::new("sha256sum");
        command
            .current_dir(self.folder.path())
            .args((0..self.deployments).map(|deployment| format!("envs/{}.env", name(deployment))));
        elapsed(&mut command, 0)
    }

    fn audit(&self, ledger: &[&str]) -> Failable<Duration> {
        let mut command = Command::new(STRAGGLER);
        command
            .args(["audit", "--format", "json", "--config"])
            .arg(self.targets())
            .args(ledger);
        elapsed(&mut command, 1)
    }

    /// Where the ledger is, which is there no more.
    fn forget(&self) -> String {
        let path = self.folder.path().join("ledger.db");
        let _ = fs::remove_file(&path);
        path.display().to_string()
    }

    /// Peak memory in bytes of an audit that writes JSON to a file.
    fn peak(&self, ledger: &[&str]) -> Failable<u64> {
        self.forget();
        let mut command = Command::new(STRAGGLER);
        command
            .current_dir(self.folder.path())
            .args(["audit", "--quiet", "--output", "json=report.json"])
            .args(ledger);
        Ok(peak(&mut command, 1)?.1)
    }
}

fn name(deployment: usize) -> String {
    format!("service-{deployment:06}")
}

/// Looks like what is given out, and every project has another.
fn key(project: usize) -> String {
    let mut key = String::from("ask_live_");
    let mut state = project as u64 + 1;
    for _ in 0..32 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        key.push(char::from(b'a' + (state >> 33) as u8 % 26));
    }
    key
}

/// A small service's file; one in [`BAD_EVERY`] is wrong in one of four ways.
fn env_file(deployment: usize, project: usize) -> String {
    let line = match (deployment % BAD_EVERY, deployment / BAD_EVERY % 4) {
        (0, 0) => format!("ALLSTAK_API_KEY={}", key(project + 1)),
        (0, 1) => format!("ALLSTAK_API_KEY={}", &key(project)[..30]),
        (0, 2) => String::from("ALLSTAK_API_KEY="),
        (0, _) => format!("ALLSTAK_API_KEY=\"'{}'\"", key(project)),
        _ => format!("ALLSTAK_API_KEY={}", key(project)),
    };
    format!(
        "# {name}\n\
         NODE_ENV=production\n\
         PORT=8080\n\
         LOG_LEVEL=info\n\
         DATABASE_URL=postgres://app@db.internal:5432/{name}?sslmode=verify-full\n\
         REDIS_URL=redis://cache.internal:6379/0\n\
         PUBLIC_URL=https://{name}.example.com\n\
         ALLSTAK_HOST=https://api.allstak.sa\n\
         {line}\n\
         FEATURE_FLAGS=\"search,checkout,mail\"\n",
        name = name(deployment)
    )
}

fn yaml(deployments: usize, hops: Hops, listing: Listing) -> Failable<String> {
    let mut yaml = String::from("version: 1\nprojects:\n");
    for project in 0..PROJECTS {
        writeln!(
            yaml,
            "  p{project}: {{ variable: ALLSTAK_API_KEY, format: '^ask_live_[a-z]{{32}}$', current: {{ file: {{ path: references/p{project} }} }} }}"
        )?;
    }
    yaml.push_str("routes:\n  host:\n");
    if hops == Hops::Two {
        yaml.push_str("    - file: { path: 'keys/${name}' }\n");
    }
    yaml.push_str("    - dotenv: { path: 'envs/${name}.env' }\n");
    yaml.push_str("defaults: { environment: production, owner: platform, route: host }\n");
    yaml.push_str("deployments:\n");
    match listing {
        Listing::Written => {
            for deployment in 0..deployments {
                let project = deployment % PROJECTS;
                let name = name(deployment);
                writeln!(yaml, "  - {{ name: {name}, project: p{project} }}")?;
            }
        }
        Listing::Matrix => {
            for project in 0..PROJECTS {
                let names: Vec<_> = (project..deployments).step_by(PROJECTS).map(name).collect();
                let names = names.join(", ");
                writeln!(
                    yaml,
                    "  - {{ project: p{project}, matrix: {{ name: [{names}] }} }}"
                )?;
            }
        }
    }
    Ok(yaml)
}
