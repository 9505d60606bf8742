//! How a sign is written in a script, in JSON and in HTML.

/// The most bytes that one sign takes, without backslashes of outer texts.
const LONGEST: usize = 10;

/// A sign that may stand beside a key without being meant: how it is written, and what it is.
#[derive(Clone, Copy)]
pub(super) struct Sign<'t> {
    pub raw: &'t [u8],
    pub character: char,
    pub kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It may also be what a literal begins and ends with.
    Quote,
    /// A blank, a line break, or what cannot be seen at all.
    Blank,
    /// `;` or `,`.
    Punctuation,
    /// A backslash that stands for itself.
    Backslash,
}

/// Whether a text ends in an escape, such as `\n` or `%22`, for something that is neither a letter nor a
/// digit nor `_`: its last letter is none then.
pub(super) fn ends_in_escape(text: &[u8]) -> bool {
    escape_at_end(text).is_some_and(|(_, character)| !is_word(character))
        || percent_at_end(text).is_some_and(|character| !is_word(character))
}

/// The character that an escape of an address at the end stands for, or the first byte of one.
fn percent_at_end(text: &[u8]) -> Option<char> {
    let [.., b'%', high, low] = text else {
        return None;
    };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    char::from_u32(digit(high)? << 4 | digit(low)?)
}

/// The sign that a text starts with.
pub(super) fn first(text: &[u8]) -> Option<Sign<'_>> {
    if let Some(length) = backslash(text) {
        return Some(Sign {
            raw: &text[..length],
            character: '\\',
            kind: Kind::Backslash,
        });
    }
    let (length, character) = escape(text)
        .or_else(|| entity(text))
        .or_else(|| character(text))?;
    sign(&text[..length], character)
}

/// The sign that a text ends in.
pub(super) fn last(text: &[u8]) -> Option<Sign<'_>> {
    let (length, character) = quote_at_end(text)
        .or_else(|| escape_at_end(text))
        .or_else(|| entity_at_end(text))
        .or_else(|| character_at_end(text))?;
    sign(&text[text.len() - length..], character)
}

fn sign(raw: &[u8], character: char) -> Option<Sign<'_>> {
    let kind = match character {
        '"' | '\'' | '`' | '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' => Kind::Quote,
        ' ' | '\t'..='\r' | '\u{a0}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => {
            Kind::Blank
        }
        ';' | ',' => Kind::Punctuation,
        _ => return None,
    };
    Some(Sign {
        raw,
        character,
        kind,
    })
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// How many backslashes a text starts with.
fn backslashes(text: &[u8]) -> usize {
    text.iter().take_while(|byte| **byte == b'\\').count()
}

/// Backslashes that stand for one, before the quote of the literal they are in: in a literal within so
/// many others, a quote is written with 2ⁿ−1 of them, and one of them with 2ⁿ⁺¹.
fn backslash(text: &[u8]) -> Option<usize> {
    let count = backslashes(text);
    if !is_quote(*text.get(count)?) || (count + 1).is_power_of_two() {
        return None;
    }
    Some(count - ((1 << (count + 1).trailing_zeros()) - 1))
}

/// An escape of JavaScript or JSON, with more backslashes where it stands in texts within texts: its
/// length, and what it stands for.
fn escape(text: &[u8]) -> Option<(usize, char)> {
    let count = backslashes(text);
    if count == 0 {
        return None;
    }
    let rest = &text[count..];
    let hex = |digits: &[u8]| {
        let digits = std::str::from_utf8(digits).ok()?;
        let hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        hex.then(|| {
            u32::from_str_radix(digits, 16)
                .ok()
                .and_then(char::from_u32)
        })?
    };
    let (length, character) = match rest {
        [b'n', ..] => (1, '\n'),
        [b'r', ..] => (1, '\r'),
        [b't', ..] => (1, '\t'),
        [b'v', ..] => (1, '\u{b}'),
        [b'f', ..] => (1, '\u{c}'),
        [quote, ..] if is_quote(*quote) => (1, char::from(*quote)),
        [b'x', digits @ ..] => (3, hex(digits.get(..2)?)?),
        [b'u', b'{', digits @ ..] => {
            let end = digits.iter().take(7).position(|byte| *byte == b'}')?;
            (end + 3, hex(&digits[..end])?)
        }
        [b'u', digits @ ..] => (5, hex(digits.get(..4)?)?),
        _ => return None,
    };
    Some((count + length, character))
}

/// What HTML writes for a sign.
fn entity(text: &[u8]) -> Option<(usize, char)> {
    let rest = text.strip_prefix(b"&")?;
    let end = rest.iter().take(LONGEST).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(&rest[..end]).ok()?;
    let character = match name {
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "NewLine" => '\n',
        "Tab" => '\t',
        _ => {
            let number = name.strip_prefix('#')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(number.ok()?)?
        }
    };
    Some((end + 2, character))
}

