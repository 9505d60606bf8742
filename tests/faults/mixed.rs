//! Five thousand hops, three in ten of them faulty.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::fault::{Became, FAULTS, Fault};
use crate::place::Place;
use crate::run::{Ran, audit, deployment};
use crate::server::{NOBODY, Server};
use crate::tls::{Authority, Secure};
use crate::{CURRENT, OLD, TOKEN};

const DEPLOYMENTS: usize = 2500;
const SERVERS: usize = 32;

/// More than the program ever has, and far less than one bomb.
const MEMORY: u64 = 256 << 20;

/// The hops of a route, from the store to what is running.
const ROUTE: usize = 2;

struct World {
    servers: Vec<Server>,
    elsewhere: Server,
    authority: Authority,
    expired: Secure,
    wrong_name: Secure,
    stores: Vec<String>,
    deployments: Vec<String>,
    /// By deployment and hop.
    expected: Vec<[Expected; ROUTE]>,
}

#[derive(Clone, Copy, Debug)]
struct Expected {
    fault: Fault,
    becomes: Became,
    verdict: &'static str,
}

/// Numbers without order, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

impl World {
    fn new() -> Self {
        let elsewhere = Server::start(None);
        let servers: Vec<_> = (0..SERVERS)
            .map(|_| Server::start(Some(&elsewhere)))
            .collect();
        let authority = Authority::new();
        let stores = |place: Place| {
            let origins = servers.iter().map(Server::origin).enumerate();
            let stores = origins.map(move |(number, origin)| place.store(number, &origin));
            stores.collect::<Vec<_>>()
        };
        let mut world = Self {
            stores: [stores(Place::Consul), stores(Place::Vault)].concat(),
            expired: authority.expired(),
            wrong_name: authority.wrong_name(),
            servers,
            elsewhere,
            authority,
            deployments: Vec::new(),
            expected: Vec::new(),
        };
        let mut dice = Dice(0x2545_f491_4f6c_dd1d);
        for number in 0..DEPLOYMENTS {
            let first = [Place::Consul, Place::Vault, Place::Member][dice.below(3)];
            let hops = [first, Place::Page].map(|place| world.hop(place, number, &mut dice));
            world
                .expected
                .push(hops.each_ref().map(|(_, expected)| *expected));
            let route = hops.map(|(hop, _)| hop);
            world
                .deployments
                .push(deployment(&format!("d{number}"), &route));
        }
        world
    }

    fn hop(&self, place: Place, number: usize, dice: &mut Dice) -> (String, Expected) {
        let fault = loop {
            let fault = match dice.below(10) {
                0..3 => FAULTS[dice.below(FAULTS.len())],
                _ => Fault::None,
            };
            if place.meets(fault) && (place == Place::Page || !fault.is_of_the_host()) {
                break fault;
            }
        };
        let (key, held) = match dice.below(10) {
            0 => ("old", "stale"),
            _ => ("current", "current"),
        };
        let server = dice.below(SERVERS);
        let origin = match fault {
            Fault::Expired => self.expired.origin(),
            Fault::WrongName => self.wrong_name.origin(),
            Fault::Refused => NOBODY.to_owned(),
            _ => self.servers[server].origin(),
        };
        let path = format!("{}/{key}/{number}", fault.name());
        let becomes = place.becomes(fault);
        let verdict = match becomes {
            Became::Read => held,
            Became::Missing => "missing",
            Became::Failed(..) => "unreachable",
        };
        let expected = Expected {
            fault,
            becomes,
            verdict,
        };
        (place.hop(server, &origin, &path), expected)
    }

    fn audit(&self, how: &[&str]) -> Ran {
        let ran = audit(&self.stores, &self.deployments, &self.authority.pem, how);
        assert_eq!(self.elsewhere.sent(), "");
        assert_eq!(self.expired.answered() + self.wrong_name.answered(), 0);
        for secret in [CURRENT, OLD, TOKEN] {
            assert!(!ran.text.contains(secret));
        }
        assert!(ran.peak < MEMORY, "{} MiB", ran.peak >> 20);
        self.counts_add_up(&ran);
        ran
    }

