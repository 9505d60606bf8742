//! What containers were created with, and what the processes in them really have.

use std::fmt::Write;

use super::renew::Renewal;
use super::{At, environment, replica};
use crate::key::Secret;
use crate::platform::docker::{Container, Details};
use crate::platform::processes::{
    Environ, List, Looking, Manager, Process, assigned, handed, manager, optioned, overridden,
};
use crate::platform::{Asking, Attempt, Stop};
use crate::reading::{Found, Loads, Reading};
use crate::text::escape;

/// Reads a variable of containers that run.
pub(super) fn read(
    at: At<'_>,
    loads: Loads,
    containers: &[(&Container, &Details)],
    all: &[Container],
    asking: &Asking<'_>,
) -> Result<Vec<Reading>, Stop> {
    if containers.is_empty() {
        return Ok(Vec::new());
    }
    let variable = at.variable;
    let listed: &[Process] = match asking.attempt_here(&List)? {
        Ok(snapshot) => &snapshot.processes,
        // What can be told without them is told.
        Err(_) => &[],
    };
    let mut processes = Vec::new();
    for (index, (container, _)) in containers.iter().enumerate() {
        let inside = |process: &&Process| !process.ours && process.is_in_container(&container.id);
        processes.extend(listed.iter().filter(inside).map(|process| (index, process)));
    }
    let asks: Vec<_> = processes
        .iter()
        .map(|(_, process)| Environ(process.id))
        .collect();
    let looked: Vec<_> = processes.into_iter().zip(asking.all_here(&asks)?).collect();

    let mut readings = Vec::with_capacity(containers.len());
    for (index, (container, details)) in containers.iter().enumerate() {
        let renewal = Renewal::of(container, details, all);
        let own = environment::read(details, variable, loads)
            .of_replica(replica(container))
            .started_at(details.created_at);
        let created = match &own.found {
            Found::Value(value) => Some(Secret::copied(value.expose())),
            _ => None,
        };
        // What differs from what it was created with comes from what starts the program.
        let mended = |reading: Reading| match &reading.found {
            Found::Hidden { .. } | Found::Failed(_) => reading,
            Found::Value(value)
                if created
                    .as_ref()
                    .is_none_or(|own| own.expose() != value.expose()) =>
            {
                renewal.of_started(at, reading)
            }
            Found::Absent if created.is_some() => renewal.of_started(at, reading),
            _ => renewal.of_variable(at, reading),
        };
        let inside = looked.iter().filter(|((of, _), _)| *of == index);
        let inside: Vec<(&Process, Attempt<'_, Environ>)> = inside
            .map(|((_, process), environment)| (*process, *environment))
            .collect();
        if inside.iter().any(|(_, environment)| environment.is_ok()) {
            let within = format!("{}/", replica(container));
            let looking = Looking {
                variable,
                loads,
                all: true,
                within: &within,
            };
            readings.extend(beside(own, looking, inside).into_iter().map(mended));
        } else {
            readings.extend(from_outside(own, variable, details).into_iter().map(mended));
        }
        readings.extend(left_out(container, listed));
    }
    Ok(readings)
}

/// The processes of a container that started straggler, and may be its program.
pub(super) fn left_out(container: &Container, listed: &[Process]) -> impl Iterator<Item = Reading> {
    let starters = listed
        .iter()
        .filter(|process| process.may_be_meant.is_some() && process.is_in_container(&container.id));
    starters.map(Process::left_out)
}

/// A container, and those of its processes of which it does not speak.
fn beside(
    own: Reading,
    looking: Looking<'_>,
    inside: Vec<(&Process, Attempt<'_, Environ>)>,
) -> Vec<Reading> {
    let programs = looking.at(inside);
    let shown = |reading: &Reading| !matches!(reading.found, Found::Failed(_));
    let none_has_it = !programs.readings.iter().any(shown);
    let mut readings = vec![own];
    match &readings[0].found {
        Found::Value(created) => {
            let created = Secret::copied(created.expose());
            let differs = |reading: &Reading| match &reading.found {
                Found::Value(value) => value.expose() != created.expose(),
                _ => true,
            };
            let others = programs.together(looking.loads);
            let mut missing = false;
            // One of them is enough.
            let (others, left_out): (Vec<_>, Vec<_>) = others.into_iter().partition(|reading| {
                let absent = matches!(reading.found, Found::Absent);
                differs(reading) && (!absent || !std::mem::replace(&mut missing, true))
            });
            Reading::take_wholes(&mut readings, left_out);
            readings.extend(others);
        }
        _ if none_has_it => {
            Reading::take_wholes(&mut readings, programs.lacking);
            readings.extend(programs.readings);
        }
        // What they show stands for what the engine does not.
        _ => readings = programs.together(looking.loads),
    }
    readings
}

/// What is known of a container whose processes cannot be read.
fn from_outside(own: Reading, variable: &str, details: &Details) -> Vec<Reading> {
    let words = || details.command.iter().map(Secret::expose);
    let argued = assigned(words(), variable)
        .last()
        .map(|value| Secret::copied(value));
    let manager = manager("", words());
    let Reading {
        replica,
        found,
        started_at,
        note,
        whole,
        ..
    } = own;
    let mut reading = match (manager, found) {
        (Some(Manager::Overrides { name, through }), found @ (Found::Value(_) | Found::Absent))
            if argued.is_none() =>
        {
            let found = matches!(found, Found::Value(_)).then_some(found);
            overridden(found, name, through)
        }
        (Some(Manager::Hands { name, through }), found @ (Found::Value(_) | Found::Absent)) => {
            match found {
                Found::Value(_) => handed(found, name, through),
                _ => overridden(None, name, through),
            }
        }
        (_, found) => {
            let matters = matches!(found, Found::Absent) || starts_a_script(details);
            let mut told = note.map(String::from).unwrap_or_default();
            if matters && !matches!(found, Found::Hidden { .. }) {
                let start = if told.is_empty() { "" } else { "; " };
                // Writing into a text does not fail.
                let _ = write!(told, "{start}{NOT_LOOKED_AT}");
            }
            let reading = Reading::new(found);
            match told.is_empty() {
                true => reading,
                false => reading.with_note(told),
            }
        }
    };
    reading.replica = replica;
    reading.started_at = started_at;
    reading.whole = whole;
    let beside = |value: Secret, place: &str| {
        let name = reading.replica.as_deref().unwrap_or_default();
        let beside = Reading::value(value).of_replica(format!("{name}/{place}"));
        beside.started_at(started_at)
    };
    let argued = argued.map(|value| beside(value, "arguments"));
    let options = optioned(details.environment.iter().map(Secret::expose), variable);
    let options = options.into_iter().map(|(name, value)| {
        let name = String::from_utf8_lossy(name);
        beside(Secret::copied(value), &escape(&name))
    });
    let beside: Vec<_> = argued.into_iter().chain(options).collect();
    std::iter::once(reading).chain(beside).collect()
}

const NOT_LOOKED_AT: &str = "its processes were not looked at, for straggler is not root on the engine's machine: \
                             what starts the program may give it another value";

/// Whether what the engine starts is a script, which may set what it likes.
fn starts_a_script(details: &Details) -> bool {
    let Some(program) = details.command.first() else {
        return false;
    };
    let program = program.expose();
    let name = program
        .rsplit(|&byte| byte == b'/')
        .next()
        .unwrap_or(program);
    [&b"sh"[..], b"ash", b"bash", b"dash"].contains(&name)
        || name.ends_with(b".sh")
        || name.ends_with(b"entrypoint")
}
