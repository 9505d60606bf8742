use crate::key::Secret;
use crate::platform::docker::Details;
use crate::platform::processes::LOADS_ITSELF;
use crate::reading::{Found, Loads, Reading};

/// What Podman shows in place of a secret that it injects into the environment.
const INJECTED: &[u8] = b"*******";

/// What a container's environment holds in a variable.
pub(super) fn read(details: &Details, variable: &str, loads: Loads) -> Reading {
    let lines = details.environment.iter().chain(&details.command);
    in_variable(details, variable, loads).out_of_lines(lines.map(Secret::expose))
}

fn in_variable(details: &Details, variable: &str, loads: Loads) -> Reading {
    let mut value = None;
    let mut differs = false;
    for entry in &details.environment {
        let entry = entry.expose();
        let (name, set) = match entry.iter().position(|&byte| byte == b'=') {
            Some(at) => (&entry[..at], Some(&entry[at + 1..])),
            None => (entry, None),
        };
        if name == variable.as_bytes() {
            differs |= value.is_some() && value != set;
            value = set;
        }
    }
    match value {
        Some(INJECTED) => injected(details),
        Some(value) => {
            let reading = Reading::value(Secret::copied(value));
            match differs {
                true => reading
                    .with_note("the variable is there more than once, and the last one counts"),
                false => reading,
            }
        }
        // Podman tells only that something is injected, by the secret's name and not the variable's.
        None if details.environment.iter().any(hides) => injected(details),
        None if loads == Loads::Itself => Reading::new(Found::hidden(
            None,
            "the program loads its key by itself, so the container's environment does not show it; to \
             prove it, let it tell the fingerprint of what it loaded, or name the `file` it reads",
        )),
        None => Reading::new(Found::Absent).with_note(LOADS_ITSELF),
    }
}

fn hides(entry: &Secret) -> bool {
    entry
        .expose()
        .strip_suffix(INJECTED)
        .is_some_and(|name| name.last() == Some(&b'='))
}

/// A secret of Podman's, which every start looks up anew.
fn injected(details: &Details) -> Reading {
    Reading::new(Found::hidden(
        details.started_at,
        "Podman injects a secret into the environment when the container starts, and this one does not show it: run \
         straggler as root on the engine's machine, where the container's processes do",
    ))
}
