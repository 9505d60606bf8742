//! What is worth telling whom.

use std::collections::BTreeSet;

use straggler::ledger::Name;
use straggler::verdict::Stage;

use super::ground::Ground;
use super::scene::{LOG, Scene, TARGETS, changes, checkout, conclusion, said, told};

const NOTHING: [&str; 0] = [];

pub async fn what_is_new_worse_better_or_gone_is_told_once(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.hold("web.env", "odd");
    let night = async || {
        let audit = scene.night(&ledger).await;
        told(&ledger, &audit, LOG).await
    };
    let audit = scene.night(&ledger).await;
    assert_eq!(told(&ledger, &audit, LOG).await, ["new web - unknown"]);
    // Whoever was not told yet is told the same again.
    assert_eq!(told(&ledger, &audit, LOG).await, NOTHING);

    scene.hold("web.env", "shop");
    assert_eq!(night().await, ["worse web unknown wrong-project"]);
    scene.hold("web.env", "one");
    scene.hold("api.env", "odd");
    // Good news has to hold.
    assert_eq!(night().await, ["worse api current unknown"]);
    assert_eq!(night().await, ["better web wrong-project current"]);
    assert_eq!(night().await, NOTHING);

    // As bad as before, but another key, and then another hop.
    scene.hold("api.env", "odder");
    assert_eq!(night().await, ["new api unknown unknown"]);
    scene.hold("api.store", "odder");
    assert_eq!(night().await, ["new api unknown unknown"]);
    assert_eq!(night().await, NOTHING);

    let without = TARGETS.split("  - { name: web").next().unwrap();
    scene.targets(without);
    assert_eq!(night().await, ["gone web current -"]);
    assert_eq!(night().await, NOTHING);
    scene.targets(TARGETS);
    scene.hold("web.env", "odd");
    assert_eq!(night().await, ["new web - unknown"]);
    // Under another project it is another one.
    scene.targets(&TARGETS.replace("name: web, project: checkout", "name: web, project: shop"));
    let expected = ["new web - unknown", "gone web unknown -"];
    assert_eq!(night().await, expected);
    assert_eq!(night().await, NOTHING);
}

pub async fn receivers_are_told_apart(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.hold("web.env", "odd");
    let audit = scene.night(&ledger).await;
    assert_eq!(told(&ledger, &audit, LOG).await, ["new web - unknown"]);
    let other = "it's \"another\"";
    assert_eq!(told(&ledger, &audit, other).await, ["new web - unknown"]);
    assert_eq!(told(&ledger, &audit, other).await, NOTHING);
    let (conclusion, receivers) = (conclusion(&audit), [LOG, "third", other]);
    let sets = ledger.changes(&audit, &conclusion, &receivers);
    let sets = sets.await.unwrap();
    let left: Vec<_> = sets.iter().map(|set| said(&set.changes.list)).collect();
    assert_eq!(left, [vec![], vec!["new web - unknown".to_owned()], vec![]]);
}

pub async fn the_first_time_all_that_is_not_fine_is_told(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.hold("api.env", "odd");
    scene.lose("web.env");
    let audit = scene.night(&ledger).await;
    assert!(changes(&ledger, &audit, LOG).await.changes.first);
    let expected = ["new api - unknown", "new web - unreachable"];
    assert_eq!(told(&ledger, &audit, LOG).await, expected);
    let audit = scene.night(&ledger).await;
    assert!(!changes(&ledger, &audit, LOG).await.changes.first);
    assert_eq!(told(&ledger, &audit, LOG).await, NOTHING);
    // Nobody knows who else was told, though audits were.
    assert!(changes(&ledger, &audit, "other").await.changes.first);
    // What is fine is no news, but it was looked at.
    let fine = Scene::new(&ground.folder().join("fine"));
    let audit = fine.night(&ledger).await;
    assert_eq!(told(&ledger, &audit, LOG).await, NOTHING);
    let audit = fine.night(&ledger).await;
    assert!(!changes(&ledger, &audit, LOG).await.changes.first);
}

pub async fn what_flaps_is_told_once(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    let mut log = Vec::new();
    for night in 0..6 {
        scene.hold("web.env", ["odd", "one"][night % 2]);
        let audit = scene.night(&ledger).await;
        log.extend(told(&ledger, &audit, LOG).await);
    }
    assert_eq!(log, ["new web - unknown"]);
    let audit = scene.night(&ledger).await;
    assert_eq!(
        told(&ledger, &audit, LOG).await,
        ["better web unknown current"]
    );
    let audit = scene.night(&ledger).await;
    assert_eq!(told(&ledger, &audit, LOG).await, NOTHING);
}

