use std::borrow::Cow;

use super::scope::{Bench, Circumstances, Scope};
use super::{Outcome, TimeProof, Why, time};
use crate::key::{Fingerprint, Secret};
use crate::keyring::{Explanation, Placeholder, Role, placeholder, placeholder_by_fingerprint};
use crate::reading::{Found, Reading};
use crate::verdict::{Evidence, Expectation, Stage, Verdict};

/// A judged reading, and the fingerprint that damage is still to be searched for.
pub struct Judged {
    /// As it stands without the search.
    pub outcome: Outcome,
    /// What nothing explained, and what an explanation of it would rest on. A value was compared with
    /// every form of every known key; a fingerprint only with the keys themselves.
    pub unexplained: Option<(Fingerprint, Evidence)>,
}

/// Judges one reading. The value, if there was one, is gone afterwards.
#[must_use]
pub fn judge(reading: Reading, bench: &Bench<'_>, scope: &Scope<'_>, hop: Circumstances) -> Judged {
    let Reading {
        replica,
        found,
        started_at,
        note,
        mend,
        ..
    } = reading;
    let mut judged = match found {
        Found::Value(value) => of_value(&value, bench, scope, hop),
        Found::Fingerprint {
            fingerprint,
            length,
            attested,
        } => of_fingerprint(fingerprint, length, attested, bench, scope, hop),
        Found::Hidden {
            fixed_at,
            why,
            taken_for,
        } => {
            let proof = time::prove(fixed_at, scope.rotation, hop.after_store);
            let stale = proof == TimeProof::BeforeRotation && hop.expect != Expectation::Absent;
            if let (false, Some(taken)) = (stale, taken_for) {
                let taken = *taken;
                let shown = Reading {
                    replica,
                    started_at,
                    ..Reading::new(taken.found).with_note(joined(note, why))
                };
                return taken_for_it(shown, taken.evidence, bench, scope, hop);
            }
            let (verdict, evidence) = if stale {
                (Verdict::Stale, Evidence::Timestamp)
            } else {
                (Verdict::Unverified, Evidence::None)
            };
            plain(
                verdict,
                evidence,
                Why::Timed {
                    fixed_at,
                    proof,
                    hidden: why,
                },
            )
        }
        Found::Absent => nothing_there(Why::NotThere, hop.expect),
        Found::Failed(error) => plain(
            Verdict::Unreachable,
            Evidence::None,
            Why::Failed(Box::new(error)),
        ),
    };
    judged.outcome.replica = replica;
    judged.outcome.started_at = started_at;
    judged.outcome.note = note;
    judged.outcome.mend = mend;
    judged
}

/// Judges what a place can be taken for. However sure that looks, it proves nothing of the place.
fn taken_for_it(
    reading: Reading,
    rests_on: Evidence,
    bench: &Bench<'_>,
    scope: &Scope<'_>,
    hop: Circumstances,
) -> Judged {
    let mut judged = judge(reading, bench, scope, hop);
    if judged.outcome.evidence != Evidence::None {
        judged.outcome.evidence = rests_on;
    }
    if judged.outcome.verdict == Verdict::NotRequired {
        // That nothing is there was not seen either.
        judged.outcome.verdict = Verdict::Unverified;
    }
    if let Some((_, evidence)) = &mut judged.unexplained {
        *evidence = rests_on;
    }
    judged
}

/// What a reading notes already, and why its place shows no key.
fn joined(note: Option<Cow<'static, str>>, why: Cow<'static, str>) -> Cow<'static, str> {
    match note {
        Some(note) => format!("{why}; {note}").into(),
        None => why,
    }
}

fn plain(verdict: Verdict, evidence: Evidence, why: Why) -> Judged {
    Judged {
        outcome: Outcome {
            replica: None,
            started_at: None,
            fingerprint: None,
            verdict,
            evidence,
            why,
            note: None,
            mend: None,
        },
        unexplained: None,
    }
}

fn of_value(value: &Secret, bench: &Bench<'_>, scope: &Scope<'_>, hop: Circumstances) -> Judged {
    let fingerprint = value.fingerprint();
    let exact = bench.keyring.exact(scope.id, &fingerprint);
    if exact.is_none()
        && let Some(placeholder) = no_key(value, scope)
    {
        return stands_in(placeholder, hop);
    }
    let explanation = exact.or_else(|| bench.keyring.explain_value(scope.id, value.expose()));
    let mut judged = match explanation {
        Some(explanation) => {
            let (verdict, why) = holds(explanation, bench, scope, hop.expect);
            plain(verdict, Evidence::Value, why)
        }
        None => {
            let fits = scope
                .project
                .format
                .as_ref()
                .map(|format| format.fits(value.expose()));
            let why = Why::Unexplained {
                length: Some(value.len() as u64),
                fits,
                lengthen_to: None,
            };
            let mut judged = unexplained(why, Evidence::Value, scope, hop.expect);
            judged.unexplained = Some((fingerprint, Evidence::Value));
            judged
        }
    };
    finish(&mut judged, &fingerprint, bench, hop);
    judged
}

