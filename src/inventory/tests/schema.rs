//! The JSON Schema of targets.yaml.

use serde_json::Value;

use crate::inventory::schema;

/// Every property below a schema, with the path to it.
fn properties(schema: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Object(properties)) = object.get("properties") {
                // The one key of a variant is described with the variant.
                let variant = properties.len() == 1 && object.contains_key("description");
                for (name, property) in properties.iter().filter(|_| !variant) {
                    found.push((format!("{path}/{name}"), property.clone()));
                }
            }
            for (name, below) in object {
                let path = format!("{path}/{name}");
                match (name.as_str(), below) {
                    // By their names, of which one may be `properties` itself.
                    ("properties", Value::Object(named)) => {
                        for (name, below) in named {
                            properties(below, &format!("{path}/{name}"), found);
                        }
                    }
                    _ => properties(below, &path, found),
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                properties(item, path, found);
            }
        }
        _ => {}
    }
}

#[test]
fn it_is_always_the_same() {
    assert_eq!(
        schema().to_value().to_string(),
        schema().to_value().to_string()
    );
}

#[test]
fn everything_in_it_is_described() {
    let mut found = Vec::new();
    properties(schema().as_value(), "", &mut found);
    assert!(found.len() > 60, "{}", found.len());
    let bare: Vec<&String> = found
        .iter()
        .filter(|(_, property)| {
            property.get("description").is_none()
                && property.get("title").is_none()
                && property.get("$ref").is_none()
        })
        .map(|(path, _)| path)
        .collect();
    assert!(bare.is_empty(), "{bare:#?}");
}

#[test]
fn a_hop_has_exactly_one_of_all_sources() {
    let schema = schema();
    let ids: Vec<&str> = crate::source::infos().iter().map(|info| info.id).collect();
    for (name, alternatives) in [("Hop", 0), ("Reference", 1), ("Previous", 1)] {
        let one = schema.pointer(&format!("/$defs/{name}")).unwrap();
        assert_eq!(one["additionalProperties"], false, "{name}");
        let required: Vec<&str> = one["oneOf"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["required"][0].as_str().unwrap())
            .collect();
        assert_eq!(required[alternatives..], ids, "{name}");
        for id in &ids {
            assert!(one["properties"][id].is_object(), "{name} {id}");
        }
    }
    let environment = schema.pointer("/$defs/Environment").unwrap();
    assert!(environment["properties"].get("environments").is_none());
    assert_eq!(
        schema.get("required"),
        Some(&serde_json::json!(["version"]))
    );
}
