//! What reading over HTTP costs: against `wrk` and a bare loop of the same client at the same
//! concurrency, against the script a team would write, at growing sizes, at a server that takes its time, and at
//! one that refuses more than a few at once.
//!
//! Run it with `cargo bench --bench fetch`. It prints the tables of docs/performance.md. `wrk`, `curl`
//! and `sha256sum` should be there.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod common;

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::future::pending;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{Failable, Times, elapsed, mebibytes, peak, timed_ok};
use straggler::audit::{self, Options};
use straggler::fetch::{Limits, Quiet};
use straggler::{inventory, platform};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

const STRAGGLER: &str = env!("CARGO_BIN_EXE_straggler");
const KEY: &str = "ask_live_4Vq8ZkT2mWc7RbX1sYdN6hJp3FgLe9Ua";
const ROUNDS: usize = 5;
const HOPS: usize = 10_000;
/// The script is so slow that it does only so many, and its time is multiplied.
const FEW: usize = 500;

fn main() -> Failable<()> {
    // Cargo passes `--bench`; the server is this program once more.
    let mut arguments = env::args().skip(1);
    if arguments.next().as_deref() == Some("serve") {
        let latency = arguments.next().unwrap_or_default().parse()?;
        let at_once = arguments.next().unwrap_or_default().parse()?;
        return Runtime::new()?.block_on(serve(Duration::from_millis(latency), at_once));
    }
    platform::http::install_crypto();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    println!("Load {load} before it began. Medians, with the best in brackets.\n");
    // Memory first: what a child starts from counts into its peak, and this process grows later.
    growth()?;
    speed()?;
    latency()?;
    throttled()
}

/// 10,000 different pages of one server.
fn speed() -> Failable<()> {
    let server = Server::start(0)?;
    let runtime = Runtime::new()?;
    println!("| what | 10,000 requests | ratio | aim |\n|---|---|---|---|");
    for (concurrency, aim) in [(10, ""), (64, "1.43")] {
        let ground = Ground::new(&server, HOPS)?;
        let (mut bare, mut fetch) = (Times::default(), Times::default());
        let (mut wrk, mut script) = (Times::default(), Times::default());
        for _ in 0..ROUNDS {
            bare.add(timed_ok(|| runtime.block_on(server.bare_loop(concurrency)))?.1);
            fetch.add(runtime.block_on(ground.audit(concurrency))?);
            wrk.add(server.wrk(concurrency)?);
        }
        script.add(ground.script(concurrency)?);
        bare.row(
            &format!("a bare loop of `reqwest`, {concurrency} at once"),
            &bare,
            "",
        );
        fetch.row(
            &format!("— an audit of them, `--per-host {concurrency}`"),
            &bare,
            aim,
        );
        wrk.row("— `wrk`, which does nothing with what it gets", &bare, "");
        script.row("— `xargs -P`, `curl` and `sha256sum`", &bare, "");
    }
    println!();
    Ok(())
}

/// Time and peak memory of the whole program, from 1,000 to 100,000 hops: without a ledger, and with one the first
/// time and again.
fn growth() -> Failable<()> {
    let server = Server::start(0)?;
    println!("| hops | whole audit | each | peak memory | first in its ledger | again |");
    println!("|---|---|---|---|---|---|");
    for hops in [1_000, 3_000, 10_000, 30_000, 100_000] {
        let ground = Ground::new(&server, hops)?;
        let (took, most) = ground.whole(&["--no-ledger"])?;
        let (took, most) = (took.as_secs_f64(), most as f64);
        let beside = || {
            let (time, memory) = ground.whole(&["--ledger", "ledger.db"])?;
            let (time, memory) = (time.as_secs_f64() / took, memory as f64 / most);
            Failable::Ok(format!("{time:.2} of the time, {memory:.2} of the memory"))
        };
        println!(
            "| {hops} | {took:.2} s | {:.0} µs | {:.1} MiB | {} | {} |",
            took * 1e6 / hops as f64,
            mebibytes(most as u64),
            beside()?,
            beside()?
        );
    }
    println!();
    Ok(())
}

