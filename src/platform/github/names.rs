use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::text::Escaped;

/// A list of names that GitHub keeps somewhere.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Names {
    /// Where.
    pub at: Level,
    /// Of what.
    pub what: What,
}

/// Where GitHub keeps secrets and variables. What stands closer to a job wins.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Level {
    /// At an environment of a repository, `owner/name`.
    Environment(Arc<str>, Arc<str>),
    /// At a repository.
    Repository(Arc<str>),
    /// At the organization, as far as this repository may use it. GitHub has that list for Actions only.
    Shared(Arc<str>),
    /// At an organization, whoever may use it.
    Organization(Arc<str>),
}

/// What has the names.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    /// Secrets, whose values are never shown.
    Secrets(App),
    /// Variables of Actions.
    Variables,
}

/// What gets a secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum App {
    /// Workflows.
    #[default]
    Actions,
    /// Dependabot, and the workflows that it starts.
    Dependabot,
    /// Codespaces.
    Codespaces,
}

impl App {
    /// As it stands in paths.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Actions => "actions",
            Self::Dependabot => "dependabot",
            Self::Codespaces => "codespaces",
        }
    }
}

impl What {
    /// As it stands in paths, and in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Secrets(_) => "secrets",
            Self::Variables => "variables",
        }
    }

    /// The most names that a page may have.
    pub(super) fn per_page(self) -> usize {
        match self {
            Self::Secrets(_) => 100,
            Self::Variables => 30,
        }
    }

    fn app(self) -> App {
        match self {
            Self::Secrets(app) => app,
            Self::Variables => App::Actions,
        }
    }
}

impl Names {
    /// The path of the list, below the API's address.
    pub(super) fn path(&self) -> Vec<&str> {
        let (app, what) = (self.what.app().name(), self.what.name());
        let (start, owner, end) = match &self.at {
            Level::Environment(repository, environment) => {
                ("repos", repository, vec!["environments", environment, what])
            }
            Level::Repository(repository) => ("repos", repository, vec![app, what]),
            Level::Shared(repository) => {
                let list = match self.what {
                    What::Secrets(_) => "organization-secrets",
                    What::Variables => "organization-variables",
                };
                ("repos", repository, vec![app, list])
            }
            Level::Organization(organization) => ("orgs", organization, vec![app, what]),
        };
        std::iter::once(start)
            .chain(owner.split('/'))
            .chain(end)
            .collect()
    }

    /// What a fine-grained token has to be given to read this list.
    pub(super) fn permission(&self) -> String {
        match (&self.at, self.what) {
            (Level::Environment(..), _) => {
                "the repository permission \"Environments: read\"".into()
            }
            (Level::Repository(_) | Level::Shared(_), what) => {
                format!("the repository permission \"{}: read\"", permission(what))
            }
            (Level::Organization(_), What::Secrets(App::Actions)) => {
                "the organization permission \"Secrets: read\"".into()
            }
            (Level::Organization(_), What::Secrets(app)) => format!(
                "the organization permission \"Organization {} secrets: read\"",
                app.name()
            ),
            (Level::Organization(_), What::Variables) => {
                "the organization permission \"Variables: read\"".into()
            }
        }
    }

    /// What may be named wrongly.
    pub(super) fn setting(&self) -> &'static str {
        match self.at {
            Level::Environment(..) => "`repository` and `environment`",
            Level::Repository(_) | Level::Shared(_) => "`repository`",
            Level::Organization(_) => "the organization",
        }
    }
}

fn permission(what: What) -> &'static str {
    match what {
        What::Secrets(App::Actions) => "Secrets",
        What::Secrets(App::Dependabot) => "Dependabot secrets",
        What::Secrets(App::Codespaces) => "Codespaces secrets",
        What::Variables => "Variables",
    }
}

/// For messages.
impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(_, environment) => {
                write!(f, "the environment {}", Escaped(environment))
            }
            Self::Repository(_) => f.write_str("the repository"),
            Self::Shared(_) | Self::Organization(_) => f.write_str("the organization"),
        }
    }
}
