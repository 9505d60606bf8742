//! What past audits know, and what it makes of an audit.

use super::super::tests::{audit_after, inventory, key, told};
use super::super::{Audit, Confirmation};
use super::*;
use crate::key::{Digits, Secret};

const DECLARED: &str = "2026-11-20T09:00:00Z";

/// `f:old@1-15` was the first to be read as the reference, from the 1st to the 15th; `p:` was proven,
/// `b:` came back, and `s:` is suspected.
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
        confirmed: match kind {
            "f" => Some(Confirmation::First),
            "p" => Some(Confirmation::Proven),
            "b" => Some(Confirmation::Rollback),
            _ => None,
        },
        rotated_at: None,
        revoked_at: None,
    }
}

async fn after(reigns: &[&str], facts: &str, route: &[&str]) -> Audit {
    let mut inventory = inventory(facts, route);
    // What past audits know is not declared as well.
    inventory.projects[0]
        .previous
        .retain(|previous| previous.revoked_at.is_some());
    let owner = Owner::of(&inventory.projects[0]);
    let reigns = reigns.iter().map(|text| reign(text)).collect();
    let remembered = Remembered {
        reigns: [(owner, reigns)].into(),
        ..Remembered::default()
    };
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
    ("it changed twice",        &["f:old@1-15", "s:past@16-20"],   "",                    &["config past", "running old"],   &["unknown own value", "stale own value"], RotationBasis::Suspected),
    ("it was a misread",        &["f:now@1-15", "s:past@16-20"],   "",                    &["config past", "running now"],   &["unknown own value", "current"],    RotationBasis::Unknown),
    ("declared since",          &["f:old@1-15"],                   "rotated",             &["config old"],                   &["stale own value"],                 RotationBasis::Declared),
    ("declared before",         &["f:old@21-22"],                  "rotated",             &["config old"],                   &["stale own value"],                 RotationBasis::Suspected),
    ("told by the store",       &["f:old@1-15"],                   "reference f:old@1 v:now@20 now", &["config old"],        &["stale own value"],                 RotationBasis::History),
    ("the store knows others",  &["f:old@1-15"],                   "reference f:past@1 v:now@20 now", &["config old"],       &["stale own value"],                 RotationBasis::Suspected),
    ("back to an older key",    &["f:now@1-5", "p:past@6-15"],     "",                    &["config past", "running now"],   &["stale own value", "current"],      RotationBasis::Unknown),
    ("back and forth",          &["f:past@1-5", "p:now@6-10", "b:past@11-15"], "",        &["config past"],                  &["stale own value"],                 RotationBasis::Ledger),
    ("the reference is unread", &["f:old@1-15", "p:now@16-20"],    "reference denied",    &["config old", "config now"],     &["stale own value", "unverified"],   RotationBasis::Unknown),
    ("unread while in doubt",   &["f:now@1-15", "s:past@16-20"],   "reference denied",    &["config now", "config past"],    &["unverified", "unverified"],        RotationBasis::Unknown),
    ("it was a sibling's key",  &["f:shop@1-15", "p:now@16-20"],   "",                    &["config shop"],                  &["wrong-project own value"],         RotationBasis::Ledger),
    ("it is the next one",      &["f:coming@1-15", "p:now@16-20"], "next coming",         &["config coming"],                &["current - value"],                 RotationBasis::Ledger),
    ("started while it was old", &["f:old@1-21", "p:now@22-23"],   "",                    &["store now", "running hidden-before"], &["current - reference", "stale own timestamp"], RotationBasis::Ledger),
    ("started in between",      &["f:old@1-15", "p:now@22-23"],    "",                    &["store now", "running hidden-before"], &["current - reference", "unverified - none"], RotationBasis::Ledger),
    ("not behind its store",    &["f:old@1-21", "p:now@22-23"],    "",                    &["running hidden-before"],        &["unverified - none"],               RotationBasis::Ledger),
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
