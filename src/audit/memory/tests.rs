//! What past audits know, and what it makes of an audit.

use super::super::tests::{audit_after, inventory, key, told};
use super::super::{Announced, Audit, Confirmation};
use super::*;
use crate::inventory::Origin;
use crate::key::{Digits, Secret};

const DECLARED: &str = "2026-11-20T09:00:00Z";

/// `f:old@1-15` was the first to be read as the reference, from the 1st to the 15th; a person said `p:`, and
/// `s:` is suspected.
fn reign(text: &str) -> Reign {
    let (kind, rest) = text.split_once(':').unwrap();
    let (name, days) = rest.split_once('@').unwrap();
    let (first, last) = days.split_once('-').unwrap();
    let day = |day: &str| format!("2026-11-{day:0>2}T00:00:00Z").parse().unwrap();
    Reign {
        fingerprint: Secret::new(key(name).into_bytes())
            .fingerprint()
            .cut(Digits::DEFAULT),
        first_seen: day(first),
        last_seen: day(last),
        said_seen: None,
        confirmed: match kind {
            "f" => Some(Confirmation::First),
            "p" => Some(Confirmation::Person),
            _ => None,
        },
        rotated_at: None,
        revoked_at: None,
    }
}

/// What audits remember: reigns of `checkout`, or of whom is named before them, `shop` or `checkout/staging`; `u:past@…` was replaced
/// before it was sure, and `n:now@4-5` was seen as the next key on the 5th, and not yet on the 4th. A reign
/// with `!` was declared to begin when `rotated` says.
fn remembered(audits: &[&str]) -> Remembered {
    let mut remembered = Remembered::default();
    for text in audits {
        let (owner, text) = text.split_once(' ').unwrap_or(("checkout", text));
        let (name, environment) = match owner.split_once('/') {
            Some((name, environment)) => (name, Some(environment)),
            None => (owner, None),
        };
        let owner = Owner {
            project: name.into(),
            environment: environment.map(Into::into),
        };
        let told = reign(text.trim_end_matches('!'));
        match text.split_once(':').unwrap().0 {
            "u" => remembered.unsettled.push((owner, told.fingerprint)),
            "n" => remembered
                .announced
                .entry(owner)
                .or_default()
                .push(Announced {
                    fingerprint: told.fingerprint,
                    first_seen: told.last_seen,
                    absent_at: Some(told.first_seen),
                }),
            _ => {
                let declared = text.ends_with('!').then(|| DECLARED.parse().unwrap());
                let reigns = remembered.reigns.entry(owner).or_default();
                reigns.push(Reign {
                    rotated_at: declared,
                    ..told
                });
            }
        }
    }
    remembered
}

async fn after(audits: &[&str], facts: &str, route: &[&str]) -> Audit {
    let mut inventory = inventory(facts, route);
    // What past audits know is not declared as well.
    inventory.projects[0]
        .previous
        .retain(|previous| previous.revoked_at.is_some());
    let remembered = remembered(audits);
    audit_after(inventory, &remembered).await
}

type Case = (
    &'static str,
    &'static [&'static str],
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    RotationBasis,
);

