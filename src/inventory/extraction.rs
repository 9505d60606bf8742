//! What a hop says of its bytes beside its source: `extract`, `decode` and `trim`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::failure::one_of;
use super::held::Held;
use super::reader::Reader;
use super::schema;
use super::tree::{Id, Kind};
use crate::envfile::Dialect;
use crate::extract::{self, Decode, Extraction, Trim, UrlPart};

/// The steps of which one has one.
const STEPS: [&str; 10] = [
    "json",
    "yaml",
    "toml",
    "ini",
    "properties",
    "dotenv",
    "url",
    "pattern",
    "decode",
    "trim",
];

/// One step to the key: exactly one of these, and perhaps `dialect` beside `dotenv`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = STEPS.map(|step| serde_json::json!({ "required": [step] }))))]
#[schemars(extend("dependentRequired" = { "dialect": ["dotenv"] }))]
pub(super) struct Step {
    /// A JSON pointer (RFC 6901) to a string, `/allstak/key`.
    json: Option<String>,
    /// The same in a YAML text.
    yaml: Option<String>,
    /// The same in a TOML text.
    toml: Option<String>,
    /// A key of an INI file: `/section/key`, or `/key` for one above the first section.
    ini: Option<String>,
    /// A key of a Java properties file.
    properties: Option<String>,
    /// A variable of an env file.
    dotenv: Option<String>,
    /// Whose rules the env file is read by; by default `dotenv`.
    dialect: Option<Dialect>,
    /// A part of a URL, percent-decoded.
    url: Option<UrlPart>,
    /// A regular expression with one group, which is the key.
    pattern: Option<String>,
    /// What it is encoded in.
    decode: Option<Decode>,
    /// What the program that reads it strips.
    trim: Option<Trim>,
}

/// What stands beside a source about its bytes.
#[derive(Clone, Copy, Default)]
pub(super) struct Beside {
    pub extract: Option<Held<schema::Extract>>,
    pub decode: Option<Decode>,
    pub trim: Option<Trim>,
}

impl Beside {
    /// Reads it: `Some(None)` where nothing is said, `None` where something was reported.
    pub fn read(self, reader: &Reader<'_>) -> Option<Option<Box<Extraction>>> {
        let mut steps = match self.extract {
            Some(held) => steps(reader, held.id)?,
            None => Vec::new(),
        };
        steps.extend(self.decode.map(extract::Step::Decode));
        steps.extend(self.trim.map(extract::Step::Trim));
        Some((!steps.is_empty()).then(|| Box::new(Extraction { steps })))
    }
}

/// Reports what is wrong with the `extract` of a hop that cannot be used anyway.
pub(super) fn look(reader: &Reader<'_>, hop: Id) {
    if let Some(extract) = reader.tree.get(hop, "extract") {
        steps(reader, extract);
    }
}

/// One step, or a list of them.
fn steps(reader: &Reader<'_>, id: Id) -> Option<Vec<extract::Step>> {
    let items = match reader.tree.kind(id) {
        Kind::Mapping(_) => return Some(vec![step(reader, id)?]),
        Kind::Sequence(items) => items,
        Kind::Scalar(scalar) if scalar.is_null() => return Some(Vec::new()),
        Kind::Scalar(_) => {
            let expected = format!("a map with {}, or a list of such steps", one_of(&STEPS));
            reader.wrong(id, &expected);
            return None;
        }
    };
    if items.is_empty() {
        let message = "an empty list: expected one step at least";
        reader.log.report(reader.tree.site(id), message);
        return None;
    }
    // All of them, so that all mistakes are told at once.
    let steps: Vec<_> = items.iter().map(|item| step(reader, *item)).collect();
    steps.into_iter().collect()
}

fn step(reader: &Reader<'_>, id: Id) -> Option<extract::Step> {
    if !matches!(reader.tree.kind(id), Kind::Mapping(_)) {
        reader.wrong(id, &format!("a map with {}", one_of(&STEPS)));
        return None;
    }
    let raw: Step = reader.read(id)?;
    let dialect = raw.dialect.unwrap_or_default();
    let all = [
        raw.json.map(extract::Step::Json),
        raw.yaml.map(extract::Step::Yaml),
        raw.toml.map(extract::Step::Toml),
        raw.ini.map(extract::Step::Ini),
        raw.properties.map(extract::Step::Properties),
        raw.dotenv.map(|name| extract::Step::Dotenv(name, dialect)),
        raw.url.map(extract::Step::Url),
        raw.pattern.map(extract::Step::Pattern),
        raw.decode.map(extract::Step::Decode),
        raw.trim.map(extract::Step::Trim),
    ];
    let mut all = all.into_iter().flatten();
    let (first, others) = (all.next(), all.count());
    let Some(step) = first.filter(|_| others == 0) else {
        let site = reader.tree.site(id);
        let message = match others {
            0 => format!("expected a step: {}", one_of(&STEPS)),
            _ => format!(
                "{} steps in one: write a list, in the order in which they are taken",
                others + 1
            ),
        };
        reader.log.report(site, message);
        return None;
    };
    if raw.dialect.is_some() && !matches!(step, extract::Step::Dotenv(..)) {
        let site = reader
            .tree
            .site(reader.tree.get(id, "dialect").unwrap_or(id));
        let message = "`dialect` without `dotenv`: only env files have one";
        reader.log.report(site, message);
        return None;
    }
    if reader.draft && reader.tree.has_template(id) {
        return Some(step);
    }
    if let Err(message) = step.check() {
        let value = reader
            .tree
            .entries(id)
            .iter()
            .find(|[key, _]| reader.tree.text(*key) != "dialect");
        let value = value.map_or(id, |[_, value]| *value);
        match pointer(&step).and_then(extract::meant_pointer) {
            Some(meant) => unslashed(reader, value, &meant),
            None => reader.said(value, message),
        }
        return None;
    }
    Some(step)
}

fn pointer(step: &extract::Step) -> Option<&str> {
    match step {
        extract::Step::Json(pointer)
        | extract::Step::Yaml(pointer)
        | extract::Step::Toml(pointer)
        | extract::Step::Ini(pointer) => Some(pointer),
        _ => None,
    }
}

/// Reports a path that is no pointer, and the pointer that it was meant for.
fn unslashed(reader: &Reader<'_>, value: Id, meant: &str) {
    let message = "expected a JSON pointer, which starts with `/`";
    reader
        .log
        .report_with(reader.tree.site(value), message, || {
            Some(format!("did you mean {}?", reader.log.shown_name(meant)?))
        });
}
