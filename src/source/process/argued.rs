//! What processes were given in an argument, which everybody on their host can read.

use std::sync::Arc;

use super::{At, full_unit};
use crate::key::Secret;
use crate::platform::commands::quoted;
use crate::platform::processes::{Environ, Process, argued};
use crate::platform::{Asking, Stop};
use crate::reading::{Found, Reading};
use crate::text::{Escaped, escape};

/// One reading for each process and each value that differs. Where `all` belong together, such as those of
/// a unit, a helper that has no such option lacks nothing beside one that has it.
pub(super) fn read(
    option: &str,
    processes: &[&Process],
    all: bool,
    asking: &Asking<'_>,
) -> Result<Vec<Reading>, Stop> {
    let asks: Vec<_> = processes.iter().map(|one| Environ(one.id)).collect();
    let environments = asking.all(&asks)?;
    let mut readings = Vec::new();
    for (process, environment) in processes.iter().zip(environments) {
        let name = format!("{}/{}", Escaped(&process.name), process.id.pid);
        // Not everybody may read it, and the arguments are what the hop is about.
        let environment = environment.ok().and_then(Option::as_ref);
        let entries = environment.map_or(&[][..], Secret::expose);
        let entries = entries.split(|&byte| byte == 0);
        let whole = Arc::new(Secret::of_lines(entries.chain(process.arguments())));
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
        let (lacking, mut others): (Vec<_>, Vec<_>) = readings
            .into_iter()
            .partition(|reading| matches!(reading.found, Found::Absent));
        Reading::take_wholes(&mut others, lacking);
        return Ok(others);
    }
    Ok(readings)
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
