//! The answer for programs: `straggler.revoke-check/v1`.

use jiff::Timestamp;
use serde::Serialize;

use super::{Answer, Place, is_dead};
use crate::audit::Audit;
use crate::gate::{Coverage, ExitCode};
use crate::keyring::{KeyId, Role};
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
    /// The current and next keys that are one of them.
    alive: Vec<Key<'a>>,
    doubts: Vec<Doubt<'a>>,
    holders: Vec<Spot<'a>>,
    blind_spots: Vec<Spot<'a>>,
    accepted: Vec<Spot<'a>>,
    /// Deployments that past audits knew and targets.yaml does not name.
    forgotten: &'a [std::sync::Arc<str>],
    coverage: Coverage,
}

#[derive(Serialize)]
struct Key<'a> {
    project: &'a str,
    environment: Option<&'a str>,
    key: &'static str,
    fingerprint: Option<String>,
    dead: bool,
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
        let keys = |keys: &[KeyId]| keys.iter().map(|&id| key(audit, id)).collect();
        let spots = |places: &'a [Place<'a>]| {
            let places = places.iter();
            places.map(|place| spot(place, None)).collect()
        };
        let accepted = answer.accepted.iter();
        let doubts = answer.doubts.iter();
        Self {
            schema: SCHEMA,
            generated_at: second(audit.generated_at),
            safe: answer.code() == ExitCode::Success,
            exit_code: answer.code().code(),
            keys: keys(&answer.keys),
            alive: keys(&answer.alive),
            doubts: doubts
                .map(|[message, remedy]| Doubt { message, remedy })
                .collect(),
            holders: spots(&answer.holders),
            blind_spots: spots(&answer.blind),
            accepted: accepted
                .map(|(place, reason)| spot(place, Some(reason)))
                .collect(),
            forgotten: &answer.forgotten,
            coverage: Coverage::of(audit),
        }
    }
}

fn key(audit: &Audit, id: KeyId) -> Key<'_> {
    let project = audit.inventory.project(id.project);
    Key {
        project: &project.name,
        environment: project.environment.as_deref(),
        key: match id.role {
            Role::Current => "current",
            Role::Next => "next",
            Role::Previous(_) => "previous",
        },
        fingerprint: super::fingerprint(audit, id).map(|fingerprint| fingerprint.to_string()),
        dead: is_dead(audit, id),
    }
}

fn spot<'a>(place: &'a Place<'a>, accepted: Option<&'a str>) -> Spot<'a> {
    let spot = &place.spot;
    let worst = place.readings.iter().min_by_key(|reading| reading.verdict);
    Spot {
        deployment: &spot.deployment.name,
        environment: spot.deployment.environment.as_deref(),
        project: &spot.audit.inventory.project(spot.deployment.project).name,
        owner: spot.deployment.owner.as_deref(),
        hop: spot.index,
        source: spot.source(),
        stage: spot.stage(),
        location: spot.hop.place.location(),
        verdict: place.verdict,
        remedy: worst.map(|worst| spot.way_out(worst)).unwrap_or_default(),
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
                message: spot.reading_message(reading),
            })
            .collect(),
    }
}

/// RFC 3339 to the second.
fn second(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
