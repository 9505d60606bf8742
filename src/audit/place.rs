use std::borrow::Cow;
use std::sync::Arc;

use crate::extract::{Extract, Extraction, is_relaxed};
use crate::inventory::{Inventory, Place};
use crate::judge::{self, Member};
use crate::key::Secret;
use crate::keyring::{Format, Keyring, Known, scrubbed};
use crate::reading::{Found, ReadError, Reading};

/// Gets the key out of what was read, as the place says.
pub fn extracted(place: &Place, mut reading: Reading) -> Reading {
    if let Some(extraction) = &place.extraction {
        let relaxed = matches!(
            (&extraction.extract, &reading.found),
            (Some(Extract::Json(_)), Found::Value(text)) if is_relaxed(text.expose())
        );
        if relaxed {
            let note: Cow<'static, str> = match reading.note.take() {
                Some(note) => format!("{note}; {NOT_STRICT}").into(),
                None => NOT_STRICT.into(),
            };
            reading = reading.with_note(note);
        }
        reading.found = extracted_from(extraction, reading.found);
        if let Some(member) = extraction.member() {
            reading.identity = reading.identity.map(|identity| identity.member(member));
        }
        // What the source saw to be done is about the whole.
        reading.mend = None;
    }
    reading
}

/// What a strict reader makes of such a text nobody here can know.
const NOT_STRICT: &str = "the text has a byte order mark, comments or a comma too many: a strict reader \
                          of JSON refuses it";

fn extracted_from(extraction: &Extraction, found: Found) -> Found {
    match found {
        Found::Value(value) => extraction.apply(value),
        Found::Hidden {
            fixed_at,
            why,
            taken_for: Some(mut taken),
        } => {
            taken.found = extracted_from(extraction, taken.found);
            Found::Hidden {
                fixed_at,
                why,
                taken_for: Some(taken),
            }
        }
        found => found,
    }
}

/// A reading of one key: a JSON object of which the place should have named a member is none.
pub fn with_member(place: &Place, mut reading: Reading) -> Reading {
    if let Found::Value(value) = &reading.found
        && let Some(error) = judge::unnamed_member(value, Member::of(place), None)
    {
        reading.found = Found::Failed(error);
    }
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
        let secrets = keyring.known().filter_map(Known::secret);
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

    /// A failed read, with every text in it as it may be shown.
    pub fn error(&self, mut error: ReadError) -> ReadError {
        error.message = Cow::Owned(self.text(&error.message));
        error.next = self.made(error.next);
        error
    }

    /// A reading, with every text in it as it may be shown.
    pub fn reading(&self, mut reading: Reading) -> Reading {
        if let Some(replica) = reading.replica.take() {
            reading.replica = Some(self.text(&replica).into());
        }
        reading.found = self.found(reading.found);
        reading.note = reading.note.map(|note| self.made(note));
        reading.mend = reading.mend.map(|mend| self.text(&mend).into());
        reading
    }

    fn found(&self, found: Found) -> Found {
        match found {
            Found::Failed(error) => Found::Failed(self.error(error)),
            Found::Hidden {
                fixed_at,
                why,
                taken_for,
            } => Found::Hidden {
                fixed_at,
                why: self.made(why),
                taken_for: taken_for.map(|mut taken| {
                    taken.found = self.found(taken.found);
                    taken
                }),
            },
            found => found,
        }
    }

    /// A text, unless it stands in straggler itself.
    fn made(&self, text: Cow<'static, str>) -> Cow<'static, str> {
        match text {
            Cow::Owned(text) => Cow::Owned(self.text(&text)),
            borrowed => borrowed,
        }
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
