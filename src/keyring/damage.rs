/// Interim, replaced by the keyring branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "interim")]
pub enum Damage {
    LeadingWhitespace,
    TrailingWhitespace,
    TrailingNewline,
    TrailingCrlf,
    TrailingCarriageReturn,
    ByteOrderMark,
    ZeroWidthCharacter,
    NoBreakSpace,
    DoubleQuotes,
    SingleQuotes,
    Backticks,
    SmartQuotes,
    UnbalancedQuote,
    VariablePrefix,
    BearerPrefix,
    TrailingPunctuation,
    TruncatedStart,
    TruncatedEnd,
    Doubled,
    CaseChanged,
    Base64,
    Hex,
    PercentEncoded,
    JsonEscaped,
    CharacterMissing,
    CharacterAdded,
    CharacterChanged,
    CharactersSwapped,
}
impl Damage {
    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        "trailing-newline"
    }
}
/// Interim: what stands where a key should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Placeholder {
    /// Nothing.
    Empty,
}
