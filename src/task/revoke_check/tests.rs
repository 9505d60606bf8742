mod keys;
mod unsought;

use std::sync::LazyLock;

use super::*;
use crate::gate::ExitCode;
use crate::gate::testing::{
    Scene, at, current, failed, foreign, hop, malformed, missing, no_reference, not_required,
    print_of, revoked, stale, timed, unknown,
};
use crate::inventory::Retirement;
use crate::judge::RotationBasis;
use crate::judge::Soundness;
use crate::keyring::{Cipher, Damage, Placeholder, Resolver};
use crate::ledger::Name;
use crate::verdict::Verdict;

const OWN: ProjectId = ProjectId(0);

fn key(age: u32) -> KeyId {
    KeyId::previous(OWN, age)
}

/// Nothing is remembered.
static NOTHING: LazyLock<Remembered> = LazyLock::new(Remembered::default);

fn question(accepted: &[Accepted]) -> Question<'static> {
    Question {
        owners: &[OWN],
        key: None,
        accept_attested: false,
        accepted: accepted.to_vec(),
        past: Past::default(),
        remembered: &NOTHING,
    }
}

fn gone(project: &str, title: &str) -> Past {
    Past {
        forgotten: vec![Gone {
            name: Name {
                project: project.into(),
                title: title.into(),
            },
            inventory: 1,
            elsewhere: None,
        }],
        ..Past::default()
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
fn of(source: &'static str, reading: Outcome) -> (u8, usize, usize) {
    let audit = Scene::new()
        .project("shop")
        .project("mail")
        .deploy("cart", [hop(source, [reading])])
        .audit();
    told(&audit, question(&[]))
}

/// That nothing is there is taken for granted, and was not seen.
fn inferred() -> Outcome {
    let mut nothing = not_required();
    nothing.verdict = Verdict::Unverified;
    nothing
}

fn placeholder(stands_there: Placeholder) -> Outcome {
    let mut reading = missing();
    reading.why = Why::Placeholder(stands_there, 0);
    reading
}

/// Encrypted text where no key is to be.
fn unexpected_cipher() -> Outcome {
    let mut reading = not_required();
    reading.why = Why::Placeholder(Placeholder::Encrypted(Cipher::Dotenvx), 0);
    reading
}

/// No key is to be there, and what is there is none that anybody knows.
fn unexpected() -> Outcome {
    let mut other = unknown().on(Evidence::None);
    other.verdict = Verdict::NotRequired;
    other
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
    for (name, source, reading, expected) in [
        ("the current key", "process", current(), SAFE),
        (
            "the current key, damaged",
            "process",
            malformed(&[Damage::TrailingNewline]),
            SAFE,
        ),
        ("the previous key", "process", stale(0), HELD),
        ("the one before", "env", stale(1), HELD),
        ("damaged", "process", damaged(stale(0)), HELD),
        (
            "by fingerprint",
            "process",
            stale(0).on(Evidence::Fingerprint),
            HELD,
        ),
        ("claimed", "process", stale(0).on(Evidence::Attested), HELD),
        ("a sibling's", "process", foreign(1), SAFE),
        ("nothing in a store", "vault", missing(), SAFE),
        ("nothing in a configuration", "env", missing(), SAFE),
        ("nothing in a bundle", "bundle", missing(), SAFE),
        ("nothing where it runs", "process", missing(), OPEN),
        (
            "nothing where it runs, nor required",
            "process",
            not_required(),
            OPEN,
        ),
        ("nothing, though unseen", "env", inferred(), OPEN),
        ("not required", "env", not_required(), SAFE),
        (
            "a placeholder",
            "env",
            placeholder(Placeholder::Empty),
            SAFE,
        ),
        ("a mask", "env", placeholder(Placeholder::Masked), SAFE),
        (
            "encrypted text",
            "dotenv",
            placeholder(Placeholder::Encrypted(Cipher::Sops)),
            OPEN,
        ),
        (
            "encrypted text where no key is to be",
            "dotenv",
            unexpected_cipher(),
            OPEN,
        ),
        (
            "the address of a key",
            "dotenv",
            placeholder(Placeholder::Resolvable(Resolver::OnePassword)),
            OPEN,
        ),
        (
            "a placeholder where it runs",
            "process",
            placeholder(Placeholder::Empty),
            OPEN,
        ),
        ("an unknown value", "env", unknown(), OPEN),
        (
            "an unknown fingerprint",
            "process",
            unknown().on(Evidence::Fingerprint),
            OPEN,
        ),
        (
            "an unknown claim",
            "process",
            unknown().on(Evidence::Attested),
            OPEN,
        ),
        (
            "an unknown value where none is to be",
            "env",
            unexpected(),
            OPEN,
        ),
        ("out of reach", "env", failed(), OPEN),
        ("nothing to compare with", "env", no_reference(), OPEN),
        (
            "claimed to be current",
            "process",
            current().on(Evidence::Attested),
            OPEN,
        ),
        (
            "current by its time",
            "process",
            current().on(Evidence::Timestamp),
            OPEN,
        ),
        (
            "missing by its time",
            "env",
            missing().on(Evidence::Timestamp),
            OPEN,
        ),
        (
            "the reference alone",
            "vault",
            current().on(Evidence::Reference),
            OPEN,
        ),
        (
            "older than the key",
            "process",
            timed(TimeProof::BeforeRotation),
            HELD,
        ),
        (
            "newer than the key",
            "process",
            timed(TimeProof::AfterRotation),
            OPEN,
        ),
        ("without a time", "process", timed(TimeProof::NoTime), OPEN),
    ] {
        assert_eq!(of(source, reading), expected, "{name}");
    }
}

#[test]
fn the_reference_says_nothing_of_what_comes_after_it() {
    let reference = || hop("vault", [current().on(Evidence::Reference)]);
    let of = |hops: Vec<crate::gate::testing::Judged>| {
        let scene = Scene::new().project("shop").deploy("cart", hops);
        told(&scene.audit(), question(&[]))
    };
    assert_eq!(of(vec![reference(), reference()]), (3, 0, 1));
    assert_eq!(
        of(vec![reference(), hop("process", [current()])]),
        (0, 0, 0)
    );
    assert_eq!(of(vec![reference(), hop("process", [failed()])]), (3, 0, 1));
    let audit = Scene::new()
        .project("shop")
        .deploy("cart", [reference(), reference()])
        .audit();
    let question = question(&[]);
    let answer = question.ask(&audit);
    assert_eq!(answer.blind[0].spot.index, 1);
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
    let question = question(&[]);
    let answer = question.ask(&audit);
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
        places: None,
    };
    let told = |accepted: &[Accepted]| {
        let question = Question {
            past: gone("shop", "old (staging)"),
            ..question(accepted)
        };
        let answer = question.ask(&audit);
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
fn a_place_that_left_its_route_is_blind_unless_it_held_something_else() {
    let audit = Scene::new()
        .project("shop")
        .deploy("cart", [hop("env", [current()]).location("env:HERE")])
        .audit();
    let source = audit.inventory.deployments[0].hops[0]
        .place
        .source
        .info()
        .id;
    let [old, other] = [audit.projects[0].previous[0].fingerprint, print_of("other")];
    let left = |location: &str, holds: Option<Vec<Fingerprint>>| Question {
        past: Past {
            places: vec![LastSeen {
                name: Name {
                    project: "shop".into(),
                    title: "cart (production)".into(),
                },
                inventory: 1,
                is_on_route: true,
                deployment: "cart".to_owned(),
                source: source.to_owned(),
                location: location.to_owned(),
                id: None,
                holds,
            }],
            ..Past::default()
        },
        ..question(&[])
    };
    for (name, question, code) in [
        ("the old key", left("env:GONE", Some(vec![other, old])), 3),
        ("what nobody explained", left("env:GONE", None), 3),
        ("another key", left("env:GONE", Some(vec![other])), 0),
        ("nothing", left("env:GONE", Some(Vec::new())), 0),
        ("it is on a route still", left("env:HERE", None), 0),
    ] {
        let answer = question.ask(&audit);
        assert_eq!(answer.code().code(), code, "{name}");
        assert_eq!(answer.left.len(), usize::from(code == 3), "{name}");
    }
    let accepted = [0, 1].map(|age: usize| Accepted {
        key: audit.projects[0].previous[age].fingerprint,
        deployment: "cart".to_owned(),
        reason: "wiped".to_owned(),
        places: None,
    });
    let answered = Question {
        accepted: accepted.to_vec(),
        ..left("env:GONE", None)
    };
    assert_eq!(answered.ask(&audit).code(), ExitCode::Success);
}

#[test]
fn what_failed_is_a_doubt_and_has_its_code() {
    let scene = |reading: Outcome| {
        let scene = Scene::new().project("shop");
        let scene = scene.deploy("cart", [hop("env", [reading])]);
        scene.with(|audit| audit.unfinished = true).audit()
    };
    for (reading, code) in [(current(), 4), (failed(), 4), (stale(0), 1)] {
        assert_eq!(told(&scene(reading), question(&[])).0, code);
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
fn what_dies_with_a_rotation_is_dead() {
    let audit = Scene::new()
        .project("shop")
        .deploy("cart", [hop("env", [current()])])
        .with(|audit| audit.inventory.projects[0].retirement = Retirement::Immediate)
        .audit();
    let question = question(&[]);
    assert!(question.ask(&audit).dead);
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
        let question = question(&accepted);
        let answer = question.ask(&audit);
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
    // Whosever it was.
    for project in ["shop", "elsewhere"] {
        let gone = Question {
            past: gone(project, "old-cart"),
            ..question(&accepted)
        };
        assert_eq!(told(&scene().audit(), gone).0, 3);
    }
    let interrupted = scene().with(|audit| audit.interrupted = true).audit();
    assert_eq!(told(&interrupted, question(&accepted)).0, 130);
}
