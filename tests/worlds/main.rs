//! Worlds made by chance, judged twice: by the program, and by a second, simple implementation that
//! was written from the documents alone and knows what it put where.
//!
//! `cargo test --test worlds` judges 20,000 deployments. In the environment:
//!
//! - `STRAGGLER_WORLDS=1000000`: how many deployments;
//! - `STRAGGLER_WORLDS_SEED=7`: another seed to begin with; every world that fails names its own;
//! - `STRAGGLER_WORLDS_ONLY=tidy:123`: that one world alone;
//! - `STRAGGLER_WORLDS_WITHOUT=embedded,markup`: kinds of trouble to leave out, see `kinds.rs`;
//! - `STRAGGLER_WORLDS_PROGRAM=/usr/bin/straggler`: another build of the program;
//! - `STRAGGLER_WORLDS_FAULTS=20`: how many faults are looked for before it ends.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    reason = "all of this is a test, also what stands outside of its functions"
)]

mod compare;
mod contents;
mod dice;
mod disk;
mod envfile;
mod forms;
mod gate;
mod generate;
mod judge;
mod keys;
mod kinds;
mod places;
mod revoke;
mod route;
mod run;
mod scopes;
mod server;
mod shrink;
mod tally;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use generate::Mood;
use kinds::Kinds;

/// How many deployments a world has.
const MESSY: usize = 220;
const TIDY: usize = 6;

fn number(name: &str, otherwise: u64) -> u64 {
    let said = std::env::var(name).ok();
    said.map_or(otherwise, |said| said.parse().unwrap())
}

#[test]
fn the_program_says_what_the_documents_say() {
    let kinds = Kinds::from_environment();
    if let Ok(only) = std::env::var("STRAGGLER_WORLDS_ONLY") {
        let (mood, seed) = only.split_once(':').unwrap();
        let mood = if mood == "tidy" {
            Mood::Tidy
        } else {
            Mood::Messy
        };
        assert_eq!(judge(seed.parse().unwrap(), mood, &kinds), None);
        return;
    }
    let wanted = number("STRAGGLER_WORLDS", 20_000) as usize;
    let first = number("STRAGGLER_WORLDS_SEED", 1);
    let enough = number("STRAGGLER_WORLDS_FAULTS", 5) as usize;
    // More tidy worlds than messy ones, for those are what can be safe.
    let worlds = wanted.div_ceil(MESSY + 2 * TIDY) * 3;
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::SeqCst);
                    if index >= worlds || found.lock().unwrap().len() >= enough {
                        return;
                    }
                    let mood = if index.is_multiple_of(3) {
                        Mood::Messy
                    } else {
                        Mood::Tidy
                    };
                    let seed = first.wrapping_mul(0x1_0000_0000) + index as u64;
                    if let Some(told) = judge(seed, mood, &kinds) {
                        eprintln!("{told}");
                        found.lock().unwrap().push(told);
                    }
                }
            });
        }
    });
    eprintln!("{}", tally::told());
    if wanted >= 10_000 && found.lock().unwrap().is_empty() {
        assert_eq!(
            tally::missing(),
            Vec::<String>::new(),
            "nothing of this came up"
        );
    }
    let found = found.into_inner().unwrap();
    assert!(
        found.is_empty(),
        "{} worlds are judged differently",
        found.len()
    );
}

/// What is wrong in the world of this seed, if anything is.
fn judge(seed: u64, mood: Mood, kinds: &Kinds) -> Option<String> {
    let (count, questions, name) = match mood {
        // Many deployments take their time, and tidy worlds tell more of this question.
        Mood::Messy => (MESSY, (seed % 2) as usize, "messy"),
        Mood::Tidy => (TIDY, usize::MAX, "tidy"),
    };
    let world = generate::world(seed, mood, count, kinds);
    let faults = run::faults(&world, questions, kinds);
    if faults.is_empty() {
        return None;
    }
    let (world, faults) = shrink::smallest(&world, &faults, kinds);
    Some(format!(
        "== {name}:{}\n{}",
        seed,
        shrink::told(&world, &faults)
    ))
}
