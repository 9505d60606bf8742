//! `straggler.reading/v1`: a reading without its value, so that a key never leaves its host.

mod document;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use memchr::memmem;
use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::{ErrorKind, Found, ReadError, Reading, Unsearched};
use crate::key::{Fingerprint, Secret};
use crate::text::Escaped;

/// The name and version of the format.
pub const SCHEMA: &str = "straggler.reading/v1";

/// The JSON that `inspect --format reading` prints and the `command` and `http` sources read.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct RemoteReading {
    /// Always `straggler.reading/v1`.
    pub schema: String,
    /// The variable that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// `sha256:` and hex digits; left out where the key is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Length of the key in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// Which process, container or host it was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<String>,
    /// When that was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub started_at: Option<Timestamp>,
    /// Whether the place was read and holds no key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub absent: bool,
    /// The fingerprints of other words that may be keys, in the file or the environment that this was read from: as
    /// long as `fingerprint`, each once and sorted. Empty where nothing stands there, left out where nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<Vec<String>>,
    /// Whether there are more of them than `beside` names.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub beside_cut: bool,
    /// Members of which nothing is known here, as in what somebody else writes.
    #[serde(flatten, skip_serializing)]
    #[schemars(skip)]
    pub others: BTreeMap<String, IgnoredAny>,
}

/// How the bytes that a command or a server gave are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Yields {
    /// The key itself.
    Value,
    /// A bare fingerprint, `sha256:9f2c41d07a3b`.
    Fingerprint,
    /// A `straggler.reading/v1`.
    Reading,
}

/// Understands bytes as `yields` says; without it, recognises a reading or a bare fingerprint and
/// takes anything else for the key itself. What says that it is a document of straggler's is never
/// taken for a key, and a reading of another variable, or one that contradicts itself, is not believed.
///
/// # Errors
///
/// [`ErrorKind::BadData`] when a promised fingerprint or reading is none, or a reading is not to be
/// believed.
pub fn understand(
    bytes: Secret,
    yields: Option<Yields>,
    variable: &str,
) -> Result<Reading, ReadError> {
    if document::is_ours(bytes.expose()) {
        return match yields {
            None | Some(Yields::Reading) => remote_reading(&bytes, variable),
            Some(Yields::Value) => Err(bad(
                "a document of straggler's came back, and not the key",
                "say `yields: reading`, or let the key itself come back",
            )),
            Some(Yields::Fingerprint) => Err(no_fingerprint()),
        };
    }
    match yields {
        Some(Yields::Value) => Ok(Reading::value(bytes)),
        Some(Yields::Fingerprint) => bare_fingerprint(&bytes).ok_or_else(no_fingerprint),
        Some(Yields::Reading) => Err(bad(
            "no straggler.reading/v1 came back",
            "print it with `straggler inspect --format reading`, or say what comes with `yields`",
        )),
        None => Ok(bare_fingerprint(&bytes).unwrap_or_else(|| Reading::value(bytes))),
    }
}

/// Whether a JSON object says itself that it is a document of straggler's, or cannot be told from one.
#[must_use]
pub fn is_document(object: &[u8]) -> bool {
    document::is_one(object)
}

/// What both sides must agree on.
const SAME_VERSION: &str = "run the same version of straggler on both sides";

fn bad(message: impl Into<Cow<'static, str>>, next: &'static str) -> ReadError {
    ReadError::new(ErrorKind::BadData, message, next)
}

fn no_fingerprint() -> ReadError {
    bad(
        "no bare fingerprint came back",
        "print `sha256:` and 8 to 64 hex digits, or say what comes with `yields`",
    )
}

/// That a reading says two things of which only one can be true.
fn contradiction(what: &str) -> ReadError {
    bad(
        format!("the reading that came back contradicts itself: {what}"),
        "let `straggler inspect --format reading` write it",
    )
}

fn bare_fingerprint(bytes: &Secret) -> Option<Reading> {
    let text = std::str::from_utf8(bytes.expose()).ok()?;
    let fingerprint = text.trim().parse().ok()?;
    Some(Reading::new(Found::Fingerprint {
        fingerprint,
        length: None,
        attested: false,
    }))
}

