use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::{pointer, relaxed};
use crate::key::Secret;
use crate::reading::ReadError;

/// Whether a text is a JSON object.
#[must_use]
pub fn is_object(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

/// Whether a text is one JSON object or list.
#[must_use]
pub fn is_container(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"[") && serde_json::from_slice::<IgnoredAny>(text).is_ok()
        || is_object(text)
}

/// The string a JSON pointer leads to; `None` where the member is absent or null.
///
/// Where a member on the way stands twice, its readers do not agree on which of them counts, so neither does.
///
/// The text is walked where it lies: no tree is built, so no other copy of the key is made. A byte
/// order mark, comments and a comma too many are passed over, as many a reader of settings does.
///
/// # Errors
///
/// [`ErrorKind::BadData`] when the text is no JSON, names a member on the way twice, or leads to something else
/// than a string.
pub fn string_at(text: &[u8], pointer: &str) -> Result<Option<Secret>, ReadError> {
    string_or_object_at(text, pointer, |_| false)
}

/// The same, or an object that a JSON pointer leads to, as it is written there, where that is one of those meant.
///
/// # Errors
///
/// As [`string_at`].
pub fn string_or_object_at(
    text: &[u8],
    pointer: &str,
    is_meant: impl FnOnce(&[u8]) -> bool,
) -> Result<Option<Secret>, ReadError> {
    let text = relaxed::unmarked(text);
    let strict;
    let mut here: &RawValue = match serde_json::from_slice(text) {
        Ok(value) => value,
        Err(error) => {
            strict = relaxed::strict(text).ok_or_else(|| no_json(&error))?;
            serde_json::from_slice(&strict).map_err(|error| no_json(&error))?
        }
    };
    for name in pointer::tokens(pointer) {
        let next = match Kind::of(here) {
            Kind::Object => match find(here, Member(&name)) {
                Ok(Found::Twice) => return Err(pointer::twice("JSON", &name)),
                Ok(Found::Once(value)) => Ok(Some(value)),
                Ok(Found::Nowhere) => Ok(None),
                Err(error) => Err(error),
            },
            Kind::List => match pointer::index(&name) {
                Some(index) => find(here, Item(index)),
                None => return Err(pointer::unfit(pointer, "passes through", Kind::List.name())),
            },
            Kind::Null => return Ok(None),
            other => return Err(pointer::unfit(pointer, "passes through", other.name())),
        };
        match next.map_err(|error| no_json(&error))? {
            Some(found) => here = found,
            None => return Ok(None),
        }
    }
    match Kind::of(here) {
        Kind::Text => unescape(here.get()).map(Some).ok_or_else(|| {
            pointer::bad(format!(
                "the JSON string at {} is broken",
                pointer::shown(pointer)
            ))
        }),
        Kind::Null => Ok(None),
        Kind::Object if is_meant(here.get().as_bytes()) => {
            Ok(Some(Secret::copied(here.get().as_bytes())))
        }
        other => Err(pointer::unfit(pointer, "leads to", other.name())),
    }
}

/// Whether a text is JSON only for those who pass over a byte order mark, comments and a comma too
/// many.
#[must_use]
pub fn is_relaxed(text: &[u8]) -> bool {
    let is_json = |text: &[u8]| serde_json::from_slice::<IgnoredAny>(text).is_ok();
    let unmarked = relaxed::unmarked(text);
    (unmarked.len() < text.len() && is_json(unmarked))
        || !is_json(unmarked) && relaxed::strict(unmarked).is_some_and(|strict| is_json(&strict))
}

/// A string in a JSON text that may be a key: it goes from the text into zeroized memory, with no copy
/// in between. Only for what is read from a slice or a string.
pub struct SecretText(pub Secret);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        // Neither error repeats the value.
        unescape(raw.get())
            .map(Self)
            .ok_or_else(|| D::Error::custom("expected a string"))
    }
}

fn find<'a, V: Visitor<'a>>(json: &'a RawValue, visitor: V) -> Result<V::Value, serde_json::Error> {
    serde_json::Deserializer::from_str(json.get()).deserialize_any(visitor)
}

/// What a JSON value is, by its first character.
#[derive(Clone, Copy)]
enum Kind {
    Object,
    List,
    Text,
    Null,
    Boolean,
    Number,
}

impl Kind {
    fn of(value: &RawValue) -> Self {
        match value.get().as_bytes().first() {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::List,
            Some(b'"') => Self::Text,
            Some(b'n') => Self::Null,
            Some(b't' | b'f') => Self::Boolean,
            _ => Self::Number,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::List => "a list",
            Self::Text => "a string",
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
        }
    }
}

