//! UTF-16 of a key.

use zeroize::Zeroizing;

/// How a text stands in UTF-16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Utf16 {
    pub(super) big: bool,
    pub(super) mark: bool,
}

const MARK: char = '\u{feff}';
/// What is left of a mark where zero bytes are dropped, and where it was read as UTF-8 besides.
pub(super) const MARKS: [&[u8]; 3] = [b"\xff\xfe", b"\xfe\xff", "\u{fffd}\u{fffd}".as_bytes()];

impl Utf16 {
    /// Writes after `out`. `false` for what nobody could read again without a mark.
    pub(super) fn write(self, text: &str, out: &mut Zeroizing<Vec<u8>>) -> bool {
        if !self.mark && text.bytes().any(|byte| byte == 0 || !byte.is_ascii()) {
            return false;
        }
        let mark = self.mark.then_some(MARK);
        for unit in mark.into_iter().chain(text.chars()) {
            for unit in unit.encode_utf16(&mut [0; 2]) {
                out.extend(if self.big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                });
            }
        }
        true
    }
}

/// Reads it by its mark, or where every other byte is zero, which no text of UTF-8 has.
pub(super) fn read(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() || pairs.is_empty() {
        return None;
    }
    let all = |low: usize| {
        pairs
            .iter()
            .all(|pair| pair[low] != 0 && pair[1 - low] == 0)
    };
    let big = match pairs.first() {
        Some([0xff, 0xfe]) => false,
        Some([0xfe, 0xff]) => true,
        _ if all(0) => false,
        _ if all(1) => true,
        _ => return None,
    };
    let units = pairs.iter().map(|pair| {
        if big {
            u16::from_be_bytes(*pair)
        } else {
            u16::from_le_bytes(*pair)
        }
    });
    let mut text = Zeroizing::new(Vec::with_capacity(bytes.len() * 2));
    for (at, character) in char::decode_utf16(units).enumerate() {
        let character = character.ok()?;
        if at > 0 || character != MARK {
            text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_are_read_with_and_without_a_mark() {
        for text in ["ask_live_1\r\n", "schlüssel", "😀-key-key"] {
            for (big, mark) in [(false, false), (false, true), (true, false), (true, true)] {
                let mut out = Zeroizing::new(Vec::new());
                if !(Utf16 { big, mark }.write(text, &mut out)) {
                    assert!(!mark && !text.is_ascii(), "{text}");
                    continue;
                }
                let found = read(&out).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
                assert_eq!(found.as_deref(), Some(text), "{big} {mark}");
            }
        }
        for bytes in [
            &b"ask_live_1"[..],
            b"a\0b",
            b"",
            b"\0\0\0\0",
            b"\xff\xfe\x00\xd8",
        ] {
            assert!(read(bytes).is_none(), "{bytes:?}");
        }
    }
}
