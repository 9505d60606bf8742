//! What makes a reference faulty, and what is left to say of the hops: one row each.

use std::sync::Arc;

use super::{audit, inventory, key, place, told};
use crate::audit::Audit;
use crate::inventory::{Inventory, Origin, Previous, Retirement, Site};
use crate::judge::{Soundness, Warning, Why};
use crate::key::{Digits, Fingerprint};
use crate::keyring::{Format, KeyId, ProjectId};
use crate::verdict::Verdict;

/// The projects of [`inventory`], by their place in it.
const CHECKOUT: usize = 0;
const STAGING: usize = 1;
const SHOP: usize = 2;

type Change = fn(&mut Inventory);

fn print(text: &str) -> Origin {
    Origin::Fingerprint(Fingerprint::of(text.as_bytes()).cut(Digits::DEFAULT))
}

fn print_of(name: &str) -> Origin {
    print(&key(name))
}

fn previous(origin: Origin) -> Previous {
    Previous {
        origin,
        rotated_at: None,
        revoked_at: None,
        site: Site::default(),
    }
}

fn share(inventory: &mut Inventory, projects: &[usize]) {
    let first = u32::try_from(projects[0]).unwrap();
    for &project in projects {
        inventory.projects[project].shares = Some(ProjectId(first));
    }
}

async fn judged(change: Change, route: &[&str]) -> Audit {
    let mut inventory = inventory("", route);
    change(&mut inventory);
    audit(inventory).await
}

fn references(audit: &Audit) -> [Verdict; 3] {
    [CHECKOUT, STAGING, SHOP].map(|project| audit.projects[project].verdict)
}

#[tokio::test]
async fn the_fingerprint_of_nothing_is_no_reference() {
    for text in [
        "",
        "\n",
        "undefined",
        "null",
        "changeme",
        "ALLSTAK_API_KEY",
        "${ALLSTAK_API_KEY}",
        "***",
    ] {
        let mut inventory = inventory("", &["config empty", "config now"]);
        inventory.projects[CHECKOUT].current = print(text);
        let audit = audit(inventory).await;
        assert_eq!(references(&audit)[CHECKOUT], Verdict::Missing, "{text:?}");
        assert_eq!(audit.projects[CHECKOUT].current, None);
        let hops = ["missing own", "unverified -"];
        assert_eq!(told(&audit, &hops), hops, "{text:?}");
    }
}

#[tokio::test]
async fn what_was_hashed_with_its_line_end_is_a_damaged_key_where_it_is_seen() {
    for (text, hop, expected) in [
        (key("now"), "config now", "current -"),
        (key("now") + "\n", "config now+newline", "malformed own"),
        (
            format!("\"{}\"", key("now")),
            "config now+quotes",
            "malformed own",
        ),
        (key("old") + "\n", "config old+newline", "stale own"),
        (
            "ask_live_tooshort".to_owned(),
            "config short",
            "unverified -",
        ),
        // Only another fingerprint tells nothing of what was hashed.
        (key("now") + "\n", "config #now+newline", "current -"),
    ] {
        let mut inventory = inventory("", &[hop]);
        inventory.projects[CHECKOUT].current = print(&text);
        let audit = audit(inventory).await;
        assert_eq!(told(&audit, &[expected]), [expected], "{hop}");
    }
}

#[tokio::test]
async fn the_fingerprint_of_another_keys_damaged_copy_is_no_reference() {
    let [checkout, shop] = [CHECKOUT, SHOP].map(|index| ProjectId(u32::try_from(index).unwrap()));
    for (text, expected) in [
        (key("old") + "\n", KeyId::previous(checkout, 0)),
        (format!("\"{}\"", key("shop")), KeyId::current(shop)),
        (format!("'{}'\r\n", key("shop")), KeyId::current(shop)),
    ] {
        let mut inventory = inventory("", &["config now"]);
        let checkout = &mut inventory.projects[CHECKOUT];
        checkout.current = print(&text);
        checkout.previous = vec![previous(Origin::Place(place("store old")))];
        let audit = audit(inventory).await;
        assert_eq!(references(&audit)[CHECKOUT], Verdict::Malformed, "{text:?}");
        let Soundness::Pasted { key, damage } = &audit.projects[CHECKOUT].reference else {
            panic!("{text:?} is sound")
        };
        assert_eq!(*key, expected, "{text:?}");
        assert!(!damage.is_empty());
    }
}

