//! The judge's rules, one row each, as a platform engineer would put them.
//!
//! A project `checkout` holds the key `now`; before, it held `old` and `older`, which are known by
//! fingerprint. Its `staging` environment and the project `shop` have keys of their own. Every row
//! says what is particular about the project, what its route holds, hop by hop, and what comes out.

mod history;
mod learned;
mod pasted;
mod references;

use std::any::Any;
use std::sync::Arc;

use data_encoding::BASE64;
use jiff::Timestamp;

use super::{Audit, Options, Remembered, run};
use crate::fetch::Quiet;
use crate::inventory::{
    Deployment, Hop, Inventory, Origin, Place, Previous, Project, Retirement, Site,
};
use crate::judge::{RotationBasis, Warning, Why};
use crate::key::{Digits, Secret};
use crate::keyring::{Format, ProjectId};
use crate::platform::{Asking, Connections, Stop};
use crate::reading::{ErrorKind, Found, ReadError, Reading, Taken, Version};
use crate::source::{self, AnySource, At, Info};
use crate::verdict::{Evidence, Expectation, Stage, Verdict};

const ROTATED_AT: &str = "2026-11-20T09:00:00Z";

/// A key that fits the format, made from its name.
pub(super) fn key(name: &str) -> String {
    let filler = "7Q2mXa9LkTz4RwEy1NvBc8HsJd3GfUpo";
    format!("ask_live_{name}{}", &filler[name.len()..])
}

/// What a word of a row stands for.
fn found(word: &str) -> Found {
    // `hidden-after~now` can be taken for the key by its time, `hidden!now` by what somebody claims.
    for (sign, evidence) in [('~', Evidence::Timestamp), ('!', Evidence::Attested)] {
        if let Some((place, held)) = word.split_once(sign) {
            let Found::Hidden { fixed_at, why, .. } = found(place) else {
                panic!("{word}");
            };
            let found = found(held);
            return Found::Hidden {
                fixed_at,
                why,
                taken_for: Some(Box::new(Taken { found, evidence })),
            };
        }
    }
    let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
    let value = |text: String| Found::Value(Secret::new(text.into_bytes()));
    match word {
        "nothing" => Found::Absent,
        "empty" => value(String::new()),
        "placeholder" => value("${ALLSTAK_API_KEY}".to_owned()),
        "denied" => Found::Failed(ReadError::new(ErrorKind::Denied, "no", "grant it")),
        "hidden-before" => hidden(at("2026-11-19T00:00:00Z")),
        "hidden-after" => hidden(at("2026-11-21T00:00:00Z")),
        "hidden" => hidden(None),
        "short" => value("ask_live_tooshort".to_owned()),
        _ => {
            let (name, damage) = word.split_once('+').unwrap_or((word, ""));
            let (name, as_fingerprint) = match name.strip_prefix('#') {
                Some(name) => (name, true),
                None => (name, false),
            };
            let text = match damage {
                "newline" => key(name) + "\n",
                "quotes" => format!("\"{}\"", key(name)),
                "truncated" => key(name)[..30].to_owned(),
                "braces" => format!("${{{}}}", key(name)),
                "json" => format!("{{\"k\":\"{}\"}}", key(name)),
                "json-newline" => format!("{{\"k\":\"{}\"}}\n", key(name)),
                _ if damage.starts_with("and-") => {
                    format!("{} and {}", key(name), key(&damage["and-".len()..]))
                }
                _ if damage.starts_with("quoted-") => {
                    format!("{} \"{}\"", key(name), key(&damage["quoted-".len()..]))
                }
                _ if damage.starts_with("base64-") => {
                    let other = key(&damage["base64-".len()..]);
                    format!("{}, {}", key(name), BASE64.encode(other.as_bytes()))
                }
                _ if damage.starts_with("beside-") => {
                    format!("{},{}", key(name), key(&damage["beside-".len()..]))
                }
                _ => key(name),
            };
            let secret = Secret::new(text.into_bytes());
            if !as_fingerprint {
                return Found::Value(secret);
            }
            Found::Fingerprint {
                fingerprint: secret.fingerprint().cut(Digits::DEFAULT),
                length: None,
                attested: false,
            }
        }
    }
}

