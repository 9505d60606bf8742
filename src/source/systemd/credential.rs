//! A credential that systemd hands to a service as a file.

use std::path::Path;
use std::sync::Arc;

use super::{At, noted, nothing_runs};
use crate::key::Secret;
use crate::platform::commands::quoted;
use crate::platform::files::ReadFile;
use crate::platform::systemd::{ShowCredentials, Unit, shown};
use crate::platform::{Asking, Stop};
use crate::reading::{ErrorKind, Found, ReadError, Reading};
use crate::text::escape;

/// Where systemd looks for a credential that is named without a path, in this order.
const STORES: [&str; 4] = [
    "/etc/credstore",
    "/run/credstore",
    "/usr/local/lib/credstore",
    "/usr/lib/credstore",
];

/// What the next start would hand over.
pub(super) fn next(
    name: &str,
    credential: &str,
    at: At<'_>,
    asking: &Asking<'_>,
) -> Result<Reading, Stop> {
    let restart = format!("`systemctl restart {}`", quoted([name]));
    let all = asking.of(&ShowCredentials { unit: name.into() })?;
    if all.encrypted.iter().any(|known| **known == *credential) {
        return Ok(Reading::new(Found::hidden(
            None,
            "it is encrypted, and decrypted only when the service starts: look at `stage: running`",
        )));
    }
    let loaded = all.loaded.iter().find(|(known, _)| **known == *credential);
    if let Some((_, from)) = loaded {
        let absolute = Path::new(&**from).is_absolute();
        let paths: Vec<Arc<Path>> = match absolute {
            true => vec![Path::new(&**from).into()],
            false => STORES
                .map(|store| Path::new(store).join(&**from).into())
                .into(),
        };
        let asks: Vec<_> = paths
            .iter()
            .map(|path| ReadFile {
                path: Arc::clone(path),
            })
            .collect();
        for (path, file) in paths.iter().zip(asking.all(&asks)?) {
            match file {
                Ok(Some(file)) => {
                    let value = Secret::copied(file.bytes.expose());
                    let exactly = match at.part {
                        Some(_) => "",
                        None => ", without a line break after it",
                    };
                    let words = format!("{}{exactly}, then {restart}", at.write_to(&shown(path)));
                    return Ok(Reading::value(value)
                        .with_note(format!("loaded from {}", shown(path)))
                        .mended_by(words));
                }
                // A store that is not there holds nothing.
                Ok(None) => {}
                Err(error) if error.kind == ErrorKind::NotFound => {}
                Err(error) => return Err(error.clone().into()),
            }
        }
    }
    if let Some((_, value)) = all.set.iter().find(|(known, _)| **known == *credential) {
        let value = Secret::copied(value.expose());
        let words = format!(
            "make it {} in `SetCredential=` of the unit, with each `%` of it as `%%`; then `systemctl daemon-reload` and \
             {restart}",
            at.key_in_its_part()
        );
        return Ok(Reading::value(value)
            .with_note("set by SetCredential=")
            .mended_by(words));
    }
    match loaded {
        Some((_, from)) if Path::new(&**from).is_absolute() => Err(Stop::Failed(ReadError::new(
            ErrorKind::NotFound,
            format!(
                "{} cannot start: {} is not there",
                escape(name),
                shown(Path::new(&**from))
            ),
            "put the file there that `LoadCredential=` names, with the key in it",
        ))),
        Some((_, from)) => Ok(Reading::new(Found::Absent)
            .with_note("no credential store of this host has it")
            .mended_by(format!(
                "write {} to {}, without a line break after it, then {restart}",
                at.key_in_its_part(),
                shown(&Path::new(STORES[0]).join(&**from))
            ))),
        None => Ok(Reading::new(Found::Absent)
            .with_note("the unit has no such credential")
            .mended_by(format!(
                "add `LoadCredential={}:PATH` to the unit with `systemctl edit {}`, where the file PATH holds {} without a line \
                 break after it; then {restart}",
                escape(credential),
                quoted([name]),
                at.key_in_its_part()
            ))),
    }
}

/// What it was handed when it started.
pub(super) fn held(
    name: &str,
    unit: &Unit,
    credential: &str,
    at: At<'_>,
    asking: &Asking<'_>,
) -> Result<Reading, Stop> {
    if !matches!(
        &*unit.active,
        "active" | "reloading" | "activating" | "deactivating"
    ) {
        return Err(nothing_runs(name, unit).into());
    }
    // Credentials may be mounted where only the service sees them.
    let root = match unit.main_pid {
        0 => "/".to_owned(),
        pid => format!("/proc/{pid}/root"),
    };
    let path = Path::new(&root)
        .join("run/credentials")
        .join(name)
        .join(credential);
    let ask = ReadFile { path: path.into() };
    // Both are asked for before either is waited for.
    let (file, next) = (asking.attempt(&ask), next(name, credential, at, asking));
    if matches!(next, Err(Stop::Pending)) {
        return Err(Stop::Pending);
    }
    let has_none = matches!(&next, Ok(next) if matches!(next.found, Found::Absent));
    let reading = match file? {
        Ok(Some(file)) => Reading::value(Secret::copied(file.bytes.expose())),
        Ok(None) => Reading::new(Found::Absent),
        // Without credentials it has no folder for them; with some, its process ended meanwhile.
        Err(error) if error.kind == ErrorKind::NotFound && has_none => Reading::new(Found::Absent),
        Err(error) => return Err(error.clone().into()),
    };
    let mut reading = reading.started_at(unit.started_at);
    if let Ok(next) = &next {
        reading.mend.clone_from(&next.mend);
    }
    let differs = match next {
        // What runs is judged, whatever the next start would meet.
        Err(_) => false,
        Ok(next) => match (&reading.found, &next.found) {
            (Found::Value(value), Found::Value(next)) => value.expose() != next.expose(),
            (Found::Absent, Found::Value(_)) => true,
            _ => false,
        },
    };
    Ok(match differs {
        true => noted(
            reading,
            "the next start would hand it something else: restart it",
        ),
        false => reading,
    })
}