fn of_fingerprint(
    fingerprint: Fingerprint,
    length: Option<u64>,
    attested: bool,
    bench: &Bench<'_>,
    scope: &Scope<'_>,
    hop: Circumstances,
) -> Judged {
    let evidence = if attested {
        Evidence::Attested
    } else {
        Evidence::Fingerprint
    };
    let exact = bench.keyring.exact(scope.id, &fingerprint);
    if exact.is_none()
        && let Some(placeholder) = placeholder_by_fingerprint(&fingerprint, &scope.project.variable)
    {
        return stands_in(placeholder, hop);
    }
    let mut judged = match exact {
        Some(explanation) => {
            let (verdict, why) = holds(explanation, bench, scope, hop.expect);
            plain(verdict, evidence, why)
        }
        None => {
            let why = Why::Unexplained {
                length,
                fits: None,
                lengthen_to: None,
            };
            let mut judged = unexplained(why, evidence, scope, hop.expect);
            judged.unexplained = Some((fingerprint, evidence));
            judged
        }
    };
    finish(&mut judged, &fingerprint, bench, hop);
    judged
}

/// Judges a reading by time again, now that more is known of the rotation.
pub fn time_again(outcome: &mut Outcome, scope: &Scope<'_>, hop: Circumstances) {
    let Why::Timed {
        fixed_at, proof, ..
    } = &mut outcome.why
    else {
        return;
    };
    *proof = time::prove(*fixed_at, scope.rotation, hop.after_store);
    if *proof == TimeProof::BeforeRotation && hop.expect != Expectation::Absent {
        outcome.verdict = Verdict::Stale;
        outcome.evidence = Evidence::Timestamp;
    }
}

/// Takes in what the search found for a reading that [`judge`] left unexplained, and what it rests on.
pub fn explain(
    outcome: &mut Outcome,
    (explanation, evidence): (Explanation, Evidence),
    bench: &Bench<'_>,
    scope: &Scope<'_>,
    expect: Expectation,
) {
    (outcome.verdict, outcome.why) = holds(explanation, bench, scope, expect);
    outcome.evidence = evidence;
}

fn finish(judged: &mut Judged, fingerprint: &Fingerprint, bench: &Bench<'_>, hop: Circumstances) {
    let outcome = &mut judged.outcome;
    outcome.fingerprint = Some(fingerprint.cut(bench.digits));
    if matches!(outcome.why, Why::NoReference) {
        outcome.evidence = Evidence::None;
    }
    if hop.is_reference && outcome.verdict == Verdict::Current {
        outcome.evidence = Evidence::Reference;
    }
}

/// The verdict on a place that holds a known key, damaged or not.
fn holds(
    explanation: Explanation,
    bench: &Bench<'_>,
    scope: &Scope<'_>,
    expect: Expectation,
) -> (Verdict, Why) {
    let Explanation { keys, damage, wire } = explanation;
    let mut keys = keys.into_iter();
    let Some(key) = keys.next() else {
        return (Verdict::Unverified, Why::NoReference);
    };
    let verdict = if key.project != scope.id {
        Verdict::WrongProject
    } else if scope.is_dead(key, bench.now) {
        Verdict::Revoked
    } else {
        match key.role {
            Role::Previous(_) => Verdict::Stale,
            Role::Current | Role::Next if !damage.is_empty() => Verdict::Malformed,
            // A key that should be gone from here was left behind, however new it is.
            Role::Current | Role::Next if expect == Expectation::Absent => Verdict::Stale,
            // Whether the next key is right is as doubtful as the current one.
            Role::Current | Role::Next if !scope.sound => {
                return (Verdict::Unverified, Why::NoReference);
            }
            Role::Current | Role::Next => Verdict::Current,
        }
    };
    (
        verdict,
        Why::Holds {
            key,
            also: keys.collect(),
            damage,
            wire,
        },
    )
}

fn unexplained(why: Why, evidence: Evidence, scope: &Scope<'_>, expect: Expectation) -> Judged {
    match expect {
        // A value that is no known key is not what must not be here; a fingerprint may yet be one.
        Expectation::Absent if evidence == Evidence::Value => {
            plain(Verdict::NotRequired, Evidence::None, why)
        }
        Expectation::Absent => plain(Verdict::Unverified, Evidence::None, why),
        _ if !scope.sound => plain(Verdict::Unverified, Evidence::None, Why::NoReference),
        _ => plain(Verdict::Unknown, evidence, why),
    }
}

/// What a value is instead of a key. What fits the project's format may be one after all.
fn no_key(value: &Secret, scope: &Scope<'_>) -> Option<Placeholder> {
    let placeholder = placeholder(value.expose(), &scope.project.variable)?;
    let format = scope.project.format.as_ref();
    let fits = format.is_some_and(|format| format.fits(value.expose()));
    (!fits || !placeholder.may_fit_a_format()).then_some(placeholder)
}

/// A mask proves nothing where keys are shown masked, and neither does a reference where something may
/// have put the key in its place since.
fn stands_in(placeholder: Placeholder, hop: Circumstances) -> Judged {
    let proves_nothing = match placeholder {
        Placeholder::Masked => hop.may_mask,
        Placeholder::Resolvable(_) => matches!(hop.stage, Stage::Running | Stage::Bundle),
        _ => false,
    };
    if proves_nothing {
        let why = Why::Placeholder(placeholder);
        return plain(Verdict::Unverified, Evidence::None, why);
    }
    let expect = match hop.expect {
        Expectation::Optional if placeholder != Placeholder::Empty => Expectation::Current,
        other => other,
    };
    nothing_there(Why::Placeholder(placeholder), expect)
}

fn nothing_there(why: Why, expect: Expectation) -> Judged {
    match expect {
        Expectation::Current => plain(Verdict::Missing, Evidence::Value, why),
        Expectation::Optional | Expectation::Absent => {
            plain(Verdict::NotRequired, Evidence::None, why)
        }
    }
}
