use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;

use super::Engine;
use super::failure::refused;
use crate::platform::Ask;
use crate::platform::http::MAX_PAGE;
use crate::reading::ReadError;

/// Asks for every container that holds something, or would if somebody started it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct List;

/// States of a container that ended or never ran, and can be started.
const STOPPED: [&str; 5] = ["configured", "created", "exited", "initialized", "stopped"];

/// A container, as the list has it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Container {
    /// 64 hexadecimal digits.
    pub id: Arc<str>,
    /// Its name with a slash in front, and perhaps what others call it.
    #[serde(default)]
    names: Option<Vec<Box<str>>>,
    /// What it was made from; only an id where the name belongs to a newer image by now.
    #[serde(default)]
    pub image: Box<str>,
    /// Its labels.
    #[serde(default)]
    labels: Option<HashMap<Box<str>, Box<str>>>,
    #[serde(default)]
    state: Box<str>,
}

impl Container {
    /// Its own name.
    #[must_use]
    pub fn name(&self) -> &str {
        let names = self.names.iter().flatten();
        let names = names.map(|name| name.strip_prefix('/').unwrap_or(name));
        // A link from another container is `other/alias`.
        names
            .min_by_key(|name| name.contains('/'))
            .unwrap_or(&self.id)
    }

    /// Whether it runs, is paused, or is about to. What an engine calls otherwise than those it knows to be
    /// over may hold something.
    #[must_use]
    pub fn runs(&self) -> bool {
        !STOPPED.contains(&&*self.state) && !self.is_over()
    }

    /// What the engine calls its state: `exited`.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }

    /// Whether nobody can start it anymore. Who orders tasks or pods starts others in their place.
    fn is_over(&self) -> bool {
        const ORDERED: [&str; 2] = ["com.docker.swarm.task.id", "io.kubernetes.container.name"];
        let is_ordered = || ORDERED.iter().any(|name| self.label(name).is_some());
        match &*self.state {
            "dead" | "removing" => true,
            state => STOPPED.contains(&state) && is_ordered(),
        }
    }

    /// A label's value.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.as_ref()?.get(name).map(|value| &**value)
    }
}

impl Ask for List {
    type Platform = Engine;
    type Answer = Vec<Container>;

    fn host(&self, engine: &Engine) -> Option<Arc<str>> {
        engine.host()
    }

    fn describe(&self) -> String {
        "GET containers/json".to_owned()
    }

    async fn send(engine: &Engine, asks: Vec<Self>) -> Vec<Result<Vec<Container>, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for _ in asks {
            answers.push(list(engine).await);
        }
        answers
    }
}

async fn list(engine: &Engine) -> Result<Vec<Container>, ReadError> {
    let reply = engine
        .endpoint()?
        // Without `all` Podman leaves out what is paused.
        .get(&["containers", "json"], &[("all", "true")], MAX_PAGE)
        .await?;
    if !reply.status.is_success() {
        return Err(refused(&reply, "GET /containers/json"));
    }
    let mut containers: Vec<Container> = reply.json()?;
    containers.retain(|container| !container.is_over());
    Ok(containers)
}
