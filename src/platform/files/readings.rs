use std::path::Path;
use std::sync::Arc;

use super::read::shown;
use super::{File, Glob, ReadFile, is_glob};
use crate::platform::{Asking, Stop};
use crate::reading::{ErrorKind, Found, ReadError, Reading};

/// The readings of a path: of one file, or of every file that a glob matches, each a replica.
///
/// A missing file is an answer, for its directory was read. A glob that matches nothing is none:
/// nothing says that there should have been a file.
///
/// # Errors
///
/// As [`Asking::of`], and when a glob matches nothing.
pub fn readings<'a>(
    path: &Arc<Path>,
    asking: &Asking<'a>,
    understand: impl Fn(&'a File) -> Reading,
) -> Result<Vec<Reading>, Stop> {
    let understand = |file: &'a Option<File>| match file {
        Some(file) => Reading {
            identity: Some(file.identity.clone()),
            ..understand(file)
        },
        None => Reading::new(Found::Absent).with_note("there is no such file"),
    };
    if !is_glob(path) {
        let path = Arc::clone(path);
        return Ok(vec![understand(asking.of(&ReadFile { path })?)]);
    }
    let pattern = Arc::clone(path);
    let globbed = asking.of(&Glob { pattern })?;
    let asks: Vec<ReadFile> = globbed
        .files
        .iter()
        .map(|path| ReadFile {
            path: Arc::clone(path),
        })
        .collect();
    let files = asking.all(&asks)?;
    let failed = |error: &ReadError| Reading::new(Found::Failed(error.clone()));

    let mut readings: Vec<Reading> = asks
        .iter()
        .zip(files)
        .map(|(ask, file)| {
            let reading = file.map_or_else(failed, understand);
            reading.of_replica(shown(&ask.path))
        })
        .collect();
    readings.extend(
        globbed
            .unseen
            .iter()
            .map(|(path, error)| failed(error).of_replica(shown(path))),
    );
    if readings.is_empty() {
        return Err(Stop::Failed(ReadError::new(
            ErrorKind::NotFound,
            format!("no file matches {}: nothing was seen", shown(path)),
            "correct the glob, or put there what it should match",
        )));
    }
    Ok(readings)
}
