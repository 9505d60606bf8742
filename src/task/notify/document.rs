//! The shape of what webhooks and programs are told. Its schema is made of the same structs, so what is
//! said of a field here is what people read there.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::{Serialize, Serializer};

use crate::gate::Coverage;
use crate::key::Fingerprint;
use crate::verdict::{Stage, Verdict};

/// The name of this format.
pub const SCHEMA: &str = "straggler.changes/v1";

/// The JSON Schema of what webhooks and programs are told. Always the same text.
#[must_use]
pub fn schema() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<Document>()
}

/// What changed since this receiver was last told.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "straggler.changes/v1", rename = "Changes")]
pub struct Document {
    /// `straggler.changes/v1`. Fields may be added under this name, never changed or removed.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: &'static str,
    /// Which message this is: the same for every attempt at it, and in `Straggler-Delivery`.
    pub id: String,
    /// When the audit was finished.
    pub generated_at: Time,
    /// The same in words, as it is sent to people.
    pub text: String,
    /// Whether these deployments were never reported before, so that there is nothing to compare with and
    /// everything that is not fine is reported.
    pub first: bool,
    /// The change set and the whole audit in numbers.
    pub summary: Summary,
    /// References that changed, where nothing tells yet whether the key was rotated.
    pub references: Vec<ReferenceRow>,
    /// What changed, worst first; 1000 at most.
    pub changes: Vec<Row>,
}

/// The change set and the whole audit in numbers.
#[derive(Serialize, JsonSchema)]
pub struct Summary {
    /// How many changes there are.
    pub changes: Counts,
    /// How many of them are left out of this message.
    pub left_out: usize,
    /// How many deployments were selected.
    pub deployments: usize,
    /// How many of those have each verdict, worst first; those that do not occur are left out.
    pub verdicts: BTreeMap<Verdict, usize>,
    /// How much was seen.
    pub coverage: Coverage,
    /// What the audit itself comes to: 0, 1 or 3. straggler may end with 4 instead where a receiver, a report or
    /// the ledger fails, and with 130 where it is interrupted.
    pub exit_code: u8,
}

/// How many changes there are of each kind.
#[derive(Default, Serialize, JsonSchema)]
pub struct Counts {
    /// Findings that were not there.
    pub new: usize,
    /// Worse verdicts.
    pub worse: usize,
    /// Better verdicts.
    pub better: usize,
    /// Deployments that targets.yaml no longer names.
    pub gone: usize,
    /// References that changed, where nothing tells yet whether the key was rotated.
    pub references: usize,
}

/// A reference that changed, where nothing tells yet whether the key was rotated or another one is read now.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ChangedReference")]
pub struct ReferenceRow {
    /// The project whose key it should be.
    pub project: String,
    /// The environment that has a key of its own; null for the project's own.
    pub environment: Option<String>,
    /// What it was.
    pub before: Digest,
    /// What it is now.
    pub now: Digest,
    /// What was found and what that means.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// What became of one deployment.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Change")]
pub struct Row {
    /// How it changed.
    pub kind: Kind,
    /// The project whose key it should hold.
    pub project: String,
    /// Where it runs; null for one that is gone.
    pub environment: Option<String>,
    /// Its name with its environment and axes, as the text for people has it.
    pub deployment: String,
    /// What was last reported of it; null for one that was never reported.
    pub before: Option<Verdict>,
    /// What it is now; null for one that is gone.
    pub now: Option<Verdict>,
    /// The place that decides; null for one that is gone.
    pub hop: Option<HopRow>,
    /// What that place holds; null where nothing was there or visible.
    pub fingerprint: Option<Digest>,
    /// What was found and what that means.
    pub message: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// How a deployment changed.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A finding that was not there.
    New,
    /// A worse verdict.
    Worse,
    /// A better verdict.
    Better,
    /// Not named anymore.
    Gone,
}

/// One place on a route.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Hop")]
pub struct HopRow {
    /// What reads it.
    pub source: &'static str,
    /// How far on the key's way it lies.
    pub stage: Stage,
    /// Its printable address.
    pub location: String,
}

/// A moment, to the second.
#[derive(JsonSchema)]
#[schemars(with = "String", inline, extend("format" = "date-time"))]
pub struct Time(pub Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.strftime("%Y-%m-%dT%H:%M:%SZ"))
    }
}

/// The first digits of a key's SHA-256.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Digest(
    #[schemars(with = "Cow<'static, str>", extend("pattern" = "^sha256:[0-9a-f]{8,64}$"))]
    pub  Fingerprint,
);
