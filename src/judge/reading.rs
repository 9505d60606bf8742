use super::reference::shape;
use super::scope::{Bench, Circumstances, Scope};
use super::{Member, Outcome, Soundness, TimeProof, Timed, Why, time, unnamed_member};
use crate::extract::is_object;
use crate::key::{Fingerprint, Secret};
use crate::keyring::{
    Explanation, Fragment, KeyId, Placeholder, Role, Sighting, Wire, placeholder,
    placeholder_by_fingerprint, unwrapped,
};
use crate::reading::{ErrorKind, Found, ReadError, Reading};
use crate::verdict::{Evidence, Expectation, Stage, Verdict};

/// A judged reading, and the fingerprint that damage is still to be searched for.
pub struct Judged {
    /// As it stands without the search.
    pub outcome: Outcome,
    /// What nothing explained, and what an explanation of it would rest on. A value was compared with
    /// every form of every known key; a fingerprint only with the keys themselves. A value that holds
    /// known keys is unexplained as far as other parts of it may be keys.
    pub unexplained: Option<(Fingerprint, Evidence)>,
    /// The parts of such a value that may be keys.
    pub fragments: Box<[Fragment]>,
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
                let told = match &note {
                    Some(note) => format!("{why}; {note}").into(),
                    None => why.clone(),
                };
                let shown = Reading {
                    replica,
                    started_at,
                    mend,
                    ..Reading::new(taken.found).with_note(told)
                };
                let timed = Timed {
                    fixed_at,
                    proof,
                    hidden: why,
                    note,
                };
                return taken_for_it(shown, taken.evidence, timed, bench, scope, hop);
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
        Found::Failed(error) => failed(error),
    };
    judged.outcome.replica = replica;
    judged.outcome.started_at = started_at;
    judged.outcome.note = match (judged.outcome.note, note) {
        (Some(own), Some(note)) => Some(format!("{own}; {note}").into()),
        (own, note) => own.or(note),
    };
    // Nobody mends what is proven to be right.
    let outcome = &judged.outcome;
    let right = outcome.verdict == Verdict::Current && outcome.evidence.proves();
    judged.outcome.mend = mend.filter(|_| !right);
    judged
}

/// Judges what a place can be taken for. However sure that looks, it proves nothing of the place.
fn taken_for_it(
    reading: Reading,
    rests_on: Evidence,
    timed: Timed,
    bench: &Bench<'_>,
    scope: &Scope<'_>,
    hop: Circumstances,
) -> Judged {
    let mut judged = judge(reading, bench, scope, hop);
    judged.outcome.timed = Some(Box::new(timed));
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

fn failed(error: ReadError) -> Judged {
    plain(
        Verdict::Unreachable,
        Evidence::None,
        Why::Failed(Box::new(error)),
    )
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
            timed: None,
            elsewhere: None,
            mend: None,
        },
        unexplained: None,
        fragments: Box::default(),
    }
}

fn of_value(value: &Secret, bench: &Bench<'_>, scope: &Scope<'_>, hop: Circumstances) -> Judged {
    let fingerprint = value.fingerprint();
    let sighting = match bench.keyring.exact(scope.id, &fingerprint) {
        Some(mut exact) => {
            if let Some(judged) = of_hearsay(value, &mut exact, bench, scope, hop) {
                return judged;
            }
            Sighting::of(exact)
        }
        None => bench.keyring.look_into(scope.id, value.expose()),
    };
    let may_hide = bench.keyring.may_hide_within(&sighting);
    let Sighting {
        explanation,
        fragments,
        looks_like_key,
        may_be_within,
        ..
    } = sighting;
    let is_known = explanation.is_some();
    let mut judged = match explanation {
        Some(explanation) => {
            let inside = explanation.inside.clone();
            let (verdict, why) = holds(explanation, bench, scope, hop.expect);
            // What is whole in its store is not damaged there, only read whole.
            if let (Verdict::Malformed, Some(inside)) = (verdict, inside)
                && let Some(error) = unnamed_member(value, hop.member, inside.way.as_ref())
            {
                return failed(error);
            }
            plain(verdict, Evidence::Value, why)
        }
        None => {
            if !looks_like_key
                && !may_hide
                && let Some(placeholder) = no_key(value, scope)
            {
                let mut judged = stands_in(placeholder, &value.fingerprint(), hop);
                if may_be_within {
                    // Earlier versions of the references may still tell a key in it.
                    judged.unexplained = Some((fingerprint, Evidence::Value));
                    judged.fragments = fragments;
                }
                return judged;
            }
            if let Some(error) = unnamed_member(value, hop.member, None) {
                return failed(error);
            }
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
            let mut judged = match hop.expect {
                Expectation::Absent => {
                    let looks_like_key =
                        looks_like_key || bench.keyring.fits_a_format(value.expose());
                    not_expected(value, looks_like_key, why, scope)
                }
                _ => unexplained(why, Evidence::Value, scope, hop.expect),
            };
            if hop.member == Member::Extract && is_object(value.expose()) {
                judged.outcome.note = Some(ONE_MEMBER.into());
            }
            judged
        }
    };
    if !is_known || !fragments.is_empty() {
        judged.unexplained = Some((fingerprint, Evidence::Value));
        judged.fragments = fragments;
    }
    finish(&mut judged, &fingerprint, bench, hop);
    judged
}

