//! The plan says what would be asked, and nothing is.

use crate::support::server::{Answer, Server};
use crate::support::{CURRENT, Scene};

#[test]
fn every_first_request_is_shown_once_and_none_is_made() {
    let server = Server::new(|_| panic!("nobody asks"));
    let scene = Scene::with(&format!(
        "version: 1
stores: {{ eu: {{ consul: {{ address: '{}' }} }} }}
projects: {{ shop: {{ variable: KEY, current: {{ consul: {{ store: eu, key: shop/key }} }} }} }}
deployments:
  - matrix: {{ name: [a, b, c] }}
    project: shop
    route:
      - consul: {{ store: eu, key: shop/key }}
      - consul: {{ store: eu, key: 'copies/${{name}}' }}
      - process: {{ pid: 1 }}
      - command: {{ argv: [touch, DIR/ran] }}
",
        server.url("")
    ));
    let ran = scene.run(["audit", "--dry-run"]).ends(0);
    assert_eq!(ran.stdout.matches("shop/key").count(), 1, "{ran}");
    assert_eq!(ran.stdout.matches("copies/").count(), 3, "{ran}");
    let ran = ran
        .prints("for the known keys of all projects: 1 request in 1 call")
        .prints("  consul:eu, 3 requests in 3 calls")
        .prints("process, 3 places: the environments of the processes that are found")
        .prints("earlier versions of 1 reference")
        .prints("nothing was asked");
    assert_eq!(ran.stderr, "");
    assert!(!scene.path("ran").exists());
}

#[test]
fn a_place_that_is_named_like_a_key_is_not_shown_so() {
    let scene = Scene::with(
        "version: 1
projects: { shop: { variable: KEY, format: '^ask_live_[A-Za-z0-9]{32}$', current: { file: { path: DIR/key } } } }
deployments: [ { name: web, project: shop, route: [ { file: { path: '/x/${env.NAMED}' } } ] } ]
",
    );
    let ran = scene
        .straggler(["audit", "--dry-run"])
        .env("NAMED", CURRENT)
        .run();
    assert!(!ran.to_string().contains(CURRENT), "{ran}");
}

#[test]
fn what_it_says_is_what_is_done() {
    let server = Server::new(|_| Answer::status(200, CURRENT));
    let scene = Scene::with(&format!(
        "version: 1
stores: {{ eu: {{ consul: {{ address: '{}' }} }} }}
projects: {{ shop: {{ variable: KEY, current: {{ consul: {{ store: eu, key: shop/key }} }} }} }}
deployments:
  - matrix: {{ name: [a, b, c] }}
    project: shop
    route: [ {{ consul: {{ store: eu, key: 'copies/${{name}}' }} }} ]
",
        server.url("")
    ));
    let planned = scene.run(["audit", "--dry-run"]).ends(0).stdout;
    let asked = scene.run(["audit", "-v"]).ends(0).stderr;
    for line in asked.lines() {
        let (_, request) = line.split_once(": consul:eu ").unwrap();
        assert!(planned.contains(request), "{request} is not in\n{planned}");
    }
    assert_eq!(asked.lines().count(), 4);
}