#[rustfmt::skip]
const CASES: &[Case] = &[
    // What it shows            what audits saw                    the project            the route                          what comes out                        where T₀ comes from
    ("the first audit",         &[],                               "",                    &["config old"],                   &["unknown own value"],               RotationBasis::Unknown),
    ("nothing has changed",     &["f:now@1-20"],                   "",                    &["config now"],                   &["current - value"],                 RotationBasis::Unknown),
    ("rotated in between",      &["f:old@1-15", "p:now@16-20"],    "",                    &["config old", "running now"],    &["stale own value", "current"],      RotationBasis::Ledger),
    ("seen damaged",            &["f:old@1-15", "p:now@16-20"],    "",                    &["config #old"],                  &["stale own fingerprint"],           RotationBasis::Ledger),
    ("dead at T₀",              &["f:old@1-15", "p:now@16-20"],    "immediate",           &["config old"],                   &["revoked own value"],               RotationBasis::Ledger),
    ("it changed just now",     &["f:old@1-20"],                   "",                    &["config old", "running now"],    &["stale own value", "current"],      RotationBasis::Suspected),
    ("it changed a while ago",  &["f:old@1-15", "s:now@16-20"],    "",                    &["config old"],                   &["stale own value"],                 RotationBasis::Suspected),
    ("it changed twice",        &["f:old@1-15", "s:past@16-20"],   "",                    &["config past", "running old"],   &["stale own value", "stale own value"], RotationBasis::Suspected),
    ("its holders are told",    &["f:now@1-15", "u:past@16-20"],   "",                    &["config past", "running now"],   &["stale own value", "current"],      RotationBasis::Unknown),
    ("replaced by another",     &["f:old@1-15", "u:past@16-18", "p:now@19-20"], "",       &["config past", "running old"],   &["stale own value", "stale own value"], RotationBasis::Ledger),
    ("it was a misread",        &["f:now@1-15", "s:past@16-20"],   "",                    &["config past", "running now"],   &["stale own value", "current"],    RotationBasis::Unknown),
    ("declared since",          &["f:old@1-15"],                   "rotated",             &["config old"],                   &["stale own value"],                 RotationBasis::Declared),
    ("declared before",         &["f:old@21-22"],                  "rotated",             &["config old"],                   &["stale own value"],                 RotationBasis::Suspected),
    ("the former one's time",   &["f:old@1-15!"],                  "rotated",             &["config old"],                   &["stale own value"],                 RotationBasis::Suspected),
    ("its time says nothing",   &["f:old@1-15!"],                  "rotated",             &["store now", "running hidden-before"], &["current - reference", "unverified - none"], RotationBasis::Suspected),
    ("told by the store",       &["f:old@1-15"],                   "reference v:old@1 v:now@20 now", &["config old"],        &["stale own value"],                 RotationBasis::History),
    ("the store knows others",  &["f:old@1-15"],                   "reference v:past@1 v:now@20 now", &["config old"],       &["stale own value"],                 RotationBasis::Suspected),
    ("back to an older key",    &["f:now@1-5", "p:past@6-15"],     "",                    &["config past", "running now"],   &["stale own value", "current"],      RotationBasis::Suspected),
    ("back for long",           &["f:now@1-5", "p:past@6-15", "s:now@16-20"], "",         &["config past", "running now"],   &["stale own value", "current"],      RotationBasis::Suspected),
    ("back, said to be right",  &["f:now@1-5", "p:past@6-15", "p:now@16-20"], "",         &["config past", "running now"],   &["stale own value", "current"],      RotationBasis::Unknown),
    ("back, as declared",       &["f:now@1-5", "p:past@6-15"],     "rotated",             &["config past", "running now"],   &["stale own value", "current"],      RotationBasis::Declared),
    ("back, and its store too", &["f:now@1-5", "p:past@6-15"],     "reference v:past@1 v:now@20 now", &["config past"],      &["stale own value"],                 RotationBasis::Suspected),
    ("back to a dead key",      &["f:now@1-5", "p:past@6-15"],     "immediate",           &["config past", "running now"],   &["unverified", "revoked own value"], RotationBasis::Suspected),
    ("instead of a suspected",  &["f:now@1-5", "p:old@6-15", "s:past@16-20"], "immediate", &["config past", "config old"],    &["revoked own value", "unverified"], RotationBasis::Suspected),
    ("to a dead one, for long", &["f:now@1-5", "p:past@6-15", "s:now@16-20"], "immediate", &["config now"],                  &["revoked own value"],               RotationBasis::Suspected),
    ("dead, said to be right",  &["f:now@1-5", "p:past@6-15", "p:now@16-20"], "immediate", &["config past", "running now"],  &["revoked own value", "current"],    RotationBasis::Unknown),
    ("a return that is undone", &["f:past@1-5", "p:now@6-10", "s:past@11-15"], "",        &["config past"],                  &["stale own value"],                 RotationBasis::Ledger),
    ("the reference is unread", &["f:old@1-15", "p:now@16-20"],    "reference denied",    &["config old", "config now"],     &["stale own value", "unverified"],   RotationBasis::Unknown),
    ("unread while in doubt",   &["f:now@1-15", "s:past@16-20"],   "reference denied",    &["config now", "config past"],    &["unverified", "unverified"],        RotationBasis::Unknown),
    ("a sibling took its key",  &["f:shop@1-15", "p:now@16-20"],   "",                    &["config shop"],                  &["stale own value"],                 RotationBasis::Ledger),
    ("it was a sibling's key",  &["f:shop@5-15", "p:now@16-20", "shop f:shop@1-20"], "",  &["config shop"],                  &["wrong-project own value"],         RotationBasis::Ledger),
    ("a sibling's lost key",    &["f:now@1-20", "shop f:gone@1-15", "shop p:shop@16-20"], "", &["config gone"],              &["wrong-project own value"],         RotationBasis::Unknown),
    ("it is the next one again", &["f:coming@1-15", "p:now@16-20"], "next coming",        &["config coming"],                &["stale own value"],                 RotationBasis::Ledger),
    ("started while it was old", &["f:old@1-21", "p:now@22-23"],   "",                    &["store now", "running hidden-before"], &["current - reference", "stale own timestamp"], RotationBasis::Ledger),
    ("started in between",      &["f:old@1-15", "p:now@22-23"],    "",                    &["store now", "running hidden-before"], &["current - reference", "unverified - none"], RotationBasis::Ledger),
    ("not behind its store",    &["f:old@1-21", "p:now@22-23"],    "",                    &["running hidden-before"],        &["unverified - none"],               RotationBasis::Ledger),
    ("it was the next one then", &["f:old@1-21", "p:now@22-23", "n:now@18-19"], "",       &["store now", "running hidden-before"], &["current - reference", "unverified - none"], RotationBasis::Ledger),
    ("before it was the next",  &["f:old@1-21", "p:now@22-23", "n:now@20-21"], "",        &["store now", "running hidden-before"], &["current - reference", "stale own timestamp"], RotationBasis::Ledger),
    ("next, and declared since", &["f:old@1-15", "n:now@18-18"],   "rotated",             &["running hidden-before"],        &["unverified - none"],               RotationBasis::Declared),
];