    /// The numbers of the summary against the rows.
    fn counts_add_up(&self, ran: &Ran) {
        let summary = &ran.report["summary"];
        let (mut verdicts, mut read, mut failed) = (BTreeMap::new(), 0, 0);
        for found in ran.deployments() {
            let verdict = found["verdict"].as_str().unwrap().to_owned();
            *verdicts.entry(verdict).or_insert(0) += 1;
            for hop in found["hops"].as_array().unwrap() {
                assert_eq!(hop["readings"].as_array().unwrap().len(), 1, "{hop:#}");
                match hop["readings"][0]["error"] {
                    Value::Null => read += 1,
                    _ => failed += 1,
                }
            }
        }
        let hops = DEPLOYMENTS * ROUTE;
        assert_eq!(ran.deployments().len(), DEPLOYMENTS);
        assert_eq!(summary["deployments"], DEPLOYMENTS);
        assert_eq!(summary["verdicts"], serde_json::json!(verdicts));
        assert_eq!(read + failed, hops);
        let coverage = &summary["coverage"];
        assert_eq!(coverage["hops"]["declared"], hops);
        assert_eq!(coverage["hops"]["selected"], hops);
        assert_eq!(coverage["hops"]["read"], read);
        assert_eq!(coverage["readings"]["read"], read);
        assert_eq!(coverage["readings"]["failed"], failed);
        assert_eq!(summary["complete"], Value::Bool(failed == 0));
        assert_eq!(summary["exit_code"].as_i64(), ran.code.map(i64::from));
    }
}

#[test]
fn three_faults_in_ten_hide_nothing_and_invent_nothing() {
    let world = World::new();
    // The time limits are those of the faults that have no end; what is read is never late, however busy the
    // machine is.
    let ran = world.audit(&["--concurrency", "256", "--retries", "2", "--timeout", "5s"]);
    assert_eq!(ran.code, Some(1));

    let (mut faulty, mut wrong) = (0, Vec::new());
    for (found, expected) in ran.deployments().iter().zip(&world.expected) {
        for (hop, expected) in found["hops"].as_array().unwrap().iter().zip(expected) {
            faulty += usize::from(expected.fault != Fault::None);
            let reading = &hop["readings"][0];
            let right = hop["verdict"] == expected.verdict
                && match expected.becomes {
                    // On a busy machine the time may be up before a fault shows, which is the truth as well.
                    Became::Failed(kind, _) => {
                        [kind, "timeout"].contains(&reading["error"].as_str().unwrap_or_default())
                    }
                    _ => reading["error"].is_null(),
                };
            if !right {
                let reading = &hop["readings"][0];
                wrong.push(format!("{expected:?} is {}", reading["message"]));
            }
        }
        // The worst hop decides; one that is current hides nothing.
        let verdicts = expected.map(|hop| hop.verdict);
        let worst = ["stale", "missing", "unreachable", "current"]
            .into_iter()
            .find(|verdict| verdicts.contains(verdict));
        assert_eq!(found["verdict"].as_str(), worst, "{found:#}");
    }
    assert!(
        wrong.is_empty(),
        "{} of them: {}",
        wrong.len(),
        wrong.join("\n")
    );
    let share = faulty * 100 / (DEPLOYMENTS * ROUTE);
    assert!((27..=33).contains(&share), "{share} %");
}

#[test]
fn a_deadline_amid_faults_holds_and_nothing_unread_is_called_anything() {
    let world = World::new();
    // A stall would hold it for an hour.
    let ran = world.audit(&["--timeout", "1h", "--deadline", "3s"]);
    let mut unread = 0;
    for (found, expected) in ran.deployments().iter().zip(&world.expected) {
        for (hop, expected) in found["hops"].as_array().unwrap().iter().zip(expected) {
            if hop["verdict"] == "unreachable" {
                let message = hop["readings"][0]["message"].as_str().unwrap();
                unread += usize::from(message.contains("the audit's deadline passed"));
            } else {
                assert_eq!(hop["verdict"], expected.verdict, "{expected:?}: {hop:#}");
            }
        }
    }
    assert!(unread > 0);
}
