//! The second opinion on the summary and the exit code.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::compare::Checked;
use super::route::JudgedHop;
use super::world::{Asked, Deployment, Reference, Verdict, Waive, World};

/// The exit codes that the documents allow: one, unless they leave something open.
pub fn codes(world: &World, asked: &Asked, checked: &Checked) -> BTreeSet<i32> {
    // Whether a waiver of `unverified` covers a last hop that is the reference itself.
    [false, true]
        .map(|covers| code(world, asked, checked, covers))
        .into()
}

fn code(world: &World, asked: &Asked, checked: &Checked, covers: bool) -> i32 {
    let fails = asked.fail_on.clone().unwrap_or(Verdict::DRIFT.to_vec());
    let mut drift = false;
    let mut incomplete = false;
    for (index, hops) in &checked.hops {
        let deployment = &world.deployments[*index];
        match world.scope(deployment).reference {
            Reference::Sound => {}
            Reference::Faulty { .. } => drift = true,
            Reference::Unread => incomplete = true,
        }
        let last = hops
            .iter()
            .rposition(|hop| hop.verdict != Verdict::NotSelected);
        // Of `--until`: "later hops are not-selected and do not count", and neither does a deployment that
        // has no others.
        drift |= last.is_some() && deployment.waive.as_ref().is_some_and(|waive| waive.over);
        for (number, hop) in hops.iter().enumerate() {
            let waive = &deployment.hops[number].waive;
            let left_out = hop.verdict == Verdict::NotSelected;
            drift |= !left_out && waive.as_ref().is_some_and(|waive| waive.over);
            for (verdict, evidence) in &hop.readings {
                let waived =
                    |verdict| accepts(waive, verdict) || accepts(&deployment.waive, verdict);
                let itself = *verdict == Verdict::Current && evidence == "reference";
                if waived(*verdict) || (itself && covers && waived(Verdict::Unverified)) {
                    continue;
                }
                drift |= fails.contains(verdict);
                incomplete |= *verdict == Verdict::Unreachable;
                let proves_nothing = *verdict == Verdict::Unverified || itself;
                incomplete |= proves_nothing && last == Some(number) && !asked.accept;
            }
        }
    }
    match (drift, incomplete) {
        (true, _) => 1,
        (false, true) => 3,
        (false, false) => 0,
    }
}

fn accepts(waive: &Option<Waive>, verdict: Verdict) -> bool {
    (waive.as_ref()).is_some_and(|waive| !waive.over && waive.verdicts.contains(&verdict))
}

/// What is wrong with the summary.
pub fn summary(world: &World, checked: &Checked, report: &Value) -> Vec<String> {
    let summary = &report["summary"];
    let mut faults = Vec::new();
    let mut verdicts = serde_json::Map::new();
    let (mut declared, mut selected, mut read, mut proven) = (0, 0, 0, 0);
    let (mut seen, mut failed, mut sure) = (0, 0, 0);
    let is_proven = |evidence: &str| matches!(evidence, "value" | "fingerprint" | "version");
    for (_, hops) in &checked.hops {
        if let Some(worst) = hops.iter().map(|hop| hop.verdict).min() {
            let count = verdicts.entry(worst.name()).or_insert(json!(0));
            *count = json!(count.as_u64().unwrap_or_default() + 1);
        }
        declared += hops.len();
        for hop in hops {
            if hop.verdict == Verdict::NotSelected {
                continue;
            }
            selected += 1;
            read += usize::from(all(hop, |verdict, _| verdict != Verdict::Unreachable));
            proven += usize::from(all(hop, |_, evidence| is_proven(evidence)));
            for (verdict, evidence) in &hop.readings {
                match verdict {
                    Verdict::Unreachable => failed += 1,
                    _ => seen += 1,
                }
                sure += usize::from(is_proven(evidence));
            }
        }
    }
    let coverage = json!({
        "hops": { "declared": declared, "selected": selected, "read": read, "proven": proven },
        "readings": { "read": seen, "failed": failed, "proven": sure },
    });
    if summary["coverage"] != coverage {
        faults.push(format!(
            "coverage is {coverage}, not {}",
            summary["coverage"]
        ));
    }
    let verdicts = Value::Object(verdicts);
    if !same(&summary["verdicts"], &verdicts) {
        faults.push(format!("there are {verdicts}, not {}", summary["verdicts"]));
    }
    let used = |deployment: &Deployment| world.scope(deployment).reference;
    let unread = checked
        .hops
        .iter()
        .any(|(index, _)| used(&world.deployments[*index]) == Reference::Unread);
    let elsewhere = world
        .scopes
        .iter()
        .any(|one| one.reference == Reference::Unread);
    let complete = failed == 0 && !unread;
    // Whether a reference that nobody selected makes it incomplete is left open.
    if summary["complete"] != complete && !(complete && elsewhere) {
        faults.push(format!(
            "complete is {complete}, not {}",
            summary["complete"]
        ));
    }
    if summary["deployments"] != checked.hops.len() {
        faults.push(format!("{} deployments", summary["deployments"]));
    }
    faults
}

fn all(hop: &JudgedHop, is: impl Fn(Verdict, &str) -> bool) -> bool {
    hop.readings
        .iter()
        .all(|(verdict, evidence)| is(*verdict, evidence))
}

/// Whether two maps are the same, in whatever order.
fn same(first: &Value, second: &Value) -> bool {
    let (Some(first), Some(second)) = (first.as_object(), second.as_object()) else {
        return false;
    };
    first.len() == second.len()
        && first
            .iter()
            .all(|(name, count)| second.get(name) == Some(count))
}
