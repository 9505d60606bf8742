//! HTML entities, written as templates write them and read as browsers do.

use zeroize::Zeroizing;

/// Who wrote them, which decides what is escaped and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Html {
    /// `&amp;`, `&lt;`, `&gt;` and `&quot;`; an apostrophe as `&#39;`, as most template engines do.
    Decimal,
    /// The same with `&#x27;`, as Python and Handlebars do.
    Hexadecimal,
    /// The same with `&apos;`, as XML has it.
    Xml,
    /// As Handlebars and OWASP's rules have it: also the slash, the backtick and the equals sign.
    Careful,
    /// Every sign that is neither letter nor digit, `&#95;`.
    AllDecimal,
    /// `&#x5f;`
    AllHexadecimal,
    /// `&#x5F;`
    AllHexadecimalUpper,
}

const NAMED: [(&str, &str); 41] = [
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("apos", "'"),
    ("lowbar", "_"),
    ("UnderBar", "_"),
    ("equals", "="),
    ("plus", "+"),
    ("sol", "/"),
    ("bsol", "\\"),
    ("num", "#"),
    ("dollar", "$"),
    ("percnt", "%"),
    ("ast", "*"),
    ("midast", "*"),
    ("lpar", "("),
    ("rpar", ")"),
    ("lsqb", "["),
    ("lbrack", "["),
    ("rsqb", "]"),
    ("rbrack", "]"),
    ("lcub", "{"),
    ("lbrace", "{"),
    ("rcub", "}"),
    ("rbrace", "}"),
    ("colon", ":"),
    ("semi", ";"),
    ("comma", ","),
    ("period", "."),
    ("excl", "!"),
    ("quest", "?"),
    ("commat", "@"),
    ("Hat", "^"),
    ("grave", "`"),
    ("vert", "|"),
    ("nbsp", "\u{a0}"),
    ("hyphen", "\u{2010}"),
    ("ndash", "\u{2013}"),
    ("mdash", "\u{2014}"),
    ("shy", "\u{ad}"),
];

/// Writes them after `out`. `false` when nothing had to be escaped.
pub(super) fn write(bytes: &[u8], style: Html, out: &mut Zeroizing<Vec<u8>>) -> bool {
    let mut changed = false;
    for &byte in bytes {
        let before = out.len();
        let spelled = byte.is_ascii_graphic() && !byte.is_ascii_alphanumeric();
        match (style, byte) {
            (Html::AllDecimal, _) if spelled => write_number(byte, 10, false, out),
            (Html::AllHexadecimal, _) if spelled => write_number(byte, 16, false, out),
            (Html::AllHexadecimalUpper, _) if spelled => write_number(byte, 16, true, out),
            (Html::AllDecimal | Html::AllHexadecimal | Html::AllHexadecimalUpper, _) => {}
            (_, b'&') => out.extend_from_slice(b"&amp;"),
            (_, b'<') => out.extend_from_slice(b"&lt;"),
            (_, b'>') => out.extend_from_slice(b"&gt;"),
            (_, b'"') => out.extend_from_slice(b"&quot;"),
            (Html::Decimal, b'\'') => out.extend_from_slice(b"&#39;"),
            (Html::Xml, b'\'') => out.extend_from_slice(b"&apos;"),
            (_, b'\'') => out.extend_from_slice(b"&#x27;"),
            (Html::Careful, b'/' | b'`' | b'=') => write_number(byte, 16, true, out),
            _ => {}
        }
        if out.len() == before {
            out.push(byte);
        } else {
            changed = true;
        }
    }
    changed
}

fn write_number(byte: u8, base: u8, upper: bool, out: &mut Zeroizing<Vec<u8>>) {
    out.extend_from_slice(if base == 16 { b"&#x" } else { b"&#" });
    let digit = |value: u8| match value {
        0..=9 => b'0' + value,
        _ if upper => b'A' + value - 10,
        _ => b'a' + value - 10,
    };
    if byte / base >= base {
        out.push(digit(byte / base / base));
    }
    out.push(digit(byte / base % base));
    out.push(digit(byte % base));
    out.push(b';');
}

/// Reads them; `None` where there are none.
pub(super) fn read(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if !text.contains(&b'&') {
        return None;
    }
    let mut changed = false;
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        match entity(rest) {
            Some((character, len)) => {
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = rest.get(len..).unwrap_or_default();
                changed = true;
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    changed.then_some(bytes)
}

/// The character that the entity at the start stands for, and how many bytes that takes.
fn entity(text: &[u8]) -> Option<(char, usize)> {
    /// The longest, `&#x10FFFF;`, with zeros before the digits.
    const LONGEST: usize = 14;
    let inner = text.strip_prefix(b"&")?;
    let end = inner.iter().take(LONGEST).position(|&byte| byte == b';')?;
    let name = std::str::from_utf8(inner.get(..end)?).ok()?;
    let character = match name.strip_prefix('#') {
        Some(number) => {
            let (digits, base) = match number.strip_prefix(['x', 'X']) {
                Some(digits) => (digits, 16),
                None => (number, 10),
            };
            let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            let code = u32::from_str_radix(digits, base).ok().filter(|_| plain)?;
            char::from_u32(code)?
        }
        None => {
            let named = NAMED.into_iter().find(|(known, _)| *known == name);
            named?.1.chars().next()?
        }
    };
    Some((character, end + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_read() {
        for (text, expected) in [
            ("a&amp;b", Some("a&b")),
            ("ask&#95;live&#x5f;1", Some("ask_live_1")),
            ("ask&lowbar;live&#x5F;1", Some("ask_live_1")),
            ("&quot;key&quot;", Some("\"key\"")),
            ("&#0039;key", Some("'key")),
            ("a&b;c", None),
            ("a&#;b", None),
            ("a&#+95;b", None),
            ("a&#xd800;b", None),
            ("a & b", None),
            ("a&amp", None),
        ] {
            let read =
                read(text.as_bytes()).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn each_writer_has_its_own_way() {
        let key = b"a_b/c'd=e&f|g";
        for (style, expected) in [
            (Html::Decimal, "a_b/c&#39;d=e&amp;f|g"),
            (Html::Hexadecimal, "a_b/c&#x27;d=e&amp;f|g"),
            (Html::Xml, "a_b/c&apos;d=e&amp;f|g"),
            (Html::Careful, "a_b&#x2F;c&#x27;d&#x3D;e&amp;f|g"),
            (Html::AllDecimal, "a&#95;b&#47;c&#39;d&#61;e&#38;f&#124;g"),
            (
                Html::AllHexadecimal,
                "a&#x5f;b&#x2f;c&#x27;d&#x3d;e&#x26;f&#x7c;g",
            ),
            (
                Html::AllHexadecimalUpper,
                "a&#x5F;b&#x2F;c&#x27;d&#x3D;e&#x26;f&#x7C;g",
            ),
        ] {
            let mut out = Zeroizing::new(Vec::new());
            assert!(write(key, style, &mut out));
            assert_eq!(String::from_utf8(out.to_vec()).unwrap(), expected);
        }
        assert!(!write(
            b"ask_live_1",
            Html::Careful,
            &mut Zeroizing::new(Vec::new())
        ));
    }
}
