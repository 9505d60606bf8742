use data_encoding::BASE64_MIME_PERMISSIVE;
use zeroize::Zeroizing;

use super::{
    Decode, Extraction, Step, check_pointer, compile_pattern, ini, is_relaxed, properties,
    string_at, toml, url, yaml,
};
use crate::envfile::{self, Dialect, Entry, Expanded, Outside, Rejected};
use crate::key::Secret;
use crate::reading::{ErrorKind, Found, ReadError};

/// What came out of what was read.
pub struct Extracted {
    /// The key, or why there is none.
    pub found: Found,
    /// Whether a JSON text on the way is one only for those who pass over what JSON has not.
    pub relaxed: bool,
}

impl Step {
    /// Whether it can be meant so.
    ///
    /// # Errors
    ///
    /// What was expected, a lowercase fragment that does not repeat the setting.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Json(pointer) | Self::Yaml(pointer) | Self::Toml(pointer) => {
                check_pointer(pointer)
            }
            Self::Ini(pointer) => ini::check(pointer),
            Self::Properties(name) if name.is_empty() => {
                Err("expected the name of a property".to_owned())
            }
            Self::Dotenv(variable, _) if variable.is_empty() => {
                Err("expected the name of a variable".to_owned())
            }
            Self::Pattern(pattern) => match compile_pattern(pattern)?.captures_len() - 1 {
                1 => Ok(()),
                groups => Err(format!(
                    "expected a regular expression with exactly one group, which is the key; \
                         this one has {groups}, write (?:…) for a group that is not"
                )),
            },
            Self::Properties(_)
            | Self::Dotenv(..)
            | Self::Url(_)
            | Self::Decode(_)
            | Self::Trim(_) => Ok(()),
        }
    }

    /// What it makes of the bytes; `None` where the place of the key is not there.
    fn apply(&self, bytes: &[u8]) -> Result<Option<Secret>, ReadError> {
        match self {
            Self::Json(pointer) => string_at(bytes, pointer),
            Self::Yaml(pointer) => yaml::string_at(bytes, pointer),
            Self::Toml(pointer) => toml::string_at(bytes, pointer),
            Self::Ini(pointer) => ini::value(bytes, pointer),
            Self::Properties(name) => properties::value(bytes, name),
            Self::Dotenv(variable, dialect) => dotenv(bytes, variable, *dialect),
            Self::Url(part) => url::part(bytes, *part),
            Self::Pattern(pattern) => group(bytes, pattern),
            Self::Decode(Decode::Base64) => base64(bytes).map(Some),
            Self::Trim(trim) => Ok(Some(Secret::copied(trim.of(bytes)))),
        }
    }
}

impl Extraction {
    /// Gets the key out of what was read: absent where its place is not there, failed where the bytes
    /// are not what they should be.
    #[must_use]
    pub fn apply(&self, mut bytes: Secret) -> Extracted {
        let mut relaxed = false;
        for step in &self.steps {
            relaxed |= matches!(step, Step::Json(_)) && is_relaxed(bytes.expose());
            let found = match step.apply(bytes.expose()) {
                Ok(Some(found)) => {
                    bytes = found;
                    continue;
                }
                Ok(None) => Found::Absent,
                Err(error) => Found::Failed(error),
            };
            return Extracted { found, relaxed };
        }
        Extracted {
            found: Found::Value(bytes),
            relaxed,
        }
    }
}

