use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the key stands in what was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Extract {
    /// A JSON pointer (RFC 6901) to a string, `/allstak/key`.
    Json(String),
    /// A variable of an env file, read as npm's dotenv does.
    Dotenv(String),
    /// A part of a URL, percent-decoded.
    Url(UrlPart),
    /// A regular expression with one group, which is the key.
    Pattern(String),
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

/// What a hop says of its bytes beside its source: first extracted, then decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Extraction {
    /// Where the key stands in the bytes; all of them unless said.
    pub extract: Option<Extract>,
    /// How it is encoded there.
    pub decode: Option<Decode>,
}

impl Extraction {
    /// The one member that it reads, where it reads one that has a name.
    #[must_use]
    pub fn member(&self) -> Option<&str> {
        match self.extract.as_ref()? {
            Extract::Json(name) | Extract::Dotenv(name) => Some(name),
            Extract::Url(_) | Extract::Pattern(_) => None,
        }
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
