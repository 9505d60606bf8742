//! What must not be in the bytes of a ledger.

use std::fs;

use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER, HEXUPPER};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use straggler::ledger::{Acceptance, Confirmed};

use super::ground::Ground;
use super::scene::{LOG, Scene, TARGETS, checkout, conclusion, key, print, told};

#[tokio::test]
async fn no_key_and_no_whole_digest_is_in_the_file() {
    let ground = Ground::sqlite();
    let ledger = ground.ledger().await;
    let scene = Scene::new(ground.folder());
    // Even where whole digests are shown.
    scene.targets(&format!("{TARGETS}fingerprint_digits: 64\n"));
    let names = ["one", "two", "odd", "shop"];
    for (reference, held) in [
        ("one", "one"),
        ("one", "odd"),
        ("two", "one"),
        ("two", "two"),
    ] {
        scene.reference(reference);
        scene.hold("api.env", held);
        scene.write("web.env", &format!("KEY=\"'{}'\"\n", key(held)));
        let audit = scene.night(&ledger).await;
        told(&ledger, &audit, LOG).await;
    }
    // What cannot be read says what it got.
    scene.lose("web.env");
    let audit = scene.night(&ledger).await;
    let whole = straggler::key::Fingerprint::of(key("one").as_bytes());
    let acceptance = Acceptance {
        owner: checkout(),
        key: whole,
        deployment: "web".to_owned(),
        reason: "it is mended by hand".to_owned(),
        places: std::collections::BTreeSet::new(),
        at: scene.now(),
    };
    ledger
        .accept(&scene.inventory(), &acceptance)
        .await
        .unwrap();
    let confirmed = ledger
        .confirm(&checkout(), None, scene.now())
        .await
        .unwrap();
    assert!(matches!(
        confirmed,
        Confirmed::Confirmed(_) | Confirmed::AlreadyKnown(_)
    ));
    assert_eq!(conclusion(&audit).exit_code, 1);

    let folder = ground.file().unwrap();
    let mut bytes = Vec::new();
    for entry in fs::read_dir(folder.parent().unwrap()).unwrap() {
        bytes.extend(fs::read(entry.unwrap().path()).unwrap());
    }
    let holds = |needle: &str| {
        let needle = needle.as_bytes();
        bytes.windows(needle.len()).any(|window| window == needle)
    };
    assert!(holds(&print("one").to_string()), "the search is broken");
    for name in names {
        let key = key(name);
        let digest = straggler::key::Fingerprint::of(key.as_bytes()).to_string();
        let digest = digest.trim_start_matches("sha256:").to_owned();
        for secret in [
            key.clone(),
            key["ask_live_".len()..].to_owned(),
            key[..20].to_owned(),
            BASE64.encode(key.as_bytes()),
            BASE64_NOPAD.encode(&key.as_bytes()[..30]),
            HEXLOWER.encode(key.as_bytes()),
            HEXUPPER.encode(key.as_bytes()),
            utf8_percent_encode(&key, NON_ALPHANUMERIC).to_string(),
            // Half of it is kept, and what the file has behind that may be its next digit by chance.
            digest[..40].to_owned(),
            digest[32..].to_owned(),
            digest,
        ] {
            assert!(!holds(&secret), "{name}: {secret}");
        }
        let digest = straggler::key::Fingerprint::of(key.as_bytes());
        let raw = &digest.bytes()[..17];
        assert!(
            !bytes.windows(raw.len()).any(|window| window == raw),
            "{name}"
        );
    }
}
