use std::borrow::Cow;
use std::collections::HashMap;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::extraction::Step;
use super::raw::{
    HopBeside, LedgerEnv, PreviousBeside, Project, ReferenceBeside, StoreBeside, Targets,
};
use crate::key::Digits;
use crate::verdict::Verdict;
use crate::{platform, source};

/// The JSON Schema of targets.yaml, of a main file and of an included one. Always the same text.
#[must_use]
pub fn schema() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_deserialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Targets>();
    schema.insert("title".to_owned(), "targets.yaml".into());
    schema
}

/// A type that exists for its schema only.
macro_rules! described {
    ($($(#[$doc:meta])* $name:ident($generator:ident) $body:block)+) => {$(
        $(#[$doc])*
        pub(super) struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema($generator: &mut SchemaGenerator) -> Schema $body
        }
    )+};
}

described! {
    /// A hop: [`HopBeside`] and one source.
    Hop(generator) {
        with_sources(HopBeside::json_schema(generator), &[], generator)
    }

    /// Where a key is read from: [`ReferenceBeside`] and one source, or a fingerprint.
    Reference(generator) {
        with_sources(ReferenceBeside::json_schema(generator), &["fingerprint"], generator)
    }

    /// An earlier key: [`PreviousBeside`] and one source, or a fingerprint.
    Previous(generator) {
        with_sources(PreviousBeside::json_schema(generator), &["fingerprint"], generator)
    }

    /// A project's key in one environment: what a project says, but for further environments.
    Environment(generator) {
        let mut schema = Project::json_schema(generator);
        if let Some(Value::Object(properties)) = schema.get_mut("properties") {
            properties.shift_remove("environments");
        }
        let text = "The key of one environment; what it does not say is the project's.";
        schema.insert("description".to_owned(), text.into());
        let either = json!([{ "required": ["current"] }, { "required": ["same_key_as"] }]);
        schema.insert("anyOf".to_owned(), either);
        schema
    }

    /// A connection: [`StoreBeside`] and one kind.
    Store(generator) {
        let titles = platform::store_infos().into_iter().map(|info| (info.id, info.title));
        let kinds = platform::store_schemas(generator);
        with_one_of(StoreBeside::json_schema(generator), &[], titles, kinds)
    }

    /// Where the key stands in what is read: one step, or several in the order in which they are taken.
    Extract(generator) {
        let step = generator.subschema_for::<Step>();
        json_schema!({
            "description": "Where the key stands in what is read: one step, or several in the order in which they are taken.",
            "anyOf": [step, { "type": "array", "items": step, "minItems": 1 }],
        })
    }

    /// The hops by which a key reaches a deployment, in order.
    Route(generator) {
        json_schema!({
            "description": "The hops by which a key reaches a deployment, in order.",
            "type": "array",
            "items": generator.subschema_for::<Hop>(),
            "minItems": 1,
        })
    }

    /// The name of a route, or its hops.
    RouteUse(generator) {
        json_schema!({
            "description": "The name of a route, or its hops.",
            "anyOf": [{ "type": "string" }, generator.subschema_for::<Route>()],
        })
    }

    /// A path, or a variable that says where the ledger is.
    LedgerAt(generator) {
        json_schema!({
            "description": "A path, or a variable that says where the ledger is.",
            "anyOf": [{ "type": "string" }, generator.subschema_for::<LedgerEnv>()],
        })
    }

    /// A text, which YAML may take for something else: `1.10` and `no` stay as they are written.
    Word(_generator) {
        json_schema!({
            "description": "A text. A number, true and false are taken as they are written.",
            "type": ["string", "number", "boolean"],
        })
    }
}

/// A map with exactly one source, or one of the alternatives, beside what is described already.
fn with_sources(schema: Schema, alternatives: &[&str], generator: &mut SchemaGenerator) -> Schema {
    let titles = source::infos()
        .into_iter()
        .map(|info| (info.id, info.title));
    let sources = source::schemas(generator);
    with_one_of(schema, alternatives, titles, sources)
}

/// A map with exactly one of these keys beside what is described already.
fn with_one_of(
    mut schema: Schema,
    alternatives: &[&str],
    titles: impl Iterator<Item = (&'static str, &'static str)>,
    choices: Vec<(&'static str, Schema)>,
) -> Schema {
    let titles: HashMap<_, _> = titles.collect();
    let mut one_of: Vec<Value> = alternatives
        .iter()
        .map(|key| json!({ "required": [key] }))
        .collect();
    let mut properties = Map::new();
    for (id, settings) in choices {
        let mut property = Map::new();
        if let Some(title) = titles.get(id) {
            property.insert("title".to_owned(), (*title).into());
        }
        // What has defaults for all its settings may stand alone: `env:`.
        let bare = settings.to_value();
        property.insert("anyOf".to_owned(), json!([bare, { "type": "null" }]));
        properties.insert(id.to_owned(), property.into());
        one_of.push(json!({ "required": [id] }));
    }
    if let Some(Value::Object(beside)) = schema.get_mut("properties") {
        properties.append(beside);
        *beside = properties;
    }
    schema.insert("additionalProperties".to_owned(), false.into());
    schema.insert("oneOf".to_owned(), one_of.into());
    schema
}

pub(super) fn version(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "const": 1 })
}

pub(super) fn versions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "anyOf": [{ "type": "boolean" }, { "type": "integer", "minimum": 1, "maximum": 100 }, { "type": "null" }] })
}

pub(super) fn time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "null"], "format": "date-time" })
}

pub(super) fn duration(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "null"], "pattern": "^([0-9]+(\\.[0-9]+)?(w|d|h|m|s|ms))+$" })
}

pub(super) fn fingerprint(_: &mut SchemaGenerator) -> Schema {
    let (fewest, most) = (Digits::MIN.get(), Digits::MAX.get());
    let pattern = format!("^sha256:[0-9a-fA-F]{{{fewest},{most}}}$");
    json_schema!({ "type": ["string", "null"], "pattern": pattern })
}

/// The verdicts that can be waived.
pub(super) fn findings(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "minItems": 1,
        "items": { "enum": findings_names() },
    })
}

/// The names of the verdicts that are findings.
pub(super) fn findings_names() -> Vec<&'static str> {
    Verdict::ALL
        .into_iter()
        .filter(|verdict| verdict.is_finding())
        .map(Verdict::name)
        .collect()
}
