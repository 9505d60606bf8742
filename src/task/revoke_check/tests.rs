use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::*;
use crate::gate::testing::{
    Scene, at, current, failed, foreign, hop, malformed, missing, no_reference, not_required,
    print_of, revoked, stale, timed, unknown,
};
use crate::inventory::Retirement;
use crate::judge::Soundness;
use crate::keyring::Damage;
use crate::verdict::Expectation;

const OWN: ProjectId = ProjectId(0);

fn key(age: u16) -> KeyId {
    KeyId {
        project: OWN,
        role: Role::Previous(age),
    }
}

/// Nothing is remembered.
static NOTHING: Remembered = Remembered {
    reigns: BTreeMap::new(),
    others: Vec::new(),
};

fn question(accepted: &[Accepted]) -> Question<'_> {
    Question {
        owners: &[OWN],
        key: None,
        accept_attested: false,
        accepted,
        forgotten: Vec::new(),
        remembered: &NOTHING,
    }
}

/// The code, and at how many hops the keys are held, and may be.
fn told(audit: &Audit, question: Question<'_>) -> (u8, usize, usize) {
    let answer = question.ask(audit);
    (
        answer.code().code(),
        answer.holders.len(),
        answer.blind.len(),
    )
}

/// Of one hop with this reading.
fn of(reading: Outcome) -> (u8, usize, usize) {
    let audit = Scene::new()
        .project("shop")
        .project("mail")
        .deploy("cart", [hop("env", [reading])])
        .audit();
    told(&audit, question(&[]))
}

/// That nothing is there is taken for granted, and was not seen.
fn inferred() -> Outcome {
    let mut nothing = not_required();
    nothing.verdict = Verdict::Unverified;
    nothing
}

fn damaged(mut reading: Outcome) -> Outcome {
    if let Why::Holds { damage, .. } = &mut reading.why {
        *damage = Box::new([Damage::TrailingNewline]);
    }
    reading
}

#[test]
fn a_holder_forbids_and_a_blind_spot_leaves_it_open() {
    const SAFE: (u8, usize, usize) = (0, 0, 0);
    const HELD: (u8, usize, usize) = (1, 1, 0);
    const OPEN: (u8, usize, usize) = (3, 0, 1);
    for (name, reading, expected) in [
        ("the current key", current(), SAFE),
        (
            "the current key, damaged",
            malformed(&[Damage::TrailingNewline]),
            SAFE,
        ),
        ("the previous key", stale(0), HELD),
        ("the one before", stale(1), HELD),
        ("damaged", damaged(stale(0)), HELD),
        ("by fingerprint", stale(0).on(Evidence::Fingerprint), HELD),
        ("claimed", stale(0).on(Evidence::Attested), HELD),
        ("a sibling's", foreign(1), SAFE),
        ("nothing", missing(), SAFE),
        ("nothing, though unseen", inferred(), OPEN),
        ("not required", not_required(), SAFE),
        ("an unknown value", unknown(), SAFE),
        (
            "an unknown fingerprint",
            unknown().on(Evidence::Fingerprint),
            OPEN,
        ),
        ("an unknown claim", unknown().on(Evidence::Attested), OPEN),
        ("out of reach", failed(), OPEN),
        ("nothing to compare with", no_reference(), OPEN),
        (
            "claimed to be current",
            current().on(Evidence::Attested),
            OPEN,
        ),
        (
            "current by its time",
            current().on(Evidence::Timestamp),
            OPEN,
        ),
        (
            "missing by its time",
            missing().on(Evidence::Timestamp),
            OPEN,
        ),
        (
            "the reference itself",
            current().on(Evidence::Reference),
            SAFE,
        ),
        ("older than the key", timed(TimeProof::BeforeRotation), HELD),
        ("newer than the key", timed(TimeProof::AfterRotation), OPEN),
        ("without a time", timed(TimeProof::NoTime), OPEN),
    ] {
        assert_eq!(of(reading), expected, "{name}");
    }
}

#[test]
fn every_replica_and_every_hop_counts_whoever_waived_it() {
    let audit = Scene::new()
        .project("shop")
        .deploy(
            "cart",
            [
                hop("vault", [failed()]),
                hop("process", [current(), stale(0).of("b"), failed().of("c")]).waived(
                    &[Verdict::Stale, Verdict::Unreachable],
                    "2999-01-01T00:00:00Z",
                ),
            ],
        )
        .audit();
    let accepted = [];
    let answer = question(&accepted).ask(&audit);
    assert_eq!(answer.code(), ExitCode::Drift);
    assert_eq!(answer.holders.len(), 1);
    assert_eq!(answer.holders[0].readings.len(), 1);
    assert_eq!(answer.blind.len(), 2);
}

