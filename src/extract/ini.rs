//! INI files. No two readers agree on quotes, escapes, comments behind a value and continued lines, and
//! nothing says who reads a file: so what all of them read alike is read, and what they do not is said.

use super::apply::bad;
use super::pointer::{self, tokens};
use super::relaxed;
use crate::key::Secret;
use crate::reading::ReadError;

/// Whether it names a key: `/section/key`, or `/key` above the first section.
///
/// # Errors
///
/// What was expected, a lowercase fragment.
pub(super) fn check(pointer: &str) -> Result<(), String> {
    pointer::check(pointer)?;
    match tokens(pointer).count() {
        1 | 2 => Ok(()),
        _ => Err("expected `/section/key`, or `/key` for one above the first section".to_owned()),
    }
}

/// The value of a key; `None` where it is not there.
///
/// # Errors
///
/// [`crate::reading::ErrorKind::BadData`] when the file is no INI, or its readers do not agree on the value.
pub(super) fn value(file: &[u8], pointer: &str) -> Result<Option<Secret>, ReadError> {
    let mut names: Vec<String> = tokens(pointer).collect();
    let name = names.pop().unwrap_or_default();
    let wanted = names.pop().unwrap_or_default();

    let mut section: &[u8] = b"";
    // How far the last key is indented, and whether it is the one.
    let mut above: Option<(usize, bool)> = None;
    let mut found: Option<(usize, &[u8])> = None;
    let mut elsewhere = None;
    let lines = relaxed::unmarked(file).split(|&byte| byte == b'\n');
    for (number, line) in (1..).zip(lines) {
        let text = line.trim_ascii();
        if matches!(text.first(), None | Some(b'#' | b';')) {
            continue;
        }
        let indent = line.len() - line.trim_ascii_start().len();
        let continues = above.filter(|(above, _)| indent > *above);
        if let Some((_, true)) = continues {
            return Err(disputed(
                number,
                "is indented, and so a part of the key above for some readers",
            ));
        }
        if text.first() == Some(&b'[') {
            if continues.is_some() {
                return Err(disputed(
                    number,
                    "is an indented section, which is a part of the key above it for some readers",
                ));
            }
            let name = text
                .strip_prefix(b"[")
                .and_then(|text| text.strip_suffix(b"]"));
            section = name.ok_or_else(|| no_ini(number))?;
            above = None;
            continue;
        }
        let Some((key, value)) = split(text, b"=:") else {
            if continues.is_some() {
                continue;
            }
            return Err(no_ini(number));
        };
        let here = |key: &[u8]| {
            key.eq_ignore_ascii_case(name.as_bytes())
                && section.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes())
        };
        let by_equals = split(text, b"=").map(|(key, _)| key);
        if key.eq_ignore_ascii_case(name.as_bytes()) && section == b"DEFAULT" && wanted != "DEFAULT"
        {
            elsewhere = Some(number);
        }
        let is_it = here(key) || by_equals.is_some_and(here);
        if is_it && continues.is_some() {
            return Err(disputed(
                number,
                "is indented, and so a part of the key above it for some readers",
            ));
        }
        if continues.is_none() {
            above = Some((indent, is_it));
        }
        if !is_it {
            continue;
        }
        if by_equals != Some(key) {
            return Err(disputed(
                number,
                "has a colon behind the name, where some readers know `=` alone",
            ));
        }
        if key != name.as_bytes() || section != wanted.as_bytes() {
            return Err(disputed(
                number,
                "has other capitals or blanks in its name or its section, which makes it another one for some readers",
            ));
        }
        if let Some((first, _)) = found {
            return Err(disputed(
                number,
                format!(
                    "sets it again after line {first}, and not every reader takes the same of the two"
                ),
            ));
        }
        found = Some((number, value));
    }
    match (found, elsewhere) {
        (Some((number, value)), _) => plain(number, value).map(Some),
        (None, Some(number)) => Err(disputed(
            number,
            "sets it under [DEFAULT], which counts for every section for some readers alone",
        )),
        (None, None) => Ok(None),
    }
}

/// A value that every reader takes as it stands.
fn plain(number: usize, value: &[u8]) -> Result<Secret, ReadError> {
    let is_quote = |byte: Option<&u8>| matches!(byte, Some(b'"' | b'\'' | b'`'));
    let has = |signs: &[u8]| value.iter().any(|byte| signs.contains(byte));
    let why = if is_quote(value.first()) || is_quote(value.last()) {
        "has quotes around the value, which some readers take off and some keep"
    } else if has(b";#") {
        "has a `;` or `#` in the value, where a comment begins for some readers"
    } else if has(b"\\%") || value.windows(2).any(|pair| pair == b"${") {
        "has a backslash, a `%` or a `${` in the value, which some readers replace"
    } else {
        return Ok(Secret::copied(value));
    };
    Err(disputed(number, why))
}

