use crate::verdict::{Evidence, Stage};

/// What a source is, for the manual, the schema, messages and tests. Everything that lists sources
/// comes from here.
pub struct Info {
    /// The key that names it in targets.yaml.
    pub id: &'static str,
    /// A line for people.
    pub title: &'static str,
    /// Its stage; `None` where each hop says it.
    pub stage: Option<Stage>,
    /// The kind of store it reads from, if any.
    pub store: Option<&'static str>,
    /// What its verdicts can rest on.
    pub proves: &'static [Evidence],
    /// What one replica is called, singular and plural.
    pub replicas: [&'static str; 2],
    /// The least permission that is enough.
    pub permission: &'static str,
    /// The environment variables it takes credentials from by itself.
    pub credentials: &'static [&'static str],
    /// Hops to paste, as YAML: a list.
    pub example: &'static str,
    /// What it was tested against.
    pub tested: &'static str,
    /// The page in the manual: how it reads, what its answers mean, its traps. Markdown.
    pub manual: &'static str,
}
