use jiff::{SignedDuration, Timestamp};

use super::TimeProof;

/// How far two clocks may be apart before a time proves anything.
pub const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// What is earlier than this was surely there before the rotation.
#[must_use]
pub fn surely_before(rotated_at: Timestamp) -> Timestamp {
    rotated_at.saturating_sub(SKEW).unwrap_or(Timestamp::MIN)
}

/// When a project's current key came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// It is declared, and holds everywhere.
    Declared(Timestamp),
    /// A store took the key in at this time. The key may be older than its copy there, so this says
    /// something only of what comes after that store on the same route.
    StoredAt(Timestamp),
    /// Nobody knows.
    Unknown,
}

/// What the time at which a place was fixed says of the key in it. `after_store` is whether the
/// place comes, on its route, after the store the rotation was seen in.
#[must_use]
pub fn prove(fixed_at: Option<Timestamp>, rotation: Rotation, after_store: bool) -> TimeProof {
    let rotated_at = match rotation {
        Rotation::Declared(at) => at,
        Rotation::StoredAt(at) if after_store => at,
        Rotation::StoredAt(_) | Rotation::Unknown => {
            return match fixed_at {
                Some(_) => TimeProof::RotationUnknown,
                None => TimeProof::NoTime,
            };
        }
    };
    match fixed_at {
        None => TimeProof::NoTime,
        Some(fixed_at) if fixed_at < surely_before(rotated_at) => TimeProof::BeforeRotation,
        Some(_) => TimeProof::AfterRotation,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_fixed_before_a_rotation_that_counts_here_proves_anything() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let rotated = at("2026-11-20T09:00:00Z");
        let before = Some(at("2026-11-20T08:58:59Z"));
        let within_skew = Some(at("2026-11-20T08:59:30Z"));
        let after = Some(at("2026-11-20T10:00:00Z"));
        for (fixed_at, rotation, after_store, proof) in [
            (
                before,
                Rotation::Declared(rotated),
                false,
                TimeProof::BeforeRotation,
            ),
            (
                within_skew,
                Rotation::Declared(rotated),
                false,
                TimeProof::AfterRotation,
            ),
            (
                after,
                Rotation::Declared(rotated),
                false,
                TimeProof::AfterRotation,
            ),
            (None, Rotation::Declared(rotated), false, TimeProof::NoTime),
            (
                before,
                Rotation::StoredAt(rotated),
                true,
                TimeProof::BeforeRotation,
            ),
            (
                before,
                Rotation::StoredAt(rotated),
                false,
                TimeProof::RotationUnknown,
            ),
            (before, Rotation::Unknown, true, TimeProof::RotationUnknown),
            (None, Rotation::Unknown, true, TimeProof::NoTime),
            (
                before,
                Rotation::Declared(Timestamp::MIN),
                true,
                TimeProof::AfterRotation,
            ),
        ] {
            assert_eq!(
                prove(fixed_at, rotation, after_store),
                proof,
                "{fixed_at:?} {rotation:?}"
            );
        }
    }
}
