//! What the processes of a service were started with.

use glob::Pattern;
use jiff::SignedDuration;

use super::next::{self, Next};
use super::{At, noted, nothing_runs};
use crate::platform::processes::{Environ, List, Looking, OVERWRITTEN, Process};
use crate::platform::systemd::{Unit, shown};
use crate::platform::{Asking, Stop};
use crate::reading::{ErrorKind, Found, Loads, ReadError, Reading, Taken};
use crate::text::escape;
use crate::verdict::Evidence;

/// As far as two ways to tell one start may be apart.
const APART: SignedDuration = SignedDuration::from_secs(5);

/// Reads a variable of its main process, and of all others that belong to it.
pub(super) fn held(
    name: &str,
    unit: &Unit,
    at: At<'_>,
    loads: Loads,
    asking: &Asking<'_>,
) -> Result<Vec<Reading>, Stop> {
    // All are asked for before any is waited for.
    let snapshot = asking.of(&List);
    let next = next::next(name, unit, at, asking);
    let snapshot = snapshot?;
    let is_main = |process: &Process| {
        unit.main_pid != 0 && process.id.pid == unit.main_pid && is_same(process, name, unit)
    };
    let main = snapshot.processes.iter().find(|process| is_main(process));
    let others = snapshot
        .processes
        .iter()
        .filter(|process| !process.ours && !is_main(process) && process.is_in_system_unit(name));
    let processes: Vec<&Process> = main.into_iter().chain(others).collect();
    let asks: Vec<_> = processes
        .iter()
        .map(|process| Environ(process.id))
        .collect();
    let environments = asking.all(&asks);
    let next = match next {
        Ok(next) => Some(next),
        Err(Stop::Pending) => return Err(Stop::Pending),
        // What runs is judged, whatever the next start would meet.
        Err(Stop::Failed(_)) => None,
    };
    let environments = environments?;

    // Why the main process was not seen, and what its time still says.
    let unseen = match (main, environments.first()) {
        (None, _) if unit.main_pid == 0 => None,
        (None, _) if snapshot.partial => Some(unseen(unit, out_of_sight(name))),
        (None, _) => Some(Reading::new(Found::Failed(ended(name)))),
        (Some(_), Some(Ok(None))) => Some(Reading::new(Found::Failed(ended(name)))),
        (Some(_), Some(Err(error))) => Some(unseen(unit, (*error).clone())),
        (Some(_), _) => None,
    };
    let looking = Looking {
        variable: at.variable,
        loads,
        all: true,
        within: "",
    };
    let own = main.map(|process| looking.replica(process));
    let is_of_main =
        |reading: &Reading| own.is_some() && reading.replica.as_deref() == own.as_deref();
    let mut programs = looking.at(processes.into_iter().zip(environments));
    if let Some(unseen) = unseen {
        programs.readings.retain(|reading| !is_of_main(reading));
        let replica = own.clone().unwrap_or_else(|| unit.main_pid.to_string());
        let unseen = unseen.of_replica(replica).started_at(unit.started_at);
        programs.readings.push(unseen);
    }
    let told = |reading: Reading| match is_of_main(&reading) {
        true => told_of_next(reading, unit, next.as_ref()),
        false => reading,
    };
    programs.readings = programs.readings.into_iter().map(told).collect();
    programs.lacking = programs.lacking.into_iter().map(told).collect();
    let mut readings = programs.together(loads);
    if readings.is_empty() {
        return Err(nothing_runs(name, unit).into());
    }
    // What none of its processes has, the service has not.
    if readings
        .iter()
        .all(|reading| matches!(reading.found, Found::Absent))
    {
        let left_out = readings.split_off(1);
        Reading::take_wholes(&mut readings, left_out);
    }
    let starters = snapshot.processes.iter().filter(|process| {
        process.may_be_meant.is_some() && !is_main(process) && process.is_in_system_unit(name)
    });
    readings.extend(starters.map(Process::left_out));
    if snapshot.partial {
        readings.push(Reading::new(Found::Failed(others_hidden(name))).of_replica("hidden"));
    }
    // A restart gives it what the unit says then.
    let mended = |reading: Reading| match (&next, &reading.found) {
        (_, Found::Failed(_) | Found::Hidden { .. }) | (None, _) => reading,
        (Some(next), _) => next.mended(name, at, reading),
    };
    Ok(readings.into_iter().map(mended).collect())
}

/// Of the main process: when systemd started it, and what a restart would change.
fn told_of_next(mut reading: Reading, unit: &Unit, next: Option<&Next>) -> Reading {
    reading.started_at = unit.started_at;
    if let Found::Hidden { fixed_at, why, .. } = &mut reading.found
        && *why == OVERWRITTEN
    {
        *fixed_at = unit.started_at;
    }
    let Some(next) = next else {
        return reading;
    };
    if let (Some((path, written)), Some(started)) = (&next.written, unit.started_at)
        && *written > started
    {
        let note = format!("{} was written after it started: restart it", shown(path));
        return noted(reading, &note);
    }
    // Where PAM has the last word, nobody knows what it would be given.
    let differs = match (&reading.found, &next.set) {
        _ if next.pam.is_some() => false,
        (Found::Value(value), Some(next)) => value.expose() != next.expose(),
        (Found::Absent, Some(_)) => true,
        _ => false,
    };
    match differs {
        true => noted(
            reading,
            "the next start would give it something else: restart it",
        ),
        false => reading,
    }
}

/// Whether a process with the right number is the very one that systemd means: numbers are used again.
/// Its control group tells, or, where that shows nothing, when it was started. Both clocks are this
/// host's, and one counts whole seconds.
fn is_same(process: &Process, name: &str, unit: &Unit) -> bool {
    // A daemon may have forked long before systemd came to know it.
    let pattern = Pattern::new(&Pattern::escape(name));
    if pattern.is_ok_and(|pattern| process.is_in_unit(&pattern)) {
        return true;
    }
    match (process.started_at, unit.started_at) {
        (Some(process), Some(unit)) => process.duration_since(unit).abs() <= APART,
        _ => false,
    }
}

/// The time still proves what is older than the rotation.
fn unseen(unit: &Unit, error: ReadError) -> Reading {
    Reading::new(Found::Hidden {
        fixed_at: unit.started_at,
        why: "only the time of its start can be seen".into(),
        taken_for: Some(Box::new(Taken {
            found: Found::Failed(error),
            evidence: Evidence::None,
        })),
    })
}

fn out_of_sight(name: &str) -> ReadError {
    ReadError::new(
        ErrorKind::Denied,
        format!(
            "/proc hides the main process of {} from straggler",
            escape(name)
        ),
        "run straggler as root, or mount /proc without hidepid",
    )
}

fn others_hidden(name: &str) -> ReadError {
    ReadError::new(
        ErrorKind::Denied,
        format!(
            "/proc hides other users' processes from straggler, so there may be more of {}",
            escape(name)
        ),
        "run straggler as root, or mount /proc without hidepid",
    )
}

fn ended(name: &str) -> ReadError {
    ReadError::new(
        ErrorKind::NotFound,
        format!(
            "the main process of {} ended before it was looked at",
            escape(name)
        ),
        "run again",
    )
    .transient()
}
