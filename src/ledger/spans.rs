//! How hops were, stretch by stretch: an audit that finds them as they were writes nothing.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::db::{Connection, Value, listed};
use super::error::Failure;
use super::insert::{Insert, Kind};
use super::words::{kept, micros};
use crate::audit::Audit;
use crate::judge::{DeploymentOutcome, HopOutcome, is_explained, is_nothing};
use crate::key::{Digits, Fingerprint};
use crate::platform::PlaceId;
use crate::reading::Unsearched;
use crate::verdict::{Evidence, Expectation, Fault, Stage, Verdict};

/// Where a hop stands: its number on the route and what it reads.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Spot {
    deployment: i64,
    place: i64,
    source: String,
    location: String,
    stage: Stage,
    /// `None` where it was not written down.
    id: Option<PlaceId>,
}

/// The hops of a deployment, to be compared with what is known of them.
pub(super) struct Route {
    pub deployment: i64,
    /// Index into the audit's deployments.
    pub index: u32,
    /// Whether nothing is known of it.
    pub is_new: bool,
    /// `None` where not every hop was judged.
    pub digest: Option<i64>,
}

/// What a hop was.
struct State {
    verdict: Verdict,
    evidence: Evidence,
    fault: Option<Fault>,
    fingerprint: Option<Fingerprint>,
}

/// The open stretch of a hop.
struct Open {
    id: i64,
    state: State,
}

/// A hop that is known.
pub(super) struct Hop {
    id: i64,
    open: Option<Open>,
    holds: Option<String>,
}

/// The keys that a hop's readings hold, and what stands beside, each once; `None` where not all of them
/// were read and explained.
fn held(audit: &Audit, judged: &HopOutcome, stage: Stage) -> Option<Vec<Fingerprint>> {
    let mut held = Vec::new();
    for reading in &judged.readings {
        let is_open = reading
            .elsewhere
            .as_ref()
            .and_then(|seen| seen.open)
            .is_some_and(|why| why != Unsearched::ByRule);
        if is_open || !is_explained(reading, stage, false) {
            return None;
        }
        held.extend(reading.fingerprint);
        held.extend(audit.held(reading));
        held.extend(audit.elsewhere(reading));
    }
    held.sort_unstable();
    held.dedup();
    Some(held)
}

/// The same, as it is written down.
fn holds(audit: &Audit, judged: &HopOutcome, stage: Stage) -> Option<String> {
    let digits = audit.inventory.digits;
    let mut text = String::new();
    for print in held(audit, judged, stage)? {
        let gap = if text.is_empty() { "" } else { " " };
        let _ = write!(text, "{gap}{}", kept(&print, digits));
    }
    Some(text)
}

/// Whether nothing was there, and nobody says that this is so for good: what was last read in such a place may come
/// back to it, for a disk that is not mounted or a variable that is not set here looks the same.
fn is_missing(judged: &HopOutcome, expect: Expectation) -> bool {
    let mut readings = judged.readings.iter();
    expect != Expectation::Absent && readings.any(|reading| is_nothing(reading.verdict))
}

/// What a place holds, and what it held when it was last read; `None` where one of them was not explained.
fn beside_what_was(holds: Option<String>, before: Option<String>) -> Option<String> {
    let (mut holds, before) = (holds?, before?);
    for print in before.split(' ').filter(|print| !print.is_empty()) {
        if !holds.split(' ').any(|known| known == print) {
            let gap = if holds.is_empty() { "" } else { " " };
            let _ = write!(holds, "{gap}{print}");
        }
    }
    Some(holds)
}

impl State {
    fn of(judged: &HopOutcome, digits: Digits) -> Self {
        let lead = judged.leading().and_then(|lead| lead.fingerprint);
        Self {
            verdict: judged.verdict,
            evidence: judged.evidence,
            fault: judged.fault,
            fingerprint: lead.map(|lead| kept(&lead, digits)),
        }
    }

    /// Whether nothing happened. The number of digits that are shown may have changed.
    fn same(&self, other: &Self) -> bool {
        let agrees = match (&self.fingerprint, &other.fingerprint) {
            (Some(one), Some(other)) => one.agrees(other),
            (None, None) => true,
            _ => false,
        };
        agrees
            && self.verdict == other.verdict
            && self.evidence == other.evidence
            && self.fault == other.fault
    }
}

