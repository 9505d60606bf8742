use super::damage::Damage;
use super::terminal::{PASTES, colours};
use super::utf16::MARKS;

/// The fewest bytes a key must have for its damaged forms to mean anything. Shorter ones match
/// exactly or not at all: half of them, or one character more, says nothing.
pub(super) const MIN_KEY: usize = 8;

/// Keys above this length get the wrapping forms only.
pub(super) const MAX_EDITED: usize = 512;

/// What a run of blanks may hold.
pub(super) const BLANKS: [&[u8]; 6] = [b" ", b"\t", b"\n", b"\r", b"\x0b", b"\x0c"];
pub(super) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// What takes no room: spaces, joiners, and a byte order mark where it is none, after a key.
pub(super) const ZERO_WIDTH: [&[u8]; 5] = [
    "\u{200b}".as_bytes(),
    "\u{200c}".as_bytes(),
    "\u{200d}".as_bytes(),
    "\u{2060}".as_bytes(),
    BYTE_ORDER_MARK,
];
/// In UTF-8 and in Latin-1.
pub(super) const NO_BREAK_SPACES: [&[u8]; 2] = [b"\xc2\xa0", b"\xa0"];
pub(super) const QUOTES: [&str; 7] = ["\"", "'", "`", "“", "”", "‘", "’"];
/// What stands before and after in typographic quotes, also where only one side was turned.
pub(super) const SMART_QUOTES: [(&str, &str); 12] = [
    ("“", "”"),
    ("”", "”"),
    ("“", "“"),
    ("”", "“"),
    ("‘", "’"),
    ("’", "’"),
    ("‘", "‘"),
    ("’", "‘"),
    ("“", "\""),
    ("\"", "”"),
    ("‘", "'"),
    ("'", "’"),
];
pub(super) const STRAIGHT_QUOTES: [(Damage, &str); 3] = [
    (Damage::DoubleQuotes, "\""),
    (Damage::SingleQuotes, "'"),
    (Damage::Backticks, "`"),
];
pub(super) const PUNCTUATION: [&str; 2] = [";", ","];
/// The signs of placeholders that a key is pasted between.
pub(super) const BRACKETS: [(&str, &str); 9] = [
    ("<", ">"),
    ("[", "]"),
    ("(", ")"),
    ("{", "}"),
    ("${", "}"),
    ("$(", ")"),
    ("{{", "}}"),
    ("{{ ", " }}"),
    ("%", "%"),
];
pub(super) const BEARER: &str = "Bearer ";
pub(super) const EXPORT: &str = "export ";

/// The name of a run of blanks after a key.
pub(super) fn trailing(run: &[u8]) -> Damage {
    match run {
        b"\n" => Damage::TrailingNewline,
        b"\r\n" => Damage::TrailingCrlf,
        b"\r" => Damage::TrailingCarriageReturn,
        _ => Damage::TrailingWhitespace,
    }
}

/// One thing that a key can be wrapped in.
pub(super) struct Wrap {
    pub(super) damage: Damage,
    pub(super) before: Vec<u8>,
    pub(super) after: Vec<u8>,
    /// Whether it is also tried with another one around or within it.
    pub(super) pairs: bool,
}

impl Wrap {
    fn before(damage: Damage, text: impl Into<Vec<u8>>) -> Self {
        Self::around(damage, text, [])
    }

    fn after(damage: Damage, text: impl Into<Vec<u8>>) -> Self {
        Self::around(damage, [], text)
    }

    fn around(damage: Damage, before: impl Into<Vec<u8>>, after: impl Into<Vec<u8>>) -> Self {
        Self {
            damage,
            before: before.into(),
            after: after.into(),
            pairs: true,
        }
    }

    /// What kind of run it is part of, when several of it in a row count as one layer.
    fn run(&self) -> Option<Damage> {
        match self.damage {
            Damage::LeadingWhitespace
            | Damage::TrailingWhitespace
            | Damage::TrailingNewline
            | Damage::TrailingCrlf
            | Damage::TrailingCarriageReturn => Some(Damage::TrailingWhitespace),
            Damage::ZeroWidthCharacter | Damage::NoBreakSpace => Some(self.damage),
            _ => None,
        }
    }

    /// Whether `self` around `inner` is two layers: two runs on the same side are one.
    pub(super) fn is_apart_from(&self, inner: &Self) -> bool {
        let same_side = (self.before.is_empty(), self.after.is_empty())
            == (inner.before.is_empty(), inner.after.is_empty());
        !same_side || self.run().is_none() || self.run() != inner.run()
    }
}

