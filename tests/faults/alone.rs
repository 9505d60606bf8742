//! Each fault alone: what it is called, and how often it is met.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;

use crate::fault::{Became, FAULTS, Fault};
use crate::place::{PLACES, Place};
use crate::run::{Ran, audit, deployment};
use crate::server::{NOBODY, Server};
use crate::tls::Authority;
use crate::{CURRENT, OLD, TOKEN};

const RETRIES: usize = 2;

const HOW: [&str; 4] = ["--retries", "2", "--timeout", "2s"];

/// What a hop that failed says.
#[track_caller]
pub fn fails(ran: &Ran, deployment: usize, kind: &str) -> String {
    let found = &ran.deployments()[deployment];
    assert_eq!(found["verdict"], "unreachable", "{found:#}");
    let reading = &found["hops"][0]["readings"][0];
    assert_eq!(reading["error"], kind, "{found:#}");
    assert!(found["hops"][0]["remedy"].is_string(), "{found:#}");
    reading["message"].as_str().unwrap().to_owned()
}

#[test]
fn every_fault_has_its_name_and_is_met_as_often_as_it_is_worth() {
    for place in PLACES {
        every_fault_at(place);
    }
}

fn every_fault_at(place: Place) {
    let faults: Vec<Fault> = FAULTS
        .iter()
        .copied()
        .filter(|fault| place.meets(*fault) && !fault.is_of_the_host())
        .collect();
    let elsewhere = Server::start(None);
    let servers: Vec<_> = faults
        .iter()
        .map(|_| Server::start(Some(&elsewhere)))
        .collect();
    let mut stores = Vec::new();
    let mut deployments = Vec::new();
    for (number, (fault, server)) in faults.iter().zip(&servers).enumerate() {
        stores.push(place.store(number, &server.origin()));
        let path = format!("{}/current/{number}", fault.name());
        let hop = place.hop(number, &server.origin(), &path);
        deployments.push(deployment(&fault.name(), &[hop]));
    }
    stores.retain(|store| !store.is_empty());
    let ran = audit(&stores, &deployments, "", &HOW);

    for (number, (fault, server)) in faults.iter().zip(&servers).enumerate() {
        let asked = server.asked(&format!("/{number}")).len();
        let found = &ran.deployments()[number];
        let times = match place.becomes(*fault) {
            Became::Read => {
                assert_eq!(found["verdict"], "current", "{fault:?} {place:?} {found:#}");
                if *fault == Fault::None { 1 } else { 2 }
            }
            Became::Missing => {
                assert_eq!(found["verdict"], "missing", "{fault:?} {place:?} {found:#}");
                1
            }
            Became::Failed(kind, passes) => {
                let message = fails(&ran, number, kind);
                assert!(!message.contains("deadline"), "{message}");
                match fault {
                    // The first, and the five that are followed.
                    Fault::RedirectLoop => 6,
                    // Who has enough for now is asked more often than who fails.
                    Fault::Status(429) | Fault::After(..) => 1 + 3 * RETRIES,
                    _ if passes => 1 + RETRIES,
                    _ => 1,
                }
            }
        };
        assert_eq!(asked, times, "{fault:?} at {place:?}: {found:#}");
        assert!(server.sent().contains(TOKEN));
    }
    assert_eq!(elsewhere.sent(), "", "{place:?}");
    for secret in [CURRENT, OLD, TOKEN] {
        assert!(!ran.text.contains(secret), "{place:?}");
    }
}

