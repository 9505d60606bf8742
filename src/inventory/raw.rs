//! targets.yaml as it is written. The JSON Schema comes from here, so what is said of a field here is
//! what an editor shows.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Retirement;
use super::held::Held;
use super::schema;
use crate::extract::{Decode, Trim};
use crate::platform::Credential;
use crate::platform::commands::Argv;
use crate::platform::deliver::Target;
use crate::verdict::{Expectation, Verdict};

/// What straggler audits: projects and their keys, and the deployments that should hold them.
///
/// Top-level keys that begin with `x-` are ignored, for anchors and notes. `${name}`, `${project}`,
/// `${environment}`, `${owner}`, any axis of a matrix, any of the `vars` and `${env.HOME:-default}`
/// are filled in, but for `format` and `waive`; `$${` is a literal `${`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("patternProperties" = { "^x-": true }))]
pub(super) struct Targets {
    /// The version of this format. The main file says it; an included file may.
    #[schemars(required, schema_with = "schema::version")]
    pub version: Option<Held<u64>>,
    /// Other files that belong to the inventory, relative to this one; `*`, `?`, `[…]` and `**`
    /// stand for parts of names. A pattern that matches nothing is an error.
    pub include: Option<Held<Vec<String>>>,
    /// What this inventory is called. The ledger knows it by this name wherever the file is, and tells it
    /// apart from others that share the ledger; without a name, by where the file is. Only in the main file.
    pub inventory: Option<Held<String>>,
    /// How many hex digits fingerprints are shown and kept with, 8 to 64; by default 12. Only in
    /// the main file.
    #[schemars(range(min = 8, max = 64))]
    pub fingerprint_digits: Option<Held<u8>>,
    /// Who is told what changed since the last audit, as `audit --changed-only` finds it. Only in the
    /// main file.
    pub notify: Option<Held<Vec<Receiver>>>,
    /// What is asked after every audit that was completed and of which everybody was told. Only in the
    /// main file.
    pub heartbeat: Option<Held<Heartbeat>>,
    /// How long after a rotation nobody is told of that project, such as `15m`; verdicts and exit codes
    /// do not wait. Only in the main file.
    #[serde(default)]
    #[schemars(schema_with = "schema::duration")]
    pub grace: Option<Held<String>>,
    /// What is remembered of past audits, and where. Only in the main file.
    pub ledger: Option<Held<Ledger>>,
    /// The owners of keys, by name.
    pub projects: Option<Held<BTreeMap<String, Project>>>,
    /// Connections that hops name: a Vault, an AWS account, a cluster.
    pub stores: Option<Held<BTreeMap<String, Store>>>,
    /// Routes that deployments share, by name.
    pub routes: Option<Held<BTreeMap<String, Route>>>,
    /// What the deployments of this file say unless they say otherwise; an included file's go before
    /// those of the file that includes it.
    pub defaults: Option<Held<Defaults>>,
    /// The services that should hold their project's current key.
    pub deployments: Option<Held<Vec<Deployment>>>,
}

/// The owner of one key, or of one for each environment.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Project {
    /// The variable that deployments hold the key in, unless they say otherwise.
    pub variable: Option<Held<String>>,
    /// What a key looks like: a regular expression for the whole of it, of bounded length.
    pub format: Option<Held<String>>,
    /// Whether old keys die at once, or live until they are revoked.
    pub rotation: Option<Retirement>,
    /// Where the current key is read from, or its fingerprint. May be left out when every
    /// deployment's environment has one.
    pub current: Option<Held<Reference>>,
    /// How many versions of the store that `current` names may be read to learn earlier keys, when
    /// something needs them; by default 10, `false` for none.
    #[serde(default)]
    #[schemars(schema_with = "schema::versions")]
    pub history: Option<Held<String>>,
    /// The key that comes next, for overlapping rotations.
    pub next: Option<Held<Reference>>,
    /// When the current key came to be. Versioned stores and the ledger know it too.
    #[serde(default)]
    #[schemars(schema_with = "schema::time")]
    pub rotated_at: Option<Held<String>>,
    /// Keys that were current before, the latest first.
    pub previous: Option<Held<Vec<Previous>>>,
    /// Where a test event can be sent to.
    pub ingest: Option<Held<Ingest>>,
    /// Whose current key is the same on purpose: a project, `project/environment`, or another environment
    /// of this project. Two that have one key and do not say so are both faulty. An environment that says
    /// nothing else has the key that it names here, of its own project.
    pub same_key_as: Option<Held<String>>,
    /// Keys of single environments. What they do not say of `variable`, `format`, `rotation` and
    /// `ingest` is the project's.
    pub environments: Option<Held<BTreeMap<String, schema::Environment>>>,
}

