//! `straggler.reading/v1`: a reading without its value, so that a key never leaves its host.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ErrorKind, Found, ReadError, Reading};
use crate::key::{Fingerprint, Secret};

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
/// takes anything else for the key itself.
///
/// # Errors
///
/// [`ErrorKind::BadData`] when a promised fingerprint or reading is none.
pub fn understand(bytes: Secret, yields: Option<Yields>) -> Result<Reading, ReadError> {
    match yields {
        Some(Yields::Value) => Ok(Reading::value(bytes)),
        Some(Yields::Fingerprint) => bare_fingerprint(&bytes)
            .ok_or_else(|| bad("no bare fingerprint came back", "print `sha256:` and 8 to 64 hex digits, or say what comes with `yields`")),
        Some(Yields::Reading) => remote_reading(&bytes).unwrap_or_else(|| {
            Err(bad(
                "no straggler.reading/v1 came back",
                "print it with `straggler inspect --format reading`, or say what comes with `yields`",
            ))
        }),
        None => {
            if let Some(reading) = bare_fingerprint(&bytes) {
                return Ok(reading);
            }
            remote_reading(&bytes).unwrap_or_else(|| Ok(Reading::value(bytes)))
        }
    }
}

fn bad(message: &'static str, next: &'static str) -> ReadError {
    ReadError::new(ErrorKind::BadData, message, next)
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

/// `None` when the bytes are something else altogether.
fn remote_reading(bytes: &Secret) -> Option<Result<Reading, ReadError>> {
    let remote: RemoteReading = serde_json::from_slice(bytes.expose()).ok()?;
    (remote.schema == SCHEMA).then(|| remote.into_reading())
}

impl RemoteReading {
    fn into_reading(self) -> Result<Reading, ReadError> {
        let found = match self.fingerprint {
            None if self.absent => Found::Absent,
            None => {
                return Err(bad(
                    "the reading that came back has neither a fingerprint nor `absent`",
                    "run the same version of straggler on both sides",
                ));
            }
            Some(text) => Found::Fingerprint {
                fingerprint: text.parse::<Fingerprint>().map_err(|_| {
                    bad(
                        "the reading that came back has a broken fingerprint",
                        "run the same version of straggler on both sides",
                    )
                })?,
                length: self.length,
                attested: false,
            },
        };
        let mut reading = Reading::new(found).started_at(self.started_at);
        reading.replica = self.replica.map(Into::into);
        Ok(reading)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn understood(text: &str, yields: Option<Yields>) -> Result<Reading, ReadError> {
        understand(Secret::copied(text.as_bytes()), yields)
    }

    #[test]
    fn recognises_a_reading_a_fingerprint_and_else_a_value() {
        let json = r#"{"schema":"straggler.reading/v1","fingerprint":"sha256:ba7816bf8f01","length":3,
                       "replica":"host-1/42","started_at":"2026-11-20T09:00:00Z"}"#;
        let reading = understood(json, None).ok().unwrap();
        assert_eq!(reading.replica.as_deref(), Some("host-1/42"));
        assert!(reading.started_at.is_some());
        assert!(matches!(
            reading.found,
            Found::Fingerprint {
                length: Some(3),
                attested: false,
                ..
            }
        ));

        let reading = understood(" sha256:ba7816bf8f01\n", None).ok().unwrap();
        assert!(matches!(reading.found, Found::Fingerprint { .. }));

        let reading = understood("{\"schema\":\"other\"}", None).ok().unwrap();
        assert!(matches!(reading.found, Found::Value(_)));
    }

    #[test]
    fn absent_is_an_answer_and_silence_is_not() {
        let absent = r#"{"schema":"straggler.reading/v1","absent":true}"#;
        assert!(matches!(
            understood(absent, None).ok().unwrap().found,
            Found::Absent
        ));
        let neither = r#"{"schema":"straggler.reading/v1"}"#;
        assert!(understood(neither, None).is_err());
    }

    #[test]
    fn a_promise_is_kept_or_the_reading_failed() {
        assert!(understood("ask_live_x", Some(Yields::Fingerprint)).is_err());
        assert!(understood("ask_live_x", Some(Yields::Reading)).is_err());
        let value = understood("sha256:ba7816bf8f01", Some(Yields::Value))
            .ok()
            .unwrap();
        assert!(matches!(value.found, Found::Value(_)));
    }
}
