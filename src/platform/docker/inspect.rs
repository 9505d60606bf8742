use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Engine;
use super::failure::refused;
use crate::extract::SecretText;
use crate::key::Secret;
use crate::platform::{Ask, MAX_BYTES};
use crate::reading::ReadError;

/// Asks for everything an engine knows of a container; the answer is `None` when it is gone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Inspect {
    /// The container's id.
    pub id: Arc<str>,
}

/// What an engine knows of a container, as far as it matters.
pub struct Details {
    /// When it was created, and its environment fixed.
    pub created_at: Option<Timestamp>,
    /// When it was last started.
    pub started_at: Option<Timestamp>,
    /// Whether it runs, is paused, or is about to run again.
    pub alive: bool,
    /// The number of its first process, where the engine is; none while it does not run.
    pub pid: Option<u32>,
    /// The image's name as it was given when the container was created.
    pub image: Box<str>,
    /// The program it was started with, and its arguments. People do put keys there.
    pub command: Vec<Secret>,
    /// `NAME=value`, in the engine's order; a name without `=` is taken out of the environment.
    pub environment: Vec<Secret>,
    /// What is mounted in it.
    pub mounts: Vec<Mount>,
    /// By which policy the engine starts it again by itself; none where it does not.
    pub restarts: Option<Box<str>>,
    /// Whether the engine is Podman, so that its client is too.
    pub podman: bool,
}

/// Something that is mounted in a container.
pub struct Mount {
    /// Where in the container.
    pub path: Box<str>,
    /// Whether it lies in memory, where the engine's archives do not reach.
    pub in_memory: bool,
    /// Which path of the engine's machine it is, where it is one that somebody chose.
    pub source: Option<Box<str>>,
}

impl Mount {
    /// Whether it is a path of the engine's machine.
    #[must_use]
    pub fn is_bind(&self) -> bool {
        self.source.is_some()
    }

    /// What a path in the container is on the engine's machine.
    #[must_use]
    pub fn beneath(&self, path: &str) -> String {
        let rest = path.strip_prefix(self.path.trim_end_matches('/'));
        let source = self.source.as_deref().unwrap_or_default();
        format!(
            "{}{}",
            source.trim_end_matches('/'),
            rest.unwrap_or_default()
        )
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    created: Option<Box<str>>,
    #[serde(default)]
    path: Option<SecretText>,
    #[serde(default)]
    args: Option<Vec<SecretText>>,
    state: State,
    config: Config,
    #[serde(default)]
    host_config: HostConfig,
    #[serde(default)]
    mounts: Option<Vec<Mounted>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    #[serde(default)]
    running: bool,
    #[serde(default)]
    paused: bool,
    #[serde(default)]
    restarting: bool,
    #[serde(default)]
    pid: u32,
    #[serde(default)]
    started_at: Option<Box<str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Config {
    #[serde(default)]
    image: Option<Box<str>>,
    #[serde(default)]
    env: Option<Vec<SecretText>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HostConfig {
    #[serde(default)]
    tmpfs: Option<HashMap<Box<str>, IgnoredAny>>,
    #[serde(default)]
    restart_policy: Option<RestartPolicy>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RestartPolicy {
    #[serde(default)]
    name: Box<str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Mounted {
    #[serde(default, rename = "Type")]
    kind: Box<str>,
    #[serde(default)]
    source: Option<Box<str>>,
    destination: Box<str>,
}

impl Ask for Inspect {
    type Platform = Engine;
    type Answer = Option<Details>;

    fn host(&self, engine: &Engine) -> Option<Arc<str>> {
        engine.host()
    }

    fn describe(&self) -> String {
        format!("GET containers/{}/json", super::look::short(&self.id))
    }

    async fn send(engine: &Engine, asks: Vec<Self>) -> Vec<Result<Option<Details>, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.inspect(engine).await);
        }
        answers
    }
}

impl Inspect {
    async fn inspect(&self, engine: &Engine) -> Result<Option<Details>, ReadError> {
        let reply = engine
            .endpoint()?
            .get(&["containers", &self.id, "json"], &[], MAX_BYTES)
            .await?;
        if reply.status.as_u16() == 404 && super::failure::is_gone(&super::failure::said(&reply)) {
            return Ok(None);
        }
        if !reply.status.is_success() {
            return Err(refused(&reply, "GET /containers/*/json"));
        }
        let podman = reply
            .headers
            .get("server")
            .is_some_and(|server| server.as_bytes().starts_with(b"Libpod"));
        let details = Details::from(reply.json::<Answer>()?);
        Ok(Some(Details { podman, ..details }))
    }
}

impl From<Answer> for Details {
    fn from(answer: Answer) -> Self {
        let State {
            running,
            paused,
            restarting,
            pid,
            started_at,
        } = answer.state;
        let HostConfig {
            tmpfs,
            restart_policy,
        } = answer.host_config;
        let restarts = restart_policy.map(|policy| policy.name);
        let tmpfs = tmpfs.into_iter().flatten();
        let in_memory = tmpfs.map(|(path, _)| Mount {
            path,
            in_memory: true,
            source: None,
        });
        let mounts = answer.mounts.into_iter().flatten();
        let mounts = mounts.map(|mount| Mount {
            in_memory: &*mount.kind == "tmpfs",
            source: mount.source.filter(|_| &*mount.kind == "bind"),
            path: mount.destination,
        });
        let command = answer.path.into_iter();
        let command = command.chain(answer.args.into_iter().flatten());
        let environment = answer.config.env.into_iter().flatten();
        Self {
            created_at: time(answer.created.as_deref()),
            started_at: time(started_at.as_deref()),
            alive: running || paused || restarting,
            pid: Some(pid).filter(|&pid| pid != 0),
            command: command.map(|word| word.0).collect(),
            image: answer.config.image.unwrap_or_default(),
            environment: environment.map(|entry| entry.0).collect(),
            mounts: in_memory.chain(mounts).collect(),
            restarts: restarts.filter(|policy| !matches!(&**policy, "" | "no")),
            podman: false,
        }
    }
}

/// A time; none for year 1, which stands for never.
fn time(text: Option<&str>) -> Option<Timestamp> {
    let time: Timestamp = text?.parse().ok()?;
    (time > Timestamp::UNIX_EPOCH).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_is_no_time() {
        assert_eq!(time(Some("0001-01-01T00:00:00Z")), None);
        assert!(time(Some("2026-11-24T19:31:51.25036358+01:00")).is_some());
        assert_eq!(time(Some("soon")), None);
    }
}