#[test]
fn another_projects_deployment_is_looked_at_too() {
    let of_mail = |reading: Outcome| {
        let scene = Scene::new().project("shop").project("mail");
        scene
            .deploy("inbox", [hop("env", [reading])])
            .declared(|deployment| deployment.project = ProjectId(1))
            .audit()
    };
    let accepted = [];
    assert_eq!(told(&of_mail(stale(0)), question(&accepted)), (1, 1, 0));
    // It holds an older key of another project, or ours: nobody knows.
    let older = of_mail(timed(TimeProof::BeforeRotation));
    assert_eq!(told(&older, question(&accepted)), (3, 0, 1));
}

#[test]
fn a_blind_spot_is_accepted_by_name_for_one_key_and_a_holder_never() {
    let audit = Scene::new()
        .project("shop")
        .deploy("cart", [hop("env", [failed()])])
        .deploy("mail", [hop("env", [stale(0)])])
        .audit();
    let accept = |deployment: &str, age: usize| Accepted {
        key: audit.projects[0].previous[age].fingerprint,
        deployment: deployment.to_owned(),
        reason: "switched off".to_owned(),
    };
    let told = |accepted: &[Accepted]| {
        let answer = Question {
            forgotten: vec!["old (staging)".into()],
            ..question(accepted)
        }
        .ask(&audit);
        assert_eq!(answer.code(), ExitCode::Drift);
        let reasons = answer.accepted.iter();
        assert!(
            reasons
                .map(|(_, reason)| reason)
                .all(|reason| reason == "switched off")
        );
        (
            answer.blind.len(),
            answer.accepted.len(),
            answer.forgotten.len(),
        )
    };
    assert_eq!(told(&[]), (1, 0, 1));
    // Two keys are in question, and each has to be answered for.
    assert_eq!(told(&[accept("cart", 0)]), (1, 0, 1));
    let both = [
        accept("cart", 0),
        accept("cart (production)", 1),
        accept("mail", 0),
    ];
    assert_eq!(told(&both), (0, 1, 1));
    let gone = [accept("old (staging)", 0), accept("old (staging)", 1)];
    assert_eq!(told(&gone), (1, 0, 0));
}

#[test]
fn a_reference_that_came_back_to_an_earlier_key_is_not_believed_at_once() {
    let audit = Scene::new()
        .project("shop")
        .deploy("cart", [hop("env", [current()])])
        .audit();
    let now = audit.started_at;
    let [own, former] = [audit.projects[0].current, Some(print_of("former"))];
    let reign = |fingerprint: Option<Fingerprint>, minutes: i64, confirmed| Reign {
        fingerprint: fingerprint.unwrap(),
        first_seen: now - SignedDuration::from_mins(minutes),
        last_seen: now - SignedDuration::from_mins(minutes.min(1)),
        confirmed: Some(confirmed),
        rotated_at: None,
        revoked_at: None,
    };
    let first = reign(own, 90, Confirmation::First);
    let rotated = reign(former, 60, Confirmation::Declared);
    let back = |minutes| reign(own, minutes, Confirmation::Rollback);
    for (name, reigns, doubts) in [
        ("nothing is remembered", vec![], 0),
        ("as ever", vec![first.clone()], 0),
        ("back just now", vec![first.clone(), rotated.clone()], 1),
        (
            "back lately",
            vec![first.clone(), rotated.clone(), back(9)],
            1,
        ),
        ("back for long", vec![first, rotated, back(10)], 0),
    ] {
        let owner = Owner::of(audit.inventory.project(OWN));
        let remembered = Remembered {
            reigns: [(owner, reigns)].into(),
            others: Vec::new(),
        };
        let answer = Question {
            remembered: &remembered,
            ..question(&[])
        }
        .ask(&audit);
        assert_eq!(answer.doubts.len(), doubts, "{name}");
    }
}

#[test]
fn a_claim_is_enough_where_somebody_says_so() {
    let audit = Scene::new()
        .project("shop")
        .deploy("cart", [hop("env", [current().on(Evidence::Attested)])])
        .deploy("mail", [hop("env", [stale(0).on(Evidence::Attested)])])
        .audit();
    let accepted = [];
    let asked = Question {
        accept_attested: true,
        ..question(&accepted)
    };
    assert_eq!(told(&audit, asked), (1, 1, 0));
}

