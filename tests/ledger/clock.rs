//! Clocks that are wrong.

use jiff::SignedDuration;
use straggler::judge::RotationBasis;
use straggler::ledger::Confirmed;

use super::ground::Ground;
use super::scene::{Scene, TARGETS, basis, checkout, print, verdicts};

const DAYS: i64 = 24 * 60;

pub async fn an_audit_with_its_clock_ahead_is_dated_back(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    let good = scene.night(&ledger).await.started_at;
    assert_eq!(ledger.mend_times(scene.now()).await.unwrap(), None);
    scene.wait(400 * DAYS);
    scene.hold("web.env", "odd");
    scene.reference("two");
    let ahead = scene.night(&ledger).await.started_at;
    scene.wait(-399 * DAYS);
    let now = scene.now();

    let mended = ledger.mend_times(now).await.unwrap().unwrap();
    assert_eq!((mended.audits, mended.latest), (1, ahead));
    assert_eq!(ledger.mend_times(now).await.unwrap(), None);
    let remembered = ledger.recall().await.unwrap();
    for reign in &remembered.reigns[&checkout()] {
        assert_eq!((reign.first_seen, reign.last_seen), (good, good));
    }
    // What it saw is known, and what is seen now counts.
    scene.hold("web.env", "two");
    let audit = scene.night(&ledger).await;
    assert_eq!(verdicts(&audit), "api stale, web current");
    assert_eq!(basis(&audit), RotationBasis::Suspected);
    let known = ledger.deployments(None).await.unwrap();
    assert!(
        known
            .iter()
            .all(|known| known.last_seen == audit.started_at)
    );
    let confirmed = ledger
        .confirm(&checkout(), None, scene.now())
        .await
        .unwrap();
    assert_eq!(confirmed, Confirmed::Confirmed(print("two")));
    assert_eq!(basis(&scene.night(&ledger).await), RotationBasis::Ledger);
    let audits = ledger.audits(9).await.unwrap();
    assert!(audits.iter().all(|audit| audit.started_at <= scene.now()));
    for span in ledger.past("web", None).await.unwrap() {
        assert!(span.since <= scene.now() && span.until.is_none_or(|end| end >= span.since));
    }
}

pub async fn a_ledger_begun_ahead_is_dated_back(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.wait(30 * DAYS);
    scene.night(&ledger).await;
    scene.wait(-30 * DAYS);
    assert!(ledger.mend_times(scene.now()).await.unwrap().is_some());
    // The key has changed meanwhile, and nobody can say since when it may have.
    scene.reference("two");
    let audit = scene.night(&ledger).await;
    assert_eq!(basis(&audit), RotationBasis::Suspected);
    assert_eq!(verdicts(&audit), "api stale, web stale");
    let confirmed = ledger
        .confirm(&checkout(), None, scene.now())
        .await
        .unwrap();
    assert_eq!(confirmed, Confirmed::Confirmed(print("two")));
    let reigns = ledger.recall().await.unwrap().reigns;
    assert!(reigns[&checkout()][0].last_seen <= scene.now());
}

pub async fn what_was_declared_before_an_audit_that_was_dated_back_settles_nothing(
    ground: &Ground,
) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    let seen = scene.night(&ledger).await.started_at;
    // It is this clock that is behind for a while.
    let behind = seen - SignedDuration::from_hours(24 * 300);
    assert!(ledger.mend_times(behind).await.unwrap().is_some());
    let declared = seen - SignedDuration::from_hours(24 * 200);
    let current = "    current: { file: { path: checkout } }";
    scene.targets(&TARGETS.replacen(
        current,
        &format!("    rotated_at: {declared}\n{current}"),
        1,
    ));
    scene.reference("two");
    let audit = scene.night(&ledger).await;
    assert_eq!(basis(&audit), RotationBasis::Suspected);
    // Seen again by a clock that is right, it is as it was.
    scene.reference("one");
    scene.wait(60);
    scene.night(&ledger).await;
    let reigns = ledger.recall().await.unwrap().reigns;
    assert_eq!(reigns[&checkout()].last().unwrap().said_seen, None);
}

pub async fn a_clock_that_is_behind_spoils_nothing(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    for _ in 0..12 {
        scene.night(&ledger).await;
    }
    let before = ledger.recall().await.unwrap().reigns;
    let behind = scene.now() - SignedDuration::from_hours(24 * 365);
    let error = ledger.mend_times(behind).await.unwrap_err().to_string();
    assert!(error.contains("clock seems to be behind"), "{error}");
    assert_eq!(ledger.recall().await.unwrap().reigns, before);
}
