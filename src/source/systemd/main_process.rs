//! What the main process of a service was started with.

use glob::Pattern;
use jiff::SignedDuration;

use super::{next, noted, nothing_runs};
use crate::key::Secret;
use crate::platform::processes::{Environ, List, LookUp, Process, look_up};
use crate::platform::systemd::{Unit, shown};
use crate::platform::{Asking, Stop};
use crate::reading::{ErrorKind, Found, ReadError, Reading, Taken};
use crate::text::escape;
use crate::verdict::Evidence;

/// As far as two ways to tell one start may be apart.
const APART: SignedDuration = SignedDuration::from_secs(5);

/// Reads a variable of it.
pub(super) fn held(
    name: &str,
    unit: &Unit,
    variable: &str,
    asking: &Asking<'_>,
) -> Result<Reading, Stop> {
    if unit.main_pid == 0 {
        return Err(nothing_runs(name, unit).into());
    }
    // Both are asked for before either is waited for.
    let snapshot = asking.of(&List);
    let next = next::next(name, unit, variable, asking);
    let snapshot = snapshot?;
    let is_main =
        |process: &&Process| process.id.pid == unit.main_pid && is_same(process, name, unit);
    let started_at = unit.started_at;
    let reading = match snapshot.processes.iter().find(is_main) {
        Some(process) => match asking.attempt(&Environ(process.id))? {
            Ok(Some(environment)) => of(environment, variable, unit),
            Ok(None) => return Err(ended(name).into()),
            Err(error) => unseen(unit, error.clone()),
        },
        None if snapshot.partial => unseen(unit, out_of_sight(name)),
        None => return Err(ended(name).into()),
    };
    let reading = reading.started_at(started_at);
    let next = match next {
        Ok(next) => next,
        Err(Stop::Pending) => return Err(Stop::Pending),
        // What runs is judged, whatever the next start would meet.
        Err(Stop::Failed(_)) => return Ok(reading),
    };
    if let (Some((path, written)), Some(started)) = (&next.written, started_at)
        && *written > started
    {
        let note = format!("{} was written after it started: restart it", shown(path));
        return Ok(noted(reading, &note));
    }
    let differs = match (&reading.found, &next.set) {
        (Found::Value(value), Some((next, _))) => value.expose() != next.expose(),
        (Found::Absent, Some(_)) => true,
        _ => false,
    };
    Ok(match differs {
        true => noted(
            reading,
            "the next start would give it something else: restart it",
        ),
        false => reading,
    })
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

fn of(environment: &Secret, variable: &str, unit: &Unit) -> Reading {
    match look_up(environment.expose(), variable) {
        LookUp::Once(value) => Reading::value(Secret::copied(value)),
        LookUp::First(value) => Reading::value(Secret::copied(value))
            .with_note("the variable stands there more than once, and the first counts"),
        LookUp::Nowhere => Reading::new(Found::Absent),
        LookUp::Overwritten => Reading::new(Found::hidden(
            unit.started_at,
            "its environment is empty or was overwritten by the program itself; `stage: config` says what it \
             would get when it is restarted",
        )),
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
