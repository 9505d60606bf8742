//! Every shape of a larger value, with keys known by value and by fingerprint, with a format and
//! without.

mod several;

use std::sync::Arc;

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use proptest::prelude::*;

use super::*;
use crate::key::Secret;
use crate::keyring::{KeyId, Known};

const NEW: &str = "ask_live_4Vq8ZkT2mWc7RbX1sYdN6hJp3FgLe9Ua";
const OLD: &str = "ask_live_Zp3LmX8vQe5TnC1yWk7HdRs2JbGf6Ua9";
const OTHER: &str = "ask_live_Gx7BnP4wLs9KjV2tCm6QfYh1RdZe8Ta5";
const STRANGER: &str = "ask_live_Qw2ErT5yUi8OpA1sDf4GhJ7kLz0XcVb3";
const OWN: ProjectId = ProjectId(0);

const CURRENT: KeyId = KeyId::current(ProjectId(0));
const PREVIOUS: KeyId = KeyId::previous(ProjectId(0), 0);
const FOREIGN: KeyId = KeyId::current(ProjectId(1));

fn value(id: KeyId, key: &str) -> Known {
    Known::by_value(id, Secret::copied(key.as_bytes()))
}

fn print(id: KeyId, key: &str) -> Known {
    Known::by_fingerprint(id, Fingerprint::of(key.as_bytes()).cut(Digits::DEFAULT))
}

fn format() -> Arc<Format> {
    Arc::new(Format::new("^ask_live_[A-Za-z0-9]{32}$").unwrap())
}