fn remote_reading(bytes: &Secret, variable: &str) -> Result<Reading, ReadError> {
    let bytes = document::without_mark(bytes.expose());
    match document::schema(bytes)? {
        known if known == SCHEMA => {}
        other => {
            let other = match document::is_plain(&other) {
                true => other,
                false => "a document of another kind".to_owned(),
            };
            return Err(bad(
                format!("{other} came back, and only {SCHEMA} is understood"),
                SAME_VERSION,
            ));
        }
    }
    let remote: RemoteReading = serde_json::from_slice(bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        bad(
            format!("the reading that came back is not as {SCHEMA} wants it, at {line}:{column}"),
            SAME_VERSION,
        )
    })?;
    // Whatever else it says may be a key as well, or the fingerprint of one.
    let says_more = remote.replica.is_some() || !remote.others.is_empty();
    let own = remote.fingerprint.clone();
    let reading = remote.into_reading(variable)?;
    if !says_more {
        return Ok(reading);
    }
    let around = match own {
        Some(own) => without(bytes, own.as_bytes()),
        None => Secret::copied(bytes),
    };
    Ok(reading.out_of(Arc::new(around)))
}

/// A document without the first place in which this stands.
fn without(bytes: &[u8], part: &[u8]) -> Secret {
    match memmem::find(bytes, part) {
        Some(at) => Secret::new([&bytes[..at], &bytes[at + part.len()..]].concat()),
        None => Secret::copied(bytes),
    }
}

impl RemoteReading {
    fn into_reading(self, variable: &str) -> Result<Reading, ReadError> {
        // A name from outside may be anything, so it is not repeated.
        if self
            .variable
            .as_ref()
            .is_some_and(|other| other != variable)
        {
            return Err(bad(
                format!(
                    "the reading that came back is of another variable than {}",
                    Escaped(variable)
                ),
                "look at that variable there, or say `variable` in the hop if the key has another name there",
            ));
        }
        let beside = self.beside()?;
        let found = match (self.fingerprint, self.absent) {
            (None, true) if self.length.is_none_or(|length| length == 0) => Found::Absent,
            (None, true) => return Err(contradiction("`absent`, and a length")),
            (Some(_), true) => return Err(contradiction("`absent`, and a fingerprint")),
            (None, false) => {
                return Err(bad(
                    "the reading that came back has neither a fingerprint nor `absent`",
                    SAME_VERSION,
                ));
            }
            (Some(text), false) => {
                let fingerprint = text.parse::<Fingerprint>().map_err(|_| {
                    bad(
                        "the reading that came back has a broken fingerprint",
                        SAME_VERSION,
                    )
                })?;
                let is_empty = fingerprint.agrees(&Fingerprint::of(b""));
                match self.length {
                    Some(0) if !is_empty => {
                        return Err(contradiction("no length, and the fingerprint of something"));
                    }
                    Some(1..) if is_empty => {
                        return Err(contradiction("a length, and the fingerprint of nothing"));
                    }
                    length => Found::Fingerprint {
                        fingerprint,
                        length,
                        attested: false,
                    },
                }
            }
        };
        let mut reading = Reading::new(found).started_at(self.started_at);
        reading.replica = self.replica.map(Into::into);
        reading.unsearched = match (&beside, self.beside_cut) {
            (None, _) => Some(Unsearched::Untold),
            (Some(_), true) => Some(Unsearched::Cut),
            // A file that is the key has no variable, and nothing beside it.
            (Some(beside), false) if beside.is_empty() && self.variable.is_none() => None,
            (Some(_), false) => Some(Unsearched::ByRule),
        };
        let beside = beside.unwrap_or_default();
        if !beside.is_empty() {
            let lines = beside.iter().map(|print| print.as_bytes());
            reading = reading.out_of(Arc::new(Secret::of_lines(lines)));
        }
        Ok(reading)
    }

    /// The fingerprints of what stands beside it, where that is told.
    fn beside(&self) -> Result<Option<Vec<String>>, ReadError> {
        let Some(beside) = &self.beside else {
            return match self.beside_cut {
                true => Err(contradiction("`beside_cut`, and no `beside`")),
                false => Ok(None),
            };
        };
        let prints = beside.iter().chain(&self.fingerprint);
        let prints: Result<Vec<Fingerprint>, _> = prints.map(|text| text.parse()).collect();
        let prints = prints.map_err(|_| {
            bad(
                "the reading that came back has a broken fingerprint",
                SAME_VERSION,
            )
        })?;
        if !prints
            .iter()
            .all(|print| print.digits() == prints[0].digits())
        {
            return Err(contradiction("fingerprints of several lengths"));
        }
        let beside = prints.iter().take(beside.len());
        Ok(Some(beside.map(ToString::to_string).collect()))
    }
}

#[cfg(test)]
mod tests;
