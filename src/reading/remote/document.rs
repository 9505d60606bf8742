//! Which bytes are a document of straggler's, however broken.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::{SAME_VERSION, bad};
use crate::reading::ReadError;

/// What the schemas of all documents start with.
const OURS: &str = "straggler.";

/// Whether somewhere a member `schema` says that these bytes are straggler's. So is what was cut off, what
/// stands behind a greeting, and a list of several.
pub(super) fn is_ours(bytes: &[u8]) -> bool {
    const MEMBER: &[u8] = b"\"schema\"";
    let mut rest = bytes;
    while let Some(at) = find(rest, MEMBER) {
        rest = &rest[at + MEMBER.len()..];
        let value = rest.trim_ascii_start().strip_prefix(b":");
        let value = value.and_then(|value| value.trim_ascii_start().strip_prefix(b"\""));
        if value.is_some_and(|value| value.starts_with(OURS.as_bytes())) {
            return true;
        }
    }
    // A name or a value may be written with escapes.
    schema(without_mark(bytes)).is_ok_and(|schema| schema.starts_with(OURS))
}

/// Whether an object is, and not only something within it.
pub(super) fn is_one(object: &[u8]) -> bool {
    match schema(object) {
        Ok(schema) => schema.starts_with(OURS),
        Err(_) => is_ours(object),
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == wanted[0]) {
        from += at;
        if bytes[from..].starts_with(wanted) {
            return Some(from);
        }
        from += 1;
    }
    None
}

/// Without the byte order mark that some programs write before JSON.
pub(super) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// What a document says that it is.
///
/// # Errors
///
/// When it is no single JSON object, or has a member twice: which of them counts is anybody's guess.
pub(super) fn schema(bytes: &[u8]) -> Result<String, ReadError> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let schema = deserializer
        .deserialize_map(Members)
        .and_then(|schema| deserializer.end().map(|()| schema));
    schema.map_err(|error| {
        let what = match error.is_data() {
            true => "has a member twice, or is of another shape than one reading",
            false => "is broken, or not all that was printed",
        };
        let (line, column) = (error.line(), error.column());
        bad(
            format!("the reading that came back {what}, at {line}:{column}"),
            SAME_VERSION,
        )
    })
}

/// Whether a schema is such that it can be shown: `straggler.reading/v2`.
pub(super) fn is_plain(schema: &str) -> bool {
    let rest = schema
        .strip_prefix(OURS)
        .and_then(|rest| rest.rsplit_once("/v"));
    rest.is_some_and(|(name, version)| {
        (1..=24).contains(&name.len())
            && name
                .bytes()
                .all(|sign| sign.is_ascii_lowercase() || sign == b'-')
            && (1..=4).contains(&version.len())
            && version.bytes().all(|sign| sign.is_ascii_digit())
    })
}

/// Reads the members of an object: each of them once, and `schema` a text.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<String, A::Error> {
        let mut seen = Vec::<String>::new();
        let mut schema = String::new();
        while let Some(name) = members.next_key::<String>()? {
            if seen.contains(&name) || seen.len() == MOST {
                return Err(serde::de::Error::custom("a member twice"));
            }
            match &*name {
                "schema" => schema = members.next_value()?,
                _ => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
            seen.push(name);
        }
        Ok(schema)
    }
}

/// The most members of a document, far more than any has.
const MOST: usize = 64;
