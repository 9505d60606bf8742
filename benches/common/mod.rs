//! What benchmarks share.

use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4;

/// A benchmark ends where something fails.
pub type Failable<T> = Result<T, Box<dyn Error>>;

/// So many MiB.
pub fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// How long a program takes; what it prints goes to a file, as a report would.
pub fn elapsed(command: &mut Command, code: i32) -> Failable<Duration> {
    let printed = Path::new(env!("CARGO_TARGET_TMPDIR")).join("printed");
    command.stdout(File::create(printed)?).stderr(Stdio::null());
    let (status, took) = timed_ok(|| Ok(command.status()?))?;
    if status.code() != Some(code) {
        return Err(format!("{} ended with {status}", command.get_program().display()).into());
    }
    Ok(took)
}

/// How long a program takes that prints nothing, and the most memory it had, in bytes.
pub fn peak(command: &mut Command, code: i32) -> Failable<(Duration, u64)> {
    let begun = Instant::now();
    let used = command.spawn()?.wait4()?;
    let took = begun.elapsed();
    if used.status.code() != Some(code) {
        let program = command.get_program().display();
        return Err(format!("{program} ended with {}", used.status).into());
    }
    Ok((took, used.rusage.maxrss))
}

/// Runs something, and says how long that took.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

/// The same for what may fail.
pub fn timed_ok<T>(work: impl FnOnce() -> Failable<T>) -> Failable<(T, Duration)> {
    let (result, took) = timed(work);
    Ok((result?, took))
}

/// The one in the middle.
pub fn median<T: Ord + Copy>(mut values: Vec<T>) -> T {
    values.sort_unstable();
    values[values.len() / 2]
}

/// How long the same work took, again and again.
#[derive(Default)]
pub struct Times(Vec<Duration>);

impl Times {
    /// Once more.
    pub fn add(&mut self, took: Duration) {
        self.0.push(took);
    }

    /// In seconds.
    pub fn median(&self) -> f64 {
        median(self.0.clone()).as_secs_f64()
    }

    /// In seconds.
    pub fn best(&self) -> f64 {
        self.0.iter().min().map_or(f64::NAN, Duration::as_secs_f64)
    }

    /// A line of the table.
    pub fn row(&self, what: &str, unit: &Self, aim: &str) {
        println!(
            "| {what} | {:.1} ms ({:.1}) | {:.2} ({:.2}) | {aim} |",
            self.median() * 1e3,
            self.best() * 1e3,
            self.median() / unit.median(),
            self.best() / unit.best()
        );
    }
}
