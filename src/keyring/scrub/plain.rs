use std::ops::Range;

use zeroize::Zeroizing;

use crate::keyring::unescape::entity;

/// The longest name of an entity, or number of a character, within its signs.
const LONGEST: usize = 10;

/// A text as somebody may read it: without escapes, with every run of blanks as one, without what takes no
/// room; and where each byte of it stands in the text.
pub(super) struct Plain {
    bytes: Zeroizing<Vec<u8>>,
    origins: Vec<Range<usize>>,
}

impl Plain {
    /// With no escape undone.
    pub(super) fn new(text: &[u8]) -> Self {
        let mut plain = Self::with_room(text.len());
        for (at, &byte) in text.iter().enumerate() {
            plain.push(byte, at..at + 1);
        }
        plain
    }

    /// With every escape undone once: those of URLs, JSON, HTML and source code, also where one text has
    /// several kinds or is cut off; `None` where there is none.
    pub(super) fn unescaped(&self) -> Option<Self> {
        let mut plain = Self::with_room(self.bytes.len());
        let mut changed = false;
        let mut at = 0;
        while let Some((&byte, after)) = self.bytes.get(at..).and_then(<[u8]>::split_first) {
            let undone = match byte {
                b'%' => hexadecimal(after, 2).map(|code| (byte_of(code), 2)),
                b'\\' => backslash(after),
                b'&' => html(after),
                _ => None,
            };
            let Some((character, length)) = undone else {
                plain.push(byte, self.origin(&(at..at + 1)));
                at += 1;
                continue;
            };
            let end = at + 1 + length;
            for &byte in character.bytes() {
                plain.push(byte, self.origin(&(at..end)));
            }
            changed = true;
            at = end;
        }
        changed.then_some(plain)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where a part of it stands in the text.
    pub(super) fn origin(&self, part: &Range<usize>) -> Range<usize> {
        let covered = self.origins.get(part.clone()).unwrap_or_default();
        match covered {
            [] => 0..0,
            [first, .., last] => first.start..last.end,
            [only] => only.clone(),
        }
    }

    fn with_room(room: usize) -> Self {
        // A character of several bytes was longer as an escape, so nothing grows.
        Self {
            bytes: Zeroizing::new(Vec::with_capacity(room)),
            origins: Vec::with_capacity(room),
        }
    }

    fn push(&mut self, byte: u8, origin: Range<usize>) {
        let byte = match byte {
            0 => return,
            byte if byte.is_ascii_whitespace() => b' ',
            byte => byte,
        };
        match self.origins.last_mut() {
            Some(last) if byte == b' ' && self.bytes.last() == Some(&b' ') => last.end = origin.end,
            _ => {
                self.bytes.push(byte);
                self.origins.push(origin);
            }
        }
    }
}

/// What an escape stands for: a byte, or a character of up to four.
struct Character {
    bytes: [u8; 4],
    length: usize,
}

impl Character {
    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

fn byte_of(code: u32) -> Character {
    Character {
        bytes: [u8::try_from(code).unwrap_or(b'?'), 0, 0, 0],
        length: 1,
    }
}

fn character_of(code: u32) -> Character {
    let mut bytes = [0; 4];
    // Half of a pair, which is no part of any key in ASCII.
    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    let length = character.encode_utf8(&mut bytes).len();
    Character { bytes, length }
}

/// What a backslash escapes, and how long that is without the backslash.
fn backslash(after: &[u8]) -> Option<(Character, usize)> {
    let (&sign, rest) = after.split_first()?;
    let simple = |byte| Some((byte_of(byte), 1));
    match sign {
        b'n' | b'r' | b't' | b'f' => simple(u32::from(b' ')),
        b'x' => hexadecimal(rest, 2).map(|code| (byte_of(code), 3)),
        b'u' if rest.first() == Some(&b'{') => {
            let digits = rest.get(1..)?.iter().take(LONGEST);
            let length = digits.take_while(|&&digit| digit != b'}').count();
            let code = hexadecimal(rest.get(1..)?, length)?;
            (rest.get(length + 1) == Some(&b'}')).then(|| (character_of(code), length + 3))
        }
        b'u' => hexadecimal(rest, 4).map(|code| (character_of(code), 5)),
        b'0'..=b'3' => {
            let digits = std::str::from_utf8(after.get(..3)?).ok()?;
            let code = u32::from_str_radix(digits, 8).ok()?;
            Some((byte_of(code), 3))
        }
        sign if sign.is_ascii_punctuation() => simple(u32::from(sign)),
        _ => None,
    }
}

/// What an ampersand begins, and how long that is without it.
fn html(after: &[u8]) -> Option<(Character, usize)> {
    let length = after.iter().take(LONGEST).position(|&byte| byte == b';')?;
    let name = &after[..length];
    let number = match name {
        [b'#', b'x' | b'X', digits @ ..] => hexadecimal(digits, digits.len()),
        [b'#', digits @ ..] => std::str::from_utf8(digits).ok()?.parse().ok(),
        _ => None,
    };
    let character = match number {
        Some(number) => character_of(number),
        None => byte_of(entity(name)?.into()),
    };
    Some((character, length + 1))
}

/// The number of the first so many digits.
fn hexadecimal(text: &[u8], digits: usize) -> Option<u32> {
    let digits = text.get(..digits)?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let plain = Plain::new(text.as_bytes());
        let undone = plain.unescaped().unwrap_or(plain);
        String::from_utf8_lossy(undone.bytes()).into_owned()
    }

    #[test]
    fn every_kind_of_escape_is_undone_beside_what_is_none() {
        for (written, meant) in [
            ("a%2Fb%zz%4", "a/b%zz%4"),
            (r#"\u0041\x42\"\n\/"#, "AB\" /"),
            (r"\u{1b}[31m\u{2026}", "\u{1b}[31m…"),
            (r"\303\251 \9 \u12", "é \\9 \\u12"),
            (r"\ud83d-", "\u{fffd}-"),
            ("&amp;&#95;&#x5f;&lowbar;&nothing;&", "&___&nothing;&"),
            ("a%5Cu0041 &amp;amp;", "a\\u0041 &amp;"),
        ] {
            assert_eq!(read(written), meant, "{written}");
        }
    }

    #[test]
    fn blanks_are_one_and_what_takes_no_room_is_none() {
        assert_eq!(read("a \n\t b\0c"), "a bc");
    }

    #[test]
    fn a_part_is_told_by_where_it_stands() {
        let text = b"x %41\\u0042 \n y";
        let plain = Plain::new(text);
        let undone = plain.unescaped().unwrap();
        assert_eq!(undone.bytes(), b"x AB y");
        assert_eq!(undone.origin(&(2..4)), 2..11);
        assert_eq!(undone.origin(&(3..5)), 5..14);
        assert_eq!(undone.origin(&(0..0)), 0..0);
    }
}
