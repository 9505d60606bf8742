use std::ops::Range;

use data_encoding::BASE32_NOPAD;
use zeroize::Zeroizing;

use super::plain::Plain;
use crate::keyring::decode::decodings;
use crate::keyring::wraps::MIN_KEY;

/// The bytes that the digits of an encoding stand for, wherever it was cut and whatever stood between them.
pub(super) struct Decoded {
    /// What they stand for.
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// The digits, which know where they stand.
    from: usize,
    bits: usize,
}

impl Decoded {
    /// The digits of a part of the bytes.
    pub(super) fn digits(&self, part: &Range<usize>) -> Range<usize> {
        let start = self.from + part.start * 8 / self.bits;
        start..self.from + (part.end * 8).div_ceil(self.bits)
    }

    fn of(digits: &Plain, from: usize, bits: usize) -> Self {
        let digits = digits.bytes().get(from..).unwrap_or_default();
        let mut bytes = Zeroizing::new(Vec::with_capacity(digits.len() * bits / 8));
        let (mut held, mut count) = (0_u32, 0);
        for &digit in digits {
            held = (held << bits) | u32::from(digit);
            count += bits;
            if count >= 8 {
                count -= 8;
                bytes.push(((held >> count) & 0xff) as u8);
            }
        }
        Self { bytes, from, bits }
    }
}

/// Digits of so many bits.
struct Alphabet {
    bits: usize,
    value: fn(u8) -> Option<u8>,
}

/// Base64 of both alphabets, base32 and hex. What is no digit may be a separator.
const ALPHABETS: [Alphabet; 4] = [
    Alphabet {
        bits: 6,
        value: |byte| base64(byte, *b"+/"),
    },
    Alphabet {
        bits: 6,
        value: |byte| base64(byte, *b"-_"),
    },
    Alphabet {
        bits: 5,
        value: |byte| match byte.to_ascii_uppercase() {
            letter @ b'A'..=b'Z' => Some(letter - b'A'),
            digit @ b'2'..=b'7' => Some(digit - b'2' + 26),
            _ => None,
        },
    },
    Alphabet {
        bits: 4,
        value: |byte| match byte.to_ascii_lowercase() {
            digit @ b'0'..=b'9' => Some(digit - b'0'),
            letter @ b'a'..=b'f' => Some(letter - b'a' + 10),
            _ => None,
        },
    },
];

fn base64(byte: u8, last: [u8; 2]) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        _ if byte == last[0] => Some(62),
        _ if byte == last[1] => Some(63),
        _ => None,
    }
}

/// What a text would mean if all its digits were an encoding, read from each digit where a byte may begin:
/// so it is found whatever stands around and between.
pub(super) fn decoded(text: &Plain) -> impl Iterator<Item = (Plain, Vec<Decoded>)> {
    // Mostly, both kinds of base64 are the same.
    let is_signed = text.bytes().iter().any(|byte| b"+/-_".contains(byte));
    let alphabets = ALPHABETS.iter().skip(usize::from(!is_signed));
    alphabets.filter_map(|alphabet| {
        let digits = text.only(alphabet.value);
        if digits.bytes().len() * alphabet.bits < MIN_KEY * 8 {
            return None;
        }
        let starts = 0..8 / greatest_common_divisor(alphabet.bits);
        let decoded = starts.map(|from| Decoded::of(&digits, from, alphabet.bits));
        let decoded = decoded.collect();
        Some((digits, decoded))
    })
}

/// Of so many bits and a byte.
fn greatest_common_divisor(bits: usize) -> usize {
    1 << bits.trailing_zeros().min(3)
}

/// Everything that a part of a text could be an encoding of as a whole.
pub(super) fn meanings(part: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut meanings: Vec<_> = decodings(part)
        .into_iter()
        .map(|(_, bytes)| bytes)
        .collect();
    let end = part.iter().rposition(|&byte| byte != b'=');
    let digits = &part[..end.map_or(0, |last| last + 1)];
    let digits = Zeroizing::new(digits.to_ascii_uppercase());
    meanings.extend(BASE32_NOPAD.decode(&digits).ok().map(Zeroizing::new));
    meanings.retain(|bytes| bytes.len() >= MIN_KEY);
    meanings
}

