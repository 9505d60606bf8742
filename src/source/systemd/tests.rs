mod credentials;
mod outside;
mod running;
mod users;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use super::super::conformance::{Case, Conforming, Stand, TEXT};
use super::super::testing::{Known, VARIABLE, hop, read_known, told, try_hop};
use super::*;
use crate::key::Secret;
use crate::platform::Connections;
use crate::platform::files::{File, Files, Glob, Globbed, ReadFile};
use crate::platform::processes::{Environ, List, Process, Snapshot};
use crate::platform::systemd::{self, Credentials, Inherited, ShowCredentials, ShowManager};
use crate::reading::{Found, Identity};

/// A `busctl` that knows one service.
fn busctl(load: &str, environment: &str) -> (tempfile::TempDir, Connections) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("busctl");
    let quoted = serde_json::to_string(&json!({"type": "as", "data": [environment]})).unwrap();
    fs::write(folder.path().join("environment"), quoted + "\n").unwrap();
    let script = format!(
        r#"#!/bin/sh
case "$5" in
*.Unit)
  echo '{{"type":"s","data":"{load}"}}'
  echo '{{"type":"s","data":"active"}}'
  echo '{{"type":"b","data":false}}'
  echo '{{"type":"s","data":""}}'
  echo '{{"type":"as","data":[]}}' ;;
*.Manager)
  echo '{{"type":"as","data":[]}}' ;;
*)
  echo '{{"type":"u","data":0}}'
  echo '{{"type":"t","data":0}}'
  cat '{}'
  echo '{{"type":"a(sb)","data":[]}}'
  echo '{{"type":"as","data":[]}}'
  echo '{{"type":"as","data":[]}}'
  echo '{{"type":"s","data":""}}'
  echo '{{"type":"s","data":""}}'
  echo '{{"type":"b","data":false}}' ;;
esac
"#,
        folder.path().join("environment").display()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let connections = Connections::default()
        .with(None, Files)
        .with(None, systemd::Systemd::through(path.to_str().unwrap()));
    (folder, connections)
}

impl Conforming for Systemd {
    fn stand(case: Case) -> Option<Stand> {
        let (folder, connections) = match case {
            Case::Present => busctl("loaded", &format!("{VARIABLE}={TEXT}")),
            Case::Absent => busctl("loaded", "OTHER=x"),
            Case::NotFound => busctl("not-found", ""),
            Case::Broken => {
                let (folder, _) = busctl("loaded", "");
                let failing = systemd::Systemd::through("false");
                (folder, Connections::default().with(None, failing))
            }
            Case::Silent => {
                let (folder, _) = busctl("loaded", "");
                let path = folder.path().join("busctl");
                fs::write(&path, "#!/bin/sh\nexec sleep 1000\n").unwrap();
                let silent = systemd::Systemd::through(path.to_str().unwrap());
                (folder, Connections::default().with(None, silent))
            }
            _ => return None,
        };
        let mut stand = Stand::new(json!({"unit": "web", "stage": "config"}), folder).of_text();
        stand.connections = connections;
        Some(stand)
    }
}

fn secrets(texts: &[&str]) -> Vec<Secret> {
    texts
        .iter()
        .map(|text| Secret::copied(text.as_bytes()))
        .collect()
}

fn at(time: &str) -> Option<jiff::Timestamp> {
    Some(time.parse().unwrap())
}

/// A service that runs, with this environment of its own.
fn unit(environment: &[&str]) -> Unit {
    Unit {
        load: "loaded".into(),
        active: "active".into(),
        main_pid: 42,
        started_at: at("2026-11-20T09:00:00Z"),
        environment: secrets(environment),
        ..Unit::default()
    }
}

trait Told {
    fn told(self, unit: Unit) -> Self;
    fn file(self, path: &str, file: Option<(&str, &str)>) -> Self;
    fn process(self, started: &str, environment: Result<Option<&str>, ReadError>) -> Self;
    fn process_of(
        self,
        pid: u32,
        started: &str,
        environment: Result<Option<&str>, ReadError>,
    ) -> Self;
    fn process_in(
        self,
        cgroup: &str,
        pid: u32,
        started: &str,
        environment: Result<Option<&str>, ReadError>,
    ) -> Self;
}

impl Told for Known {
    fn told(self, unit: Unit) -> Self {
        let show = Show {
            unit: "web.service".into(),
        };
        self.with(show, Ok(unit))
            .with(ShowManager, Ok(Inherited(Vec::new())))
    }

    /// Its text, and when it was written.
    fn file(self, path: &str, file: Option<(&str, &str)>) -> Self {
        let ask = ReadFile {
            path: Path::new(path).into(),
        };
        let file = file.map(|(text, written)| File {
            bytes: Secret::copied(text.as_bytes()).into(),
            modified: at(written),
            identity: Identity::of("a file"),
        });
        self.with(ask, Ok(file))
    }