/// Itself.
fn character(text: &[u8]) -> Option<(usize, char)> {
    let start = &text[..text.len().min(4)];
    let chunk = start.utf8_chunks().next()?;
    let character = chunk.valid().chars().next()?;
    Some((character.len_utf8(), character))
}

fn quote_at_end(text: &[u8]) -> Option<(usize, char)> {
    let (&quote, rest) = text.split_last()?;
    let before = rest.iter().rev().take_while(|byte| **byte == b'\\').count();
    is_quote(quote).then(|| (before + 1, char::from(quote)))
}

fn escape_at_end(text: &[u8]) -> Option<(usize, char)> {
    let last = *text.last()?;
    if !last.is_ascii_alphanumeric() && last != b'}' {
        return None;
    }
    let within = text.len().saturating_sub(LONGEST);
    let behind = text[within..].iter().rposition(|byte| *byte == b'\\')? + within + 1;
    let before = &text[..behind];
    let count = before
        .iter()
        .rev()
        .take_while(|byte| **byte == b'\\')
        .count();
    let (length, character) = escape(&text[behind - count..])?;
    (behind - count + length == text.len()).then_some((length, character))
}

fn entity_at_end(text: &[u8]) -> Option<(usize, char)> {
    if !text.ends_with(b";") {
        return None;
    }
    let within = text.len().saturating_sub(LONGEST);
    let start = text[within..].iter().rposition(|byte| *byte == b'&')? + within;
    let (length, character) = entity(&text[start..])?;
    (start + length == text.len()).then_some((length, character))
}

fn character_at_end(text: &[u8]) -> Option<(usize, char)> {
    let within = text.len().saturating_sub(4);
    let start = (within..text.len())
        .rev()
        .find(|&at| text[at] & 0xc0 != 0x80)?;
    let (length, character) = character(&text[start..])?;
    (start + length == text.len()).then_some((length, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_is_read_from_both_ends_however_it_is_written() {
        for (raw, character) in [
            ("\"", '"'),
            ("\\\"", '"'),
            ("\\\\\\\"", '"'),
            ("&quot;", '"'),
            ("&#34;", '"'),
            ("&#x22;", '"'),
            ("\\x22", '"'),
            ("\\u0022", '"'),
            ("'", '\''),
            ("&#39;", '\''),
            ("`", '`'),
            ("\u{201d}", '\u{201d}'),
            ("\n", '\n'),
            ("\\n", '\n'),
            ("\\\\n", '\n'),
            ("\\r", '\r'),
            ("\\t", '\t'),
            ("&#10;", '\n'),
            ("&nbsp;", '\u{a0}'),
            ("\u{a0}", '\u{a0}'),
            ("\\u00a0", '\u{a0}'),
            ("\\xa0", '\u{a0}'),
            ("\\u{feff}", '\u{feff}'),
            ("\u{feff}", '\u{feff}'),
            (";", ';'),
            (",", ','),
        ] {
            let behind = format!("{raw}x");
            let found = first(behind.as_bytes()).unwrap();
            assert_eq!((found.raw, found.character), (raw.as_bytes(), character));
            let before = format!("x{raw}");
            let found = last(before.as_bytes()).unwrap();
            assert_eq!((found.raw, found.character), (raw.as_bytes(), character));
        }
        for text in ["x", "", "\\q", "é", "&#x41;", "\\u0041", "\\", "="] {
            assert!(first(text.as_bytes()).is_none(), "{text}");
            assert!(last(text.as_bytes()).is_none(), "{text}");
        }
        assert!(first(b"\xff").is_none() && last(b"\xff\x80").is_none());
    }

    #[test]
    fn a_backslash_before_the_end_of_a_literal_stands_for_itself() {
        for (text, raw) in [
            ("\\\\\"", "\\\\"),
            ("\\\\\\\\\"", "\\\\\\\\"),
            ("\\\\\\\\\\\"", "\\\\\\\\"),
        ] {
            let found = first(text.as_bytes()).unwrap();
            assert!(found.kind == Kind::Backslash);
            assert_eq!(found.raw, raw.as_bytes(), "{text}");
        }
    }

    #[test]
    fn the_last_letter_of_an_escape_is_no_letter() {
        for (text, is) in [
            ("\\n", true),
            ("\"\\\\n", true),
            ("\\u00a0", true),
            ("\\x0a", true),
            ("\\u0041", false),
            ("\\x5f", false),
            ("%22", true),
            ("%3D", true),
            ("%e2", true),
            ("%5F", false),
            ("%4", false),
            ("n", false),
            ("\\", false),
            ("\\nn", false),
        ] {
            assert_eq!(ends_in_escape(text.as_bytes()), is, "{text}");
        }
    }
}
