use std::sync::Arc;

use reqwest::Url;
use serde::Deserialize;

use super::Server;
use super::crc32c::crc32c;
use super::failure::refused;
use crate::extract::SecretText;
use crate::key::Secret;
use crate::platform::base64::decoded;
use crate::platform::http::Call;
use crate::platform::{Ask, Rate};
use crate::reading::{ErrorKind, ReadError};
use crate::text::escape;

/// A secret, with all its versions.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secrets {
    /// The project's id or number; by default the store's.
    pub project: Option<Arc<str>>,
    /// Where it is kept, if it is regional.
    pub location: Option<Arc<str>>,
    /// Its name.
    pub secret: Arc<str>,
}

/// Asks for what one version of a secret holds; `None` where there is none.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Access {
    /// Of this secret.
    pub of: Secrets,
    /// A number, an alias or `latest`.
    pub version: Arc<str>,
}

/// What a version holds.
pub struct Kept {
    /// The bytes.
    pub value: Secret,
    /// The version's number.
    pub number: Option<u64>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    name: String,
    payload: Payload,
}

#[derive(Deserialize)]
struct Payload {
    /// Base64; left out where it is empty.
    data: Option<SecretText>,
    /// A number in a string.
    #[serde(rename = "dataCrc32c")]
    checksum: Option<String>,
}

/// The number at the end of a version's name.
pub(super) fn number(name: &str) -> Option<u64> {
    name.rsplit('/').next()?.parse().ok()
}

impl Secrets {
    pub(super) fn host(&self, server: &Server) -> Option<Arc<str>> {
        Some(server.secret_manager(self.location.as_deref()).ok()?.host())
    }

    pub(super) fn url(&self, server: &Server, rest: &[&str]) -> Result<Url, ReadError> {
        let project = server.project(self.project.as_deref())?;
        let mut path = vec!["v1", "projects", project];
        if let Some(location) = &self.location {
            path.extend(["locations", location]);
        }
        path.extend(["secrets", &self.secret]);
        path.extend_from_slice(rest);
        let place = server.secret_manager(self.location.as_deref())?;
        Ok(place.at(path))
    }
}

impl Ask for Access {
    type Platform = Server;
    type Answer = Option<Kept>;

    /// Of a project.
    const RATE: Option<Rate> = Some(Rate::per_minute(90_000));

    fn place(&self, server: &Server, _: &Option<Kept>) -> Option<String> {
        Some(self.of.url(server, &[]).ok()?.to_string())
    }

    fn host(&self, server: &Server) -> Option<Arc<str>> {
        self.of.host(server)
    }

    fn describe(&self) -> String {
        let (secret, version) = (escape(&self.of.secret), escape(&self.version));
        format!("access secrets/{secret}/versions/{version}")
    }

    async fn send(server: &Server, asks: Vec<Self>) -> Vec<Result<Option<Kept>, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.access(server).await);
        }
        answers
    }
}

impl Access {
    async fn access(&self, server: &Server) -> Result<Option<Kept>, ReadError> {
        let last = format!("{}:access", self.version);
        let url = self.of.url(server, &["versions", &last])?;
        let call = server.authorized(Call::get(url)).await?;
        let reply = call.send(&server.clients).await?;
        if !reply.status.is_success() {
            let role = "roles/secretmanager.secretAccessor";
            return refused(&reply, &self.of, role).map_or(Ok(None), Err);
        }
        let answer: Answer = reply.json()?;
        let value = match &answer.payload.data {
            None => Some(Secret::new(Vec::new())),
            Some(digits) => decoded(digits.0.expose()),
        };
        let value = value.ok_or_else(|| self.broken("is no base64"))?;
        let checksum = answer.payload.checksum.as_deref();
        if let Some(checksum) = checksum
            && checksum.parse() != Ok(i64::from(crc32c(value.expose())))
        {
            return Err(self.broken("does not fit its checksum").transient());
        }
        Ok(Some(Kept {
            value,
            number: number(&answer.name),
        }))
    }

    fn broken(&self, why: &str) -> ReadError {
        ReadError::new(
            ErrorKind::BadData,
            format!("what came for {} {why}", escape(&self.of.secret)),
            "run again; if it stays so, look at what stands between here and Google",
        )
    }
}
