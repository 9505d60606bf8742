use data_encoding::BASE64;
use proptest::prelude::*;

use super::*;
use crate::key::{Digits, Secret};
use crate::keyring::{KeyId, Known};

const KEY: &str = "ask_live_0123456789abcdefghijABCDEFGHIJxy";
const OLD: &str = "ask_live_ZYXWVUTSRQPONMLKJIHGFEDCBA987654";

fn value(id: KeyId, key: &str) -> Known {
    Known::by_value(id, Secret::copied(key.as_bytes()))
}

/// The current key by value, the previous one by 12 digits.
fn ring() -> Keyring {
    let old = Fingerprint::of(OLD.as_bytes()).cut(Digits::DEFAULT);
    Keyring::new(
        vec![
            value(KeyId::current(ProjectId(0)), KEY),
            Known::by_fingerprint(KeyId::previous(ProjectId(0), 0), old),
        ],
        &["ALLSTAK_API_KEY"],
    )
}

fn explained(ring: &Keyring, value: impl AsRef<[u8]>) -> Option<(Vec<KeyId>, String)> {
    let found = ring.explain_value(ProjectId(0), value.as_ref())?;
    let names: Vec<_> = found.damage.iter().map(|damage| damage.name()).collect();
    Some((found.keys, names.join(" ")))
}

#[test]
fn names_go_from_the_outermost_to_the_innermost_however_deep() {
    let base64 = BASE64.encode(format!("{KEY}\n").as_bytes());
    for (value, names) in [
        (KEY.to_owned(), ""),
        (format!("\"{KEY}\"\n"), "trailing-newline double-quotes"),
        (format!("\"{KEY}\n\""), "double-quotes trailing-newline"),
        (
            format!("{base64}\r\n"),
            "trailing-crlf base64 trailing-newline",
        ),
        (format!("“{KEY}"), "unbalanced-quote"),
        (format!("\"{KEY}'"), "unbalanced-quote unbalanced-quote"),
        (format!("\"\"{KEY}\""), "double-quotes unbalanced-quote"),
        (
            format!(" export ALLSTAK_API_KEY=\"Bearer {KEY}\";\n"),
            "leading-whitespace trailing-newline variable-prefix trailing-punctuation \
             double-quotes bearer-prefix",
        ),
        (
            format!("Authorization: Bearer {KEY}"),
            "variable-prefix bearer-prefix",
        ),
        (
            format!("\"{}\"", KEY.to_lowercase()),
            "double-quotes case-changed",
        ),
        (format!("'{}'", &KEY[..30]), "single-quotes truncated-end"),
        (format!("{KEY}\\n"), "json-escaped trailing-newline"),
        (format!("{KEY}%0A"), "percent-encoded trailing-newline"),
        (KEY.replace('_', "-"), "none"),
        (KEY.replacen("live", "l\u{200b}ive", 1), "whitespace-inside"),
        (KEY.replacen('0', "ö", 1), "character-changed"),
        (KEY.replacen("01", "10", 1), "characters-swapped"),
        (KEY.replacen('5', "", 1), "character-missing"),
        (KEY[20..].to_owned(), "truncated-start"),
        (KEY[21..].to_owned(), "none"),
        (format!("{KEY}{KEY}"), "doubled"),
    ] {
        let expected =
            (names != "none").then(|| (vec![KeyId::current(ProjectId(0))], names.to_owned()));
        assert_eq!(explained(&ring(), &value), expected, "{value:?}");
    }
}

#[test]
fn a_key_known_by_fingerprint_is_recognised_where_the_form_can_be_undone() {
    for (value, names) in [
        (OLD.to_owned(), Some("")),
        (format!("{OLD}\n"), Some("trailing-newline")),
        (format!("'{OLD}'\r\n"), Some("trailing-crlf single-quotes")),
        (BASE64.encode(OLD.as_bytes()), Some("base64")),
        (format!("{OLD}\n{OLD}"), Some("doubled")),
        (OLD[1..].to_owned(), None),
    ] {
        let found = explained(&ring(), &value);
        let expected =
            names.map(|names| (vec![KeyId::previous(ProjectId(0), 0)], names.to_owned()));
        assert_eq!(found, expected, "{value:?}");
    }
}

#[test]
fn the_first_form_over_all_keys_wins_and_every_key_it_fits_is_named() {
    // Cut short they are the same; the third is what the second is with one character changed.
    let ring = Keyring::new(
        vec![
            value(KeyId::current(ProjectId(1)), "shared-start-1111"),
            value(KeyId::previous(ProjectId(0), 1), "shared-start-2222"),
            value(KeyId::next(ProjectId(0)), "shared-start-2223"),
        ],
        &[],
    );
    let all = vec![
        KeyId::next(ProjectId(0)),
        KeyId::previous(ProjectId(0), 1),
        KeyId::current(ProjectId(1)),
    ];
    assert_eq!(
        explained(&ring, "shared-start-"),
        Some((all, "truncated-end".to_owned()))
    );
    assert_eq!(
        explained(&ring, "shared-start-222"),
        Some((
            vec![KeyId::next(ProjectId(0)), KeyId::previous(ProjectId(0), 1)],
            "truncated-end".to_owned()
        ))
    );
    // A foreign key with a layer comes before an own one with a changed character.
    assert_eq!(
        explained(&ring, "shared-start-1111;"),
        Some((
            vec![KeyId::current(ProjectId(1))],
            "trailing-punctuation".to_owned()
        ))
    );
    // Equal to a known key, it is no form of another.
    assert_eq!(
        explained(&ring, "shared-start-2223"),
        Some((vec![KeyId::next(ProjectId(0))], String::new()))
    );
}

#[test]
fn short_keys_match_exactly_or_not_at_all() {
    let ring = Keyring::new(
        vec![
            value(KeyId::current(ProjectId(0)), "seven77"),
            value(KeyId::next(ProjectId(0)), ""),
        ],
        &[],
    );
    assert!(explained(&ring, "seven77").is_some());
    assert!(explained(&ring, "").is_some());
    for form in [
        "seven77\n",
        "\"seven77\"",
        "seven7",
        " ",
        "\"\"",
        "seven77seven77",
    ] {
        assert_eq!(explained(&ring, form), None, "{form:?}");
    }
}

#[test]
fn long_keys_are_recognised_when_wrapped_but_not_when_edited() {
    let long = KEY.repeat(20);
    let ring = Keyring::new(vec![value(KeyId::current(ProjectId(0)), &long)], &[]);
    let found = explained(&ring, format!("\"{long}\"\n")).unwrap();
    assert_eq!(found.1, "trailing-newline double-quotes");
    assert_eq!(explained(&ring, &long[1..]), None);
}

/// If one of these took time that grows faster than it does, this would not end.
#[test]
fn values_made_to_take_long_end() {
    let ring = ring();
    for value in [
        "\"".repeat(100_000),
        " \"';".repeat(50_000),
        "\u{a0}".repeat(50_000),
        "A=".repeat(50_000),
        "\\\\".repeat(50_000),
        "%25".repeat(20_000),
        BASE64.encode(BASE64.encode(&[b'A'; 30_000]).as_bytes()),
    ] {
        assert_eq!(explained(&ring, value), None);
    }
}

proptest! {
    #[test]
    fn takes_anything(value in prop::collection::vec(any::<u8>(), 0..100)) {
        prop_assert_eq!(explained(&ring(), value), None);
    }
}
