//! How texts are written in YAML so that they are read as they were.

use crate::text::acts;

/// `name:` at an indentation; the value follows.
pub(super) fn key(out: &mut String, indent: usize, name: &str) {
    out.extend(std::iter::repeat_n(' ', indent));
    scalar(out, name);
    out.push(':');
}

/// A text without quotes where it can do without. It may be meant as a number, but never as nothing.
pub(super) fn scalar(out: &mut String, text: &str) {
    if is_plain(text) {
        out.push_str(text);
    } else {
        quoted(out, text);
    }
}

/// A text that is a string and nothing else.
pub(super) fn quoted(out: &mut String, text: &str) {
    if text.contains(acts) {
        escaped(out, text);
    } else {
        out.push('\'');
        out.push_str(&text.replace('\'', "''"));
        out.push('\'');
    }
}

fn escaped(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if acts(c) => out.push_str(&format!("\\U{:08x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Whether nothing in the text means anything to YAML. Stricter than it needs to be.
fn is_plain(text: &str) -> bool {
    let mut characters = text.chars();
    let begins = match characters.next() {
        Some('-' | '+') => characters
            .clone()
            .next()
            .is_some_and(|c| c.is_ascii_digit()),
        Some(first) => first.is_ascii_alphanumeric() || matches!(first, '_' | '/'),
        None => false,
    };
    begins
        && characters.all(|c| c.is_ascii_alphanumeric() || "_-./+@:".contains(c))
        && !text.ends_with(':')
        && !matches!(text, "null" | "Null" | "NULL")
}
