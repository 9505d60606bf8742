//! The sentences, as a table: what became of a route, then what is said of one of its hops.

use super::super::spots;
use crate::audit::Audit;
use crate::gate::testing::{
    Judged, Scene, at, current, empty, failed, foreign, hop, malformed, missing, next,
    no_reference, not_required, not_selected, revoked, stale, timed, unknown,
};
use crate::inventory::Retirement;
use crate::judge::{Outcome, RotationBasis, TimeProof, Why};
use crate::key::Digits;
use crate::keyring::{Damage, Inside, KeyId, Placeholder, ProjectId, Resolver};
use crate::reading::{Mend, Written};
use crate::verdict::{Evidence, Expectation};

fn audit(route: impl IntoIterator<Item = Judged>) -> Audit {
    Scene::new()
        .project("shop")
        .project("mail")
        .project("shop/staging")
        .deploy("cart", route)
        .audit()
}

/// Message and remedy of one hop.
fn told(audit: &Audit, index: usize) -> (String, Option<String>) {
    let spot = spots(audit, &audit.deployments[0]).nth(index).unwrap();
    (spot.message(), spot.remedy())
}

fn message(outcome: Outcome) -> String {
    told(&audit([hop("dotenv", [outcome])]), 0).0
}

fn remedy(id: &'static str, outcome: Outcome) -> String {
    told(&audit([hop(id, [outcome])]), 0).1.unwrap()
}

#[test]
fn one_reading_says_which_key_it_is_since_when_and_what_that_does() {
    let newline = || malformed(&[Damage::TrailingNewline]);
    let also = |mut outcome: Outcome| {
        if let Why::Holds { also, .. } = &mut outcome.why {
            *also = [KeyId::current(ProjectId(1))].into();
        }
        outcome
    };
    let unexplained = |length, fits, lengthen_to| {
        let mut outcome = unknown();
        outcome.why = Why::Unexplained {
            length,
            fits,
            lengthen_to,
        };
        outcome
    };
    for (outcome, said) in [
        (current(), "holds the current key"),
        (next(), "holds the next key"),
        (current().on(Evidence::Reference), "is the reference itself"),
        (
            current().on(Evidence::Attested),
            "claims to hold the current key",
        ),
        (
            stale(0),
            "holds the previous key, 1 rotation behind, replaced 2026-11-20",
        ),
        (
            stale(1),
            "holds the previous key, 2 rotations behind, replaced 2026-08-01",
        ),
        (foreign(1), "holds mail's current key"),
        (
            foreign(2),
            "holds shop's current key of environment staging",
        ),
        (
            also(foreign(2)),
            "holds shop's current key of environment staging, or mail's current key",
        ),
        (missing(), "does not have the key"),
        (empty(), "is empty"),
        (not_required(), "does not have the key"),
        (
            unknown(),
            "holds a value that is no known key (41 bytes, fits the format)",
        ),
        (
            unexplained(Some(3), Some(false), None),
            "holds a value that is no known key (3 bytes, outside the format)",
        ),
        (
            unexplained(None, None, Digits::new(16)),
            "holds a value that is no known key (damage can be searched from 16 digits on)",
        ),
        (
            unexplained(None, None, None),
            "holds a value that is no known key",
        ),
        (
            failed(),
            "could not be read: denied: secret/data/shop: 403 permission denied",
        ),
        (
            no_reference(),
            "holds something, but the reference of shop is not sound, so there is nothing to compare it with",
        ),
        (
            stale(0).of("web-1").started("2026-11-02T00:00:00Z"),
            "holds the previous key, 1 rotation behind, replaced 2026-11-20; place web-1, started 2026-11-02",
        ),
        (
            current()
                .of("web-1")
                .noted("under docker the quotes would stay"),
            "holds the current key; under docker the quotes would stay",
        ),
    ] {
        assert_eq!(message(outcome), said);
    }
    assert_eq!(
        message(newline()),
        format!(
            "holds the current key, damaged: trailing-newline; {}",
            Damage::TrailingNewline.effect()
        )
    );
    let twice = message(malformed(&[Damage::DoubleQuotes, Damage::SingleQuotes]));
    assert!(twice.starts_with("holds the current key, damaged: double-quotes, single-quotes; "));
    assert_eq!(
        twice.matches(Damage::DoubleQuotes.effect()).count(),
        1,
        "one effect is told once"
    );
    let both = message(malformed(&[Damage::DoubleQuotes, Damage::TrailingNewline]));
    assert!(both.ends_with(Damage::TrailingNewline.effect()), "{both}");
    assert!(
        !both.contains(Damage::DoubleQuotes.effect()),
        "the whole value decides: {both}"
    );
}

