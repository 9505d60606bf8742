//! The shape of the document. Its schema is made of the same structs, so what is said of a field
//! here is what people read there.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::lazy::Lazy;
use crate::gate::Coverage;
use crate::judge::RotationBasis;
use crate::key::Fingerprint;
use crate::keyring::Damage;
use crate::verdict::{Evidence, Expectation, Fault, Stage, Verdict};

/// What a finished audit found.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "straggler.report/v1", rename = "Report")]
pub struct Document<'a> {
    /// `straggler.report/v1`. Fields may be added under this name, never changed or removed.
    #[schemars(extend("const" = super::write::SCHEMA))]
    pub schema: &'static str,
    /// When the audit was finished.
    pub generated_at: Time,
    /// What wrote this.
    pub tool: Tool,
    /// Whether straggler was interrupted before all was read, kept and told.
    pub interrupted: bool,
    /// With `wait`, whether its `--timeout` was up while something still held no current key; else left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timed_out: Option<bool>,
    /// The audit in numbers.
    pub summary: Summary,
    /// What else there is to tell, the most urgent first.
    pub warnings: Vec<WarningRow>,
    /// As declared: every project, and after it each environment that has keys of its own.
    pub projects: Lazy<'a, ProjectRow<'a>>,
    /// With `--changed-only`, what changed since standard output was last told with it, and `deployments` has
    /// those alone; else left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<ChangeRow<'a>>>,
    /// With `--changed-only`, whether these deployments were never reported before, so that there is nothing to
    /// compare with and everything that is not fine is listed; else left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<bool>,
    /// With `--changed-only`, how many changes wait for the end of `grace`; else left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_back: Option<usize>,
    /// The selected deployments, as declared.
    pub deployments: Lazy<'a, DeploymentRow<'a>>,
}

/// What became of a deployment since it was last told of.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Change")]
pub struct ChangeRow<'a> {
    /// `new`, `worse`, `better` or `gone`.
    pub kind: &'static str,
    /// The name of its project.
    pub project: &'a str,
    /// Its name with its environment and axes.
    pub title: &'a str,
    /// Its name; null for one that is gone.
    pub name: Option<&'a str>,
    /// Its environment; null for one that is gone or has none.
    pub environment: Option<&'a str>,
    /// What it was; null for one that was not known.
    pub before: Option<Verdict>,
    /// What it is; null for one that is gone.
    pub now: Option<Verdict>,
}

/// A program.
#[derive(Serialize, JsonSchema)]
pub struct Tool {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

/// The audit in numbers.
#[derive(Serialize, JsonSchema)]
pub struct Summary {
    /// How many deployments were selected.
    pub deployments: usize,
    /// Whether everything selected was read: every replica, and every reference.
    pub complete: bool,
    /// What straggler ends with: 0, 1, 3, 4 or 130, also where another report could not be written.
    pub exit_code: u8,
    /// How many deployments have each verdict, worst first; those that do not occur are left out.
    pub verdicts: BTreeMap<Verdict, usize>,
    /// How much was seen.
    pub coverage: Coverage,
}

/// Something to tell that is no verdict.
#[derive(Serialize, JsonSchema)]
pub struct WarningRow {
    /// Its stable name.
    pub code: &'static str,
    /// What it is.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// The owner of one key.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Project")]
pub struct ProjectRow<'a> {
    /// The project's name.
    pub name: &'a str,
    /// The environment whose key this is; null for the project's own.
    pub environment: Option<&'a str>,
    /// Whether any selected deployment should hold this key. The others do not count.
    pub selected: bool,
    /// What the current key was read from.
    pub reference: ReferenceRow,
    /// The current key; null when the reference is not sound.
    pub current: Option<Digest>,
    /// The next key.
    pub next: Option<Digest>,
    /// When the current key came to be, or a bound from above.
    pub rotated_at: Option<Time>,
    /// Where that comes from.
    pub rotation: RotationBasis,
    /// The latest first.
    pub previous: Vec<PreviousRow>,
}

/// What a current key was read from.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Reference")]
pub struct ReferenceRow {
    /// Its printable address; null when it is a declared fingerprint, or was given on the command
    /// line.
    pub location: Option<String>,
    /// `current` when it is sound.
    pub verdict: Verdict,
    /// What is wrong with it, or what its source had to say.
    pub message: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// A key that was current before.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PreviousKey")]
pub struct PreviousRow {
    /// The key.
    pub fingerprint: Digest,
    /// When it came to be.
    pub rotated_at: Option<Time>,
    /// When it died, or will.
    pub revoked_at: Option<Time>,
}

/// One service in one environment that should hold its project's current key.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Deployment")]
pub struct DeploymentRow<'a> {
    /// Its name. A deployment is its name, environment and axes together.
    pub name: &'a str,
    /// The project whose key it should hold.
    pub project: &'a str,
    /// Where it runs.
    pub environment: Option<&'a str>,
    /// Who answers for it.
    pub owner: Option<&'a str>,
    /// As declared.
    pub labels: &'a BTreeMap<String, String>,
    /// The axes of the matrix it came from, and its `vars`.
    pub axes: Axes<'a>,
    /// The worst of its hops.
    pub verdict: Verdict,
    /// The hop where the fix goes, from 0: the first that went wrong by itself, else the first that
    /// could not be read.
    pub broken_at: Option<u16>,
    /// Every hop that went wrong by itself, from 0.
    pub causes: &'a [u16],
    /// The waiver of its worst finding, when everything that counts here is accepted.
    pub waived: Option<WaiverRow<'a>>,
    /// Its route.
    pub hops: Vec<HopRow<'a>>,
}

/// Names and values, in their order.
#[derive(JsonSchema)]
#[schemars(with = "BTreeMap<String, String>", inline)]
pub struct Axes<'a>(pub &'a [(Arc<str>, Arc<str>)]);

