//! What the versions of a reference's store tell: the keys that were current before, and since when
//! the current one is there.

use jiff::Timestamp;

use super::reference::shape;
use super::time::surely_before;
use crate::inventory::Project;
use crate::key::{Fingerprint, Secret};
use crate::keyring::{KeyId, Keyring, Known, Placeholder, ProjectId, Role, placeholder};
use crate::reading::{Found, Version};

/// The project, where the keys of one are looked at by themselves.
const ALONE: ProjectId = ProjectId(0);

/// What a history tells.
#[derive(Default)]
pub struct History {
    /// The keys that were current before, the latest first, each with the time at which the store
    /// first had it.
    pub previous: Vec<(Secret, Option<Timestamp>)>,
    /// A moment at which the store did not have the current key for longer than it can tell: what
    /// comes after that store and was fixed earlier cannot hold it.
    pub stored_at: Option<Timestamp>,
}

/// Reads a history, oldest version first. `current` is the reference, `keyring` whatever else is known.
#[must_use]
pub fn derive(
    versions: Vec<Version>,
    current: &Fingerprint,
    id: ProjectId,
    project: &Project,
    keyring: &Keyring,
) -> History {
    History {
        stored_at: first_stored(&versions, current, project, keyring),
        previous: earlier_keys(versions, current, id, project, keyring),
    }
}

/// Since when the place of a project's next key may have held the one that is current now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsNext {
    /// It did not, until the store of the reference had the key.
    Never,
    /// At the earliest since this moment.
    Since(Timestamp),
    /// It may have from before all that is kept of it.
    Unknown {
        /// Whether the key was seen there.
        held: bool,
    },
}

/// Reads the history of the next key's place, oldest version first, for the key that the reference's store
/// has since `stored_at`. The key counts from its first appearance on, also where it went from there
/// before it became the current one: promoting it takes a while. A version that may have held it, in a
/// form of its own or out of sight, counts as one that did.
#[must_use]
pub fn as_next(
    versions: &[Version],
    current: &Fingerprint,
    stored_at: Timestamp,
    project: &Project,
    keyring: &Keyring,
) -> AsNext {
    let alone = alone(current, project, keyring);
    let is_other = |version: &Version| shows_none(version, current, project, &alone);
    let held = versions.iter().position(|version| holds(version, current));
    // Clocks of two stores differ.
    let is_earlier = |version: &Version| {
        let later = |created_at| stored_at < surely_before(created_at);
        !version.created_at.is_some_and(later)
    };
    let start = match held {
        Some(held) => versions[..held].iter().rposition(is_other).map(|at| at + 1),
        None => {
            let covered = versions.first().and_then(|oldest| oldest.created_at);
            if covered.is_none_or(|covered| surely_before(stored_at) <= covered) {
                return AsNext::Unknown { held: false };
            }
            match versions
                .iter()
                .position(|version| is_earlier(version) && !is_other(version))
            {
                None => return AsNext::Never,
                Some(at) => (at > 0).then_some(at),
            }
        }
    };
    let since = start.and_then(|at| versions[at].created_at);
    let held = held.is_some();
    since.map_or(AsNext::Unknown { held }, AsNext::Since)
}

/// When the current key took another one's place in the store. A version that shows no other key may
/// have held it already, in a form of its own or out of sight, so then the time of that one counts. Where
/// no version before shows another key, no rotation was seen: the key was there from the start, and was
/// brought in from elsewhere for all that is known.
#[must_use]
pub fn first_stored(
    versions: &[Version],
    current: &Fingerprint,
    project: &Project,
    keyring: &Keyring,
) -> Option<Timestamp> {
    let first = versions
        .iter()
        .position(|version| holds(version, current))?;
    let alone = alone(current, project, keyring);
    let before = versions[..first]
        .iter()
        .rposition(|version| shows_another(version, project, &alone))?;
    versions[before + 1].created_at
}

