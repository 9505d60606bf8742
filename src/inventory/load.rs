use std::path::Path;

use jiff::Timestamp;

use super::check::check;
use super::expand::Writer;
use super::files::{Disk, Files};
use super::ground::Ground;
use super::include::Gathering;
use super::keys::Guard;
use super::log::Log;
use super::template::{Outside, unfilled};
use super::{Inventory, Problems};

/// What loading needs from outside the files.
pub struct Surroundings<'a> {
    /// Where files are read from.
    pub files: &'a dyn Files,
    /// What `${env.NAME}` is filled in with.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// The present.
    pub now: Timestamp,
}

/// Reads targets.yaml and what it includes from disk, and checks all of it.
///
/// # Errors
///
/// Everything that is wrong and can be told apart.
pub fn load(
    path: &Path,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Inventory, Problems> {
    let surroundings = Surroundings {
        files: &Disk,
        environment,
        now: Timestamp::now(),
    };
    let mut inventory = load_from(path, &surroundings)?;
    if let Ok(path) = std::fs::canonicalize(path) {
        inventory.identity.path = path;
    }
    Ok(inventory)
}

/// As [`load`], from wherever the files are.
///
/// # Errors
///
/// Everything that is wrong and can be told apart.
pub fn load_from(path: &Path, surroundings: &Surroundings<'_>) -> Result<Inventory, Problems> {
    run(path, surroundings, None)
}

/// The same inventory as one file in which nothing is left to be filled in: templates, matrices,
/// routes, defaults and includes are written out.
///
/// # Errors
///
/// As [`load`].
pub fn expand(
    path: &Path,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<String, Problems> {
    let surroundings = Surroundings {
        files: &Disk,
        environment,
        now: Timestamp::now(),
    };
    expand_from(path, &surroundings)
}

/// As [`expand`], from wherever the files are.
///
/// # Errors
///
/// As [`load`].
pub fn expand_from(path: &Path, surroundings: &Surroundings<'_>) -> Result<String, Problems> {
    let mut writer = Writer::default();
    let inventory = run(path, surroundings, Some(&mut writer))?;
    Ok(unfilled(&writer.finish(), &inventory.env_secrets))
}

fn run(
    path: &Path,
    surroundings: &Surroundings<'_>,
    writer: Option<&mut Writer>,
) -> Result<Inventory, Problems> {
    let log = Log::default();
    let outside = Outside::new(surroundings.environment);
    let gathering = Gathering::of(path, surroundings, &outside, &log);
    // Before any name is shown, it must be known what a key looks like.
    log.set_guard(Guard::new(
        gathering.units.iter().map(|unit| &*unit.tree),
        &log,
    ));
    let ground = Ground::new(&log, &outside, surroundings.now, gathering.whole);
    let mut inventory = check(gathering.units, ground, writer);
    inventory.files = log.finish().map_err(|problems| problems.shown(&outside))?;
    inventory.env_secrets = outside.secrets().into();
    inventory.identity.path = path.to_owned();
    Ok(inventory)
}