fn dotenv(file: &[u8], variable: &str, dialect: Dialect) -> Result<Option<Secret>, ReadError> {
    const NEXT: &str = "write the value out, or correct `extract`";
    match envfile::read(dialect, file, variable, Outside::Unknown) {
        // Only npm dotenv has a companion that expands what it leaves as it stands.
        Ok(Entry::Value(value)) if dialect == Dialect::Dotenv => {
            match envfile::expanded(file, variable, value) {
                Expanded::Plain(value) => Ok(Some(value)),
                Expanded::Referring { .. } => Err(bad(
                    "the value refers to another variable, which not every reader puts in",
                    NEXT,
                )),
            }
        }
        Ok(Entry::Value(value)) => Ok(Some(value)),
        Ok(Entry::Absent) => Ok(None),
        Ok(Entry::Inherited { line } | Entry::Outside { line }) => Err(bad(
            format!("line {line} takes the value from elsewhere"),
            NEXT,
        )),
        Ok(Entry::Command { line }) => Err(bad(
            format!("line {line} takes the value from a command, which is not run to read it"),
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

pub(super) fn bad(
    message: impl Into<std::borrow::Cow<'static, str>>,
    next: &'static str,
) -> ReadError {
    ReadError::new(ErrorKind::BadData, message, next)
}

#[cfg(test)]
mod tests {
    use super::super::{Trim, UrlPart};
    use super::*;

    fn extraction<const N: usize>(steps: [Step; N]) -> Extraction {
        for step in &steps {
            assert_eq!(step.check(), Ok(()));
        }
        Extraction {
            steps: steps.into(),
        }
    }

    fn applied(extraction: &Extraction, bytes: &[u8]) -> Result<Option<Vec<u8>>, ErrorKind> {
        match extraction.apply(Secret::copied(bytes)).found {
            Found::Value(key) => Ok(Some(key.expose().to_vec())),
            Found::Absent => Ok(None),
            Found::Failed(error) => Err(error.kind),
            Found::Fingerprint { .. } | Found::Hidden { .. } => panic!("neither can come out"),
        }
    }

    #[track_caller]
    fn assert_gives(step: Step, bytes: &[u8], key: &[u8]) {
        assert_eq!(applied(&extraction([step]), bytes), Ok(Some(key.to_vec())));
    }

    fn dotenv(variable: &str) -> Step {
        Step::Dotenv(variable.into(), Dialect::Dotenv)
    }

    #[test]
    fn every_kind_finds_its_key() {
        assert_gives(Step::Json("/a/k".into()), br#"{"a": {"k": "v\n"}}"#, b"v\n");
        assert_gives(Step::Yaml("/a/k".into()), b"a:\n  k: \"v\\n\"\n", b"v\n");
        assert_gives(Step::Toml("/a/k".into()), b"[a]\nk = \"v\\n\"\n", b"v\n");
        assert_gives(Step::Ini("/a/k".into()), b"[a]\nk = v\n", b"v");
        assert_gives(Step::Properties("a.k".into()), b"a.k=v\\n\n", b"v\n");
        assert_gives(dotenv("K"), b"X=1\nexport K=\"v\"\n", b"v");
        assert_gives(Step::Url(UrlPart::User), b"https://v@host/1", b"v");
        assert_gives(
            Step::Pattern(r"key=(\S+)".into()),
            b"x key=v\xff\n",
            b"v\xff",
        );
        assert_gives(Step::Decode(Decode::Base64), b"dgo=", b"v\n");
        assert_gives(Step::Trim(Trim::Newline), b"v\n", b"v");
    }

    #[test]
    fn every_kind_knows_absence() {
        let json = br#"{"k": "v"}"#;
        for (step, bytes) in [
            (Step::Json("/a".into()), &json[..]),
            (Step::Yaml("/a".into()), json),
            (Step::Toml("/a".into()), b"k = 'v'"),
            (Step::Ini("/a".into()), b"k = v"),
            (Step::Properties("a".into()), b"k = v"),
            (dotenv("A"), json),
            (Step::Url(UrlPart::Password), b"https://v@host/1"),
            (Step::Pattern("none(.)".into()), json),
            (Step::Pattern("k|(none)".into()), json),
        ] {
            let found = applied(&extraction([step.clone()]), bytes);
            assert_eq!(found, Ok(None), "{step:?}");
        }
    }

    #[test]
    fn a_variable_that_refers_to_another_is_no_key() {
        for file in ["O=v\nK=${O}\n", "K=${O}\n"] {
            let found = applied(&extraction([dotenv("K")]), file.as_bytes());
            assert_eq!(found, Err(ErrorKind::BadData), "{file}");
        }
    }

    #[test]
    fn a_variable_is_read_by_the_rules_of_its_dialect() {
        let file = b"O=v\nK=\"${O}\"\n";
        for (dialect, value) in [
            (Dialect::Docker, &b"\"${O}\""[..]),
            (Dialect::Shell, b"v"),
            (Dialect::Compose, b"v"),
            (Dialect::Systemd, b"${O}"),
        ] {
            assert_gives(Step::Dotenv("K".into(), dialect), file, value);
        }
        let step = Step::Dotenv("K".into(), Dialect::Symfony);
        let found = applied(&extraction([step]), b"K=$(id)\n");
        assert_eq!(found, Err(ErrorKind::BadData));
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
        let decoding = extraction([Step::Decode(Decode::Base64)]);
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
    fn steps_are_taken_as_they_are_written() {
        let pull_secret = extraction([
            Step::Json("/auths/r.example/auth".into()),
            Step::Decode(Decode::Base64),
            Step::Pattern("(?s)^[^:]*:(.*)".into()),
        ]);
        for (document, found) in [
            (
                r#"{"auths": {"r.example": {"auth": "dTprZXk="}}}"#,
                Ok(Some(b"key".to_vec())),
            ),
            (
                r#"{"auths": {"r.example": {"auth": "dTprZXkK"}}}"#,
                Ok(Some(b"key\n".to_vec())),
            ),
            (
                r#"{"auths": {"r.example": {"auth": "no base64?"}}}"#,
                Err(ErrorKind::BadData),
            ),
            (r#"{"auths": {"r.example": {"auth": "a2V5"}}}"#, Ok(None)),
            (r#"{"auths": {}}"#, Ok(None)),
        ] {
            assert_eq!(applied(&pull_secret, document.as_bytes()), found);
        }

        let encoded = extraction([
            Step::Trim(Trim::Newline),
            Step::Decode(Decode::Base64),
            Step::Json("/k".into()),
            Step::Trim(Trim::Whitespace),
        ]);
        let text = b"eyJrIjogIiB2ICJ9\n";
        assert_eq!(applied(&encoded, text), Ok(Some(b"v".to_vec())));
    }

    #[test]
    fn a_text_that_strict_readers_refuse_is_known_where_it_is_met() {
        let json = || Step::Json("/k".into());
        for (extraction, bytes, relaxed) in [
            (extraction([json()]), &br#"{"k": "v"}"#[..], false),
            (extraction([json()]), br#"{"k": "v",}"#, true),
            (
                extraction([Step::Decode(Decode::Base64), json()]),
                b"eyJrIjogInYiLH0=",
                true,
            ),
        ] {
            let extracted = extraction.apply(Secret::copied(bytes));
            assert_eq!(extracted.relaxed, relaxed);
            assert!(matches!(extracted.found, Found::Value(key) if key.expose() == b"v"));
        }
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
            let step = Step::Pattern(pattern.into());
            assert_eq!(step.check().is_ok(), fine, "{pattern}");
        }
    }

    #[test]
    fn errors_hold_nothing_of_what_was_read() {
        for step in [
            Step::Json("/ask".into()),
            Step::Yaml("/ask".into()),
            Step::Toml("/ask".into()),
            Step::Ini("/ask".into()),
            Step::Url(UrlPart::User),
            Step::Decode(Decode::Base64),
        ] {
            let extraction = extraction([step.clone()]);
            let found = extraction.apply(Secret::copied(b"ask_live_x")).found;
            let Found::Failed(error) = found else {
                panic!("it is nothing of that: {step:?}");
            };
            assert!(!format!("{error:?}").contains("ask_live"), "{error:?}");
        }
    }
}
