//! Random keys, without a format: what is seen of the rest of a value.

use data_encoding::{BASE64, HEXLOWER};

use super::super::{Keyring, Known, ProjectId};
use super::*;
use crate::key::Secret;

const OWN: ProjectId = ProjectId(0);
const CURRENT: KeyId = KeyId::current(OWN);
const PREVIOUS: KeyId = KeyId::previous(OWN, 0);
const OLD: &str = "kq7Zr2VmW9xT4bLp8NcYd3HsGf6JuAe1";
const NEW: &str = "Pw5Ry8KtQ3vXz7MnBj2LgHd4Sc9FfUa6";

fn ring() -> Keyring {
    let value = |id, key: &str| Known::by_value(id, Secret::copied(key.as_bytes()));
    Keyring::new(vec![value(CURRENT, NEW), value(PREVIOUS, OLD)], &["K"])
}

/// The forms of the old key that are told from the bytes.
fn damaged() -> [String; 5] {
    let changed = format!("{}!{}", &OLD[..5], &OLD[6..]);
    [
        OLD.to_lowercase(),
        OLD[..31].to_owned(),
        OLD[..20].to_owned(),
        changed.replace('!', "x"),
        HEXLOWER.encode(HEXLOWER.encode(OLD.as_bytes()).as_bytes()),
    ]
}

#[test]
fn a_damaged_old_key_beside_the_current_one_is_found() {
    let ring = ring();
    for old in damaged() {
        for value in [
            format!(r#"{{"k":"{NEW}","old":"{old}"}}"#),
            format!("{NEW},{old}"),
            format!("{NEW} # was {old}"),
            format!("{old}={NEW}"),
            format!("https://{NEW}@host/{old}"),
            BASE64.encode(format!(r#"{{"k":"{NEW}","old":"{old}"}}"#).as_bytes()),
        ] {
            let found = ring.explain_value(OWN, value.as_bytes()).unwrap();
            assert_eq!(found.keys, [PREVIOUS, CURRENT], "{value}");
        }
    }
}

#[test]
fn what_nothing_explains_beside_the_current_key_is_left_open() {
    let ring = ring();
    let reversed: String = OLD.chars().rev().collect();
    let dashed = format!("{}-{}-{}", &OLD[..8], &OLD[8..20], &OLD[20..]);
    for rest in [
        reversed,
        dashed,
        "H4sIAAAAAAAC/8suNI8qMgrLDbesCDFJ8imw8EuOTDH2KHY3yw".to_owned(),
        "AYag4hf7+aktlcEqRZwx==".to_owned(),
        "abcdefghijklmnopqrst".to_owned(),
        "aZq81Lpb".to_owned(),
    ] {
        for value in [
            format!(r#"{{"k":"{NEW}","old":"{rest}"}}"#),
            format!("{NEW},{rest}"),
            format!("{NEW} # was {rest}"),
        ] {
            let found = ring.explain_value(OWN, value.as_bytes()).unwrap();
            assert_eq!(found.keys, [CURRENT], "{value}");
            assert!(found.inside.unwrap().open, "{value}");
        }
    }
    let halves = format!(r#"["{NEW}","{}","{}"]"#, &STRANGER[..16], &STRANGER[16..]);
    let found = ring.explain_value(OWN, halves.as_bytes()).unwrap();
    assert!(found.inside.unwrap().open);
    // The name before a key is no exception.
    let named = format!("Q7w2E9r4T6y1={NEW}");
    let found = ring.explain_value(OWN, named.as_bytes()).unwrap();
    assert!(found.inside.unwrap().open);
    // Nor is what was too much to look at.
    let many: String = (0..=WORDS)
        .map(|index| format!("word-no-{index} "))
        .collect();
    let found = ring
        .explain_value(OWN, format!("{many}{NEW}").as_bytes())
        .unwrap();
    assert!(found.inside.unwrap().open);
}

const STRANGER: &str = "Qw2ErT5yUi8OpA1sDf4GhJ7kLz0XcVb3";

#[test]
fn names_and_words_beside_the_current_key_leave_nothing_open() {
    let ring = ring();
    for value in [
        format!(r#"{{"api_key":"{NEW}"}}"#),
        format!(r#"{{"allstakApiKeyProduction":"{NEW}","environment":"production"}}"#),
        format!("https://{NEW}@host/1"),
        format!("https://{NEW}@o4505123456789.ingest.sentry.io/4507123456789"),
        format!("redis://user:{NEW}@prod-cache-01.example.com:6379/0"),
        format!("{NEW} # prod"),
        format!("{NEW} # rotated on 2026-11-27 by ops@example.com"),
        format!(
            "DATABASE_HOST_2=db01.internal\nexport ALLSTAK_API_KEY=\"{NEW}\"\nLOG_LEVEL=info\n"
        ),
        format!("KEY={NEW}"),
        format!("{NEW},{NEW}"),
        format!("<{NEW}>"),
        format!("${{ALLSTAK_API_KEY:-{NEW}}}"),
    ] {
        let found = ring.explain_value(OWN, value.as_bytes()).unwrap();
        assert_eq!(found.keys, [CURRENT], "{value}");
        assert!(found.inside.is_none_or(|inside| !inside.open), "{value}");
    }
}

#[test]
fn a_damaged_old_key_in_a_text_that_asks_for_one_is_found() {
    let ring = ring();
    for old in damaged() {
        for text in [
            "<OLD>",
            "${K:-OLD}",
            "${OLD}",
            "{{ OLD }}",
            "{{ .Values.key | OLD }}",
            "<insert OLD here>",
            "%OLD%",
        ] {
            let value = text.replace("OLD", &old);
            let found = ring.explain_value(OWN, value.as_bytes());
            assert_eq!(
                found.map(|found| found.keys),
                Some(vec![PREVIOUS]),
                "{value}"
            );
        }
    }
}

#[test]
fn only_what_may_be_a_key_is_more_than_a_placeholder() {
    let ring = ring();
    for text in ["<OLD>", "${K:-OLD}", "{{ OLD }}", "# was OLD"] {
        let value = text.replace("OLD", STRANGER);
        let sighting = ring.look_into(OWN, value.as_bytes());
        assert!(sighting.explanation.is_none(), "{value}");
        assert!(ring.may_hide_within(&sighting), "{value}");
    }
    for text in [
        "<your-api-key-here>",
        "${NAME}",
        "${ALLSTAK_API_KEY_2:-changeme}",
        "{{ .Values.apiKey }}",
        "{{ .Values.allstak.productionApiKey }}",
        "${{ secrets.ALLSTAK_API_KEY }}",
        "<xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx>",
        "changeme",
        "undefined",
        "***",
        "# set in production",
    ] {
        let sighting = ring.look_into(OWN, text.as_bytes());
        assert!(sighting.explanation.is_none(), "{text}");
        assert!(!ring.may_hide_within(&sighting), "{text}");
    }
}
