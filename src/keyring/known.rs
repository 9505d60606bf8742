/// A key scope: one project in one environment. Index into the inventory's projects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProjectId(pub u32);

/// Which of a project's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Current.
    Current,
    /// Next.
    Next,
    /// Previous, 0 the most recent.
    Previous(u16),
}

/// One known key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId {
    /// Whose.
    pub project: ProjectId,
    /// Which.
    pub role: Role,
}
