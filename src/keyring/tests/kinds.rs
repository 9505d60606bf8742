//! What happens to keys in the hands of other programs: each as it was seen, by its names.

use super::super::{Explanation, KeyId, Keyring, Known, ProjectId, SearchOutcome, Wire};
use crate::key::{Digits, Fingerprint, Secret};

const KEY: &str = "ask_live_7Qm2ZpX9tR4vB8nL1sD6wH3kY5cJ0gFa";
const DASHED: &str = "sk-alst-Qm2Zp9tR4v8nL1sD6wH3kY5cJ0gFaLk2Mn4P";
const DOLLARS: &str = "pk$Qm2Zp9-tR4v8nL1$$sD6wH3kY5c-J0gFa";
const PERCENTS: &str = "pk%hQm2Zp9tR4v8nL1%%sD6wH3kY5c%iJ0gFa";
const WORDS: &str = "correct horse battery  staple";
const PROPERTY: &str = "pk=Qm2Zp9:tR4v8nL1#sD6wH3";
const HTML: &str = "pk<Qm2&Zp9>tR4v8nL1'sD6wH3";

fn ring(key: &str) -> Keyring {
    let id = KeyId::current(ProjectId(0));
    let known = Known::by_value(id, Secret::copied(key.as_bytes()));
    Keyring::new(vec![known], &["ALLSTAK_API_KEY"])
}

fn names(found: &Explanation) -> String {
    let names: Vec<_> = found.damage.iter().map(|damage| damage.name()).collect();
    names.join(" ")
}

fn by_value(key: &str, value: &[u8]) -> String {
    let found = ring(key).explain_value(ProjectId(0), value);
    found.map_or_else(|| "unknown".to_owned(), |found| names(&found))
}

fn by_fingerprint(key: &str, value: &[u8]) -> String {
    let print = Fingerprint::of(value).cut(Digits::DEFAULT);
    match ring(key).search(&[(ProjectId(0), print)]).outcomes.pop() {
        Some(SearchOutcome::Explained(found)) => names(&found),
        _ => "unknown".to_owned(),
    }
}

#[track_caller]
fn assert_both(key: &str, value: impl AsRef<[u8]>, expected: &str) {
    let value = value.as_ref();
    let shown = value.escape_ascii();
    assert_eq!(by_value(key, value), expected, "by value: {shown}");
    assert_eq!(
        by_fingerprint(key, value),
        expected,
        "by fingerprint: {shown}"
    );
}

#[track_caller]
fn assert_by_value(key: &str, value: impl AsRef<[u8]>, expected: &str) {
    let value = value.as_ref();
    assert_eq!(by_value(key, value), expected, "{}", value.escape_ascii());
}

fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn utf_16_of_either_order_with_and_without_a_mark() {
    let little = u16::to_le_bytes;
    let big = u16::to_be_bytes;
    assert_both(KEY, utf_16(KEY, little), "utf-16");
    assert_both(KEY, utf_16(KEY, big), "utf-16");
    assert_both(KEY, utf_16(&format!("\u{feff}{KEY}"), little), "utf-16");
    let windows = utf_16(&format!("\u{feff}{KEY}\r\n"), little);
    assert_both(KEY, windows, "utf-16 trailing-crlf");
    // What a shell leaves of it, which drops zero bytes.
    assert_both(KEY, [b"\xff\xfe", KEY.as_bytes()].concat(), "utf-16");
    let left = [b"\xff\xfe", KEY.as_bytes(), b"\r"].concat();
    assert_by_value(KEY, left, "trailing-carriage-return utf-16");
}

