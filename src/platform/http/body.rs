use serde::Serialize;
use zeroize::Zeroizing;

use crate::key::Secret;
use crate::reading::{ErrorKind, ReadError};

/// How many bytes a byte of text becomes at most, in JSON.
const WIDEST: usize = 6;

/// A JSON body that holds a credential. `room` is how many bytes of text it is made from, so that the
/// buffer never grows and leaves a copy behind.
///
/// # Errors
///
/// When it cannot be written, which for plain structs never happens.
pub(in crate::platform) fn json(body: &impl Serialize, room: usize) -> Result<Secret, ReadError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(room * WIDEST + 256));
    serde_json::to_writer(&mut *bytes, body).map_err(|_| {
        ReadError::new(
            ErrorKind::Protocol,
            "a request could not be written as JSON",
            "report it",
        )
    })?;
    Ok(Secret::new(std::mem::take(&mut *bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_holds_what_it_is_given_and_escapes_it() {
        let body = serde_json::json!({"name": "\u{1}\""});
        assert_eq!(json(&body, 2).unwrap().expose(), br#"{"name":"\u0001\""}"#);
    }
}