/// All by value; the old one by fingerprint, with a format and without.
fn rings() -> [(&'static str, Keyring); 3] {
    let [new, other] = [(CURRENT, NEW), (FOREIGN, OTHER)];
    let ring = |old: Known| {
        let known = vec![value(new.0, new.1), old, value(other.0, other.1)];
        Keyring::new(known, &["KEY"])
    };
    let format = format();
    [
        ("by value", ring(value(PREVIOUS, OLD))),
        (
            "by fingerprint and format",
            ring(print(PREVIOUS, OLD)).with_formats([Some(&format), Some(&format)]),
        ),
        ("by fingerprint alone", ring(print(PREVIOUS, OLD))),
    ]
}

fn names(explanation: &Explanation) -> String {
    let names: Vec<_> = explanation
        .damage
        .iter()
        .map(|damage| damage.name())
        .collect();
    names.join(" ")
}

/// What stands around a key, under the name it is given.
fn shapes(key: &str) -> Vec<(String, &'static str)> {
    let base64 = |text: String| BASE64.encode(text.as_bytes());
    let wrapped = format!("{}\n    {}", &key[..20], &key[20..]);
    let escaped: String = key.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    let json = format!(r#"{{"a":1,"b":{{"api_key":"{key}"}}}}"#);
    vec![
        (format!(r#"{{"api_key":"{key}"}}"#), "inside-json"),
        (format!(" [\n \"{key}\"\n]\n"), "inside-json"),
        (json.clone(), "inside-json"),
        (
            format!(r#"{{"dsn":"https://{key}@host/1"}}"#),
            "inside-json",
        ),
        (
            format!(r#"{{"api_key":"{escaped}"}}"#),
            "json-escaped inside-json",
        ),
        (format!("https://{key}@host/1"), "inside-url"),
        (format!("https://user:{key}@host/1"), "inside-url"),
        (format!("https://host/?key={key}&a=1"), "inside-url"),
        (format!("{STRANGER},{key}"), "inside-list"),
        (format!("{key}, \"{STRANGER}\""), "inside-list"),
        (format!("{STRANGER};{key}"), "inside-list"),
        (format!("{STRANGER}|{key}|"), "inside-list"),
        (format!("{STRANGER} {key}"), "inside-list"),
        (format!("{key} # prod"), "inline-comment"),
        (format!("{key}  // prod, since May"), "inline-comment"),
        (format!("{key} ; prod"), "inline-comment"),
        (format!("\"{key}\" # prod"), "inline-comment double-quotes"),
        (
            format!("KEY='{key}' # prod"),
            "inline-comment variable-prefix single-quotes",
        ),
        (format!("<{key}>"), "bracketed"),
        (format!("${{{key}}}"), "bracketed"),
        (format!("{{{{ {key} }}}}"), "bracketed"),
        (format!("$({key})"), "bracketed"),
        (format!("[{key}]\n"), "bracketed"),
        (format!("%{key}%"), "bracketed"),
        (format!("\"<{key}>\""), "bracketed"),
        (
            format!("[allstak]\nname = shop\napi_key = {key}\n"),
            "surrounded",
        ),
        (format!("A=1\nexport KEY=\"{key}\"\nB=2\n"), "surrounded"),
        (format!("run --key {key} --fast"), "surrounded"),
        (format!("X-Key: {key}\r\nHost: a"), "surrounded"),
        (format!("k: |\n  {wrapped}\nnext: 1"), "surrounded"),
        (wrapped, "whitespace-inside"),
        (format!("curl 'h?k=%22{key}%22'"), "surrounded"),
        (format!("run k%3D{key}%26x"), "surrounded"),
        (format!("k=&quot;{key}&quot; b"), "surrounded"),
        (
            format!("Basic {}", base64(format!("{key}:"))),
            "surrounded base64 surrounded",
        ),
        (
            format!(
                r#"{{"auths":{{"h":{{"auth":"{}"}}}}}}"#,
                base64(format!("user:{key}"))
            ),
            "inside-json base64 surrounded",
        ),
        (base64(json.clone()), "base64 inside-json"),
        (
            format!("data:{}", base64(json.clone())),
            "surrounded base64 inside-json",
        ),
        (HEXLOWER.encode(json.as_bytes()), "hex inside-json"),
        (
            format!(
                "a.{}.b",
                BASE64URL_NOPAD.encode(format!(r#"{{"k":"{key}"}}"#).as_bytes())
            ),
            "surrounded base64 inside-json",
        ),
        (
            format!("--k={}", base64(key.to_owned())),
            "surrounded base64",
        ),
        (
            key.bytes()
                .flat_map(|byte| [char::from(byte), '\0'])
                .collect(),
            "utf-16",
        ),
    ]
}

/// Where the whole value is the key and nothing but the key, only damaged.
fn is_a_whole_form(name: &str) -> bool {
    matches!(name, "whitespace-inside" | "utf-16")
}

#[test]
fn a_key_is_found_in_every_shape_and_keeps_its_name() {
    for (how, ring) in rings() {
        for (known, key) in [(CURRENT, NEW), (PREVIOUS, OLD), (FOREIGN, OTHER)] {
            for (value, expected) in shapes(key) {
                let found = ring.explain_value(OWN, value.as_bytes());
                let shown = format!("{how}: {value:?} {known:?}");
                let found = found.expect(&shown);
                assert_eq!(found.keys, [known], "{shown}");
                // By its bytes it is found before anything around it is decoded.
                let by_bytes = ring
                    .known()
                    .any(|other| other.id() == known && other.secret().is_some());
                if by_bytes {
                    assert_eq!(names(&found), expected, "{shown}");
                }
                assert!(
                    !found.damage.is_empty() && found.inside.is_some() != is_a_whole_form(expected),
                    "{shown}"
                );
            }
        }
    }
}

/// Only a worse key that stands beside it would outweigh what the whole value is.
#[test]
fn a_whole_form_keeps_its_name_though_the_same_key_is_found_inside() {
    for (how, ring) in rings() {
        for (known, key) in [(CURRENT, NEW), (PREVIOUS, OLD), (FOREIGN, OTHER)] {
            for (value, expected) in [
                (format!("KEY={key}"), "variable-prefix"),
                (format!("OTHER_NAME={key}"), "variable-prefix"),
                (format!("KEY=\"{key}\""), "variable-prefix double-quotes"),
                (
                    format!("export KEY='{key}'\n"),
                    "trailing-newline variable-prefix single-quotes",
                ),
                (format!("X-Key: {key}"), "variable-prefix"),
                (format!("Bearer {key}"), "bearer-prefix"),
            ] {
                let found = ring.explain_value(OWN, value.as_bytes()).unwrap();
                assert_eq!(found.keys, [known], "{how}: {value}");
                assert_eq!(names(&found), expected, "{how}: {value}");
            }
        }
    }
}

#[test]
fn a_key_within_another_known_key_is_not_there() {
    let longer = format!("{OLD}-2");
    let ring = Keyring::new(vec![value(CURRENT, &longer), value(PREVIOUS, OLD)], &[]);
    let keys = |text: String| {
        ring.explain_value(OWN, text.as_bytes())
            .map(|found| found.keys)
    };
    assert_eq!(keys(format!("<{longer}>")), Some(vec![CURRENT]));
    assert_eq!(
        keys(format!("<{longer}>{OLD}")),
        Some(vec![PREVIOUS, CURRENT])
    );
    assert_eq!(keys(format!("<{OLD}>")), Some(vec![PREVIOUS]));
}

#[test]
fn what_holds_no_key_is_unexplained() {
    for (how, ring) in rings() {
        for value in [
            STRANGER.to_owned(),
            format!("{{\"api_key\":\"{STRANGER}\"}}"),
            format!("{} {}", &NEW[..20], &OLD[..20]),
            "postgres://user@host/db".to_owned(),
            "ask_live_".repeat(30),
        ] {
            assert_eq!(
                ring.explain_value(OWN, value.as_bytes()),
                None,
                "{how}: {value}"
            );
        }
    }
}

#[test]
fn parts_that_may_be_keys_are_kept_for_what_is_learned_later() {
    let format = format();
    let formats = [Some(&format)];
    let before = Keyring::new(vec![value(CURRENT, NEW)], &[]).with_formats(formats);
    let after = Keyring::new(vec![value(CURRENT, NEW), print(PREVIOUS, OLD)], &[]);
    for (text, known, damage) in [
        (format!("<{OLD}>"), None, "bracketed"),
        (format!("{NEW},{OLD}"), Some(vec![CURRENT]), "inside-list"),
        (format!("{{\"k\":\"{OLD}\"}}"), None, "inside-json"),
    ] {
        let sighting = before.look_into(OWN, text.as_bytes());
        assert_eq!(
            sighting.explanation.map(|found| found.keys),
            known,
            "{text}"
        );
        assert!(sighting.looks_like_key, "{text}");
        let found = after.explain_fragments(OWN, &sighting.fragments).unwrap();
        assert_eq!(found.keys[0], PREVIOUS, "{text}");
        assert_eq!(names(&found), damage, "{text}");
    }
    // Where there is no format, words are kept.
    let formless = Keyring::new(vec![value(CURRENT, NEW)], &[]);
    let sighting = formless.look_into(OWN, format!("key {OLD} of May").as_bytes());
    assert!(after.explain_fragments(OWN, &sighting.fragments).is_some());
    // Nothing is kept where everything is known.
    let sighting = before.look_into(OWN, format!("{NEW} # prod").as_bytes());
    assert!(sighting.fragments.is_empty() && !sighting.looks_like_key);
}

#[test]
fn names_and_masks_that_fit_a_format_are_no_keys() {
    let wide = Arc::new(Format::new("^[A-Za-z0-9_-]{8,64}$").unwrap());
    let ring = Keyring::new(vec![value(CURRENT, NEW)], &[]).with_formats([Some(&wide)]);
    for value in [
        "${ALLSTAK_API_KEY}",
        "<your-api-key>",
        "{{ secrets.allstak_key }}",
        "<ask_live_xxxxxxxxxxxxxxxx>",
        "[REDACTED]",
    ] {
        assert!(
            !ring.look_into(OWN, value.as_bytes()).looks_like_key,
            "{value}"
        );
    }
    assert!(
        ring.look_into(OWN, b"<Zp3LmX8vQe5TnC1yWk7H>")
            .looks_like_key
    );
}

#[test]
fn a_key_that_could_not_be_looked_for_is_left_open() {
    for ((how, ring), open) in rings().into_iter().zip([false, false, true]) {
        let found = ring
            .explain_value(OWN, format!("{NEW} # a").as_bytes())
            .unwrap();
        assert_eq!(found.inside.unwrap().open, open, "{how}");
    }
    // Found, it is open no longer.
    let [.., (_, ring)] = rings();
    let found = ring
        .explain_value(OWN, format!("{NEW},{OLD}").as_bytes())
        .unwrap();
    assert!(!found.inside.unwrap().open);
    // What is learned later closes nothing.
    let sighting = ring.look_into(OWN, format!("{NEW} # some-other-words").as_bytes());
    let found = ring.explain_fragments(OWN, &sighting.fragments).unwrap();
    assert!(found.inside.unwrap().open);
    // Too short to be looked for.
    let short = Keyring::new(vec![value(CURRENT, NEW), value(PREVIOUS, "Zq81Lp")], &[]);
    let found = short
        .explain_value(OWN, format!("{NEW},Zq81Lp").as_bytes())
        .unwrap();
    assert!(found.inside.unwrap().open);
}

/// A format may have been added or changed after the key was replaced.
#[test]
fn what_a_known_key_would_be_decoded_leaves_nothing_open() {
    // Its letters and its length are those of base64.
    let key = "sk-q7llpw1cuzb5-q7yiz7zbzb8qi3bnv8jrm3sv";
    let format = Arc::new(Format::new("^sk-[a-z0-9]{12}-[a-z0-9]{24}$").unwrap());
    let old = print(PREVIOUS, "sk-aaaaaaaaaaa1-aaaaaaaaaaaaaaaaaaaaaaa1");
    let ring = Keyring::new(vec![value(CURRENT, key), old], &["KEY"]);
    let ring = ring.with_formats([Some(&format)]);
    for text in [
        format!("https://{key}@ingest.test/1"),
        format!("{{\"a\":\"{key}\"}}"),
    ] {
        let found = ring.explain_value(OWN, text.as_bytes()).unwrap();
        assert!(!found.inside.unwrap().open, "{text}");
    }
}

#[test]
fn a_key_that_does_not_fit_the_format_is_found_or_left_open() {
    const LEGACY: &str = "legacy-7Hq2Zx9Wv4Lm1Tn8";
    let format = format();
    let ring = Keyring::new(vec![value(CURRENT, NEW), print(PREVIOUS, LEGACY)], &["KEY"]);
    let ring = ring.with_formats([Some(&format)]);
    for text in [
        format!("{{\"a\":\"{NEW}\",\"b\":\"{LEGACY}\"}}"),
        format!("{NEW},{LEGACY}"),
        format!("{NEW} # was {LEGACY}"),
        format!("https://{LEGACY}@host/{NEW}"),
        BASE64.encode(format!("{NEW},{LEGACY}").as_bytes()),
    ] {
        let found = ring.explain_value(OWN, text.as_bytes()).unwrap();
        assert_eq!(found.keys, [PREVIOUS, CURRENT], "{text}");
        assert!(!found.inside.unwrap().open, "{text}");
    }
    for (text, open) in [
        // Other words, or the key glued to one: it may be.
        (format!("{{\"a\":\"{NEW}\",\"b\":\"x{LEGACY}x\"}}"), true),
        (format!("{NEW},{LEGACY}8"), true),
        (format!("{NEW} # {STRANGER}"), true),
        (BASE64.encode(format!("{NEW},x{LEGACY}").as_bytes()), true),
        (format!("{NEW} # correcthorsebatterystaple"), true),
        (format!("https://host/v1{LEGACY}?key={NEW}"), true),
        (format!("https://host.test/v1234?key={NEW}"), true),
        // Nothing that is long enough, or only names and words.
        (format!("{{\"api_key\":\"{NEW}\"}}"), false),
        (format!("https://{NEW}@host/1"), false),
        (format!("https://host.test/v1?key={NEW}&region=eu"), false),
        (format!("{NEW} # rotated 2026-11-20"), false),
        (
            format!("Basic {}", BASE64.encode(format!("user:{NEW}").as_bytes())),
            false,
        ),
        (
            format!(
                "ALLSTAK_API_KEY={NEW}\nAUTH0_TENANT_NAME=shop\nNODE_ENV=production\nPORT=8080\n"
            ),
            false,
        ),
    ] {
        let found = ring.explain_value(OWN, text.as_bytes()).unwrap();
        assert_eq!(found.keys, [CURRENT], "{text}");
        assert_eq!(found.inside.unwrap().open, open, "{text}");
    }
}

#[test]
fn the_default_of_a_reference_may_be_a_key() {
    for (how, ring) in rings() {
        for text in [
            "${KEY:-OLD}",
            "${KEY:=OLD}",
            "${KEY:+OLD}",
            "$(: -OLD)",
            "--key=-OLD.",
        ] {
            let value = text.replace("OLD", OLD);
            let found = ring.explain_value(OWN, value.as_bytes());
            let keys = found.map(|found| found.keys);
            assert_eq!(keys, Some(vec![PREVIOUS]), "{how}: {text}");
        }
    }
}

#[test]
fn a_key_too_short_for_a_search_is_found_inside_a_placeholder() {
    const SHORT: &str = "Zq81Lp";
    for old in [value(PREVIOUS, SHORT), print(PREVIOUS, SHORT)] {
        let ring = Keyring::new(vec![value(CURRENT, NEW), old], &["KEY"]);
        for text in [
            "<Zq81Lp>",
            "\"< Zq81Lp >\"\n",
            "${KEY-Zq81Lp}",
            "${KEY:-Zq81Lp}",
            "${KEY:=\"Zq81Lp\"}",
            "{{ Zq81Lp }}",
            "${Zq81Lp}",
            "%Zq81Lp%",
        ] {
            let found = ring.explain_value(OWN, text.as_bytes());
            assert_eq!(
                found.map(|found| found.keys),
                Some(vec![PREVIOUS]),
                "{text}"
            );
        }
        // Glued to other signs it cannot be looked for, and is not ruled out either.
        for (text, may_hide) in [
            ("<aZq81Lpb>", true),
            ("${KEY-xZq81Lp}", true),
            ("<your-key-here>", false),
            ("${KEY}", false),
            ("${KEY:-changeme}", false),
            ("changeme", false),
            ("***", false),
        ] {
            let sighting = ring.look_into(OWN, text.as_bytes());
            assert!(sighting.explanation.is_none(), "{text}");
            assert_eq!(ring.may_hide_within(&sighting), may_hide, "{text}");
        }
    }
    // Where a format tells what the old key looks like, it would have been found.
    let format = format();
    let told = Keyring::new(vec![value(CURRENT, NEW), print(PREVIOUS, OLD)], &[]);
    let told = told.with_formats([Some(&format)]);
    let sighting = told.look_into(OWN, b"<aZ8Lpb>");
    assert!(!told.may_hide_within(&sighting));
}

#[test]
fn it_is_said_how_the_key_would_be_read() {
    let format = format();
    let ring = Keyring::new(vec![value(CURRENT, NEW)], &[]).with_formats([Some(&format)]);
    let json = |pointer: &str| Some(Way::Json(pointer.into()));
    let dotenv = |name: &str| Some(Way::Dotenv(name.into()));
    for (text, way) in [
        (format!(r#"{{"api_key": "{NEW}"}}"#), json("/api_key")),
        (
            format!(r#"{{"a": [{{"b.c": 1}}, {{"x": "{NEW}"}}]}}"#),
            json("/a/1/x"),
        ),
        (format!(r#"{{"a\"b": 1, "k": "{NEW}"}}"#), json("/k")),
        (format!(r#"{{"dsn": "https://{NEW}@h/1"}}"#), None),
        // Names that may be keys, or more than names, are not told.
        (format!(r#"{{"{STRANGER}": "{NEW}"}}"#), None),
        (format!(r#"{{"a b": "{NEW}"}}"#), None),
        (format!(r#"{{"0123456789abcdef0123": "{NEW}"}}"#), None),
        (format!("https://{NEW}@host/1"), Some(Way::Url("user"))),
        (
            format!("https://u:{NEW}@host/1"),
            Some(Way::Url("password")),
        ),
        (format!("https://host/{NEW}"), Some(Way::Url("path"))),
        (format!("https://host/a#{NEW}"), Some(Way::Url("fragment"))),
        (format!("https://host/?k={NEW}"), None),
        (format!("A=1\nKEY=\"{NEW}\" # x\nB=2"), dotenv("KEY")),
        (format!("[s]\nkey = {NEW}\n"), dotenv("key")),
        (format!("KEY={NEW}\nKEY=other"), None),
        (format!("{STRANGER}={NEW}\nA=1"), None),
        (format!("<{NEW}>"), None),
    ] {
        let found = ring.explain_value(OWN, text.as_bytes()).unwrap();
        assert_eq!(found.inside.unwrap().way, way, "{text}");
    }
}

#[test]
fn what_surrounds_a_key_is_told_by_the_format_alone() {
    let format = format();
    for (value, expected) in [
        (format!("<{OLD}>"), Some("bracketed")),
        (format!("{{\"k\":\"{OLD}\"}}"), Some("inside-json")),
        (
            format!("\"{OLD}\" # prod"),
            Some("inline-comment double-quotes"),
        ),
        (format!("{OLD},{NEW}"), Some("inside-list")),
        (OLD.to_owned(), None),
        (
            "<ask_live_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx>".to_owned(),
            None,
        ),
        ("${ALLSTAK_API_KEY}".to_owned(), None),
    ] {
        let found = surrounding(value.as_bytes(), &format);
        let names = found.map(|damage| {
            let names: Vec<_> = damage.iter().map(|damage| damage.name()).collect();
            names.join(" ")
        });
        assert_eq!(names.as_deref(), expected, "{value}");
    }
}

/// How many texts and windows a value makes, not how long it takes, says whether it is bounded.
#[test]
fn values_made_to_take_long_are_bounded() {
    let [_, (_, with_format), (_, alone)] = rings();
    for value in [
        "{\"a\":".repeat(20_000),
        "%25".repeat(30_000),
        "\\\\".repeat(50_000),
        "&amp;".repeat(20_000),
        BASE64.encode(BASE64.encode(&[b'A'; 60_000]).as_bytes()),
        format!("{} ", &OLD[..40]).repeat(3_000),
        "ask_live_0".repeat(20_000),
        "Zp3LmX8v ".repeat(20_000),
        "://".repeat(40_000),
    ] {
        let texts = Texts::new(value.as_bytes());
        let bytes: usize = texts.all.iter().map(|text| text.bytes().len()).sum();
        assert!(
            bytes <= value.len() * 25 + 256 * 1024,
            "{bytes} of {}",
            value.len()
        );
        for ring in [&with_format, &alone] {
            let sighting = ring.look_into(OWN, value.as_bytes());
            assert_eq!(sighting.explanation, None);
            assert!(sighting.fragments.len() <= KEPT);
        }
    }
}

#[test]
fn a_key_at_the_end_of_a_large_value_is_found() {
    let [(_, by_value), (_, with_format), _] = rings();
    let value = format!("{}\nKEY={OLD}\n", "# nothing to see here\n".repeat(40_000));
    for ring in [by_value, with_format] {
        let found = ring.explain_value(OWN, value.as_bytes()).unwrap();
        assert_eq!(found.keys, [PREVIOUS]);
    }
}

proptest! {
    #[test]
    fn anything_around_a_key_leaves_it_found(
        before in prop::collection::vec(any::<u8>(), 0..40),
        after in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let text = [&before[..], OLD.as_bytes(), &after].concat();
        for (how, ring) in rings() {
            let found = ring.explain_value(OWN, &text);
            prop_assert_eq!(found.map(|found| found.keys), Some(vec![PREVIOUS]), "{}", how);
        }
    }

    #[test]
    fn anything_is_taken(text in prop::collection::vec(any::<u8>(), 0..200)) {
        for (_, ring) in rings() {
            prop_assert!(ring.explain_value(OWN, &text).is_none());
        }
    }
}
