//! The answer for programs: `straggler.revoke-check/v1`.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::{Alive, Answer, Last, Place, is_dead};
use crate::audit::Audit;
use crate::gate::{Coverage, ExitCode};
use crate::key::Fingerprint;
use crate::keyring::{Format, KeyId, Role};
use crate::ledger::LastSeen;
use crate::verdict::{Evidence, Stage, Verdict};

/// The name of the document's shape.
const SCHEMA: &str = "straggler.revoke-check/v1";

/// Whether the keys in question may be revoked, and what stands against it.
#[derive(Serialize)]
pub struct Document<'a> {
    schema: &'static str,
    generated_at: String,
    /// Whether nobody holds any of them, and everything was seen.
    safe: bool,
    exit_code: u8,
    keys: Vec<Key<'a>>,
    /// Earlier keys that were looked for as well, and are not answered for: they stood in a reference, and were
    /// replaced before anything settled that they belong there.
    unsettled: Vec<Key<'a>>,
    /// The live keys that are one of them: current, next, held by an unsound reference, or the last that
    /// was sure of a reference which is not sound or not settled.
    alive: Vec<Key<'a>>,
    doubts: Vec<Doubt<'a>>,
    holders: Vec<Spot<'a>>,
    blind_spots: Vec<Spot<'a>>,
    accepted: Vec<Spot<'a>>,
    /// Deployments and places that only past audits knew, and somebody answers for.
    accepted_past: Vec<AcceptedPast<'a>>,
    /// Keys of which only the fingerprint is known, and what they were taken to look like in bundles.
    taken_to_fit: Vec<TakenToFit<'a>>,
    /// Deployments that past audits knew and this one did not read.
    forgotten: Vec<&'a str>,
    /// Those of them that another inventory of the ledger names.
    elsewhere: Vec<Elsewhere<'a>>,
    /// Places that were taken off a route and may hold one of them.
    left: Vec<Left<'a>>,
    /// Whether there was a ledger to know of deployments that targets.yaml does not name, and past audits in it saw
    /// one of the keys.
    considered_past_audits: bool,
    coverage: Coverage,
}

#[derive(Serialize)]
struct Key<'a> {
    /// None for a key that no project has.
    project: Option<&'a str>,
    environment: Option<&'a str>,
    key: &'static str,
    fingerprint: Option<String>,
    dead: bool,
}

#[derive(Serialize)]
struct Elsewhere<'a> {
    deployment: &'a str,
    project: &'a str,
    inventory: &'a str,
    /// Whether it held one of the keys when it was last read; null where nobody can say.
    held: Option<bool>,
}

#[derive(Serialize)]
struct TakenToFit<'a> {
    fingerprint: String,
    format: &'a str,
}

#[derive(Serialize)]
struct Left<'a> {
    deployment: &'a str,
    project: &'a str,
    source: &'a str,
    location: &'a str,
    /// What it held when it was last read; null where that was not explained.
    fingerprints: Option<Vec<String>>,
}

#[derive(Serialize)]
struct AcceptedPast<'a> {
    deployment: &'a str,
    /// Where it was read; null for all of the deployment.
    location: Option<&'a str>,
    /// Why it need not be seen.
    accepted: &'a str,
}

#[derive(Serialize)]
struct Doubt<'a> {
    message: &'a str,
    remedy: &'a str,
}

#[derive(Serialize)]
struct Spot<'a> {
    deployment: &'a str,
    environment: Option<&'a str>,
    project: &'a str,
    owner: Option<&'a str>,
    /// Its index on the route, from 0.
    hop: usize,
    source: &'static str,
    stage: Stage,
    location: String,
    verdict: Verdict,
    remedy: String,
    /// The keys in question that were not looked for there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_looked_for: Vec<String>,
    /// Why it need not be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted: Option<&'a str>,
    readings: Vec<Reading<'a>>,
}

#[derive(Serialize)]
struct Reading<'a> {
    replica: Option<&'a str>,
    verdict: Verdict,
    evidence: Evidence,
    fingerprint: Option<String>,
    started_at: Option<String>,
    message: String,
}

