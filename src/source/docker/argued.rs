//! What containers and the processes in them were given in an argument.

use std::sync::Arc;

use super::inside::left_out;
use super::renew::Renewal;
use super::{At, replica};
use crate::key::Secret;
use crate::platform::docker::{Container, Details};
use crate::platform::processes::{List, Process, argued};
use crate::platform::{Asking, Stop};
use crate::reading::{Found, Reading};
use crate::text::Escaped;

/// Reads what stands behind an option in the command that each container was created with, and, where its
/// processes can be seen, in theirs.
pub(super) fn read(
    option: &str,
    at: At<'_>,
    containers: &[(&Container, &Details)],
    all: &[Container],
    asking: &Asking<'_>,
) -> Result<Vec<Reading>, Stop> {
    if containers.is_empty() {
        return Ok(Vec::new());
    }
    let listed: &[Process] = match asking.attempt_here(&List)? {
        Ok(snapshot) => &snapshot.processes,
        // What can be told without them is told.
        Err(_) => &[],
    };
    let mut readings = Vec::new();
    for (container, details) in containers {
        let renewal = Renewal::of(container, details, all);
        let inside = |process: &&Process| !process.ours && process.is_in_container(&container.id);
        let inside: Vec<&Process> = listed.iter().filter(inside).collect();
        let lines = details.command.iter().chain(&details.environment);
        let theirs = inside.iter().flat_map(|process| process.arguments());
        let lines = lines.map(Secret::expose).chain(theirs);
        let whole = Arc::new(Secret::of_lines(lines));
        for (name, found) in of_one(option, container, details, &inside) {
            let reading = Reading::new(found)
                .of_replica(name)
                .started_at(details.created_at)
                .out_of(Arc::clone(&whole));
            let reading = match (&reading.found, inside.is_empty()) {
                (Found::Absent, true) => reading.with_note(NOT_LOOKED_AT),
                _ => reading,
            };
            readings.push(renewal.of_argument(option, at, reading));
        }
        readings.extend(left_out(container, listed));
    }
    Ok(readings)
}

const NOT_LOOKED_AT: &str = "only the command that it was created with was looked at: its processes cannot be seen from here";

/// The values of its command, and those that only its processes have; or what is said of none.
fn of_one(
    option: &str,
    container: &Container,
    details: &Details,
    inside: &[&Process],
) -> Vec<(String, Found)> {
    let name = replica(container);
    let command = details.command.iter().map(Secret::expose);
    let mut found: Vec<(String, Found)> = Vec::new();
    let mut none = None;
    for (index, own) in argued(command, option).into_iter().enumerate() {
        match (own, index) {
            (own @ Found::Value(_), 0) => found.push((name.clone(), own)),
            // What is said of no value: alone, the processes may show it; beside one, it may hide another.
            (own, 0) => none = Some(own),
            (own, more) => found.push((format!("{name}/{}", more + 1), own)),
        }
    }
    for process in inside {
        for own in argued(process.arguments(), option) {
            let Found::Value(value) = &own else {
                continue;
            };
            let is_known = |(_, known): &(String, Found)| matches!(known, Found::Value(known) if known.expose() == value.expose());
            if !found.iter().any(is_known) {
                let program = format!("{name}/{}/{}", Escaped(&process.name), process.id.pid);
                found.push((program, own));
            }
        }
    }
    match none {
        Some(none) if found.is_empty() => vec![(name, none)],
        _ => found,
    }
}