pub async fn what_is_out_of_reach_counts_from_the_third_time_on(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    let night = async || {
        let audit = scene.night(&ledger).await;
        told(&ledger, &audit, LOG).await
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
    assert_eq!(night().await, NOTHING);
    assert_eq!(night().await, ["better web unreachable current"]);
    assert_eq!(night().await, NOTHING);
}

pub async fn a_reference_that_changed_is_told_once(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.reference("one");
    scene.all_hold("one");
    let night = async || {
        let audit = scene.night(&ledger).await;
        let sets = ledger.changes(&audit, &conclusion(&audit), &[LOG]).await;
        let set = sets.unwrap().remove(0);
        let references = set.changes.references.clone();
        ledger
            .tell(set, &BTreeSet::new(), |_, _| true)
            .await
            .unwrap();
        references.len()
    };
    assert_eq!(night().await, 0);
    // Everything follows it, and is current.
    for key in ["two", "three"] {
        scene.reference(key);
        scene.all_hold(key);
        assert_eq!([night().await, night().await], [1, 0]);
    }
    // It was taken back, and is told again when it comes again.
    for (key, news) in [("one", 0), ("three", 1)] {
        scene.reference(key);
        assert_eq!(night().await, news);
    }
    ledger
        .confirm(&checkout(), None, scene.now())
        .await
        .unwrap();
    assert_eq!(night().await, 0);
}

pub async fn what_a_waiver_accepts_is_fine(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.hold("web.env", "odd");
    let audit = scene.night(&ledger).await;
    assert_eq!(told(&ledger, &audit, LOG).await, ["new web - unknown"]);
    let waive = "waive: { verdicts: [unknown], reason: x, owner: ana, until: 2999-12-31 }";
    scene.targets(&TARGETS.replace("{ name: web,", &format!("{{ name: web, {waive},")));
    let audit = scene.night(&ledger).await;
    assert_eq!(
        told(&ledger, &audit, LOG).await,
        ["better web unknown unknown"]
    );
    let audit = scene.night(&ledger).await;
    assert_eq!(told(&ledger, &audit, LOG).await, NOTHING);
    scene.targets(TARGETS);
    let audit = scene.night(&ledger).await;
    assert_eq!(
        told(&ledger, &audit, LOG).await,
        ["worse web current unknown"]
    );
}

pub async fn what_was_not_told_comes_later(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.hold("web.env", "odd");
    scene.hold("api.env", "odd");
    let audit = scene.night(&ledger).await;
    let name = |title: &str| Name {
        project: "checkout".into(),
        title: title.into(),
    };
    let held_back = BTreeSet::from([name("web (production)")]);
    let set = changes(&ledger, &audit, LOG).await;
    ledger.tell(set, &held_back, |_, _| true).await.unwrap();
    let left = changes(&ledger, &audit, LOG).await;
    assert_eq!(said(&left.changes.list), ["new web - unknown"]);
    // Nor is anybody told of what is not theirs.
    let set = changes(&ledger, &audit, "api").await;
    let is_api = |told: &Name, index: Option<usize>| {
        assert_eq!(index, Some(usize::from(*told != name("api (production)"))));
        *told == name("api (production)")
    };
    ledger.tell(set, &BTreeSet::new(), is_api).await.unwrap();
    let left = changes(&ledger, &audit, "api").await;
    assert_eq!(said(&left.changes.list), ["new web - unknown"]);
}

pub async fn nothing_is_told_that_was_not_compared(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.hold("web.env", "odd");
    let audit = scene.night(&ledger).await;
    let set = changes(&ledger, &audit, LOG).await;
    // Another audit comes between what is told and that it was.
    scene.hold("web.env", "shop");
    let audit = scene.night(&ledger).await;
    ledger
        .tell(set, &BTreeSet::new(), |_, _| true)
        .await
        .unwrap();
    assert_eq!(
        told(&ledger, &audit, LOG).await,
        ["worse web unknown wrong-project"]
    );
}

pub async fn a_part_of_a_route_changes_nothing(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.hold("web.env", "odd");
    let before = scene.night(&ledger).await;
    assert_eq!(told(&ledger, &before, LOG).await, ["new web - unknown"]);
    scene.reference("two");
    scene.wait(1);
    let remembered = ledger.recall().await.unwrap();
    let audit = scene.audit_with(&remembered, Some(Stage::Store)).await;
    ledger.record(&audit, &conclusion(&audit)).await.unwrap();
    assert_eq!(told(&ledger, &audit, LOG).await, NOTHING);
    let known = ledger.deployments(None).await.unwrap();
    assert_eq!(known[1].verdict, Some(before.deployments[1].verdict));
    assert_eq!(known[1].last_seen, scene.now());

    let mut audit = scene.audit(&ledger.recall().await.unwrap()).await;
    audit.interrupted = true;
    assert_eq!(told(&ledger, &audit, LOG).await, NOTHING);
}
