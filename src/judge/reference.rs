//! The reference and the other known keys, before any hop is compared with them.

use std::borrow::Cow;

use jiff::Timestamp;

use super::time::surely_before;
use super::{Scope, Soundness};
use crate::inventory::Project;
use crate::key::{Fingerprint, Secret};
use crate::keyring::{
    Damage, KeyId, Role, placeholder, placeholder_by_fingerprint, surrounding, unwrapped, wrapping,
};
use crate::reading::{ErrorKind, Found, ReadError, Reading};
use crate::verdict::Verdict;

/// A known key as it was read: by value, or only its fingerprint.
pub enum Material {
    /// The bytes.
    Value(Secret),
    /// As many digits as were given.
    Fingerprint(Fingerprint),
}

impl Material {
    /// At full length when the bytes are at hand.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        match self {
            Self::Value(secret) => secret.fingerprint(),
            Self::Fingerprint(fingerprint) => *fingerprint,
        }
    }
}

/// What one reading of a known key's place gave.
pub struct Examined {
    /// The key, as far as one was seen, without what it is wrapped in. It may be compared with where it is
    /// sound.
    pub material: Option<Material>,
    /// What is wrong with it.
    pub soundness: Soundness,
    /// What its source had to say.
    pub note: Option<Cow<'static, str>>,
}

/// Judges a known key by itself, before it is compared with others.
#[must_use]
pub fn examine(readings: Result<Vec<Reading>, ReadError>, project: &Project) -> Examined {
    let fault = |soundness, note| Examined {
        material: None,
        soundness,
        note,
    };
    let mut readings = match readings {
        Ok(readings) => readings,
        Err(error) => return fault(Soundness::Unread(Box::new(error)), None),
    };
    let (Some(reading), None) = (readings.pop(), readings.pop()) else {
        return fault(Soundness::NotOneKey, None);
    };
    let note = reading.note;
    match reading.found {
        Found::Failed(error) => fault(Soundness::Unread(Box::new(error)), note),
        Found::Absent => fault(Soundness::Absent, note),
        Found::Hidden { .. } => fault(Soundness::NotOneKey, note),
        Found::Fingerprint { attested: true, .. } => fault(Soundness::NotOneKey, note),
        Found::Fingerprint { fingerprint, .. } => Examined {
            note,
            ..declared(fingerprint, project)
        },
        Found::Value(value) => match shape(&value, project) {
            Soundness::Sound => Examined {
                soundness: stored(reading.stored_at, project),
                material: Some(Material::Value(value)),
                note,
            },
            unsound => Examined {
                material: held(&value, &unsound, project),
                soundness: unsound,
                note,
            },
        },
    }
}

/// Judges a known key of which only the fingerprint is known. Whoever hashed an unset variable has the
/// fingerprint of nothing, which every empty place would agree with.
#[must_use]
pub fn declared(fingerprint: Fingerprint, project: &Project) -> Examined {
    let placeholder = placeholder_by_fingerprint(&fingerprint, &project.variable);
    let (material, soundness) = match placeholder {
        Some(placeholder) => (None, Soundness::Placeholder(placeholder)),
        None => (Some(Material::Fingerprint(fingerprint)), Soundness::Sound),
    };
    Examined {
        material,
        soundness,
        note: None,
    }
}

/// Judges a known key that was given to straggler itself.
#[must_use]
pub fn given(secret: &Secret, note: Option<Cow<'static, str>>, project: &Project) -> Examined {
    let mut reading = Reading::value(Secret::copied(secret.expose()));
    reading.note = note;
    examine(Ok(vec![reading]), project)
}

