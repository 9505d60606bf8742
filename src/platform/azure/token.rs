use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use crate::extract::SecretText;
use crate::key::Secret;
use crate::platform::http::Reply;
use crate::reading::ReadError;

/// A token, and for how long it is good.
pub(super) type Token = (Arc<Secret>, Option<Duration>);

#[derive(Deserialize)]
struct Answer {
    access_token: SecretText,
    /// For how many seconds; the metadata service writes numbers as strings.
    #[serde(default, deserialize_with = "number")]
    expires_in: Option<u64>,
    /// Until when, in seconds since 1970; all that App Service says.
    #[serde(default, deserialize_with = "number")]
    expires_on: Option<u64>,
}

/// A number, in quotes or not.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(u64),
        Text(String),
        Other(serde::de::IgnoredAny),
    }
    Ok(match Written::deserialize(deserializer)? {
        Written::Number(number) => Some(number),
        Written::Text(text) => text.parse().ok(),
        Written::Other(_) => None,
    })
}

/// The token in an answer.
pub(super) fn token(reply: &Reply) -> Result<Token, ReadError> {
    let answer: Answer = reply.json()?;
    let until = |end: u64| {
        let now = u64::try_from(Timestamp::now().as_second()).unwrap_or(0);
        end.saturating_sub(now)
    };
    let lasts = answer.expires_in.or(answer.expires_on.map(until));
    let token = Arc::new(answer.access_token.0);
    Ok((token, lasts.map(Duration::from_secs)))
}

/// What a token endpoint says when it refuses.
#[derive(Default, Deserialize)]
pub(super) struct Refusal {
    #[serde(default)]
    pub error: String,
    #[serde(default)]
    error_description: String,
}

impl Refusal {
    /// Anything else than such a refusal gives an empty one.
    pub fn of(reply: &Reply) -> Self {
        serde_json::from_slice(reply.body.expose()).unwrap_or_default()
    }

    /// What it says to people; ids for the support stand on further lines.
    pub fn said(&self) -> Option<&str> {
        let mut texts = [&self.error_description, &self.error].into_iter();
        let text = texts.find(|text| !text.is_empty())?;
        text.lines().next()
    }
}
