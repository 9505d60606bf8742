use std::borrow::Cow;

use toml::de::{DeTable, DeValue};
use zeroize::Zeroize;

use super::pointer::{broken, index, tokens, unfit, unreadable};
use super::relaxed;
use crate::key::Secret;
use crate::reading::ReadError;

/// The string a JSON pointer leads to in a TOML text; `None` where nothing stands there.
///
/// # Errors
///
/// [`crate::reading::ErrorKind::BadData`] when the text is no TOML, or the pointer leads to something else
/// than a string. TOML itself forbids a name that stands twice.
pub(super) fn string_at(text: &[u8], pointer: &str) -> Result<Option<Secret>, ReadError> {
    let text = std::str::from_utf8(relaxed::unmarked(text))
        .map_err(|_| broken("TOML", "it is not UTF-8"))?;
    let document = DeTable::parse(text).map_err(|error| {
        // The error's own text may quote what it read.
        let (line, column) = place(text, error.span().map_or(0, |span| span.start));
        unreadable("TOML", line, column)
    })?;
    let document = Wiped(DeValue::Table(document.into_inner()));
    let mut here = &document.0;
    for name in tokens(pointer) {
        let next = match here {
            DeValue::Table(table) => table
                .iter()
                .find(|(known, _)| *known.get_ref() == name)
                .map(|(_, value)| value),
            DeValue::Array(items) => match index(&name) {
                Some(index) => items.get(index),
                None => return Err(unfit(pointer, "passes through", kind(here))),
            },
            other => return Err(unfit(pointer, "passes through", kind(other))),
        };
        match next {
            Some(next) => here = next.get_ref(),
            None => return Ok(None),
        }
    }
    match here {
        DeValue::String(text) => Ok(Some(Secret::copied(text.as_bytes()))),
        other => Err(unfit(pointer, "leads to", kind(other))),
    }
}

/// Strings with escapes are copies, which are wiped; the others lie in the text.
struct Wiped<'t>(DeValue<'t>);

impl Drop for Wiped<'_> {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(value: &mut DeValue<'_>) {
    match value {
        DeValue::String(Cow::Owned(text)) => text.zeroize(),
        DeValue::Array(items) => items.iter_mut().for_each(|item| wipe(item.get_mut())),
        DeValue::Table(table) => {
            for (_, value) in table.iter_mut() {
                wipe(value.get_mut());
            }
        }
        _ => {}
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Line and column, from 1.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .chars()
        .rev()
        .take_while(|sign| *sign != '\n')
        .count()
        + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, pointer: &str) -> Result<Option<String>, String> {
        let found = string_at(text.as_bytes(), pointer).map_err(|error| error.message.to_string());
        Ok(found?.map(|key| String::from_utf8(key.expose().to_vec()).unwrap()))
    }

    const DOCUMENT: &str = r#"
        title = "x"
        port = 1
        "a/b" = 'slash'
        keys = ["one", "t\u0077o\n"]
        [allstak]
        key.current = "v"
        [[servers]]
        key = '''raw\'''
    "#;

    #[test]
    fn a_pointer_leads_through_tables_and_lists() {
        for (pointer, value) in [
            ("/title", "x"),
            ("/a~1b", "slash"),
            ("/keys/1", "two\n"),
            ("/allstak/key/current", "v"),
            ("/servers/0/key", "raw\\"),
        ] {
            assert_eq!(
                at(DOCUMENT, pointer),
                Ok(Some(value.to_owned())),
                "{pointer}"
            );
        }
        let marked = format!("\u{feff}{DOCUMENT}");
        assert_eq!(at(&marked, "/title"), Ok(Some("x".to_owned())));
    }

    #[test]
    fn what_is_not_there_is_absent_and_what_is_no_string_is_told() {
        for pointer in ["/none", "/allstak/none", "/keys/2"] {
            assert_eq!(at(DOCUMENT, pointer), Ok(None), "{pointer}");
        }
        for (pointer, told) in [
            ("/port", "leads to a number"),
            ("/allstak", "leads to a table"),
            ("", "leads to a table"),
            ("/keys", "leads to a list"),
            ("/title/x", "passes through a string"),
            ("/keys/x", "passes through a list"),
        ] {
            let error = at(DOCUMENT, pointer).unwrap_err();
            assert!(error.contains(told), "{pointer}: {error}");
        }
    }

    #[test]
    fn what_is_no_toml_is_said_with_its_place_and_nothing_else() {
        for (text, told) in [
            (
                "a = 1\nk = ask_live_x\n",
                "no valid TOML: from line 2, column ",
            ),
            ("k = 'v'\nk = 'w'\n", "no valid TOML: from line 2, column "),
            ("ask_live_x", "no valid TOML: from line 1, column "),
        ] {
            let error = at(text, "/k").unwrap_err();
            assert!(
                error.contains(told) && !error.contains("ask_live"),
                "{error}"
            );
        }
        assert!(string_at(b"k = '\xff'", "/k").is_err());
    }
}