/// The parts of a text that may be encoded: runs of the letters of an encoding, each once.
pub(super) fn parts(text: &[u8]) -> Vec<Range<usize>> {
    let mut parts: Vec<_> = [is_hexadecimal, is_url_safe, is_base64]
        .into_iter()
        .flat_map(|is_in| runs(text, is_in))
        .collect();
    parts.sort_unstable_by_key(|part| (part.start, part.end));
    parts.dedup();
    parts
}

fn is_hexadecimal(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

fn is_url_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_".contains(&byte)
}

fn is_base64(byte: u8) -> bool {
    is_url_safe(byte) || b"+/".contains(&byte)
}

/// Runs of these bytes with the padding of base64 or base32.
fn runs(text: &[u8], is_in: fn(u8) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        at += text.get(at..)?.iter().position(|&byte| is_in(byte))?;
        let start = at;
        at += text[start..]
            .iter()
            .take_while(|&&byte| is_in(byte))
            .count();
        let padding = text[at..].iter().take(6).take_while(|&&byte| byte == b'=');
        at += padding.count();
        Some(start..at)
    })
    .filter(|run| run.len() >= MIN_KEY)
}

/// The parts of bytes that are text, where a NUL may stand between, as in UTF-16.
pub(super) fn texts(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let is_text = |byte: &u8| matches!(byte, 0 | b'\t' | b'\n' | b'\r' | b' '..=b'~');
    let mut at = 0;
    std::iter::from_fn(move || {
        at += bytes.get(at..)?.iter().position(is_text)?;
        let start = at;
        at += bytes[start..]
            .iter()
            .take_while(|byte| is_text(byte))
            .count();
        Some(start..at)
    })
    .filter(|run| run.len() >= MIN_KEY)
}

#[cfg(test)]
mod tests {
    use data_encoding::{BASE32, BASE64, BASE64URL_NOPAD, HEXUPPER};

    use super::*;

    const KEY: &[u8] = b"a key ~~~ of some length";

    /// Where in a text this would be meant.
    fn means<'t>(text: &'t str, meant: &[u8]) -> Option<&'t str> {
        let plain = Plain::new(text.as_bytes());
        for (digits, all) in decoded(&plain) {
            for decoded in all {
                let mut windows = decoded.bytes.windows(meant.len());
                if let Some(at) = windows.position(|window| window == meant) {
                    let part = decoded.digits(&(at..at + meant.len()));
                    return Some(&text[digits.origin(&part)]);
                }
            }
        }
        None
    }

    #[test]
    fn what_is_encoded_is_read_wherever_it_is_cut_and_whatever_stands_between() {
        for encoded in [
            BASE64.encode(KEY),
            BASE64URL_NOPAD.encode(KEY),
            BASE32.encode(KEY).to_lowercase(),
            HEXUPPER.encode(KEY),
        ] {
            for cut in 0..6 {
                let (tail, head) = (&encoded[cut..], &encoded[..encoded.len() - cut]);
                assert!(means(tail, &KEY[6..18]).is_some(), "{tail}");
                assert!(means(head, &KEY[..16]).is_some(), "{head}");
                let spaced: Vec<String> = head.chars().map(String::from).collect();
                let spaced = format!("it was <{}>, no more", spaced.join(" : "));
                let found = means(&spaced, &KEY[..16]).unwrap();
                assert!(spaced.contains(&format!("<{found}")), "{found}");
            }
        }
        assert_eq!(means("no base64 at all!", &KEY[..8]), None);
    }

    #[test]
    fn parts_are_runs_of_one_alphabet() {
        let text = b"/v1/c2VjcmV0LXZhbHVl== 0123456789abcdef,short";
        let parts: Vec<_> = parts(text).into_iter().map(|part| &text[part]).collect();
        assert!(parts.contains(&&b"c2VjcmV0LXZhbHVl=="[..]));
        assert!(parts.contains(&&b"0123456789abcdef"[..]));
        assert!(!parts.contains(&&b"short"[..]));
    }

    #[test]
    fn texts_are_told_from_other_bytes() {
        let bytes = b"\xff\x01twelve bytes\x80short\x80w\0i\0d\0e\0";
        let found: Vec<_> = texts(bytes).map(|run| &bytes[run]).collect();
        assert_eq!(found, [&b"twelve bytes"[..], b"w\0i\0d\0e\0"]);
    }
}
