//! References and next keys that are another known key in another form: one row each.

use data_encoding::{BASE64, HEXLOWER};

use super::{audit, inventory, key, place, told};
use crate::audit::Audit;
use crate::inventory::{Inventory, Origin};
use crate::judge::{Soundness, Warning};
use crate::key::{Digits, Fingerprint, Secret};
use crate::keyring::{KeyId, ProjectId, Role};
use crate::verdict::Verdict;

/// The projects of [`inventory`], by their place in it.
const CHECKOUT: usize = 0;
const SHOP: usize = 2;

const OLD: KeyId = KeyId::previous(ProjectId(0), 0);
const OF_SHOP: KeyId = KeyId::current(ProjectId(2));

fn given(text: &str) -> Origin {
    Origin::Given {
        secret: Secret::copied(text.as_bytes()),
        note: None,
    }
}

fn print(text: &str) -> Origin {
    Origin::Fingerprint(Fingerprint::of(text.as_bytes()).cut(Digits::DEFAULT))
}

fn hex(text: &str) -> String {
    HEXLOWER.encode(text.as_bytes())
}

fn base64(text: &str) -> String {
    BASE64.encode(text.as_bytes())
}

/// Without formats, which would refuse most of these forms by themselves, and with the old key at hand.
fn formless(change: impl FnOnce(&mut Inventory), route: &[&str]) -> Inventory {
    let mut inventory = inventory("", route);
    for project in &mut inventory.projects {
        project.format = None;
    }
    inventory.projects[CHECKOUT].previous[0].origin = Origin::Place(place("store old"));
    change(&mut inventory);
    inventory
}

async fn reference(current: Origin) -> Audit {
    let change = |inventory: &mut Inventory| inventory.projects[CHECKOUT].current = current;
    audit(formless(change, &["config now"])).await
}

#[tokio::test]
async fn a_reference_that_is_another_key_in_another_form_is_faulty() {
    let (old, now, shop) = (key("old"), key("now"), key("shop"));
    for (text, expected) in [
        (format!("{{\"k\":\"{old}\"}}"), OLD),
        (format!("{{\"k\":\"{now}\",\"prev\":\"{old}\"}}"), OLD),
        (format!("{old},{now}"), OLD),
        (format!("https://{old}@host/1"), OLD),
        (format!("{old} # until May"), OLD),
        (base64(&old), OLD),
        (hex(&old), OLD),
        (
            old.bytes().map(|byte| format!("%{byte:02X}")).collect(),
            OLD,
        ),
        (old.to_lowercase(), OLD),
        (old.to_uppercase(), OLD),
        (base64(&format!("{{\"k\":\"{old}\"}}")), OLD),
        (base64(&shop), OF_SHOP),
        (format!("{{\"k\":\"{shop}\"}}"), OF_SHOP),
        // Only its fingerprint is known.
        (
            format!("{{\"k\":\"{}\"}}", key("older")),
            KeyId::previous(ProjectId(0), 1),
        ),
    ] {
        let audit = reference(given(&text)).await;
        let outcome = &audit.projects[CHECKOUT];
        assert_eq!(outcome.verdict, Verdict::Malformed, "{text}");
        let Soundness::Pasted { key, damage } = &outcome.reference else {
            panic!("{text} is not seen through")
        };
        assert_eq!(*key, expected, "{text}");
        assert!(!damage.is_empty(), "{text}");
        assert!(
            outcome.within.contains(&(Role::Current, expected)),
            "{text}"
        );
        assert_eq!(audit.projects[SHOP].verdict, Verdict::Current, "{text}");
    }
}

#[tokio::test]
async fn the_fingerprint_of_an_encoded_key_is_no_reference() {
    let old = key("old");
    for text in [
        base64(&old),
        hex(&old),
        old.to_lowercase(),
        old.clone() + "\n",
    ] {
        let audit = reference(print(&text)).await;
        let outcome = &audit.projects[CHECKOUT];
        assert_eq!(outcome.verdict, Verdict::Malformed, "{text:?}");
        assert_eq!(outcome.within, [(Role::Current, OLD)], "{text:?}");
    }
}

