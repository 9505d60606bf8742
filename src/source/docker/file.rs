use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::renew::{Renewal, covering};
use super::{At, of, replica};
use crate::key::Secret;
use crate::platform::docker::{Archived, Container, Details, Look, ReadArchive, Seen};
use crate::platform::{Asking, Attempt, Stop};
use crate::reading::{Found, Reading, Taken};
use crate::verdict::Evidence;

/// How long after its start a container may still write what its program reads.
const SETTLES: SignedDuration = SignedDuration::from_secs(60);

/// Whether a path can be meant in a container.
pub(super) fn check(path: &str) -> Result<(), String> {
    if !path.starts_with('/') || path.ends_with('/') {
        return Err("expected the absolute path of a file in the container in `file`".to_owned());
    }
    if path.split('/').any(|part| matches!(part, "." | "..")) {
        return Err("expected a path without `.` and `..` in `file`".to_owned());
    }
    Ok(())
}

/// What each container has at a path.
pub(super) fn read(
    path: &Arc<str>,
    at: At<'_>,
    containers: &[(&Container, &Details)],
    all: &[Container],
    asking: &Asking<'_>,
) -> Result<Vec<Reading>, Stop> {
    let looks: Vec<_> = containers
        .iter()
        .filter_map(|(container, details)| look(path, container, details))
        .collect();
    let seen: Vec<_> = looks.iter().zip(asking.all(&looks)?).collect();
    let seen = |container: &Container| -> Option<Attempt<'_, Look>> {
        let mut seen = seen.iter();
        seen.find_map(|(look, seen)| (look.id == container.id).then_some(*seen))
    };
    let unseen: Vec<_> = containers
        .iter()
        .filter(|(container, _)| matches!(seen(container), None | Some(Ok(Seen::Unseen(_)))))
        .map(|(container, _)| ReadArchive {
            id: Arc::clone(&container.id),
            path: Arc::clone(path),
        })
        .collect();
    let archived: Vec<_> = unseen.iter().zip(asking.all(&unseen)?).collect();

    let mut readings = Vec::with_capacity(containers.len());
    for (container, details) in containers {
        let renewal = Renewal::of(container, details, all);
        let mended = |reading| renewal.of_file(path, at, reading);
        let why = match seen(container) {
            Some(Ok(Seen::File { bytes, modified })) => {
                let found = Found::Value(Secret::copied(bytes.expose()));
                readings.push(mended(of(container, found).started_at(details.started_at)));
                readings.extend(program(&renewal, container, details, *modified));
                continue;
            }
            Some(Ok(Seen::Nothing)) => {
                let reading = of(container, Found::Absent).with_note("there is no such file");
                readings.push(mended(reading.started_at(details.started_at)));
                continue;
            }
            Some(Err(error)) => {
                readings.push(of(container, Found::Failed(error.clone())));
                continue;
            }
            Some(Ok(Seen::Unseen(why))) => why,
            None => "it has no process at the moment",
        };
        let mut archived = archived.iter();
        match archived.find_map(|(ask, got)| (ask.id == container.id).then_some(*got)) {
            Some(Ok(Archived::Gone)) | None => {}
            Some(Ok(Archived::Nothing)) => readings.push(hidden(
                container,
                details,
                format!("the engine's archive has no such file, but may not show one that is mounted ({why})"),
            )),
            Some(Ok(Archived::File { bytes, modified })) => {
                let found = shown(path, container, details, bytes, why);
                let reading = of(container, found).started_at(details.started_at);
                readings.push(match &reading.found {
                    Found::Hidden { taken_for: None, .. } => reading,
                    _ => mended(reading),
                });
                readings.extend(program(&renewal, container, details, *modified));
            }
            Some(Err(error)) => readings.push(of(container, Found::Failed(error.clone()))),
        }
    }
    Ok(readings)
}

fn look(path: &Arc<str>, container: &Container, details: &Details) -> Option<Look> {
    Some(Look {
        id: Arc::clone(&container.id),
        pid: details.pid?,
        path: Arc::clone(path),
    })
}

fn hidden(container: &Container, details: &Details, why: String) -> Reading {
    of(container, Found::hidden(None, why)).started_at(details.started_at)
}

/// What a file in the engine's archive says of the one that the program reads.
fn shown(path: &str, container: &Container, details: &Details, bytes: &Secret, why: &str) -> Found {
    let mount = covering(&details.mounts, path);
    let in_memory = match mount {
        Some(mount) => mount.in_memory,
        // What Swarm mounts for a task is in no list.
        None => container.label("com.docker.swarm.task.id").is_some(),
    };
    if bytes.is_empty() || in_memory {
        return Found::hidden(
            None,
            format!(
                "the engine's archive does not show what is mounted in memory ({why}): run straggler as root on the engine's \
                 machine, with its socket"
            ),
        );
    }
    let found = Found::Value(Secret::copied(bytes.expose()));
    if mount.is_none() {
        return found;
    }
    Found::Hidden {
        fixed_at: None,
        why: format!(
            "the engine's archive shows what is on its host now, and a file that was replaced there is still the old one in \
             the container ({why})"
        )
        .into(),
        taken_for: Some(Box::new(Taken {
            found,
            evidence: Evidence::Attested,
        })),
    }
}

/// What the program itself holds, where the file is younger than it.
fn program(
    renewal: &Renewal<'_>,
    container: &Container,
    details: &Details,
    modified: Option<Timestamp>,
) -> Option<Reading> {
    let (started_at, modified) = (details.started_at?, modified?);
    if modified <= started_at.checked_add(SETTLES).ok()? {
        return None;
    }
    let found = Found::hidden(
        None,
        "the file changed after the container was started, and its program may have read it before: restart it to be sure",
    );
    let reading = Reading::new(found).of_replica(format!("{}/program", replica(container)));
    Some(renewal.of_program(reading.started_at(Some(started_at))))
}
