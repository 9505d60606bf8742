use data_encoding::BASE64_MIME_PERMISSIVE;
use zeroize::Zeroizing;

use super::{Decode, Extract, Extraction, check_pointer, compile_pattern, string_at, url};
use crate::key::Secret;
use crate::reading::{ErrorKind, Found, ReadError};

impl Extraction {
    /// Whether it can be meant so.
    ///
    /// # Errors
    ///
    /// What was expected, a lowercase fragment that does not repeat the setting.
    pub fn check(&self) -> Result<(), String> {
        match &self.extract {
            Some(Extract::Json(pointer)) => check_pointer(pointer),
            Some(Extract::Dotenv(variable)) if variable.is_empty() => {
                Err("expected the name of a variable".to_owned())
            }
            Some(Extract::Pattern(pattern)) => match compile_pattern(pattern)?.captures_len() - 1 {
                1 => Ok(()),
                groups => Err(format!(
                    "expected a regular expression with exactly one group, which is the key; \
                         this one has {groups}, write (?:…) for a group that is not"
                )),
            },
            Some(Extract::Dotenv(_) | Extract::Url(_)) | None => Ok(()),
        }
    }

    /// Gets the key out of what was read: absent where its place is not there, failed where the bytes
    /// are not what they should be.
    #[must_use]
    pub fn apply(&self, bytes: Secret) -> Found {
        let extracted = match &self.extract {
            None => Ok(Some(bytes)),
            Some(Extract::Json(pointer)) => string_at(bytes.expose(), pointer),
            Some(Extract::Dotenv(_)) => Ok(None),
            Some(Extract::Url(part)) => url::part(bytes.expose(), *part),
            Some(Extract::Pattern(pattern)) => group(bytes.expose(), pattern),
        };
        let decoded = match (extracted, self.decode) {
            (Ok(Some(key)), Some(Decode::Base64)) => base64(key.expose()).map(Some),
            (other, _) => other,
        };
        match decoded {
            Ok(Some(key)) => Found::Value(key),
            Ok(None) => Found::Absent,
            Err(error) => Found::Failed(error),
        }
    }
}

fn group(bytes: &[u8], pattern: &str) -> Result<Option<Secret>, ReadError> {
    let pattern = compile_pattern(pattern).map_err(|why| bad(why, "correct `extract`"))?;
    let found = pattern.captures(bytes).and_then(|found| found.get(1));
    Ok(found.map(|found| Secret::copied(found.as_bytes())))
}

fn base64(bytes: &[u8]) -> Result<Secret, ReadError> {
    let unreadable = || {
        bad(
            "what was read is no base64",
            "look at what is deployed there, or leave out `decode`",
        )
    };
    // One buffer of the final size each: growing would leave copies behind.
    let mut digits = Zeroizing::new(Vec::with_capacity(bytes.len() + 3));
    digits.extend(bytes.iter().filter(|byte| !byte.is_ascii_whitespace()));
    let padding = digits
        .iter()
        .rev()
        .take_while(|&&byte| byte == b'=')
        .count();
    let length = digits.len() - padding;
    digits.truncate(length);
    if padding > 2 || digits.contains(&b'=') {
        return Err(unreadable());
    }
    digits.resize(length.next_multiple_of(4), b'=');
    let room = BASE64_MIME_PERMISSIVE
        .decode_len(digits.len())
        .map_err(|_| unreadable())?;
    let mut decoded = Zeroizing::new(vec![0; room]);
    let length = BASE64_MIME_PERMISSIVE
        .decode_mut(&digits, &mut decoded)
        .map_err(|_| unreadable())?;
    decoded.truncate(length);
    Ok(Secret::new(std::mem::take(&mut *decoded)))
}

fn bad(message: impl Into<std::borrow::Cow<'static, str>>, next: &'static str) -> ReadError {
    ReadError::new(ErrorKind::BadData, message, next)
}