/// Finds a member of an object.
struct Member<'n>(&'n str);

/// Where an object has a member.
enum Found<'a> {
    Nowhere,
    Once(&'a RawValue),
    Twice,
}

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut found = Found::Nowhere;
        while let Some(wanted) = members.next_key_seed(Name(self.0))? {
            if wanted {
                let value = members.next_value()?;
                found = match found {
                    Found::Nowhere => Found::Once(value),
                    Found::Once(_) | Found::Twice => Found::Twice,
                };
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Compares a member's name in place.
struct Name<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}

/// Finds an item of a list.
struct Item(usize);

impl<'de> Visitor<'de> for Item {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        for _ in 0..self.0 {
            if items.next_element::<IgnoredAny>()?.is_none() {
                return Ok(None);
            }
        }
        let found = items.next_element()?;
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }
}

/// The bytes that a JSON string, with its quotes, stands for. It never grows, so it is written into
/// one buffer: what serde_json would do leaves a copy behind that nobody wipes.
fn unescape(quoted: &str) -> Option<Secret> {
    let mut rest = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(rest.len()));
    while let Some((plain, tail)) = rest.split_once('\\') {
        bytes.extend_from_slice(plain.as_bytes());
        let (character, tail) = escaped(tail)?;
        bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        rest = tail;
    }
    bytes.extend_from_slice(rest.as_bytes());
    Some(Secret::new(std::mem::take(&mut *bytes)))
}

/// The character that stands behind a backslash, and what follows it.
fn escaped(text: &str) -> Option<(char, &str)> {
    let (kind, tail) = text.split_at_checked(1)?;
    let character = match kind {
        "\"" | "\\" | "/" => char::from(*kind.as_bytes().first()?),
        "b" => '\u{8}',
        "f" => '\u{c}',
        "n" => '\n',
        "r" => '\r',
        "t" => '\t',
        "u" => {
            let (first, tail) = unit(tail)?;
            if let Some(character) = char::from_u32(u32::from(first)) {
                return Some((character, tail));
            }
            let (second, tail) = unit(tail.strip_prefix("\\u")?)?;
            let pair = char::decode_utf16([first, second]).next()?.ok()?;
            return Some((pair, tail));
        }
        _ => return None,
    };
    Some((character, tail))
}

/// Four hex digits.
fn unit(text: &str) -> Option<(u16, &str)> {
    let (digits, tail) = text.split_at_checked(4)?;
    Some((u16::from_str_radix(digits, 16).ok()?, tail))
}

