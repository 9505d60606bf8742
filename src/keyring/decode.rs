use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, BASE64URL_NOPAD};
use percent_encoding::percent_decode;
use zeroize::Zeroizing;

use super::damage::Damage;
use super::wraps::MIN_KEY;
use super::{html, signs, spaced, utf16};

/// Longer texts are not decoded: no key is that long, and there may be many of them.
const LONGEST: usize = 64 * 1024;

/// Everything that these bytes could be an encoding of. Where nothing had to be decoded there is
/// nothing, and neither is there for what would be too short to be a key.
pub(super) fn decodings(text: &[u8]) -> Vec<(Damage, Zeroizing<Vec<u8>>)> {
    if text.len() > LONGEST {
        return Vec::new();
    }
    let base64 = base64(text).map(|(url, bytes)| {
        let damage = if url {
            Damage::Base64Url
        } else {
            Damage::Base64
        };
        (damage, bytes)
    });
    let named = |damage, bytes: Option<_>| bytes.map(|bytes| (damage, bytes));
    let [typographic, two_hyphens] = signs::read_typographic(text);
    [
        base64,
        named(Damage::Hex, hexadecimal(text)),
        named(Damage::PercentEncoded, percent(text, false)),
        named(Damage::PercentEncoded, percent(text, true)),
        named(Damage::JsonEscaped, json(text)),
        named(Damage::Utf16, utf16::read(text)),
        named(Damage::HtmlEntities, html::read(text)),
        signs::read_backslashes(text),
        named(Damage::TypographicCharacters, typographic),
        named(Damage::TypographicCharacters, two_hyphens),
        named(Damage::WhitespaceInside, spaced::inside(text)),
    ]
    .into_iter()
    .flatten()
    .filter(|(_, bytes)| bytes.len() >= MIN_KEY && bytes[..] != *text)
    .collect()
}

/// Of either alphabet, padded or not, in one line or in lines of one length; and whether it is the
/// URL-safe one.
pub(super) fn base64(text: &[u8]) -> Option<(bool, Zeroizing<Vec<u8>>)> {
    let joined;
    let mut digits = text;
    if text.contains(&b'\n') {
        joined = joined_lines(text)?;
        digits = &joined;
    }
    let padding = digits
        .iter()
        .rev()
        .take_while(|&&digit| digit == b'=')
        .count();
    if padding > 0 && (padding > 2 || !digits.len().is_multiple_of(4)) {
        return None;
    }
    let (digits, _) = digits.split_at(digits.len() - padding);
    let url = digits.iter().any(|digit| b"-_".contains(digit));
    let encoding = if url { &BASE64URL_NOPAD } else { &BASE64_NOPAD };
    let mut bytes = Zeroizing::new(vec![0; encoding.decode_len(digits.len()).ok()?]);
    let len = encoding.decode_mut(digits, &mut bytes).ok()?;
    bytes.truncate(len);
    Some((url, bytes))
}

/// Lines of one length but for the last, without their ends; none may be empty.
fn joined_lines(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut joined = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut lines = text.split(|&byte| byte == b'\n').peekable();
    let mut width = None;
    while let Some(line) = lines.next() {
        let last = lines.peek().is_none();
        let line = if last {
            line
        } else {
            line.strip_suffix(b"\r").unwrap_or(line)
        };
        let width = *width.get_or_insert(line.len());
        if line.is_empty() || line.len() > width || (line.len() < width && !last) {
            return None;
        }
        joined.extend_from_slice(line);
    }
    Some(joined)
}

/// In letters of one case, padded or not.
pub(super) fn base32(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let padding = text.iter().rev().take_while(|&&digit| digit == b'=');
    let padding = padding.count();
    if padding > 0 && !text.len().is_multiple_of(8) {
        return None;
    }
    let mut digits = Zeroizing::new(text[..text.len() - padding].to_vec());
    if !digits.iter().any(u8::is_ascii_uppercase) {
        digits.make_ascii_uppercase();
    }
    let mut bytes = Zeroizing::new(vec![0; BASE32_NOPAD.decode_len(digits.len()).ok()?]);
    let len = BASE32_NOPAD.decode_mut(&digits, &mut bytes).ok()?;
    bytes.truncate(len);
    Some(bytes)
}

pub(super) fn hexadecimal(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if !text.len().is_multiple_of(2) || !text.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut bytes = Zeroizing::new(vec![0; text.len() / 2]);
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}