#[test]
fn a_certificate_that_is_not_in_order_is_never_spoken_to() {
    let authority = Authority::new();
    let (valid, expired, wrong) = (
        authority.valid(),
        authority.expired(),
        authority.wrong_name(),
    );
    let stranger = Authority::new().valid();
    let servers = [&valid, &expired, &wrong, &stranger];
    let settings = "token: { env: TOKEN }, tls: { ca: authority.pem }";
    let mut stores = Vec::new();
    let mut deployments = Vec::new();
    for (number, server) in servers.iter().enumerate() {
        let origin = server.origin();
        stores.push(format!(
            "  s{number}: {{ consul: {{ address: '{origin}', {settings} }} }}\n"
        ));
        let hop = format!("{{ consul: {{ store: s{number}, key: key }} }}");
        deployments.push(deployment(&format!("store-{number}"), &[hop]));
        let hop = Place::Page.hop(0, &origin, "key");
        deployments.push(deployment(&format!("page-{number}"), &[hop]));
    }
    deployments.push(deployment("nobody", &[Place::Page.hop(0, NOBODY, "key")]));
    let ran = audit(&stores, &deployments, &authority.pem, &HOW);

    let verdicts: Vec<_> = ran.deployments()[..2]
        .iter()
        .map(|found| &found["verdict"])
        .collect();
    assert_eq!(verdicts, ["current", "current"], "{}", ran.text);
    for deployment in 2..8 {
        let message = fails(&ran, deployment, "tls");
        assert!(message.contains("https://localhost:"), "{message}");
    }
    fails(&ran, 8, "connect");
    assert_eq!(servers.map(|server| server.answered()), [2, 0, 0, 0]);
    assert_eq!(ran.code, Some(3));
}

#[test]
fn a_server_that_says_when_is_asked_again_then_and_no_sooner() {
    let server = Server::start(None);
    let path = format!("{}/current/1", Fault::After(429, 2).name());
    let hop = Place::Page.hop(0, &server.origin(), &path);
    let ran = audit(&[], &[deployment("web", &[hop])], "", &HOW);
    fails(&ran, 0, "throttled");
    let asked = server.asked("/1");
    assert_eq!(asked.len(), 1 + 3 * RETRIES);
    for two in asked.windows(2) {
        assert!(two[1] - two[0] >= Duration::from_secs(2), "{asked:?}");
    }
}

#[test]
fn a_server_that_wants_an_hour_is_not_asked_again() {
    let server = Server::start(None);
    let path = format!("{}/current/1", Fault::After(429, 3600).name());
    let hop = Place::Page.hop(0, &server.origin(), &path);
    // Without a deadline it would have the hour.
    let ran = audit(&[], &[deployment("web", &[hop])], "", &HOW);
    fails(&ran, 0, "throttled");
    assert_eq!(server.asked("/1").len(), 1);
}

#[test]
fn all_who_share_a_request_that_failed_say_so() {
    let server = Server::start(None);
    let routes = [
        Place::Page.hop(0, &server.origin(), "Status-503/current/1"),
        Place::Consul.hop(0, &server.origin(), "StallInBody/current/2"),
    ];
    let deployments: Vec<_> = (0..6)
        .map(|number| deployment(&format!("web-{number}"), &[routes[number % 2].clone()]))
        .collect();
    let stores = [Place::Consul.store(0, &server.origin())];
    let ran = audit(&stores, &deployments, "", &HOW);
    let mut messages: HashMap<String, usize> = HashMap::new();
    for number in 0..6 {
        let kind = ["protocol", "timeout"][number % 2];
        *messages.entry(fails(&ran, number, kind)).or_default() += 1;
    }
    assert_eq!(messages.into_values().collect::<Vec<_>>(), [3, 3]);
    for path in ["/1", "/2"] {
        assert_eq!(server.asked(path).len(), 1 + RETRIES);
    }
    assert_eq!(ran.report["summary"]["coverage"]["readings"]["failed"], 6);
    assert_eq!(ran.code, Some(3));
}

#[test]
fn what_passes_leaves_no_trace() {
    let server = Server::start(None);
    let deployments: Vec<_> = [429, 500]
        .into_iter()
        .map(Fault::Once)
        .chain([Fault::OnceAfter(429), Fault::None])
        .map(|fault| {
            let path = format!("{}/current/1", fault.name());
            let hop = Place::Page.hop(0, &server.origin(), &path);
            deployment(&fault.name(), &[hop])
        })
        .collect();
    let ran = audit(&[], &deployments, "", &HOW);
    assert_eq!(ran.code, Some(0), "{}", ran.text);
    assert_eq!(
        ran.report["summary"]["verdicts"],
        serde_json::json!({"current": 4})
    );
    assert_eq!(ran.report["summary"]["complete"], Value::Bool(true));
}
