//! Units that the managers of users run, which straggler does not ask.

use std::path::Path;
use std::sync::Arc;

use crate::platform::files::{Glob, is_glob};
use crate::platform::systemd::shown;
use crate::platform::{Asking, Stop};
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// Where the units of users are, by systemd.unit(5), with the homes at their usual places.
pub(super) const FOLDERS: [&str; 12] = [
    "/home/*/.config/systemd/user",
    "/home/*/.local/share/systemd/user",
    "/root/.config/systemd/user",
    "/root/.local/share/systemd/user",
    "/etc/xdg/systemd/user",
    "/etc/systemd/user",
    "/run/systemd/user",
    "/usr/local/share/systemd/user",
    "/usr/share/systemd/user",
    "/usr/local/lib/systemd/user",
    "/usr/lib/systemd/user",
    "/lib/systemd/user",
];

/// Why a unit is not seen that the system's manager does not know.
pub(super) fn unknown(name: &str, asking: &Asking<'_>) -> Result<ReadError, Stop> {
    let file = declared(name, asking)?;
    let name = escape(name);
    let (message, next) = match file {
        Some(path) => (
            format!(
                "the system's systemd has no unit {name}, but {} is one of users: a user's own manager runs it \
                 (`systemctl --user`), which is not asked; nothing was seen",
                shown(&path)
            ),
            format!(
                "read what runs with `process: {{ unit: {name} }}` in its place, and the files that it names with `dotenv` \
                 and `dialect: systemd`"
            ),
        ),
        None => (
            format!("the system's systemd has no unit {name}: nothing was seen"),
            format!(
                "correct `unit`, or install it; where a user's own manager runs it (`systemctl --user`), which is not \
                 asked, read what runs with `process: {{ unit: {name} }}`"
            ),
        ),
    };
    Ok(ReadError::new(ErrorKind::NotFound, message, next))
}

/// The first file that declares it for users. A folder that may not be looked into says nothing.
fn declared(name: &str, asking: &Asking<'_>) -> Result<Option<Arc<Path>>, Stop> {
    // An instance is declared by its template as well.
    let template = name.split_once('@').map(|(prefix, rest)| {
        let suffix = rest.rsplit_once('.').map_or("", |(_, suffix)| suffix);
        format!("{prefix}@.{suffix}")
    });
    let names = [Some(name.to_owned()), template];
    let names = names.iter().flatten();
    let names = names.filter(|name| !is_glob(Path::new(name)));
    let globs: Vec<_> = names
        .flat_map(|name| {
            FOLDERS.map(|folder| Glob {
                pattern: Path::new(folder).join(name).into(),
            })
        })
        .collect();
    let mut found = asking.all(&globs)?.into_iter().flatten();
    Ok(found.find_map(|globbed| globbed.files.first().cloned()))
}