    fn process(self, started: &str, environment: Result<Option<&str>, ReadError>) -> Self {
        self.process_of(42, started, environment)
    }

    fn process_of(
        self,
        pid: u32,
        started: &str,
        environment: Result<Option<&str>, ReadError>,
    ) -> Self {
        self.process_in("/", pid, started, environment)
    }

    fn process_in(
        self,
        cgroup: &str,
        pid: u32,
        started: &str,
        environment: Result<Option<&str>, ReadError>,
    ) -> Self {
        let process = Process {
            started_at: at(started),
            cgroup: cgroup.into(),
            ..Process::made(pid, "web", &["web"])
        };
        let id = process.id;
        let snapshot = Snapshot {
            processes: vec![process],
            partial: false,
        };
        let environment = environment.map(|text| text.map(|text| Secret::copied(text.as_bytes())));
        self.with(List, Ok(snapshot)).with(Environ(id), environment)
    }
}

async fn next(known: Known) -> String {
    shown(read_known("systemd", json!({"unit": "web", "stage": "config"}), known).await)
}

async fn held(known: Known) -> String {
    shown(read_known("systemd", json!({"unit": "web.service"}), known).await)
}

/// What was found, and the note.
fn shown(readings: Result<Vec<Reading>, ReadError>) -> String {
    match readings {
        Err(error) => format!("failed: {error}"),
        Ok(readings) => {
            let [reading] = readings.as_slice() else {
                panic!("one reading");
            };
            let note = reading.note.as_deref().unwrap_or_default();
            format!("{} [{note}]", told(&reading.found))
        }
    }
}

/// As the kernel tells it, which knows whole seconds.
const STARTED: &str = "2026-11-20T09:00:01Z";
const EARLY: &str = "2026-11-20T08:00:00Z";
const LATE: &str = "2026-11-20T10:00:00Z";

fn with_files(environment: &[&str], files: &[(&str, bool)]) -> Unit {
    Unit {
        environment_files: files
            .iter()
            .map(|(path, optional)| (Path::new(path).into(), *optional))
            .collect(),
        ..unit(environment)
    }
}

#[tokio::test]
async fn what_comes_later_wins_and_what_is_unset_is_gone() {
    let own = "ALLSTAK_API_KEY=own";
    let known = || Known::default();
    assert_eq!(
        next(known().told(unit(&[]))).await,
        "absent [nothing in the unit sets it]"
    );
    assert_eq!(
        next(known().told(unit(&[own]))).await,
        "own [set by Environment=]"
    );
    let twice = unit(&[own, "ALLSTAK_API_KEY=again"]);
    assert_eq!(
        next(known().told(twice)).await,
        "again [set by Environment=]"
    );

    let files = [("/etc/one", false), ("/etc/two", true)];
    let one = Some(("ALLSTAK_API_KEY=\"one\"\n", EARLY));
    let first = known()
        .told(with_files(&[own], &files))
        .file("/etc/one", one);
    let both = Some(("OTHER=x\nALLSTAK_API_KEY=two\n", EARLY));
    assert_eq!(
        next(first.file("/etc/two", both)).await,
        "two [set by EnvironmentFile=/etc/two]"
    );
    let first = known()
        .told(with_files(&[own], &files))
        .file("/etc/one", one);
    let told = next(first.file("/etc/two", None)).await;
    assert_eq!(told, "one [set by EnvironmentFile=/etc/one]");

    for (unset, left) in [
        ("ALLSTAK_API_KEY", "absent"),
        ("ALLSTAK_API_KEY=own", "absent"),
        ("ALLSTAK_API_KEY=other", "own"),
        ("ALLSTAK", "own"),
    ] {
        let unit = Unit {
            unset: secrets(&[unset]),
            ..unit(&[own])
        };
        assert!(next(known().told(unit)).await.starts_with(left), "{unset}");
    }
}

