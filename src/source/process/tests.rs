mod argued;
mod surroundings;

use serde_json::{Value, json};

use super::super::conformance::{Case, Conforming, KEY, Stand};
use super::super::testing::{
    Known, Program, VARIABLE, hop, read, read_all, read_known, read_one, told, try_hop,
};
use super::*;
use crate::key::Secret;
use crate::platform::connections;
use crate::platform::processes::Snapshot;

impl Conforming for Process {
    fn stand(case: Case) -> Option<Stand> {
        let other = ("PATH", &b"/bin"[..]);
        let program = match case {
            Case::Present => Program::start("straggler-stand", &[other, (VARIABLE, KEY)]),
            Case::Absent => Program::start("straggler-stand", &[other]),
            Case::NotFound => return Some(Stand::new(json!({"name": "straggler-none"}), ())),
            _ => return None,
        };
        Some(Stand::new(json!({"pid": program.pid()}), program))
    }
}

fn replica(program: &Program) -> String {
    format!("sleep/{}", program.pid())
}

#[tokio::test]
async fn every_selector_finds_the_process_and_what_it_was_started_with() {
    let name = "straggler-selected";
    let program = Program::start(name, &[("OTHER", b"x"), (VARIABLE, b"old\n")]);
    for settings in [
        json!({"pid": program.pid()}),
        json!({"name": name}),
        json!({"match": "^straggler-select\\w+ 1000$"}),
    ] {
        let reading = read_one("process", settings).await;
        assert_eq!(told(&reading.found), "old\n");
        assert_eq!(reading.replica.as_deref(), Some(&*replica(&program)));
        assert!(reading.started_at.is_some());
    }
}

#[tokio::test]
async fn every_matching_process_is_a_replica() {
    let name = "straggler-replicas";
    let programs = [&b"old"[..], b"new"].map(|key| Program::start(name, &[(VARIABLE, key)]));
    let readings = read("process", json!({"name": name})).await.unwrap();
    let mut found: Vec<_> = readings
        .iter()
        .map(|reading| {
            (
                reading.replica.as_deref().unwrap().to_owned(),
                told(&reading.found),
            )
        })
        .collect();
    found.sort_by_key(|(_, key)| key.clone());
    let [old, new] = programs.each_ref().map(replica);
    assert_eq!(found, [(new, "new".to_owned()), (old, "old".to_owned())]);
}

#[tokio::test]
async fn absence_proves_something_only_where_the_program_loads_nothing_itself() {
    let name = "straggler-absent";
    let _program = Program::start(name, &[("ALLSTAK_API_KEY_OLD", b"x"), ("PATH", b"/bin")]);
    let found = read_one("process", json!({"name": name})).await.found;
    assert_eq!(told(&found), "absent");
    let found = read_one("process", json!({"name": name, "loads": "itself"}))
        .await
        .found;
    assert!(told(&found).starts_with("hidden: the program loads its key by itself"));
}

#[tokio::test]
async fn an_empty_environment_proves_nothing() {
    let name = "straggler-bare";
    let _program = Program::start(name, &[]);
    let found = read_one("process", json!({"name": name})).await.found;
    assert!(told(&found).starts_with("hidden: its environment is empty"));
}

#[tokio::test]
async fn no_matching_process_is_an_error() {
    for settings in [
        json!({"name": "straggler-no-such-process"}),
        json!({"unit": "straggler-no-such-unit"}),
    ] {
        let error = read("process", settings).await.err().unwrap();
        assert_eq!(error.kind, ErrorKind::NotFound);
        assert!(error.message.ends_with("nothing was seen"), "{error}");
    }
}

/// A process that was listed, and the ask for its environment.
fn listed(pid: u32) -> (Running, Environ) {
    let process = Running {
        cgroup: "/system.slice/web.service".into(),
        ..Running::made(pid, "we\u{1b}b", &["web"])
    };
    let ask = Environ(process.id);
    (process, ask)
}