/// Another project's key tells by its looks that it was pasted into the wrong place.
#[tokio::test]
async fn a_declared_fingerprint_of_what_does_not_look_like_the_projects_key_doubts_nobody_else() {
    // Where the other's bytes are at hand, and where only its fingerprint is.
    for (pasted, is_seen) in [("shop", true), ("elder", false)] {
        let mut inventory = inventory("", &[&format!("config {pasted}")]);
        let checkout = &mut inventory.projects[CHECKOUT];
        checkout.format = Some(Arc::new(Format::new("^sk-[a-z]{40}$").unwrap()));
        checkout.current = print_of(pasted);
        if !is_seen {
            inventory.projects[SHOP].previous = vec![previous(print_of(pasted))];
        }
        let audit = audit(inventory).await;
        assert_eq!(references(&audit)[CHECKOUT], Verdict::WrongProject);
        assert_eq!(references(&audit)[SHOP], Verdict::Current, "{pasted}");
        let hop = ["wrong-project own"];
        assert_eq!(told(&audit, &hop), hop, "{pasted}");
    }
}

#[tokio::test]
async fn a_previous_or_next_key_that_is_nothing_is_told_and_compared_with_nothing() {
    let changes: [Change; 2] = [
        |inventory| {
            inventory.projects[CHECKOUT]
                .previous
                .insert(0, previous(print("")))
        },
        |inventory| inventory.projects[CHECKOUT].next = Some(print("")),
    ];
    for change in changes {
        let audit = judged(change, &["config empty", "config now"]).await;
        let hops = ["missing own", "current -"];
        assert_eq!(told(&audit, &hops), hops);
        assert!(matches!(&audit.warnings[..], [Warning::KeyUnread { .. }]));
    }
}

#[tokio::test]
async fn one_key_has_one_owner_unless_it_is_shared_on_purpose() {
    use Verdict::{Current, Revoked, Unknown, WrongProject};
    let cases: [(&str, Change, [Verdict; 3]); 12] = [
        ("each has its own", |_| {}, [Current; 3]),
        (
            "two projects have one",
            |inventory| inventory.projects[SHOP].current = print_of("now"),
            [WrongProject, Current, WrongProject],
        ),
        (
            "two environments have one",
            |inventory| inventory.projects[STAGING].current = print_of("now"),
            [WrongProject, WrongProject, Current],
        ),
        (
            "three have one",
            |inventory| {
                for project in [STAGING, SHOP] {
                    inventory.projects[project].current = print_of("now");
                }
            },
            [WrongProject; 3],
        ),
        (
            "two share one",
            |inventory| {
                inventory.projects[SHOP].current = print_of("now");
                share(inventory, &[CHECKOUT, SHOP]);
            },
            [Current; 3],
        ),
        (
            "two share one, and a third has it",
            |inventory| {
                for project in [STAGING, SHOP] {
                    inventory.projects[project].current = print_of("now");
                }
                share(inventory, &[CHECKOUT, SHOP]);
            },
            [WrongProject; 3],
        ),
        (
            "two share one, and have two",
            |inventory| share(inventory, &[CHECKOUT, SHOP]),
            [Unknown, Current, Unknown],
        ),
        (
            "three share one, and one has another",
            |inventory| {
                inventory.projects[STAGING].current = print_of("now");
                share(inventory, &[CHECKOUT, STAGING, SHOP]);
            },
            [Unknown; 3],
        ),
        (
            "two share one, and one was not rotated",
            |inventory| {
                inventory.projects[SHOP].current = print_of("old");
                share(inventory, &[CHECKOUT, SHOP]);
            },
            [Current, Current, WrongProject],
        ),
        (
            "it is a sibling's next key",
            |inventory| inventory.projects[SHOP].next = Some(print_of("now")),
            [WrongProject, Current, Current],
        ),
        (
            "both are at a sibling's dead key, and excuse nobody",
            |inventory| {
                inventory.projects[CHECKOUT].current = print_of("old");
                inventory.projects[CHECKOUT].retirement = Retirement::Immediate;
                inventory.projects[SHOP].current = print_of("old");
            },
            [Revoked, Current, WrongProject],
        ),
        (
            "both share a dead key",
            |inventory| {
                inventory.projects[CHECKOUT].current = print_of("old");
                inventory.projects[CHECKOUT].retirement = Retirement::Immediate;
                inventory.projects[SHOP].current = print_of("old");
                share(inventory, &[CHECKOUT, SHOP]);
            },
            [Revoked, Current, Revoked],
        ),
    ];
    for (rule, change, expected) in cases {
        let audit = judged(change, &["config now"]).await;
        assert_eq!(references(&audit), expected, "{rule}");
        for project in &audit.projects {
            let sound = project.verdict == Current;
            assert_eq!(project.current.is_some(), sound, "{rule}");
        }
    }
}

