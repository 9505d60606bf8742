//! What keeps a ledger in order.

use std::time::Duration;

use straggler::audit::Confirmation;
use straggler::judge::RotationBasis;
use straggler::ledger::{Acceptance, KnownDeployment, Ledger, Place};

use super::ground::Ground;
use super::scene::{LOG, Scene, TARGETS, basis, changes, checkout, print, told, verdicts};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub async fn retention_drops_audits_but_no_fingerprints(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.night(&ledger).await;
    scene.reference("two");
    let audit = scene.night(&ledger).await;
    told(&ledger, &audit, LOG).await;
    scene.wait(20);
    scene.all_hold("two");
    scene.night(&ledger).await;
    scene.targets(TARGETS.split("  - { name: web").next().unwrap());
    scene.wait(3 * 24 * 60);
    let audit = scene.night(&ledger).await;
    let fridays = acceptance("fridays");
    ledger.accept(&scene.inventory(), &fridays).await.unwrap();
    let before = ledger.recall().await.unwrap();
    let rotations = ledger.rotations(None).await.unwrap();
    assert_eq!(rotations[1].stages[0].took.unwrap().as_mins(), 21);

    // Nothing is that old.
    ledger.retain(30 * DAY, scene.now()).await.unwrap();
    ledger.retain(Duration::MAX, scene.now()).await.unwrap();
    assert_eq!(ledger.audits(99).await.unwrap().len(), 4);
    assert_eq!(ledger.rotations(None).await.unwrap(), rotations);

    ledger.retain(DAY, scene.now()).await.unwrap();
    assert_eq!(ledger.audits(99).await.unwrap().len(), 1);
    let after = ledger.recall().await.unwrap();
    assert_eq!(after.reigns, before.reigns);
    assert_eq!(after.reigns[&checkout()].len(), 2);
    assert_eq!(ledger.deployments(None).await.unwrap().len(), 2);
    let accepted = ledger.acceptances(&scene.inventory(), "checkout").await;
    assert_eq!(accepted.unwrap(), [fridays]);
    let spans = ledger.past("api", None).await.unwrap();
    assert!(spans.iter().all(|span| span.until.is_none()) && spans.len() == 2);
    // Of the first reign nothing is left, and of the second not how long it took.
    let rotations = ledger.rotations(None).await.unwrap();
    assert!(rotations[0].stages.is_empty());
    assert_eq!(
        (rotations[1].stages[0].left, rotations[1].stages[0].took),
        (0, None)
    );
    // Whoever was told of what is long gone is not told of that.
    assert_eq!(
        told(&ledger, &audit, LOG).await,
        ["better api stale current"]
    );
}

pub fn acceptance(reason: &str) -> Acceptance {
    Acceptance {
        owner: checkout(),
        // A word on a key that is live again ends.
        key: print("old"),
        deployment: "web".to_owned(),
        reason: reason.to_owned(),
        places: std::collections::BTreeSet::new(),
        at: "2026-11-20T09:00:00.5Z".parse().unwrap(),
    }
}

pub async fn what_was_accepted_is_kept_for_its_key(ground: &Ground) {
    let ledger = ground.ledger().await;
    let inventory = Scene::new(ground.folder()).inventory();
    let accept = async |word: Acceptance| ledger.accept(&inventory, &word).await.unwrap();
    accept(acceptance("restarted by hand")).await;
    let other = Acceptance {
        key: print("two"),
        ..acceptance("it's \"gone\"; DROP TABLE acceptance")
    };
    accept(other.clone()).await;
    accept(acceptance("restarted on Fridays")).await;
    let mut accepted = ledger.acceptances(&inventory, "checkout").await.unwrap();
    accepted.sort_by_key(|one| one.key != print("old"));
    assert_eq!(accepted, [acceptance("restarted on Fridays"), other]);
    let of_shop = ledger.acceptances(&inventory, "shop").await.unwrap();
    assert!(of_shop.is_empty());
}

pub async fn there_may_be_no_ledger_yet(ground: &Ground) {
    let none = Ledger::open_existing(&ground.place).await.unwrap();
    assert!(none.is_none());
    assert!(ground.file().is_none_or(|file| !file.exists()));
    drop(ground.ledger().await);
    let some = Ledger::open_existing(&ground.place).await.unwrap();
    assert!(some.is_some());
}