#[tokio::test]
async fn every_rule_holds() {
    for (name, reigns, facts, route, expected, rotation) in CASES {
        let audit = after(reigns, facts, route).await;
        assert_eq!(told(&audit, expected), *expected, "{name}");
        assert_eq!(audit.projects[0].rotation, *rotation, "{name}");
        let changed = |warning: &Warning| matches!(warning, Warning::ReferenceChanged { .. });
        let warned = audit.warnings.iter().any(changed);
        let suspected = *rotation == RotationBasis::Suspected;
        assert_eq!(warned, suspected, "{name}");
    }
}

#[tokio::test]
async fn keys_are_counted_back_from_the_current_one_whoever_knows_them() {
    let reigns = ["f:older@1-5", "p:old@6-15", "p:now@16-20"];
    let audit = after(&reigns, "revoked dead", &["config older"]).await;
    let told: Vec<_> = audit.projects[0]
        .previous
        .iter()
        .map(|known| (known.fingerprint, known.revoked_at.is_some()))
        .collect();
    let of = |name: &str| {
        Secret::new(key(name).into_bytes())
            .fingerprint()
            .cut(Digits::DEFAULT)
    };
    // Nobody knows when the declared one came to be, so it comes last.
    assert_eq!(
        told,
        [(of("old"), false), (of("older"), false), (of("dead"), true)]
    );
    let declared = DECLARED.parse::<Timestamp>().unwrap();
    assert!(audit.projects[0].previous[0].rotated_at.unwrap() < declared);
}

