use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::key::Secret;
use crate::reading::{ErrorKind, ReadError};

/// How many bytes a byte of text becomes at most, in JSON and in a form.
const WIDEST: usize = 6;

/// What a form writes as it is, beside letters and digits, is left alone.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

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

/// The body of a form that holds a credential.
pub(in crate::platform) fn form(fields: &[(&str, &[u8])]) -> Secret {
    let room = fields
        .iter()
        .map(|(name, value)| (name.len() + value.len()) * WIDEST + 2);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room.sum()));
    for (name, value) in fields {
        if !bytes.is_empty() {
            bytes.push(b'&');
        }
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(b'=');
        for part in percent_encode(value, ESCAPED) {
            bytes.extend_from_slice(part.as_bytes());
        }
    }
    Secret::new(std::mem::take(&mut *bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_hold_what_they_are_given_and_escape_it() {
        let fields: [(&str, &[u8]); 2] = [("grant_type", b"a-b c"), ("secret", b"&=+%\xff")];
        assert_eq!(
            form(&fields).expose(),
            b"grant_type=a-b%20c&secret=%26%3D%2B%25%FF"
        );
        let body = serde_json::json!({"name": "\u{1}\""});
        assert_eq!(json(&body, 2).unwrap().expose(), br#"{"name":"\u0001\""}"#);
    }
}