/// A server that takes 50 ms: the time that so many at once make possible, and what it takes.
fn latency() -> Failable<()> {
    const SLOW: usize = 2_000;
    const MILLISECONDS: u64 = 50;
    let server = Server::start(MILLISECONDS)?;
    let ground = Ground::new(&server, SLOW)?;
    let runtime = Runtime::new()?;
    println!("| at once | limit | audit | ratio |\n|---|---|---|---|");
    for concurrency in [10, 32, 64] {
        let limit = SLOW.div_ceil(concurrency) as f64 * MILLISECONDS as f64 / 1e3;
        let took = runtime.block_on(ground.audit(concurrency))?.as_secs_f64();
        println!(
            "| {concurrency} | {limit:.2} s | {took:.2} s | {:.2} |",
            took / limit
        );
    }
    Ok(())
}

/// A server that refuses more than so many at once: against an audit that was told so.
fn throttled() -> Failable<()> {
    const MILLISECONDS: u64 = 5;
    let runtime = Runtime::new()?;
    println!(
        "\n| 500 hops, refused beyond | audit | `--per-host` as many | ratio |\n|---|---|---|---|"
    );
    for at_once in [1, 2, 5] {
        let server = Server::refusing(MILLISECONDS, at_once)?;
        let ground = Ground::new(&server, FEW)?;
        let told = runtime.block_on(ground.audit(at_once))?.as_secs_f64();
        let took = runtime
            .block_on(ground.audit(Limits::DEFAULT.per_host))?
            .as_secs_f64();
        println!(
            "| {at_once} at once | {took:.2} s | {told:.2} s | {:.2} |",
            took / told
        );
    }
    Ok(())
}

/// This program as a server, gone when dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(latency: u64) -> Failable<Self> {
        Self::refusing(latency, usize::MAX)
    }

    /// One that answers 429 to whatever is more than so many at once.
    fn refusing(latency: u64, at_once: usize) -> Failable<Self> {
        let mut child = Command::new(env::current_exe()?)
            .args(["serve", &latency.to_string(), &at_once.to_string()])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        let printed = child.stdout.take().ok_or("a pipe was asked for")?;
        BufReader::new(printed).read_line(&mut address)?;
        let address = address.trim().to_owned();
        Ok(Self { child, address })
    }

    fn url(&self, page: usize) -> String {
        format!("http://{}/k/{page}", self.address)
    }

    /// What straggler's requests cost with nothing around them.
    async fn bare_loop(&self, concurrency: usize) -> Failable<()> {
        let client = reqwest::Client::builder().no_proxy().build()?;
        let next = Arc::new(AtomicUsize::new(0));
        let base = format!("http://{}/k/", self.address);
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..concurrency {
            let (client, next, base) = (client.clone(), Arc::clone(&next), base.clone());
            workers.spawn(async move {
                loop {
                    let page = next.fetch_add(1, Ordering::Relaxed);
                    if page >= HOPS {
                        return Ok::<_, reqwest::Error>(());
                    }
                    let body = client
                        .get(format!("{base}{page}"))
                        .send()
                        .await?
                        .bytes()
                        .await?;
                    assert_eq!(body.len(), KEY.len());
                }
            });
        }
        while let Some(worker) = workers.join_next().await {
            worker??;
        }
        Ok(())
    }

    /// How long `wrk` needs for as many requests.
    fn wrk(&self, concurrency: usize) -> Failable<Duration> {
        let connections = format!("-c{concurrency}");
        let output = Command::new("wrk")
            .args(["-t2", &connections, "-d2s", &self.url(0)])
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        let rate = text
            .lines()
            .find_map(|line| line.strip_prefix("Requests/sec:"))
            .ok_or("wrk tells a rate")?;
        Ok(Duration::from_secs_f64(
            HOPS as f64 / rate.trim().parse::<f64>()?,
        ))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It goes with this program at the latest.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn serve(latency: Duration, at_once: usize) -> Failable<()> {
    let under_way = Arc::new(AtomicUsize::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        let under_way = Arc::clone(&under_way);
        tokio::spawn(async move { answer(stream, latency, at_once, &under_way).await });
    }
}

/// Answers one request after the other with the key, unless there are too many.
async fn answer(
    mut stream: TcpStream,
    latency: Duration,
    at_once: usize,
    under_way: &AtomicUsize,
) -> std::io::Result<()> {
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{KEY}",
        KEY.len()
    );
    stream.set_nodelay(true)?;
    let mut asked = Vec::new();
    loop {
        while !asked.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut asked).await? == 0 {
                return Ok(());
            }
        }
        asked.clear();
        if under_way.fetch_add(1, Ordering::Relaxed) >= at_once {
            under_way.fetch_sub(1, Ordering::Relaxed);
            let refusal = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(refusal.as_bytes()).await?;
            continue;
        }
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        under_way.fetch_sub(1, Ordering::Relaxed);
        stream.write_all(answer.as_bytes()).await?;
    }
}