/// People make keys up one after another.
#[tokio::test]
async fn keys_that_differ_by_little_are_keys() {
    let old = key("old");
    for text in [
        format!("{old}2"),
        format!("{old}-2026"),
        format!("2.{old}"),
        old[..30].to_owned(),
        old.replace('7', "8"),
        key("now"),
        "{\"user\":\"shop\",\"password\":\"Zp3LmX8vQe5TnC1yWk7H\"}".to_owned(),
    ] {
        let audit = reference(given(&text)).await;
        let outcome = &audit.projects[CHECKOUT];
        assert_eq!(outcome.verdict, Verdict::Current, "{text}");
        assert_eq!(outcome.within, [], "{text}");
    }
}

#[tokio::test]
async fn whoever_shares_a_key_may_hold_it_in_another_form() {
    let shared = |shares: bool| {
        formless(
            |inventory| {
                inventory.projects[CHECKOUT].current = given(&base64(&key("shop")));
                if shares {
                    for project in [CHECKOUT, SHOP] {
                        inventory.projects[project].shares = Some(ProjectId(0));
                    }
                }
            },
            &["config now"],
        )
    };
    let alone = audit(shared(false)).await;
    assert!(matches!(
        alone.projects[CHECKOUT].reference,
        Soundness::Pasted { key: OF_SHOP, .. }
    ));
    // They hold different bytes, which is another fault.
    let both = audit(shared(true)).await;
    assert!(matches!(
        both.projects[CHECKOUT].reference,
        Soundness::NotShared(_)
    ));
}

#[tokio::test]
async fn what_a_faulty_reference_holds_is_judged_by_what_it_is() {
    let change = |inventory: &mut Inventory| {
        inventory.projects[CHECKOUT].current = given(&format!("{{\"k\":\"{}\"}}", key("old")));
    };
    let audit = audit(formless(change, &["config old+json"])).await;
    let hop = ["stale own value"];
    assert_eq!(told(&audit, &hop), hop);
}

#[tokio::test]
async fn a_next_key_that_is_another_in_another_form_is_none() {
    for (text, is_declared) in [
        (format!("{{\"k\":\"{}\"}}", key("old")), false),
        (base64(&key("old")), false),
        (key("old") + "\n", true),
    ] {
        let next = if is_declared {
            print(&text)
        } else {
            given(&text)
        };
        let change = |inventory: &mut Inventory| inventory.projects[CHECKOUT].next = Some(next);
        let audit = audit(formless(change, &["config old+json"])).await;
        let outcome = &audit.projects[CHECKOUT];
        assert_eq!(outcome.verdict, Verdict::Current, "{text}");
        assert_eq!(outcome.next, None, "{text}");
        assert_eq!(outcome.within, [(Role::Next, OLD)], "{text}");
        assert!(matches!(
            &audit.warnings[..],
            [Warning::NextIsKnown { also: OLD, .. }]
        ));
        let hop = ["stale own value"];
        assert_eq!(told(&audit, &hop), hop, "{text}");
    }
}

/// A reference that is refused for its looks still shows what stands in it.
#[tokio::test]
async fn what_stands_in_an_unsound_reference_is_told() {
    for text in [
        format!("{{\"k\":\"{}\"}}", key("old")),
        format!("${{KEY:-{}}}", key("old")),
        base64(&key("old")),
    ] {
        let mut inventory = inventory("", &["config now"]);
        inventory.projects[CHECKOUT].previous[0].origin = Origin::Place(place("store old"));
        inventory.projects[SHOP].current = given(&text);
        let audit = audit(inventory).await;
        assert!(!audit.projects[SHOP].reference.is_sound(), "{text}");
        let within = &audit.projects[SHOP].within;
        assert!(within.contains(&(Role::Current, OLD)), "{text}");
    }
}
