//! Containers that do not run, and hold what they were created with for when they are started.

use super::renew::Renewal;
use super::{At, environment, of};
use crate::key::Secret;
use crate::platform::docker::{Container, Details};
use crate::reading::{Found, Loads, Reading};
use crate::text::{Escaped, escape};

/// A container as the list and as the engine itself has it.
type One<'a> = (&'a Container, &'a Details);

/// Those that the engine itself may start again, with something else than what runs was created with.
pub(super) fn starting(
    at: At<'_>,
    stopped: &[One<'_>],
    running: &[One<'_>],
    all: &[Container],
) -> Vec<Reading> {
    let created =
        |details: &Details| match environment::read(details, at.variable, Loads::Environ).found {
            Found::Value(value) => Some(value),
            _ => None,
        };
    let known: Vec<Secret> = running
        .iter()
        .filter_map(|(_, details)| created(details))
        .collect();
    let mut readings = Vec::new();
    for (container, details) in stopped {
        let (Some(policy), Some(value)) = (&details.restarts, created(details)) else {
            continue;
        };
        if known.iter().any(|known| known.expose() == value.expose()) {
            continue;
        }
        let why = format!(
            "it is {}, and was created with another value than what runs has: its restart policy `{}` may bring it back with \
             that when the engine starts",
            escape(state(container, details)),
            escape(policy)
        );
        let reading = of(container, Found::hidden(None, why)).started_at(details.created_at);
        readings.push(Renewal::of(container, details, all).of_stopped(at, reading));
    }
    readings
}

/// The names of those that somebody would have to start, with what they are; empty where there are none.
pub(super) fn told<'c>(stopped: impl Iterator<Item = One<'c>>) -> String {
    const MOST: usize = 3;
    let mut told: Vec<String> = stopped
        .map(|(container, details)| {
            let state = escape(state(container, details));
            format!("{} is {state}", Escaped(container.name()))
        })
        .collect();
    let more = told.len().saturating_sub(MOST);
    told.truncate(MOST);
    if more > 0 {
        told.push(format!("{more} more do not run"));
    }
    told.join(", ")
}

/// One that ended after it was listed has another state by now.
fn state<'c>(container: &'c Container, details: &Details) -> &'c str {
    match container.runs() && !details.alive {
        true => "exited",
        false => container.state(),
    }
}
