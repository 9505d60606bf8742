use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{Heartbeat, Identity, LedgerSettings, Receiver, Store};
use crate::extract::Extraction;
use crate::key::{Digits, Fingerprint, Secret};
use crate::keyring::{Format, ProjectId, Scrubber};
use crate::platform::{AnyStore, EnvSecret};
use crate::source::{AnySource, At};
use crate::verdict::{Expectation, Verdict};

/// Everything that targets.yaml and what it includes declare, checked and with templates filled in.
pub struct Inventory {
    /// The files, as they are named in messages; [`Site::file`] counts into them.
    pub files: Vec<Box<str>>,
    /// How it is known again.
    pub identity: Identity,
    /// How many digits fingerprints are shown and kept with.
    pub digits: Digits,
    /// Who is told what changed, as declared.
    pub notify: Vec<Receiver>,
    /// What is asked when an audit was completed and everybody was told.
    pub heartbeat: Option<Heartbeat>,
    /// How long after a rotation nobody is told of that project's changes.
    pub grace: Duration,
    /// What is said of the ledger.
    pub ledger: LedgerSettings,
    /// One for each project and each environment that has keys of its own; [`ProjectId`] counts
    /// into them. As declared, a project's own first.
    pub projects: Vec<Project>,
    /// The declared connections.
    pub stores: Vec<Store>,
    /// As declared, matrices in the order of their axes.
    pub deployments: Vec<Deployment>,
    /// What `${env.NAME}` was filled in with that may be a credential, which nothing shows.
    pub env_secrets: Arc<[EnvSecret]>,
}

impl Inventory {
    /// The project, which an id of this inventory always names.
    #[must_use]
    pub fn project(&self, id: ProjectId) -> &Project {
        &self.projects[id.0 as usize]
    }

    /// What knows all that nothing may show before any key was read.
    #[must_use]
    pub fn scrubber(&self) -> Scrubber {
        let secrets = self.env_secrets.iter();
        let secrets = secrets.map(|known| Secret::copied(known.value.expose()));
        Scrubber::new(self.formats()).knowing(secrets.collect(), Vec::new())
    }

    /// Whether both have one key on purpose. Nobody shares with itself.
    #[must_use]
    pub fn share_a_key(&self, one: ProjectId, other: ProjectId) -> bool {
        let [first, second] = [one, other].map(|id| self.project(id).shares);
        one != other && first.is_some() && first == second
    }

    /// The declared stores, to be opened.
    pub fn connections(&self) -> impl Iterator<Item = (&Arc<str>, &dyn AnyStore)> {
        self.stores
            .iter()
            .map(|store| (&store.name, &*store.settings))
    }

    /// What keys look like: every format, each once.
    #[must_use]
    pub fn formats(&self) -> Vec<Arc<Format>> {
        let mut formats: Vec<Arc<Format>> = Vec::new();
        for format in self
            .projects
            .iter()
            .filter_map(|project| project.format.as_ref())
        {
            if !formats.iter().any(|known| Arc::ptr_eq(known, format)) {
                formats.push(Arc::clone(format));
            }
        }
        formats
    }

    /// Every variable that some key is deployed in.
    #[must_use]
    pub fn variables(&self) -> BTreeSet<&str> {
        let of_projects = self.projects.iter().map(|project| &*project.variable);
        let hops = self
            .deployments
            .iter()
            .flat_map(|deployment| &deployment.hops);
        of_projects
            .chain(hops.map(|hop| &*hop.place.variable))
            .collect()
    }
}

/// A line in one of the files, for messages and for reports that point into them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    /// Index into [`Inventory::files`].
    pub file: u16,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

/// The owner of one key: a project, or one environment of it that has a key of its own.
pub struct Project {
    /// Its name.
    pub name: Arc<str>,
    /// The environment whose key this is; `None` for the project's own.
    pub environment: Option<Arc<str>>,
    /// The variable that deployments hold the key in, unless they say otherwise.
    pub variable: Arc<str>,
    /// What a key looks like.
    pub format: Option<Arc<Format>>,
    /// What becomes of old keys.
    pub retirement: Retirement,
    /// How many versions of the reference's store may be read; 0 for none.
    pub versions: u16,
    /// Where the reference is read from.
    pub current: Origin,
    /// The key that comes next, for overlapping rotations.
    pub next: Option<Origin>,
    /// The declared previous keys, the latest first.
    pub previous: Vec<Previous>,
    /// T₀, where it is declared.
    pub rotated_at: Option<Timestamp>,
    /// Where a test event can be sent to.
    pub ingest: Option<Ingest>,
    /// The first of those that share one key on purpose (`same_key_as`), be it this one itself; `None`
    /// for a key that nobody else may have.
    pub shares: Option<ProjectId>,
    /// Where it is declared.
    pub site: Site,
}

impl Project {
    /// `checkout`, or `checkout/staging` for an environment's own key.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.environment {
            Some(environment) => format!("{}/{environment}", self.name),
            None => self.name.to_string(),
        }
    }
}

