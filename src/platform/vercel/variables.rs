use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Server;
use crate::extract::SecretText;
use crate::key::Secret;
use crate::platform::Ask;
use crate::reading::ReadError;
use crate::text::Escaped;

const RIGHT: &str = "let the token's member see the environment variables of the project, or correct `project` and the \
                     store's `team`";

/// Asks for the variables of a project, their values as far as they are no secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Variables {
    /// The project's name or id.
    pub project: Arc<str>,
    /// The custom environment to which they belong, by its name.
    pub custom: Option<Arc<str>>,
}

/// Asks for the variables that a team shares with a project, without their values.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Shared {
    /// The project's id.
    pub project: Arc<str>,
}

/// Asks for the value of one variable.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Value {
    /// The project that has it; `None` for one that a team shares.
    pub project: Option<Arc<str>>,
    /// Its id.
    pub id: Arc<str>,
}

/// Some variables.
pub struct Listed {
    /// In the order of the answer.
    pub variables: Vec<Variable>,
    /// Whether there are more behind them.
    pub is_part: bool,
    /// How many variables of production are kept from the token.
    pub hidden_of_production: u64,
}

/// A variable, or one of several of the same name.
pub struct Variable {
    /// Its id.
    pub id: Arc<str>,
    /// Its name.
    pub key: Box<str>,
    /// How it is kept: `plain`, `encrypted`, `sensitive`, `secret`, `system`.
    pub kind: Box<str>,
    /// Whether nobody is ever shown its value.
    pub write_only: bool,
    /// `production`, `preview`, `development`.
    pub targets: Vec<Box<str>>,
    /// The ids of the custom environments that get it.
    pub custom: Vec<Box<str>>,
    /// Whether all custom environments get it.
    pub every_custom: bool,
    /// The one branch that gets it, of preview deployments.
    pub branch: Option<Box<str>>,
    /// When it was last changed, if only in its comment.
    pub updated_at: Option<Timestamp>,
    /// The value, only where what came is surely the value itself and no ciphertext.
    pub value: Option<Secret>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    #[serde(default)]
    id: Arc<str>,
    #[serde(default)]
    key: Box<str>,
    #[serde(default, rename = "type")]
    kind: Box<str>,
    value: Option<SecretText>,
    decrypted: Option<bool>,
    visibility: Option<Box<str>>,
    target: Option<Targets>,
    custom_environment_ids: Option<Vec<Box<str>>>,
    apply_to_all_custom_environments: Option<bool>,
    git_branch: Option<Box<str>>,
    created_at: Option<i64>,
    updated_at: Option<i64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Targets {
    One(Box<str>),
    Many(Vec<Box<str>>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(alias = "data")]
    envs: Vec<Raw>,
    hidden_production_env_count: Option<u64>,
    pagination: Option<Pagination>,
}

#[derive(Deserialize)]
struct Pagination {
    next: Option<IgnoredAny>,
}

impl From<Raw> for Variable {
    fn from(raw: Raw) -> Self {
        let write_only = &*raw.kind == "sensitive" || raw.visibility.as_deref() == Some("secret");
        // Lists give ciphertext for values that Vercel would decrypt, and nothing but this tells it from a key.
        let shown = match &*raw.kind {
            "system" => false,
            "plain" => !write_only,
            _ => !write_only && raw.decrypted == Some(true),
        };
        let branch = raw.git_branch.filter(|branch| !branch.is_empty());
        Self {
            write_only,
            targets: match raw.target {
                None => Vec::new(),
                Some(Targets::One(target)) => vec![target],
                Some(Targets::Many(targets)) => targets,
            },
            custom: raw.custom_environment_ids.unwrap_or_default(),
            every_custom: raw.apply_to_all_custom_environments == Some(true),
            branch,
            updated_at: raw.updated_at.or(raw.created_at).and_then(at),
            value: raw.value.filter(|_| shown).map(|text| text.0),
            id: raw.id,
            key: raw.key,
            kind: raw.kind,
        }
    }
}

/// A time in milliseconds since 1970.
pub(super) fn at(milliseconds: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(milliseconds).ok()
}

impl From<Answer> for Listed {
    fn from(answer: Answer) -> Self {
        let further = answer.pagination.and_then(|pagination| pagination.next);
        Self {
            is_part: further.is_some(),
            hidden_of_production: answer.hidden_production_env_count.unwrap_or(0),
            variables: answer.envs.into_iter().map(Into::into).collect(),
        }
    }
}

impl Ask for Variables {
    type Platform = Server;
    type Answer = Listed;

    fn host(&self, server: &Server) -> Option<Arc<str>> {
        server.host()
    }

    fn describe(&self) -> String {
        let project = Escaped(&self.project);
        match &self.custom {
            Some(custom) => format!("GET projects/{project}/env of {}", Escaped(custom)),
            None => format!("GET projects/{project}/env"),
        }
    }

    async fn send(server: &Server, asks: Vec<Self>) -> Vec<Result<Listed, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.list(server).await);
        }
        answers
    }
}

impl Variables {
    async fn list(&self, server: &Server) -> Result<Listed, ReadError> {
        let custom = self.custom.as_deref();
        let query = custom.map(|custom| ("customEnvironmentSlug", custom));
        let path = ["v10", "projects", &self.project, "env"];
        let reply = server.get(&path, query, RIGHT).await?;
        Ok(reply.json::<Answer>()?.into())
    }
}

impl Ask for Shared {
    type Platform = Server;
    type Answer = Listed;

    /// It is asked for when a project has none of its own. No value is in it.
    const KEEP: bool = true;

    fn host(&self, server: &Server) -> Option<Arc<str>> {
        server.host()
    }

    fn describe(&self) -> String {
        format!("GET env projectId={}", Escaped(&self.project))
    }

    async fn send(server: &Server, asks: Vec<Self>) -> Vec<Result<Listed, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.list(server).await);
        }
        answers
    }
}

impl Shared {
    async fn list(&self, server: &Server) -> Result<Listed, ReadError> {
        let query = Some(("projectId", &*self.project));
        let right = "let the token's member see the shared environment variables of the team, or correct the store's \
                     `team`";
        let reply = server.get(&["v1", "env"], query, right).await?;
        let mut listed = Listed::from(reply.json::<Answer>()?);
        for variable in &mut listed.variables {
            variable.value = None;
        }
        Ok(listed)
    }
}

impl Ask for Value {
    type Platform = Server;
    type Answer = Variable;

    fn host(&self, server: &Server) -> Option<Arc<str>> {
        server.host()
    }

    fn describe(&self) -> String {
        let id = Escaped(&self.id);
        match &self.project {
            Some(project) => format!("GET projects/{}/env/{id}", Escaped(project)),
            None => format!("GET env/{id}"),
        }
    }

    async fn send(server: &Server, asks: Vec<Self>) -> Vec<Result<Variable, ReadError>> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(ask.read(server).await);
        }
        answers
    }
}

impl Value {
    async fn read(&self, server: &Server) -> Result<Variable, ReadError> {
        let path = match &self.project {
            Some(project) => vec!["v1", "projects", project, "env", &self.id],
            None => vec!["v1", "env", &self.id],
        };
        let reply = server.get(&path, None, RIGHT).await?;
        Ok(reply.json::<Raw>()?.into())
    }
}
