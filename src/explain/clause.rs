//! What one reading shows, as what is said of it: `holds the current key`.

use std::borrow::Cow;

use super::known::{age, name_of, whose};
use super::spot::Spot;
use super::when::{apart, when};
use crate::judge::{Outcome, RotationBasis, TimeProof, Why};
use crate::keyring::{Damage, KeyId, Placeholder, Role};
use crate::text::escape;
use crate::verdict::{Evidence, Expectation, Stage, Verdict};

/// In the singular, without its subject. `alone` adds what differs from replica to replica.
pub fn clause(spot: &Spot<'_>, outcome: &Outcome, alone: bool) -> String {
    match &outcome.why {
        Why::Holds {
            key,
            also,
            damage,
            inside,
            ..
        } => {
            let mut told = holds(spot, outcome.evidence, *key, damage);
            let joint = if inside.is_some() { ", and " } else { ", or " };
            for other in also {
                told.push_str(joint);
                told.push_str(&beside(spot, *other));
            }
            told.push_str(unexpected(spot, outcome));
            told
        }
        Why::Unexplained {
            length,
            fits,
            lengthen_to,
        } => {
            let facts = [
                length.map(|length| format!("{length} bytes")),
                fits.map(|fits| {
                    match fits {
                        true => "fits the format",
                        // Where no key belongs, a part that fits is enough, and so is any project's format.
                        false if spot.is_unwanted(outcome) => {
                            "it or a part of it fits a project's format"
                        }
                        false => "outside the format",
                    }
                    .to_owned()
                }),
                lengthen_to.map(|digits| {
                    format!("damage can be searched from {} digits on", digits.get())
                }),
            ];
            let facts: Vec<_> = facts.into_iter().flatten().collect();
            let facts = if facts.is_empty() {
                String::new()
            } else {
                format!(" ({})", facts.join(", "))
            };
            let unexpected = unexpected(spot, outcome);
            format!("holds a value that is no known key{facts}{unexpected}")
        }
        Why::NotThere => format!("does not have the key{}", if_required(spot, outcome)),
        Why::Placeholder(Placeholder::Masked, _) if outcome.verdict == Verdict::Unverified => {
            "shows a masked key, which may be any".to_owned()
        }
        Why::Placeholder(placeholder, _) if outcome.verdict == Verdict::Unverified => {
            format!("{}; whether it did was not seen", placeholder.meaning())
        }
        Why::Placeholder(placeholder, _) => {
            format!("{}{}", placeholder.meaning(), if_required(spot, outcome))
        }
        Why::NoReference => format!(
            "holds something, but the reference of {} is not sound, so there is nothing to compare it with",
            name_of(spot.audit, spot.owner())
        ),
        Why::Timed {
            fixed_at,
            proof,
            hidden,
        } => {
            let fixed_at = fixed_at.filter(|_| alone);
            timed(spot, fixed_at, *proof, hidden)
        }
        Why::Failed(error) => {
            format!(
                "could not be read: {}: {}",
                error.kind.name(),
                escape(&error.message)
            )
        }
        Why::NotSelected => "left out by --until".to_owned(),
    }
}

fn holds(spot: &Spot<'_>, evidence: Evidence, key: KeyId, damage: &[Damage]) -> String {
    let held = whose(spot.audit, spot.owner(), key);
    let verb = match evidence {
        Evidence::Reference => return "is the reference itself".to_owned(),
        Evidence::Attested => "claims to hold",
        // It was not seen, and nothing speaks against it.
        Evidence::Timestamp => "should hold",
        _ => "holds",
    };
    let age = age(spot.audit, key);
    let damage = match damage {
        [] => String::new(),
        damage => format!(", damaged: {}", names(damage)),
    };
    format!("{verb} {held}{age}{damage}")
}

/// What stands beside a key. Whose key an unsound reference holds nobody knows.
pub(super) fn beside(spot: &Spot<'_>, key: KeyId) -> String {
    let outcome = spot.audit.projects.get(key.project.0 as usize);
    match outcome {
        Some(outcome) if key.role() == Role::Current && outcome.current.is_none() => format!(
            "what the reference of {} holds, which is not sound",
            name_of(spot.audit, key.project)
        ),
        _ => whose(spot.audit, spot.owner(), key),
    }
}

/// The stable names, from the outermost to the innermost.
pub fn names(damage: &[Damage]) -> String {
    let names: Vec<_> = damage.iter().map(|damage| damage.name()).collect();
    names.join(", ")
}

fn unexpected(spot: &Spot<'_>, outcome: &Outcome) -> &'static str {
    if spot.is_unwanted(outcome) {
        ", where no key belongs"
    } else {
        ""
    }
}

fn if_required(spot: &Spot<'_>, outcome: &Outcome) -> &'static str {
    match spot.hop.expect {
        _ if outcome.verdict.is_drift() => "",
        Expectation::Current => "",
        Expectation::Optional => ", which is not required",
        Expectation::Absent => ", as expected",
    }
}

fn timed(
    spot: &Spot<'_>,
    fixed_at: Option<jiff::Timestamp>,
    proof: TimeProof,
    hidden: &str,
) -> String {
    let now = spot.audit.generated_at;
    let fixed = match spot.stage() {
        Stage::Running => "started",
        Stage::Bundle => "was built",
        Stage::Config | Stage::Store => "was last written",
    };
    let rotated_at = spot.project().rotated_at;
    let basis = match spot.project().rotation {
        RotationBasis::Declared => "the rotation of",
        RotationBasis::History => "the store got the current key,",
        RotationBasis::Ledger | RotationBasis::Suspected | RotationBasis::Unknown => {
            "the current key was first seen,"
        }
    };
    let [fixed_at, rotated_at] = match (fixed_at, rotated_at) {
        (Some(fixed_at), Some(rotated_at)) => apart(fixed_at, rotated_at, now).map(Some),
        times => <[_; 2]>::from(times).map(|time| time.map(|time| when(time, now))),
    };
    let fixed = match fixed_at {
        Some(at) => format!("{fixed} {at},"),
        None => fixed.to_owned(),
    };
    let rotation = match rotated_at {
        Some(at) => format!("{basis} {at}"),
        None => "the rotation".to_owned(),
    };
    let hidden = escape(hidden);
    match proof {
        TimeProof::BeforeRotation => format!("{fixed} before {rotation}"),
        TimeProof::AfterRotation => {
            format!("{fixed} after {rotation}, which proves nothing by itself: {hidden}")
        }
        TimeProof::RotationUnknown => {
            format!("{fixed} but it is not known when the key was rotated: {hidden}")
        }
        TimeProof::NoTime => format!("does not show its key: {hidden}"),
    }
}

/// The same of several: `hold the current key`.
pub fn plural(clause: &str) -> Cow<'_, str> {
    let forms = [
        ("holds ", "hold "),
        ("is ", "are "),
        ("was ", "were "),
        ("does ", "do "),
        ("claims ", "claim "),
        ("should ", "should "),
        ("shows ", "show "),
    ];
    forms
        .into_iter()
        .find_map(|(one, many)| Some(format!("{many}{}", clause.strip_prefix(one)?).into()))
        .unwrap_or(Cow::Borrowed(clause))
}
