//! The search through built folders against `rg -o` on the same files, and its memory.
//!
//! Run it with `cargo bench --bench bundle`; it needs ripgrep, and 600 MB under target/. It prints rows
//! for docs/performance.md.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod common;

use std::fs;
use std::io::{BufWriter, Write};
use std::num::NonZero;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use common::{Failable, Times, elapsed, mebibytes, median, timed_ok};
use straggler::keyring::Format;
use straggler::platform::Ask;
use straggler::platform::bundle::SearchFolder;
use straggler::platform::files::Files;
use tokio::runtime::Runtime;

const STRAGGLER: &str = env!("CARGO_BIN_EXE_straggler");
const ROUNDS: usize = 9;
const FORMAT: &str = "ask_live_[A-Za-z0-9]{32}";
/// How many bytes a chunk has; one file in [`MAPS`] is a source map, four times as large.
const CHUNK: usize = 500_000;
const MAPS: usize = 10;
/// A line without end.
const LONG: usize = 30_000_000;

fn main() -> Failable<()> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    println!("{cores} cores, load {load} before it began. Medians, with the best in brackets.\n");
    let small = Built::new(50_000_000)?;
    let large = Built::new(500_000_000)?;
    println!("| what | figure | ratio | aim |");
    println!("|---|---|---|---|");
    memory(&small, &large)?;
    drop(small);
    speed(&large)
}

/// Peak memory, with ten times as many bytes to look at.
fn memory(small: &Built, large: &Built) -> Failable<()> {
    let peak = |built: &Built| -> Failable<u64> {
        Ok(median(
            (0..3).map(|_| built.peak()).collect::<Failable<_>>()?,
        ))
    };
    let (few, many) = (peak(small)?, peak(large)?);
    println!(
        "| memory from 50 to 500 MB | {:.1} to {:.1} MiB | {:.2} | flat |",
        mebibytes(few),
        mebibytes(many),
        many as f64 / few as f64
    );
    Ok(())
}

fn speed(built: &Built) -> Failable<()> {
    let runtime = Runtime::new()?;
    let (mut rg, mut audit, mut search) = (Times::default(), Times::default(), Times::default());
    for _ in 0..ROUNDS {
        // By turns, so that a busy machine slows all.
        rg.add(built.rg()?);
        audit.add(elapsed(&mut built.audit(), 0)?);
        let ask = built.ask()?;
        let (found, took) = timed_ok(|| {
            let found = runtime.block_on(SearchFolder::send(&Files, vec![ask]));
            found
                .into_iter()
                .next()
                .ok_or("no answer")?
                .map_err(Into::into)
        })?;
        search.add(took);
        if found.files.len() != built.holders || found.searched.1 != built.bytes {
            return Err("not everything was found".into());
        }
    }
    rg.row("`rg -o` of 500 MB", &rg, "");
    audit.row("`straggler audit` of them", &rg, "1.43");
    search.row("— the search alone", &rg, "");
    Ok(())
}

/// A folder that looks like a build.
struct Built {
    folder: tempfile::TempDir,
    bytes: u64,
    /// How many files hold the key.
    holders: usize,
}

impl Built {
    fn new(bytes: usize) -> Failable<Self> {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let dist = folder.path().join("dist");
        fs::create_dir(&dist)?;
        let mut text = Text(bytes as u64);
        let mut built = Self {
            bytes: 0,
            holders: 0,
            folder,
        };
        let mut file = 0;
        while built.bytes < bytes as u64 {
            let (name, size) = match file {
                0 => ("one-line.js".to_owned(), LONG),
                file if file % MAPS == 0 => (format!("chunk-{file}.js.map"), 4 * CHUNK),
                file => (format!("chunk-{file}.js"), CHUNK),
            };
            let path = dist.join(name);
            let mut writer = BufWriter::new(fs::File::create(&path)?);
            let long = file == 0 || file % MAPS == 0;
            text.write(&mut writer, size, long)?;
            // In every fifth, the key, and a text that only begins like one.
            if file % 5 == 0 {
                writeln!(writer, "const a=\"{}\",b=\"ask_live_none\";", key())?;
                built.holders += 1;
            }
            writer.flush()?;
            built.bytes += fs::metadata(path)?.len();
            file += 1;
        }
        fs::write(built.folder.path().join("key"), key())?;
        fs::write(built.targets(), TARGETS)?;
        Ok(built)
    }

    fn targets(&self) -> std::path::PathBuf {
        self.folder.path().join("targets.yaml")
    }

    fn ask(&self) -> Failable<SearchFolder> {
        Ok(SearchFolder {
            path: Arc::from(self.folder.path().join("dist")),
            format: Arc::new(Format::new(FORMAT)?),
            most: (100_000, 1 << 34),
        })
    }

    fn audit(&self) -> Command {
        let mut command = Command::new(STRAGGLER);
        command
            .current_dir(self.folder.path())
            // The ledger is that of this folder, and goes with it.
            .env("XDG_STATE_HOME", self.folder.path())
            .args([
                "audit",
                "--quiet",
                "--output",
                "json=report.json",
                "--config",
            ])
            .arg(self.targets());
        command
    }

    fn rg(&self) -> Failable<std::time::Duration> {
        let dist = self.folder.path().join("dist");
        let mut command = Command::new("rg");
        // As in any folder that nobody ignores.
        command.args(["--no-config", "--no-ignore", "--hidden", "-o", FORMAT]);
        elapsed(command.arg(Path::new(&dist)), 0)
    }

    fn peak(&self) -> Failable<u64> {
        Ok(common::peak(&mut self.audit(), 0)?.1)
    }
}

const TARGETS: &str = "version: 1
projects:
  checkout:
    variable: VITE_ALLSTAK_API_KEY
    format: '^ask_live_[A-Za-z0-9]{32}$'
    current: { file: { path: key } }
deployments:
  - { name: web, project: checkout, route: [ { bundle: { path: dist } } ] }
";

fn key() -> String {
    format!("ask_live_{}", "4Vq8ZkT2mWc7RbX1sYdN6hJp3FgLe9Ua")
}

/// Minified code, the same on every run.
struct Text(u64);

impl Text {
    fn write(&mut self, writer: &mut impl Write, size: usize, long: bool) -> Failable<()> {
        const WORDS: &[&str] = &[
            "function(e,t,n){",
            "return",
            "\"use strict\";",
            "var ",
            "e.exports=",
            "(0,r.jsx)(",
            "null",
            "===",
            "void 0",
            "this.",
            "props",
            "children",
            "className:\"flex items-center\"",
            "=>",
            "{",
            "}",
            "(",
            ")",
            ",",
            ";",
            "Object.assign({},",
            "async",
            "await ",
            "a",
            "b",
            "i",
            "ask",
            "live",
            "_",
            "0",
            "\"\\n\"",
            "Symbol.for(\"react.element\")",
            "throw Error(n(188))",
            "!0",
            "!1",
            ".call(this,",
        ];
        let (mut written, mut line) = (0, 0);
        while written < size {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let word = WORDS[(self.0 >> 33) as usize % WORDS.len()];
            writer.write_all(word.as_bytes())?;
            written += word.len();
            line += word.len();
            if line > 30_000 && !long {
                writer.write_all(b"\n")?;
                (written, line) = (written + 1, 0);
            }
        }
        Ok(())
    }
}
