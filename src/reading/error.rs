use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// Why a place could not be read. None of these is drift, and none is fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The platform or the system said no.
    Denied,
    /// The place itself, not the key in it, was not found, or nothing there could be looked at.
    NotFound,
    /// Too many requests.
    Throttled,
    /// No answer in time.
    Timeout,
    /// No connection.
    Connect,
    /// The other side's identity could not be verified.
    Tls,
    /// The other side answered, but not as its protocol says.
    Protocol,
    /// More bytes than a key or a page may have.
    TooLarge,
    /// The bytes arrived but do not parse.
    BadData,
    /// The audit was interrupted before this was read.
    Interrupted,
}

impl ErrorKind {
    /// The name used in JSON and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::NotFound => "not-found",
            Self::Throttled => "throttled",
            Self::Timeout => "timeout",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Protocol => "protocol",
            Self::TooLarge => "too-large",
            Self::BadData => "bad-data",
            Self::Interrupted => "interrupted",
        }
    }
}

/// A failed read: what and where, and what to do next. It never carries a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// What kind of failure.
    pub kind: ErrorKind,
    /// What happened and where, a lowercase fragment.
    pub message: Cow<'static, str>,
    /// What to do next; for [`ErrorKind::Denied`], the least permission that would be enough.
    pub next: Cow<'static, str>,
    /// Whether the same request may do better later.
    pub retry: Retry,
    /// Whether the other side said so itself: who answers is there.
    pub answered: bool,
}

/// Whether a request that failed is worth sending again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The answer would be the same.
    Never,
    /// It may pass by itself.
    Later,
    /// The other side said how long to wait.
    After(Duration),
}

impl ReadError {
    /// Both texts are lowercase fragments; the second starts with a verb. Throttled and late requests
    /// are worth another try, others only when [`ReadError::transient`] says so.
    pub fn new(
        kind: ErrorKind,
        message: impl Into<Cow<'static, str>>,
        next: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            kind,
            message: message.into(),
            next: next.into(),
            retry: match kind {
                ErrorKind::Throttled | ErrorKind::Timeout => Retry::Later,
                _ => Retry::Never,
            },
            answered: false,
        }
    }

    /// Says that it may pass by itself: a server in trouble, a connection that broke off.
    #[must_use]
    pub fn transient(mut self) -> Self {
        self.retry = Retry::Later;
        self
    }

    /// Says that another try is useless.
    #[must_use]
    pub fn lasting(mut self) -> Self {
        self.retry = Retry::Never;
        self
    }

    /// Says that this is what the other side answered.
    #[must_use]
    pub fn answered(mut self) -> Self {
        self.answered = true;
        self
    }

    /// Says how long the other side wants to be left alone.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.retry = Retry::After(wait);
        self
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.message)
    }
}

impl std::error::Error for ReadError {}
