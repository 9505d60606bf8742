use std::borrow::Cow;
use std::sync::Arc;

use crate::extract::Extraction;
use crate::inventory::Place;
use crate::judge::{self, Member};
use crate::key::Secret;
use crate::reading::{Found, Reading};

/// Gets the key out of what was read, as the place says.
pub fn extracted(place: &Place, mut reading: Reading) -> Reading {
    let Some(extraction) = &place.extraction else {
        return reading;
    };
    if reading.whole.is_none()
        && extraction.picks()
        && let Some(value) = value_of(&reading.found)
    {
        let whole = Secret::copied(value.expose());
        reading = reading.out_of(Arc::new(whole));
    }
    let relaxed = extract_from(extraction, &mut reading.found);
    if relaxed {
        let note: Cow<'static, str> = match reading.note.take() {
            Some(note) => format!("{note}; {NOT_STRICT}").into(),
            None => NOT_STRICT.into(),
        };
        reading = reading.with_note(note);
    }
    for member in extraction.members() {
        reading.identity = reading.identity.map(|identity| identity.member(member));
    }
    reading
}

/// What a strict reader makes of such a text nobody here can know.
const NOT_STRICT: &str = "the text has a byte order mark, comments or a comma too many: a strict reader \
                          of JSON refuses it";

/// The value that was found, or that the place is taken to hold.
fn value_of(found: &Found) -> Option<&Secret> {
    match found {
        Found::Value(value) => Some(value),
        Found::Hidden {
            taken_for: Some(taken),
            ..
        } => value_of(&taken.found),
        _ => None,
    }
}

/// Whether it read a JSON text that strict readers refuse.
fn extract_from(extraction: &Extraction, found: &mut Found) -> bool {
    match found {
        Found::Value(_) => {
            let Found::Value(value) = std::mem::replace(found, Found::Absent) else {
                return false;
            };
            let extracted = extraction.apply(value);
            *found = extracted.found;
            extracted.relaxed
        }
        Found::Hidden {
            taken_for: Some(taken),
            ..
        } => extract_from(extraction, &mut taken.found),
        _ => false,
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