/// Judges a value that is the current key by its fingerprint alone as the reference would be judged, were
/// it at hand: whoever hashed a key with the line end behind it declared a damaged one. Says what else
/// than a key it is; a key that is damaged gets its damage, and its name if it is known without.
fn of_hearsay(
    value: &Secret,
    exact: &mut Explanation,
    bench: &Bench<'_>,
    scope: &Scope<'_>,
    hop: Circumstances,
) -> Option<Judged> {
    let is_ours = |key: &KeyId| scope.is_own(key.project) && key.role() != Role::Previous;
    if !exact.keys.first().is_some_and(is_ours) || !bench.keyring.is_hearsay(&value.fingerprint()) {
        return None;
    }
    match shape(value, scope.project) {
        Soundness::Placeholder(placeholder) => {
            Some(stands_in(placeholder, &value.fingerprint(), hop))
        }
        Soundness::OutsideFormat { .. } if hop.expect != Expectation::Absent => {
            // It is whoever else's has this fingerprint.
            exact.keys.retain(|key| !is_ours(key));
            if !exact.keys.is_empty() {
                return None;
            }
            let mut judged = plain(Verdict::Unverified, Evidence::None, Why::NoReference);
            finish(&mut judged, &value.fingerprint(), bench, hop);
            Some(judged)
        }
        Soundness::Damaged(damage) => {
            let key = unwrapped(value.expose(), &scope.project.variable);
            if let Some(known) = bench.keyring.exact(scope.id, &Fingerprint::of(key)) {
                *exact = known;
            }
            exact.damage = damage;
            exact.wire = Wire::of(value.expose());
            None
        }
        _ => None,
    }
}

