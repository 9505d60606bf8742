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
    let told = held(absent).await;
    assert!(
        told.starts_with("absent [") && told.contains("`loads: itself`"),
        "{told}"
    );
}

#[tokio::test]
async fn what_runs_for_nobody_is_not_seen() {
    let stopped = Unit {
        active: "inactive".into(),
        main_pid: 0,
        ..unit(&["ALLSTAK_API_KEY=own"])
    };
    let none = Known::default()
        .told(stopped)
        .with(List, Ok(Snapshot::default()));
    let told = held(none).await;
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

/// A process that a test made up: number, name, control group, and its environment.
type Made<'a> = (u32, &'a str, &'a str, Result<Option<&'a str>, ErrorKind>);

/// What each process of a service shows, the main one being 42.
async fn family(settings: serde_json::Value, unit: Unit, processes: &[Made<'_>]) -> Vec<String> {
    let mut known = Known::default().told(unit);
    let mut listed = Vec::new();
    for (pid, name, cgroup, environment) in processes {
        let process = Process {
            started_at: at(STARTED),
            cgroup: (*cgroup).into(),
            ..Process::made(*pid, name, &[name])
        };
        let environment = match environment {
            Ok(text) => Ok(text.map(|text| Secret::copied(text.as_bytes()))),
            Err(kind) => Err(ReadError::new(*kind, "closed", "be root")),
        };
        known = known.with(Environ(process.id), environment);
        listed.push(process);
    }
    let snapshot = Snapshot {
        processes: listed,
        partial: false,
    };
    let readings = read_known("systemd", settings, known.with(List, Ok(snapshot))).await;
    match readings {
        Ok(readings) => readings
            .iter()
            .map(|reading| {
                let replica = reading.replica.as_deref().unwrap();
                format!("{replica} {}", told(&reading.found))
            })
            .collect(),
        Err(error) => vec![format!("failed: {error}")],
    }
}

#[tokio::test]
async fn every_process_of_the_service_that_has_it_is_judged() {
    const WEB: &str = "/system.slice/web.service";
    const WORKER: &str = "/system.slice/web.service/worker";
    const OTHER: &str = "/system.slice/other.service";
    const USERS: &str = "/user.slice/user@1.service/app.slice/web.service";
    let (old, new, none) = ("ALLSTAK_API_KEY=old\0", "ALLSTAK_API_KEY=new\0", "X=1\0");
    let web = || json!({"unit": "web"});
    for (processes, found) in [
        // A child that was given the old key.
        (
            vec![
                (42, "web", WEB, Ok(Some(new))),
                (43, "node", WORKER, Ok(Some(old))),
            ],
            vec!["web/42 new", "node/43 old"],
        ),
        // A start script that sources a file and does not exec.
        (
            vec![
                (42, "sh", WEB, Ok(Some(none))),
                (43, "node", WEB, Ok(Some(old))),
            ],
            vec!["node/43 old"],
        ),
        // Helpers.
        (
            vec![
                (42, "web", WEB, Ok(Some(new))),
                (43, "sh", WEB, Ok(Some(none))),
            ],
            vec!["web/42 new"],
        ),
        // None has it: that is one finding.
        (
            vec![
                (42, "sh", WEB, Ok(Some(none))),
                (43, "node", WEB, Ok(Some(none))),
            ],
            vec!["sh/42 absent"],
        ),
        (
            vec![
                (42, "web", WEB, Ok(Some(new))),
                (43, "node", WEB, Err(ErrorKind::Denied)),
            ],
            vec!["web/42 new", "node/43 failed: denied: closed"],
        ),
        // Those of others, and what has ended.
        (
            vec![
                (42, "web", WEB, Ok(Some(new))),
                (43, "node", OTHER, Ok(Some(old))),
                (44, "node", USERS, Ok(Some(old))),
                (45, "node", WEB, Ok(None)),
            ],
            vec!["web/42 new"],
        ),
        // The main one ended, and left one behind.
        (
            vec![(43, "node", WEB, Ok(Some(old)))],
            vec![
                "node/43 old",
                "42 failed: not-found: the main process of web.service ended before it was looked at",
            ],
        ),
    ] {
        assert_eq!(
            family(web(), unit(&[]), &processes).await,
            found,
            "{processes:?}"
        );
    }
    // A service without a main process.
    let daemons = Unit {
        main_pid: 0,
        ..unit(&[])
    };
    let processes = [(43, "node", WEB, Ok(Some(old)))];
    assert_eq!(family(web(), daemons, &processes).await, ["node/43 old"]);
    // What loads its key by itself.
    let itself = json!({"unit": "web", "loads": "itself"});
    let processes = [(42, "node", WEB, Ok(Some(none)))];
    let found = family(itself, unit(&[]), &processes).await;
    assert!(
        found[0].starts_with("node/42 hidden: the program loads its key by itself"),
        "{found:?}"
    );
}
