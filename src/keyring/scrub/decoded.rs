use std::ops::Range;
use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};
use zeroize::Zeroizing;

use crate::keyring::decode::decodings;
use crate::keyring::wraps::MIN_KEY;

/// Base64 of either alphabet, wherever it was cut.
static LENIENT: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut base64 = Specification::new();
    base64
        .symbols
        .push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    base64.translate.from.push_str("-_");
    base64.translate.to.push_str("+/");
    base64.check_trailing_bits = false;
    base64.encoding().ok()
});

/// Everything that a part of a text could be an encoding of, also where its beginning or its end is
/// missing, or stands among others of the same letters.
pub(super) fn meanings(part: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut meanings: Vec<_> = decodings(part)
        .into_iter()
        .map(|(_, bytes)| bytes)
        .collect();
    let digits = &part[..part
        .iter()
        .rposition(|&byte| byte != b'=')
        .map_or(0, |at| at + 1)];
    for missing in 0..4 {
        meanings.extend(base64(digits.get(missing..).unwrap_or_default()));
    }
    for missing in 0..2 {
        meanings.extend(hexadecimal(digits.get(missing..).unwrap_or_default()));
    }
    meanings.retain(|bytes| bytes.len() >= MIN_KEY);
    meanings.sort_unstable_by(|one, other| one[..].cmp(other));
    meanings.dedup();
    meanings
}

fn base64(digits: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let encoding = LENIENT.as_ref()?;
    // A last digit alone is less than a byte.
    let digits = &digits[..digits.len() - usize::from(digits.len() % 4 == 1)];
    let mut bytes = Zeroizing::new(vec![0; encoding.decode_len(digits.len()).ok()?]);
    let length = encoding.decode_mut(digits, &mut bytes).ok()?;
    bytes.truncate(length);
    Some(bytes)
}

fn hexadecimal(digits: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let length = digits.iter().take_while(|digit| digit.is_ascii_hexdigit());
    let digits = &digits[..length.count() / 2 * 2];
    let mut bytes = Zeroizing::new(vec![0; digits.len() / 2]);
    hex::decode_to_slice(digits, &mut bytes).ok()?;
    Some(bytes)
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

/// Runs of these bytes with the padding of base64.
fn runs(text: &[u8], is_in: fn(u8) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        at += text.get(at..)?.iter().position(|&byte| is_in(byte))?;
        let start = at;
        at += text[start..]
            .iter()
            .take_while(|&&byte| is_in(byte))
            .count();
        let padding = text[at..].iter().take(2).take_while(|&&byte| byte == b'=');
        at += padding.count();
        Some(start..at)
    })
    .filter(|run| run.len() >= MIN_KEY)
}

#[cfg(test)]
mod tests {
    use data_encoding::{BASE64, BASE64URL_NOPAD, HEXUPPER};

    use super::*;

    const KEY: &[u8] = b"a key ~~~ of some length";

    fn means(part: &[u8], meant: &[u8]) -> bool {
        let holds =
            |bytes: &Zeroizing<Vec<u8>>| bytes.windows(meant.len()).any(|window| window == meant);
        meanings(part).iter().any(holds)
    }

    #[test]
    fn what_is_encoded_is_read_wherever_it_is_cut() {
        for encoded in [
            BASE64.encode(KEY),
            BASE64URL_NOPAD.encode(KEY),
            HEXUPPER.encode(KEY),
        ] {
            for cut in 0..6 {
                let (tail, head) = (&encoded[cut..], &encoded[..encoded.len() - cut]);
                assert!(means(tail.as_bytes(), &KEY[6..]), "{tail}");
                assert!(means(head.as_bytes(), &KEY[..18]), "{head}");
            }
        }
        assert!(meanings(b"no-base64!").is_empty());
    }

    #[test]
    fn parts_are_runs_of_one_alphabet() {
        let text = b"/v1/c2VjcmV0LXZhbHVl== 0123456789abcdef,short";
        let parts: Vec<_> = parts(text).into_iter().map(|part| &text[part]).collect();
        assert!(parts.contains(&&b"c2VjcmV0LXZhbHVl=="[..]));
        assert!(parts.contains(&&b"0123456789abcdef"[..]));
        assert!(!parts.contains(&&b"short"[..]));
    }
}
