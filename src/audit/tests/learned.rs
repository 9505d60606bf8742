//! Keys that past audits or the versions of stores tell, in references and in the words of values.

use std::collections::BTreeMap;

use super::{audit, audit_after, inventory, key, told};
use crate::audit::{Audit, Confirmation, Options, Owner, Reign, Remembered, run};
use crate::fetch::Quiet;
use crate::inventory::{Inventory, Origin};
use crate::judge::{Soundness, Warning};
use crate::key::{Digits, Fingerprint, Secret};
use crate::keyring::{KeyId, ProjectId, Role};
use crate::platform::Connections;
use crate::verdict::Verdict;

const CHECKOUT: ProjectId = ProjectId(0);
const SHOP: ProjectId = ProjectId(2);

/// Without formats, which would refuse by themselves what holds a key, and without declared previous keys.
fn formless(facts: &str, route: &[&str]) -> Inventory {
    let mut inventory = inventory(facts, route);
    for project in &mut inventory.projects {
        project.format = None;
        project.previous.clear();
    }
    inventory
}

/// The keys of one owner that were sure, the earliest first.
fn reigned(owner: &str, texts: &[&str], confirmed: Confirmation) -> Remembered {
    let reign = |(text, day): (&&str, i8)| Reign {
        fingerprint: Fingerprint::of(text.as_bytes()).cut(Digits::DEFAULT),
        first_seen: format!("2026-10-{day:02}T00:00:00Z").parse().unwrap(),
        last_seen: format!("2026-10-{day:02}T12:00:00Z").parse().unwrap(),
        said_seen: None,
        confirmed: Some(confirmed),
        rotated_at: None,
        revoked_at: None,
    };
    let owner = Owner {
        project: owner.into(),
        environment: None,
    };
    let reigns = texts.iter().zip(1..).map(reign).collect();
    Remembered {
        reigns: BTreeMap::from([(owner, reigns)]),
        ..Remembered::default()
    }
}

fn json(name: &str) -> String {
    format!("{{\"k\":\"{}\"}}", key(name))
}

fn pasted(audit: &Audit, project: ProjectId) -> Option<KeyId> {
    match audit.projects[project.0 as usize].reference {
        Soundness::Pasted { key, .. } => Some(key),
        _ => None,
    }
}

#[tokio::test]
async fn a_reference_that_holds_what_past_audits_knew_is_faulty() {
    let own = reigned("checkout", &[&key("past")], Confirmation::First);
    let route = ["config past+json", "config past"];
    let audit = audit_after(formless("reference past+json", &route), &own).await;
    let checkout = &audit.projects[0];
    assert_eq!(checkout.verdict, Verdict::Malformed);
    // Nothing was rotated, so that key is no previous one.
    let sure = KeyId::last_sure(CHECKOUT);
    assert_eq!(pasted(&audit, CHECKOUT), Some(sure));
    assert_eq!(checkout.within, [(Role::Current, sure)]);
    assert!(checkout.previous.is_empty() && checkout.last_sure.is_some());
    let hops = ["unverified - none"; 2];
    assert_eq!(told(&audit, &hops), hops);
}

#[tokio::test]
async fn so_is_one_that_holds_what_another_project_had() {
    let theirs = reigned("shop", &[&key("gone"), &key("shop")], Confirmation::Person);
    let audit = audit_after(
        formless("reference gone+json", &["config gone+json"]),
        &theirs,
    )
    .await;
    let gone = pasted(&audit, CHECKOUT).expect("it holds a known key");
    assert_eq!((gone.project, gone.role()), (SHOP, Role::Previous));
    assert!(audit.projects[0].within.contains(&(Role::Current, gone)));
    let hop = ["wrong-project own value"];
    assert_eq!(told(&audit, &hop), hop);
}

#[tokio::test]
async fn what_a_person_said_to_be_right_stays_and_shows_what_it_holds() {
    let text = json("past");
    let own = reigned("checkout", &[&key("past"), &text], Confirmation::Person);
    let audit = audit_after(formless("reference past+json", &["config past+json"]), &own).await;
    let checkout = &audit.projects[0];
    assert!(checkout.reference.is_sound());
    assert_eq!(checkout.within.len(), 1);
    assert_eq!(told(&audit, &["current"]), ["current"]);
}

