//! What the next start of a service would give it.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::renew::Origin;
use super::{At, outside};
use crate::envfile::{self, Dialect, Entry, Outside};
use crate::key::Secret;
use crate::platform::commands::quoted;
use crate::platform::files::{File, Glob, ReadFile, is_glob};
use crate::platform::processes::{Environ, List, LookUp, look_up};
use crate::platform::systemd::{ShowManager, Unit, assigned, shown};
use crate::platform::{Asking, Stop};
use crate::reading::{ErrorKind, Found, ReadError, Reading};
use crate::text::escape;

/// A variable of the environment that would be put together.
pub(super) struct Next {
    /// Its value.
    pub set: Option<Secret>,
    /// Where that comes from, or what would have to set it.
    pub origin: Origin,
    /// The file that was written last, and when.
    pub written: Option<(Arc<Path>, Timestamp)>,
    /// The PAM service that has the last word, if one has.
    pub pam: Option<Box<str>>,
    /// All that is put together, and what else its files say.
    whole: Secret,
    /// What somebody who looks at its files would not see, and what to do about it.
    causes: Vec<(String, String)>,
}

impl Next {
    pub fn into_reading(self, unit: &str, at: At<'_>) -> Reading {
        let note = self.origin.told();
        let found = match (&self.set, &self.origin) {
            (Some(value), _) => Found::Value(Secret::copied(value.expose())),
            (None, Origin::Managed(path)) => Found::hidden(
                None,
                format!(
                    "`ManagerEnvironment=` in {} may set what systemd hands on, and does not show in its environment; look \
                     at `stage: running`",
                    shown(path)
                ),
            ),
            (None, _) => Found::Absent,
        };
        let reading = match &self.pam {
            Some(pam) => outside::under_pam(found, pam),
            None => Reading::new(found),
        };
        let mut reading = self.mended(unit, at, reading);
        let mut notes = vec![note];
        for (told, mend) in self.causes {
            notes.push(told);
            reading = reading.mended_by(mend);
        }
        reading
            .with_note(notes.join("; "))
            .out_of(Arc::new(self.whole))
    }

    /// Says how the variable is mended.
    pub fn mended(&self, unit: &str, at: At<'_>, reading: Reading) -> Reading {
        let reading = self.origin.mended(unit, at, reading);
        match (
            &self.pam,
            reading.mend.as_ref().and_then(|mend| mend.words.as_deref()),
        ) {
            (Some(pam), Some(words)) => {
                let words = format!("{words}; {}", outside::mend_pam(pam));
                reading.mended_by(words)
            }
            _ => reading,
        }
    }
}

/// Puts it together as systemd does.
pub(super) fn next(name: &str, unit: &Unit, at: At<'_>, asking: &Asking<'_>) -> Result<Next, Stop> {
    let variable = at.variable;
    // Each is asked for before any is waited for.
    let manager = asking.of(&ShowManager);
    let passed = unit.passed.iter().any(|passed| **passed == *variable);
    let passed = passed.then(|| {
        let value = of_first_process(variable, asking);
        (value, outside::managed(variable, asking))
    });
    let files = files(name, unit, asking);
    let manager = manager?;
    let of_manager = last(&manager.0, variable);
    let mut set = of_manager.map(|value| (value, Origin::Manager));
    let mut managed = None;
    if let Some((value, manages)) = passed {
        if let Some(value) = value? {
            set = Some((value, Origin::Passed));
        }
        managed = manages?;
        if managed.is_some() {
            set = None;
        }
    }
    if let Some(value) = last(&unit.environment, variable) {
        set = Some((value, Origin::Unit));
    }
    let (files, absent) = files?;
    let texts = files.iter().map(|(_, file, _)| file.bytes.expose());
    let entries = manager
        .0
        .iter()
        .chain(&unit.environment)
        .map(Secret::expose);
    let whole = Secret::of_lines(entries.chain(texts));
    let mut written: Option<(Arc<Path>, Timestamp)> = None;
    let mut causes = Vec::new();
    for (path, file, optional) in files {
        if let Some(modified) = file.modified
            && written
                .as_ref()
                .is_none_or(|(_, before)| *before < modified)
        {
            written = Some((Arc::clone(&path), modified));
        }
        let entry = envfile::read(
            Dialect::Systemd,
            file.bytes.expose(),
            variable,
            Outside::Unknown,
        );
        if matches!(entry, Ok(Entry::Value(_))) {
            // What an earlier file hides matters no longer.
            causes.clear();
        }
        if let Ok(entry) = &entry
            && let Some(cause) =
                envfile::visible_cause(Dialect::Systemd, file.bytes.expose(), variable, entry)
        {
            let path = shown(&path);
            causes.push((
                format!("{path}: {}", cause.told),
                format!(
                    "{} {path}{}; then `systemctl restart {}`",
                    cause.mend,
                    match at.part {
                        Some(_) => format!(", with {} in it", at.key_in_its_part()),
                        None => String::new(),
                    },
                    quoted([name])
                ),
            ));
        }
        match entry {
            Ok(Entry::Value(value)) => {
                set = Some((value, Origin::File(Arc::clone(&path))));
            }
            Ok(_) => {}
            // With a `-` before its name none of it counts, and the service starts all the same.
            Err(rejected) if optional => causes.push((
                format!("systemd ignores {}: {rejected}", shown(&path)),
                format!(
                    "correct line {} of {}; then restart the service",
                    rejected.line,
                    shown(&path)
                ),
            )),
            Err(rejected) => {
                return Err(Stop::Failed(ReadError::new(
                    ErrorKind::BadData,
                    format!("systemd refuses {}: {rejected}", shown(&path)),
                    format!("correct line {} of it", rejected.line),
                )));
            }
        }
    }
    let is_unset = |entry: &Secret| {
        let entry = entry.expose();
        entry == variable.as_bytes()
            || set
                .as_ref()
                .is_some_and(|(value, _)| assigned(entry, variable) == Some(value.expose()))
    };
    let is_unset = unit.unset.iter().any(is_unset);
    // By its name it is taken out even of what PAM sets.
    let is_gone = unit
        .unset
        .iter()
        .any(|entry| entry.expose() == variable.as_bytes());
    let (set, origin) = match set {
        _ if is_unset => (None, Origin::Unset),
        Some((value, origin)) => (Some(value), origin),
        None => match (managed, absent) {
            (Some(path), _) => (None, Origin::Managed(path)),
            (None, Some(path)) => (None, Origin::AbsentFile(path)),
            (None, None) => (None, Origin::Nowhere),
        },
    };
    Ok(Next {
        set,
        origin,
        written,
        pam: unit.pam.clone().filter(|_| !is_gone),
        whole,
        causes,
    })
}

