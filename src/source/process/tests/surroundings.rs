//! What belongs to straggler, and what only mentions it.

use super::*;

/// What this very process finds.
async fn read_here(settings: Value) -> Result<Vec<Reading>, ReadError> {
    let hop = hop("process", settings);
    read_all(&*hop, VARIABLE, Known::default(), &connections([])).await
}

#[tokio::test]
async fn what_belongs_to_straggler_is_meant_only_by_its_number() {
    // Another run of this test on the same machine has children too.
    let name = format!("straggler-child-{}", std::process::id());
    let name = name.as_str();
    let child = Program::start(name, &[(VARIABLE, b"own")]);
    for settings in [
        json!({"name": name}),
        json!({"match": format!("^{name} 1000$")}),
    ] {
        let error = read_here(settings).await.err().unwrap();
        assert_eq!(error.kind, ErrorKind::NotFound);
    }
    let readings = read_here(json!({"pid": child.pid()})).await.unwrap();
    assert_eq!(told(&readings[0].found), "own");
    // What started it may be looked at, but never itself.
    let parent = read_here(json!({"pid": std::os::unix::process::parent_id()})).await;
    assert_eq!(parent.unwrap().len(), 1);
    let own = read_here(json!({"pid": std::process::id()})).await;
    assert_eq!(own.err().unwrap().kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn of_a_unit_helpers_lack_nothing_and_what_straggler_was_started_by_does_not_count() {
    let known = |environments: [&str; 3]| {
        let (one, ask_one) = listed(1);
        let (two, ask_two) = listed(2);
        let (mut own, ask_own) = listed(3);
        own.ours = true;
        let processes = vec![one, two, own];
        let partial = false;
        let mut known = Known::default().with(List, Ok(Snapshot { processes, partial }));
        for (ask, environment) in [ask_one, ask_two, ask_own].into_iter().zip(environments) {
            known = known.with(ask, Ok(Some(Secret::copied(environment.as_bytes()))));
        }
        known
    };
    for (environments, unit, found) in [
        (
            ["X=1\0", "ALLSTAK_API_KEY=old\0", "ALLSTAK_API_KEY=new\0"],
            "web",
            vec!["old"],
        ),
        (
            ["X=1\0", "X=1\0", "ALLSTAK_API_KEY=new\0"],
            "web",
            vec!["absent", "absent"],
        ),
        (
            ["ALLSTAK_API_KEY=new\0", "ALLSTAK_API_KEY=old\0", "X=1\0"],
            "web",
            vec!["new", "old"],
        ),
    ] {
        let settings = json!({"unit": unit});
        let readings = read_known("process", settings, known(environments)).await;
        let told: Vec<_> = readings
            .unwrap()
            .iter()
            .map(|reading| told(&reading.found))
            .collect();
        assert_eq!(told, found, "{environments:?}");
    }
}

#[tokio::test]
async fn what_started_straggler_and_may_be_the_service_is_named() {
    let known = |rest: &str, with_other: bool| {
        let (one, ask) = listed(1);
        let (mut starter, _) = listed(2);
        starter.ours = true;
        starter.may_be_meant = Some(Secret::copied(rest.as_bytes()));
        let mut processes = vec![starter];
        if with_other {
            processes.push(one);
        }
        let partial = false;
        Known::default()
            .with(List, Ok(Snapshot { processes, partial }))
            .with(ask, Ok(Some(Secret::copied(b"ALLSTAK_API_KEY=new\0"))))
    };
    for (settings, rest, is_named) in [
        (json!({"match": "web"}), "web", true),
        // It matches by the words of straggler alone.
        (json!({"match": "web"}), "run -- ", false),
        (json!({"name": "web"}), "run -- ", true),
        (json!({"unit": "web"}), "run -- ", true),
        (json!({"pid": 1}), "web", false),
    ] {
        let readings = read_known("process", settings.clone(), known(rest, true)).await;
        let readings = readings.unwrap();
        assert_eq!(readings.len(), 1 + usize::from(is_named), "{settings}");
        assert_eq!(told(&readings[0].found), "new");
        if is_named {
            assert_eq!(readings[1].replica.as_deref(), Some("we\\u{1b}b/2"));
            let told = told(&readings[1].found);
            assert!(told.starts_with("hidden: it started straggler"), "{told}");
        }
    }
    let alone = read_known("process", json!({"name": "web"}), known("web", false)).await;
    let error = alone.err().unwrap();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(
        error
            .message
            .ends_with("but what started straggler: we\\u{1b}b (process 2)"),
        "{error}"
    );
}

#[tokio::test]
async fn a_service_with_a_hook_that_runs_straggler_is_judged() {
    let known = |with_other: bool| {
        let (one, ask_one) = listed(1);
        let (mut hooked, ask) = listed(2);
        hooked.arguments = Secret::copied(b"srv\0web\0--hook\0straggler audit night\0");
        hooked.besides_straggler = Some(Secret::copied(b"srv web --hook "));
        let mut processes = vec![hooked];
        if with_other {
            processes.insert(0, one);
        }
        let partial = false;
        Known::default()
            .with(List, Ok(Snapshot { processes, partial }))
            .with(ask_one, Ok(Some(Secret::copied(b"ALLSTAK_API_KEY=new\0"))))
            .with(ask, Ok(Some(Secret::copied(b"ALLSTAK_API_KEY=old\0"))))
    };
    for (settings, found) in [
        (json!({"match": "web"}), "old"),
        (json!({"name": "we\u{1b}b"}), "old"),
        (json!({"pid": 2}), "old"),
        (
            json!({"match": "^web$|night"}),
            "hidden: it matches only by the words",
        ),
    ] {
        let readings = read_known("process", settings.clone(), known(true)).await;
        let readings = readings.unwrap();
        let last = readings.last().unwrap();
        assert_eq!(last.replica.as_deref(), Some("we\\u{1b}b/2"), "{settings}");
        let told = told(&last.found);
        assert!(told.starts_with(found), "{settings}: {told}");
    }
    let alone = read_known("process", json!({"match": "night"}), known(false)).await;
    let error = alone.err().unwrap();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(error.message.contains("but what runs straggler"), "{error}");
}
