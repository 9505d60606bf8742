//! A world: who owns which keys, and what every place holds. It is made by `scopes` and `places`,
//! put on disk by `disk`, and judged by `judge`.

use std::fmt;

use super::forms::Form;
use super::keys::Style;

/// The verdicts, worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Verdict {
    Revoked,
    Stale,
    WrongProject,
    Malformed,
    Missing,
    Unknown,
    Unreachable,
    Unverified,
    Current,
    NotRequired,
    NotSelected,
}

impl Verdict {
    const NAMES: [(Self, &'static str); 11] = [
        (Self::Revoked, "revoked"),
        (Self::Stale, "stale"),
        (Self::WrongProject, "wrong-project"),
        (Self::Malformed, "malformed"),
        (Self::Missing, "missing"),
        (Self::Unknown, "unknown"),
        (Self::Unreachable, "unreachable"),
        (Self::Unverified, "unverified"),
        (Self::Current, "current"),
        (Self::NotRequired, "not-required"),
        (Self::NotSelected, "not-selected"),
    ];

    pub const DRIFT: [Self; 6] = [
        Self::Revoked,
        Self::Stale,
        Self::WrongProject,
        Self::Malformed,
        Self::Missing,
        Self::Unknown,
    ];

    pub fn name(self) -> &'static str {
        let named = Self::NAMES.iter().find(|(verdict, _)| *verdict == self);
        named.map_or("", |(_, name)| name)
    }

    pub fn named(name: &str) -> Option<Self> {
        let named = Self::NAMES.iter().find(|(_, known)| *known == name);
        named.map(|(verdict, _)| *verdict)
    }

    pub fn is_drift(self) -> bool {
        Self::DRIFT.contains(&self)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stage {
    Store,
    Config,
    Running,
}

impl Stage {
    pub const ALL: [Self; 3] = [Self::Store, Self::Config, Self::Running];

    pub fn name(self) -> &'static str {
        ["store", "config", "running"][self as usize]
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expect {
    Current,
    Optional,
    Absent,
}

impl Expect {
    pub fn name(self) -> &'static str {
        ["current", "optional", "absent"][self as usize]
    }
}

/// What one replica of a place holds.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// These bytes, made like this.
    Bytes(Vec<u8>, Made),
    /// The file, the variable or the member is not there.
    Absent,
    /// It cannot be read.
    Failed,
    /// It can be read, and what it says depends on something else.
    Open,
}

/// What the bytes were made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Made {
    /// Of these keys, so that the last one is the older.
    Keys(Vec<String>, Form),
    /// Of nothing.
    Empty,
    /// Of a word that stands for a key.
    Placeholder,
    /// Of what may be any key, encrypted.
    Encrypted,
    /// Of stars, where an endpoint hides a key.
    Mask,
    /// Of an address that a resolver turns into the key later.
    Address,
    /// Of what nobody knows.
    Stranger,
}

/// What can be seen of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seen {
    Value,
    /// Its fingerprint, with so many digits.
    Fingerprint(usize),
}

/// Something that has to be there when the program runs.
#[derive(Clone)]
pub enum Artifact {
    File(String, Vec<u8>),
    Folder(String),
    Variable(String, Vec<u8>),
    /// A process with this argument, and perhaps this variable.
    Process(String, Option<(String, Vec<u8>)>),
    /// What the server answers at this path.
    Answer(String, u16, Vec<u8>),
}

/// Bytes are told as text, so that a fault can be read.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(400)]).into_owned()
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes, made) => write!(f, "{:?} ({made:?})", text(bytes)),
            Self::Absent => f.write_str("Absent"),
            Self::Failed => f.write_str("Failed"),
            Self::Open => f.write_str("Open"),
        }
    }
}

impl fmt::Debug for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, bytes) => write!(f, "file {path}: {:?}", text(bytes)),
            Self::Folder(path) => write!(f, "folder {path}"),
            Self::Variable(name, bytes) => write!(f, "variable {name}: {:?}", text(bytes)),
            Self::Process(argument, None) => write!(f, "process {argument}"),
            Self::Process(argument, Some((name, bytes))) => {
                write!(f, "process {argument} with {name}: {:?}", text(bytes))
            }
            Self::Answer(path, status, bytes) => {
                write!(f, "answer {path}: {status} {:?}", text(bytes))
            }
        }
    }
}

#[derive(Clone, Debug)]
pub struct Hop {
    pub source: &'static str,
    pub stage: Stage,
    /// The lines of targets.yaml for its source, with `SERVER` for where the server is.
    pub yaml: String,
    pub artifacts: Vec<Artifact>,
    pub replicas: Vec<Content>,
    pub seen: Seen,
    /// Whether it is the place the reference is read from.
    pub at_reference: bool,
    /// The keys that stand there beside the part that the hop takes.
    pub beside: Vec<String>,
    pub expect: Option<Expect>,
    pub waive: Option<Waive>,
}

#[derive(Clone, Debug)]
pub struct Waive {
    pub verdicts: Vec<Verdict>,
    pub over: bool,
}

#[derive(Clone, Debug)]
pub struct Deployment {
    pub name: String,
    /// Whose key it should hold: an index of `World::scopes`.
    pub scope: usize,
    pub environment: String,
    pub owner: &'static str,
    pub variable: Option<String>,
    pub expect: Expect,
    pub waive: Option<Waive>,
    pub hops: Vec<Hop>,
    pub spelling: Spelling,
    /// What all paths of its route have in common.
    pub place: String,
}

/// How a deployment is written down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spelling {
    Plain,
    /// With what its paths have in common among its `vars`.
    Vars,
    /// As a matrix of one axis, with a route that has a name.
    Matrix,
}

/// The owner of one key: a project, or one environment of it.
#[derive(Clone, Debug)]
pub struct Scope {
    pub project: String,
    pub environment: Option<String>,
    pub style: Style,
    pub variable: String,
    pub current: Known,
    pub reference: Reference,
    pub next: Option<Known>,
    pub previous: Vec<Previous>,
    pub immediate: bool,
    pub same_key_as: Option<String>,
    pub rotated_at: bool,
    /// Whether one of its previous keys is declared as the fingerprint of nothing.
    pub previous_nothing: bool,
    /// Other scopes that are the reason for what is said of its reference.
    pub leans_on: Vec<usize>,
    /// Whether the smallest world that shows a fault does without it.
    pub dropped: bool,
}

/// A key, and how it is known.
#[derive(Clone, Debug)]
pub struct Known {
    pub key: String,
    pub by_value: bool,
    pub yaml: String,
    pub artifacts: Vec<Artifact>,
}

#[derive(Clone, Debug)]
pub struct Previous {
    pub known: Known,
    pub revoked: Revoked,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Revoked {
    No,
    Past,
    ToCome,
}

/// What is to be said of the place where the current key is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reference {
    Sound,
    /// Something is wrong with it; it may hold a real key all the same.
    Faulty {
        held: bool,
    },
    Unread,
}

/// With which options the audit is asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub until: Option<Stage>,
    pub fail_on: Option<Vec<Verdict>>,
    pub accept: bool,
    pub owner: Option<&'static str>,
    pub project: Option<String>,
    pub environment: Option<String>,
}

#[derive(Clone, Debug)]
pub struct World {
    pub seed: u64,
    pub scopes: Vec<Scope>,
    pub deployments: Vec<Deployment>,
    pub asked: Asked,
}

impl World {
    pub fn scope(&self, deployment: &Deployment) -> &Scope {
        &self.scopes[deployment.scope]
    }
}