/// Where a key is read from: one source, or only its fingerprint.
#[derive(Deserialize, JsonSchema)]
pub(super) struct ReferenceBeside {
    /// The first 8 to 64 hex digits of SHA-256 over the exact bytes of the key.
    #[serde(default)]
    #[schemars(schema_with = "schema::fingerprint")]
    pub fingerprint: Option<Held<String>>,
    /// The variable the key is held in; by default the project's.
    pub variable: Option<Held<String>>,
    /// How to get the key out of what is read.
    pub extract: Option<Held<schema::Extract>>,
    /// How the key is encoded: what is done after `extract`.
    pub decode: Option<Decode>,
    /// What the program that reads the key strips from it in the end; by default nothing.
    pub trim: Option<Trim>,
    /// The folder where relative paths start, itself relative to the folder of
    /// this file; by default that one.
    #[expect(dead_code, reason = "looked up where the source is read")]
    pub folder: Option<Held<String>>,
}

/// A key that was current before: where it is read from, or only its fingerprint.
#[derive(Deserialize, JsonSchema)]
pub(super) struct PreviousBeside {
    /// The first 8 to 64 hex digits of SHA-256 over the exact bytes of the key.
    #[serde(default)]
    #[schemars(schema_with = "schema::fingerprint")]
    pub fingerprint: Option<Held<String>>,
    /// The variable the key is held in; by default the project's.
    pub variable: Option<Held<String>>,
    /// How to get the key out of what is read.
    pub extract: Option<Held<schema::Extract>>,
    /// How the key is encoded: what is done after `extract`.
    pub decode: Option<Decode>,
    /// What the program that reads the key strips from it in the end; by default nothing.
    pub trim: Option<Trim>,
    /// The folder where relative paths start, itself relative to the folder of
    /// this file; by default that one.
    #[expect(dead_code, reason = "looked up where the source is read")]
    pub folder: Option<Held<String>>,
    /// When it came to be.
    #[serde(default)]
    #[schemars(schema_with = "schema::time")]
    pub rotated_at: Option<Held<String>>,
    /// When it died, or will.
    #[serde(default)]
    #[schemars(schema_with = "schema::time")]
    pub revoked_at: Option<Held<String>>,
}

/// A connection: its kind, with its settings, and how gently it is to be asked.
#[derive(Deserialize, JsonSchema)]
pub(super) struct StoreBeside {
    /// How many calls may go out within any second; by default the platform's own limit.
    #[schemars(range(min = 1))]
    pub requests_per_second: Option<u32>,
    /// How many calls may be under way at once at each of its hosts; by default `--per-host`.
    #[schemars(range(min = 1))]
    pub concurrency: Option<u32>,
    /// The folder where relative paths start, itself relative to the folder of
    /// this file; by default that one.
    #[expect(dead_code, reason = "looked up where the store is read")]
    pub folder: Option<Held<String>>,
}

/// One place on a route: one source, and what holds for this hop alone.
#[derive(Deserialize, JsonSchema)]
pub(super) struct HopBeside {
    /// What should be there; by default what the deployment expects.
    pub expect: Option<Expectation>,
    /// The variable the key is held in; by default the deployment's.
    pub variable: Option<Held<String>>,
    /// A finding here that is accepted.
    pub waive: Option<Held<Waiver>>,
    /// How to get the key out of what is read.
    pub extract: Option<Held<schema::Extract>>,
    /// How the key is encoded: what is done after `extract`.
    pub decode: Option<Decode>,
    /// What the program that reads the key strips from it in the end; by default nothing.
    pub trim: Option<Trim>,
    /// The folder where relative paths start, itself relative to the folder of
    /// this file; by default that one.
    #[expect(dead_code, reason = "looked up where the source is read")]
    pub folder: Option<Held<String>>,
}

/// What takes the events that are signed with the project's key.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Ingest {
    /// AllStak.
    AllStak(AllStak),
}

/// AllStak's ingest.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AllStak {
    /// Its address, `https://api.allstak.sa`.
    pub host: Held<String>,
}

