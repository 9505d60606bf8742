use super::*;

fn credentials(loaded: &[(&str, &str)], encrypted: &[&str], set: &[(&str, &str)]) -> Credentials {
    Credentials {
        loaded: loaded
            .iter()
            .map(|(name, path)| ((*name).into(), (*path).into()))
            .collect(),
        encrypted: encrypted.iter().map(|name| (*name).into()).collect(),
        set: set
            .iter()
            .map(|(name, value)| ((*name).into(), Secret::copied(value.as_bytes())))
            .collect(),
    }
}

async fn credential(stage: &str, known: Known, all: Credentials) -> String {
    let ask = ShowCredentials {
        unit: "web.service".into(),
    };
    let settings = json!({"unit": "web", "stage": stage, "credential": "key"});
    shown(
        read_known(
            "systemd",
            settings,
            known.told(unit(&[])).with(ask, Ok(all)),
        )
        .await,
    )
}

#[tokio::test]
async fn a_credential_comes_from_where_the_unit_says() {
    let known = Known::default;
    let loaded = [("key", "/srv/key")];
    let there = || known().file("/srv/key", Some(("new\n", EARLY)));
    let gone = || known().file("/srv/key", None);
    let told = credential("config", there(), credentials(&loaded, &[], &[])).await;
    assert_eq!(told, "new\n [loaded from /srv/key]");
    let told = credential(
        "config",
        gone(),
        credentials(&loaded, &[], &[("key", "set")]),
    )
    .await;
    assert_eq!(told, "set [set by SetCredential=]");
    let told = credential("config", gone(), credentials(&loaded, &[], &[])).await;
    assert!(
        told.starts_with("failed: not-found: web.service cannot start"),
        "{told}"
    );
    let told = credential("config", known(), credentials(&[], &["key"], &[])).await;
    assert!(told.starts_with("hidden: it is encrypted"), "{told}");
    let told = credential("config", known(), credentials(&[], &[], &[])).await;
    assert_eq!(told, "absent [the unit has no such credential]");

    let mut stores = known();
    for store in ["/etc", "/run", "/usr/local/lib", "/usr/lib"] {
        let found = (store == "/run").then_some(("store", EARLY));
        stores = stores.file(&format!("{store}/credstore/name"), found);
    }
    let told = credential("config", stores, credentials(&[("key", "name")], &[], &[])).await;
    assert_eq!(told, "store [loaded from /run/credstore/name]");
}

#[tokio::test]
async fn a_credential_that_runs_is_compared_with_the_next_one() {
    let held = "/proc/42/root/run/credentials/web.service/key";
    let loaded = [("key", "/srv/key")];
    for (runs, next, told) in [
        ("old", "old", "old []"),
        (
            "old",
            "new",
            "old [the next start would hand it something else: restart it]",
        ),
    ] {
        let known = Known::default()
            .file(held, Some((runs, EARLY)))
            .file("/srv/key", Some((next, EARLY)));
        assert_eq!(
            credential("running", known, credentials(&loaded, &[], &[])).await,
            told
        );
    }
    let known = Known::default().file(held, None);
    assert_eq!(
        credential("running", known, credentials(&[], &[], &[])).await,
        "absent []"
    );
    // Its folder is gone with its process, or was never made.
    let gone = || {
        let error = ReadError::new(ErrorKind::NotFound, "no folder", "look");
        let ask = ReadFile {
            path: Path::new(held).into(),
        };
        Known::default().with(ask, Err(error))
    };
    let known = gone().file("/srv/key", Some(("new", EARLY)));
    let told = credential("running", known, credentials(&loaded, &[], &[])).await;
    assert_eq!(told, "failed: not-found: no folder");
    let told = credential("running", gone(), credentials(&[], &["key"], &[])).await;
    assert_eq!(told, "failed: not-found: no folder");
    let told = credential("running", gone(), credentials(&[], &[], &[])).await;
    assert_eq!(told, "absent []");
}
