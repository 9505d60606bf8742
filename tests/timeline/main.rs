//! Random histories: rotations that are announced, rounded, not announced, prepared with `next`, rolled back or
//! misread, with deployments, outages and edits of targets.yaml between them. An audit and the questions follow
//! each step, at a time that libfaketime gives to the program, and a model that knows the truth says what has to
//! come of them.
//!
//! `TIMELINES=2000 cargo test --test timeline -- --include-ignored` tries more of them than the default, and
//! `TIMELINE=17` repeats the one with this seed alone, telling each step; `TIMELINE_PROGRAM` names another build
//! of the program.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "all of this is a test, also what stands outside of its functions"
)]

mod history;
mod model;
mod program;
mod random;
mod world;

use std::env;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// How many histories are tried unless said, and how many steps each has.
const TIMELINES: u64 = 60;
const STEPS: usize = 14;

#[test]
#[ignore = "needs libfaketime, which tests/run installs"]
fn a_model_that_knows_the_truth_agrees_after_every_step() {
    let number = |name| env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    if let Some(seed) = number("TIMELINE") {
        history::run(seed, STEPS, true).unwrap_or_else(|failure| panic!("{failure}"));
        return;
    }
    let (count, next) = (number("TIMELINES").unwrap_or(TIMELINES), AtomicU64::new(0));
    let failures: Vec<String> = thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut failures = Vec::new();
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= count {
                            break failures;
                        }
                        failures.extend(history::run(seed, STEPS, false).err());
                    }
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    });
    assert!(
        failures.is_empty(),
        "{} of {count} histories went otherwise than the model says:\n\n{}",
        failures.len(),
        failures[..failures.len().min(5)].join("\n\n")
    );
}
