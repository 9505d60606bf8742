use std::borrow::Cow;

use crate::extract::{Extract, Extraction, is_relaxed};
use crate::inventory::Place;
use crate::judge::{self, Member};
use crate::reading::{Found, Reading};

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
