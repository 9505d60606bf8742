use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use super::Server;
use super::variables::at;
use crate::platform::Ask;
use crate::reading::ReadError;
use crate::text::Escaped;

/// Asks what a project is, and what serves its production.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Project {
    /// Its name or id.
    pub project: Arc<str>,
}

/// Asks which deployment a domain leads to.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Alias {
    /// The domain.
    pub domain: Arc<str>,
}

/// Asks what a deployment is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Deployment {
    /// Its id, `dpl_…`.
    pub id: Arc<str>,
}

/// A project.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    /// Its id, `prj_…`.
    pub id: Arc<str>,
    /// The team or the person it belongs to.
    pub account_id: Arc<str>,
    custom_environments: Option<Vec<Custom>>,
    targets: Option<HashMap<Box<str>, Option<Made>>>,
}

/// An environment of a project's own.
#[derive(Deserialize)]
pub struct Custom {
    /// Its id, `env_…`.
    pub id: Box<str>,
    /// Its name.
    pub slug: Box<str>,
}

/// What a domain leads to.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Serving {
    /// The deployment, if any.
    pub deployment_id: Option<Arc<str>>,
    /// The project that it belongs to.
    pub project_id: Option<Arc<str>>,
    /// The domain that it sends everybody to instead.
    pub redirect: Option<Box<str>>,
}

/// A deployment.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Made {
    /// Its id, `dpl_…`.
    pub id: Arc<str>,
    created_at: Option<i64>,
    building_at: Option<i64>,
    ready_substate: Option<Box<str>>,
    alias: Option<Vec<Arc<str>>>,
}

impl Shown {
    /// The environments beside `production`, `preview` and `development`.
    #[must_use]
    pub fn custom(&self) -> &[Custom] {
        self.custom_environments.as_deref().unwrap_or_default()
    }

    /// The latest deployment of production.
    #[must_use]
    pub fn production(&self) -> Option<&Made> {
        self.targets.as_ref()?.get("production")?.as_ref()
    }
}

impl Made {
    /// The domains that lead to it.
    #[must_use]
    pub fn domains(&self) -> &[Arc<str>] {
        self.alias.as_deref().unwrap_or_default()
    }

    /// When it was ordered.
    #[must_use]
    pub fn created_at(&self) -> Option<Timestamp> {
        self.created_at.and_then(at)
    }

    /// From when on its variables cannot have changed.
    #[must_use]
    pub fn fixed_at(&self) -> Option<Timestamp> {
        self.building_at.or(self.created_at).and_then(at)
    }

    /// Whether it gets a part of the traffic while another deployment has the rest.
    #[must_use]
    pub fn is_rolling(&self) -> bool {
        self.ready_substate.as_deref() == Some("ROLLING")
    }
}

const RIGHT: &str =
    "let the token's member see the project, or correct `project` and the store's `team`";

impl Ask for Project {
    type Platform = Server;
    type Answer = Shown;

    /// It is asked for when a project has no variable of the name, too.
    const KEEP: bool = true;

    fn host(&self, server: &Server) -> Option<Arc<str>> {
        server.host()
    }

    fn describe(&self) -> String {
        format!("GET projects/{}", Escaped(&self.project))
    }

    async fn send(server: &Server, asks: Vec<Self>) -> Vec<Result<Shown, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            let path = ["v9", "projects", &ask.project];
            let reply = server.get(&path, None, RIGHT).await;
            answers.push(reply.and_then(|reply| reply.json()));
        }
        answers
    }
}

impl Ask for Alias {
    type Platform = Server;
    type Answer = Serving;

    const KEEP: bool = true;

    fn host(&self, server: &Server) -> Option<Arc<str>> {
        server.host()
    }

    fn describe(&self) -> String {
        format!("GET aliases/{}", Escaped(&self.domain))
    }

    async fn send(server: &Server, asks: Vec<Self>) -> Vec<Result<Serving, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            let path = ["v4", "aliases", &ask.domain];
            let right =
                "let the token's member see the domain, or correct `domain` and the store's `team`";
            let reply = server.get(&path, None, right).await;
            answers.push(reply.and_then(|reply| reply.json()));
        }
        answers
    }
}

impl Ask for Deployment {
    type Platform = Server;
    type Answer = Made;

    const KEEP: bool = true;

    fn host(&self, server: &Server) -> Option<Arc<str>> {
        server.host()
    }

    fn describe(&self) -> String {
        format!("GET deployments/{}", Escaped(&self.id))
    }

    async fn send(server: &Server, asks: Vec<Self>) -> Vec<Result<Made, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            let path = ["v13", "deployments", &ask.id];
            let reply = server.get(&path, None, RIGHT).await;
            answers.push(reply.and_then(|reply| reply.json()));
        }
        answers
    }
}
