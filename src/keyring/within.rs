//! Keys inside texts that stand for none: between the signs of a placeholder, or as the default of a
//! reference, where also a key is met that is too short to be looked for elsewhere.

use std::ops::Range;

use super::embedded::reads_as_words;
use super::placeholder::{Placeholder, placeholder};

/// The signs of placeholders, the longer ones first.
const SIGNS: [(&[u8], &[u8]); 14] = [
    (b"${{", b"}}"),
    (b"{{", b"}}"),
    (b"<%", b"%>"),
    (b"${", b"}"),
    (b"#{", b"}"),
    (b"%{", b"}"),
    (b"$(", b")"),
    (b"__", b"__"),
    (b"<", b">"),
    (b"[", b"]"),
    (b"(", b")"),
    (b"{", b"}"),
    (b"%", b"%"),
    (b"@", b"@"),
];

/// What may stand between a name and what is taken where it has no value.
const OPERATORS: &[u8] = b":-=+?|, \t";

/// Where a key may stand in a text that is taken for a placeholder, each once, the widest first. Nothing
/// where the text has no such signs around it.
pub(super) fn insides(text: &[u8]) -> Vec<Range<usize>> {
    let Some(whole) = inside(text) else {
        return Vec::new();
    };
    let mut found = vec![whole.clone()];
    let mut add = |range: Range<usize>| {
        if !range.is_empty() && !found.contains(&range) {
            found.push(range);
        }
    };
    let inner = bare(text, whole);
    let after = default(&text[inner.clone()]).map(|at| inner.start + at..inner.end);
    add(inner);
    if let Some(after) = after {
        add(after.clone());
        add(bare(text, after));
    }
    found
}

/// Whether what stands inside such a text may be a key, or hold one, and does not only name or ask for it.
pub(super) fn may_be_key(text: &[u8]) -> bool {
    let Some(inside) = inside(text) else {
        return false;
    };
    let is_angle = text[..inside.start].ends_with(b"<");
    let inside = &text[bare(text, inside)];
    let rest = match default(inside) {
        // What stands before it is the name of a variable.
        Some(default) => &inside[default..],
        None if !is_angle && is_name(inside) => return false,
        None => inside,
    };
    let is_word = |word: &[u8]| {
        reads_as_words(word) || word.len() <= 4 && word.iter().all(u8::is_ascii_digit)
    };
    let mut words = rest.split(|byte| !byte.is_ascii_alphanumeric());
    !words.all(is_word) && placeholder(rest, "").is_none_or(|found| found == Placeholder::Reference)
}

/// What stands between the signs of a placeholder.
fn inside(text: &[u8]) -> Option<Range<usize>> {
    let whole = bare(text, 0..text.len());
    let bytes = &text[whole.clone()];
    let (open, close) = SIGNS.iter().find(|(open, close)| {
        bytes.len() > open.len() + close.len() && bytes.starts_with(open) && bytes.ends_with(close)
    })?;
    Some(whole.start + open.len()..whole.end - close.len())
}

/// Without blanks and one pair of quotes around it.
fn bare(text: &[u8], range: Range<usize>) -> Range<usize> {
    let trimmed = trimmed(text, range);
    match &text[trimmed.clone()] {
        [first @ (b'"' | b'\'' | b'`'), .., last] if first == last => {
            self::trimmed(text, trimmed.start + 1..trimmed.end - 1)
        }
        _ => trimmed,
    }
}

fn trimmed(text: &[u8], range: Range<usize>) -> Range<usize> {
    let part = &text[range.clone()];
    let start = range.start + part.len() - part.trim_ascii_start().len();
    start..start + part.trim_ascii().len()
}

/// Where the default of a reference starts: after the name of a variable and an operator.
fn default(inside: &[u8]) -> Option<usize> {
    let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let name = inside.iter().position(|byte| !in_name(byte))?;
    let is_operator = |byte: &u8| OPERATORS.contains(byte);
    let rest = &inside[name..];
    let operator = rest.iter().position(|byte| !is_operator(byte))?;
    let is_meant = !rest[..operator].trim_ascii().is_empty();
    let starts_well = inside.first().is_some_and(|byte| !byte.is_ascii_digit());
    (name > 0 && is_meant && starts_well).then_some(name + operator)
}

/// A variable's name, or a path of such names.
fn is_name(inside: &[u8]) -> bool {
    inside
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_. $!".contains(byte))
        && !inside.first().is_some_and(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_inside_is_told_with_the_default_of_a_reference() {
        for (text, expected) in [
            ("<Zq81Lp>", &["Zq81Lp"][..]),
            ("\"< Zq81Lp >\"\n", &[" Zq81Lp ", "Zq81Lp"]),
            ("${NAME}", &["NAME"]),
            ("${NAME-Zq81Lp}", &["NAME-Zq81Lp", "Zq81Lp"]),
            ("${NAME:-Zq81Lp}", &["NAME:-Zq81Lp", "Zq81Lp"]),
            ("${NAME:-\"Zq81Lp\"}", &["NAME:-\"Zq81Lp\"", "Zq81Lp"]),
            ("{{ Zq81Lp }}", &[" Zq81Lp ", "Zq81Lp"]),
            ("%Zq81Lp%", &["Zq81Lp"]),
            ("Zq81Lp", &[]),
            ("<>", &[]),
            ("", &[]),
        ] {
            let found = insides(text.as_bytes()).into_iter();
            let found: Vec<_> = found.map(|range| &text[range]).collect();
            for expected in expected {
                assert!(found.contains(expected), "{text}: {found:?}");
            }
            assert_eq!(found.is_empty(), expected.is_empty(), "{text}: {found:?}");
        }
    }

    #[test]
    fn names_and_words_that_ask_are_no_keys() {
        for text in [
            "<your-key-here>",
            "<insert key 2 here>",
            "<ALLSTAK_API_KEY>",
            "${NAME}",
            "${KEY_2}",
            "{{ .Values.key1 }}",
            "${NAME:-changeme}",
            "${NAME:-}",
            "${NAME:-undefined}",
            "[REDACTED]",
            "***",
            "changeme",
            "undefined",
        ] {
            assert!(!may_be_key(text.as_bytes()), "{text}");
        }
        for text in [
            "<Zq81Lp>",
            "<aZq81Lpb>",
            "${NAME-xZq81Lp}",
            "${NAME:-Zq81Lp}",
        ] {
            assert!(may_be_key(text.as_bytes()), "{text}");
        }
    }
}
