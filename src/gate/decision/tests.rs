//! The exit codes of the contract, as tables.
//!
//! A route is written as its hops, `current -> stale`; replicas are joined by `+`, `19 current + 1
//! stale`. `(waived stale)` after a hop is a waiver in force, `(was waived stale)` an expired one.

use super::super::testing::{
    Judged, Scene, current, failed, foreign, hop, malformed, missing, next, no_reference,
    not_required, not_selected, revoked, stale, timed, unknown, waiver,
};
use super::*;
use crate::judge::{Outcome, Soundness, TimeProof};
use crate::keyring::Damage;
use crate::verdict::Evidence;

const LATER: &str = "2026-12-31T23:59:59Z";
const OVER: &str = "2026-11-22T23:59:59Z";

#[test]
fn what_was_seen_decides() {
    for (rule, route, code) in [
        ("proven current at the end", "current -> current", 0),
        ("by fingerprint is proof", "hashed", 0),
        ("the next key is as good", "next", 0),
        (
            "the reference itself, then proof",
            "reference -> current",
            0,
        ),
        (
            "proof at the end makes up for none before it",
            "unverified -> current",
            0,
        ),
        ("a claim before the end is as good", "claim -> current", 0),
        ("nothing was required", "not-required", 0),
        (
            "what --until left out does not count",
            "current -> left-out",
            0,
        ),
        ("revoked", "revoked", 1),
        ("stale", "stale", 1),
        ("stale by time", "started-before", 1),
        ("wrong project", "wrong-project", 1),
        ("malformed", "malformed", 1),
        ("missing", "missing", 1),
        ("unknown", "unknown", 1),
        ("good after bad", "stale -> current", 1),
        ("one stale replica of twenty", "19 current + 1 stale", 1),
        ("drift outweighs what was not read", "unread -> stale", 1),
        ("not read", "unread", 3),
        (
            "not read, though the end is current",
            "unread -> current",
            3,
        ),
        ("one replica of twenty not read", "19 current + 1 unread", 3),
        ("the end proves nothing", "current -> unverified", 3),
        ("the end is the reference itself", "reference", 3),
        ("the end is somebody's claim", "claim", 3),
        (
            "one replica's claim among proofs",
            "19 current + 1 claim",
            3,
        ),
        ("what is left is the reference", "reference -> left-out", 3),
        ("nothing but what was left out", "left-out", 2),
    ] {
        assert_eq!(code_of(route, |_| {}), code, "{rule}");
    }
}

#[test]
fn the_policy_says_what_drift_is() {
    use Verdict::{Revoked, Stale, Unreachable, Unverified};
    for (rule, route, fail_on, code) in [
        ("only revoked is to fail", "stale", &[Revoked][..], 0),
        ("and revoked does", "revoked", &[Revoked], 1),
        (
            "a worse replica hides none to fail on",
            "revoked + stale",
            &[Stale],
            1,
        ),
        (
            "what is not read stays incomplete",
            "stale + unread",
            &[Revoked],
            3,
        ),
        ("unreachable may be to fail", "unread", &[Unreachable], 1),
        (
            "unverified may be to fail",
            "unverified -> current",
            &[Unverified],
            1,
        ),
        ("and with it a claim at the end", "claim", &[Unverified], 1),
        (
            "but no claim before it",
            "claim -> current",
            &[Unverified],
            0,
        ),
    ] {
        let policy = |audit: &mut Audit| audit.policy.fail_on = fail_on.to_vec();
        assert_eq!(code_of(route, policy), code, "{rule}");
    }
    for (rule, route, code) in [
        ("unverified passes at the end", "current -> unverified", 0),
        ("and so does a claim", "claim", 0),
        ("and the reference itself", "reference", 0),
        ("what was not read does not", "unread", 3),
        ("nor does drift", "stale", 1),
    ] {
        let accept = |audit: &mut Audit| audit.policy.accept_unverified = true;
        assert_eq!(
            code_of(route, accept),
            code,
            "with --accept unverified: {rule}"
        );
    }
}