impl Serialize for Axes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(axis, value)| (&**axis, &**value)))
    }
}

/// An accepted finding.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Waiver")]
pub struct WaiverRow<'a> {
    /// What is accepted.
    pub verdicts: &'a [Verdict],
    /// Why.
    pub reason: &'a str,
    /// Who answers for that.
    pub owner: &'a str,
    /// When it ends.
    pub until: Time,
}

/// One place on a route.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Hop")]
pub struct HopRow<'a> {
    /// What reads it.
    pub source: &'static str,
    /// How far on the key's way it lies.
    pub stage: Stage,
    /// Its printable address.
    pub location: String,
    /// What should be there.
    pub expect: Expectation,
    /// The worst of its readings.
    pub verdict: Verdict,
    /// What that rests on.
    pub evidence: Evidence,
    /// Whose fault a bad hop is; null where nothing is wrong, or nothing was seen.
    pub fault: Option<Fault>,
    /// What the reading that decides holds; null where nothing was there or visible.
    pub fingerprint: Option<Digest>,
    /// What happened to the key, from the outermost to the innermost.
    pub damage: &'a [Damage],
    /// Which known key it is; null where only time speaks, and where it is none.
    pub matches: Option<MatchRow<'a>>,
    /// What was found and what that means.
    pub message: String,
    /// What to do about it.
    pub remedy: Option<String>,
    /// The waiver, when everything that counts here is accepted.
    pub waived: Option<WaiverRow<'a>>,
    /// By replica. One for a place that could not be read at all; empty when not selected.
    pub readings: Vec<ReadingRow<'a>>,
}

/// A known key.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Match")]
pub struct MatchRow<'a> {
    /// Whose.
    pub project: &'a str,
    /// The environment whose key it is; null for the project's own.
    pub environment: Option<&'a str>,
    /// Which of its keys.
    pub key: KeyRole,
    /// How many rotations behind the current one.
    pub behind: u32,
}

/// Which of a project's keys.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeyRole {
    /// What deployments should hold.
    Current,
    /// What they may hold already.
    Next,
    /// What they should hold no longer.
    Previous,
}

/// What one replica at one place gave.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Reading")]
pub struct ReadingRow<'a> {
    /// Which, where there are several.
    pub replica: Option<&'a str>,
    /// What it is.
    pub verdict: Verdict,
    /// What that rests on.
    pub evidence: Evidence,
    /// What it holds.
    pub fingerprint: Option<Digest>,
    /// When it was started.
    pub started_at: Option<Time>,
    /// What was found.
    pub message: String,
    /// The kind of failure where it could not be read: `denied`, `not-found`, `throttled`,
    /// `timeout`, `connect`, `tls`, `protocol`, `too-large`, `bad-data`, `interrupted`.
    pub error: Option<&'static str>,
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
#[derive(Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Digest(
    #[schemars(with = "Cow<'static, str>", extend("pattern" = "^sha256:[0-9a-f]{8,64}$"))]
    pub  Fingerprint,
);
