//! What other tools of this kind got wrong, each as a test of ours.

use crate::support::server::{Answer, Server};
use crate::support::{CURRENT, OLD, Ran, Scene};

const PROJECT: &str = "version: 1
projects:
  checkout:
    variable: KEY
    format: '^ask_live_[A-Za-z0-9]{32}$'
    rotation: immediate
    current: { file: { path: current } }
    previous: [ { file: { path: old } } ]
";

/// The audit of one deployment with this route.
fn audit(route: &str, files: &[(&str, &str)]) -> Ran {
    let targets = format!(
        "{PROJECT}deployments: [ {{ name: web, project: checkout, route: [ {route} ] }} ]\n"
    );
    let scene = Scene::with(&targets)
        .file("current", CURRENT)
        .file("old", OLD);
    let scene = files
        .iter()
        .fold(scene, |scene, (name, text)| scene.file(name, text));
    scene.run(["audit", "-f", "json"])
}

#[test]
fn a_fresh_replica_does_not_hide_a_stale_one_of_the_same_name() {
    let reading = |key: &str| {
        let fingerprint = crate::support::fingerprint(key);
        format!(
            "{{\"schema\":\"straggler.reading/v1\",\"fingerprint\":\"{fingerprint}\",\"replica\":\"pod\"}}"
        )
    };
    let files = [("pods/1", OLD), ("pods/2", CURRENT), ("pods/3", CURRENT)];
    let report = audit("{ file: { path: 'pods/*' } }", &files).ends(1).json();
    let hop = &report["deployments"][0]["hops"][0];
    assert_eq!(hop["verdict"], "revoked");
    assert_eq!(hop["readings"].as_array().unwrap().len(), 3);

    // Two places that call their replica alike stay two.
    let (old, new) = (reading(OLD), reading(CURRENT));
    let route = "{ command: { argv: [cat, old.json] } }, { command: { argv: [cat, new.json] } }";
    let report = audit(route, &[("old.json", &old), ("new.json", &new)])
        .ends(1)
        .json();
    let verdicts: Vec<_> = report["deployments"][0]["hops"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hop| hop["readings"][0]["verdict"].clone())
        .collect();
    assert_eq!(verdicts, ["revoked", "current"]);
}

#[test]
fn a_source_that_fails_stays_in_the_picture() {
    let report = audit("{ command: { argv: ['false'] } }", &[])
        .ends(3)
        .json();
    assert_eq!(report["deployments"][0]["verdict"], "unreachable");
    assert_eq!(report["summary"]["coverage"]["hops"]["declared"], 1);
    assert_eq!(report["summary"]["coverage"]["hops"]["read"], 0);
    assert_eq!(report["summary"]["complete"], false);
}

#[test]
fn nobody_there_is_not_success() {
    let report = audit("{ process: { name: no-such-program-anywhere } }", &[])
        .ends(3)
        .json();
    assert_eq!(report["deployments"][0]["verdict"], "unreachable");
    let report = audit("{ file: { path: 'pods/*' } }", &[]).ends(3).json();
    assert_eq!(report["deployments"][0]["verdict"], "unreachable");
}

#[test]
fn a_server_that_is_up_proves_nothing() {
    let server = Server::new(|_| Answer::status(200, "{\"status\":\"ok\"}"));
    let route = format!("{{ http: {{ url: '{}' }} }}", server.url("/health"));
    let report = audit(&route, &[]).ends(1).json();
    assert_eq!(report["deployments"][0]["verdict"], "unknown");
    let promised = format!(
        "{{ http: {{ url: '{}', yields: reading }} }}",
        server.url("/health")
    );
    let report = audit(&promised, &[]).ends(3).json();
    assert_eq!(report["deployments"][0]["verdict"], "unreachable");
}

#[test]
fn a_known_key_without_a_format_is_not_shown_in_what_a_server_answers() {
    let key = "nothing-tells-this-key-by-its-shape";
    let server = Server::new(move |_| Answer::status(403, format!("no: {key} is not welcome")));
    let url = server.url("/reading");
    let targets = format!(
        "version: 1
projects: {{ p: {{ variable: KEY, current: {{ file: {{ path: key }} }} }} }}
deployments: [ {{ name: web, project: p, route: [ {{ http: {{ url: '{url}' }} }} ] }} ]
"
    );
    let scene = Scene::with(&targets).file("key", key);
    let ran = scene.run(["audit", "-vv"]).ends(3).prints("is not welcome");
    assert!(!format!("{ran}").contains(key), "{ran}");
}

#[test]
fn too_many_requests_says_nothing_of_the_key() {
    let server = Server::new(|_| Answer::status(429, "slow down"));
    let route = format!("{{ http: {{ url: '{}' }} }}", server.url("/reading"));
    let report = audit(&route, &[]).ends(3).json();
    let reading = &report["deployments"][0]["hops"][0]["readings"][0];
    assert_eq!(reading["verdict"], "unreachable");
    assert!(
        reading["message"].as_str().unwrap().contains("throttled"),
        "{reading}"
    );
}

#[test]
fn seven_places_that_were_never_read_are_not_no_drift() {
    let hops: Vec<String> = (1..8)
        .map(|index| format!("{{ file: {{ path: 'unread/{index}/*' }} }}"))
        .collect();
    let route = format!("{}, {{ file: {{ path: last }} }}", hops.join(", "));
    let ran = audit(&route, &[("last", CURRENT)]).ends(3);
    let report = ran.json();
    assert_eq!(report["summary"]["coverage"]["hops"]["declared"], 8);
    assert_eq!(report["summary"]["coverage"]["hops"]["read"], 1);
    assert_eq!(report["deployments"][0]["verdict"], "unreachable");
}