#[test]
fn a_waiver_accepts_exactly_its_verdicts_until_its_day() {
    for (rule, route, code) in [
        ("waived at its hop", "stale (waived stale)", 0),
        ("another verdict is not", "revoked (waived stale)", 1),
        ("the next hop is not", "stale (waived stale) -> stale", 1),
        (
            "another replica is not",
            "revoked + stale (waived revoked)",
            1,
        ),
        (
            "nor one that was not read",
            "stale + unread (waived stale)",
            3,
        ),
        (
            "what was not read may be waived",
            "unread (waived unreachable)",
            0,
        ),
        (
            "so may an end that proves nothing",
            "unverified (waived unverified)",
            0,
        ),
        (
            "and a claim at the end with it",
            "claim (waived unverified)",
            0,
        ),
        (
            "an expired one counts though nothing is wrong",
            "current (was waived stale)",
            1,
        ),
        (
            "but not on what was left out",
            "current -> left-out (was waived stale)",
            0,
        ),
    ] {
        assert_eq!(code_of(route, |_| {}), code, "{rule}");
    }
    for (rule, route, until, code) in [
        ("it covers every hop", "stale -> stale", LATER, 0),
        (
            "and each only for its verdicts",
            "stale -> missing",
            LATER,
            1,
        ),
        ("expired, it counts", "current", OVER, 1),
        ("unless nothing of it was selected", "left-out", OVER, 2),
    ] {
        let waive = |deployment: &mut crate::inventory::Deployment| {
            deployment.waiver = Some(waiver(&[Verdict::Stale], until));
        };
        let audit = scene(route).declared(waive).audit();
        assert_eq!(exit_code(&audit).code(), code, "on the deployment: {rule}");
    }
    let nothing_fails = |audit: &mut Audit| audit.policy.fail_on.clear();
    assert_eq!(code_of("current (was waived stale)", nothing_fails), 1);
}

#[test]
fn a_reference_counts_where_its_project_is_selected() {
    let absent = |scene: Scene| scene.reference("shop", Verdict::Missing, Soundness::Absent);
    let no_key = |scene: Scene| scene.reference("shop", Verdict::Unverified, Soundness::NotOneKey);
    let policy = |audit: &mut Audit| {
        audit.policy.fail_on.clear();
        audit.policy.accept_unverified = true;
    };
    let sibling = |selected: bool| {
        scene("current")
            .project("mail")
            .unread_reference("mail")
            .with(|audit| audit.projects[1].selected = selected)
    };
    for (rule, scene, code) in [
        ("faulty", absent(scene("no-reference")), 1),
        (
            "faulty, whatever the policy",
            absent(scene("current")).with(policy),
            1,
        ),
        (
            "not read",
            scene("no-reference").unread_reference("shop"),
            3,
        ),
        (
            "not read, whatever the policy",
            scene("current").unread_reference("shop").with(policy),
            3,
        ),
        ("shows no key", no_key(scene("current")), 3),
        ("not read, of a sibling that is selected", sibling(true), 3),
        ("not read, of a sibling that is not", sibling(false), 0),
    ] {
        assert_eq!(exit_code(&scene.audit()).code(), code, "{rule}");
    }
}

#[test]
fn nothing_selected_is_no_success_and_an_interruption_outweighs_drift() {
    assert_eq!(exit_code(&Scene::new().project("shop").audit()).code(), 2);
    let beside = scene("current").deploy("mail", [not_selected("process")]);
    assert_eq!(exit_code(&beside.audit()).code(), 0);
    for route in ["current", "stale", "unread"] {
        assert_eq!(code_of(route, |audit| audit.interrupted = true), 130);
    }
}

#[test]
fn everything_that_speaks_against_success_is_counted() {
    let audit = scene("stale -> unread")
        .deploy("mail", [hop("process", [timed(TimeProof::NoTime)])])
        .deploy(
            "web",
            [hop("process", [current()]).waived(&[Verdict::Stale], OVER)],
        )
        .deploy("api", [hop("process", [current()])])
        .deploy(
            "late",
            [
                hop("process", [timed(TimeProof::NoTime)]),
                hop("process", [current()]),
            ],
        )
        .deploy(
            "sure",
            [hop("process", [stale(0)]).waived(&[Verdict::Stale], LATER)],
        )
        .deploy("none", [hop("process", [not_required()])])
        .deploy("left", [not_selected("process")])
        .project("mail")
        .unread_reference("mail")
        .audit();
    let decision = Decision {
        judged: 7,
        drifting: 1,
        faulty_references: 0,
        unread_references: 1,
        expired_waivers: 1,
        unread: 1,
        unproven: 1,
        interrupted: false,
        unfinished: false,
        passing: Passing {
            waived: 1,
            not_required: 1,
            proven_late: 1,
            // The waiver of one of them has expired.
            proven: 2,
            not_selected: 1,
            ..Passing::default()
        },
    };
    assert_eq!(Decision::of(&audit), decision);
}