/// Whether this version held the very key.
fn holds(version: &Version, current: &Fingerprint) -> bool {
    matches!(&version.found, Found::Value(value) if value.fingerprint().agrees(current))
}

/// Whether this version surely held no current key: another one, or nothing.
fn shows_none(
    version: &Version,
    current: &Fingerprint,
    project: &Project,
    alone: &Keyring,
) -> bool {
    let Found::Value(value) = &version.found else {
        return false;
    };
    let nothing = [Placeholder::Empty, Placeholder::Blank];
    placeholder(value.expose(), &project.variable).is_some_and(|found| nothing.contains(&found))
        || (!holds(version, current) && shows_another(version, project, alone))
}

/// Whether this version surely held another key than the current one, which stands alone in `alone`.
fn shows_another(version: &Version, project: &Project, alone: &Keyring) -> bool {
    let Found::Value(value) = &version.found else {
        return false;
    };
    shape(value, project).is_sound() && alone.explain_value(ALONE, value.expose()).is_none()
}

/// A keyring of the current key alone; empty where its bytes are not at hand.
fn alone(current: &Fingerprint, project: &Project, keyring: &Keyring) -> Keyring {
    let reference = keyring.secret_of(current).map(|secret| {
        let secret = Secret::copied(secret.expose());
        Known::by_value(KeyId::current(ALONE), secret)
    });
    Keyring::new(reference.into_iter().collect(), &[&*project.variable])
}

fn earlier_keys(
    versions: Vec<Version>,
    current: &Fingerprint,
    id: ProjectId,
    project: &Project,
    keyring: &Keyring,
) -> Vec<(Secret, Option<Timestamp>)> {
    // By last appearance, each once, with the time of the first.
    let mut keys: Vec<(Secret, Option<Timestamp>)> = Vec::new();
    for version in versions {
        let Found::Value(value) = version.found else {
            continue;
        };
        let fingerprint = value.fingerprint();
        if fingerprint.agrees(current)
            || !shape(&value, project).is_sound()
            || belongs_elsewhere(&fingerprint, id, keyring)
        {
            continue;
        }
        let known = keys
            .iter()
            .position(|(key, _)| key.fingerprint() == fingerprint);
        let first = match known {
            Some(at) => keys.remove(at).1,
            None => version.created_at,
        };
        keys.push((value, first));
    }
    keys.reverse();
    without_damaged(keys, current, project, keyring)
}

/// Whether another project has this key, or this project has it as its next one.
#[must_use]
pub fn belongs_elsewhere(fingerprint: &Fingerprint, id: ProjectId, keyring: &Keyring) -> bool {
    let known = keyring.exact(id, fingerprint);
    known.is_some_and(|known| {
        let own = |key: &KeyId| key.project == id && key.role() == Role::Previous;
        !known.keys.iter().any(own)
    })
}

/// Leaves out what is only a damaged form of another version. The current key is taken for whole, and
/// of two others the one whose length is nearer to its.
fn without_damaged(
    keys: Vec<(Secret, Option<Timestamp>)>,
    current: &Fingerprint,
    project: &Project,
    keyring: &Keyring,
) -> Vec<(Secret, Option<Timestamp>)> {
    let usual = keyring.secret_of(current).map_or(0, Secret::len);
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by_key(|&index| (keys[index].0.len().abs_diff(usual), index));

    let mut whole = alone(current, project, keyring);
    let mut damaged = vec![false; keys.len()];
    for index in order {
        let key = &keys[index].0;
        if whole.explain_value(ALONE, key.expose()).is_some() {
            damaged[index] = true;
            continue;
        }
        whole.learn(ALONE, |id| {
            Known::by_value(id, Secret::copied(key.expose()))
        });
    }
    keys.into_iter()
        .zip(damaged)
        .filter_map(|(key, damaged)| (!damaged).then_some(key))
        .collect()
}