/// The trimmed texts before and after the first of these signs.
fn split<'t>(text: &'t [u8], by: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let at = text.iter().position(|byte| by.contains(byte))?;
    Some((text[..at].trim_ascii(), text[at + 1..].trim_ascii()))
}

fn no_ini(number: usize) -> ReadError {
    bad(
        format!(
            "what was read is no INI: line {number} is no section, no `name = value` and no comment"
        ),
        "correct that line; if it is not meant to be INI, say how it is written with another step of `extract`, such \
         as `dotenv` or `properties`",
    )
}

fn disputed(number: usize, why: impl std::fmt::Display) -> ReadError {
    bad(
        format!("line {number} {why}"),
        "write that line so that all readers agree, or take the key out of it with `pattern` as its reader does",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(file: &str, pointer: &str) -> Result<Option<String>, String> {
        check(pointer)?;
        let found = value(file.as_bytes(), pointer).map_err(|error| error.message.to_string());
        Ok(found?.map(|key| String::from_utf8(key.expose().to_vec()).unwrap()))
    }

    #[test]
    fn what_all_readers_read_alike_is_read() {
        for (file, pointer, value) in [
            ("k=v", "/k", Some("v")),
            ("\u{feff}k = v w \r\n", "/k", Some("v w")),
            ("k=\n", "/k", Some("")),
            ("k=v=w:x\n", "/k", Some("v=w:x")),
            ("; k=no\n# k=no\n\n[a]\nk = v\n[b]\nk=w", "/a/k", Some("v")),
            ("[a]\n  x = 1\n  k = v\n", "/a/k", Some("v")),
            ("[a b/c]\nk.l=v", "/a b~1c/k.l", Some("v")),
            ("[a]\nx: '1' ; y\nk=v", "/a/k", Some("v")),
            ("[a]\nx=1\n  more\nk=v", "/a/k", Some("v")),
            ("[a]\nk=v", "/k", None),
            ("[a]\nk=v", "/b/k", None),
            ("[a]\nk=v", "/a/x", None),
            ("", "/a/k", None),
        ] {
            assert_eq!(at(file, pointer), Ok(value.map(str::to_owned)), "{file:?}");
        }
    }

    #[test]
    fn what_they_do_not_is_told_with_its_line_and_without_its_value() {
        for (file, told) in [
            ("[a]\nk=\"ask_live_x\"", "line 2 has quotes"),
            ("[a]\nk=ask_live_x ; old", "line 2 has a `;`"),
            ("[a]\nk=ask_live_x#1", "line 2 has a `;`"),
            ("[a]\nk=ask_live_x%41", "line 2 has a backslash"),
            ("[a]\nk=${ask_live_x}", "line 2 has a backslash"),
            ("[a]\nk: ask_live_x", "line 2 has a colon"),
            ("[a]\nK=ask_live_x", "line 2 has other capitals"),
            ("[A]\nk=ask_live_x", "line 2 has other capitals"),
            ("[ a ]\nk=ask_live_x", "line 2 has other capitals"),
            (
                "[a]\nk=ask_live_x\nk=v",
                "line 3 sets it again after line 2",
            ),
            ("[a]\nk=1\n[a]\nk=2", "line 4 sets it again after line 2"),
            ("[a]\nk=ask_live_x\n more", "line 3 is indented"),
            ("[a]\nx=1\n k=ask_live_x", "line 3 is indented"),
            (
                "[DEFAULT]\nk=ask_live_x\n[a]",
                "line 2 sets it under [DEFAULT]",
            ),
            ("[a]\nask_live_x", "no INI: line 2 "),
            (
                "[b]\nx=1\n [a]\nk=ask_live_x",
                "line 3 is an indented section",
            ),
            ("[a\nk=v", "no INI: line 1 "),
            ("{\"k\"}", "no INI: line 1 "),
        ] {
            let error = at(file, "/a/k").unwrap_err();
            assert!(
                error.contains(told) && !error.contains("ask_live"),
                "{file:?}: {error}"
            );
        }
    }

    #[test]
    fn a_pointer_names_a_key() {
        for pointer in ["", "k", "/a/b/c"] {
            assert!(check(pointer).is_err(), "{pointer}");
        }
    }
}