fn no_json(error: &serde_json::Error) -> ReadError {
    // The error's own text may quote what it read.
    match (error.is_eof(), error.line(), error.column()) {
        (true, 1, 0) => pointer::broken("JSON", "it is empty"),
        (true, line, column) => pointer::broken(
            "JSON",
            &format!("it breaks off at line {line}, column {column}"),
        ),
        (false, line, column) => pointer::unreadable("JSON", line, column),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reading::ErrorKind;

    fn at(text: &str, pointer: &str) -> Result<Option<String>, String> {
        pointer::check(pointer)?;
        string_at(text.as_bytes(), pointer)
            .map(|found| found.map(|key| String::from_utf8(key.expose().to_vec()).unwrap()))
            .map_err(|error| error.message.into_owned())
    }

    fn text(text: &str) -> Result<Option<String>, String> {
        Ok(Some(text.to_owned()))
    }

    #[test]
    fn a_pointer_leads_to_a_string() {
        let document = r#" {"a": {"key": "v"}, "l": ["x", {"k": "y"}], "": "empty", "m/n": "slash", "t~": "tilde"} "#;
        assert_eq!(at(document, "/a/key"), text("v"));
        assert_eq!(at(document, "/l/0"), text("x"));
        assert_eq!(at(document, "/l/1/k"), text("y"));
        assert_eq!(at(document, "/"), text("empty"));
        assert_eq!(at(document, "/m~1n"), text("slash"));
        assert_eq!(at(document, "/t~0"), text("tilde"));
        assert_eq!(at("\"whole\"", ""), text("whole"));
    }

    #[test]
    fn a_broken_text_is_told_with_its_place_and_not_put_on_the_pointer() {
        for (document, how) in [
            ("", "it is empty"),
            ("{\"a\": \"v\"", "it breaks off at line 1, column 9"),
            ("{\n  \"a\" \"v\"}", "from line 2, column 7 on"),
        ] {
            let error = string_at(document.as_bytes(), "/a").err().unwrap();
            assert_eq!(
                error.message,
                format!("what was read is no valid JSON: {how}")
            );
            assert!(
                error.next.contains("correct the document"),
                "{}",
                error.next
            );
            assert!(!error.next.contains("pointer"), "{}", error.next);
        }
        let astray = string_at(br#"{"a": 1}"#, "/a").err().unwrap();
        assert!(astray.next.contains("correct the pointer"));
    }

    #[test]
    fn what_is_not_there_is_absent() {
        let document = r#"{"a": {}, "l": ["x"], "n": null}"#;
        for pointer in ["/b", "/a/key", "/l/1", "/n", "/n/key"] {
            assert_eq!(at(document, pointer), Ok(None), "{pointer}");
        }
    }

    #[test]
    fn anything_but_a_string_is_bad_data() {
        let document = r#"{"n": 1, "b": true, "o": {}, "l": [], "s": "v"}"#;
        for pointer in [
            "/n", "/b", "/o", "/l", "", "/s/t", "/l/key", "/l/-", "/l/00",
        ] {
            let error = string_at(document.as_bytes(), pointer).err().unwrap();
            assert_eq!(error.kind, ErrorKind::BadData, "{pointer}");
        }
    }

    #[test]
    fn what_is_no_json_is_said_with_its_place_and_nothing_else() {
        let error = string_at(b"{\"a\": ask_live_x}", "/a").err().unwrap();
        assert_eq!(
            error.message,
            "what was read is no valid JSON: from line 1, column 7 on"
        );
        for broken in [&b"{\"a\": \"v\"} x"[..], b"", b"{\"a\": \"\xff\"}"] {
            assert!(string_at(broken, "/a").is_err());
        }
    }

    #[test]
    fn what_readers_of_settings_pass_over_is_passed_over() {
        for (document, relaxed) in [
            ("\u{feff}{\"a\": {\"k\": \"v\"}}", true),
            ("{\n  // prod\n  \"a\": { \"k\": \"v\", }\n}", true),
            ("\u{feff}{\"a\": {\"k\": \"v\"} /* old: \"k\" */}", true),
            ("{\"a\": {\"k\": \"v\"}}", false),
        ] {
            assert_eq!(at(document, "/a/k"), text("v"), "{document}");
            assert_eq!(is_relaxed(document.as_bytes()), relaxed, "{document}");
        }
        assert!(at("{\"a\": 'v'} // no", "/a").is_err());
        assert!(!is_relaxed(b"{\"a\": 'v'} // no"));
    }

    #[test]
    fn a_member_on_the_way_that_stands_twice_is_bad_data() {
        for (document, pointer) in [
            (r#"{"k": "old", "k": "new"}"#, "/k"),
            (r#"{"k": "same", "k": "same"}"#, "/k"),
            (r#"{"k": "old", "\u006b": "new"}"#, "/k"),
            (r#"{"k": null, "b": 1, "k": "new"}"#, "/k"),
            (r#"{"k": {"v": "old"}, "k": {}}"#, "/k/v"),
            (r#"{"a": [{"k": "x", "k": "y"}], "b": 1}"#, "/a/0/k"),
            ("{\"k\": \"old\", // no\n\"k\": \"new\"}", "/k"),
        ] {
            let told = at(document, pointer).unwrap_err();
            assert!(
                told.starts_with("the JSON names k twice"),
                "{document}: {told}"
            );
        }
        // What is not on the way may.
        assert_eq!(at(r#"{"b": 1, "k": "v", "b": 2}"#, "/k"), text("v"));
        assert_eq!(
            at(r#"{"k": {"b": 1, "b": 2, "v": "v"}}"#, "/k/v"),
            text("v")
        );
    }

    #[test]
    fn a_name_may_be_written_with_escapes() {
        assert_eq!(at(r#"{"k\u0065y": "v"}"#, "/key"), text("v"));
    }

    #[test]
    fn half_a_surrogate_pair_is_broken() {
        for broken in [
            r#""\ud83d""#,
            r#""\ud83dx""#,
            r#""\ud83d\u0041""#,
            r#""\udc00""#,
        ] {
            assert!(at(broken, "").is_err(), "{broken}");
        }
    }

    proptest! {
        #[test]
        fn strings_come_out_as_they_went_in(value in any::<String>()) {
            let plain = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(at(&plain, ""), text(&value));
            let spelled: String = value.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            prop_assert_eq!(at(&format!("\"{spelled}\""), ""), text(&value));
        }
    }
}