#[test]
fn what_runs_with_a_dead_or_foreign_key_loses_its_events() {
    for (id, outcome, said) in [
        (
            "process",
            revoked(),
            "holds the previous key, 1 rotation behind, replaced 2026-11-20; events are being lost now: the key is refused, after which the Python SDK stays off until the process restarts and the Rust SDK drops every event",
        ),
        (
            "bundle",
            revoked(),
            "holds the previous key, 1 rotation behind, replaced 2026-11-20; events are being lost now: the key is refused, after which the Python SDK stays off until the process restarts and the Rust SDK drops every event",
        ),
        (
            "dotenv",
            revoked(),
            "holds the previous key, 1 rotation behind, replaced 2026-11-20",
        ),
        (
            "process",
            stale(0),
            "holds the previous key, 1 rotation behind, replaced 2026-11-20",
        ),
        (
            "process",
            foreign(1),
            "holds mail's current key; its events land in mail",
        ),
        ("dotenv", foreign(1), "holds mail's current key"),
    ] {
        assert_eq!(told(&audit([hop(id, [outcome])]), 0).0, said);
    }
    let follows = audit([
        hop("dotenv", [revoked()]),
        hop("process", [revoked()]).inherited(),
    ]);
    assert!(
        told(&follows, 0)
            .0
            .contains("; what runs has it too: events are being lost now: the key is refused")
    );

    let mut immediate = audit([hop("process", [revoked()])]);
    immediate.inventory.projects[0].retirement = Retirement::Immediate;
    assert!(
        told(&immediate, 0)
            .0
            .contains(", replaced 2026-11-20, dead since then; events")
    );
}

#[test]
fn times_say_what_they_prove_and_what_is_missing() {
    let hidden = "it loads its key by itself, which its environment does not show";
    let said = |id, proof| told(&audit([hop(id, [timed(proof)])]), 0).0;
    assert_eq!(
        said("process", TimeProof::BeforeRotation),
        "started 2026-11-02, before the rotation of 2026-11-20"
    );
    assert_eq!(
        said("bundle", TimeProof::BeforeRotation),
        "was built 2026-11-02, before the rotation of 2026-11-20"
    );
    assert_eq!(
        said("vault", TimeProof::AfterRotation),
        format!(
            "was last written 2026-11-21T07:00:00Z, after the rotation of 2026-11-20, which proves \
             nothing by itself: {hidden}"
        )
        .replace("2026-11-21T07:00:00Z", "2026-11-21")
    );
    assert_eq!(
        said("process", TimeProof::RotationUnknown),
        format!("started 2026-11-21, but it is not known when the key was rotated: {hidden}")
    );
    assert_eq!(
        said("process", TimeProof::NoTime),
        format!("does not show its key: {hidden}")
    );

    let mut bounded = audit([hop("process", [timed(TimeProof::BeforeRotation)])]);
    bounded.projects[0].rotation = RotationBasis::History;
    bounded.projects[0].rotated_at = Some(at("2026-11-02T19:00:00Z"));
    assert_eq!(
        told(&bounded, 0).0,
        "started 2026-11-02T07:00:00Z, before the store got the current key, 2026-11-02T19:00:00Z"
    );
}

#[test]
fn replicas_are_counted_and_the_oldest_holder_is_named() {
    let old = |name: &str, day| {
        stale(0)
            .of(name)
            .started(&format!("2026-11-{day}T00:00:00Z"))
    };
    let pods = |old: Vec<Outcome>, good: usize| {
        let good = (0..good).map(|index| current().of(&format!("new-{index}")));
        told(
            &audit([hop("kubernetes_pods", old.into_iter().chain(good))]),
            0,
        )
        .0
    };
    let age = "the previous key, 1 rotation behind, replaced 2026-11-20";
    assert_eq!(
        pods(vec![old("api-7f9c", "02"), old("api-8a0b", "09")], 18),
        format!("2 of 20 pods hold {age}; oldest holder api-7f9c, started 2026-11-02; 18 current")
    );
    assert_eq!(
        pods(vec![old("api-7f9c", "02")], 19),
        format!("1 of 20 pods holds {age}; pod api-7f9c, started 2026-11-02; 19 current")
    );
    assert_eq!(
        pods(
            vec![
                old("api-7f9c", "02"),
                stale(1).of("a"),
                failed().of("b"),
                missing().of("c")
            ],
            1
        ),
        format!(
            "1 of 5 pods holds {age}; pod api-7f9c, started 2026-11-02; 1 more stale, 1 missing, 1 \
             unreachable, 1 current"
        )
    );
    assert_eq!(
        pods(vec![failed().of("b"), failed().of("c")], 0),
        "all 2 pods could not be read: denied: secret/data/shop: 403 permission denied; one of them b"
    );
    assert_eq!(pods(vec![], 3), "all 3 pods hold the current key");
    let before = || timed(TimeProof::BeforeRotation);
    assert_eq!(
        pods(vec![before().of("a"), before().of("b")], 0),
        "all 2 pods started before the rotation of 2026-11-20; oldest holder a"
    );
    assert_eq!(
        pods(vec![empty(), empty()], 1),
        "2 of 3 pods are empty; 1 current"
    );
    assert_eq!(
        pods(vec![missing(), missing()], 1),
        "2 of 3 pods do not have the key; 1 current"
    );
}

