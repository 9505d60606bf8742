use data_encoding::BASE64_MIME_PERMISSIVE;
use zeroize::Zeroizing;

use super::{Decode, Extract, Extraction, check_pointer, compile_pattern, string_at, url};
use crate::envfile::{self, Dialect, Entry, Expanded, Outside, Rejected};
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
            Some(Extract::Dotenv(variable)) => dotenv(bytes.expose(), variable),
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

fn dotenv(file: &[u8], variable: &str) -> Result<Option<Secret>, ReadError> {
    const NEXT: &str = "write the value out, or correct `extract`";
    match envfile::read(Dialect::Dotenv, file, variable, Outside::Unknown) {
        Ok(Entry::Value(value)) => match envfile::expanded(file, variable, value) {
            Expanded::Plain(value) => Ok(Some(value)),
            Expanded::Referring { .. } => Err(bad(
                "the value refers to another variable, which not every reader puts in",
                NEXT,
            )),
        },
        Ok(Entry::Absent) => Ok(None),
        Ok(Entry::Inherited { line } | Entry::Outside { line }) => Err(bad(
            format!("line {line} takes the value from elsewhere"),
            NEXT,
        )),
        Err(Rejected { line, reason }) => Err(bad(format!("line {line}: {reason}"), NEXT)),
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

#[cfg(test)]
mod tests {
    use super::super::UrlPart;
    use super::*;

    fn extraction(extract: Option<Extract>, decode: Option<Decode>) -> Extraction {
        let extraction = Extraction { extract, decode };
        assert_eq!(extraction.check(), Ok(()));
        extraction
    }

    fn applied(extraction: &Extraction, bytes: &[u8]) -> Result<Option<Vec<u8>>, ErrorKind> {
        match extraction.apply(Secret::copied(bytes)) {
            Found::Value(key) => Ok(Some(key.expose().to_vec())),
            Found::Absent => Ok(None),
            Found::Failed(error) => Err(error.kind),
            Found::Fingerprint { .. } | Found::Hidden { .. } => panic!("neither can come out"),
        }
    }

    #[track_caller]
    fn assert_gives(extract: Extract, bytes: &[u8], key: &[u8]) {
        assert_eq!(
            applied(&extraction(Some(extract), None), bytes),
            Ok(Some(key.to_vec()))
        );
    }

    #[test]
    fn every_kind_finds_its_key() {
        assert_gives(
            Extract::Json("/a/k".into()),
            br#"{"a": {"k": "v\n"}}"#,
            b"v\n",
        );
        assert_gives(Extract::Dotenv("K".into()), b"X=1\nexport K=\"v\"\n", b"v");
        assert_gives(Extract::Url(UrlPart::User), b"https://v@host/1", b"v");
        assert_gives(
            Extract::Pattern(r"key=(\S+)".into()),
            b"x key=v\xff\n",
            b"v\xff",
        );
    }

    #[test]
    fn every_kind_knows_absence() {
        for extract in [
            Extract::Json("/a".into()),
            Extract::Dotenv("A".into()),
            Extract::Url(UrlPart::Password),
            Extract::Pattern("none(.)".into()),
            Extract::Pattern("k|(none)".into()),
        ] {
            let bytes: &[u8] = match extract {
                Extract::Url(_) => b"https://v@host/1",
                _ => br#"{"k": "v"}"#,
            };
            assert_eq!(applied(&extraction(Some(extract), None), bytes), Ok(None));
        }
    }

    #[test]
    fn a_variable_that_refers_to_another_is_no_key() {
        let dotenv = extraction(Some(Extract::Dotenv("K".into())), None);
        for file in ["O=v\nK=${O}\n", "K=${O}\n"] {
            let found = applied(&dotenv, file.as_bytes());
            assert_eq!(found, Err(ErrorKind::BadData), "{file}");
        }
    }

    #[test]
    fn without_settings_the_bytes_are_the_key() {
        assert_eq!(
            applied(&Extraction::default(), b"v\n"),
            Ok(Some(b"v\n".to_vec()))
        );
    }

    #[test]
    fn base64_is_read_padded_or_not_and_in_lines() {
        let decoding = extraction(None, Some(Decode::Base64));
        for (text, bytes) in [
            ("a2V5", "key"),
            ("a2V5Cg==", "key\n"),
            ("a2V5Cg", "key\n"),
            (" a2V5\r\nCg==\n", "key\n"),
            ("a2V5Ci==", "key\n"),
            ("", ""),
        ] {
            assert_eq!(
                applied(&decoding, text.as_bytes()),
                Ok(Some(bytes.into())),
                "{text:?}"
            );
        }
        for text in [
            "a",
            "a2V5C",
            "a2V5C===",
            "====",
            "a2==V5",
            "a2V-",
            "a2V_",
            "a2V\u{a0}",
        ] {
            assert_eq!(
                applied(&decoding, text.as_bytes()),
                Err(ErrorKind::BadData),
                "{text:?}"
            );
        }
    }

    #[test]
    fn decoding_comes_after_extracting() {
        let both = extraction(Some(Extract::Json("/k".into())), Some(Decode::Base64));
        assert_eq!(
            applied(&both, br#"{"k": "a2V5"}"#),
            Ok(Some(b"key".to_vec()))
        );
        assert_eq!(applied(&both, br#"{"x": "a2V5"}"#), Ok(None));
        assert_eq!(applied(&both, br#"{"k": "?"}"#), Err(ErrorKind::BadData));
    }

    #[test]
    fn a_pattern_has_exactly_one_group() {
        for (pattern, fine) in [
            ("key=(.*)", true),
            ("(?:key|token)=(?<value>.*)", true),
            ("key=.*", false),
            ("(key)=(.*)", false),
            ("(", false),
        ] {
            let extraction = Extraction {
                extract: Some(Extract::Pattern(pattern.into())),
                decode: None,
            };
            assert_eq!(extraction.check().is_ok(), fine, "{pattern}");
        }
    }

    #[test]
    fn errors_hold_nothing_of_what_was_read() {
        for extract in [Extract::Json("/ask".into()), Extract::Url(UrlPart::User)] {
            let extraction = extraction(Some(extract), Some(Decode::Base64));
            let Found::Failed(error) = extraction.apply(Secret::copied(b"ask_live_x")) else {
                panic!("it is neither JSON nor a URL");
            };
            assert!(!format!("{error:?}").contains("ask_live"), "{error:?}");
        }
    }
}
