use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What happened to a key on its way. The names are stable.
///
/// Declared in the order that decides between two explanations with equally many layers.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Damage {
    /// Any run of blanks before the key.
    LeadingWhitespace,
    /// A run of blanks after the key that is not one of the three line ends below.
    TrailingWhitespace,
    /// Exactly one `\n` after the key.
    TrailingNewline,
    /// Exactly one `\r\n` after the key.
    TrailingCrlf,
    /// Exactly one `\r` after the key.
    TrailingCarriageReturn,
    /// U+FEFF before the key.
    ByteOrderMark,
    /// A zero-width space, joiner or word joiner on one side.
    ZeroWidthCharacter,
    /// A no-break space on one side, in UTF-8 or Latin-1.
    NoBreakSpace,
    /// `"` on both sides.
    DoubleQuotes,
    /// `'` on both sides.
    SingleQuotes,
    /// A backtick on both sides.
    Backticks,
    /// Quotes on both sides, a typographic one among them.
    SmartQuotes,
    /// A quote of any kind on one side only.
    UnbalancedQuote,
    /// `NAME=`, `export NAME=` or `NAME: ` before the key.
    VariablePrefix,
    /// `Bearer ` before the key.
    BearerPrefix,
    /// One `;` or `,` after the key.
    TrailingPunctuation,
    /// The start is gone, at least half is left.
    TruncatedStart,
    /// The end is gone, at least half is left.
    TruncatedEnd,
    /// The key twice in a row.
    Doubled,
    /// The key but for upper and lower case.
    CaseChanged,
    /// Base64 of the key: standard or URL-safe, padded or not, in one line or wrapped.
    Base64,
    /// Hex of the key's bytes.
    Hex,
    /// `%xx` for some of the key's bytes.
    PercentEncoded,
    /// Backslash escapes as within a JSON string.
    JsonEscaped,
    /// One character is gone.
    CharacterMissing,
    /// There is one character more.
    CharacterAdded,
    /// One character is another.
    CharacterChanged,
    /// Two characters have changed places.
    CharactersSwapped,
    /// The key stands in a JSON object or list.
    InsideJson,
    /// The key is a part of a URL.
    InsideUrl,
    /// The key is one item of a list.
    InsideList,
    /// A comment stands after the key.
    InlineComment,
    /// Brackets, or the signs of a placeholder, stand around the key.
    Bracketed,
    /// The key stands in some other text.
    Surrounded,
}

/// What there is to say about one kind of damage.
struct Notes {
    name: &'static str,
    cause: &'static str,
    effect: &'static str,
    mend: &'static str,
}

/// Both SDKs, measured on the wire: a line break cannot be a header's value.
const SILENT: &str = "no event leaves the process and nothing is logged: a value with a line break cannot be sent as a header";
/// Measured: the Python SDK drops every event silently, others send the blanks along.
const BLANKS: &str =
    "the Python SDK drops every event without a sign; a client that sends the blanks is refused";
/// Measured: the Python SDK drops every event silently, the Rust SDK sends the bytes.
const NOT_ASCII: &str = "the Python SDK drops every event without a sign, the Rust SDK sends the invisible bytes along and is refused";
/// Measured: sent as it is; what a 401 then does differs by SDK.
const REFUSED: &str = "sent as it is and refused: the Python SDK then stays off until the process restarts, the Rust SDK drops every event";

impl Damage {
    /// Every kind, in declared order.
    pub const ALL: [Self; 34] = [
        Self::LeadingWhitespace,
        Self::TrailingWhitespace,
        Self::TrailingNewline,
        Self::TrailingCrlf,
        Self::TrailingCarriageReturn,
        Self::ByteOrderMark,
        Self::ZeroWidthCharacter,
        Self::NoBreakSpace,
        Self::DoubleQuotes,
        Self::SingleQuotes,
        Self::Backticks,
        Self::SmartQuotes,
        Self::UnbalancedQuote,
        Self::VariablePrefix,
        Self::BearerPrefix,
        Self::TrailingPunctuation,
        Self::TruncatedStart,
        Self::TruncatedEnd,
        Self::Doubled,
        Self::CaseChanged,
        Self::Base64,
        Self::Hex,
        Self::PercentEncoded,
        Self::JsonEscaped,
        Self::CharacterMissing,
        Self::CharacterAdded,
        Self::CharacterChanged,
        Self::CharactersSwapped,
        Self::InsideJson,
        Self::InsideUrl,
        Self::InsideList,
        Self::InlineComment,
        Self::Bracketed,
        Self::Surrounded,
    ];