#[test]
fn only_keys_that_may_live_are_in_question() {
    let scene = |deaths: [Option<&str>; 2], reading: Outcome| {
        Scene::new()
            .project("shop")
            .deploy("cart", [hop("env", [reading])])
            .with(|audit| {
                for (known, death) in audit.projects[0].previous.iter_mut().zip(deaths) {
                    known.revoked_at = death.map(at);
                }
            })
            .audit()
    };
    let accepted = [];
    let one_dead = [None, Some("2026-08-02T00:00:00Z")];
    let audit = scene(one_dead, stale(1));
    let answer = question(&accepted).ask(&audit);
    assert_eq!((answer.keys.clone(), answer.dead), (vec![key(0)], false));
    assert_eq!(answer.code(), ExitCode::Success);

    // Named, a dead one is looked for as well.
    let fingerprint = audit.projects[0].previous[1].fingerprint;
    let asked = Question {
        key: Some(fingerprint),
        ..question(&accepted)
    };
    let answer = asked.ask(&audit);
    assert_eq!((answer.keys.clone(), answer.dead), (vec![key(1)], true));
    assert_eq!(answer.code(), ExitCode::Drift);

    // Of two dead ones, whoever holds one is told.
    let all_dead = [Some("2026-11-21T00:00:00Z"), Some("2026-08-02T00:00:00Z")];
    let audit = scene(all_dead, revoked());
    let answer = question(&accepted).ask(&audit);
    assert_eq!((answer.keys.len(), answer.dead), (2, true));
    assert_eq!(answer.code(), ExitCode::Drift);
    assert_eq!(told(&scene(all_dead, current()), question(&accepted)).0, 0);
}

#[test]
fn what_dies_with_a_rotation_is_dead() {
    let audit = Scene::new()
        .project("shop")
        .deploy("cart", [hop("env", [current()])])
        .with(|audit| audit.inventory.projects[0].retirement = Retirement::Immediate)
        .audit();
    assert!(question(&[]).ask(&audit).dead);
}

#[test]
fn a_key_that_somebody_uses_must_not_be_revoked() {
    let audit = Scene::new()
        .project("shop")
        .project("mail")
        .deploy("cart", [hop("env", [current()])])
        .with(|audit| audit.projects[1].next = Some(audit.projects[0].previous[0].fingerprint))
        .audit();
    let accepted = [];
    let answer = question(&accepted).ask(&audit);
    let next = KeyId {
        project: ProjectId(1),
        role: Role::Next,
    };
    assert_eq!(answer.alive, [next]);
    assert_eq!(answer.code(), ExitCode::Drift);

    let current = audit.projects[0].current;
    let asked = Question {
        key: current,
        ..question(&accepted)
    };
    let answer = asked.ask(&audit);
    assert_eq!(answer.alive.len(), 1);
    assert_eq!(answer.code(), ExitCode::Drift);
}

#[test]
fn without_a_sure_reference_or_a_known_key_nothing_is_safe() {
    let scene = || {
        Scene::new()
            .project("shop")
            .deploy("cart", [hop("env", [current()])])
    };
    let accepted = [];
    let doubts = |scene: Scene| {
        let audit = scene.audit();
        let answer = question(&accepted).ask(&audit);
        (answer.code().code(), answer.doubts.len())
    };
    assert_eq!(doubts(scene()), (0, 0));
    assert_eq!(doubts(scene().unread_reference("shop")), (3, 1));
    let damaged = Soundness::Damaged(Box::new([Damage::DoubleQuotes]));
    let faulty = scene().reference("shop", Verdict::Malformed, damaged);
    assert_eq!(doubts(faulty), (3, 1));
    let suspected = scene().with(|audit| audit.projects[0].rotation = RotationBasis::Suspected);
    assert_eq!(doubts(suspected), (3, 1));
    let none = scene().with(|audit| audit.projects[0].previous.clear());
    assert_eq!(doubts(none), (3, 1));
    let gone = Question {
        forgotten: vec!["old-cart".into()],
        ..question(&accepted)
    };
    assert_eq!(told(&scene().audit(), gone).0, 3);
    let interrupted = scene().with(|audit| audit.interrupted = true).audit();
    assert_eq!(told(&interrupted, question(&accepted)).0, 130);
    let unknown = Question {
        key: Some(print_of("nobody's")),
        ..question(&accepted)
    };
    // Whoever names a key adds it to those that are known, so that it is looked for.
    assert_eq!(told(&scene().audit(), unknown), (3, 0, 0));
}

#[test]
fn where_no_key_belongs_an_unknown_value_is_none_of_them() {
    let mut other = unknown().on(Evidence::None);
    other.verdict = Verdict::NotRequired;
    let audit = Scene::new()
        .project("shop")
        .deploy("cart", [hop("env", [other]).expect(Expectation::Absent)])
        .audit();
    assert_eq!(told(&audit, question(&[])), (0, 0, 0));
}
