//! What one audit leaves to the next.

use jiff::Timestamp;
use straggler::audit::{Confirmation, Owner, Reign, Remembered};
use straggler::judge::RotationBasis;
use straggler::key::Digits;
use straggler::ledger::{Confirmed, Ledger};

use super::ground::Ground;
use super::scene::{Scene, TARGETS, basis, checkout, conclusion, print, verdicts};

async fn reigns(ledger: &Ledger) -> Vec<Reign> {
    let remembered = ledger.recall().await.unwrap();
    remembered
        .reigns
        .get(&checkout())
        .cloned()
        .unwrap_or_default()
}

fn how(reigns: &[Reign]) -> Vec<Option<Confirmation>> {
    reigns.iter().map(|reign| reign.confirmed).collect()
}

pub async fn what_was_recorded_is_recalled(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    let nothing = ledger.recall().await.unwrap();
    assert!(nothing.reigns.is_empty() && nothing.others.is_empty());

    let first = scene.night(&ledger).await.started_at;
    scene.wait(60);
    let last = scene.night(&ledger).await.started_at;
    let expected = Reign {
        fingerprint: print("one"),
        first_seen: first,
        last_seen: last,
        said_seen: None,
        confirmed: Some(Confirmation::First),
        rotated_at: None,
        revoked_at: None,
    };
    let expected = [expected];
    assert_eq!(reigns(&ledger).await, expected);
    // Another program finds the same, and the sibling's key as well.
    let again = ground.ledger().await.recall().await.unwrap();
    assert_eq!(again.reigns[&checkout()], expected);
    assert_eq!(again.reigns.len(), 2);

    let audits = ledger.audits(10).await.unwrap();
    assert_eq!(audits.len(), 2);
    assert_eq!(audits[0].started_at, last);
    assert_eq!((audits[0].exit_code, audits[0].complete), (0, true));
    assert_eq!(audits[0].deployments, 2);
    let counted: Vec<_> = audits[0].verdicts.iter().collect();
    assert_eq!(counted, [(&straggler::verdict::Verdict::Current, &2)]);
    assert_eq!(ledger.audits(1).await.unwrap().len(), 1);

    let known = ledger.deployments(None).await.unwrap();
    let titles: Vec<&str> = known.iter().map(|known| &*known.name.title).collect();
    assert_eq!(titles, ["api (production)", "web (production)"]);
    assert_eq!((known[0].first_seen, known[0].last_seen), (first, last));
    assert!(ledger.deployments(Some("shop")).await.unwrap().is_empty());
}

pub async fn an_interrupted_audit_leaves_nothing(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    let mut audit = scene.audit(&Remembered::default()).await;
    audit.interrupted = true;
    ledger.record(&audit, &conclusion(&audit)).await.unwrap();
    assert!(ledger.recall().await.unwrap().reigns.is_empty());
    assert!(ledger.audits(10).await.unwrap().is_empty());
    assert!(ledger.deployments(None).await.unwrap().is_empty());
}

pub async fn neither_time_nor_deployments_settle_a_changed_reference(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.night(&ledger).await;
    scene.reference("two");
    scene.hold("api.env", "two");
    scene.hold("api.store", "two");
    let audit = scene.night(&ledger).await;
    assert_eq!(basis(&audit), RotationBasis::Suspected);
    assert_eq!(verdicts(&audit), "api current, web stale");
    scene.all_hold("two");
    for minutes in [5, 15, 24 * 60, 90 * 24 * 60] {
        scene.wait(minutes);
        let audit = scene.night(&ledger).await;
        assert_eq!(basis(&audit), RotationBasis::Suspected, "{minutes}");
        assert_eq!(audit.projects[0].last_sure, Some(print("one")));
    }
    assert_eq!(
        how(&reigns(&ledger).await),
        [Some(Confirmation::First), None]
    );
}

