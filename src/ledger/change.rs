use std::fmt;
use std::sync::Arc;

use crate::inventory::Deployment;
use crate::keyring::ProjectId;
use crate::verdict::Verdict;

/// What somebody is told of an audit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Whether they were told of none of these deployments before, so that there is nothing to compare with.
    pub first: bool,
    /// First those of the audit, as declared, then those that are gone.
    pub list: Vec<Change>,
    /// Whose references changed, where nothing tells yet why, and they were not told so.
    pub references: Vec<ProjectId>,
    /// How many more there are that wait for the end of `grace`.
    pub held_back: usize,
}

/// What became of a deployment since somebody was last told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// How it changed.
    pub kind: ChangeKind,
    /// Which deployment.
    pub name: Name,
    /// Index into the audit's deployments; `None` for one that is gone.
    pub outcome: Option<usize>,
    /// What was told; `None` for one nobody was told of.
    pub before: Option<Verdict>,
    /// What it is now; `None` for one that is gone.
    pub now: Option<Verdict>,
}

/// How a deployment changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// A finding that was not there: on a deployment nobody knew, as bad as before but another one, or that
    /// what was wrong can be seen no more.
    New,
    /// A worse verdict.
    Worse,
    /// A better verdict.
    Better,
    /// targets.yaml does not name it anymore.
    Gone,
}

/// A deployment as it is remembered, whatever becomes of targets.yaml.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The name of its project, without the environment.
    pub project: Arc<str>,
    /// Its name with its environment and axes. Raw text from targets.yaml.
    pub title: Arc<str>,
}

impl Name {
    /// The name of this deployment, which holds a key of `project`.
    #[must_use]
    pub fn of(project: &Arc<str>, deployment: &Deployment) -> Self {
        Self {
            project: Arc::clone(project),
            title: deployment.title().into(),
        }
    }
}

impl ChangeKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::New, Self::Worse, Self::Better, Self::Gone];

    /// The name used in messages and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Worse => "worse",
            Self::Better => "better",
            Self::Gone => "gone",
        }
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
