use std::ops::Range;

use zeroize::Zeroizing;

use super::escapes::{backslash, byte_of, hexadecimal, html, percent};

/// A text as somebody may read it, and where each byte of it stands in the text that came.
pub(super) struct Plain {
    bytes: Zeroizing<Vec<u8>>,
    origins: Vec<Range<usize>>,
}

impl Plain {
    /// The text that came: every run of blanks as one, without what takes no room.
    pub(super) fn new(text: &[u8]) -> Self {
        let mut plain = Self::with_room(text.len());
        for (at, &byte) in text.iter().enumerate() {
            plain.push(byte, at..at + 1);
        }
        plain
    }

    pub(super) fn with_room(room: usize) -> Self {
        // A character of several bytes was longer as an escape, so nothing grows.
        Self {
            bytes: Zeroizing::new(Vec::with_capacity(room)),
            origins: Vec::with_capacity(room),
        }
    }

    /// With every escape undone once: those of URLs, JSON, HTML and source code, also where one text has
    /// several kinds or is cut off; `None` where there is none.
    pub(super) fn unescaped(&self) -> Option<Self> {
        self.undone(|byte, after| match byte {
            b'%' => percent(after),
            b'\\' => backslash(after),
            b'&' => html(after),
            _ => None,
        })
    }

    /// With the escapes of quoted-printable undone, and its lines joined; `None` where there is none. They
    /// are undone alone, for `key=` may stand before a key that begins like one of them.
    pub(super) fn unquoted(&self) -> Option<Self> {
        self.undone(|byte, after| match (byte, after) {
            (b'=', [b' ', ..]) => Some((byte_of(0), 1)),
            (b'=', _) => hexadecimal(after, 2).map(|code| (byte_of(code), 2)),
            _ => None,
        })
    }

    fn undone(
        &self,
        read: impl Fn(u8, &[u8]) -> Option<(super::escapes::Character, usize)>,
    ) -> Option<Self> {
        let mut plain = Self::with_room(self.bytes.len());
        let mut changed = false;
        let mut at = 0;
        while let Some((&byte, after)) = self.bytes.get(at..).and_then(<[u8]>::split_first) {
            let Some((character, length)) = read(byte, after) else {
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

    /// With nothing but what some bytes stand for.
    pub(super) fn only(&self, value: impl Fn(u8) -> Option<u8>) -> Self {
        let mut plain = Self::with_room(self.bytes.len());
        for (byte, origin) in self.bytes.iter().zip(&self.origins) {
            if let Some(value) = value(*byte) {
                plain.bytes.push(value);
                plain.origins.push(origin.clone());
            }
        }
        plain
    }

    /// Its letters and digits alone.
    pub(super) fn letters(&self) -> Self {
        self.only(|byte| byte.is_ascii_alphanumeric().then_some(byte))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where a part of it stands in the text that came.
    pub(super) fn origin(&self, part: &Range<usize>) -> Range<usize> {
        let covered = self.origins.get(part.clone()).unwrap_or_default();
        match covered {
            [] => 0..0,
            [first, .., last] => first.start..last.end,
            [only] => only.clone(),
        }
    }

    /// Adds what was read from there: no NUL, and blanks once.
    pub(super) fn push(&mut self, byte: u8, origin: Range<usize>) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_one_and_what_takes_no_room_is_none() {
        assert_eq!(Plain::new(b"a \n\t b\0c").bytes(), b"a bc");
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
        let letters = undone.letters();
        assert_eq!(letters.bytes(), b"xABy");
        assert_eq!(letters.origin(&(0..3)), 0..11);
    }

    #[test]
    fn quoted_printable_is_undone_with_its_lines_joined() {
        let plain = Plain::new(b"a=3D=\r\n b=5Fc=zz");
        assert_eq!(plain.unquoted().unwrap().bytes(), b"a=b_c=zz");
        assert!(Plain::new(b"a=zz").unquoted().is_none());
    }
}