/// `form`: a `+` stands for a space.
fn percent(text: &[u8], form: bool) -> Option<Zeroizing<Vec<u8>>> {
    if !text.contains(if form { &b'+' } else { &b'%' }) {
        return None;
    }
    let mut spaced = Zeroizing::new(text.to_vec());
    if form {
        for byte in spaced.iter_mut().filter(|byte| **byte == b'+') {
            *byte = b' ';
        }
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    bytes.extend(percent_decode(&spaced));
    Some(bytes)
}

fn json(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if !text.contains(&b'\\') {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let (&escape, tail) = rest.split_first()?;
        rest = tail;
        match escape {
            b'"' | b'\\' | b'/' => bytes.push(escape),
            b'b' => bytes.push(0x08),
            b'f' => bytes.push(0x0c),
            b'n' => bytes.push(b'\n'),
            b'r' => bytes.push(b'\r'),
            b't' => bytes.push(b'\t'),
            b'u' => {
                let character = json_character(&mut rest)?;
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => return None,
        }
    }
    Some(bytes)
}

/// The character after `\u`, which may take two of them.
fn json_character(rest: &mut &[u8]) -> Option<char> {
    let first = json_unit(rest)?;
    if !(0xd800..0xe000).contains(&first) {
        return char::from_u32(u32::from(first));
    }
    *rest = rest.strip_prefix(b"\\u")?;
    char::decode_utf16([first, json_unit(rest)?]).next()?.ok()
}

fn json_unit(rest: &mut &[u8]) -> Option<u16> {
    let (digits, tail) = rest.split_first_chunk::<4>()?;
    let mut bytes = [0; 2];
    hex::decode_to_slice(digits, &mut bytes).ok()?;
    *rest = tail;
    Some(u16::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keyring::encode::Encoding;

    fn decoded(text: &str) -> Vec<(Damage, Vec<u8>)> {
        decodings(text.as_bytes())
            .into_iter()
            .map(|(damage, bytes)| (damage, bytes.to_vec()))
            .collect()
    }

    #[test]
    fn what_is_no_encoding_is_left_alone() {
        for text in [
            "ask_live_0123456789",
            "YXNrX2xpdmVfMQ===",
            "YXNrX2xpdmVf\n",
            "61736b5f6c6976653",
            "ask_live_%zz%",
            r"ask_live_\x",
            r"ask_live_\u12",
            r"ask_live_\ud83d-",
            r"ask_live_\",
        ] {
            assert_eq!(decoded(text), [], "{text}");
        }
    }

    #[test]
    fn uneven_lines_are_no_base64_but_a_key_in_pieces() {
        let names: Vec<_> = decoded("YXNrX2xp\nYXNrX2xp\nYXNrX2xpdmVfMTIz")
            .into_iter()
            .map(|found| found.0)
            .collect();
        assert_eq!(names, [Damage::WhitespaceInside]);
    }

    #[test]
    fn too_short_for_a_key_is_nothing() {
        assert_eq!(decoded("YWJjZGVmZw"), []);
        assert_eq!(
            decoded("YWJjZGVmZ2g"),
            [(Damage::Base64, b"abcdefgh".to_vec())]
        );
    }

    #[test]
    fn digits_alone_may_be_hex_and_base64() {
        let both: Vec<_> = decoded(&"61".repeat(8))
            .into_iter()
            .map(|found| found.0)
            .collect();
        assert_eq!(both, [Damage::Base64, Damage::Hex]);
    }

    proptest! {
        #[test]
        fn undoes_every_encoding(key in prop::collection::vec(any::<u8>(), 8..200)) {
            let mut text = Zeroizing::new(Vec::new());
            let undone = Encoding::all()
                .filter(|encoding| key.is_ascii() || !matches!(encoding, Encoding::Typographic(_)));
            for encoding in undone {
                if encoding.write(&key, &mut text) {
                    let found = decodings(&text).into_iter().any(|(damage, bytes)| {
                        damage == encoding.damage() && bytes[..] == key[..]
                    });
                    prop_assert!(found, "{encoding:?}");
                }
            }
        }

        #[test]
        fn undoes_every_encoding_of_text(key in "[ -~é“]{8,80}") {
            let mut text = Zeroizing::new(Vec::new());
            // Typographic signs of a key's own cannot be told from others.
            let undone = Encoding::all()
                .filter(|encoding| key.is_ascii() || !matches!(encoding, Encoding::Typographic(_)));
            for encoding in undone {
                if encoding.write(key.as_bytes(), &mut text) {
                    let found = decodings(&text).into_iter().any(|(damage, bytes)| {
                        damage == encoding.damage() && bytes[..] == *key.as_bytes()
                    });
                    prop_assert!(found, "{encoding:?}");
                }
            }
        }

        #[test]
        fn takes_anything(text in prop::collection::vec(any::<u8>(), 0..100)) {
            decodings(&text);
        }
    }
}