/// All that a hop's stretch tells, of every hop in one number.
pub(super) fn digest(audit: &Audit, outcome: &DeploymentOutcome) -> i64 {
    let mut parts = Parts::default();
    let declared = &audit.inventory.deployments[outcome.deployment as usize];
    for (judged, hop) in outcome.hops.iter().zip(&declared.hops) {
        let source = &hop.place.source;
        let stage = source.stage();
        let digits = audit.inventory.digits;
        let state = State::of(judged, digits);
        parts.text(source.info().id);
        parts.text(stage.name());
        let (location, place) = audit.located(&hop.place);
        parts.text(&location);
        parts.0.update(place.bytes());
        parts.text(state.verdict.name());
        parts.text(state.evidence.name());
        parts.text(state.fault.map_or("", Fault::name));
        parts.prints(state.fingerprint.as_slice());
        match held(audit, judged, stage) {
            Some(mut held) => {
                for print in &mut held {
                    *print = kept(print, digits);
                }
                parts.prints(&held);
            }
            None => parts.text("unexplained"),
        }
    }
    parts.number()
}

/// What goes into a digest, each part told apart from the one that follows.
#[derive(Default)]
struct Parts(Sha256);

impl Parts {
    fn text(&mut self, text: &str) {
        self.0.update(text.len().to_be_bytes());
        self.0.update(text);
    }

    fn prints(&mut self, prints: &[Fingerprint]) {
        self.0.update(prints.len().to_be_bytes());
        for print in prints {
            self.0.update([print.digits().get()]);
            self.0.update(print.bytes());
        }
    }

    fn number(self) -> i64 {
        let digest = self.0.finalize();
        let first = digest.first_chunk();
        first.map_or(0, |bytes| i64::from_be_bytes(*bytes))
    }
}

/// What is known of the hops of deployments.
pub(super) type Known = HashMap<i64, HashMap<Spot, Hop>>;

/// What is otherwise than it was, one route after the other.
pub(super) struct Changes {
    at: Timestamp,
    last_hop: i64,
    last_span: i64,
}

/// What is to be written of a batch of routes.
pub(super) struct HopRows {
    hops: Insert,
    /// What hops that were known before hold now.
    held: BTreeMap<Option<String>, Vec<i64>>,
    /// Hops that were known before places were told apart, with their places.
    identified: Vec<Vec<Value>>,
    closed: Vec<i64>,
    opened: Insert,
    /// Deployments that were known before, with what they are in short.
    digests: Vec<Vec<Value>>,
}

impl Changes {
    /// Of an audit that began at this time.
    pub(super) async fn begin(connection: &mut Connection, at: Timestamp) -> Result<Self, Failure> {
        Ok(Self {
            at,
            last_hop: connection.last_id("hop").await?,
            last_span: connection.last_id("span").await?,
        })
    }

    /// Takes in how an audit found the hops of a route, of which this is known.
    pub(super) fn take(
        &mut self,
        audit: &Audit,
        route: &Route,
        before: HashMap<Spot, Hop>,
        rows: &mut HopRows,
    ) -> Result<(), Failure> {
        let is_other = self.compare(audit, route, before, rows)?;
        // Of a route that was judged in part, nobody can say in short how it is, unless it is as it was.
        if !route.is_new && (is_other || route.digest.is_some()) {
            let row = vec![route.deployment.into(), route.digest.into()];
            rows.digests.push(row);
        }
        Ok(())
    }

    /// Whether anything on the route is otherwise than it was.
    fn compare(
        &mut self,
        audit: &Audit,
        route: &Route,
        mut before: HashMap<Spot, Hop>,
        rows: &mut HopRows,
    ) -> Result<bool, Failure> {
        let outcome = &audit.deployments[route.index as usize];
        let declared = &audit.inventory.deployments[outcome.deployment as usize];
        let mut is_other = false;
        for ((judged, hop), place) in outcome.hops.iter().zip(&declared.hops).zip(0..) {
            let (location, id) = audit.located(&hop.place);
            let mut spot = Spot {
                deployment: route.deployment,
                place,
                source: hop.place.source.info().id.to_owned(),
                location,
                stage: hop.place.source.stage(),
                id: Some(id),
            };
            let mut found = before.remove(&spot);
            if found.is_none() {
                spot.id = None;
                found = before.remove(&spot);
                spot.id = Some(id);
                let older = found
                    .iter()
                    .map(|hop| vec![hop.id.into(), id.to_string().into()]);
                rows.identified.extend(older);
            }
            if judged.verdict == Verdict::NotSelected {
                // Nobody looked there yet, which is to be known when it leaves the route.
                if found.is_none() {
                    self.add(spot, None, rows)?;
                }
                continue;
            }
            let state = State::of(judged, audit.inventory.digits);
            let mut holds = holds(audit, judged, spot.stage);
            if let Some(before) = &found
                && is_missing(judged, hop.expect)
            {
                holds = beside_what_was(holds, before.holds.clone());
            }
            is_other |= self.hop(spot, found, (state, holds), rows)?;
        }
        // What is left is on the route no more.
        let ended = before.into_values().filter_map(|hop| hop.open);
        for open in ended {
            rows.closed.push(open.id);
            is_other = true;
        }
        Ok(is_other)
    }

