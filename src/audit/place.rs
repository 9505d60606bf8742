use std::borrow::Cow;
use std::sync::Arc;

use crate::inventory::{Inventory, Place};
use crate::keyring::{Format, scrubbed};
use crate::reading::{Found, ReadError, Reading};

/// Gets the key out of what was read, as the place says.
pub fn extracted(place: &Place, mut reading: Reading) -> Reading {
    reading.found = match (reading.found, &place.extraction) {
        (Found::Value(value), Some(extraction)) => extraction.apply(value),
        (found, _) => found,
    };
    reading
}

/// How many characters of a text from outside are shown.
const MOST_SHOWN: usize = 400;

/// Takes out of everything that came from outside what looks like a key of any project.
pub struct Scrubber {
    formats: Vec<Arc<Format>>,
}

impl Scrubber {
    /// Knows every format of the inventory.
    pub fn new(inventory: &Inventory) -> Self {
        let mut formats: Vec<Arc<Format>> = Vec::new();
        for format in inventory
            .projects
            .iter()
            .filter_map(|project| project.format.as_ref())
        {
            if !formats.iter().any(|known| Arc::ptr_eq(known, format)) {
                formats.push(Arc::clone(format));
            }
        }
        Self { formats }
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
        let formats = self.formats.iter().map(|format| &**format);
        scrubbed(text.as_bytes(), formats, MOST_SHOWN)
    }
}
