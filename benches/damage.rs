//! The damage search against raw SHA-256 of as many messages of the same lengths, on all cores.
//!
//! Run it with `cargo bench --bench damage`. It prints ratios, which is what docs/performance.md
//! holds: under 1 the search is faster than hashing its forms with the ordinary hasher.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use straggler::key::{Fingerprint, Secret};
use straggler::keyring::{KeyId, Keyring, Known, ProjectId, SearchOutcome};

const ROUNDS: usize = 7;

fn main() {
    println!("cores: {}", cores());
    compare("120 keys of 41 bytes", &keys(120, 41));
    compare("40 keys of 64 bytes", &keys(40, 64));
    compare("1 key of 512 bytes", &keys(1, 512));
    by_value();
    unexplained();
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Keys that look like what is given out, the same on every run.
fn keys(count: u64, len: usize) -> Vec<Vec<u8>> {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut state = count * 1000 + len as u64;
    let mut next = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ALPHABET[(state >> 33) as usize % ALPHABET.len()]
    };
    (0..count)
        .map(|_| {
            b"ask_live_"
                .iter()
                .copied()
                .chain(std::iter::repeat_with(&mut next))
                .take(len)
                .collect()
        })
        .collect()
}

fn ring(keys: &[Vec<u8>]) -> Keyring {
    let known = keys
        .iter()
        .zip(0..)
        .map(|(key, project)| {
            let id = KeyId::current(ProjectId(project));
            Known::by_value(id, Secret::copied(key))
        })
        .collect();
    Keyring::new(known, &["ALLSTAK_API_KEY"])
}

fn compare(what: &str, keys: &[Vec<u8>]) {
    let ring = ring(keys);
    let lengths = ring.form_lengths(ProjectId(0));
    // Whole fingerprints that nothing explains, so that the search never ends early.
    let wanted: Vec<_> = (0..200_u32)
        .map(|index| (ProjectId(0), Fingerprint::of(&index.to_be_bytes())))
        .collect();
    let (mut search, mut raw) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        // By turns, so that a busy machine slows both.
        search.push(timed(|| {
            let found = ring.search(black_box(&wanted));
            assert!(
                found
                    .outcomes
                    .iter()
                    .all(|outcome| *outcome == SearchOutcome::Unexplained)
            );
            assert_eq!(found.forms, lengths.values().sum::<u64>());
        }));
        raw.push(timed(|| hash_all(&lengths)));
    }
    let (search, raw) = (median(search), median(raw));
    let forms: u64 = lengths.values().sum();
    println!(
        "{what}: {forms} forms, search {search:?}, raw SHA-256 {raw:?}, ratio {:.2}",
        search.as_secs_f64() / raw.as_secs_f64()
    );
}

/// As many messages of the same lengths, shared out among all cores.
fn hash_all(lengths: &BTreeMap<usize, u64>) {
    const SHARE: u64 = 2048;
    let shares: Vec<(usize, u64)> = lengths
        .iter()
        .flat_map(|(&len, &count)| {
            (0..count)
                .step_by(SHARE as usize)
                .map(move |start| (len, SHARE.min(count - start)))
        })
        .collect();
    let longest = lengths.keys().copied().max().unwrap_or(0);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut message = vec![b'k'; longest];
        while let Some(&(len, count)) = shares.get(next.fetch_add(1, Ordering::Relaxed)) {
            for round in 0..count {
                message[0] = round as u8;
                black_box(Sha256::digest(black_box(&message[..len])));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..cores() {
            scope.spawn(work);
        }
        work();
    });
}

/// What recognising one value costs that no key explains, in units of hashing it.
fn by_value() {
    let ring = ring(&keys(120, 41));
    let values = keys(2000, 42);
    let recognise = median(
        (0..ROUNDS)
            .map(|_| {
                timed(|| {
                    for value in &values {
                        assert!(
                            ring.explain_value(ProjectId(0), black_box(&value[1..]))
                                .is_none()
                        );
                    }
                })
            })
            .collect(),
    );
    let raw = median(
        (0..ROUNDS)
            .map(|_| {
                timed(|| {
                    for value in &values {
                        black_box(Sha256::digest(black_box(&value[1..])));
                    }
                })
            })
            .collect(),
    );
    println!(
        "recognising a value among 120 keys: {:?} each, {:.0} times hashing it",
        recognise / values.len() as u32,
        recognise.as_secs_f64() / raw.as_secs_f64()
    );
}

/// What a value costs in which nothing is known, without a format, beside keys of which some are known by
/// their fingerprint alone.
fn unexplained() {
    let known = keys(100, 41);
    let ring = ring(&known);
    let words: Vec<_> = keys(2000, 42)
        .into_iter()
        .map(|key| key[1..].to_vec())
        .collect();
    let text = |separator: &[u8], words: &[Vec<u8>]| {
        let mut text = words.join(separator);
        text.truncate(4096);
        text
    };
    let prose = b"lorem ipsum dolor sit amet, consectetur adipiscing elit; sed do ".repeat(64);
    let list = text(b", ", &words);
    let lines = text(b"\n", &words);
    let json = format!(
        "{{{}}}",
        (0..64)
            .map(|at| format!("\"name_{at}\":\"{}\"", String::from_utf8_lossy(&words[at])))
            .collect::<Vec<_>>()
            .join(",")
    );
    for (what, values) in [
        ("a value of 41 bytes", words),
        ("prose of 4 KiB", vec![prose]),
        ("a list of 4 KiB", vec![list]),
        ("lines of 4 KiB", vec![lines]),
        ("JSON of 4 KiB", vec![json.into_bytes()]),
    ] {
        let times = (0..ROUNDS).map(|_| {
            timed(|| {
                for value in &values {
                    black_box(ring.look_into(ProjectId(0), black_box(value)));
                }
            })
        });
        let took = median(times.collect()) / values.len() as u32;
        println!("{what} that nothing explains, beside 100 keys: {took:?}");
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
