use zeroize::Zeroizing;

/// Undoes backslash escapes anywhere in a text, and leaves what is none as it is; `None` where there
/// is no backslash.
pub(super) fn backslashes(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if !text.contains(&b'\\') {
        return None;
    }
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
        let (byte, after) = match escape {
            b'n' => (b'\n', after),
            b'r' => (b'\r', after),
            b't' => (b'\t', after),
            b'b' => (0x08, after),
            b'f' => (0x0c, after),
            b'u' | b'U' | b'x' => match code(*escape, after) {
                Some((byte, after)) => (byte, after),
                None => (b'\\', tail),
            },
            b'0' | b'1' => match octal(tail) {
                Some((byte, after)) => (byte, after),
                None => (b'\\', tail),
            },
            escape if escape.is_ascii_punctuation() => (*escape, after),
            _ => (b'\\', tail),
        };
        bytes.push(byte);
        rest = after;
    }
    Some(bytes)
}

/// An ASCII character by its number: `\x41`, `\u0041`, `\u{41}` or `\U00000041`.
fn code(escape: u8, digits: &[u8]) -> Option<(u8, &[u8])> {
    if escape == b'u'
        && let Some(digits) = digits.strip_prefix(b"{")
    {
        let end = digits.iter().take(7).position(|&byte| byte == b'}')?;
        let byte = number(&digits[..end], 16)?;
        return byte.is_ascii().then_some((byte, &digits[end + 1..]));
    }
    let digits = match escape {
        b'u' => digits.strip_prefix(b"00")?,
        b'U' => digits.strip_prefix(b"000000")?,
        _ => digits,
    };
    let (digits, after) = digits.split_first_chunk::<2>()?;
    let byte = number(digits, 16)?;
    byte.is_ascii().then_some((byte, after))
}

/// The same in three octal digits, as shells and C have it.
fn octal(digits: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, after) = digits.split_first_chunk::<3>()?;
    let byte = number(digits, 8)?;
    byte.is_ascii().then_some((byte, after))
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

/// Undoes HTML's entities of ASCII characters, and leaves the others as they are; `None` where there
/// is none.
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
            .and_then(|(name, after)| Some((entity(name)?, after)));
        match entity {
            Some((byte, after)) => {
                bytes.push(byte);
                rest = after.get(1..).unwrap_or_default();
                any = true;
            }
            None => bytes.push(*first),
        }
    }
    any.then_some(bytes)
}

pub(super) fn entity(name: &[u8]) -> Option<u8> {
    match name {
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16),
        [b'#', digits @ ..] => number(digits, 10),
        name => {
            let (_, byte) = ENTITIES.iter().find(|(known, _)| *known == name)?;
            Some(*byte)
        }
    }
    .filter(u8::is_ascii)
}

fn number(digits: &[u8], radix: u32) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok()?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| u8::from_str_radix(digits, radix).ok())?
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
            (r"\1a\19\u{100}\U00000100", Some(r"\1a\19\u{100}\U00000100")),
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
            ("&#300;&", None),
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
