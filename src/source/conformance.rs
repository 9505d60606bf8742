//! What every source must do, driven from the registry. A source takes part by saying, in its own
//! tests, where it meets each case; without that it does not compile.

use std::any::Any;
use std::time::Duration;

use serde_json::Value;

use super::testing::{Known, VARIABLE, declared, read_all, told};
use super::{AnySource, At, Source, infos, parse, schemas, stand};
use crate::platform::http::testing::encoding;
use crate::platform::{Connections, connections};
use crate::reading::{ErrorKind, Found, Identity, Reading};
use crate::text::escape;

/// A key that every place must give back to the byte, though it is no text and ends in a line feed.
pub(crate) const KEY: &[u8] = b"ask_live_\xff0123456789\n";

/// The same for places that hold nothing but text.
pub(crate) const TEXT: &str = "ask_live_\u{e9}\u{1f511}\"\\/0123456789\n";

/// What can be met at a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Case {
    /// The place holds [`KEY`], or [`TEXT`].
    Present,
    /// The place was read, and there is no key.
    Absent,
    /// Not allowed.
    Denied,
    /// The place itself is not there.
    NotFound,
    /// HTTP 429.
    Throttled,
    /// HTTP 500, or whatever is like it.
    Broken,
    /// Over 1 MiB.
    TooLarge,
    /// No answer ever.
    Silent,
    /// Redirected to another host.
    Elsewhere,
}

impl Case {
    const ALL: [Self; 9] = [
        Self::Present,
        Self::Absent,
        Self::Denied,
        Self::NotFound,
        Self::Throttled,
        Self::Broken,
        Self::TooLarge,
        Self::Silent,
        Self::Elsewhere,
    ];

    fn kind(self) -> Option<ErrorKind> {
        match self {
            Self::Present | Self::Absent | Self::Silent => None,
            Self::Denied => Some(ErrorKind::Denied),
            Self::NotFound => Some(ErrorKind::NotFound),
            Self::Throttled => Some(ErrorKind::Throttled),
            Self::Broken | Self::Elsewhere => Some(ErrorKind::Protocol),
            Self::TooLarge => Some(ErrorKind::TooLarge),
        }
    }
}

/// A place that was set up, and the hop that reads it.
pub(crate) struct Stand {
    pub settings: Value,
    pub connections: Connections,
    /// The key of [`Case::Present`].
    pub key: &'static [u8],
    #[expect(dead_code, reason = "the place goes when this is dropped")]
    pub keep: Box<dyn Any>,
}

impl Stand {
    /// A place that the usual connections reach.
    pub fn new(settings: Value, keep: impl Any) -> Self {
        Self {
            settings,
            connections: connections([]),
            key: KEY,
            keep: Box::new(keep),
        }
    }
}

impl Stand {
    /// A place in a store, declared with these settings, which the hop names.
    pub fn at(store: Value, mut settings: Value, keep: impl Any) -> Self {
        settings["store"] = "stand".into();
        Self {
            settings,
            connections: declared(&store),
            key: KEY,
            keep: Box::new(keep),
        }
    }

    /// Holds [`TEXT`], since it takes no other bytes.
    pub fn of_text(mut self) -> Self {
        self.key = TEXT.as_bytes();
        self
    }
}

/// A source whose cases can be set up.
pub(crate) trait Conforming: Source {
    /// `None` where it cannot meet the case.
    fn stand(case: Case) -> Option<Stand>;
}

#[tokio::test]
async fn every_case_is_read_as_what_it_is() {
    for id in infos().iter().map(|info| info.id) {
        let mut met = 0;
        for case in Case::ALL {
            let Some(stand) = stand(id, case) else {
                continue;
            };
            met += 1;
            let hop = parse(id, &stand.settings).unwrap().unwrap();
            assert_eq!(hop.check(), Ok(()), "{id} {case:?}");
            let reading = read_all(&*hop, VARIABLE, Known::default(), &stand.connections);
            // What answers is never late, however busy the machine is.
            let patience = if case == Case::Silent { 1 } else { 600 };
            let outcome = tokio::time::timeout(Duration::from_secs(patience), reading).await;
            let told = match &outcome {
                Err(_) => "silence".to_owned(),
                Ok(Err(error)) => format!("failed: {error}"),
                Ok(Ok(readings)) => readings
                    .iter()
                    .map(|reading| told(&reading.found))
                    .collect(),
            };
            let expected = match (case, case.kind()) {
                (Case::Present, _) => String::from_utf8_lossy(stand.key).into_owned(),
                (Case::Absent, _) => "absent".to_owned(),
                (_, Some(kind)) => format!("failed: {}: ", kind.name()),
                (_, None) => "silence".to_owned(),
            };
            assert!(told.starts_with(&expected), "{id} {case:?}: {told}");
            if case == Case::Present {
                let Ok(Ok(readings)) = &outcome else {
                    panic!("{told}")
                };
                let exact =
                    |found: &Found| matches!(found, Found::Value(key) if key.expose() == stand.key);
                assert!(readings.iter().all(|reading| exact(&reading.found)), "{id}");
                // Else nobody would see what stands beside the key.
                let is_part = |reading: &Reading| {
                    let identity = reading.identity.as_ref();
                    identity.is_some_and(Identity::is_part)
                };
                let mut parts = readings.iter().filter(|reading| is_part(reading));
                assert!(parts.all(|reading| reading.whole.is_some()), "{id}");
                let in_parts = ["aws_ecs", "aws_lambda", "docker", "process", "systemd"];
                let is_seen = |reading: &Reading| reading.whole.is_some();
                assert!(
                    !in_parts.contains(&id) || readings.iter().all(is_seen),
                    "{id}"
                );
            }
            assert_eq!(told, escape(&told).replace("\\n", "\n"), "{id} {case:?}");
        }
        assert!(
            met >= 2 && stand(id, Case::Present).is_some(),
            "{id} is hardly tried"
        );
    }
}