pub async fn a_newer_schema_is_refused(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.night(&ledger).await;
    drop(ledger);
    ground.sql("UPDATE ledger SET version = 99").await;
    let opened = Ledger::open(&ground.place).await.map(drop);
    let existing = Ledger::open_existing(&ground.place).await.map(drop);
    for refused in [opened, existing] {
        let message = refused.unwrap_err().to_string();
        assert!(
            message.contains("has version 99 of its schema"),
            "{message}"
        );
        assert!(message.contains("update straggler"), "{message}");
    }
    ground.sql("UPDATE ledger SET version = 8").await;
    assert_eq!(ground.ledger().await.audits(9).await.unwrap().len(), 1);
}

/// Takes back what the fifth version of the schema brought, and the later ones.
pub async fn with_words_of_nobody(ground: &Ground) {
    let sql = "CREATE TABLE before (project TEXT NOT NULL, environment TEXT NOT NULL,
            fingerprint TEXT NOT NULL, deployment TEXT NOT NULL, reason TEXT NOT NULL,
            accepted_at BIGINT NOT NULL, PRIMARY KEY (project, environment, fingerprint, deployment));
        INSERT INTO before SELECT project, environment, fingerprint, deployment, reason, accepted_at
            FROM acceptance;
        DROP TABLE acceptance; ALTER TABLE before RENAME TO acceptance;
        ALTER TABLE audit DROP COLUMN inventory;
        ALTER TABLE hop DROP COLUMN identity; ALTER TABLE reign DROP COLUMN said_seen;
        DROP TABLE retired; DROP TABLE told_reference; UPDATE ledger SET version = 4";
    ground.sql(sql).await;
}

/// Takes back what the fourth version of the schema brought.
async fn without_scopes(ground: &Ground) {
    let sql = "DROP TABLE member; DROP TABLE scope; ALTER TABLE audit DROP COLUMN scope;
        CREATE TABLE route (deployment BIGINT PRIMARY KEY, digest BIGINT NOT NULL);
        INSERT INTO route SELECT id, digest FROM deployment WHERE digest IS NOT NULL;
        DROP INDEX deployment_retired; ALTER TABLE deployment DROP COLUMN digest;
        UPDATE ledger SET version = 3";
    ground.sql(sql).await;
}

/// Takes back what the third version of the schema brought.
async fn without_inventories(ground: &Ground) {
    let deployment = match ground.file() {
        Some(_) => {
            "PRAGMA foreign_keys = OFF;
             CREATE TABLE before (id INTEGER PRIMARY KEY, project TEXT NOT NULL, title TEXT NOT NULL,
                name TEXT NOT NULL, environment TEXT NOT NULL, first_seen BIGINT NOT NULL,
                last_seen BIGINT NOT NULL, retired_at BIGINT, verdict TEXT, times BIGINT NOT NULL,
                UNIQUE (project, title));
             INSERT INTO before SELECT id, project, title, name, environment, first_seen, last_seen,
                retired_at, verdict, times FROM deployment;
             DROP TABLE deployment; ALTER TABLE before RENAME TO deployment;"
        }
        None => {
            "ALTER TABLE deployment DROP COLUMN inventory;
             ALTER TABLE deployment ADD CONSTRAINT deployment_project_title_key UNIQUE (project, title);"
        }
    };
    let told = "CREATE TABLE before (receiver TEXT NOT NULL, project TEXT NOT NULL,
            title TEXT NOT NULL, verdict TEXT NOT NULL, fingerprint TEXT, broken_at BIGINT,
            PRIMARY KEY (receiver, project, title));
         INSERT INTO before SELECT receiver, project, title, verdict, fingerprint, broken_at FROM told;
         INSERT INTO before SELECT '', project, title, verdict, fingerprint, broken_at FROM told;
         DROP TABLE told; ALTER TABLE before RENAME TO told;
         DROP TABLE inventory; DROP TABLE unrelated; ALTER TABLE targets DROP COLUMN inventory;
         UPDATE ledger SET version = 2";
    ground.sql(&format!("{deployment}{told}")).await;
}

pub async fn a_ledger_without_inventories_is_taken_over(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    scene.hold("web.env", "odd");
    let audit = scene.night(&ledger).await;
    assert_eq!(told(&ledger, &audit, LOG).await, ["new web - unknown"]);
    let before = ledger.deployments(None).await.unwrap();
    let spans = ledger.past("web", None).await.unwrap();
    let word = acceptance("fridays");
    ledger.accept(&scene.inventory(), &word).await.unwrap();
    drop(ledger);
    with_words_of_nobody(ground).await;
    without_scopes(ground).await;
    without_inventories(ground).await;
    let ledger = ground.ledger().await;
    ledger.check().await.unwrap();
    let inventory = scene.inventory();
    let words = async || ledger.acceptances(&inventory, "checkout").await.unwrap();
    assert_eq!(words().await, std::slice::from_ref(&word));
    let audit = scene.night(&ledger).await;
    assert_eq!(words().await, [word]);
    assert!(told(&ledger, &audit, LOG).await.is_empty());
    // What was told at standard output was told by whichever audit came last.
    assert!(changes(&ledger, &audit, "").await.changes.first);
    let after = ledger.deployments(None).await.unwrap();
    let seen = |known: &[KnownDeployment]| -> Vec<_> {
        known
            .iter()
            .map(|one| (one.name.clone(), one.first_seen))
            .collect()
    };
    assert_eq!(seen(&after), seen(&before));
    assert_eq!(ledger.past("web", None).await.unwrap(), spans);
}

