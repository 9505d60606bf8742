use std::fmt;

use crate::inventory::Inventory;
use crate::keyring::scrubbed;
use crate::reading::ReadError;
use crate::text::Escaped;

/// Why somebody was not told. It never carries a URL, a secret or a value.
#[derive(Debug)]
pub struct Failure {
    whom: Whom,
    attempts: u32,
    error: ReadError,
}

/// The most characters of what happened that are shown.
const MOST_SHOWN: usize = 400;

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

    /// Takes out what looks like a key: what a program complains about may hold one.
    pub(super) fn scrubbed(mut self, inventory: &Inventory) -> Self {
        let formats = inventory.formats();
        let formats = formats.iter().map(|format| &**format);
        let message = scrubbed(self.error.message.as_bytes(), formats, MOST_SHOWN);
        self.error.message = message.into();
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
