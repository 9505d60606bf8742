//! Files: who may read them, and disks without room.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use straggler::ledger::{Ledger, Place};

use super::ground::Ground;
use super::kills::Writer;
use super::scene::Scene;

#[tokio::test]
async fn files_and_folders_are_their_owners_alone() {
    let ground = Ground::sqlite();
    let folder = ground.folder().join("state/of");
    let place = Place::beneath(&folder);
    let ledger = Ledger::open(&place).await.unwrap();
    Scene::new(ground.folder()).night(&ledger).await;
    let _lock = ledger.lock("nightly").await.unwrap().unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for made in [folder.parent().unwrap(), &folder, &folder.join("straggler")] {
        assert_eq!(mode(made), 0o700, "{}", made.display());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.join("straggler")).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    names.sort();
    let expected = [
        "ledger.db",
        "ledger.db-shm",
        "ledger.db-wal",
        "ledger.db.nightly.lock",
    ];
    assert_eq!(names, expected);
}

/// What may become of a disk: a limit on files of this process, and a disk that is really full.
async fn runs_out_of_room(place: &Place, folder: &std::path::Path, before: &[&str]) {
    let Place::File(path) = place else {
        unreachable!()
    };
    drop(Ledger::open(place).await.unwrap());
    let (recorded, failed) = Writer::start(path.to_str().unwrap(), folder, before).ended();
    let failed = failed.expect("it should run out of room");
    assert!(failed.contains("make room on its disk"), "{failed}");
    assert!(failed.contains(path.to_str().unwrap()), "{failed}");
    assert!(
        !recorded.is_empty(),
        "it should have had room for some: {failed}"
    );
    let ledger = Ledger::open(place).await.unwrap();
    ledger.check().await.unwrap();
    let kept = ledger.audits(u32::MAX).await.unwrap();
    assert!(
        recorded
            .iter()
            .all(|time| kept.iter().any(|kept| kept.started_at == *time))
    );
}

#[tokio::test]
async fn a_file_that_may_not_grow_keeps_what_was_recorded() {
    let ground = Ground::sqlite();
    let script = "trap '' XFSZ; ulimit -f 1000; exec \"$@\"";
    let before = ["sh", "-c", script, "sh"];
    runs_out_of_room(&ground.place, &ground.folder().join("writer"), &before).await;
    // With room again it goes on.
    let ledger = ground.ledger().await;
    let before = ledger.audits(u32::MAX).await.unwrap().len();
    Scene::new(ground.folder()).night(&ledger).await;
    assert_eq!(ledger.audits(u32::MAX).await.unwrap().len(), before + 1);
}

#[tokio::test]
#[ignore = "needs root"]
async fn a_full_disk_keeps_what_was_recorded() {
    let ground = Ground::sqlite();
    let disk = ground.folder().join("disk");
    fs::create_dir(&disk).unwrap();
    let run = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        let ended = command.args(arguments).arg(&disk).status();
        assert!(ended.unwrap().success(), "{program}");
    };
    run("mount", &["-t", "tmpfs", "-o", "size=1m", "none"]);
    let place = Place::beneath(&disk);
    let writer = ground.folder().join("writer");
    let test = runs_out_of_room(&place, &writer, &[]);
    let ended = futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(test)).await;
    run("umount", &["-l"]);
    assert!(ended.is_ok());
}