pub async fn a_ledger_of_an_earlier_version_is_taken_over(ground: &Ground) {
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    for name in ["one", "two", "three"] {
        scene.reference(name);
        scene.all_hold(name);
        scene.night(&ledger).await;
        ledger
            .confirm(&checkout(), None, scene.now())
            .await
            .unwrap();
    }
    told(&ledger, &scene.night(&ledger).await, LOG).await;
    drop(ledger);
    with_words_of_nobody(ground).await;
    without_scopes(ground).await;
    without_inventories(ground).await;
    // As the first version left it: two keys that deployments had proven.
    ground
        .sql(
            "UPDATE reign SET confirmed = 'proven' WHERE project = 'checkout' AND place > 0; \
             DROP TABLE unsettled; DROP TABLE announced; DROP TABLE both_read; DROP TABLE targets; \
             ALTER TABLE hop DROP COLUMN holds; UPDATE ledger SET version = 1",
        )
        .await;
    let ledger = ground.ledger().await;
    let remembered = ledger.recall().await.unwrap();
    let how: Vec<_> = remembered.reigns[&checkout()]
        .iter()
        .map(|reign| reign.confirmed)
        .collect();
    // What another key has followed since stays, and the last one was never sure.
    let expected = [Some(Confirmation::First), Some(Confirmation::Proven), None];
    assert_eq!(how, expected);
    let places = ledger.places(&scene.inventory()).await.unwrap();
    assert!(
        places
            .iter()
            .all(|place| place.holds == Some(vec![print("three")]))
    );
    let audit = scene.night(&ledger).await;
    assert_eq!(basis(&audit), RotationBasis::Suspected);
    assert_eq!(verdicts(&audit), "api current, web current");
    ledger
        .confirm(&checkout(), None, scene.now())
        .await
        .unwrap();
    assert_eq!(basis(&scene.night(&ledger).await), RotationBasis::Ledger);
}

/// What the released version wrote of the scene: three audits, in the second of which `web` held another key.
const RELEASED: &str = "
    INSERT INTO audit VALUES (1, 1763629200000000, 1763629200000000, 0, 1, 2),
        (2, 1763629260000000, 1763629260000000, 1, 1, 2), (3, 1763629320000000, 1763629320000000, 0, 1, 2);
    INSERT INTO audit_verdict VALUES (1, 'current', 2), (2, 'current', 1), (2, 'unknown', 1), (3, 'current', 2);
    INSERT INTO reign VALUES ('checkout', '', 0, 'PRINT', 1763629200000000, 1763629320000000, 'first', NULL,
        NULL, NULL);
    INSERT INTO deployment VALUES
        (1, 'checkout', 'api (production)', 'api', 'production', 1763629200000000, 1763629320000000, NULL,
            'current', 3),
        (2, 'checkout', 'web (production)', 'web', 'production', 1763629200000000, 1763629320000000, NULL,
            'current', 1);
    INSERT INTO hop VALUES (1, 1, 0, 'file', 'file:FOLDER/api.store', 'config', 'PRINT'),
        (2, 1, 1, 'dotenv', 'dotenv:FOLDER/api.env#KEY', 'config', 'PRINT'),
        (3, 2, 0, 'dotenv', 'dotenv:FOLDER/web.env#KEY', 'config', 'PRINT');
    INSERT INTO span VALUES (1, 1, 'current', 'value', NULL, 'PRINT', 1763629200000000, NULL),
        (2, 2, 'current', 'value', NULL, 'PRINT', 1763629200000000, NULL),
        (3, 3, 'current', 'value', NULL, 'PRINT', 1763629200000000, 1763629260000000),
        (4, 3, 'unknown', 'value', 'own', 'sha256:0123456789ab', 1763629260000000, 1763629320000000),
        (5, 3, 'current', 'value', NULL, 'PRINT', 1763629320000000, NULL);
    INSERT INTO told VALUES ('log', 'checkout', 'web (production)', 'unknown', 'sha256:0123456789ab', 0);
    INSERT INTO route VALUES (1, 1), (2, 2);
    INSERT INTO ledger VALUES (2)";

