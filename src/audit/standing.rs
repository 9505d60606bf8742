use jiff::Timestamp;

use crate::judge::ProjectOutcome;
use crate::judge::history::AsNext;
use crate::key::Fingerprint;

/// How a project stands, and what its hops are judged by.
pub struct Standing {
    /// What became of its reference, and what else is known of its keys.
    pub outcome: ProjectOutcome,
    /// The latest moment at which its reference surely was another key.
    pub bound: Option<Timestamp>,
    /// The key that its reference was before, while nothing tells whether it was rotated or is misread now.
    pub suspect: Option<Suspect>,
    /// What is known of its current key's age beside what its reference's store tells.
    pub sight: Sight,
}

/// What a reference was before it changed.
#[derive(Clone, Copy)]
pub struct Suspect {
    /// The key that past audits knew as the current one.
    pub former: Fingerprint,
    /// When an audit last saw it as the reference.
    pub last_seen: Timestamp,
    /// Whether the current one was somebody else's before.
    pub foreign: bool,
    /// Whether the current one was the project's before.
    pub returned: bool,
    /// `rotated_at`, where it cannot be about this change.
    pub declared: Option<Timestamp>,
}

/// What bounds the age of a current key.
#[derive(Clone, Copy, Default)]
pub struct Sight {
    /// When an audit first saw it, as the current or as the next key.
    pub since: Option<Timestamp>,
    /// Where it was announced as the next key: before when it cannot have been there. Whatever a store
    /// tells of the current key's place is about a later moment.
    pub announced: Option<Timestamp>,
}

impl Standing {
    /// Nothing is known yet but this.
    pub fn new(outcome: ProjectOutcome) -> Self {
        Self {
            outcome,
            bound: None,
            suspect: None,
            sight: Sight::default(),
        }
    }

    /// Notes a moment at which the reference surely was another key.
    pub fn bound(&mut self, at: Option<Timestamp>) {
        self.bound = self.bound.max(at);
    }
}

impl Sight {
    /// Takes in what the store of the next key tells.
    pub fn saw(&mut self, as_next: AsNext) {
        self.announced = match as_next {
            AsNext::Since(since) => Some(since),
            AsNext::Unknown { held: true } => Some(Timestamp::MIN),
            // What past audits saw still counts.
            AsNext::Unknown { held: false } | AsNext::Never => self.announced,
        };
    }

    /// What a bound is worth, a moment at which the reference surely was another key.
    pub fn bounded(&self, bound: Option<Timestamp>) -> Option<Timestamp> {
        let bound = match self.announced {
            Some(announced) => bound?.min(announced),
            None => bound?,
        };
        (bound != Timestamp::MIN).then_some(bound)
    }
}
