/// Why not all was looked at that stands beside what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsearched {
    /// It is too large, or packed in too many layers.
    TooLarge,
    /// More stands there than a reading from elsewhere names.
    Cut,
    /// A reading from elsewhere does not say what stands there.
    Untold,
    /// A reading from elsewhere tells the words that stand there by a rule, and not every key is such a word.
    ByRule,
}