#[tokio::test]
async fn an_answer_in_an_encoding_that_nobody_asked_for_is_never_a_value() {
    for name in ["br", "compress", "gzip, deflate"] {
        let mut asked = 0;
        for id in infos().iter().map(|info| info.id) {
            let (stand, servers) = encoding(name, || stand(id, Case::Present));
            let Some(stand) = stand.filter(|_| servers > 0) else {
                continue;
            };
            asked += 1;
            let hop = parse(id, &stand.settings).unwrap().unwrap();
            match read_all(&*hop, VARIABLE, Known::default(), &stand.connections).await {
                Err(error) => assert!(error.message.contains("nobody asked for"), "{id}: {error}"),
                Ok(readings) => {
                    for reading in &readings {
                        let told = told(&reading.found);
                        assert!(told.starts_with("failed: "), "{id} {name}: {told}");
                    }
                }
            }
        }
        assert!(asked >= 10, "only {asked} sources were asked");
    }
}

#[test]
fn every_source_is_documented() {
    let mut ids: Vec<_> = infos().iter().map(|info| info.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), infos().len(), "two sources have one name");
    for info in infos() {
        let named = |letter: char| letter.is_ascii_lowercase() || letter == '_';
        assert!(info.id.chars().all(named), "{}", info.id);
        for text in [info.title, info.permission, info.tested] {
            assert!(
                !text.is_empty() && !text.ends_with('.'),
                "{}: {text}",
                info.id
            );
        }
        for text in [info.title, info.tested] {
            assert!(!text.starts_with(char::is_uppercase), "{}: {text}", info.id);
        }
        assert!(!info.proves.is_empty(), "{} proves nothing", info.id);
        assert!(
            info.manual.ends_with('.') && info.manual.len() > 100,
            "{}",
            info.id
        );
    }
}

#[test]
fn every_setting_has_a_description() {
    let mut generator = schemars::SchemaGenerator::default();
    for (id, schema) in schemas(&mut generator) {
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

/// The hops of a source's example.
fn example(id: &str) -> Vec<Value> {
    let info = infos().into_iter().find(|info| info.id == id).unwrap();
    let hops: Vec<serde_json::Map<String, Value>> = serde_yaml::from_str(info.example).unwrap();
    assert!(!hops.is_empty());
    hops.into_iter()
        .map(|mut hop| hop.remove(id).unwrap())
        .collect()
}

#[test]
fn every_example_works() {
    for id in infos().iter().map(|info| info.id) {
        for settings in example(id) {
            let hop = parse(id, settings.clone()).unwrap().unwrap();
            assert_eq!(hop.check(), Ok(()), "{id}: {settings}");
            harmless(&*hop, VARIABLE);
            assert!(hop.same(&*parse(id, settings).unwrap().unwrap()));
        }
    }
}

#[test]
fn hostile_settings_stay_harmless_and_unknown_ones_are_refused() {
    const HOSTILE: &str = "http://x/\u{1b}[31m\r\n\u{202e}\u{200b}\u{9b}'";
    for id in infos().iter().map(|info| info.id) {
        let mut parsed = 0;
        for settings in example(id) {
            for hostile in poisoned(&settings, HOSTILE) {
                let Ok(hop) = parse(id, hostile).unwrap() else {
                    continue;
                };
                parsed += 1;
                if let Err(why) = hop.check() {
                    assert_eq!(why, escape(&why), "{id}");
                }
                harmless(&*hop, HOSTILE);
            }
            let mut unknown = settings;
            unknown["no_such_setting"] = Value::Null;
            assert!(parse(id, unknown).unwrap().is_err(), "{id}");
        }
        assert!(parsed > 0, "{id} takes no text at all");
    }
    assert!(parse("no_such_source", Value::Null).is_none());
}

/// The settings, each time with one text in them replaced.
fn poisoned(settings: &Value, hostile: &str) -> Vec<Value> {
    let within = |key: &dyn Fn(&mut Value) -> &mut Value, value: &Value| -> Vec<Value> {
        poisoned(value, hostile)
            .into_iter()
            .map(|poison| {
                let mut whole = settings.clone();
                *key(&mut whole) = poison;
                whole
            })
            .collect()
    };
    match settings {
        Value::String(_) => vec![Value::String(hostile.to_owned())],
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| within(&|whole| &mut whole[name], value))
            .collect(),
        Value::Array(items) => (0..items.len())
            .flat_map(|index| within(&|whole| &mut whole[index], &items[index]))
            .collect(),
        _ => Vec::new(),
    }
}

/// What a hop says of itself is short, there, and changes no terminal.
fn harmless(hop: &dyn AnySource, variable: &str) {
    let at = At::of(variable);
    for text in [
        hop.location(at),
        hop.remedy(at, &crate::source::Case::default()),
    ] {
        assert!(!text.is_empty());
        assert_eq!(text, escape(&text), "{}", hop.info().id);
        assert!(!text.contains('\n'));
    }
    let remedy = hop.remedy(at, &crate::source::Case::default());
    assert!(remedy.starts_with(|first: char| first.is_lowercase()) && !remedy.ends_with('.'));
}