/// Whether the bytes look like a key at all.
#[must_use]
pub fn shape(value: &Secret, project: &Project) -> Soundness {
    let format = project.format.as_ref();
    let fits = format.map(|format| format.fits(value.expose()));
    // A key that is known by its format is a key, whatever stands around it.
    let inside = match format.filter(|_| fits == Some(false)) {
        Some(format) => surrounding(value.expose(), format),
        None => None,
    };
    if inside.is_none()
        && let Some(placeholder) = placeholder(value.expose(), &project.variable)
    {
        return Soundness::Placeholder(placeholder);
    }
    if fits == Some(true) {
        return Soundness::Sound;
    }
    if format.is_none() && is_fingerprint(value) {
        return Soundness::NotOneKey;
    }
    let is_named = |damage: &[Damage]| damage != [Damage::Surrounded];
    if let Some(inside) = inside.as_ref().filter(|damage| is_named(damage)) {
        return Soundness::Damaged(inside.clone());
    }
    let damage = wrapping(value.expose(), &project.variable);
    if !damage.is_empty() {
        return Soundness::Damaged(damage);
    }
    if let Some(inside) = inside {
        return Soundness::Damaged(inside);
    }
    match fits {
        Some(false) => Soundness::OutsideFormat {
            length: value.len() as u64,
        },
        _ => Soundness::Sound,
    }
}

/// Whether it tells of a key, and is none.
fn is_fingerprint(value: &Secret) -> bool {
    let text = std::str::from_utf8(value.expose().trim_ascii());
    text.is_ok_and(|text| text.starts_with("sha256:") && text.parse::<Fingerprint>().is_ok())
}

/// What an unsound reference holds all the same: whoever revokes that key breaks what reads it there.
fn held(value: &Secret, soundness: &Soundness, project: &Project) -> Option<Material> {
    let bytes = match soundness {
        Soundness::Placeholder(_) => return None,
        Soundness::Damaged(_) => unwrapped(value.expose(), &project.variable),
        _ => value.expose(),
    };
    Some(Material::Value(Secret::copied(bytes)))
}

fn stored(stored_at: Option<Timestamp>, project: &Project) -> Soundness {
    match (stored_at, project.rotated_at) {
        (Some(stored_at), Some(rotated_at)) if stored_at < surely_before(rotated_at) => {
            Soundness::BeforeRotation { stored_at }
        }
        _ => Soundness::Sound,
    }
}

/// Judges a sound-looking reference by the other keys it agrees with. A key has one owner, unless those
/// who share it say so; and whoever shares a key shares what it was before, too.
#[must_use]
pub fn compare(own: KeyId, agreeing: &[KeyId], scope: &Scope<'_>, now: Timestamp) -> Soundness {
    for &key in agreeing.iter().filter(|&&key| key != own) {
        if !scope.is_own(key.project) {
            return Soundness::Foreign(key);
        }
        if scope.is_dead(key, now) {
            return Soundness::Dead(key);
        }
        let is_current =
            |other: &KeyId| other.project == key.project && other.role() == Role::Current;
        if !agreeing.iter().any(is_current) {
            // One of those who share the key was rotated, and the other was not.
            return Soundness::Foreign(key);
        }
    }
    Soundness::Sound
}

impl Soundness {
    /// The verdict on the project.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Sound => Verdict::Current,
            Self::Unread(_) => Verdict::Unreachable,
            Self::NotOneKey => Verdict::Unverified,
            Self::Absent | Self::Placeholder(_) => Verdict::Missing,
            Self::Damaged(_) | Self::Pasted { .. } => Verdict::Malformed,
            Self::OutsideFormat { .. } | Self::NotShared(_) => Verdict::Unknown,
            Self::Foreign(_) => Verdict::WrongProject,
            Self::Dead(_) | Self::Returned { .. } => Verdict::Revoked,
            Self::BeforeRotation { .. } => Verdict::Stale,
        }
    }
}

/// An absent place for a key that is not the reference, told as a failed read.
#[must_use]
pub fn why_unread(soundness: Soundness) -> ReadError {
    match soundness {
        Soundness::Unread(error) => *error,
        Soundness::Placeholder(placeholder) => ReadError::new(
            ErrorKind::BadData,
            format!("what should be a key {}", placeholder.meaning()),
            "write the key to its place, or correct its fingerprint",
        ),
        _ => ReadError::new(
            ErrorKind::BadData,
            "what stands there is not one sound key",
            "look at it with `straggler inspect`",
        ),
    }
}