/// Somebody who is told what changed, in one of these ways.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    { "required": ["slack"] },
    { "required": ["webhook"] },
    { "required": ["command"] },
]))]
pub(super) struct Receiver {
    /// What it is called in messages; by default its kind, numbered where there are several.
    pub name: Option<Held<String>>,
    /// Whose deployments it is told of; by default everybody's.
    pub owner: Option<Held<String>>,
    /// The project whose deployments it is told of; by default all of them.
    pub project: Option<Held<String>>,
    /// An incoming webhook of Slack.
    pub slack: Option<Slack>,
    /// A server that takes `straggler.changes/v1` with POST.
    pub webhook: Option<Webhook>,
    /// A program that reads `straggler.changes/v1` from its standard input.
    pub command: Option<Notifier>,
}

/// An incoming webhook of Slack.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Slack {
    /// Where its URL is kept: whoever has that can post.
    pub url: Credential,
}

/// A server that is told by POST.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Webhook {
    /// Its URL, or where that is kept.
    pub url: Target,
    /// What messages are signed with; by default they are not signed.
    pub secret: Option<Credential>,
}

/// A program that is told on its standard input.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Notifier")]
pub(super) struct Notifier {
    /// The program and its arguments. No shell reads them.
    pub argv: Argv,
}

/// What is asked with GET when all is done.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Heartbeat {
    /// Its URL, or where that is kept.
    pub url: Target,
}

/// What is remembered of past audits, and where.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Ledger {
    /// Where: a path, relative to the folder of this file, or `{ env: NAME }` for a variable that
    /// holds a path or the URL of a PostgreSQL server. By default in the user's state.
    #[serde(default)]
    pub at: Option<Held<schema::LedgerAt>>,
    /// How long audits are remembered, such as `90d`; by default 400 days. Fingerprints are never
    /// forgotten.
    #[serde(default)]
    #[schemars(schema_with = "schema::duration")]
    pub retention: Option<Held<String>>,
}

/// A variable that says where the ledger is.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LedgerEnv {
    /// Its name.
    pub env: Held<String>,
}

/// What deployments say unless they say otherwise.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Defaults {
    /// Which environment they run in.
    pub environment: Option<Held<String>>,
    /// Who answers for them.
    pub owner: Option<Held<String>>,
    /// Their route.
    pub route: Option<Held<schema::RouteUse>>,
    /// The variable they hold the key in.
    pub variable: Option<Held<String>>,
    /// What should be there.
    pub expect: Option<Expectation>,
    /// Labels, to which a deployment's own are added.
    pub labels: Option<Held<BTreeMap<String, schema::Word>>>,
}

/// One service in one environment, or as many as its matrix makes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Deployment {
    /// Its name.
    pub name: Option<Held<String>>,
    /// One deployment for each combination of these values. The axes `name`, `project`,
    /// `environment` and `owner` set what they are called; any other is a name for templates.
    pub matrix: Option<Held<BTreeMap<String, Vec<schema::Word>>>>,
    /// Whose key it should hold.
    pub project: Option<Held<String>>,
    /// Which environment it runs in.
    pub environment: Option<Held<String>>,
    /// Who answers for it.
    pub owner: Option<Held<String>>,
    /// For selection and reports.
    pub labels: Option<Held<BTreeMap<String, schema::Word>>>,
    /// Names for templates.
    pub vars: Option<Held<BTreeMap<String, schema::Word>>>,
    /// The hops by which the key reaches it, or the name of a route.
    pub route: Option<Held<schema::RouteUse>>,
    /// What should be there.
    pub expect: Option<Expectation>,
    /// The variable it holds the key in; by default the project's.
    pub variable: Option<Held<String>>,
    /// A finding that is accepted.
    pub waive: Option<Held<Waiver>>,
}

/// An accepted finding. Nothing is filled in here.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Waiver {
    /// Which verdicts are accepted.
    #[schemars(schema_with = "schema::findings")]
    pub verdicts: Vec<Held<Verdict>>,
    /// Why.
    pub reason: Held<String>,
    /// Who answers for that.
    pub owner: Held<String>,
    /// Until when: a day, which counts to its end in UTC, or a time (RFC 3339).
    pub until: Held<String>,
}

pub(super) use schema::{Previous, Reference, Route, Store};
