//! What single escapes stand for, in URLs, JSON, HTML and source code.

use crate::keyring::unescape::entity;

/// The longest name of an entity, or number of a character, within its signs.
const LONGEST: usize = 10;

/// What an escape stands for: a byte, or a character of up to four.
pub(super) struct Character {
    bytes: [u8; 4],
    length: usize,
}

impl Character {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

pub(super) fn byte_of(code: u32) -> Character {
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

/// What a percent sign begins, and how long that is without it: `41`, or `u0041` as old scripts have it.
pub(super) fn percent(after: &[u8]) -> Option<(Character, usize)> {
    match after.split_first()? {
        (b'u', rest) => hexadecimal(rest, 4).map(|code| (character_of(code), 5)),
        _ => hexadecimal(after, 2).map(|code| (byte_of(code), 2)),
    }
}

/// What a backslash escapes, and how long that is without the backslash.
pub(super) fn backslash(after: &[u8]) -> Option<(Character, usize)> {
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
        b'U' => hexadecimal(rest, 8).map(|code| (character_of(code), 9)),
        b'0'..=b'3' => {
            let digits = std::str::from_utf8(after.get(..3)?).ok()?;
            let code = u32::from_str_radix(digits, 8).ok()?;
            Some((byte_of(code), 3))
        }
        sign if sign.is_ascii_punctuation() => simple(u32::from(sign)),
        _ => None,
    }
}

/// What an ampersand begins, and how long that is without it. Browsers need no semicolon behind a number.
pub(super) fn html(after: &[u8]) -> Option<(Character, usize)> {
    if let Some(number) = after.strip_prefix(b"#") {
        let (digits, radix, sign) = match number {
            [b'x' | b'X', digits @ ..] => (digits, 16, 2),
            digits => (digits, 10, 1),
        };
        let is_digit = |byte: &&u8| char::from(**byte).is_digit(radix);
        let length = digits.iter().take(LONGEST).take_while(is_digit).count();
        let text = std::str::from_utf8(&digits[..length]).ok()?;
        let code = u32::from_str_radix(text, radix).ok()?;
        let end = usize::from(digits.get(length) == Some(&b';'));
        return Some((character_of(code), sign + length + end));
    }
    let length = after.iter().take(LONGEST).position(|&byte| byte == b';')?;
    Some((byte_of(entity(&after[..length])?.into()), length + 1))
}

/// The number of the first so many digits.
pub(super) fn hexadecimal(text: &[u8], digits: usize) -> Option<u32> {
    let digits = text.get(..digits)?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use crate::keyring::scrub::plain::Plain;

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
            (r"\U00000041\113%u0042", "AKB"),
            (r"\ud83d-", "\u{fffd}-"),
            ("&amp;&#95;&#x5f;&lowbar;&nothing;&", "&___&nothing;&"),
            ("&#75&#x71&#51.", "Kq3."),
            ("a%5Cu0041 &amp;amp;", "a\\u0041 &amp;"),
        ] {
            assert_eq!(read(written), meant, "{written}");
        }
    }
}