#[test]
fn what_passes_is_counted_by_why_it_does() {
    let of = |route: &str, change: fn(&mut Audit)| {
        Decision::of(&scene(route).with(change).audit()).passing
    };
    let accepting: fn(&mut Audit) = |audit| audit.policy.accept_unverified = true;
    let revoked_only: fn(&mut Audit) = |audit| audit.policy.fail_on = vec![Verdict::Revoked];
    let none = Passing::default();
    let stale = [0, 1, 0, 0, 0, 0];
    for (route, change, passing) in [
        ("current", accepting, Passing { proven: 1, ..none }),
        (
            "unverified",
            accepting,
            Passing {
                accepted: 1,
                ..none
            },
        ),
        (
            "claim",
            accepting,
            Passing {
                accepted: 1,
                ..none
            },
        ),
        (
            "reference",
            accepting,
            Passing {
                accepted: 1,
                ..none
            },
        ),
        (
            "stale",
            revoked_only,
            Passing {
                uncounted: stale,
                ..none
            },
        ),
        (
            "stale -> current",
            revoked_only,
            Passing {
                uncounted: stale,
                ..none
            },
        ),
        (
            "missing -> stale",
            revoked_only,
            Passing {
                uncounted: stale,
                ..none
            },
        ),
        ("revoked", revoked_only, none),
        ("unread", accepting, none),
        (
            "unverified -> current",
            accepting,
            Passing {
                proven_late: 1,
                ..none
            },
        ),
        (
            "current -> unverified (waived unverified)",
            |_| {},
            Passing { waived: 1, ..none },
        ),
        (
            "current -> not-required",
            |_| {},
            Passing {
                not_required: 1,
                ..none
            },
        ),
    ] {
        assert_eq!(of(route, change), passing, "{route}");
    }
}

fn code_of(route: &str, change: impl FnOnce(&mut Audit)) -> u8 {
    exit_code(&scene(route).with(change).audit()).code()
}

fn scene(route: &str) -> Scene {
    Scene::new()
        .project("shop")
        .deploy("cart", route.split(" -> ").map(written))
}

fn written(text: &str) -> Judged {
    let (replicas, waived) = text.split_once(" (").unwrap_or((text, ""));
    let judged = hop("process", replicas.split(" + ").flat_map(replica));
    let named = |name: &str| {
        Verdict::ALL
            .into_iter()
            .find(|verdict| verdict.name() == name)
    };
    let waived = waived.trim_end_matches(')');
    match (
        waived.strip_prefix("was waived "),
        waived.strip_prefix("waived "),
    ) {
        (Some(name), _) => judged.waived(&[named(name).unwrap()], OVER),
        (_, Some(name)) => judged.waived(&[named(name).unwrap()], LATER),
        _ => judged,
    }
}

fn replica(text: &str) -> Vec<Outcome> {
    let (count, word) = match text.split_once(' ') {
        Some((count, word)) => (count.parse().unwrap(), word),
        None => (1, text),
    };
    let make: fn() -> Outcome = match word {
        "current" => current,
        "hashed" => || current().on(Evidence::Fingerprint),
        "reference" => || current().on(Evidence::Reference),
        "claim" => || current().on(Evidence::Attested),
        "next" => next,
        "revoked" => revoked,
        "stale" => || stale(0),
        "started-before" => || timed(TimeProof::BeforeRotation),
        "wrong-project" => || foreign(0),
        "malformed" => || malformed(&[Damage::TrailingNewline]),
        "missing" => missing,
        "unknown" => unknown,
        "unread" => failed,
        "unverified" => || timed(TimeProof::AfterRotation),
        "no-reference" => no_reference,
        "not-required" => not_required,
        "left-out" => return Vec::new(),
        other => panic!("{other} is no word of these tables"),
    };
    (0..count).map(|_| make()).collect()
}
