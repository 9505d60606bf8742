/// What a source saw, when it read a place, of how a value gets there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mend {
    /// What to do here if this is not what it should be, where the source saw a better way than to write
    /// the key anew.
    pub words: Option<Box<str>>,
    /// The words where an earlier hop is mended first, if that changes them.
    pub after: Option<Box<str>>,
    /// Whether what reads it does so only when it starts, so that a restart has to follow unless that has the
    /// current key already. The words say nothing of it.
    pub read_at_start: bool,
    /// In what the value was written before it came here, so that what its rules did to the key can be told.
    pub written: Option<Written>,
}

/// A text with rules of its own that a key is written in before it comes to its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// A line of an env file in which single quotes protect everything between them.
    QuotableEnvFile,
    /// A line of an env file that is taken as it stands, quotes and all.
    PlainEnvFile,
    /// A Compose file, or the env files that Compose reads.
    Compose,
    /// The command line or the `--env-file` that a container was created with.
    ContainerOptions,
    /// `Environment=` of a systemd unit.
    UnitEnvironment,
    /// An `EnvironmentFile=` of a systemd unit.
    UnitEnvironmentFile,
}