#[test]
fn what_a_terminal_puts_around() {
    assert_both(
        KEY,
        format!("\u{1b}[200~{KEY}\u{1b}[201~"),
        "bracketed-paste",
    );
    assert_both(KEY, format!("200~{KEY}201~"), "bracketed-paste");
    assert_both(KEY, format!("[200~{KEY}"), "bracketed-paste");
    assert_both(KEY, format!("{KEY}201~"), "bracketed-paste");
    assert_both(
        KEY,
        format!("\u{1b}[200~{KEY}\n\u{1b}[201~"),
        "bracketed-paste trailing-newline",
    );
    let grep = format!("\u{1b}[01;31m\u{1b}[K{KEY}\u{1b}[m\u{1b}[K");
    assert_both(KEY, &grep, "terminal-escapes");
    assert_both(KEY, format!("\u{1b}[32m{KEY}\u{1b}[0m"), "terminal-escapes");
    assert_by_value(
        KEY,
        format!("{grep}\n"),
        "trailing-newline terminal-escapes",
    );
    assert_by_value(
        KEY,
        format!("\u{1b}[38;5;208m{KEY}\u{1b}[0m"),
        "terminal-escapes",
    );
}

#[test]
fn blanks_and_line_breaks_put_in_and_taken_out() {
    let broken = |width: usize, between: &str| {
        let lines: Vec<_> = KEY.as_bytes().chunks(width).collect();
        String::from_utf8(lines.join(between.as_bytes())).unwrap()
    };
    assert_both(KEY, broken(20, "\n"), "whitespace-inside");
    assert_both(KEY, broken(8, "\r\n"), "whitespace-inside");
    assert_both(KEY, broken(4, " "), "whitespace-inside");
    assert_both(
        KEY,
        broken(20, "\n") + "\n",
        "trailing-newline whitespace-inside",
    );
    assert_both(
        KEY,
        KEY.replacen("live", "li\\\n  ve", 1),
        "whitespace-inside",
    );
    assert_both(
        KEY,
        KEY.replacen("live", "li\u{200b}ve", 1),
        "whitespace-inside",
    );
    assert_by_value(KEY, KEY.replace('_', " _\u{a0}"), "whitespace-inside");
    assert_by_value(
        KEY,
        format!("\"{}\"", broken(9, "\n\t")),
        "double-quotes whitespace-inside",
    );

    assert_both(WORDS, "correcthorsebatterystaple", "whitespace-lost");
    assert_both(WORDS, "correct horse battery staple", "whitespace-lost");
    assert_both(WORDS, "correct\nhorse\nbattery\nstaple", "whitespace-lost");
    assert_by_value(
        WORDS,
        "correct  horse\tbattery   staple ",
        "whitespace-inside",
    );
}

#[test]
fn typographic_signs_however_many() {
    for dash in ["–", "—", "\u{2011}", "\u{2010}", "\u{2012}", "\u{2212}"] {
        assert_both(DASHED, DASHED.replace('-', dash), "typographic-characters");
    }
    let one = DASHED.replacen('-', "–", 1);
    assert_by_value(DASHED, &one, "typographic-characters");
    let quoted = format!("“{}”", DASHED.replace('-', "–"));
    assert_by_value(DASHED, quoted, "smart-quotes typographic-characters");
    let signs = "pk--Qm2Zp9...tR4v8'nL1\"sD6wH3";
    assert_both(
        signs,
        "pk—Qm2Zp9…tR4v8’nL1”sD6wH3",
        "typographic-characters",
    );
    assert_by_value(
        signs,
        "pk--Qm2Zp9…tR4v8’nL1\"sD6wH3",
        "typographic-characters",
    );
}