/// Everything a key is wrapped in when it is searched by fingerprint.
pub(super) fn wraps(variables: &[&str]) -> Vec<Wrap> {
    let mut wraps = blanks();
    wraps.push(Wrap::before(Damage::ByteOrderMark, BYTE_ORDER_MARK));
    for text in ZERO_WIDTH {
        if text != BYTE_ORDER_MARK {
            wraps.push(Wrap::before(Damage::ZeroWidthCharacter, text));
        }
        wraps.push(Wrap::after(Damage::ZeroWidthCharacter, text));
    }
    for bytes in NO_BREAK_SPACES {
        wraps.push(Wrap::before(Damage::NoBreakSpace, bytes));
        wraps.push(Wrap::after(Damage::NoBreakSpace, bytes));
    }
    for (damage, quote) in STRAIGHT_QUOTES {
        wraps.push(Wrap::around(damage, quote, quote));
    }
    for (open, close) in SMART_QUOTES {
        wraps.push(Wrap::around(Damage::SmartQuotes, open, close));
    }
    for quote in QUOTES {
        wraps.push(Wrap::before(Damage::UnbalancedQuote, quote));
        wraps.push(Wrap::after(Damage::UnbalancedQuote, quote));
    }
    let mut variables = variables.to_vec();
    variables.sort_unstable();
    variables.dedup();
    for name in &variables {
        for prefix in [
            format!("{name}="),
            format!("{EXPORT}{name}="),
            format!("{name}: "),
        ] {
            wraps.push(Wrap::before(Damage::VariablePrefix, prefix));
        }
    }
    for prefix in [BEARER, "bearer ", "BEARER "] {
        wraps.push(Wrap::before(Damage::BearerPrefix, prefix));
    }
    for text in PUNCTUATION {
        wraps.push(Wrap::after(Damage::TrailingPunctuation, text));
    }
    for (open, close) in BRACKETS {
        wraps.push(Wrap {
            pairs: false,
            ..Wrap::around(Damage::Bracketed, open, close)
        });
    }
    for name in variables {
        for colon in [":", ": "] {
            wraps.push(Wrap {
                pairs: false,
                ..Wrap::around(Damage::InsideJson, format!("{{\"{name}\"{colon}\""), "\"}")
            });
        }
    }
    for (before, after) in PASTES {
        let whole = Wrap::around(Damage::BracketedPaste, before, after);
        let halves = [
            Wrap::before(Damage::BracketedPaste, before),
            Wrap::after(Damage::BracketedPaste, after),
        ];
        // In pairs only what a terminal sends, whole or without its escape character.
        wraps.push(Wrap {
            pairs: before.starts_with(['\u{1b}', '2']),
            ..whole
        });
        wraps.extend(halves.map(alone));
    }
    for (before, after) in colours() {
        wraps.push(alone(Wrap::around(Damage::TerminalEscapes, before, after)));
    }
    wraps.extend(MARKS.map(|mark| alone(Wrap::before(Damage::Utf16, mark))));
    wraps
}

fn alone(wrap: Wrap) -> Wrap {
    Wrap {
        pairs: false,
        ..wrap
    }
}

/// Runs of blanks: every one of up to three bytes, longer ones of spaces and tabs. In pairs only
/// those that happen.
fn blanks() -> Vec<Wrap> {
    const PAIRED_BEFORE: [&[u8]; 7] = [b" ", b"  ", b"   ", b"    ", b"\t", b"\n", b"\r\n"];
    const PAIRED_AFTER: [&[u8]; 12] = [
        b" ", b"  ", b"   ", b"    ", b"\t", b"\n", b"\r\n", b"\r", b"\n\n", b" \n", b" \r\n",
        b"\t\n",
    ];
    let mut runs: Vec<Vec<u8>> = vec![Vec::new()];
    let mut from = 0;
    for _ in 0..3 {
        let to = runs.len();
        for index in from..to {
            for blank in [b' ', b'\t', b'\n', b'\r'] {
                let mut run = runs[index].clone();
                run.push(blank);
                runs.push(run);
            }
        }
        from = to;
    }
    runs.extend((4..=16).map(|count| vec![b' '; count]));
    runs.extend((4..=8).map(|count| vec![b'\t'; count]));
    runs.push(b"\r\n\r\n".to_vec());
    let mut wraps = Vec::new();
    for run in runs.into_iter().skip(1) {
        wraps.push(Wrap {
            pairs: PAIRED_BEFORE.contains(&&run[..]),
            ..Wrap::before(Damage::LeadingWhitespace, run.clone())
        });
        wraps.push(Wrap {
            pairs: PAIRED_AFTER.contains(&&run[..]),
            ..Wrap::after(trailing(&run), run)
        });
    }
    wraps
}