impl<'a> Document<'a> {
    /// An answer that was drawn from this audit.
    #[must_use]
    pub fn of(audit: &'a Audit, answer: &'a Answer<'a>) -> Self {
        let asked = answer.keys.iter().map(|&id| key(audit, id));
        let asked = asked.chain(answer.unknown.map(unknown));
        let spots = |places: &'a [Place<'a>]| {
            let places = places.iter();
            places.map(|place| spot(place, None)).collect()
        };
        let accepted = answer.accepted.iter();
        let doubts = answer.doubts.iter();
        let forgotten = answer.forgotten.iter();
        let elsewhere = forgotten.clone().filter_map(|(gone, last)| {
            Some(Elsewhere {
                deployment: &gone.name.title,
                project: &gone.name.project,
                inventory: &gone.elsewhere.as_ref()?.title,
                held: match last {
                    Last::Held => Some(true),
                    Last::HeldNone => Some(false),
                    Last::Unasked | Last::Unknown => None,
                },
            })
        });
        Self {
            schema: SCHEMA,
            generated_at: second(audit.generated_at),
            safe: answer.code() == ExitCode::Success,
            exit_code: answer.code().code(),
            keys: asked.collect(),
            unsettled: answer.unsettled.iter().map(|&id| key(audit, id)).collect(),
            alive: answer.alive.iter().map(|one| alive(audit, one)).collect(),
            doubts: doubts
                .map(|[message, remedy]| Doubt { message, remedy })
                .collect(),
            holders: spots(&answer.holders),
            blind_spots: spots(&answer.blind),
            accepted: accepted
                .map(|(place, reason)| spot(place, Some(reason)))
                .collect(),
            accepted_past: answer.accepted_past.iter().map(accepted_past).collect(),
            taken_to_fit: answer.assumed.iter().map(taken).collect(),
            forgotten: forgotten.map(|(gone, _)| &*gone.name.title).collect(),
            elsewhere: elsewhere.collect(),
            left: answer.left.iter().map(|left| place(left)).collect(),
            considered_past_audits: answer.past_is_known
                && (answer.unseen.is_empty() || answer.unseen.len() < answer.asked),
            coverage: Coverage::of(audit),
        }
    }
}

fn key(audit: &Audit, id: KeyId) -> Key<'_> {
    let project = audit.inventory.project(id.project);
    Key {
        project: Some(&project.name),
        environment: project.environment.as_deref(),
        key: match id.role() {
            Role::Current => "current",
            Role::Next => "next",
            Role::Previous => "previous",
        },
        fingerprint: audit
            .fingerprint(id)
            .map(|fingerprint| fingerprint.to_string()),
        dead: is_dead(audit, id),
    }
}

fn unknown(fingerprint: Fingerprint) -> Key<'static> {
    Key {
        project: None,
        environment: None,
        key: "unknown",
        fingerprint: Some(fingerprint.to_string()),
        dead: false,
    }
}

fn alive<'a>(audit: &'a Audit, alive: &Alive) -> Key<'a> {
    let project = audit.inventory.project(alive.project);
    Key {
        project: Some(&project.name),
        environment: project.environment.as_deref(),
        key: alive.life.name(),
        fingerprint: Some(alive.fingerprint.to_string()),
        dead: false,
    }
}

fn taken((key, format): &(Fingerprint, Arc<Format>)) -> TakenToFit<'_> {
    TakenToFit {
        fingerprint: key.to_string(),
        format: format.as_str(),
    }
}

fn accepted_past<'a>(
    (called, location, reason): &'a (String, Option<&'a str>, String),
) -> AcceptedPast<'a> {
    AcceptedPast {
        deployment: called,
        location: *location,
        accepted: reason,
    }
}

fn place(left: &LastSeen) -> Left<'_> {
    let prints = |held: &Vec<Fingerprint>| held.iter().map(ToString::to_string).collect();
    Left {
        deployment: &left.name.title,
        project: &left.name.project,
        source: &left.source,
        location: &left.location,
        fingerprints: left.holds.as_ref().map(prints),
    }
}

fn spot<'a>(place: &'a Place<'a>, accepted: Option<&'a str>) -> Spot<'a> {
    let spot = &place.spot;
    let worst = place.readings.iter().min_by_key(|reading| reading.verdict);
    let unsought = place.unsought.as_ref();
    let remedy = match unsought.filter(|unsought| unsought.alone) {
        Some(unsought) => {
            let [_, remedy] = unsought.told(spot);
            remedy
        }
        None => worst.map(|worst| place.way_out(worst)).unwrap_or_default(),
    };
    let unsought = unsought.into_iter().flat_map(|unsought| &unsought.keys);
    Spot {
        deployment: &spot.deployment.name,
        environment: spot.deployment.environment.as_deref(),
        project: &spot.audit.inventory.project(spot.deployment.project).name,
        owner: spot.deployment.owner.as_deref(),
        hop: spot.index,
        source: spot.source(),
        stage: spot.stage(),
        location: spot.audit.location(&spot.hop.place),
        verdict: place.verdict,
        remedy,
        not_looked_for: unsought.map(ToString::to_string).collect(),
        accepted,
        readings: place
            .readings
            .iter()
            .map(|reading| Reading {
                replica: reading.replica.as_deref(),
                verdict: reading.verdict,
                evidence: reading.evidence,
                fingerprint: reading
                    .fingerprint
                    .map(|fingerprint| fingerprint.to_string()),
                started_at: reading.started_at.map(second),
                message: place.message(reading),
            })
            .collect(),
    }
}

/// RFC 3339 to the second.
fn second(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