#[test]
fn a_fault_is_told_where_it_arose_and_what_it_will_still_do() {
    let stale_key = "holds the previous key, 1 rotation behind, replaced 2026-11-20";

    let inherited = audit([
        hop("vault", [stale(0)]),
        hop("dotenv", [stale(0)]).inherited(),
        hop("process", [stale(0)]).inherited(),
    ]);
    assert_eq!(
        told(&inherited, 0),
        (
            stale_key.to_owned(),
            Some("write the current key to vault:cart".to_owned())
        )
    );
    for (index, remedy) in [
        (
            1,
            "mend vault (vault:cart) first, then restart what runs with this",
        ),
        (
            2,
            "mend vault (vault:cart) first, then restart it: systemctl restart cart.service",
        ),
    ] {
        let (message, told) = told(&inherited, index);
        assert_eq!(
            message,
            format!("{stale_key}; inherited from vault (vault:cart)")
        );
        assert_eq!(told.as_deref(), Some(remedy));
    }

    let unseen = audit([
        hop("vault", [failed()]),
        hop("env", [failed()]),
        hop("dotenv", [stale(0)]),
    ]);
    assert_eq!(
        told(&unseen, 2).0,
        format!("{stale_key}; or earlier: vault:cart and env:cart were not seen")
    );
    let seen_since = audit([
        hop("vault", [failed()]),
        hop("env", [current()]),
        hop("dotenv", [stale(0)]),
    ]);
    assert_eq!(told(&seen_since, 2).0, stale_key);

    let back = "the next sync or deploy will";
    for (outcome, said) in [
        (
            stale(0),
            format!("{stale_key}; running is current, but {back} bring the old key back"),
        ),
        (
            missing(),
            format!("does not have the key; running is current, but {back} remove the key"),
        ),
        (
            foreign(1),
            format!(
                "holds mail's current key; running is current, but {back} bring the wrong key back"
            ),
        ),
    ] {
        let good_after_bad = audit([hop("dotenv", [outcome]), hop("process", [current()])]);
        assert_eq!(told(&good_after_bad, 0).0, said);
        assert_eq!(
            told(&good_after_bad, 1),
            ("holds the current key".to_owned(), None)
        );
    }
}

#[test]
fn where_no_key_belongs_it_is_to_be_removed() {
    let mut left_behind = current();
    left_behind.verdict = crate::verdict::Verdict::Stale;
    let audit = audit([
        hop("dotenv", [left_behind]).expect(Expectation::Absent),
        hop("env", [not_required()]).expect(Expectation::Absent),
        hop("process", [not_required()]).expect(Expectation::Optional),
        not_selected("bundle"),
    ]);
    assert_eq!(
        told(&audit, 0),
        (
            "holds the current key, where no key belongs".to_owned(),
            Some("remove the key from dotenv:cart".to_owned())
        )
    );
    assert_eq!(
        told(&audit, 1),
        ("does not have the key, as expected".to_owned(), None)
    );
    assert_eq!(
        told(&audit, 2),
        (
            "does not have the key, which is not required".to_owned(),
            None
        )
    );
    assert_eq!(told(&audit, 3), ("left out by --until".to_owned(), None));
}