/// A folder with a targets.yaml of so many pages.
struct Ground {
    folder: TempDir,
    hops: usize,
}

impl Ground {
    fn new(server: &Server, hops: usize) -> Failable<Self> {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let mut yaml = String::from(
            "version: 1\nprojects: { shop: { variable: KEY, current: { file: { path: key } } } }\ndeployments:\n",
        );
        let mut few = String::new();
        for page in 0..hops {
            let url = server.url(page);
            writeln!(
                yaml,
                "- {{ name: s{page}, project: shop, route: [ {{ http: {{ url: '{url}', yields: value }} }} ] }}"
            )?;
            if page < FEW {
                writeln!(few, "{url}")?;
            }
        }
        fs::write(folder.path().join("targets.yaml"), yaml)?;
        fs::write(folder.path().join("few"), few)?;
        fs::write(folder.path().join("key"), KEY)?;
        Ok(Self { folder, hops })
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// How long reading and judging takes, without targets.yaml and the report.
    async fn audit(&self, concurrency: usize) -> Failable<Duration> {
        let inventory = inventory::load(&self.path("targets.yaml"), &|_| None)
            .map_err(|error| error.to_string())?;
        let all: Vec<u32> = (0..).take(self.hops).collect();
        let options = Options {
            limits: Limits {
                concurrency,
                per_host: concurrency,
                ..Limits::DEFAULT
            },
            ..Options::default()
        };
        let connections = platform::connections(inventory.connections());
        let begun = Instant::now();
        let audit = audit::run(
            inventory,
            &all,
            connections,
            &audit::Remembered::default(),
            &options,
            &Quiet,
            pending(),
        )
        .await;
        let took = begun.elapsed();
        let current =
            |outcome: &&straggler::judge::DeploymentOutcome| outcome.verdict.name() == "current";
        let current = audit.deployments.iter().filter(current).count();
        if current != self.hops {
            return Err(format!("{current} of {} are current", self.hops).into());
        }
        Ok(took)
    }

    /// What a team would write, tried on [`FEW`] pages.
    fn script(&self, concurrency: usize) -> Failable<Duration> {
        let script = format!(
            "wanted=$(sha256sum < key); xargs -P {concurrency} -I URL sh -c \
             '[ \"$(curl -sf URL | sha256sum)\" = \"$0\" ] || echo URL' \"$wanted\" < few"
        );
        let mut command = Command::new("sh");
        command
            .current_dir(self.folder.path())
            .args(["-c", &script]);
        Ok(elapsed(&mut command, 0)? * (HOPS / FEW) as u32)
    }

    fn whole(&self, ledger: &[&str]) -> Failable<(Duration, u64)> {
        let mut command = Command::new(STRAGGLER);
        command
            .current_dir(Path::new(self.folder.path()))
            .args(["audit", "--quiet", "--output", "json=report.json"])
            .args(ledger);
        peak(&mut command, 0)
    }
}