#[test]
fn backslashes_and_entities() {
    let markdown = KEY.replace('_', "\\_");
    assert_both(KEY, &markdown, "backslash-escaped");
    assert_both(
        KEY,
        format!("{markdown}\n"),
        "trailing-newline backslash-escaped",
    );
    assert_both(DASHED, DASHED.replace('-', "\\-"), "backslash-escaped");
    assert_both(
        DOLLARS,
        DOLLARS.replace('$', "\\$").replace('-', "\\-"),
        "backslash-escaped",
    );
    assert_by_value(DOLLARS, DOLLARS.replace('$', "\\$"), "backslash-escaped");
    assert_both(
        PROPERTY,
        "pk\\=Qm2Zp9\\:tR4v8nL1\\#sD6wH3",
        "properties-escaped",
    );
    assert_by_value(
        PROPERTY,
        "pk\\=Qm2Zp9\\:tR4v8nL1#sD6wH3",
        "properties-escaped",
    );
    // A single one cannot be told from a slip of the hand where only the fingerprint is seen.
    assert_both(PROPERTY, "pk\\=Qm2Zp9:tR4v8nL1#sD6wH3", "character-added");

    assert_both(
        HTML,
        "pk&lt;Qm2&amp;Zp9&gt;tR4v8nL1&#39;sD6wH3",
        "html-entities",
    );
    assert_both(
        HTML,
        "pk&lt;Qm2&amp;Zp9&gt;tR4v8nL1&#x27;sD6wH3",
        "html-entities",
    );
    assert_both(KEY, KEY.replace('_', "&#x5f;"), "html-entities");
    assert_both(KEY, KEY.replace('_', "&#95;"), "html-entities");
    assert_by_value(KEY, KEY.replace('_', "&lowbar;"), "html-entities");
    assert_both(
        KEY,
        format!("&quot;{KEY}&quot;"),
        "html-entities double-quotes",
    );
}

#[test]
fn what_looks_like_a_variable_or_a_specifier() {
    for value in [
        "pk-tR4v8nL1$sD6wH3kY5c-J0gFa",
        "pk-tR4v8nL1$$sD6wH3kY5c-J0gFa",
        "pk$Qm2Zp9-tR4v8nL1$sD6wH3kY5c-J0gFa",
        "pk$$Qm2Zp9-tR4v8nL1$$$$sD6wH3kY5c-J0gFa",
    ] {
        assert_both(DOLLARS, value, "variable-interpolation");
    }
    assert_both(
        "pass-${Qm2Zp9}-tR4v8nL1",
        "pass--tR4v8nL1",
        "variable-interpolation",
    );
    assert_both(
        "tR4v8nL1sD6wH3$kY5cJ0gFa",
        "tR4v8nL1sD6wH3",
        "variable-interpolation",
    );
    for value in [
        "pk%hQm2Zp9tR4v8nL1%sD6wH3kY5c%iJ0gFa",
        "pkQm2Zp9tR4v8nL1%%sD6wH3kY5cJ0gFa",
        "pk/rootQm2Zp9tR4v8nL1%%sD6wH3kY5c%iJ0gFa",
        "pk%%hQm2Zp9tR4v8nL1%%%%sD6wH3kY5c%%iJ0gFa",
    ] {
        assert_both(PERCENTS, value, "systemd-specifiers");
    }
}

#[test]
fn numbers_as_programs_write_them() {
    for value in [
        "1.23456789012e+11",
        "123456789012.0",
        "123_456_789_012",
        "1.23456789012E11",
    ] {
        assert_both("123456789012", value, "number-notation");
    }
    assert_both("001234567890", "1234567890", "number-notation");
    let long = "12345678901234567890";
    for value in [
        "12345678901234567000",
        "1.2345678901234567e+19",
        "1.23456789012346E+19",
    ] {
        assert_both(long, value, "number-notation");
    }
    assert_both("123456789012", "123456789013", "character-changed");
    assert_by_value("123456789012", "1.23457e+11", "unknown");
}

#[test]
fn base64_for_urls_has_a_name_of_its_own() {
    let key = "key>>>with???signs~~~";
    let plain = data_encoding::BASE64.encode(key.as_bytes());
    assert_both(key, &plain, "base64");
    assert_both(key, plain.replace('+', "-").replace('/', "_"), "base64url");
    assert_both(
        KEY,
        data_encoding::BASE64URL.encode(KEY.as_bytes()),
        "base64",
    );
}