#[tokio::test]
async fn until_references_are_sound_nothing_is_current_and_the_rest_is_still_told() {
    let cases: [(&str, Change, &str, &str); 9] = [
        (
            "the key that two have",
            |inventory| inventory.projects[SHOP].current = print_of("now"),
            "config now",
            "unverified - none",
        ),
        (
            "that key, damaged",
            |inventory| inventory.projects[SHOP].current = print_of("now"),
            "config now+newline",
            "unverified - none",
        ),
        (
            "a previous key beside it",
            |inventory| inventory.projects[SHOP].current = print_of("now"),
            "config old",
            "stale own value",
        ),
        (
            "what the two others have",
            |inventory| {
                for project in [STAGING, SHOP] {
                    inventory.projects[project].current = print_of("other");
                }
            },
            "config other",
            "wrong-project own value",
        ),
        (
            "where no key belongs",
            |inventory| {
                inventory.projects[SHOP].current = print_of("now");
                inventory.deployments[0].hops[0].expect = crate::verdict::Expectation::Absent;
            },
            "config now",
            "stale own value",
        ),
        (
            "a shared key",
            |inventory| {
                inventory.projects[SHOP].current = print_of("now");
                share(inventory, &[CHECKOUT, SHOP]);
            },
            "config now",
            "current - value",
        ),
        (
            "what a shared key was before, which one of them alone knows",
            |inventory| {
                inventory.projects[SHOP].current = print_of("now");
                inventory.projects[SHOP].previous = vec![previous(print_of("sharedold"))];
                share(inventory, &[CHECKOUT, SHOP]);
            },
            "config sharedold",
            "stale own value",
        ),
        (
            "what a shared key was before, where it died",
            |inventory| {
                inventory.projects[SHOP].current = print_of("now");
                inventory.projects[SHOP].previous = vec![previous(print_of("sharedold"))];
                inventory.projects[SHOP].retirement = Retirement::Immediate;
                share(inventory, &[CHECKOUT, SHOP]);
            },
            "config sharedold",
            "revoked own value",
        ),
        (
            "one of two that should be one",
            |inventory| share(inventory, &[CHECKOUT, SHOP]),
            "config shop",
            "unverified - none",
        ),
    ];
    for (rule, change, hop, expected) in cases {
        let audit = judged(change, &[hop]).await;
        assert_eq!(told(&audit, &[expected]), [expected], "{rule}");
    }
}

#[tokio::test]
async fn a_next_key_that_is_an_old_or_a_foreign_one_makes_nobody_current() {
    let cases: [(&str, Change, &str, &str); 4] = [
        (
            "the old key",
            |inventory| inventory.projects[CHECKOUT].next = Some(print_of("old")),
            "config old",
            "stale own value",
        ),
        (
            "a sibling's key",
            |inventory| inventory.projects[CHECKOUT].next = Some(print_of("shop")),
            "config shop",
            "wrong-project own value",
        ),
        (
            "a sibling's next key",
            |inventory| {
                for project in [CHECKOUT, SHOP] {
                    inventory.projects[project].next = Some(print_of("coming"));
                }
            },
            "config coming",
            "wrong-project own value",
        ),
        (
            "the current key itself, once it was promoted",
            |inventory| inventory.projects[CHECKOUT].next = Some(print_of("now")),
            "config now",
            "current - value",
        ),
    ];
    for (rule, change, hop, expected) in cases {
        let audit = judged(change, &[hop]).await;
        assert_eq!(told(&audit, &[expected]), [expected], "{rule}");
    }
    let next = judged(
        |inventory| inventory.projects[CHECKOUT].next = Some(print_of("old")),
        &["config now"],
    )
    .await;
    assert!(matches!(
        &next.warnings[..],
        [Warning::NextIsKnown { key, also }]
            if *key == KeyId::next(ProjectId(0)) && *also == KeyId::previous(ProjectId(0), 0)
    ));
}

#[tokio::test]
async fn where_no_key_belongs_only_a_format_tells_what_is_none() {
    let formless: Change = |inventory| {
        for project in &mut inventory.projects {
            project.format = None;
        }
    };
    let unsound: Change =
        |inventory| inventory.projects[CHECKOUT].current = Origin::Place(place("store denied"));
    for (rule, change, hop, expected) in [
        (
            "a key that nobody knows",
            (|_| {}) as Change,
            "config stranger",
            "unknown own value",
        ),
        (
            "the same within more",
            |_| {},
            "config stranger+quotes",
            "unknown own value",
        ),
        (
            "what is no key",
            |_| {},
            "config short",
            "not-required - none",
        ),
        (
            "a fingerprint may be a key",
            |_| {},
            "config #stranger",
            "unverified - none",
        ),
        (
            "a placeholder is none",
            |_| {},
            "config placeholder",
            "not-required - none",
        ),
        ("nothing", |_| {}, "config nothing", "not-required - none"),
        (
            "who knows, without a format",
            formless,
            "config stranger",
            "unverified - none",
        ),
        (
            "who knows, whatever it is",
            formless,
            "config short",
            "unverified - none",
        ),
        (
            "a placeholder, without a format",
            formless,
            "config empty",
            "not-required - none",
        ),
        (
            "a known key, without a format",
            formless,
            "config old",
            "stale own value",
        ),
        (
            "a key, and no reference",
            unsound,
            "config stranger",
            "unknown own value",
        ),
        (
            "no key, and no reference",
            unsound,
            "config short",
            "not-required - none",
        ),
    ] {
        let mut inventory = inventory("expect absent", &[hop]);
        change(&mut inventory);
        let audit = audit(inventory).await;
        assert_eq!(told(&audit, &[expected]), [expected], "{rule}");
    }
}