/// How a member of a JSON object is read where no setting of the source names it.
const ONE_MEMBER: &str = "it is a JSON object: `extract: { json: … }` reads one member of it";

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
    if length.is_some_and(|length| bench.keyring.contradicts(&fingerprint, length)) {
        return contradicted();
    }
    let exact = bench.keyring.exact(scope.id, &fingerprint);
    if exact.is_none()
        && let Some(placeholder) = placeholder_by_fingerprint(&fingerprint, &scope.project.variable)
    {
        return stands_in(placeholder, &fingerprint, hop);
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

/// Whoever says that a known key has a length that it does not have is not believed in anything.
fn contradicted() -> Judged {
    let error = ReadError::new(
        ErrorKind::BadData,
        "the reading that came back contradicts itself: its length is not that of the key whose fingerprint it has",
        "let `straggler inspect --format reading` write it",
    );
    failed(error)
}

/// Judges a reading by time again, now that more is known of the rotation. What a place was taken for
/// no longer counts once its time proves it stale.
pub fn time_again(outcome: &mut Outcome, scope: &Scope<'_>, hop: Circumstances) {
    let prove = |fixed_at| time::prove(fixed_at, scope.rotation, hop.after_store);
    let is_stale = |proof| proof == TimeProof::BeforeRotation && hop.expect != Expectation::Absent;
    if let Some(timed) = &mut outcome.timed {
        timed.proof = prove(timed.fixed_at);
    }
    if let Some(timed) = outcome.timed.take_if(|timed| is_stale(timed.proof)) {
        let Timed {
            fixed_at,
            proof,
            hidden,
            note,
        } = *timed;
        outcome.fingerprint = None;
        outcome.note = note;
        outcome.why = Why::Timed {
            fixed_at,
            proof,
            hidden,
        };
    }
    let Why::Timed {
        fixed_at, proof, ..
    } = &mut outcome.why
    else {
        return;
    };
    *proof = prove(*fixed_at);
    if is_stale(*proof) {
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
    prove_nothing_without_reference(outcome);
}

/// Takes in that the reference by which a reading was judged is none. What is some other key stays so.
pub fn without_reference(outcome: &mut Outcome, expect: Expectation) {
    if expect == Expectation::Absent {
        return;
    }
    match (&outcome.why, outcome.verdict) {
        (Why::Unexplained { .. }, Verdict::Unknown) | (Why::Holds { .. }, Verdict::Current) => {}
        _ => return,
    }
    outcome.verdict = Verdict::Unverified;
    outcome.why = Why::NoReference;
    prove_nothing_without_reference(outcome);
}

/// What only an unsound reference explains proves nothing, however well the place was read.
fn prove_nothing_without_reference(outcome: &mut Outcome) {
    if matches!(outcome.why, Why::NoReference) {
        outcome.evidence = Evidence::None;
    }
}

fn finish(judged: &mut Judged, fingerprint: &Fingerprint, bench: &Bench<'_>, hop: Circumstances) {
    let outcome = &mut judged.outcome;
    outcome.fingerprint = Some(fingerprint.cut(bench.digits));
    prove_nothing_without_reference(outcome);
    // Where no key belongs, what the reference gives is drift, and no more of a witness.
    let is_its_own = match &outcome.why {
        Why::Holds { key, .. } if hop.expect == Expectation::Absent => {
            key.role() != Role::Previous && outcome.verdict == Verdict::Stale
        }
        _ => outcome.verdict == Verdict::Current,
    };
    if hop.is_reference && is_its_own {
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
    let Explanation {
        mut keys,
        damage,
        inside,
        wire,
    } = explanation;
    if inside.is_some() {
        // Of several old keys a dead one is the worst.
        keys.sort_by_key(|&key| key.project != scope.id || !scope.is_dead(key, bench.now));
    }
    let mut doubtful = Vec::new();
    if !scope.sound && expect != Expectation::Absent {
        doubtful = leave_out_held(&mut keys, scope);
    }
    if damage.is_empty() && keys.iter().any(|&key| scope.outweighs_next(key)) {
        keys.retain(|key| key.role() != Role::Next || !scope.is_own(key.project));
    }
    let mut keys = keys.into_iter();
    let Some(key) = keys.next() else {
        return (Verdict::Unverified, Why::NoReference);
    };
    // Beside a key whose owner is known, the one of an unsound reference is held as well.
    let beside = doubtful.into_iter().filter(|_| inside.is_some());
    let verdict = if !scope.is_own(key.project) {
        Verdict::WrongProject
    } else if scope.is_dead(key, bench.now) {
        Verdict::Revoked
    } else {
        match key.role() {
            Role::Previous => Verdict::Stale,
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
            also: keys.chain(beside).collect(),
            damage,
            inside,
            wire,
        },
    )
}

/// Leaves out what an unsound reference holds, since nobody knows whose it is; what it left out. Another
/// reference with the same key is as doubtful, and says nothing either.
fn leave_out_held(keys: &mut Vec<KeyId>, scope: &Scope<'_>) -> Vec<KeyId> {
    let is_own = |key: &KeyId| key.project == scope.id && key.role() == Role::Current;
    if keys.iter().any(is_own) {
        return keys
            .extract_if(.., |key| key.role() == Role::Current)
            .collect();
    }
    Vec::new()
}

fn unexplained(why: Why, evidence: Evidence, scope: &Scope<'_>, expect: Expectation) -> Judged {
    match expect {
        // What only a fingerprint is known of may yet be a key.
        Expectation::Absent => plain(Verdict::Unverified, Evidence::None, why),
        _ if !scope.sound => plain(Verdict::Unverified, Evidence::None, Why::NoReference),
        _ => plain(Verdict::Unknown, evidence, why),
    }
}

/// Judges an unexplained value where no key belongs. Only a format tells a value that is no key from a
/// key that nobody knows.
fn not_expected(value: &Secret, looks_like_key: bool, why: Why, scope: &Scope<'_>) -> Judged {
    let Some(format) = &scope.project.format else {
        return plain(Verdict::Unverified, Evidence::None, why);
    };
    let bytes = value.expose();
    if looks_like_key || format.fits(bytes) || format.find_in(bytes).next().is_some() {
        plain(Verdict::Unknown, Evidence::Value, why)
    } else {
        plain(Verdict::NotRequired, Evidence::None, why)
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
fn stands_in(placeholder: Placeholder, text: &Fingerprint, hop: Circumstances) -> Judged {
    let proves_nothing = match placeholder {
        Placeholder::Masked => hop.may_mask,
        Placeholder::Resolvable(_) => matches!(hop.stage, Stage::Running | Stage::Bundle),
        _ => false,
    };
    if proves_nothing {
        let why = Why::Placeholder(placeholder, mark(text));
        return plain(Verdict::Unverified, Evidence::None, why);
    }
    let expect = match hop.expect {
        Expectation::Optional if placeholder != Placeholder::Empty => Expectation::Current,
        other => other,
    };
    nothing_there(Why::Placeholder(placeholder, mark(text)), expect)
}

/// What tells a text from another one, and is shown nowhere.
fn mark(text: &Fingerprint) -> u64 {
    let bytes = text.bytes().iter().take(8);
    bytes.fold(0, |mark, byte| mark << 8 | u64::from(*byte))
}

fn nothing_there(why: Why, expect: Expectation) -> Judged {
    match expect {
        Expectation::Current => plain(Verdict::Missing, Evidence::Value, why),
        Expectation::Optional | Expectation::Absent => {
            plain(Verdict::NotRequired, Evidence::None, why)
        }
    }
}