/// A value shows more than its fingerprint: part of a key escaped, two letters in another case, a
/// blank of the key's own that looks like one put in. Where the search finds something else in it,
/// that is its name both ways.
#[test]
fn what_a_fingerprint_shows_too_comes_first() {
    for (key, value, expected) in [
        (
            "\r;dukpmjbs=\u{e9} ",
            "\r~;dukpmjbs=\u{e9} ",
            "character-added",
        ),
        (
            "pk\"Qm2Zp9\"tR4v8nL1",
            "pk\\\"Qm2Zp9\"tR4v8nL1",
            "character-added",
        ),
        (
            "pk\"Qm2Zp9\"tR4v8nL1",
            "pk\\\"Qm2Zp9\\\"tR4v8nL1",
            "json-escaped",
        ),
        (
            "pk-aAQm2Zp9tR4v8nL1",
            "pk-AaQm2Zp9tR4v8nL1",
            "characters-swapped",
        ),
        ("pk-aAQm2Zp9tR4v8nL1", "pk-AAQm2Zp9tR4v8nL1", "case-changed"),
        (
            "pk Qm2Zp9\u{a0}tR4v8nL1",
            "pk Qm2Zp9\u{a0}tR4v\n        8nL1",
            "whitespace-inside",
        ),
    ] {
        assert_both(key, value, expected);
    }
    for (key, value, expected) in [
        (
            "pk-aAbQm2Zp9tR4v8nL1",
            "pk-AaBQm2Zp9tR4v8nL1",
            "case-changed",
        ),
        (
            "pk-Qm2Zp9tR4v8nL1",
            "pk-Qm2Zp9\u{2003}tR4v8nL1",
            "whitespace-inside",
        ),
        (
            "pk-Qm2Zp9tR4v8nL1",
            "pk-Qm2Z\u{e9}9tR4v8nL1",
            "character-changed",
        ),
    ] {
        assert_by_value(key, value, expected);
    }
}

#[test]
fn what_becomes_of_the_whole_value_is_the_same_both_ways() {
    for (value, wire) in [
        (format!("{KEY}\n"), Wire::LineBreak),
        (format!("“{KEY}”"), Wire::NotAscii),
        (format!(" \"{KEY}\""), Wire::Blanks),
        (format!("'{KEY}'"), Wire::Plain),
        (KEY.replacen("live", "li\nve", 1), Wire::LineBreak),
        (
            data_encoding::BASE64.encode(format!("{KEY}\n").as_bytes()),
            Wire::Plain,
        ),
    ] {
        let ring = ring(KEY);
        let found = ring.explain_value(ProjectId(0), value.as_bytes());
        assert_eq!(
            found.as_ref().map(|found| found.wire),
            Some(wire),
            "{value:?}"
        );
        let print = Fingerprint::of(value.as_bytes()).cut(Digits::DEFAULT);
        let search = ring.search(&[(ProjectId(0), print)]);
        assert_eq!(
            search.outcomes,
            [SearchOutcome::Explained(found.unwrap())],
            "{value:?}"
        );
    }
}

#[test]
fn an_old_key_known_by_fingerprint_alone_is_found_where_it_can_be_undone() {
    let id = KeyId::previous(ProjectId(0), 0);
    let print = Fingerprint::of(KEY.as_bytes()).cut(Digits::DEFAULT);
    let ring = Keyring::new(vec![Known::by_fingerprint(id, print)], &[]);
    for value in [
        format!("\u{1b}[200~{KEY}\u{1b}[201~"),
        format!("\u{1b}[31m{KEY}\u{1b}[0m"),
        KEY.replace('_', "\\_"),
        KEY.replace('_', "&#95;"),
        KEY.replacen("live", "li\n  ve", 1),
        String::from_utf8(utf_16(KEY, u16::to_be_bytes)).unwrap(),
    ] {
        let found = ring.explain_value(ProjectId(0), value.as_bytes());
        assert_eq!(found.map(|found| found.keys), Some(vec![id]), "{value:?}");
    }
}
