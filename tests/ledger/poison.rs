//! References that are read wrongly.

use std::fs;

use straggler::audit::Audit;
use straggler::judge::RotationBasis;
use straggler::ledger::Ledger;

use super::ground::Ground;
use super::scene::{Scene, basis, checkout, key, print, verdicts};

/// The live key is `one`, and everybody holds it. What stands in the reference's place, night by night,
/// twenty minutes apart.
const POISON: &[(&str, &[&str])] = &[
    ("nothing there", &["gone", "one", "gone", "one"]),
    ("empty", &["empty", "one", "empty"]),
    ("a placeholder", &["${KEY}", "one"]),
    ("quoted", &["quoted", "one", "quoted"]),
    ("with a line break", &["broken", "one"]),
    ("truncated", &["truncated", "one", "truncated", "truncated"]),
    ("the sibling's", &["shop", "shop", "shop", "one"]),
    ("an unknown key", &["odd", "one"]),
    (
        "an unknown key for long",
        &["odd", "odd", "odd", "odd", "one"],
    ),
    (
        "flapping between two",
        &["odd", "one", "odd", "one", "odd", "one", "odd", "one"],
    ),
    (
        "flapping among many",
        &[
            "odd",
            "odder",
            "one",
            "gone",
            "odd",
            "truncated",
            "shop",
            "one",
        ],
    ),
];

pub async fn a_misread_reference_never_makes_the_live_key_a_previous_one(ground: &Ground) {
    let ledger = ground.ledger().await;
    let mut misread = false;
    for (name, nights) in POISON {
        // The same ledger throughout: what went before has to leave nothing behind.
        let scene = Scene::new(ground.folder());
        scene.wait(
            (ledger.audits(u32::MAX).await.unwrap().len() * 30)
                .try_into()
                .unwrap(),
        );
        lives(&scene.night(&ledger).await, name);
        for night in *nights {
            scene.wait(20);
            stand(&scene, night);
            let audit = scene.night(&ledger).await;
            if *night == "one" {
                lives(&audit, name);
            }
            spared(&ledger, &audit, name).await;
        }
        // A deployment that holds what was misread has it from there.
        misread |= nights.contains(&"odd");
        scene.reference("one");
        scene.night(&ledger).await;
        scene.hold("web.env", "odd");
        scene.hold("api.env", "one");
        let audit = scene.audit(&ledger.recall().await.unwrap()).await;
        let web = if misread { "stale" } else { "unknown" };
        let expected = format!("api current, web {web}");
        assert_eq!(verdicts(&audit), expected, "{name}");
    }
}

fn stand(scene: &Scene, what: &str) {
    let one = key("one");
    let (text, held) = match what {
        "gone" => {
            fs::remove_file(scene.path("checkout")).unwrap();
            return;
        }
        "empty" => (String::new(), "one"),
        "quoted" => (format!("'{one}'"), "one"),
        "broken" => (format!("{one}\n\n"), "one"),
        "truncated" => (one[..one.len() - 8].to_owned(), "one"),
        "${KEY}" => (what.to_owned(), "one"),
        // By the same mistake it may have been deployed.
        "shop" => (key("shop"), "shop"),
        name => (key(name), "one"),
    };
    scene.write("checkout", &text);
    scene.hold("web.env", held);
}

/// Everything is as it was.
fn lives(audit: &Audit, name: &str) {
    let project = &audit.projects[0];
    assert_eq!(project.current, Some(print("one")), "{name}");
    assert!(
        project.previous.iter().all(|known| known.unsettled),
        "{name}"
    );
    assert_eq!(basis(audit), RotationBasis::Unknown, "{name}");
}

/// What is remembered, whatever was seen just now.
async fn spared(ledger: &Ledger, audit: &Audit, name: &str) {
    let live = |print_of: &straggler::key::Fingerprint| print_of.agrees(&print("one"));
    let previous = &audit.projects[0].previous;
    if previous.iter().any(|known| live(&known.fingerprint)) {
        assert_eq!(basis(audit), RotationBasis::Suspected, "{name}");
    }
    let remembered = ledger.recall().await.unwrap();
    let reigns = &remembered.reigns[&checkout()];
    let sure: Vec<_> = reigns
        .iter()
        .filter(|reign| reign.confirmed.is_some())
        .collect();
    assert_eq!(sure.len(), 1, "{name}: {reigns:?}");
    assert!(live(&sure[0].fingerprint), "{name}: {reigns:?}");
    assert!(remembered.others.is_empty(), "{name}");
}
