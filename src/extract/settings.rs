use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::envfile::Dialect;

/// One step on the way from what a hop reads to the key in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// A JSON pointer (RFC 6901) to a string of a JSON text, `/allstak/key`.
    Json(String),
    /// The same for a YAML text.
    Yaml(String),
    /// The same for a TOML text.
    Toml(String),
    /// A key of an INI file, `/section/key`, or `/key` above the first section.
    Ini(String),
    /// A key of a Java properties file.
    Properties(String),
    /// A variable of an env file, and whose rules that is read by.
    Dotenv(String, Dialect),
    /// A part of a URL, percent-decoded.
    Url(UrlPart),
    /// A regular expression with one group, which is the key.
    Pattern(String),
    /// What it is encoded in.
    Decode(Decode),
    /// What is stripped from it.
    Trim(Trim),
}

impl Step {
    /// Whether it takes one part out of a larger whole.
    #[must_use]
    pub fn picks(&self) -> bool {
        !matches!(self, Self::Decode(_) | Self::Trim(_))
    }
}

/// A part of a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UrlPart {
    /// The name before the host, as in a Sentry DSN.
    User,
    /// The password before the host.
    Password,
    /// Everything after the host, without the first slash.
    Path,
    /// The fragment.
    Fragment,
}

/// How the bytes are encoded where they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Decode {
    /// Base64, standard alphabet, padded or not; line breaks inside are skipped.
    Base64,
}

/// What a hop says of its bytes beside its source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Extraction {
    /// What is done with them, in this order.
    pub steps: Vec<Step>,
}

impl Extraction {
    /// Whether the key is a part of what is read, so that the rest of it has to stay.
    #[must_use]
    pub fn picks(&self) -> bool {
        self.steps.iter().any(Step::picks)
    }

    /// Whether the key stands there in another form than as it is: as a part, or encoded.
    #[must_use]
    pub fn transforms(&self) -> bool {
        self.steps.iter().any(|step| !matches!(step, Step::Trim(_)))
    }

    /// Which part it takes, step by step, each by its kind and what it names.
    pub fn parts(&self) -> impl Iterator<Item = [Cow<'_, str>; 2]> {
        self.steps.iter().filter_map(|step| {
            let (kind, name): (&str, Cow<'_, str>) = match step {
                Step::Json(name) => ("json", name.into()),
                Step::Yaml(name) => ("yaml", name.into()),
                Step::Toml(name) => ("toml", name.into()),
                Step::Ini(name) => ("ini", name.into()),
                Step::Properties(name) => ("properties", name.into()),
                Step::Dotenv(name, _) => ("dotenv", name.into()),
                Step::Pattern(pattern) => ("pattern", pattern.into()),
                Step::Url(part) => ("url", format!("{part:?}").into()),
                Step::Decode(_) | Step::Trim(_) => return None,
            };
            Some([kind.into(), name])
        })
    }

    /// The members that lead to it, from the outermost to the innermost, as far as they have names.
    pub fn members(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| match step {
            Step::Json(name)
            | Step::Yaml(name)
            | Step::Toml(name)
            | Step::Ini(name)
            | Step::Properties(name)
            | Step::Dotenv(name, _) => Some(&**name),
            Step::Url(_) | Step::Pattern(_) | Step::Decode(_) | Step::Trim(_) => None,
        })
    }
}

/// What a reader strips from the bytes before it uses them, where it does not take them as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Trim {
    /// Every line feed at the end, as `$(cat file)` does in a shell. A carriage return stays.
    Newline,
    /// Every ASCII blank, tab and line break at both ends.
    Whitespace,
}

impl Trim {
    /// What is left of the bytes.
    #[must_use]
    pub fn of(self, bytes: &[u8]) -> &[u8] {
        match self {
            Self::Newline => {
                let end = bytes.iter().rposition(|&byte| byte != b'\n');
                &bytes[..end.map_or(0, |last| last + 1)]
            }
            Self::Whitespace => bytes.trim_ascii(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newline_strips_what_a_shell_strips() {
        for (bytes, left) in [
            (&b"key\n\n"[..], &b"key"[..]),
            (b"key\r\n", b"key\r"),
            (b"\nkey \n", b"\nkey "),
            (b"\n\n", b""),
            (b"", b""),
        ] {
            assert_eq!(Trim::Newline.of(bytes), left);
        }
    }

    #[test]
    fn whitespace_strips_both_ends() {
        assert_eq!(Trim::Whitespace.of(b" \tkey\r\n"), b"key");
        assert_eq!(
            Trim::Whitespace.of("\u{a0}key".as_bytes()),
            "\u{a0}key".as_bytes()
        );
    }
}