/// What becomes of old keys at a rotation (`rotation` in targets.yaml).
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    serde::Deserialize,
    serde::Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Retirement {
    /// They live on until they are revoked.
    #[default]
    Overlap,
    /// They die at T₀.
    Immediate,
}

impl Retirement {
    /// Whether a previous key is dead, given when it is declared to die. Where old keys die at T₀, they
    /// are dead whatever else is declared.
    #[must_use]
    pub fn is_dead(self, revoked_at: Option<Timestamp>, now: Timestamp) -> bool {
        self == Self::Immediate || revoked_at.is_some_and(|at| at <= now)
    }
}

/// Where a known key is read from.
pub enum Origin {
    /// Only its fingerprint is known.
    Fingerprint(Fingerprint),
    /// It is read from a place.
    Place(Place),
    /// It was given to straggler itself, by `--current` or `--previous`.
    Given {
        /// The key.
        secret: Secret,
        /// What a person should know of how it was read.
        note: Option<Cow<'static, str>>,
    },
}

/// What takes the events that are signed with a project's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ingest {
    /// AllStak.
    AllStak {
        /// An URL without credentials, query and fragment: https, or http on this very host.
        host: Box<str>,
    },
}

/// A declared previous key.
pub struct Previous {
    /// Where it is read from.
    pub origin: Origin,
    /// When it came to be.
    pub rotated_at: Option<Timestamp>,
    /// When it died, or will.
    pub revoked_at: Option<Timestamp>,
    /// Where it is declared.
    pub site: Site,
}

/// One place where a key can be read, and how to get it out of what is read there.
pub struct Place {
    /// The source's settings, shared by all the hops that say the same.
    pub source: Arc<dyn AnySource>,
    /// The variable, by the hop, its deployment or its project.
    pub variable: Arc<str>,
    /// `extract`, `decode` and `trim`; boxed, since few places have them.
    pub extraction: Option<Box<Extraction>>,
    /// How the platform's own command-line tool gets to the declared store.
    pub options: Arc<[Box<str>]>,
    /// Where it is declared.
    pub site: Site,
}

impl Place {
    /// What the source is told about the hop.
    #[must_use]
    pub fn at(&self) -> At<'_> {
        At {
            part: self.extraction.as_deref().filter(|it| it.transforms()),
            options: &self.options,
            ..At::of(&self.variable)
        }
    }

    /// The same, when a key of this project is looked for.
    #[must_use]
    pub fn at_for<'a>(&'a self, project: &'a Project) -> At<'a> {
        At {
            format: project.format.as_ref(),
            ..self.at()
        }
    }

    /// Its printable address.
    #[must_use]
    pub fn location(&self) -> String {
        self.source.location(self.at())
    }

    /// Whether both read the very same key.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        self.variable == other.variable
            && self.extraction == other.extraction
            && self.source.same(&*other.source)
    }
}

/// One service in one environment that should hold its project's current key.
pub struct Deployment {
    /// Its name.
    pub name: Arc<str>,
    /// Whose key it should hold: the project's, or that of its environment.
    pub project: ProjectId,
    /// Which environment it runs in.
    pub environment: Option<Arc<str>>,
    /// Who answers for it.
    pub owner: Option<Arc<str>>,
    /// For selection and reports.
    pub labels: Arc<BTreeMap<String, String>>,
    /// The axes of the matrix it came from, but for those that are its own fields, and its `vars`.
    pub axes: Box<[(Arc<str>, Arc<str>)]>,
    /// An accepted finding, on the whole deployment.
    pub waiver: Option<Arc<Waiver>>,
    /// Its route. Never empty.
    pub hops: Box<[Hop]>,
    /// Where it is declared.
    pub site: Site,
}

impl Deployment {
    /// The name with its environment and axes: `cart (staging, prod-eu)`. Raw text from targets.yaml.
    #[must_use]
    pub fn title(&self) -> String {
        let mut title = String::new();
        let _ = self.write_title(&mut title);
        title
    }

    /// Writes the same somewhere else.
    ///
    /// # Errors
    ///
    /// When it cannot be written there.
    pub fn write_title(&self, to: &mut impl fmt::Write) -> fmt::Result {
        to.write_str(&self.name)?;
        let axes = self.axes.iter().map(|(_, value)| value);
        let mut before = " (";
        for part in self.environment.iter().chain(axes) {
            to.write_str(before)?;
            to.write_str(part)?;
            before = ", ";
        }
        match before {
            ", " => to.write_str(")"),
            _ => Ok(()),
        }
    }
}

/// One place on a route.
pub struct Hop {
    /// Where and how to read it.
    pub place: Place,
    /// What should be there: the hop's own word, else its deployment's.
    pub expect: Expectation,
    /// An accepted finding, on this hop alone.
    pub waiver: Option<Arc<Waiver>>,
}

/// An accepted finding.
#[derive(Debug)]
pub struct Waiver {
    /// Which verdicts it accepts.
    pub verdicts: Vec<Verdict>,
    /// Why.
    pub reason: String,
    /// Who answers for that.
    pub owner: String,
    /// When it ends: the end of the day that was written, UTC.
    pub until: Timestamp,
    /// Where it is declared.
    pub site: Site,
}