    /// Its stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.notes().name
    }

    /// How it usually happens.
    #[must_use]
    pub fn cause(self) -> &'static str {
        self.notes().cause
    }

    /// What it does to whoever uses the key.
    #[must_use]
    pub fn effect(self) -> &'static str {
        self.notes().effect
    }

    /// How to mend it.
    #[must_use]
    pub fn mend(self) -> &'static str {
        self.notes().mend
    }

    fn notes(self) -> Notes {
        match self {
            Self::LeadingWhitespace => Notes {
                name: "leading-whitespace",
                cause: "a blank was pasted along, or stands after the `=` of a file that docker reads",
                effect: BLANKS,
                mend: "write the key without blanks before it",
            },
            Self::TrailingWhitespace => Notes {
                name: "trailing-whitespace",
                cause: "blanks were pasted along; docker's --env-file keeps what dotenv strips",
                effect: BLANKS,
                mend: "write the key without blanks after it",
            },
            Self::TrailingNewline => Notes {
                name: "trailing-newline",
                cause: "`echo` or an editor ended the line, and a store or a mounted file kept it",
                effect: SILENT,
                mend: "write it again with `printf %s` instead of `echo`",
            },
            Self::TrailingCrlf => Notes {
                name: "trailing-crlf",
                cause: "the value was saved or piped on Windows",
                effect: SILENT,
                mend: "write it again without a line end, `printf %s` on a Unix shell",
            },
            Self::TrailingCarriageReturn => Notes {
                name: "trailing-carriage-return",
                cause: "a file with Windows line ends was read by something that splits at `\\n`, such as a shell",
                effect: SILENT,
                mend: "convert the file to Unix line ends (`dos2unix`) and load it again",
            },
            Self::ByteOrderMark => Notes {
                name: "byte-order-mark",
                cause: "the file was saved as \"UTF-8 with BOM\", by Notepad or PowerShell",
                effect: NOT_ASCII,
                mend: "save the file as UTF-8 without BOM and load it again",
            },
            Self::ZeroWidthCharacter => Notes {
                name: "zero-width-character",
                cause: "the key was copied from a chat or a web page that puts invisible characters in",
                effect: NOT_ASCII,
                mend: "copy the key from the dashboard again",
            },
            Self::NoBreakSpace => Notes {
                name: "no-break-space",
                cause: "the key was copied from a web page, a document or a chat",
                effect: NOT_ASCII,
                mend: "copy the key from the dashboard again",
            },
            Self::DoubleQuotes => Notes {
                name: "double-quotes",
                cause: "a quoted env-file was read by docker --env-file, kubectl or ECS, which keep quotes",
                effect: REFUSED,
                mend: "remove the quotes around the value",
            },
            Self::SingleQuotes => Notes {
                name: "single-quotes",
                cause: "a quoted env-file was read by docker --env-file, kubectl or ECS, which keep quotes",
                effect: REFUSED,
                mend: "remove the quotes around the value",
            },
            Self::Backticks => Notes {
                name: "backticks",
                cause: "the key was copied with its Markdown marks",
                effect: REFUSED,
                mend: "remove the backticks around the value",
            },
            Self::SmartQuotes => Notes {
                name: "smart-quotes",
                cause: "a word processor, wiki or chat turned straight quotes into typographic ones",
                effect: NOT_ASCII,
                mend: "remove the quotes around the value",
            },
            Self::UnbalancedQuote => Notes {
                name: "unbalanced-quote",
                cause: "one quote too many or too few was copied, or a file has an unterminated quote",
                effect: REFUSED,
                mend: "remove the quote",
            },
            Self::VariablePrefix => Notes {
                name: "variable-prefix",
                cause: "the whole line of an env-file was stored instead of what follows its `=`",
                effect: REFUSED,
                mend: "store only what follows the variable's name and sign",
            },
            Self::BearerPrefix => Notes {
                name: "bearer-prefix",
                cause: "the value of an Authorization header was stored instead of the key",
                effect: REFUSED,
                mend: "store only what follows `Bearer `",
            },
            Self::TrailingPunctuation => Notes {
                name: "trailing-punctuation",
                cause: "the key was copied out of code, JSON or YAML with the sign after it",
                effect: REFUSED,
                mend: "remove the `;` or `,` at the end",
            },
            Self::TruncatedStart => Notes {
                name: "truncated-start",
                cause: "the selection missed the first characters",
                effect: REFUSED,
                mend: "copy the whole key again",
            },
            Self::TruncatedEnd => Notes {
                name: "truncated-end",
                cause: "the selection missed the last characters, a field was too short, or a `#` or `$` in the key was cut at",
                effect: REFUSED,
                mend: "copy the whole key again; quote it where `#` or `$` mean something",
            },
            Self::Doubled => Notes {
                name: "doubled",
                cause: "the key was pasted twice",
                effect: REFUSED,
                mend: "write the key once",
            },
            Self::CaseChanged => Notes {
                name: "case-changed",
                cause: "a form, a script or autocorrection changed upper and lower case",
                effect: REFUSED,
                mend: "copy the key again where case is kept",
            },
            Self::Base64 => Notes {
                name: "base64",
                cause: "the value was encoded once more than it is decoded, as with `data` and `stringData` of a Kubernetes Secret",
                effect: REFUSED,
                mend: "store the key itself, or have the reader decode it",
            },
            Self::Hex => Notes {
                name: "hex",
                cause: "the bytes were written as hex, and nothing turns them back",
                effect: REFUSED,
                mend: "store the key itself, or have the reader decode it",
            },
            Self::PercentEncoded => Notes {
                name: "percent-encoded",
                cause: "the key was taken out of a URL or a form without decoding it",
                effect: REFUSED,
                mend: "store the key decoded",
            },
            Self::JsonEscaped => Notes {
                name: "json-escaped",
                cause: "the key was cut out of a JSON text without decoding the string",
                effect: REFUSED,
                mend: "read the member with a JSON parser, such as `jq -j`",
            },
            Self::CharacterMissing => Notes {
                name: "character-missing",
                cause: "a character was lost in typing or editing",
                effect: REFUSED,
                mend: "copy the key again instead of typing it",
            },
            Self::CharacterAdded => Notes {
                name: "character-added",
                cause: "a character slipped in while typing or editing, or where a line was wrapped",
                effect: REFUSED,
                mend: "copy the key again instead of typing it",
            },
            Self::CharacterChanged => Notes {
                name: "character-changed",
                cause: "a character was misread or mistyped, such as `0` for `O`",
                effect: REFUSED,
                mend: "copy the key again instead of typing it",
            },
            Self::CharactersSwapped => Notes {
                name: "characters-swapped",
                cause: "two characters were typed in the wrong order",
                effect: REFUSED,
                mend: "copy the key again instead of typing it",
            },
            Self::InsideJson => Notes {
                name: "inside-json",
                cause: "a whole JSON secret was injected because no member of it was named",
                effect: REFUSED,
                mend: "name the member that holds the key where the secret is injected, or store the key alone",
            },
            Self::InsideUrl => Notes {
                name: "inside-url",
                cause: "a whole URL, such as a DSN, was given where the key alone is expected",
                effect: REFUSED,
                mend: "give the part of the URL that is the key",
            },
            Self::InsideList => Notes {
                name: "inside-list",
                cause: "several keys were given, as programs take them that accept two during a rotation",
                effect: REFUSED,
                mend: "give the current key alone",
            },
            Self::InlineComment => Notes {
                name: "inline-comment",
                cause: "a comment on the same line was kept, as docker's --env-file and systemd do",
                effect: REFUSED,
                mend: "move the comment to a line of its own",
            },
            Self::Bracketed => Notes {
                name: "bracketed",
                cause: "the key was pasted between the signs of a placeholder, such as `<…>` or `${…}`",
                effect: REFUSED,
                mend: "remove the signs around the key",
            },
            Self::Surrounded => Notes {
                name: "surrounded",
                cause: "a larger text was given, such as a whole file, where the key alone is expected",
                effect: REFUSED,
                mend: "give the key alone",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_contract_of_the_report() {
        let names: Vec<_> = Damage::ALL.into_iter().map(Damage::name).collect();
        let contract = "leading-whitespace trailing-whitespace trailing-newline trailing-crlf \
            trailing-carriage-return byte-order-mark zero-width-character no-break-space \
            double-quotes single-quotes backticks smart-quotes unbalanced-quote variable-prefix \
            bearer-prefix trailing-punctuation truncated-start truncated-end doubled case-changed \
            base64 hex percent-encoded json-escaped character-missing character-added \
            character-changed characters-swapped inside-json inside-url inside-list \
            inline-comment bracketed surrounded";
        assert_eq!(names.join(" "), contract);
    }

    #[test]
    fn every_kind_is_listed_once_in_declared_order_and_serializes_as_its_name() {
        for (index, damage) in Damage::ALL.into_iter().enumerate() {
            assert_eq!(damage as usize, index);
            assert_eq!(serde_json::to_value(damage).unwrap(), damage.name());
        }
        assert_eq!(Damage::Surrounded as usize + 1, Damage::ALL.len());
    }

    #[test]
    fn every_line_is_one_fragment() {
        for damage in Damage::ALL {
            for line in [damage.cause(), damage.effect(), damage.mend()] {
                assert!(!line.is_empty() && !line.contains('\n') && !line.ends_with('.'));
                assert!(!line.starts_with(|c: char| c.is_uppercase()) || line.starts_with("UTF"));
            }
        }
    }
}