#[test]
fn every_finding_has_one_thing_to_do() {
    assert_eq!(
        remedy("dotenv", stale(0)),
        "write the current key to dotenv:cart"
    );
    assert_eq!(
        remedy("dotenv", unknown()),
        "write the current key to dotenv:cart"
    );
    assert_eq!(remedy("vault", failed()), "grant read on secret/data/shop");
    let quotes = || malformed(&[Damage::DoubleQuotes]);
    assert_eq!(
        remedy("dotenv", quotes()),
        "remove the quotes around the value, and write the current key to dotenv:cart"
    );
    assert_eq!(
        remedy("process", quotes()),
        "remove the quotes around the value, where process:cart gets it from; then restart it: \
         systemctl restart cart.service"
    );
    assert_eq!(
        remedy("process", timed(TimeProof::RotationUnknown)),
        "set rotated_at of shop (targets.yaml:4)"
    );
    assert_eq!(
        remedy("dotenv", no_reference()),
        "mend the reference of shop first"
    );
    for outcome in [
        timed(TimeProof::NoTime),
        timed(TimeProof::AfterRotation),
        current().on(Evidence::Attested),
    ] {
        assert!(remedy("process", outcome).starts_with("read the key itself where it is used"));
    }
    assert!(remedy("vault", current().on(Evidence::Reference)).starts_with("add the hops"));
}

#[test]
fn replicas_that_want_different_things_are_all_told() {
    let mended = |mut outcome: Outcome, words: &str| {
        outcome.mend = Some(Box::new(Mend {
            words: Some(words.into()),
            ..Mend::default()
        }));
        outcome
    };
    let remedy = |readings: Vec<Outcome>| told(&audit([hop("docker", readings)]), 0).1.unwrap();
    assert_eq!(
        remedy(vec![
            mended(stale(0), "update web"),
            mended(stale(0), "update mail"),
            mended(stale(0), "update web"),
            current(),
        ]),
        "update web; and update mail"
    );
    let many = ["a", "b", "c", "d", "e"].map(|name| mended(stale(0), &format!("update {name}")));
    assert_eq!(
        remedy(many.into()),
        "update a; and update b; and update c; and likewise for 2 more"
    );
}

#[test]
fn what_the_rules_of_a_text_did_is_told_with_how_it_is_kept() {
    let mut eaten = malformed(&[Damage::VariableInterpolation]);
    eaten.mend = Some(Box::new(Mend {
        words: Some("create it anew".into()),
        written: Some(Written::Compose),
        ..Mend::default()
    }));
    let told = told(&audit([hop("process", [eaten])]), 0).1.unwrap();
    assert!(
        told.starts_with("write each `$` of the key as `$$` in the Compose file")
            && told.ends_with(", and create it anew"),
        "{told}"
    );
}

#[test]
fn what_was_damaged_twice_is_written_anew_and_nothing_contradicts_that() {
    let twice = || malformed(&[Damage::Base64, Damage::TrailingNewline]);
    assert_eq!(
        remedy("dotenv", twice()),
        "write the current key to dotenv:cart"
    );
    assert_eq!(
        remedy("process", twice()),
        "write the key with nothing around it where process:cart gets it from; then restart it: systemctl restart \
         cart.service"
    );
}

#[test]
fn a_key_in_something_larger_leaves_the_rest_and_a_reference_is_not_replaced() {
    let inside = |mut outcome: Outcome| {
        if let Why::Holds { inside, damage, .. } = &mut outcome.why {
            *damage = [Damage::Surrounded].into();
            *inside = Some(Box::new(Inside::made(None)));
        }
        outcome
    };
    let told = remedy("dotenv", inside(stale(0)));
    assert!(
        told.starts_with("if all of it is meant to be there, say with `extract` where the key stands in it (targets.yaml:")
            && told.ends_with("), and change that part alone; else write the current key to dotenv:cart"),
        "{told}"
    );
    let mut reference = empty();
    reference.why = Why::Placeholder(Placeholder::Resolvable(Resolver::OnePassword), 0);
    let told = remedy("dotenv", reference);
    assert!(
        told.starts_with("if what reads it resolves the reference, leave it"),
        "{told}"
    );
}

#[test]
fn where_no_key_belongs_what_runs_is_started_anew_too() {
    let held = || stale(0);
    let audit = audit([hop("process", [held()]).expect(Expectation::Absent)]);
    let told = told(&audit, 0).1.unwrap();
    assert!(told.contains("then restart what runs there"), "{told}");
}

#[test]
fn nothing_from_outside_acts_in_a_sentence() {
    let hostile = "a\u{1b}[31m\n\u{202e}b";
    let route = [
        hop("vault", [stale(0).noted(hostile)])
            .location(hostile)
            .remedy(hostile),
        hop("dotenv", [stale(0).of(hostile)])
            .location(hostile)
            .inherited(),
        hop("process", [failed().of(hostile), stale(0).of(hostile)]).location(hostile),
    ];
    let audit = Scene::new().project(hostile).deploy(hostile, route).audit();
    for index in 0..3 {
        let (message, remedy) = told(&audit, index);
        for text in [message, remedy.unwrap()] {
            assert_eq!(crate::text::escape(&text), text);
        }
    }
}