#[tokio::test]
async fn systemd_gives_to_all_and_hands_on_what_the_unit_names() {
    let manager = || Inherited(secrets(&["ALLSTAK_API_KEY=of-all"]));
    let given = |unit: Unit| Known::default().told(unit).with(ShowManager, Ok(manager()));
    let told = next(given(unit(&[]))).await;
    assert!(told.starts_with("of-all [set for all services"), "{told}");
    let passing = |environment: &[&str]| Unit {
        passed: vec![VARIABLE.into()],
        ..unit(environment)
    };
    let first = |known: Known, environment| {
        let known = known.process_of(1, STARTED, environment);
        outside::configured(known, "/etc/systemd/system.conf", "#ManagerEnvironment=\n")
    };
    let known = first(given(passing(&[])), Ok(Some("ALLSTAK_API_KEY=passed\0")));
    assert_eq!(next(known).await, "passed [set by PassEnvironment=]");
    let known = first(given(passing(&[])), Ok(Some("PATH=/bin\0")));
    assert!(next(known).await.starts_with("of-all"));
    let own = passing(&["ALLSTAK_API_KEY=own"]);
    let known = first(given(own), Ok(Some("ALLSTAK_API_KEY=passed\0")));
    assert_eq!(next(known).await, "own [set by Environment=]");
    let denied = ReadError::new(ErrorKind::Denied, "closed", "run as root");
    let told = next(first(given(passing(&[])), Err(denied))).await;
    assert_eq!(told, "failed: denied: closed");
}

#[tokio::test]
async fn a_file_that_has_to_be_there_and_is_not_keeps_it_from_starting() {
    let known = Known::default().told(with_files(&["ALLSTAK_API_KEY=own"], &[("/etc/one", false)]));
    let told = next(known.file("/etc/one", None)).await;
    assert_eq!(
        told,
        "failed: not-found: web.service cannot start: its /etc/one is not there"
    );

    let refused = Known::default().told(with_files(&[], &[("/etc/one", false)]));
    let told = next(refused.file("/etc/one", Some(("ALLSTAK_API_KEY=a\0b", EARLY)))).await;
    assert!(
        told.starts_with("failed: bad-data: systemd refuses /etc/one"),
        "{told}"
    );

    // With a `-` before its name it is passed over, and what came before it counts.
    let optional = with_files(&["ALLSTAK_API_KEY=own"], &[("/etc/one", true)]);
    let optional = Known::default().told(optional);
    let told = next(optional.file("/etc/one", Some(("ALLSTAK_API_KEY=a\0b", EARLY)))).await;
    assert!(
        told.starts_with("own [set by Environment=; systemd ignores /etc/one: line 1"),
        "{told}"
    );

    let denied = ReadError::new(ErrorKind::Denied, "closed", "open it");
    let ask = ReadFile {
        path: Path::new("/etc/one").into(),
    };
    let known = Known::default().told(with_files(&[], &[("/etc/one", true)]));
    assert_eq!(
        next(known.with(ask, Err(denied))).await,
        "failed: denied: closed"
    );
}

#[tokio::test]
async fn a_glob_names_its_files_in_order_or_none() {
    let globbed = |files: &[&str]| Globbed {
        files: files.iter().map(|path| Path::new(*path).into()).collect(),
        unseen: Vec::new(),
    };
    let glob = || Glob {
        pattern: Path::new("/etc/web.d/*.env").into(),
    };
    let known = Known::default()
        .told(with_files(&[], &[("/etc/web.d/*.env", false)]))
        .with(
            glob(),
            Ok(globbed(&["/etc/web.d/a.env", "/etc/web.d/b.env"])),
        )
        .file("/etc/web.d/a.env", Some(("ALLSTAK_API_KEY=a\n", EARLY)))
        .file("/etc/web.d/b.env", Some(("ALLSTAK_API_KEY=b\n", EARLY)));
    assert_eq!(
        next(known).await,
        "b [set by EnvironmentFile=/etc/web.d/b.env]"
    );
    for (optional, told) in [
        (true, "absent"),
        (false, "failed: not-found: web.service cannot start"),
    ] {
        let known = Known::default()
            .told(with_files(&[], &[("/etc/web.d/*.env", optional)]))
            .with(glob(), Ok(globbed(&[])));
        let found = next(known).await;
        assert!(found.starts_with(told), "{found}");
    }
}

#[test]
fn one_service_is_named() {
    for settings in [
        json!({"unit": ""}),
        json!({"unit": "web@*"}),
        json!({"unit": "web.socket"}),
        json!({"unit": "web", "stage": "bundle"}),
        json!({"unit": "web", "credential": "a/b"}),
        json!({"unit": "web", "stage": "config", "loads": "itself"}),
        json!({"unit": "web", "credential": "a", "loads": "itself"}),
    ] {
        assert!(
            try_hop("systemd", settings.clone())
                .unwrap()
                .check()
                .is_err(),
            "{settings}"
        );
    }
    let at = At::of("KEY");
    for (settings, location) in [
        (json!({"unit": "web"}), "systemd:web.service#KEY"),
        (
            json!({"unit": "web@1.service", "stage": "config"}),
            "systemd:web@1.service?stage=config#KEY",
        ),
        (
            json!({"unit": "web.v2", "credential": "k"}),
            "systemd:web.v2.service#credential/k",
        ),
    ] {
        assert_eq!(hop("systemd", settings).location(at), location);
    }
}
