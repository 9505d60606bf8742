//! What every kind of store must do, driven from the registry.

use serde_json::{Map, Value};

use super::*;
use crate::text::escape;

/// The settings of the stores in a kind's example.
fn example(info: &StoreInfo) -> Vec<Value> {
    let stores: Map<String, Value> = serde_yaml::from_str(info.example).unwrap();
    assert!(!stores.is_empty());
    let settings = stores.into_iter().map(|(_, mut store)| {
        let store = store.as_object_mut().unwrap();
        store.remove(info.id).unwrap()
    });
    settings.collect()
}

#[test]
fn every_kind_of_store_is_documented() {
    let mut ids: Vec<_> = store_infos().iter().map(|info| info.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), store_infos().len(), "two kinds have one name");
    for info in store_infos() {
        let named = |letter: char| letter.is_ascii_lowercase() || letter == '_';
        assert!(info.id.chars().all(named), "{}", info.id);
        assert!(!info.title.is_empty() && !info.title.ends_with('.'));
        assert!(
            info.manual.ends_with('.') && info.manual.len() > 100,
            "{}",
            info.id
        );
    }
}

#[test]
fn every_example_works_and_needs_nothing_else() {
    for info in store_infos() {
        for settings in example(&info) {
            let store = parse_store(info.id, &settings).unwrap().unwrap();
            assert_eq!(store.check(), Ok(()), "{}: {settings}", info.id);
            let _ = connections([(&"one".into(), &*store)]);

            let mut unknown = settings;
            unknown["no_such_setting"] = Value::Null;
            assert!(
                parse_store(info.id, &unknown).unwrap().is_err(),
                "{}",
                info.id
            );
        }
        assert!(
            parse_store(info.id, &Value::Object(Map::new()))
                .unwrap()
                .is_ok()
        );
    }
    assert!(parse_store("no_such_store", &Value::Null).is_none());
}

#[test]
fn hostile_settings_are_never_repeated_raw() {
    const HOSTILE: &str = "https://x/\u{1b}[31m\r\n\u{202e}";
    for info in store_infos() {
        for settings in example(&info) {
            let texts = settings.as_object().unwrap().clone();
            for name in texts.keys().filter(|name| texts[*name].is_string()) {
                let mut hostile = settings.clone();
                hostile[name] = HOSTILE.into();
                let told = match parse_store(info.id, &hostile).unwrap() {
                    Ok(store) => store.check().err(),
                    Err(error) => Some(error.to_string()),
                };
                let told = told.unwrap_or_default();
                assert_eq!(told, escape(&told), "{}", info.id);
            }
        }
    }
}

#[test]
fn every_setting_has_a_description() {
    let mut generator = schemars::SchemaGenerator::default();
    for (id, schema) in store_schemas(&mut generator) {
        let definitions = generator.definitions().clone();
        let schema = schema.as_value();
        let schema = match schema["$ref"].as_str() {
            Some(path) => &definitions[path.rsplit('/').next().unwrap()],
            None => schema,
        };
        assert_eq!(schema["additionalProperties"], false, "{id}");
        for (name, property) in schema["properties"].as_object().unwrap() {
            assert!(property["description"].is_string(), "{id}: {name}");
        }
    }
}