pub async fn the_released_format_keeps_its_history(ground: &Ground) {
    let scene = Scene::new(ground.folder());
    let numbered = |sql: &str| match ground.file() {
        Some(_) => sql.replace("BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY"),
        None => sql.to_owned(),
    };
    if let Some(file) = ground.file() {
        drop(ground.ledger().await);
        std::fs::write(&file, "").unwrap();
        ground.sql("PRAGMA application_id = 1937011303").await;
    } else {
        ground.sql("CREATE SCHEMA straggler").await;
    }
    for sql in [
        "CREATE TABLE ledger (version BIGINT NOT NULL)",
        &numbered(include_str!("../../src/ledger/migrations/1.sql")),
        &numbered(include_str!("../../src/ledger/migrations/2.sql")),
        &RELEASED
            .replace("PRINT", &print("one").to_string())
            .replace(
                "FOLDER",
                &scene.path("api").parent().unwrap().display().to_string(),
            ),
    ] {
        ground.sql(sql).await;
    }

    let ledger = ground.ledger().await;
    ledger.check().await.unwrap();
    let before = ledger.past("web", None).await.unwrap();
    let verdicts: Vec<_> = before.iter().map(|span| span.verdict.name()).collect();
    assert_eq!(verdicts, ["current", "unknown", "current"]);
    assert_eq!(ledger.places(&scene.inventory()).await.unwrap().len(), 3);
    let known = ledger.deployments(None).await.unwrap();
    let last: jiff::Timestamp = "2025-11-20T09:02:00Z".parse().unwrap();
    assert!(
        known.iter().all(|known| known.last_seen == last),
        "{known:?}"
    );
    // What is as it was then goes on, and what is not begins.
    scene.hold("api.env", "odd");
    let audit = scene.night(&ledger).await;
    assert_eq!(told(&ledger, &audit, "other").await.len(), 1);
    // It was nobody's, and is the first inventory's.
    let mut after = ledger.past("web", None).await.unwrap();
    for span in &mut after {
        assert_eq!(std::mem::take(&mut span.inventory), 1);
    }
    assert_eq!(after, before);
    let api = ledger.past("api", None).await.unwrap();
    assert_eq!(api.len(), 3, "{api:?}");
    assert_eq!(ledger.audits(99).await.unwrap().len(), 4);
    assert_eq!(told(&ledger, &audit, LOG).await.len(), 2);
}

pub async fn a_lock_is_held_by_one(ground: &Ground) {
    let (one, other) = (ground.ledger().await, ground.ledger().await);
    let nightly = one.lock("nightly ../x").await.unwrap();
    assert!(nightly.is_some());
    assert!(other.lock("nightly ../x").await.unwrap().is_none());
    assert!(one.lock("nightly ../x").await.unwrap().is_none());
    assert!(other.lock("another").await.unwrap().is_some());
    // It hinders nobody who writes.
    let scene = Scene::new(ground.folder());
    scene.night(&other).await;
    drop(nightly);
    for _ in 0..6000 {
        if other.lock("nightly ../x").await.unwrap().is_some() {
            return;
        }
        // A server takes a moment to notice who has gone.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nobody lets go of the lock");
}

#[tokio::test]
async fn what_is_no_ledger_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    let place = Place::File(path.clone());
    for (what, content) in [
        ("is damaged", &b"this is no database, and longer than its header is, which has a hundred bytes and nothing to do with this text"[..]),
        ("is damaged", &[b"SQLite format 3\0"[..].to_vec(), vec![0xff; 4096]].concat()),
    ] {
        std::fs::write(&path, content).unwrap();
        let message = Ledger::open(&place).await.map(drop).unwrap_err().to_string();
        assert!(message.contains(what), "{message}");
        assert_eq!(std::fs::read(&path).unwrap(), content);
    }
    std::fs::remove_file(&path).unwrap();
    let ground = Ground::sqlite();
    drop(ground.ledger().await);
    let foreign = ground.file().unwrap();
    ground.sql("PRAGMA application_id = 7").await;
    let message = Ledger::open(&ground.place).await.map(drop).unwrap_err();
    assert!(message.to_string().contains("another program"), "{message}");
    assert!(foreign.exists());
}

#[tokio::test]
async fn a_place_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    for path in [file.join("ledger.db"), folder.path().to_owned()] {
        let message = Ledger::open(&Place::File(path.clone())).await.map(drop);
        let message = message.unwrap_err().to_string();
        assert!(message.contains(&path.display().to_string()), "{message}");
        assert!(message.contains("--ledger"), "{message}");
    }
}
