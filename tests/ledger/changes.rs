//! What is worth telling whom.

use std::collections::BTreeSet;

use straggler::ledger::{Name, Receiver};
use straggler::verdict::Stage;

use super::ground::Ground;
use super::scene::{LOG, PATIENT, Scene, TARGETS, conclusion, said, told};

const NOTHING: [&str; 0] = [];

pub async fn what_is_new_worse_better_or_gone_is_told_once(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.hold("web.env", "odd");
    let audit = scene.night(&ledger).await;
    assert_eq!(told(&ledger, &audit, &LOG).await, ["new web - unknown"]);
    // Whoever was not told yet is told the same again.
    assert_eq!(told(&ledger, &audit, &LOG).await, NOTHING);

    scene.hold("web.env", "shop");
    let audit = scene.night(&ledger).await;
    assert_eq!(
        told(&ledger, &audit, &LOG).await,
        ["worse web unknown wrong-project"]
    );
    scene.hold("web.env", "one");
    scene.hold("api.env", "odd");
    let audit = scene.night(&ledger).await;
    let expected = [
        "worse api current unknown",
        "better web wrong-project current",
    ];
    assert_eq!(told(&ledger, &audit, &LOG).await, expected);

    // As bad as before, but another key, and then another hop.
    scene.hold("api.env", "odder");
    let audit = scene.night(&ledger).await;
    assert_eq!(
        told(&ledger, &audit, &LOG).await,
        ["new api unknown unknown"]
    );
    scene.hold("api.store", "odder");
    let audit = scene.night(&ledger).await;
    assert_eq!(
        told(&ledger, &audit, &LOG).await,
        ["new api unknown unknown"]
    );
    let audit = scene.night(&ledger).await;
    assert_eq!(told(&ledger, &audit, &LOG).await, NOTHING);

    let without = TARGETS.split("  - { name: web").next().unwrap();
    scene.targets(without);
    let audit = scene.night(&ledger).await;
    assert_eq!(told(&ledger, &audit, &LOG).await, ["gone web current -"]);
    let audit = scene.night(&ledger).await;
    assert_eq!(told(&ledger, &audit, &LOG).await, NOTHING);
    scene.targets(TARGETS);
    scene.hold("web.env", "odd");
    let audit = scene.night(&ledger).await;
    assert_eq!(told(&ledger, &audit, &LOG).await, ["new web - unknown"]);
    // A file without the project says nothing of it.
    scene.targets(
        &TARGETS
            .replace("checkout:", "other:")
            .replace("project: checkout", "project: other"),
    );
    let audit = scene.night(&ledger).await;
    let expected = ["new api - unknown", "new web - unknown"];
    assert_eq!(told(&ledger, &audit, &LOG).await, expected);
}

pub async fn receivers_are_told_apart(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.hold("web.env", "odd");
    let audit = scene.night(&ledger).await;
    assert_eq!(told(&ledger, &audit, &LOG).await, ["new web - unknown"]);
    let other = Receiver {
        name: "it's \"another\"",
        patient: false,
    };
    assert_eq!(told(&ledger, &audit, &other).await, ["new web - unknown"]);
    assert_eq!(told(&ledger, &audit, &other).await, NOTHING);
}

pub async fn what_flaps_is_told_to_the_patient_once(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    let (mut patient, mut log) = (Vec::new(), Vec::new());
    for night in 0..6 {
        scene.hold("web.env", ["odd", "one"][night % 2]);
        let audit = scene.night(&ledger).await;
        patient.extend(told(&ledger, &audit, &PATIENT).await);
        log.extend(told(&ledger, &audit, &LOG).await);
    }
    assert_eq!(patient, ["new web - unknown"]);
    assert_eq!(log.len(), 6);
    let audit = scene.night(&ledger).await;
    assert_eq!(
        told(&ledger, &audit, &PATIENT).await,
        ["better web unknown current"]
    );
}

pub async fn what_is_out_of_reach_counts_from_the_third_time_on(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    let night = async || {
        let audit = scene.night(&ledger).await;
        told(&ledger, &audit, &LOG).await
    };
    assert_eq!(night().await, NOTHING);
    for _ in 0..2 {
        scene.lose("web.env");
        assert_eq!(night().await, NOTHING);
        assert_eq!(night().await, NOTHING);
        scene.find("web.env");
        scene.hold("web.env", "one");
        assert_eq!(night().await, NOTHING);
    }
    scene.lose("web.env");
    assert_eq!(night().await, NOTHING);
    assert_eq!(night().await, NOTHING);
    assert_eq!(night().await, ["worse web current unreachable"]);
    assert_eq!(night().await, NOTHING);
    scene.find("web.env");
    scene.hold("web.env", "one");
    assert_eq!(night().await, ["better web unreachable current"]);
}

pub async fn what_a_waiver_accepts_is_fine(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.hold("web.env", "odd");
    let audit = scene.night(&ledger).await;
    assert_eq!(told(&ledger, &audit, &LOG).await, ["new web - unknown"]);
    let waive = "waive: { verdicts: [unknown], reason: x, owner: ana, until: 2999-12-31 }";
    scene.targets(&TARGETS.replace("{ name: web,", &format!("{{ name: web, {waive},")));
    let audit = scene.night(&ledger).await;
    assert_eq!(
        told(&ledger, &audit, &LOG).await,
        ["better web unknown unknown"]
    );
    let audit = scene.night(&ledger).await;
    assert_eq!(told(&ledger, &audit, &LOG).await, NOTHING);
    scene.targets(TARGETS);
    let audit = scene.night(&ledger).await;
    assert_eq!(
        told(&ledger, &audit, &LOG).await,
        ["worse web current unknown"]
    );
}

pub async fn what_is_held_back_comes_later(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.hold("web.env", "odd");
    scene.hold("api.env", "odd");
    let audit = scene.night(&ledger).await;
    let conclusion = conclusion(&audit);
    let held_back = BTreeSet::from([Name {
        project: "checkout".into(),
        title: "web (production)".into(),
    }]);
    let tell = ledger.tell(&audit, &conclusion, &LOG, &held_back);
    tell.await.unwrap();
    let left = ledger.changes(&audit, &conclusion, &LOG).await.unwrap();
    assert_eq!(said(&left), ["new web - unknown"]);
}

pub async fn a_part_of_a_route_changes_nothing(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.hold("web.env", "odd");
    let before = scene.night(&ledger).await;
    assert_eq!(told(&ledger, &before, &LOG).await, ["new web - unknown"]);
    scene.reference("two");
    scene.wait(1);
    let remembered = ledger.recall().await.unwrap();
    let audit = scene.audit_with(&remembered, Some(Stage::Store)).await;
    ledger.record(&audit, &conclusion(&audit)).await.unwrap();
    assert_eq!(told(&ledger, &audit, &LOG).await, NOTHING);
    let known = ledger.deployments(None).await.unwrap();
    assert_eq!(known[1].verdict, Some(before.deployments[1].verdict));
    assert_eq!(known[1].last_seen, scene.now());

    let mut audit = scene.audit(&ledger.recall().await.unwrap()).await;
    audit.interrupted = true;
    assert_eq!(told(&ledger, &audit, &LOG).await, NOTHING);
}
