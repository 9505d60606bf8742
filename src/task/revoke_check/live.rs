use crate::audit::Audit;
use crate::judge::RotationBasis;
use crate::key::Fingerprint;
use crate::keyring::{KeyId, ProjectId, Role};

/// A key that somebody needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alive {
    /// Who does.
    pub project: ProjectId,
    /// What for.
    pub life: Life,
    /// Which key.
    pub fingerprint: Fingerprint,
    /// Whether revoking it surely breaks something. It may, while a reference changed and nothing settled
    /// that.
    pub is_sure: bool,
}

/// What a live key is to its project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// The current key.
    Current,
    /// The next one.
    Next,
    /// What the reference holds, though it is not sound.
    Held,
    /// The last one that past audits were sure of, while the reference is not sound or not settled.
    LastSure,
}

impl Life {
    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Next => "next",
            Self::Held => "held",
            Self::LastSure => "last-sure",
        }
    }
}

/// The keys of a project that must live.
pub(super) fn roles(id: ProjectId) -> [KeyId; 2] {
    [KeyId::current(id), KeyId::next(id)]
}

/// The live keys that are one of these, whosever they are.
pub(super) fn alive(audit: &Audit, wanted: &[Fingerprint]) -> Vec<Alive> {
    let mut alive: Vec<Alive> = Vec::new();
    let mut take = |project, life, fingerprint: Option<Fingerprint>, is_sure| {
        let is_wanted = |print: &Fingerprint| wanted.iter().any(|wanted| wanted.agrees(print));
        let Some(fingerprint) = fingerprint.filter(is_wanted) else {
            return;
        };
        let one = Alive {
            project,
            life,
            fingerprint,
            is_sure,
        };
        if !alive.contains(&one) {
            alive.push(one);
        }
    };
    for outcome in &audit.projects {
        let is_settled = outcome.rotation != RotationBasis::Suspected;
        let is_sound = outcome.reference.is_sound();
        for (life, fingerprint, is_sure) in [
            (Life::Current, outcome.current, true),
            (Life::Next, outcome.next, true),
            (Life::Held, outcome.held.filter(|_| !is_sound), true),
            (Life::LastSure, outcome.last_sure, is_settled || !is_sound),
        ] {
            take(outcome.project, life, fingerprint, is_sure);
        }
        for (role, key) in &outcome.within {
            let life = match role {
                Role::Next => Life::Next,
                _ => Life::Held,
            };
            take(outcome.project, life, audit.fingerprint(*key), true);
        }
    }
    alive
}
