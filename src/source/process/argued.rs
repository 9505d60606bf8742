//! What processes were given in an argument, which everybody on their host can read.

use std::sync::Arc;

use super::{At, full_unit};
use crate::key::Secret;
use crate::platform::commands::quoted;
use crate::platform::processes::{Process, argued};
use crate::reading::{Found, Reading};
use crate::text::{Escaped, escape};

/// One reading for each process and each value that differs. Where `all` belong together, such as those of
/// a unit, a helper that has no such option lacks nothing beside one that has it.
pub(super) fn read(option: &str, processes: &[&Process], all: bool) -> Vec<Reading> {
    let mut readings = Vec::new();
    for process in processes {
        let name = format!("{}/{}", Escaped(&process.name), process.id.pid);
        let whole = Arc::new(Secret::of_lines(process.arguments()));
        for (index, found) in argued(process.arguments(), option).into_iter().enumerate() {
            let replica = match index {
                0 => name.clone(),
                more => format!("{name}/{}", more + 1),
            };
            let reading = Reading::new(found).of_replica(replica);
            let reading = reading.out_of(Arc::clone(&whole));
            readings.push(reading.started_at(process.started_at));
        }
    }
    let has_it = |reading: &Reading| matches!(reading.found, Found::Value(_));
    if all && readings.iter().any(has_it) {
        readings.retain(|reading| !matches!(reading.found, Found::Absent));
    }
    readings
}

/// The key, as what is to be given: `the current key behind --api-key`.
pub(super) fn given(option: &str, at: At<'_>) -> String {
    format!("{} after `{}`", at.key_in_its_part(), escape(option))
}

/// How it is given another one.
pub(super) fn remedy(option: &str, unit: Option<&str>, shown: &str, at: At<'_>) -> String {
    let given = given(option, at);
    match unit {
        Some(unit) => {
            let unit = quoted([&*full_unit(unit)]);
            format!(
                "let it be {given} where `systemctl cat {unit}` shows its `ExecStart=`, with each `%` and `$` of it twice, or \
                 where that takes it from; then `systemctl daemon-reload` and `systemctl restart {unit}`; {SHOWN}"
            )
        }
        None => format!("restart the process ({shown}) with {given}; {SHOWN}"),
    }
}

const SHOWN: &str =
    "everybody on its host can read arguments, so its environment or a file is a better place";