fn hidden(fixed_at: Option<Timestamp>) -> Found {
    Found::hidden(fixed_at, "it shows only times")
}

/// A place that holds what its words say, one replica a word; `19*now` is nineteen. `v:old@10` is a
/// version of the 10th, and `h:denied` a history nobody may read.
#[derive(PartialEq)]
struct Row {
    stage: Stage,
    words: Vec<String>,
    versions: Vec<String>,
}

impl Row {
    fn parse(text: &str) -> Self {
        let mut words = text.split_whitespace();
        let stage = match words.next().unwrap() {
            "store" => Stage::Store,
            "config" => Stage::Config,
            "running" => Stage::Running,
            _ => Stage::Bundle,
        };
        let (mut all, mut versions) = (Vec::new(), Vec::new());
        for word in words {
            if word.get(1..2) == Some(":") {
                versions.push(word.to_owned());
                continue;
            }
            let (count, word) = word.split_once('*').unwrap_or(("1", word));
            all.extend(std::iter::repeat_n(word.to_owned(), count.parse().unwrap()));
        }
        Self {
            stage,
            words: all,
            versions,
        }
    }
}

impl AnySource for Row {
    fn info(&self) -> Info {
        source::infos()
            .into_iter()
            .find(|info| info.id == "file")
            .unwrap()
    }
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
    fn stage(&self) -> Stage {
        self.stage
    }
    fn store(&self) -> Option<&str> {
        None
    }
    fn location(&self, _at: At<'_>) -> String {
        format!("row:{}", self.words.join(","))
    }
    fn remedy(&self, _at: At<'_>, _: &source::Case<'_>) -> String {
        String::new()
    }
    fn read(&self, _at: At<'_>, _asking: &Asking<'_>) -> Result<Vec<Reading>, Stop> {
        let reading = |(index, word): (usize, &String)| {
            Reading::new(found(word)).of_replica(format!("replica-{index:02}"))
        };
        Ok(self.words.iter().enumerate().map(reading).collect())
    }
    fn history(
        &self,
        _at: At<'_>,
        _most: usize,
        _asking: &Asking<'_>,
    ) -> Result<Option<Vec<Version>>, Stop> {
        if self.versions.iter().any(|word| word == "h:denied") {
            let error = ReadError::new(ErrorKind::Denied, "no history", "grant it");
            return Err(Stop::Failed(error));
        }
        let version = |word: &String| {
            let (_, rest) = word.split_once(':').unwrap();
            let (word, day) = rest.split_once('@').unwrap();
            Version {
                created_at: Some(format!("2026-11-{day:0>2}T00:00:00Z").parse().unwrap()),
                found: found(word),
            }
        };
        let versions: Vec<_> = self.versions.iter().map(version).collect();
        Ok((!versions.is_empty()).then_some(versions))
    }
    fn same(&self, other: &dyn AnySource) -> bool {
        other.as_any().downcast_ref::<Self>() == Some(self)
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

pub(super) fn place(row: &str) -> Place {
    Place {
        source: Arc::new(Row::parse(row)),
        variable: "ALLSTAK_API_KEY".into(),
        extraction: None,
        options: Arc::default(),
        site: Site::default(),
    }
}

fn project(name: &str, environment: Option<&str>, current: Origin) -> Project {
    Project {
        name: name.into(),
        environment: environment.map(Into::into),
        variable: "ALLSTAK_API_KEY".into(),
        format: Some(Arc::new(Format::new("^ask_live_[A-Za-z0-9]{32}$").unwrap())),
        retirement: Retirement::Overlap,
        versions: 10,
        current,
        next: None,
        previous: Vec::new(),
        rotated_at: None,
        ingest: None,
        shares: None,
        site: Site::default(),
    }
}

fn previous(name: &str, revoked_at: Option<&str>) -> Previous {
    Previous {
        origin: Origin::Fingerprint(
            Secret::new(key(name).into_bytes())
                .fingerprint()
                .cut(Digits::DEFAULT),
        ),
        rotated_at: None,
        revoked_at: revoked_at.map(|time| time.parse().unwrap()),
        site: Site::default(),
    }
}

/// An inventory of one deployment of `checkout`, with what is particular about the project.
pub(super) fn inventory(facts: &str, route: &[&str]) -> Inventory {
    let mut checkout = project("checkout", None, Origin::Place(place("store now")));
    checkout.previous = vec![previous("old", None), previous("older", None)];
    let mut shop = project("shop", None, Origin::Place(place("store shop")));
    shop.previous = vec![previous("shopold", None)];
    let staging = project(
        "checkout",
        Some("staging"),
        Origin::Place(place("store staging")),
    );
    let mut expect = Expectation::Current;
    for fact in facts.split(", ").filter(|fact| !fact.is_empty()) {
        match fact.split_once(' ') {
            Some(("reference", word)) => {
                checkout.current = Origin::Place(place(&format!("store {word}")))
            }
            Some(("next", word)) => {
                checkout.next = Some(Origin::Place(place(&format!("store {word}"))))
            }
            Some(("revoked", name)) => {
                checkout
                    .previous
                    .insert(0, previous(name, Some("2026-11-21T00:00:00Z")));
            }
            Some(("revoked-later", name)) => {
                checkout
                    .previous
                    .insert(0, previous(name, Some("2999-01-01T00:00:00Z")));
            }
            Some(("expect", "optional")) => expect = Expectation::Optional,
            Some(("expect", "absent")) => expect = Expectation::Absent,
            Some(("shop-reference", word)) => {
                shop.current = Origin::Place(place(&format!("store {word} ")))
            }
            None if fact == "immediate" => checkout.retirement = Retirement::Immediate,
            None if fact == "rotated" => checkout.rotated_at = Some(ROTATED_AT.parse().unwrap()),
            _ => panic!("no such fact: {fact}"),
        }
    }
    let hops = route
        .iter()
        .map(|row| Hop {
            place: place(row),
            expect,
            waiver: None,
        })
        .collect();
    Inventory {
        stores: Vec::new(),
        files: vec!["targets.yaml".into()],
        identity: crate::inventory::Identity::default(),
        digits: Digits::DEFAULT,
        notify: Vec::new(),
        heartbeat: None,
        grace: std::time::Duration::ZERO,
        ledger: crate::inventory::LedgerSettings::default(),
        env_secrets: Arc::default(),
        projects: vec![checkout, staging, shop],
        deployments: vec![Deployment {
            name: "checkout-api".into(),
            project: ProjectId(0),
            environment: None,
            owner: None,
            labels: Arc::default(),
            axes: Box::default(),
            waiver: None,
            hops,
            site: Site::default(),
        }],
    }
}

async fn audit(inventory: Inventory) -> Audit {
    audit_after(inventory, &Remembered::default()).await
}

pub(super) async fn audit_after(inventory: Inventory, remembered: &Remembered) -> Audit {
    let all: Vec<u32> = (0..inventory.deployments.len() as u32).collect();
    let never = std::future::pending();
    run(
        inventory,
        &all,
        Connections::default(),
        remembered,
        &Options::default(),
        &Quiet,
        never,
    )
    .await
}

/// `verdict fault evidence` of each hop, as far as a row names them.
pub(super) fn told(audit: &Audit, rows: &[&str]) -> Vec<String> {
    let hops = &audit.deployments[0].hops;
    rows.iter()
        .zip(hops)
        .map(|(row, hop)| {
            let fault = hop.fault.map_or("-", |fault| fault.name());
            let all = [hop.verdict.name(), fault, hop.evidence.name()];
            all[..row.split_whitespace().count()].join(" ")
        })
        .collect()
}

type Case = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    Option<u16>,
);

#[rustfmt::skip]
const CASES: &[Case] = &[
    // What it shows             the project            the route                                what comes out                       the fix goes to
    ("all is well",              "",                    &["config now", "running now"],          &["current - value", "current - value"],             None),
    ("by fingerprint alone",     "",                    &["running #now"],                       &["current - fingerprint"],                          None),
    ("the previous key",         "",                    &["config old"],                         &["stale own value"],                                Some(0)),
    ("two rotations behind",     "",                    &["config #older"],                      &["stale own fingerprint"],                          Some(0)),
    ("a dead key",               "revoked dead",        &["config dead"],                        &["revoked own value"],                              Some(0)),
    ("a key that dies later",    "revoked-later dying", &["config dying"],                       &["stale own value"],                                Some(0)),
    ("immediate rotation",       "immediate",           &["config old"],                         &["revoked own value"],                              Some(0)),
    ("the next key is fine",     "next coming",         &["config coming"],                      &["current - value"],                                None),
    ("a sibling's key",          "",                    &["config shop"],                        &["wrong-project own value"],                        Some(0)),
    ("a sibling's old key",      "",                    &["config shopold"],                     &["wrong-project own value"],                        Some(0)),
    ("a sibling environment's",  "",                    &["config #staging"],                    &["wrong-project own fingerprint"],                  Some(0)),
    ("a newline too much",       "",                    &["config now+newline"],                 &["malformed own value"],                            Some(0)),
    ("seen by fingerprint too",  "",                    &["config #now+newline"],                &["malformed own fingerprint"],                      Some(0)),
    ("inside a larger value",    "",                    &["config now+json"],                    &["malformed own value"],                            Some(0)),
    ("around it a placeholder's","",                    &["config now+braces"],                  &["malformed own value"],                            Some(0)),
    ("the same with an old key", "immediate",           &["config old+braces"],                  &["revoked own value"],                              Some(0)),
    ("an old key beside it",     "",                    &["config now+beside-old"],              &["stale own value"],                                Some(0)),
    ("a dead one beside both",   "revoked dead",        &["config old+beside-dead"],             &["revoked own value"],                              Some(0)),
    ("a sibling's beside it",    "",                    &["config now+beside-shop"],             &["wrong-project own value"],                        Some(0)),
    ("inside, where none belongs","expect absent",      &["config old+json"],                    &["stale own value"],                                Some(0)),
    ("a stranger in braces",     "",                    &["config stranger+braces"],             &["unknown own value"],                              Some(0)),
    ("a reference in braces",    "reference now+braces",&["config now"],                         &["unverified - none"],                              None),
    ("damaged and old",          "",                    &["config old+quotes"],                  &["stale own value"],                                Some(0)),
    ("damaged and foreign",      "",                    &["config shop+newline"],                &["wrong-project own value"],                        Some(0)),
    ("a truncated paste",        "",                    &["config now+truncated"],               &["malformed own value"],                            Some(0)),
    ("nothing there",            "",                    &["config nothing"],                     &["missing own"],                                    Some(0)),
    ("an empty value",           "",                    &["config empty"],                       &["missing own"],                                    Some(0)),
    ("an unexpanded reference",  "",                    &["config placeholder"],                 &["missing own"],                                    Some(0)),
    ("nobody knows it",          "",                    &["config stranger"],                    &["unknown own value"],                              Some(0)),
    ("out of sight",             "",                    &["config denied"],                      &["unreachable - none"],                             Some(0)),
    // Replicas.
    ("one stale of twenty",      "",                    &["running 19*now old"],                 &["stale own value"],                                Some(0)),
    ("one unread of twenty",     "",                    &["running 19*now denied"],              &["unreachable - none"],                             Some(0)),
    ("drift outranks unread",    "",                    &["running denied old"],                 &["stale own value"],                                Some(0)),
    ("nobody there",             "",                    &["running"],                            &["unreachable - none"],                             Some(0)),
    // The route.
    ("handed down",              "",                    &["config old", "running old"],          &["stale own", "stale inherited"],                   Some(0)),
    ("damage handed down",       "",                    &["config now+newline", "running #now+newline"], &["malformed own", "malformed inherited"],   Some(0)),
    ("a list handed down",       "",                    &["config now+beside-old", "running now+beside-old"], &["stale own", "stale inherited"],      Some(0)),
    ("the same in another order", "",                   &["config now+beside-old", "running old+beside-now"], &["stale own", "stale inherited"],      Some(0)),
    ("a list with another key",  "",                    &["config old+beside-other", "running now+beside-old"], &["stale own", "stale own"],          Some(0)),
    ("damaged on the way",       "",                    &["config now", "running now+quotes"],   &["current", "malformed own"],                       Some(1)),
    ("not restarted",            "",                    &["config now", "running old"],          &["current", "stale own"],                           Some(1)),
    ("two faults",               "",                    &["config old", "running older"],        &["stale own", "stale own"],                         Some(0)),
    ("good after bad",           "",                    &["config old", "running now"],          &["stale own", "current - value"],                   Some(0)),
    ("unread before bad",        "",                    &["config denied", "running old"],       &["unreachable -", "stale own"],                     Some(1)),
    ("handed past the unread",   "",                    &["store old", "config denied", "running old"], &["stale own", "unreachable -", "stale inherited"], Some(0)),
    ("never arrived",            "",                    &["config nothing", "running nothing"],  &["missing own", "missing inherited"],               Some(0)),
    ("the reference itself",     "",                    &["store now", "config now"],            &["current - reference", "current - value"],         None),
    // The reference.
    ("reference is quoted",      "reference now+quotes", &["config now", "config old"],          &["unverified - none", "stale own value"],           Some(1)),
    ("reference is empty",       "reference empty",     &["config now"],                         &["unverified - none"],                              None),
    ("reference out of format",  "reference short",     &["config short"],                       &["unverified - none"],                              None),
    ("reference is unread",      "reference denied",    &["config now", "config shop"],          &["unverified - none", "wrong-project own"],         Some(1)),
    ("reference is a sibling's", "reference shopold",   &["config shopold"],                     &["wrong-project own"],                              Some(0)),
    ("reference is dead",        "reference dead, revoked dead", &["config dead"],               &["revoked own"],                                    Some(0)),
    ("next and no reference",    "reference denied, next coming", &["config coming"],            &["unverified - none"],                              None),
    ("missing stays missing",    "reference denied",    &["config nothing"],                     &["missing own"],                                    Some(0)),
    ("two projects' one key",    "shop-reference now",  &["config now", "config #now", "config now+newline", "config #now+newline", "config now+json", "config now+beside-other"], &["unverified - none"; 6], None),
    // Times.
    ("fixed before",             "rotated",             &["running hidden-before"],              &["stale own timestamp"],                            Some(0)),
    ("fixed after",              "rotated",             &["running hidden-after"],               &["unverified - none"],                              None),
    ("no T₀",                    "",                    &["running hidden-before"],              &["unverified - none"],                              None),
    ("no time",                  "rotated",             &["running hidden"],                     &["unverified - none"],                              None),
    ("fed after the change",     "rotated",             &["config now", "running hidden-after~now"], &["current - value", "current - timestamp"],     None),
    ("fed with the old key",     "rotated",             &["config old", "running hidden-after~old"], &["stale own value", "stale inherited timestamp"], Some(0)),
    ("fed with damage",          "rotated",             &["config #now+newline", "running hidden-after~now+newline"], &["malformed own", "malformed inherited timestamp"], Some(0)),
    ("fed before the rotation",  "rotated",             &["running hidden-before~now"],          &["stale own timestamp"],                            Some(0)),
    ("fed with nothing",         "rotated",             &["running hidden-after~nothing"],       &["missing own timestamp"],                          Some(0)),
    ("fed from out of sight",    "rotated",             &["running hidden-after~denied"],        &["unreachable - none"],                             Some(0)),
    ("fed from before, denied",  "rotated",             &["running hidden-before~denied"],       &["stale own timestamp"],                            Some(0)),
    ("fed, and no reference",    "reference denied",    &["running hidden~now"],                 &["unverified - none"],                              None),
    ("fed, none belongs there",  "rotated, expect absent", &["running hidden-before~now"],       &["stale own timestamp"],                            Some(0)),
    ("fed with nothing, which will do", "rotated, expect optional", &["running hidden-after~nothing"], &["unverified - none"],                       None),
    ("fed with nothing, as it should", "rotated, expect absent", &["running hidden-after~nothing"], &["unverified - none"],                          None),
    ("fed with another value",   "rotated, expect absent", &["running hidden-after~stranger"],    &["unknown own timestamp"],                          Some(0)),
    ("fed with what is no key",  "rotated, expect absent", &["running hidden-after~short"],       &["unverified - none"],                              None),
    ("claimed",                  "rotated",             &["config hidden-after!#now"],           &["current - attested"],                             None),
    ("claimed, but too old",     "rotated",             &["config hidden-before!#now"],          &["stale own timestamp"],                            Some(0)),
    ("an old claim",             "",                    &["config hidden!#old"],                 &["stale own attested"],                             Some(0)),
    ("a damaged claim",          "",                    &["config hidden!#now+newline"],         &["malformed own attested"],                         Some(0)),
    ("a rollback",               "rotated, reference old", &["config old"],                      &["current - value"],                                None),
    // What the reference's store had before.
    ("learnt from the store",    "reference v:past@1 v:now@20 now", &["config past"],             &["stale own value"],                                Some(0)),
    ("learnt, damaged",          "reference v:past@1 v:now@20 now", &["config past+quotes"],      &["stale own value"],                                Some(0)),
    ("learnt, by fingerprint",   "reference v:past@1 v:now@20 now", &["config #past+newline"],    &["stale own fingerprint"],                          Some(0)),
    ("learnt from a sibling's",  "shop-reference v:shoppast@1 v:shop@2 shop", &["config shoppast"], &["wrong-project own value"],                       Some(0)),
    ("immediate, whatever was declared", "immediate, revoked-later dying", &["config dying"],     &["revoked own value"],                              Some(0)),
    ("dead since it was replaced", "immediate, reference v:past@1 v:now@20 now", &["config past"],  &["revoked own value"],                              Some(0)),
    ("expected to be gone",      "expect absent, reference v:past@1 v:now@20 now", &["config past"], &["stale own value"],                              Some(0)),
    ("nothing was ever there",   "reference v:nothing@1 v:empty@2 v:placeholder@3 v:short@4 v:now@20 now", &["config stranger"], &["unknown own value"],  Some(0)),
    ("a sibling's by mistake",   "reference v:shop@1 v:now@20 now", &["config shop"],             &["wrong-project own value"],                        Some(0)),
    ("damaged when it came",     "reference v:past+newline@1 v:now@20 now", &["config past+newline"], &["unknown own value"],                          Some(0)),
    ("T₀ from the store",        "reference v:past@1 v:now@20 now", &["store v:past@1 v:now@20 now", "running hidden-before"], &["current - reference", "stale own timestamp"], Some(1)),
    ("a bound is for its route", "reference v:past@1 v:now@20 now", &["running hidden-before"],   &["unverified - none"],                              None),
    ("the oldest kept has it",   "reference v:now@20 now", &["store v:now@20 now", "running hidden-before"], &["current - reference", "unverified - none"], None),
    ("unread before it",         "reference v:past@1 v:denied@17 v:now@20 now", &["store v:past@1 v:denied@17 v:now@20 now", "running hidden-before"], &["current - reference", "unverified - none"], None),
    ("another field was written", "reference v:past@1 v:now@10 v:now@20 now", &["store v:past@1 v:now@10 v:now@20 now", "running hidden-before"], &["current - reference", "unverified - none"], None),
    ("back to an older key",     "reference v:now@1 v:past@10 v:now@20 now", &["store v:now@1 v:past@10 v:now@20 now", "running hidden-before"], &["current - reference", "unverified - none"], None),
    // What the place of its next key had before, where that is another one.
    ("written while it was next", "reference v:past@1 v:now@20 now, next v:earlier@1 v:now@15 v:coming@20 coming", &["store v:past@1 v:now@20 now", "running hidden-before"], &["current - reference", "unverified - none"], None),
    ("written before it was next", "reference v:past@1 v:now@22 now, next v:earlier@1 v:now@20 v:coming@22 coming", &["store v:past@1 v:now@22 now", "running hidden-before"], &["current - reference", "stale own timestamp"], Some(1)),
    ("still the next one",       "reference v:past@1 v:now@20 now, next v:earlier@1 v:now@15 now", &["store v:past@1 v:now@20 now", "running hidden-before"], &["current - reference", "unverified - none"], None),
    ("next, gone, then current", "reference v:past@1 v:now@20 now, next v:earlier@1 v:now@15 v:empty@18 empty", &["store v:past@1 v:now@20 now", "running hidden-before"], &["current - reference", "unverified - none"], None),
    ("next only afterwards",     "reference v:past@1 v:now@20 now, next v:earlier@1 v:now@22 now", &["store v:past@1 v:now@20 now", "running hidden-before"], &["current - reference", "stale own timestamp"], Some(1)),
    ("never the next one",       "reference v:past@1 v:now@20 now, next v:earlier@1 v:empty@15 v:coming@20 coming", &["store v:past@1 v:now@20 now", "running hidden-before"], &["current - reference", "stale own timestamp"], Some(1)),
    ("damaged while it was next", "reference v:past@1 v:now@20 now, next v:earlier@1 v:now+quotes@15 v:coming@20 coming", &["store v:past@1 v:now@20 now", "running hidden-before"], &["current - reference", "unverified - none"], None),
    ("out of sight while next",  "reference v:past@1 v:now@20 now, next v:earlier@1 v:denied@15 v:coming@20 coming", &["store v:past@1 v:now@20 now", "running hidden-before"], &["current - reference", "unverified - none"], None),
    ("taken away while next",    "reference v:past@1 v:now@20 now, next v:earlier@1 v:nothing@15 v:coming@20 coming", &["store v:past@1 v:now@20 now", "running hidden-before"], &["current - reference", "unverified - none"], None),
    ("out of sight later",       "reference v:past@1 v:now@20 now, next v:earlier@1 v:denied@25 v:coming@26 coming", &["store v:past@1 v:now@20 now", "running hidden-before"], &["current - reference", "stale own timestamp"], Some(1)),
    ("its oldest kept has it",   "reference v:past@1 v:now@20 now, next v:now@15 v:coming@20 coming", &["store v:past@1 v:now@20 now", "running hidden-before"], &["current - reference", "unverified - none"], None),
    ("its oldest kept is later", "reference v:past@1 v:now@20 now, next v:coming@20 coming", &["store v:past@1 v:now@20 now", "running hidden-before"], &["current - reference", "unverified - none"], None),
    ("next keeps no history",    "reference v:past@1 v:now@20 now, next coming", &["store v:past@1 v:now@20 now", "running hidden-before"], &["current - reference", "unverified - none"], None),
    ("next's history is denied", "reference v:past@1 v:now@20 now, next h:denied coming", &["store v:past@1 v:now@20 now", "running hidden-before"], &["current - reference", "unverified - none"], None),
    ("next, and T₀ is declared", "rotated, reference v:past@1 v:now@20 now, next h:denied coming", &["store v:past@1 v:now@20 now", "running hidden-before"], &["current - reference", "stale own timestamp"], Some(1)),
    // Expectations.
    ("optional and absent",      "expect optional",     &["config nothing"],                     &["not-required - none"],                            None),
    ("optional and empty",       "expect optional",     &["config empty"],                       &["not-required - none"],                            None),
    ("optional but old",         "expect optional",     &["config old"],                         &["stale own"],                                      Some(0)),
    ("optional placeholder",     "expect optional",     &["config placeholder"],                 &["missing own"],                                    Some(0)),
    ("optional but unread",      "expect optional",     &["config denied"],                      &["unreachable -"],                                  Some(0)),
    ("absent and absent",        "expect absent",       &["config nothing"],                     &["not-required - none"],                            None),
    ("absent but there",         "expect absent",       &["config now"],                         &["stale own value"],                                Some(0)),
    ("absent but a sibling's",   "expect absent",       &["config shop"],                        &["wrong-project own"],                              Some(0)),
    ("absent, an unknown key",   "expect absent",       &["config stranger"],                    &["unknown own value"],                              Some(0)),
    ("absent, what is no key",   "expect absent",       &["config short"],                       &["not-required - none"],                            None),
    ("absent, who knows",        "expect absent",       &["config #stranger"],                   &["unverified - none"],                              None),
];

#[tokio::test]
async fn every_rule_holds() {
    for (name, facts, route, expected, broken_at) in CASES {
        let audit = audit(inventory(facts, route)).await;
        assert_eq!(told(&audit, expected), *expected, "{name}");
        assert_eq!(audit.deployments[0].broken_at, *broken_at, "{name}");
    }
}

#[tokio::test]
async fn where_no_key_belongs_what_looks_like_a_siblings_key_is_told() {
    for (row, verdict) in [
        ("config stranger", "unknown"),
        ("config stranger+quotes", "unknown"),
        ("config stranger+json", "unknown"),
        ("config short", "not-required"),
    ] {
        let mut inventory = inventory("expect absent", &[row]);
        let format = Arc::new(Format::new("^sk-[a-z0-9]{32}$").unwrap());
        inventory.projects[0].format = Some(format);
        let audit = audit(inventory).await;
        assert_eq!(told(&audit, &[verdict]), [verdict], "{row}");
    }
}

#[tokio::test]
async fn a_deployment_is_as_bad_as_its_worst_hop_and_names_every_cause() {
    let audit = audit(inventory(
        "",
        &["config old", "config denied", "running older"],
    ))
    .await;
    let deployment = &audit.deployments[0];
    assert_eq!(deployment.verdict, Verdict::Stale);
    assert_eq!(*deployment.causes, [0, 2]);
}

#[tokio::test]
async fn a_crowd_with_one_unknown_key_says_that_the_reference_is_behind() {
    let rows = ["config fresh", "config fresh", "running now"];
    let audit = audit(inventory("", &rows)).await;
    assert_eq!(
        told(&audit, &["unknown", "unknown", "current"]),
        ["unknown", "unknown", "current"]
    );
    assert!(matches!(
        audit.warnings[..],
        [Warning::ReferenceBehind { hops: 2, of: 3, .. }]
    ));
}

#[tokio::test]
async fn a_next_key_that_cannot_be_read_is_told() {
    let audit = audit(inventory("next denied", &["config now"])).await;
    assert_eq!(told(&audit, &["current"]), ["current"]);
    assert!(matches!(audit.warnings[..], [Warning::KeyUnread { .. }]));
}

#[tokio::test]
async fn a_rollback_is_pointed_out() {
    let audit = audit(inventory("reference old", &["config old", "config now"])).await;
    assert_eq!(
        told(&audit, &["current", "unknown"]),
        ["current", "unknown"]
    );
    assert!(matches!(
        audit.warnings[..],
        [Warning::CurrentIsPrevious(_)]
    ));
}

#[tokio::test]
async fn until_leaves_the_later_stages_out_and_says_so() {
    let inventory = inventory("", &["config now", "running old"]);
    let options = Options {
        until: Some(Stage::Config),
        ..Options::default()
    };
    let never = std::future::pending();
    let audit = run(
        inventory,
        &[0],
        Connections::default(),
        &Remembered::default(),
        &options,
        &Quiet,
        never,
    )
    .await;
    assert_eq!(
        told(&audit, &["current", "not-selected"]),
        ["current", "not-selected"]
    );
    assert_eq!(audit.deployments[0].verdict, Verdict::Current);
}
