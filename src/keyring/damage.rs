mod notes;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::wire::Wire;

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
    /// What a terminal puts around pasted text, whole or in part: `ESC[200~` and `ESC[201~`.
    BracketedPaste,
    /// Colours and other escape sequences of a terminal, on one side or both.
    TerminalEscapes,
    /// The start is gone, at least half is left.
    TruncatedStart,
    /// The end is gone, at least half is left.
    TruncatedEnd,
    /// The key twice in a row.
    Doubled,
    /// The key but for upper and lower case.
    CaseChanged,
    /// Base64 of the key in the standard alphabet, padded or not, in one line or wrapped.
    Base64,
    /// Hex of the key's bytes.
    Hex,
    /// `%xx` for some of the key's bytes.
    PercentEncoded,
    /// Backslash escapes as within a JSON string.
    JsonEscaped,
    /// Base64 in the URL-safe alphabet, where it differs from the standard one.
    #[serde(rename = "base64url")]
    Base64Url,
    /// UTF-16 of the key, of either byte order, with or without its mark; or what is left of it
    /// where the zero bytes were dropped.
    #[serde(rename = "utf-16")]
    Utf16,
    /// HTML entities for some of the key's characters.
    HtmlEntities,
    /// Backslashes before signs, as Markdown has them.
    BackslashEscaped,
    /// Backslashes before `=`, `:`, `#` and `!`, as a Java properties file has them.
    PropertiesEscaped,
    /// Typographic dashes, quotes or an ellipsis within the key instead of plain ones.
    TypographicCharacters,
    /// Blanks, line breaks or invisible characters within the key that are not its own.
    WhitespaceInside,
    /// Blanks or line breaks of the key itself are gone or others.
    WhitespaceLost,
    /// What looks like a variable in the key was replaced by nothing, or its `$` halved or doubled.
    VariableInterpolation,
    /// What looks like a specifier of systemd in the key was expanded, or its `%` halved or doubled.
    SystemdSpecifiers,
    /// A key of digits only, written as another spelling of a number.
    NumberNotation,
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