pub async fn a_return_is_open_until_it_is_undone_or_said_to_be_right(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    let confirm = async || {
        ledger
            .confirm(&checkout(), None, scene.now())
            .await
            .unwrap()
    };
    scene.night(&ledger).await;
    scene.reference("two");
    scene.all_hold("two");
    scene.night(&ledger).await;
    confirm().await;
    let before = reigns(&ledger).await;

    scene.reference("one");
    for _ in 0..2 {
        let audit = scene.night(&ledger).await;
        assert_eq!(basis(&audit), RotationBasis::Suspected);
        assert_eq!(verdicts(&audit), "api stale, web stale");
        scene.wait(30);
    }
    assert_eq!(reigns(&ledger).await.len(), 3);
    // Undone, it leaves nothing behind.
    scene.reference("two");
    let audit = scene.night(&ledger).await;
    assert_eq!(basis(&audit), RotationBasis::Ledger);
    assert_eq!(verdicts(&audit), "api current, web current");
    let after = reigns(&ledger).await;
    assert_eq!(
        (after.len(), after[1].first_seen),
        (2, before[1].first_seen)
    );
    assert!(ledger.recall().await.unwrap().unsettled.is_empty());

    scene.reference("one");
    scene.night(&ledger).await;
    assert_eq!(confirm().await, Confirmed::Confirmed(print("one")));
    let audit = scene.night(&ledger).await;
    assert_ne!(basis(&audit), RotationBasis::Suspected);
    assert_eq!(audit.projects[0].previous[0].fingerprint, print("two"));
}

pub async fn a_key_that_went_unsettled_is_told_of_its_holders(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.night(&ledger).await;
    scene.reference("odd");
    scene.hold("web.env", "odd");
    scene.night(&ledger).await;
    scene.reference("one");
    let audit = scene.night(&ledger).await;
    // This audit did not know yet that it went.
    assert_ne!(basis(&audit), RotationBasis::Suspected);
    let audit = scene.night(&ledger).await;
    assert_eq!(verdicts(&audit), "api current, web stale");
    let known = &audit.projects[0].previous[0];
    assert_eq!((known.fingerprint, known.unsettled), (print("odd"), true));
    // Nobody asks for it as for a previous key for sure.
    assert!(ledger.recall().await.unwrap().others.is_empty());
    // It comes again, and is said to be right.
    scene.reference("odd");
    scene.night(&ledger).await;
    ledger
        .confirm(&checkout(), None, scene.now())
        .await
        .unwrap();
    assert!(ledger.recall().await.unwrap().unsettled.is_empty());
}

pub async fn a_next_key_is_known_since_it_was_announced(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    let current = "current: { file: { path: checkout } }";
    let with_next = format!("{current}\n    next: {{ file: {{ path: next }} }}");
    scene.targets(&TARGETS.replacen(current, &with_next, 1));
    let absent = scene.night(&ledger).await.started_at;
    scene.write("next", &super::scene::key("two"));
    let seen = scene.night(&ledger).await.started_at;
    scene.night(&ledger).await;
    let announced = ledger.recall().await.unwrap().announced[&checkout()].clone();
    assert_eq!(announced.len(), 1);
    assert_eq!(announced[0].fingerprint, print("two"));
    assert_eq!(
        (announced[0].first_seen, announced[0].absent_at),
        (seen, Some(absent))
    );
    // Promoted, it is as old as it is.
    scene.reference("two");
    std::fs::remove_file(scene.path("next")).unwrap();
    scene.night(&ledger).await;
    ledger
        .confirm(&checkout(), None, scene.now())
        .await
        .unwrap();
    let audit = scene.night(&ledger).await;
    assert_eq!(audit.projects[0].rotated_at, Some(seen));
}

pub async fn a_person_confirms_what_nothing_proves(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    let confirm = async || {
        ledger
            .confirm(&checkout(), None, scene.now())
            .await
            .unwrap()
    };
    assert_eq!(confirm().await, Confirmed::NothingKnown);
    scene.night(&ledger).await;
    assert_eq!(confirm().await, Confirmed::AlreadyKnown(print("one")));
    scene.reference("two");
    scene.night(&ledger).await;
    assert_eq!(confirm().await, Confirmed::Confirmed(print("two")));
    assert_eq!(confirm().await, Confirmed::AlreadyKnown(print("two")));
    let audit = scene.night(&ledger).await;
    assert_eq!(basis(&audit), RotationBasis::Ledger);
    assert_eq!(verdicts(&audit), "api stale, web stale");
    let person = [Some(Confirmation::First), Some(Confirmation::Person)];
    assert_eq!(how(&reigns(&ledger).await), person);
}