#[tokio::test]
async fn trouble_is_inherited_from_trouble_alone() {
    use crate::verdict::Expectation::{Absent, Optional};
    for (expect, before, after, expected, broken_at) in [
        (
            Absent,
            "config nothing",
            "running nothing",
            ["not-required -", "missing own"],
            1,
        ),
        (
            Optional,
            "config nothing",
            "running nothing",
            ["not-required -", "missing own"],
            1,
        ),
        (
            Optional,
            "config empty",
            "running empty",
            ["not-required -", "missing own"],
            1,
        ),
        (
            Absent,
            "config short",
            "running short",
            ["not-required -", "unknown own"],
            1,
        ),
        (
            Absent,
            "config #stranger",
            "running #stranger",
            ["unverified -", "unknown own"],
            1,
        ),
        (
            Absent,
            "config old",
            "running old",
            ["stale own", "stale inherited"],
            0,
        ),
    ] {
        let mut inventory = inventory("", &[before, after]);
        inventory.deployments[0].hops[0].expect = expect;
        let audit = audit(inventory).await;
        assert_eq!(told(&audit, &expected), expected, "{before}, {after}");
        let deployment = &audit.deployments[0];
        assert_eq!(deployment.broken_at, Some(broken_at), "{before}, {after}");
    }
}

#[tokio::test]
async fn no_rotation_is_seen_where_the_store_showed_no_other_key() {
    let hop = "running hidden-before";
    for (versions, proven) in [
        ("v:past@1 v:now@20 now", true),
        ("v:past@1 v:nothing@10 v:now@20 now", false),
        ("v:now@20 now", false),
        ("v:now@20 now", false),
        ("v:nothing@1 v:now@20 now", false),
        ("v:empty@1 v:now@20 now", false),
        ("v:placeholder@1 v:now@20 now", false),
        ("v:short@1 v:now@20 now", false),
        ("v:now+newline@1 v:now@20 now", false),
        ("v:now+quotes@1 v:now@20 now", false),
        ("v:denied@1 v:now@20 now", false),
    ] {
        let facts = format!("reference {versions}");
        let store = format!("store {versions}");
        let audit = audit(inventory(&facts, &[&store, hop])).await;
        let expected = match proven {
            true => ["current - reference", "stale own timestamp"],
            false => ["current - reference", "unverified - none"],
        };
        assert_eq!(told(&audit, &expected), expected, "{versions}");
    }
}

#[tokio::test]
async fn what_was_taken_for_the_key_is_judged_by_the_time_that_a_history_tells() {
    let versions = "v:past@1 v:now@20 now";
    let facts = format!("reference {versions}");
    let store = format!("store {versions}");
    for (hop, expected) in [
        ("running hidden-before~now", "stale own timestamp"),
        ("running hidden-before!#now", "stale own timestamp"),
        ("running hidden-before~denied", "stale own timestamp"),
        ("running hidden-before~stranger", "stale own timestamp"),
        ("running hidden-after~now", "current - timestamp"),
        ("running hidden~now", "current - timestamp"),
    ] {
        let audit = audit(inventory(&facts, &[&store, hop])).await;
        let all = ["current - reference", expected];
        assert_eq!(told(&audit, &all), all, "{hop}");
        let reading = &audit.deployments[0].hops[1].readings[0];
        let by_time = matches!(reading.why, Why::Timed { .. });
        assert_eq!(by_time, expected.starts_with("stale"), "{hop}");
        assert!(!by_time || reading.fingerprint.is_none(), "{hop}");
    }
}

#[tokio::test]
async fn a_fault_says_with_which_key() {
    let audit = judged(
        |inventory| inventory.projects[SHOP].current = print_of("now"),
        &["config now"],
    )
    .await;
    let current = |project| KeyId::current(ProjectId(project));
    for (project, other) in [(CHECKOUT, 2), (SHOP, 0)] {
        let reference = &audit.projects[project].reference;
        assert!(matches!(reference, Soundness::Foreign(key) if *key == current(other)));
    }
}
