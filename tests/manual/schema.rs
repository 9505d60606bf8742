//! Tables of fields from a JSON Schema.

use std::fmt::Write;

use serde_json::Value;

use super::page::cell;

/// A line for each property, `field | type | meaning`; nothing where there are none.
pub fn fields(schema: &Value, definitions: &Value) -> String {
    let Some(properties) = schema["properties"].as_object() else {
        return String::new();
    };
    let required: Vec<_> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut table = "| field | type | |\n|---|---|---|\n".to_owned();
    for (name, property) in properties {
        let text = property["description"].as_str().unwrap_or_default();
        let note = if required.contains(&name.as_str()) {
            ""
        } else {
            " Optional."
        };
        writeln!(
            table,
            "| `{name}` | {} | {}{note} |",
            cell(&kind(property, definitions)),
            cell(text)
        )
        .unwrap();
    }
    table
}

/// The type of a value, in words.
fn kind(schema: &Value, definitions: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap();
        let definition = &definitions[name];
        return match (name, words(definition)) {
            ("Verdict", _) => "[verdict](../README.md#verdicts)".to_owned(),
            ("Setting", _) => "text or [credential](#credentials)".to_owned(),
            ("Header" | "Credential", _) => "[credential](sources.md#credentials)".to_owned(),
            ("Tls", _) => "map, as above".to_owned(),
            ("AppRole" | "ServiceAccount", _) => "map".to_owned(),
            ("Damage", _) => "[damage](damage.md)".to_owned(),
            (_, words) if words.is_empty() => format!("[{name}](#{})", name.to_lowercase()),
            (_, words) => one_of(&words),
        };
    }
    for several in ["anyOf", "oneOf"] {
        if let Some(options) = schema[several].as_array() {
            let kinds: Vec<_> = options
                .iter()
                .map(|option| kind(option, definitions))
                .collect();
            return kinds.join(" or ");
        }
    }
    if let words @ [_, ..] = &words(schema)[..] {
        return one_of(words);
    }
    let names = match &schema["type"] {
        Value::String(name) => vec![name.as_str()],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => vec!["anything"],
    };
    let names: Vec<_> = names
        .into_iter()
        .map(|name| match name {
            "array" => format!("list of {}", kind(&schema["items"], definitions)),
            "object" if schema["additionalProperties"].is_object() => format!(
                "map to {}",
                kind(&schema["additionalProperties"], definitions)
            ),
            "object" => "map".to_owned(),
            "null" => "null".to_owned(),
            _ if schema["format"] == "date-time" => "time".to_owned(),
            name => name.to_owned(),
        })
        .collect();
    names.join(" or ")
}

/// The words a value may be; none where it is anything else.
fn words(schema: &Value) -> Vec<String> {
    let listed = schema["enum"].as_array().into_iter().flatten();
    let described = schema["oneOf"].as_array().into_iter().flatten();
    listed
        .chain(described.clone().map(|option| &option["const"]))
        .chain(described.flat_map(|option| option["enum"].as_array().into_iter().flatten()))
        .chain(schema.get("const"))
        .filter_map(|word| word.as_str().map(str::to_owned))
        .collect()
}

fn one_of(words: &[String]) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}
