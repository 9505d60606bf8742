use std::borrow::Cow;
use std::sync::Arc;

use crate::inventory::{Inventory, Place};
use crate::key::Secret;
use crate::keyring::{Format, Keyring, Known, scrubbed};
use crate::reading::{Found, ReadError, Reading};

/// Gets the key out of what was read, as the place says.
pub fn extracted(place: &Place, mut reading: Reading) -> Reading {
    reading.found = match (reading.found, &place.extraction) {
        (Found::Value(value), Some(extraction)) => extraction.apply(value),
        (found, _) => found,
    };
    reading
}

/// Shorter keys would be found in texts that hold none.
const SHORTEST: usize = 8;

/// How many characters of a text from outside are shown.
const MOST_SHOWN: usize = 400;

/// What stands for a key that was taken out.
const REDACTED: &str = "[redacted]";

/// Takes out of everything that came from outside what looks like a key of any project, and every
/// key that is known though it has no format to tell it by.
pub struct Scrubber<'a> {
    formats: Vec<Arc<Format>>,
    keys: Vec<&'a str>,
}

impl<'a> Scrubber<'a> {
    /// Knows every format of the inventory.
    pub fn new(inventory: &Inventory) -> Self {
        Self {
            formats: inventory.formats(),
            keys: Vec::new(),
        }
    }

    /// Knows the keys as well, as far as they have no format.
    pub fn knowing(&self, keyring: &'a Keyring) -> Self {
        let secrets = keyring.known().iter().filter_map(Known::secret);
        let formless = |secret: &&Secret| {
            let bytes = secret.expose();
            bytes.len() >= SHORTEST && !self.formats.iter().any(|format| format.fits(bytes))
        };
        let texts = secrets
            .filter(formless)
            .filter_map(|secret| std::str::from_utf8(secret.expose()).ok());
        Self {
            formats: self.formats.clone(),
            keys: texts.collect(),
        }
    }

    /// A failed read's message, as it may be shown.
    pub fn error(&self, mut error: ReadError) -> ReadError {
        error.message = Cow::Owned(self.text(&error.message));
        error
    }

    /// A reading, with every text in it as it may be shown.
    pub fn reading(&self, mut reading: Reading) -> Reading {
        if let Some(replica) = reading.replica.take() {
            reading.replica = Some(self.text(&replica).into());
        }
        if let Found::Failed(error) = reading.found {
            reading.found = Found::Failed(self.error(error));
        }
        reading
    }

    fn text(&self, text: &str) -> String {
        let mut text = Cow::Borrowed(text);
        for key in self
            .keys
            .iter()
            .filter(|key| text.contains(**key))
            .collect::<Vec<_>>()
        {
            text = Cow::Owned(text.replace(key, REDACTED));
        }
        let formats = self.formats.iter().map(|format| &**format);
        scrubbed(text.as_bytes(), formats, MOST_SHOWN)
    }
}
