use super::{Outcome, Why};
use crate::keyring::Placeholder;
use crate::verdict::{Evidence, Stage, Verdict};

/// Whether nothing was there. Where `expect: absent` asks for that, the verdict is the same though something may be.
#[must_use]
pub fn is_nothing(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Missing | Verdict::NotRequired)
}

/// Whether a reading tells of every key whether its place holds it.
///
/// A value or a fingerprint that is no known key may yet hold one, in a form that nobody looks for. That a
/// running place lacks the variable tells of the place and not of the program, which may read a file
/// itself. What rests on the reference tells what was read there.
#[must_use]
pub fn is_explained(outcome: &Outcome, stage: Stage, accept_attested: bool) -> bool {
    let is_seen = match outcome.evidence {
        Evidence::Value | Evidence::Fingerprint | Evidence::Reference => true,
        Evidence::Attested => accept_attested,
        Evidence::Timestamp => false,
        // Where nothing is required, nothing rests on what is not there.
        Evidence::None => outcome.verdict == Verdict::NotRequired,
    };
    match &outcome.why {
        // Another key may stand beside it that could not be looked for.
        Why::Holds { inside, .. } => is_seen && inside.as_ref().is_none_or(|inside| !inside.open),
        Why::Placeholder(Placeholder::Encrypted(_) | Placeholder::Resolvable(_), _) => false,
        Why::NotThere | Why::Placeholder(_, _) => {
            is_seen && stage != Stage::Running && outcome.verdict != Verdict::Unverified
        }
        Why::Unexplained { .. }
        | Why::NoReference
        | Why::Timed { .. }
        | Why::Failed(_)
        | Why::NotSelected => false,
    }
}