pub async fn what_was_declared_once_is_known_for_good(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.night(&ledger).await;
    scene.reference("two");
    scene.all_hold("two");
    let declare = |previous: &str| {
        let current = "current: { file: { path: checkout } }";
        let times = "rotated_at: 2026-11-20T09:01:30Z";
        let yaml = format!("{current}\n    {times}\n    previous: [{previous}]");
        scene.targets(&TARGETS.replacen(current, &yaml, 1));
    };
    let (one, old) = (print("one"), print("old"));
    declare(&format!(
        "{{ fingerprint: '{one}', revoked_at: 2026-11-20T10:00:00Z }}, {{ fingerprint: '{old}' }}"
    ));
    scene.night(&ledger).await;
    let told = reigns(&ledger).await;
    assert_eq!(told[1].confirmed, Some(Confirmation::Declared));
    let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
    assert_eq!(told[1].rotated_at, at("2026-11-20T09:01:30Z"));
    assert_eq!(told[0].revoked_at, at("2026-11-20T10:00:00Z"));

    // Nobody declares anything anymore.
    scene.targets(TARGETS);
    scene.hold("web.env", "one");
    scene.hold("api.env", "old");
    scene.wait(120);
    let audit = scene.audit(&ledger.recall().await.unwrap()).await;
    assert_eq!(verdicts(&audit), "api stale, web revoked");
    assert_eq!(audit.projects[0].rotated_at, told[1].rotated_at);
    assert_eq!(ledger.recall().await.unwrap().others, [(checkout(), old)]);
}

pub async fn environments_have_keys_of_their_own(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.write("staging", &super::scene::key("stage"));
    let shop = "  shop:";
    let environments = "    environments: { staging: { current: { file: { path: staging } } } }\n";
    scene.targets(&TARGETS.replacen(shop, &format!("{environments}{shop}"), 1));
    scene.night(&ledger).await;
    let remembered = ledger.recall().await.unwrap();
    let staging = Owner {
        environment: Some("staging".into()),
        ..checkout()
    };
    assert_eq!(remembered.reigns[&staging][0].fingerprint, print("stage"));
    assert_eq!(remembered.reigns[&checkout()][0].fingerprint, print("one"));
    let rotations = ledger.rotations(Some("checkout")).await.unwrap();
    let owners: Vec<_> = rotations.iter().map(|rotation| &rotation.owner).collect();
    assert_eq!(owners, [&checkout(), &staging]);
    assert!(rotations[1].stages.is_empty());
}

pub async fn digits_may_change(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    let whole = straggler::key::Fingerprint::of(super::scene::key("one").as_bytes());
    for (digits, kept) in [(12, 12), (20, 20), (8, 20), (64, 32)] {
        scene.targets(&format!("{TARGETS}fingerprint_digits: {digits}\n"));
        scene.night(&ledger).await;
        let reigns = reigns(&ledger).await;
        assert_eq!(reigns.len(), 1, "{digits}");
        let kept = Digits::new(kept).unwrap();
        assert_eq!(reigns[0].fingerprint, whole.cut(kept), "{digits}");
    }
    // The hops are what they were.
    let spans = ledger.past("web", None).await.unwrap();
    assert_eq!(spans.len(), 1);
    scene.reference("two");
    scene.all_hold("two");
    scene.night(&ledger).await;
    scene.hold("web.env", "one");
    let audit = scene.audit(&ledger.recall().await.unwrap()).await;
    assert_eq!(verdicts(&audit), "api current, web stale");
}

pub async fn two_record_at_once(ground: &Ground) {
    let first = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.night(&first).await;
    let (one, other) = (ground.ledger().await, ground.ledger().await);
    let mut audits = Vec::new();
    for _ in 0..10 {
        scene.wait(1);
        audits.push(scene.audit(&first.recall().await.unwrap()).await);
    }
    let record = async |ledger: &Ledger, turn: usize| {
        for audit in audits.iter().skip(turn).step_by(2) {
            ledger.record(audit, &conclusion(audit)).await.unwrap();
        }
    };
    tokio::join!(record(&one, 0), record(&other, 1), record(&first, 1));
    assert_eq!(first.audits(99).await.unwrap().len(), 16);
    let reigns = reigns(&first).await;
    assert_eq!(reigns.len(), 1);
    assert_eq!(reigns[0].last_seen, scene.now());
}
