//! Keys that are written as the numbers of their bytes: `[97,115,107]`, `61:73:6b`, `0x61, 0x73`.

use std::ops::Range;

use zeroize::Zeroizing;

use super::wraps::MIN_KEY;

/// How far two numbers of one list stand apart.
const APART: usize = 64;

/// The bytes of one list, and where it stands.
pub(super) type Listed = (Range<usize>, Zeroizing<Vec<u8>>);

/// How the numbers are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Notation {
    Decimal,
    Hexadecimal,
}

/// Every list of numbers in a text that is long enough to be a key.
pub(super) fn lists(text: &[u8], notation: Notation) -> Vec<Listed> {
    let mut found = Vec::new();
    let mut list = List::default();
    let mut at = 0;
    while let Some(start) = text[at..].iter().position(u8::is_ascii_alphanumeric) {
        let start = at + start;
        let length = text[start..].iter().take_while(|byte| in_number(**byte));
        let end = start + length.count();
        let is_next = end > start
            && list.numbers > 0
            && start - at <= APART
            && text[at..start].iter().all(|byte| is_between(*byte));
        if !is_next {
            found.extend(list.ended(at));
        }
        match end > start && list.add(&text[start..end], notation) {
            true => {
                list.start.get_or_insert(start);
            }
            false => found.extend(list.ended(at)),
        }
        at = end.max(start + 1);
    }
    found.extend(list.ended(at));
    found
}

#[derive(Default)]
struct List {
    start: Option<usize>,
    numbers: usize,
    bytes: Zeroizing<Vec<u8>>,
}

impl List {
    fn ended(&mut self, end: usize) -> Option<Listed> {
        let ended = std::mem::take(self);
        let start = ended.start.filter(|_| ended.bytes.len() >= MIN_KEY);
        // One number is a word, and is decoded as such.
        let start = start.filter(|_| ended.numbers > 1)?;
        Some((start..end, ended.bytes))
    }

    /// Whether it was a number.
    fn add(&mut self, number: &[u8], notation: Notation) -> bool {
        let room = self.bytes.len() + number.len();
        if room > self.bytes.capacity() {
            // Growing in place would leave a copy behind.
            let mut wider = Zeroizing::new(Vec::with_capacity(2 * room.max(64)));
            wider.extend_from_slice(&self.bytes);
            self.bytes = wider;
        }
        let before = self.bytes.len();
        let is_one = match notation {
            Notation::Decimal => {
                // TOML and Python write the others with a letter before them.
                let (digits, radix, most) = match number {
                    [b'0', b'o' | b'O', digits @ ..] => (digits, 8, 3),
                    [b'0', b'b' | b'B', digits @ ..] => (digits, 2, 8),
                    digits => (digits, 10, 3),
                };
                let digits = std::str::from_utf8(digits).ok();
                let digits = digits.filter(|digits| digits.len() <= most);
                let byte = digits.and_then(|digits| u8::from_str_radix(digits, radix).ok());
                self.bytes.extend(byte);
                self.bytes.len() > before
            }
            Notation::Hexadecimal => {
                let digits = number
                    .strip_prefix(b"0x")
                    .or_else(|| number.strip_prefix(b"0X"))
                    .unwrap_or(number);
                self.bytes.resize(before + digits.len() / 2, 0);
                let is_one = digits.len().is_multiple_of(2)
                    && !digits.is_empty()
                    && hex::decode_to_slice(digits, &mut self.bytes[before..]).is_ok();
                if !is_one {
                    self.bytes.truncate(before);
                }
                is_one
            }
        };
        self.numbers += usize::from(is_one);
        is_one
    }
}

fn in_number(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn is_between(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b",:;-|\"'".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, notation: Notation) -> Vec<(Range<usize>, String)> {
        lists(text.as_bytes(), notation)
            .into_iter()
            .map(|(range, bytes)| (range, String::from_utf8_lossy(&bytes).into_owned()))
            .collect()
    }

    #[test]
    fn numbers_of_bytes_are_read_whatever_stands_between_them() {
        for text in [
            "[97,98,99,100,101,102,103,104]",
            "97, 98, 99, 100, 101, 102, 103, 104",
            "[0o141, 0o142, 0o143, 0o144, 0o145, 0o146, 0o147, 0o150]",
            "[0b1100001, 0b1100010, 99, 100, 0b01100101, 102, 103, 104]",
            "[\n  97,\n  98,\n  99,\n  100,\n  101,\n  102,\n  103,\n  104\n]",
        ] {
            let found = told(text, Notation::Decimal);
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(found[0].1, "abcdefgh");
            let list = text.trim_matches(|sign: char| !sign.is_ascii_digit());
            assert_eq!(&text[found[0].0.clone()], list);
        }
        for text in [
            "x=61:62:63:64:65:66:67:68",
            "61 62 63 64 65 66 67 68;",
            "{0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0X67, 0x68}",
            "6162 6364 6566 6768",
        ] {
            let found = told(text, Notation::Hexadecimal);
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(found[0].1, "abcdefgh", "{text}");
        }
    }

    #[test]
    fn what_is_no_list_of_bytes_is_none() {
        for text in [
            "97,98,99",
            "1234,98,99,100,101,102,103,104",
            "97,98,99,300,101,102,103,104",
            "97=98=99=100=101=102=103=104",
            "2026-11-28T10:00:00",
        ] {
            assert_eq!(told(text, Notation::Decimal), [], "{text}");
        }
        assert_eq!(told("6162636465666768", Notation::Hexadecimal), []);
    }

    #[test]
    fn a_word_between_two_lists_parts_them() {
        let text = "97,98,99,100,101,102,103,104,x,105,106,107,108,109,110,111,112";
        let found = told(text, Notation::Decimal);
        let words: Vec<_> = found.iter().map(|(_, word)| &word[..]).collect();
        assert_eq!(words, ["abcdefgh", "ijklmnop"]);
    }
}