#[tokio::test]
async fn a_next_key_that_holds_what_past_audits_knew_is_none() {
    let own = reigned(
        "checkout",
        &[&key("past"), &key("now")],
        Confirmation::Person,
    );
    let audit = audit_after(formless("next past+json", &["config past+json"]), &own).await;
    assert_eq!(audit.projects[0].next, None);
    assert_eq!(audit.projects[0].within.len(), 1);
    let is_known = |warning: &Warning| matches!(warning, Warning::NextIsKnown { .. });
    assert_eq!(audit.warnings.iter().filter(|one| is_known(one)).count(), 1);
    let hop = ["stale own value"];
    assert_eq!(told(&audit, &hop), hop);
}

/// As `revoke-check` asks: for the versions of the references, whatever the hops hold.
async fn traced(inventory: Inventory) -> Audit {
    let options = Options {
        trace: [CHECKOUT].into(),
        ..Options::default()
    };
    let all: Vec<u32> = (0..inventory.deployments.len() as u32).collect();
    run(
        inventory,
        &all,
        Connections::default(),
        &Remembered::default(),
        &options,
        &Quiet,
        std::future::pending(),
    )
    .await
}

#[tokio::test]
async fn a_reference_that_holds_an_earlier_version_is_judged_again_with_its_hops() {
    for (held, expected) in [
        ("past+json", "stale own value"),
        ("#past+json", "stale own fingerprint"),
        ("past+json-newline", "stale own value"),
        ("past", "stale own value"),
        ("nothing", "missing own value"),
    ] {
        let reference = "reference v:past@1 v:past+json@20 past+json";
        let audit = traced(formless(reference, &[&format!("config {held}")])).await;
        let past = pasted(&audit, CHECKOUT).expect("it holds a known key");
        assert_eq!(past.role(), Role::Previous);
        assert!(audit.projects[0].within.contains(&(Role::Current, past)));
        assert_eq!(told(&audit, &[expected]), [expected], "{held}");
    }
}

#[tokio::test]
async fn another_s_hop_and_what_only_the_reference_explained_are_judged_again_too() {
    let reference = "reference v:past@1 v:past+json@20 past+json, next coming";
    let route = ["config stranger", "config coming", "store past+json"];
    let audit = traced(formless(reference, &route)).await;
    let hops = ["unverified - none", "unverified - none", "stale"];
    assert_eq!(told(&audit, &hops), hops);

    let mut inventory = formless(
        "reference v:past@1 v:past+json@20 past+json",
        &["config past+json"],
    );
    inventory.deployments[0].project = SHOP;
    let audit = traced(inventory).await;
    let hop = ["wrong-project own value"];
    assert_eq!(told(&audit, &hop), hop);
}

#[tokio::test]
async fn a_declared_reference_is_seen_through_by_a_version_of_another_s_store() {
    let mut inventory = formless(
        "shop-reference v:gone@1 v:shop@20 shop",
        &["config stranger"],
    );
    let text = Secret::new((key("gone") + "\n").into_bytes());
    let print = text.fingerprint().cut(Digits::DEFAULT);
    inventory.projects[0].current = Origin::Fingerprint(print);
    let audit = audit(inventory).await;
    let gone = pasted(&audit, CHECKOUT).expect("it is a copy of a known key");
    assert_eq!((gone.project, gone.role()), (SHOP, Role::Previous));
}

/// Each is known when the hops are read, by its fingerprint alone.
#[tokio::test]
async fn a_key_of_past_audits_is_found_among_the_words_of_a_value() {
    let own = reigned(
        "checkout",
        &[&key("past"), &key("now")],
        Confirmation::Person,
    );
    for held in [
        "past+json",
        "now+beside-past",
        "past+beside-now",
        "now+and-past",
        "stranger+and-past",
        "now+quoted-past",
        "now+base64-past",
    ] {
        let audit = audit_after(formless("", &[&format!("config {held}")]), &own).await;
        let hop = ["stale own value"];
        assert_eq!(told(&audit, &hop), hop, "{held}");
    }
}
