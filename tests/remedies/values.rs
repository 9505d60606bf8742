//! Keys, and what stands where one should.

/// A key that everything which reads texts trips over.
pub const CURRENT: &str = "ask_live_$Qm#Tn04 #%nLr\\Vb\"c6YhKsUe2DpJgAoFi";
pub const OLD: &str = "ask_live_n3WqLt57RkXe0HvBsYzCmJ2uAdGfPo9I";
/// Another project's.
pub const OTHER: &str = "ask_live_Zp3LmX8vQe5TnC1yWk7HdRs2JbGf6Ua9";
/// Nobody's.
pub const UNKNOWN: &str = "ask_live_q8VnDk2XzLw6RtBy4HsJc9MfGp1TuEo3";
/// A key that nothing trips over.
pub const PLAIN: &str = "ask_live_Zx81QmTn04LrVbWc6YhKsUe2DpJgAoFi";

/// A whole value, and what it is called.
pub const WRONG: [(&str, &str, &str); 4] = [
    ("an old key", OLD, "stale"),
    ("another project's key", OTHER, "wrong-project"),
    ("an unknown value", UNKNOWN, "unknown"),
    ("nothing in it", "", "missing"),
];
