use std::fmt;

use crate::audit::MOST_SHOWN;
use crate::keyring::Scrubber;
use crate::reading::ReadError;
use crate::text::Escaped;

/// Why somebody was not told. It never carries a URL, a secret or a value.
#[derive(Debug)]
pub struct Failure {
    whom: Whom,
    attempts: u32,
    error: ReadError,
}

/// Who was not told.
#[derive(Debug)]
pub(super) enum Whom {
    Receiver(Box<str>),
    Heartbeat,
}

impl Failure {
    pub(super) fn new(whom: Whom, attempts: u32, error: ReadError) -> Self {
        Self {
            whom,
            attempts,
            error,
        }
    }

    /// Takes out every secret: what a program complains about may hold one.
    pub(super) fn scrubbed(mut self, scrubber: &Scrubber) -> Self {
        let message = scrubber.text(self.error.message.as_bytes(), MOST_SHOWN);
        self.error.message = message.to_string().into();
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.whom {
            Whom::Receiver(name) => write!(f, "the receiver \"{}\" was not told", Escaped(name))?,
            Whom::Heartbeat => f.write_str("the heartbeat was not sent")?,
        }
        write!(f, ": {}", self.error.message)?;
        if self.attempts > 1 {
            write!(f, ", at the last of {} attempts", self.attempts)?;
        }
        write!(f, "; {}", self.error.next)
    }
}

impl std::error::Error for Failure {}
