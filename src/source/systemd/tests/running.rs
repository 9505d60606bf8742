use super::*;

#[tokio::test]
async fn the_main_process_is_looked_at_and_what_the_next_start_changes_is_told() {
    let files = [("/etc/one", false)];
    let environment = "PATH=/bin\0ALLSTAK_API_KEY=old\0";
    let known = |written: &str, text: &str| {
        Known::default()
            .told(with_files(&[], &files))
            .file("/etc/one", Some((text, written)))
            .process(STARTED, Ok(Some(environment)))
    };
    assert_eq!(held(known(EARLY, "ALLSTAK_API_KEY=old\n")).await, "old []");
    assert_eq!(
        held(known(LATE, "ALLSTAK_API_KEY=new\n")).await,
        "old [/etc/one was written after it started: restart it]"
    );
    assert_eq!(
        held(known(EARLY, "ALLSTAK_API_KEY=new\n")).await,
        "old [the next start would give it something else: restart it]"
    );
    let waits = Unit {
        needs_reload: true,
        ..unit(&["ALLSTAK_API_KEY=old"])
    };
    let known = Known::default()
        .told(waits)
        .process(STARTED, Ok(Some(environment)));
    assert!(held(known).await.contains("systemctl daemon-reload"));
    let absent = Known::default()
        .told(unit(&[]))
        .process(STARTED, Ok(Some("PATH=/bin\0")));
    assert_eq!(held(absent).await, "absent []");
}

#[tokio::test]
async fn what_runs_for_nobody_is_not_seen() {
    let stopped = Unit {
        active: "inactive".into(),
        main_pid: 0,
        ..unit(&["ALLSTAK_API_KEY=own"])
    };
    let told = held(Known::default().told(stopped)).await;
    assert!(
        told.starts_with("failed: not-found: web.service is inactive"),
        "{told}"
    );
    // Its number went to somebody else.
    let other = Known::default()
        .told(unit(&[]))
        .process(LATE, Ok(Some("ALLSTAK_API_KEY=other\0")));
    let told = held(other).await;
    assert!(
        told.starts_with("failed: not-found: the main process"),
        "{told}"
    );
    for (load, kind) in [
        ("not-found", "not-found"),
        ("masked", "not-found"),
        ("bad-setting", "bad-data"),
    ] {
        let unit = Unit {
            load: load.into(),
            ..Unit::default()
        };
        let told = next(Known::default().told(unit)).await;
        assert!(told.starts_with(&format!("failed: {kind}: ")), "{told}");
    }
}

#[tokio::test]
async fn a_process_that_may_not_be_read_still_shows_its_time() {
    let denied = ReadError::new(ErrorKind::Denied, "closed", "run as root");
    let known = Known::default()
        .told(unit(&[]))
        .process(STARTED, Err(denied));
    let readings = read_known("systemd", json!({"unit": "web"}), known)
        .await
        .unwrap();
    let Found::Hidden {
        fixed_at,
        taken_for: Some(taken),
        ..
    } = &readings[0].found
    else {
        panic!("{}", told(&readings[0].found));
    };
    assert_eq!(*fixed_at, at("2026-11-20T09:00:00Z"));
    assert!(matches!(&taken.found, Found::Failed(error) if error.kind == ErrorKind::Denied));
}

#[tokio::test]
async fn a_daemon_that_forked_long_before_is_known_by_its_control_group() {
    let group = "/system.slice/web.service";
    let environment = Ok(Some("ALLSTAK_API_KEY=old\0"));
    let known = Known::default().told(unit(&["ALLSTAK_API_KEY=old"]));
    assert_eq!(
        held(known.process_in(group, 42, EARLY, environment)).await,
        "old []"
    );
}
