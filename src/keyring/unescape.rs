use zeroize::Zeroizing;

/// What an escape stands for: a byte, or a character of up to four.
#[derive(Clone, Copy)]
struct Meant {
    bytes: [u8; 4],
    length: usize,
}

impl Meant {
    fn byte(byte: u8) -> Self {
        Self {
            bytes: [byte, 0, 0, 0],
            length: 1,
        }
    }

    fn character(character: char) -> Self {
        let mut bytes = [0; 4];
        let length = character.encode_utf8(&mut bytes).len();
        Self { bytes, length }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// Undoes backslash escapes anywhere in a text, and leaves what is none as it is; `None` where there
/// is no backslash.
pub(super) fn backslashes(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if !text.contains(&b'\\') {
        return None;
    }
    // Nothing is longer than its escape.
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        let [escape, after @ ..] = tail else {
            bytes.push(*first);
            break;
        };
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let simple = |byte| (Meant::byte(byte), after);
        let (meant, after) = match escape {
            b'n' => simple(b'\n'),
            b'r' => simple(b'\r'),
            b't' => simple(b'\t'),
            b'b' => simple(0x08),
            b'f' => simple(0x0c),
            b'u' | b'U' | b'x' => code(*escape, after).unwrap_or((Meant::byte(b'\\'), tail)),
            b'0'..=b'3' => octal(tail).unwrap_or((Meant::byte(b'\\'), tail)),
            escape if escape.is_ascii_punctuation() => simple(*escape),
            _ => (Meant::byte(b'\\'), tail),
        };
        bytes.extend_from_slice(meant.bytes());
        rest = after;
    }
    Some(bytes)
}

/// A character by its number, `\u0041`, `\u{41}` or `\U00000041`, or a byte: `\x41`.
fn code(escape: u8, digits: &[u8]) -> Option<(Meant, &[u8])> {
    if escape == b'u'
        && let Some(digits) = digits.strip_prefix(b"{")
    {
        let end = digits.iter().take(7).position(|&byte| byte == b'}')?;
        let character = char::from_u32(number(&digits[..end], 16)?)?;
        return Some((Meant::character(character), &digits[end + 1..]));
    }
    let length = match escape {
        b'u' => 4,
        b'U' => 8,
        _ => 2,
    };
    let (digits, after) = digits.split_at_checked(length)?;
    let code = number(digits, 16)?;
    if escape == b'x' {
        return Some((Meant::byte(u8::try_from(code).ok()?), after));
    }
    if let Some(character) = char::from_u32(code) {
        return Some((Meant::character(character), after));
    }
    // A character that takes two of them.
    let (second, after) = after.strip_prefix(b"\\u")?.split_at_checked(4)?;
    let units = [code, number(second, 16)?].map(|unit| u16::try_from(unit).unwrap_or(0));
    let character = char::decode_utf16(units).next()?.ok()?;
    Some((Meant::character(character), after))
}

/// A byte in three octal digits, as shells and C have it.
fn octal(digits: &[u8]) -> Option<(Meant, &[u8])> {
    let (digits, after) = digits.split_first_chunk::<3>()?;
    let byte = u8::try_from(number(digits, 8)?).ok()?;
    Some((Meant::byte(byte), after))
}

/// The names that HTML and XML have for ASCII signs.
const ENTITIES: [(&[u8], u8); 20] = [
    (b"quot", b'"'),
    (b"amp", b'&'),
    (b"apos", b'\''),
    (b"lt", b'<'),
    (b"gt", b'>'),
    (b"nbsp", b' '),
    (b"lowbar", b'_'),
    (b"equals", b'='),
    (b"sol", b'/'),
    (b"colon", b':'),
    (b"comma", b','),
    (b"period", b'.'),
    (b"commat", b'@'),
    (b"num", b'#'),
    (b"plus", b'+'),
    (b"semi", b';'),
    (b"dollar", b'$'),
    (b"percnt", b'%'),
    (b"Tab", b'\t'),
    (b"NewLine", b'\n'),
];

/// Undoes HTML's entities by number or by the name of an ASCII sign, and leaves the others as they are; `None`
/// where there is none.
pub(super) fn entities(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    const LONGEST: usize = 9;
    if !text.contains(&b'&') {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    let mut any = false;
    while let [first, tail @ ..] = rest {
        rest = tail;
        let end = tail.iter().take(LONGEST).position(|&byte| byte == b';');
        let entity = end
            .filter(|_| *first == b'&')
            .and_then(|end| tail.split_at_checked(end))
            .and_then(|(name, after)| Some((named(name)?, after)));
        match entity {
            Some((meant, after)) => {
                bytes.extend_from_slice(meant.bytes());
                rest = after.get(1..).unwrap_or_default();
                any = true;
            }
            None => bytes.push(*first),
        }
    }
    any.then_some(bytes)
}

fn named(name: &[u8]) -> Option<Meant> {
    let number = match name {
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
        [b'#', digits @ ..] => number(digits, 10)?,
        name => return entity(name).map(Meant::byte),
    };
    Some(Meant::character(char::from_u32(number)?))
}

/// The ASCII character that an entity stands for.
pub(super) fn entity(name: &[u8]) -> Option<u8> {
    match name {
        [b'#', b'x' | b'X', digits @ ..] => u8::try_from(number(digits, 16)?).ok(),
        [b'#', digits @ ..] => u8::try_from(number(digits, 10)?).ok(),
        name => {
            let (_, byte) = ENTITIES.iter().find(|(known, _)| *known == name)?;
            Some(*byte)
        }
    }
    .filter(u8::is_ascii)
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok()?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| u32::from_str_radix(digits, radix).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_go_and_everything_else_stays() {
        for (text, expected) in [
            (r#"{\"k\":\"key\"}"#, Some(r#"{"k":"key"}"#)),
            (r"a\nb\tc\/d", Some("a\nb\tc/d")),
            (r"\u006bey\x5f1", Some("key_1")),
            (r"\153\145y\u{5f}\U00000031", Some("key_1")),
            (
                r"\1a\19\u{110000}\U00110000",
                Some(r"\1a\19\u{110000}\U00110000"),
            ),
            (
                r"\u00f6\xc3\xb6\303\266\u{f6}\U000000f6\ud83d\udd11",
                Some("ööööö🔑"),
            ),
            (r"\ud83d-\ud83d\u0041", Some(r"\ud83d-\ud83dA")),
            (r"C:\key\uz\", Some(r"C:\key\uz\")),
            ("key", None),
        ] {
            let found = backslashes(text.as_bytes());
            assert_eq!(
                found.as_deref().map(|bytes| &bytes[..]),
                expected.map(str::as_bytes),
                "{text}"
            );
        }
    }

    #[test]
    fn entities_of_ascii_go_and_everything_else_stays() {
        for (text, expected) in [
            ("&quot;key&#95;1&#x5F;2&quot;", Some("\"key_1_2\"")),
            ("a=1&amp;k=key", Some("a=1&k=key")),
            ("a=1&k=key;", None),
            ("&auml;&lt;", Some("&auml;<")),
            ("&#246;&#xF6;&#128273;&", Some("öö🔑&")),
            ("&#1114112;&", None),
            ("key", None),
        ] {
            let found = entities(text.as_bytes());
            assert_eq!(
                found.as_deref().map(|bytes| &bytes[..]),
                expected.map(str::as_bytes),
                "{text}"
            );
        }
    }
}
