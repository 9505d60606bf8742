use std::ops::Range;

use serde::Serialize;

/// What no key has, found in a value: said by kind and by byte, never by what stands around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Oddity {
    /// What it is.
    pub kind: OddityKind,
    /// Where it stands.
    pub side: Side,
    /// How many there are.
    pub count: usize,
    /// The offsets in bytes of the first [`Oddity::SHOWN`].
    pub offsets: Vec<usize>,
}

/// Kinds of characters that no key has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OddityKind {
    /// `\n`.
    Newline,
    /// `\r`.
    CarriageReturn,
    /// A space.
    Space,
    /// A tab.
    Tab,
    /// U+00A0, or the byte A0 where the rest is not UTF-8.
    NoBreakSpace,
    /// U+FEFF.
    ByteOrderMark,
    /// A character without width: U+200B to U+200D, U+2060.
    ZeroWidth,
    /// `"`.
    DoubleQuote,
    /// `'`.
    SingleQuote,
    /// A backtick.
    Backtick,
    /// A typographic quote.
    SmartQuote,
    /// Any other control character.
    Control,
    /// Any other character beyond ASCII.
    NonAscii,
    /// A byte that is no UTF-8.
    NotUtf8,
}

/// Which part of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Nothing but oddities before it.
    Start,
    /// Between what may be a key.
    Inside,
    /// Nothing but oddities after it.
    End,
}

impl OddityKind {
    /// What people call it, one and several.
    #[must_use]
    pub fn names(self) -> [&'static str; 2] {
        match self {
            Self::Newline => ["newline", "newlines"],
            Self::CarriageReturn => ["carriage return", "carriage returns"],
            Self::Space => ["space", "spaces"],
            Self::Tab => ["tab", "tabs"],
            Self::NoBreakSpace => ["no-break space", "no-break spaces"],
            Self::ByteOrderMark => ["byte order mark", "byte order marks"],
            Self::ZeroWidth => ["zero-width character", "zero-width characters"],
            Self::DoubleQuote => ["double quote", "double quotes"],
            Self::SingleQuote => ["single quote", "single quotes"],
            Self::Backtick => ["backtick", "backticks"],
            Self::SmartQuote => ["typographic quote", "typographic quotes"],
            Self::Control => ["control character", "control characters"],
            Self::NonAscii => ["character beyond ASCII", "characters beyond ASCII"],
            Self::NotUtf8 => ["byte that is no UTF-8", "bytes that are no UTF-8"],
        }
    }

    fn of(character: char) -> Option<Self> {
        Some(match character {
            '\n' => Self::Newline,
            '\r' => Self::CarriageReturn,
            ' ' => Self::Space,
            '\t' => Self::Tab,
            '\u{a0}' => Self::NoBreakSpace,
            '\u{feff}' => Self::ByteOrderMark,
            '\u{200b}'..='\u{200d}' | '\u{2060}' => Self::ZeroWidth,
            '"' => Self::DoubleQuote,
            '\'' => Self::SingleQuote,
            '`' => Self::Backtick,
            '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}' | '\u{2039}' | '\u{203a}' => {
                Self::SmartQuote
            }
            character if character.is_control() => Self::Control,
            character if !character.is_ascii() => Self::NonAscii,
            _ => return None,
        })
    }
}

impl Oddity {
    /// How many offsets are told.
    pub const SHOWN: usize = 8;

    /// Everything in these bytes that no key has, by where it first stands.
    #[must_use]
    pub fn all_in(bytes: &[u8]) -> Vec<Self> {
        let odd: Vec<(OddityKind, Range<usize>)> = characters(bytes)
            .filter_map(|(kind, range)| Some((kind?, range)))
            .collect();
        let leading = adjoining(odd.iter().map(|(_, range)| range.clone()), 0);
        let mirrored = odd
            .iter()
            .rev()
            .map(|(_, range)| bytes.len() - range.end..bytes.len() - range.start);
        let trailing = adjoining(mirrored, 0);

        let mut found: Vec<Self> = Vec::new();
        for (index, (kind, range)) in odd.iter().enumerate() {
            let side = if index < leading {
                Side::Start
            } else if index >= odd.len() - trailing {
                Side::End
            } else {
                Side::Inside
            };
            let same = |oddity: &&mut Self| oddity.kind == *kind && oddity.side == side;
            if let Some(oddity) = found.iter_mut().find(same) {
                oddity.count += 1;
                if oddity.offsets.len() < Self::SHOWN {
                    oddity.offsets.push(range.start);
                }
            } else {
                found.push(Self {
                    kind: *kind,
                    side,
                    count: 1,
                    offsets: vec![range.start],
                });
            }
        }
        found
    }
}

/// How many of the ranges follow one another without a gap, from an offset on.
fn adjoining(ranges: impl Iterator<Item = Range<usize>>, mut from: usize) -> usize {
    ranges
        .take_while(|range| {
            let adjoins = range.start == from;
            from = range.end;
            adjoins
        })
        .count()
}

/// Every character or broken byte with its kind, where it has one, and the bytes it takes.
fn characters(bytes: &[u8]) -> impl Iterator<Item = (Option<OddityKind>, Range<usize>)> {
    let mut at = 0;
    bytes.utf8_chunks().flat_map(move |chunk| {
        let start = at;
        let broken = start + chunk.valid().len();
        at = broken + chunk.invalid().len();
        let valid = chunk
            .valid()
            .char_indices()
            .map(move |(offset, character)| {
                let begin = start + offset;
                (
                    OddityKind::of(character),
                    begin..begin + character.len_utf8(),
                )
            });
        let invalid = chunk
            .invalid()
            .iter()
            .enumerate()
            .map(move |(offset, byte)| {
                let kind = if *byte == 0xa0 {
                    OddityKind::NoBreakSpace
                } else {
                    OddityKind::NotUtf8
                };
                (Some(kind), broken + offset..broken + offset + 1)
            });
        valid.chain(invalid)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bytes: &[u8]) -> Vec<String> {
        Oddity::all_in(bytes)
            .iter()
            .map(|oddity| {
                format!(
                    "{:?} {:?} {} {:?}",
                    oddity.side, oddity.kind, oddity.count, oddity.offsets
                )
            })
            .collect()
    }

    #[test]
    fn each_is_found_where_it_stands() {
        assert_eq!(told(b"ask_live_abc-DEF.123=="), [""; 0]);
        assert_eq!(
            told(b"\"key\"\r\n"),
            [
                "Start DoubleQuote 1 [0]",
                "End DoubleQuote 1 [4]",
                "End CarriageReturn 1 [5]",
                "End Newline 1 [6]",
            ]
        );
        assert_eq!(
            told("\u{feff}key\u{a0}k \u{200b}".as_bytes()),
            [
                "Start ByteOrderMark 1 [0]",
                "Inside NoBreakSpace 1 [6]",
                "End Space 1 [9]",
                "End ZeroWidth 1 [10]",
            ]
        );
        assert_eq!(
            told(b"k\x1be\x00y\xff\xa0"),
            [
                "Inside Control 2 [1, 3]",
                "End NotUtf8 1 [5]",
                "End NoBreakSpace 1 [6]",
            ]
        );
        assert_eq!(
            told("\u{201c}ключ".as_bytes()),
            ["Start SmartQuote 1 [0]", "Start NonAscii 4 [3, 5, 7, 9]",]
        );
    }

    #[test]
    fn many_are_counted_and_the_first_told() {
        let odd = Oddity::all_in(format!("k{}k", " ".repeat(100)).as_bytes());
        assert_eq!((odd[0].count, odd[0].offsets.len()), (100, Oddity::SHOWN));
    }
}