#[tokio::test]
async fn a_key_that_only_the_ledger_knows_makes_a_reference_faulty() {
    for (name, audits, sound) in [
        (
            "nobody had it",
            &["f:now@1-20", "shop f:shop@1-20"][..],
            true,
        ),
        (
            "the other had it",
            &["shop f:now@1-15", "shop p:shop@16-20"],
            false,
        ),
        (
            "the other has it, and is read",
            &["shop f:now@1-15", "shop p:shop@16-20", "f:now@18-20"],
            false,
        ),
        (
            "this one had it first",
            &["f:now@1-20", "shop f:now@5-15", "shop p:shop@16-20"],
            true,
        ),
        (
            "said to be right",
            &[
                "f:old@1-15",
                "p:now@18-20",
                "shop f:now@1-15",
                "shop p:shop@16-20",
            ],
            true,
        ),
        (
            "the other's misread",
            &["f:old@1-15", "shop f:shop@1-15", "shop s:now@16-20"],
            true,
        ),
    ] {
        let audit = after(audits, "", &["config now", "config shop"]).await;
        let reference = &audit.projects[0].reference;
        assert_eq!(reference.is_sound(), sound, "{name}");
        if !sound {
            assert!(matches!(reference, Soundness::Foreign(_)), "{name}");
            assert_eq!(
                told(&audit, &["wrong-project"]),
                ["wrong-project"],
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn references_that_were_swapped_are_all_faulty() {
    let before = [
        ["f:shop@1-20", "shop f:now@1-20"],
        ["p:shop@1-20", "shop p:now@1-20!"],
    ];
    for (audits, facts) in before.iter().zip(["", "rotated"]) {
        let audit = after(audits, facts, &["config now", "config shop"]).await;
        for index in [0, 2] {
            let swapped = &audit.projects[index];
            let is_foreign = matches!(swapped.reference, Soundness::Foreign(_));
            assert!(is_foreign && swapped.current.is_none(), "{facts}");
            assert!(swapped.last_sure.is_some(), "{facts}");
        }
        let hops = ["wrong-project own value", "unverified - none"];
        assert_eq!(told(&audit, &hops), hops, "{facts}");
    }
    // One of these had gone back, and the other one changed, before that was settled.
    let audits = [
        "f:old@1-15",
        "s:shop@16-20",
        "shop f:now@1-5",
        "shop p:gone@6-15",
        "shop s:now@16-20",
    ];
    let audit = after(&audits, "", &[]).await;
    for index in [0, 2] {
        let reference = &audit.projects[index].reference;
        assert!(matches!(reference, Soundness::Foreign(_)));
    }
    // So are three, each of which holds the next one's.
    let audits = [
        "f:staging@1-20",
        "checkout/staging f:shop@1-20",
        "shop f:now@1-20",
    ];
    let audit = after(&audits, "", &["config now"]).await;
    let mut references = audit.projects.iter().map(|project| &project.reference);
    assert!(references.all(|reference| matches!(reference, Soundness::Foreign(_))));
}

#[tokio::test]
async fn an_earlier_key_is_told_as_such_though_an_unsound_reference_went_back_to_it() {
    let reigns = ["f:now@1-5", "p:past@6-15"];
    for (facts, expected) in [
        ("shop-reference now", "stale own value"),
        ("shop-reference now, immediate", "revoked own value"),
    ] {
        let audit = after(&reigns, facts, &["config now", "config past"]).await;
        assert!(matches!(audit.projects[0].reference, Soundness::Foreign(_)));
        let hops = [expected, "unverified - none"];
        assert_eq!(told(&audit, &hops), hops, "{facts}");
    }
}

#[tokio::test]
async fn the_last_sure_key_of_a_lost_reference_is_known_elsewhere() {
    let mut inventory = inventory("", &["config gone"]);
    let shop = inventory
        .projects
        .iter_mut()
        .find(|project| &*project.name == "shop");
    shop.unwrap().current = Origin::Place(super::super::tests::place("store denied"));
    let remembered = remembered(&["shop f:gone@1-20"]);
    let audit = audit_after(inventory, &remembered).await;
    assert_eq!(
        told(&audit, &["wrong-project own value"]),
        ["wrong-project own value"]
    );
    let shop = audit
        .inventory
        .projects
        .iter()
        .position(|project| &*project.name == "shop");
    let lost = &audit.projects[shop.unwrap()];
    assert!(lost.current.is_none() && lost.last_sure.is_some());
}

#[tokio::test]
async fn so_is_what_it_had_changed_to_before_it_was_lost() {
    for before in [
        &["shop f:shop@1-15", "shop s:gone@16-20"][..],
        &["shop f:gone@1-5", "shop p:shop@6-15", "shop s:gone@16-20"],
    ] {
        for lost in ["denied", "empty"] {
            let shop = format!("shop-reference {lost}");
            let audit = after(before, &shop, &["config gone"]).await;
            let hop = ["wrong-project own value"];
            assert_eq!(told(&audit, &hop), hop, "{lost}");
            let reading = &audit.deployments[0].hops[0].readings[0];
            let gone = Fingerprint::of(key("gone").as_bytes());
            let held: Vec<_> = audit.held(reading).collect();
            assert!(held.len() == 1 && held[0].agrees(&gone), "{lost}: {held:?}");
            // Nobody saw yet that it stood there by mistake.
            let audit = after(before, &format!("reference gone, {shop}"), &[]).await;
            let reference = &audit.projects[0].reference;
            assert!(matches!(reference, Soundness::Foreign(_)), "{lost}");
        }
    }
}

#[tokio::test]
async fn a_time_that_contradicts_past_audits_is_told_and_taken() {
    for (name, audits, told) in [
        ("a little later", &["f:old@1-19", "p:now@21-22"][..], false),
        (
            "this key was there before",
            &["f:old@1-10", "p:now@12-22"],
            true,
        ),
        (
            "the former one after it",
            &["f:old@1-21", "p:now@22-23"],
            true,
        ),
        ("the first one was there before", &["f:now@1-22"], true),
        ("nothing is known", &[], false),
    ] {
        let audit = after(audits, "rotated", &["config now"]).await;
        let warned = audit.warnings.iter();
        let warned = warned
            .filter(|one| matches!(one, Warning::RotationTimes { .. }))
            .count();
        assert_eq!(warned, usize::from(told), "{name}");
        assert_eq!(
            audit.projects[0].rotation,
            RotationBasis::Declared,
            "{name}"
        );
    }
}