#[tokio::test]
async fn what_ended_is_left_out_and_what_is_denied_stands_beside_the_rest() {
    let [(one, ask_one), (two, ask_two), (three, ask_three)] = [1, 2, 3].map(listed);
    let denied = ReadError::new(ErrorKind::Denied, "not yours", "be root");
    let known = Known::default()
        .with(
            List,
            Ok(Snapshot {
                processes: vec![one, two, three],
                partial: false,
            }),
        )
        .with(ask_one, Ok(None))
        .with(ask_two, Err(denied))
        .with(
            ask_three,
            Ok(Some(Secret::copied(b"ALLSTAK_API_KEY=key\0"))),
        );
    let readings = read_known("process", json!({"unit": "web"}), known)
        .await
        .unwrap();
    let found: Vec<_> = readings
        .iter()
        .map(|reading| (reading.replica.as_deref().unwrap(), told(&reading.found)))
        .collect();
    assert_eq!(
        found,
        [
            ("we\\u{1b}b/2", "failed: denied: not yours".to_owned()),
            ("we\\u{1b}b/3", "key".to_owned()),
        ]
    );
}

#[tokio::test]
async fn processes_that_all_ended_were_not_seen() {
    let (process, ask) = listed(1);
    let known = Known::default()
        .with(
            List,
            Ok(Snapshot {
                processes: vec![process],
                partial: false,
            }),
        )
        .with(ask, Ok(None));
    let error = read_known("process", json!({"name": "web"}), known)
        .await
        .err()
        .unwrap();
    assert_eq!(error.kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn processes_that_may_be_hidden_are_told_unless_the_one_meant_is_seen() {
    let known = || {
        let (process, ask) = listed(1);
        let environment = Secret::copied(b"ALLSTAK_API_KEY=key\0");
        Known::default()
            .with(
                List,
                Ok(Snapshot {
                    processes: vec![process],
                    partial: true,
                }),
            )
            .with(ask, Ok(Some(environment)))
    };
    let readings = read_known("process", json!({"name": "web"}), known())
        .await
        .unwrap();
    assert_eq!(readings.len(), 2);
    assert!(told(&readings[1].found).starts_with("failed: denied: /proc hides"));
    let readings = read_known("process", json!({"pid": 1}), known())
        .await
        .unwrap();
    assert_eq!(readings.len(), 1);
    let error = read_known("process", json!({"name": "db"}), known())
        .await
        .err()
        .unwrap();
    assert_eq!(error.kind, ErrorKind::Denied);
}

#[test]
fn exactly_one_selector_is_needed_and_it_is_checked() {
    let check = |settings: Value| try_hop("process", settings).unwrap().check();
    for settings in [
        json!({}),
        json!({"pid": 1, "name": "web"}),
        json!({"name": ""}),
        json!({"match": "web("}),
        json!({"unit": "web["}),
    ] {
        assert!(check(settings.clone()).is_err(), "{settings}");
    }
    assert!(try_hop("process", json!({"pid": 0})).is_err());
    assert_eq!(check(json!({"unit": "web@*"})), Ok(()));
}

#[tokio::test]
async fn a_unit_of_a_user_is_restarted_by_that_user() {
    for (cgroup, command) in [
        (
            "/user.slice/user-7.slice/user@7.service/app.slice/web.service",
            Some("`systemctl --user restart web.service` as that user"),
        ),
        ("/system.slice/web.service", None),
    ] {
        let process = Running {
            cgroup: cgroup.into(),
            ..Running::made(9, "web", &["web"])
        };
        let environment = Secret::copied(b"KEY=old\0");
        let known = Known::default()
            .with(Environ(process.id), Ok(Some(environment)))
            .with(
                List,
                Ok(Snapshot {
                    processes: vec![process],
                    partial: false,
                }),
            );
        let hop = hop("process", json!({"unit": "web"}));
        let readings = read_all(&*hop, "KEY", known, &connections([]))
            .await
            .unwrap();
        let mend = readings[0].mend.as_ref();
        let words = mend.and_then(|mend| mend.words.as_deref());
        assert_eq!(words.is_some(), command.is_some(), "{words:?}");
        assert!(
            words
                .unwrap_or_default()
                .ends_with(command.unwrap_or_default())
        );
    }
}

#[test]
fn the_address_and_the_remedy_name_what_is_meant() {
    let at = At::of("KEY");
    let unit = try_hop("process", json!({"unit": "web@*"})).unwrap();
    assert_eq!(unit.location(at), "process:unit=web@*.service#KEY");
    assert!(
        unit.remedy(at, &crate::source::Case::default())
            .ends_with(", `systemctl restart 'web@*.service'`")
    );
    let name = try_hop("process", json!({"name": "web"})).unwrap();
    assert_eq!(name.location(at), "process:name=web#KEY");
}
