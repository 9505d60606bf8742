//! What came up, so that a run that saw nothing is not taken for one that found nothing.

use std::collections::BTreeMap;
use std::sync::Mutex;

static SEEN: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());

/// Counts one more of these.
pub fn count(what: String) {
    *SEEN.lock().unwrap().entry(what).or_default() += 1;
}

/// What a run of this size has to come across.
pub fn missing() -> Vec<String> {
    let seen = SEEN.lock().unwrap();
    let codes = ["audit 0", "audit 1", "audit 2", "audit 3"];
    let answers = ["revoke-check 0", "revoke-check 1", "revoke-check 3"];
    let verdicts = [
        "revoked",
        "stale",
        "wrong-project",
        "malformed",
        "missing",
        "unknown",
        "unreachable",
        "unverified",
        "current",
        "not-required",
        "not-selected",
    ];
    let all = codes.iter().chain(&answers).chain(&verdicts);
    all.filter(|name| !seen.contains_key(**name))
        .map(|name| (*name).to_owned())
        .collect()
}

/// How often everything came up.
pub fn told() -> String {
    let seen = SEEN.lock().unwrap();
    let lines = seen
        .iter()
        .map(|(what, count)| format!("{count:>8} {what}\n"));
    lines.collect()
}
