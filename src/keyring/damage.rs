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
    /// Base32 of the key, in letters of one case.
    Base32,
    /// The numbers of the key's bytes, in decimal.
    ByteList,
    /// A text that is packed with gzip or zlib.
    Compressed,
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
    pub const ALL: [Self; 50] = [
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
        Self::Base32,
        Self::ByteList,
        Self::Compressed,
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

    /// Whether characters of the key itself are others, gone, or more than they were, and nothing tells which ones
    /// they were.
    pub(super) fn changes_the_key(self) -> bool {
        matches!(
            self,
            Self::TruncatedStart
                | Self::TruncatedEnd
                | Self::Doubled
                | Self::CaseChanged
                | Self::WhitespaceInside
                | Self::WhitespaceLost
                | Self::VariableInterpolation
                | Self::SystemdSpecifiers
                | Self::NumberNotation
                | Self::CharacterMissing
                | Self::CharacterAdded
                | Self::CharacterChanged
                | Self::CharactersSwapped
        )
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
}

#[cfg(test)]
mod tests;