/// What systemd itself was started with.
fn of_first_process(variable: &str, asking: &Asking<'_>) -> Result<Option<Secret>, Stop> {
    let snapshot = asking.of(&List)?;
    let first = snapshot
        .processes
        .iter()
        .find(|process| process.id.pid == 1);
    let hidden = || {
        ReadError::new(
            ErrorKind::Denied,
            "the environment of systemd itself cannot be seen, from which `PassEnvironment=` takes it",
            "run straggler as root, or mount /proc without hidepid",
        )
    };
    let environment = asking.of(&Environ(first.ok_or_else(hidden)?.id))?;
    let environment = environment.as_ref().ok_or_else(hidden)?;
    Ok(match look_up(environment.expose(), variable) {
        LookUp::Once(value) | LookUp::Several(value, _) => Some(Secret::copied(value)),
        LookUp::Nowhere => None,
        LookUp::Overwritten => return Err(hidden().into()),
    })
}

/// The last assignment counts.
fn last(assignments: &[Secret], variable: &str) -> Option<Secret> {
    let mut assignments = assignments.iter().rev();
    let value = assignments.find_map(|assignment| assigned(assignment.expose(), variable))?;
    Some(Secret::copied(value))
}

/// Files, in the order in which they are read, and whether each may be absent or broken; and the last of
/// those that may be absent and are.
type Files<'a> = (Vec<(Arc<Path>, &'a File, bool)>, Option<Arc<Path>>);

/// The files that would be read.
fn files<'a>(name: &str, unit: &Unit, asking: &Asking<'a>) -> Result<Files<'a>, Stop> {
    // Each is asked for before any is waited for.
    let found: Vec<_> = unit
        .environment_files
        .iter()
        .map(|(path, optional)| (path, *optional, read(path, asking)))
        .collect();
    let mut files = Vec::new();
    let mut absent = None;
    for (path, optional, found) in found {
        let some = match found {
            Ok(some) => some,
            Err(Stop::Failed(error)) if error.kind == ErrorKind::NotFound => Vec::new(),
            Err(stop) => return Err(stop),
        };
        if some.is_empty() {
            if !optional {
                return Err(cannot_start(name, path).into());
            }
            if !is_glob(path) {
                absent = Some(Arc::clone(path));
            }
        }
        files.extend(some.into_iter().map(|(path, file)| (path, file, optional)));
    }
    Ok((files, absent))
}

/// The files that one `EnvironmentFile=` names.
fn read<'a>(path: &Arc<Path>, asking: &Asking<'a>) -> Result<Vec<(Arc<Path>, &'a File)>, Stop> {
    let paths = if is_glob(path) {
        let globbed = asking.of(&Glob {
            pattern: Arc::clone(path),
        })?;
        if let Some((_, error)) = globbed.unseen.first() {
            return Err(error.clone().into());
        }
        globbed.files.clone()
    } else {
        vec![Arc::clone(path)]
    };
    let asks: Vec<_> = paths
        .iter()
        .map(|path| ReadFile {
            path: Arc::clone(path),
        })
        .collect();
    let mut files = Vec::new();
    for (path, file) in paths.into_iter().zip(asking.all(&asks)?) {
        if let Some(file) = file.map_err(Clone::clone)? {
            files.push((path, file));
        }
    }
    Ok(files)
}

fn cannot_start(name: &str, path: &Path) -> ReadError {
    ReadError::new(
        ErrorKind::NotFound,
        format!(
            "{} cannot start: its {} is not there",
            escape(name),
            shown(path)
        ),
        "put the file there, with the key in it: with a `-` before it in `EnvironmentFile=` the service would start without",
    )
}