    fn hop(
        &mut self,
        spot: Spot,
        found: Option<Hop>,
        (state, holds): (State, Option<String>),
        rows: &mut HopRows,
    ) -> Result<bool, Failure> {
        let mut is_other = false;
        let hop = match found {
            Some(hop) => {
                if hop.holds != holds {
                    is_other = true;
                    rows.held.entry(holds).or_default().push(hop.id);
                }
                if let Some(open) = hop.open {
                    if open.state.same(&state) {
                        return Ok(is_other);
                    }
                    rows.closed.push(open.id);
                }
                hop.id
            }
            None => self.add(spot, holds, rows)?,
        };
        self.last_span += 1;
        rows.opened.push([
            self.last_span.into(),
            hop.into(),
            state.verdict.name().into(),
            state.evidence.name().into(),
            Value::Text(state.fault.map(|fault| fault.name().to_owned())),
            Value::Text(state.fingerprint.map(|fingerprint| fingerprint.to_string())),
            micros(self.at),
        ])?;
        Ok(true)
    }

    /// A hop that was not known. Gives back its id.
    fn add(
        &mut self,
        spot: Spot,
        holds: Option<String>,
        rows: &mut HopRows,
    ) -> Result<i64, Failure> {
        self.last_hop += 1;
        rows.hops.push([
            self.last_hop.into(),
            spot.deployment.into(),
            spot.place.into(),
            spot.source.into(),
            spot.location.into(),
            spot.stage.name().into(),
            holds.into(),
            Value::Text(spot.id.map(|id| id.to_string())),
        ])?;
        Ok(self.last_hop)
    }
}

impl HopRows {
    /// Nothing yet, for this database.
    pub(super) fn of(kind: Kind) -> Self {
        let hop = "hop (id, deployment, place, source, location, stage, holds, identity)";
        let span = "span (id, hop, verdict, evidence, fault, fingerprint, since)";
        Self {
            hops: Insert::of(kind, hop, ""),
            held: BTreeMap::new(),
            identified: Vec::new(),
            closed: Vec::new(),
            opened: Insert::of(kind, span, ""),
            digests: Vec::new(),
        }
    }

    /// Whether anything is otherwise than it was.
    pub(super) fn is_any(&self) -> bool {
        let is_none = self.hops.is_empty()
            && self.held.is_empty()
            && self.closed.is_empty()
            && self.opened.is_empty()
            && self.digests.is_empty();
        !is_none
    }

    /// Writes them, of an audit that began at this time.
    pub(super) async fn write(
        self,
        connection: &mut Connection,
        at: Timestamp,
    ) -> Result<(), Failure> {
        connection.put(self.hops).await?;
        let set = "hop SET identity = new.column2";
        connection
            .update(set, self.identified, "hop.id = new.column1")
            .await?;
        for (holds, ids) in self.held {
            let sql = "UPDATE hop SET holds = $1 WHERE id IN";
            connection.run_for(sql, &ids, &[holds.into()]).await?;
        }
        let close = "UPDATE span SET until = $1 WHERE id IN";
        connection
            .run_for(close, &self.closed, &[micros(at)])
            .await?;
        connection.put(self.opened).await?;
        let set = "deployment SET digest = new.column2";
        connection
            .update(set, self.digests, "deployment.id = new.column1")
            .await
    }
}

/// The hops of these deployments, with their open stretches.
pub(super) async fn hops(connection: &mut Connection, ids: &[i64]) -> Result<Known, Failure> {
    let mut known = Known::new();
    if !ids.is_empty() {
        let sql = format!(
            "SELECT hop.deployment, hop.place, hop.source, hop.location, hop.stage, hop.id, \
             span.id, span.verdict, span.evidence, span.fault, span.fingerprint, hop.holds, hop.identity \
             FROM hop LEFT JOIN span ON span.hop = hop.id AND span.until IS NULL \
             WHERE hop.deployment IN ({})",
            listed(ids)
        );
        for row in connection.query_once(&sql).await? {
            let spot = Spot {
                deployment: row.get(0)?,
                place: row.get(1)?,
                source: row.get(2)?,
                location: row.get(3)?,
                stage: row.word(4)?,
                id: row.place_id_or_none(12)?,
            };
            let open = match row.get::<Option<i64>>(6)? {
                Some(id) => Some(Open {
                    id,
                    state: State {
                        verdict: row.word(7)?,
                        evidence: row.word(8)?,
                        fault: row.word_or_none(9)?,
                        fingerprint: row.fingerprint_or_none(10)?,
                    },
                }),
                None => None,
            };
            let hop = Hop {
                id: row.get(5)?,
                open,
                holds: row.get::<Option<&str>>(11)?.map(str::to_owned),
            };
            known.entry(spot.deployment).or_default().insert(spot, hop);
        }
    }
    Ok(known)
}
