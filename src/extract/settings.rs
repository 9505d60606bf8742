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