impl Damage {
    /// Every kind, in declared order.
    pub const ALL: [Self; 47] = [
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
        Self::BracketedPaste,
        Self::TerminalEscapes,
        Self::TruncatedStart,
        Self::TruncatedEnd,
        Self::Doubled,
        Self::CaseChanged,
        Self::Base64,
        Self::Hex,
        Self::PercentEncoded,
        Self::JsonEscaped,
        Self::Base64Url,
        Self::Utf16,
        Self::HtmlEntities,
        Self::BackslashEscaped,
        Self::PropertiesEscaped,
        Self::TypographicCharacters,
        Self::WhitespaceInside,
        Self::WhitespaceLost,
        Self::VariableInterpolation,
        Self::SystemdSpecifiers,
        Self::NumberNotation,
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

    /// What it usually does to whoever uses the key. What a whole value does, [`Wire`] says.
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
                effect: Wire::Blanks.effect(),
                mend: "write the key without blanks before it",
            },
            Self::TrailingWhitespace => Notes {
                name: "trailing-whitespace",
                cause: "blanks were pasted along; docker's --env-file keeps what dotenv strips",
                effect: Wire::Blanks.effect(),
                mend: "write the key without blanks after it",
            },
            Self::TrailingNewline => Notes {
                name: "trailing-newline",
                cause: "`echo` or an editor ended the line, and a store or a mounted file kept it",
                effect: Wire::LineBreak.effect(),
                mend: "write it again with `printf %s` instead of `echo`",
            },
            Self::TrailingCrlf => Notes {
                name: "trailing-crlf",
                cause: "the value was saved or piped on Windows",
                effect: Wire::LineBreak.effect(),
                mend: "write it again without a line end, `printf %s` on a Unix shell",
            },
            Self::TrailingCarriageReturn => Notes {
                name: "trailing-carriage-return",
                cause: "a file with Windows line ends was read by something that splits at `\\n`, such as a shell",
                effect: Wire::LineBreak.effect(),
                mend: "convert the file to Unix line ends (`dos2unix`) and load it again",
            },
            Self::ByteOrderMark => Notes {
                name: "byte-order-mark",
                cause: "the file was saved as \"UTF-8 with BOM\", by Notepad or PowerShell",
                effect: Wire::NotAscii.effect(),
                mend: "save the file as UTF-8 without BOM and load it again",
            },
            Self::ZeroWidthCharacter => Notes {
                name: "zero-width-character",
                cause: "the key was copied from a chat or a web page that puts invisible characters in",
                effect: Wire::NotAscii.effect(),
                mend: "copy the key from the dashboard again",
            },
            Self::NoBreakSpace => Notes {
                name: "no-break-space",
                cause: "the key was copied from a web page, a document or a chat",
                effect: Wire::NotAscii.effect(),
                mend: "copy the key from the dashboard again",
            },
            Self::DoubleQuotes => Notes {
                name: "double-quotes",
                cause: "a quoted env-file was read by docker --env-file, kubectl or ECS, which keep quotes",
                effect: Wire::Plain.effect(),
                mend: "remove the quotes around the value",
            },
            Self::SingleQuotes => Notes {
                name: "single-quotes",
                cause: "a quoted env-file was read by docker --env-file, kubectl or ECS, which keep quotes",
                effect: Wire::Plain.effect(),
                mend: "remove the quotes around the value",
            },
            Self::Backticks => Notes {
                name: "backticks",
                cause: "the key was copied with its Markdown marks",
                effect: Wire::Plain.effect(),
                mend: "remove the backticks around the value",
            },
            Self::SmartQuotes => Notes {
                name: "smart-quotes",
                cause: "a word processor, wiki or chat turned straight quotes into typographic ones",
                effect: Wire::NotAscii.effect(),
                mend: "remove the quotes around the value",
            },
            Self::UnbalancedQuote => Notes {
                name: "unbalanced-quote",
                cause: "one quote too many or too few was copied, or a file has an unterminated quote",
                effect: Wire::Plain.effect(),
                mend: "remove the quote",
            },
            Self::VariablePrefix => Notes {
                name: "variable-prefix",
                cause: "the whole line of an env-file was stored instead of what follows its `=`",
                effect: Wire::Plain.effect(),
                mend: "store only what follows the variable's name and sign",
            },
            Self::BearerPrefix => Notes {
                name: "bearer-prefix",
                cause: "the value of an Authorization header was stored instead of the key",
                effect: Wire::Plain.effect(),
                mend: "store only what follows `Bearer `",
            },
            Self::TrailingPunctuation => Notes {
                name: "trailing-punctuation",
                cause: "the key was copied out of code, JSON or YAML with the sign after it",
                effect: Wire::Plain.effect(),
                mend: "remove the `;` or `,` at the end",
            },
            Self::TruncatedStart => Notes {
                name: "truncated-start",
                cause: "the selection missed the first characters",
                effect: Wire::Plain.effect(),
                mend: "copy the whole key again",
            },
            Self::TruncatedEnd => Notes {
                name: "truncated-end",
                cause: "the selection missed the last characters, a field was too short, or a `#` or `$` in the key was cut at",
                effect: Wire::Plain.effect(),
                mend: "copy the whole key again; quote it where `#` or `$` mean something",
            },
            Self::Doubled => Notes {
                name: "doubled",
                cause: "the key was pasted twice",
                effect: Wire::Plain.effect(),
                mend: "write the key once",
            },
            Self::CaseChanged => Notes {
                name: "case-changed",
                cause: "a form, a script or autocorrection changed upper and lower case",
                effect: Wire::Plain.effect(),
                mend: "copy the key again where case is kept",
            },
            Self::Base64 => Notes {
                name: "base64",
                cause: "the value was encoded once more than it is decoded, as with `data` and `stringData` of a Kubernetes Secret",
                effect: Wire::Plain.effect(),
                mend: "store the key itself, or have the reader decode it",
            },
            Self::Hex => Notes {
                name: "hex",
                cause: "the bytes were written as hex, and nothing turns them back",
                effect: Wire::Plain.effect(),
                mend: "store the key itself, or have the reader decode it",
            },
            Self::PercentEncoded => Notes {
                name: "percent-encoded",
                cause: "the key was taken out of a URL or a form without decoding it",
                effect: Wire::Plain.effect(),
                mend: "store the key decoded",
            },
            Self::JsonEscaped => Notes {
                name: "json-escaped",
                cause: "the key was cut out of a JSON text without decoding the string",
                effect: Wire::Plain.effect(),
                mend: "read the member with a JSON parser, such as `jq -j`",
            },
            Self::BracketedPaste => notes::BRACKETED_PASTE,
            Self::TerminalEscapes => notes::TERMINAL_ESCAPES,
            Self::Base64Url => notes::BASE64_URL,
            Self::Utf16 => notes::UTF_16,
            Self::HtmlEntities => notes::HTML_ENTITIES,
            Self::BackslashEscaped => notes::BACKSLASH_ESCAPED,
            Self::PropertiesEscaped => notes::PROPERTIES_ESCAPED,
            Self::TypographicCharacters => notes::TYPOGRAPHIC_CHARACTERS,
            Self::WhitespaceInside => notes::WHITESPACE_INSIDE,
            Self::WhitespaceLost => notes::WHITESPACE_LOST,
            Self::VariableInterpolation => notes::VARIABLE_INTERPOLATION,
            Self::SystemdSpecifiers => notes::SYSTEMD_SPECIFIERS,
            Self::NumberNotation => notes::NUMBER_NOTATION,
            Self::CharacterMissing => Notes {
                name: "character-missing",
                cause: "a character was lost in typing or editing",
                effect: Wire::Plain.effect(),
                mend: "copy the key again instead of typing it",
            },
            Self::CharacterAdded => Notes {
                name: "character-added",
                cause: "a character slipped in while typing or editing",
                effect: Wire::Plain.effect(),
                mend: "copy the key again instead of typing it",
            },
            Self::CharacterChanged => Notes {
                name: "character-changed",
                cause: "a character was misread or mistyped, such as `0` for `O`",
                effect: Wire::Plain.effect(),
                mend: "copy the key again instead of typing it",
            },
            Self::CharactersSwapped => Notes {
                name: "characters-swapped",
                cause: "two characters were typed in the wrong order",
                effect: Wire::Plain.effect(),
                mend: "copy the key again instead of typing it",
            },
            Self::InsideJson => Notes {
                name: "inside-json",
                cause: "a whole JSON secret was injected because no member of it was named",
                effect: Wire::Plain.effect(),
                mend: "name the member that holds the key where the secret is injected, or store the key alone",
            },
            Self::InsideUrl => Notes {
                name: "inside-url",
                cause: "a whole URL, such as a DSN, was given where the key alone is expected",
                effect: Wire::Plain.effect(),
                mend: "give the part of the URL that is the key",
            },
            Self::InsideList => Notes {
                name: "inside-list",
                cause: "several keys were given, as programs take them that accept two during a rotation",
                effect: Wire::Plain.effect(),
                mend: "give the current key alone",
            },
            Self::InlineComment => Notes {
                name: "inline-comment",
                cause: "a comment on the same line was kept, as docker's --env-file and systemd do",
                effect: Wire::Plain.effect(),
                mend: "move the comment to a line of its own",
            },
            Self::Bracketed => Notes {
                name: "bracketed",
                cause: "the key was pasted between the signs of a placeholder, such as `<…>` or `${…}`",
                effect: Wire::Plain.effect(),
                mend: "remove the signs around the key",
            },
            Self::Surrounded => Notes {
                name: "surrounded",
                cause: "a larger text was given, such as a whole file, where the key alone is expected",
                effect: Wire::Plain.effect(),
                mend: "give the key alone",
            },
        }
    }
}

#[cfg(test)]
mod tests;
