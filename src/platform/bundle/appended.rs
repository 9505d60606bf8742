//! What begins like a packed file within something that does not say where it ends.

use std::io::{self, Write};

use memchr::memmem;

/// How the kinds begin: gzip, zstd, xz, 7z, rar, bzip2, zip.
const SIGNS: &[&[u8]] = &[
    b"\x1f\x8b\x08",
    b"\x28\xb5\x2f\xfd",
    b"\xfd7zXZ\0",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"BZh",
    b"PK\x03\x04",
];

/// How much has to be seen to be sure.
const SEEN: usize = 10;

/// Takes bytes as they come.
#[derive(Default)]
pub(super) struct Appended {
    /// The last of them, too few to be sure.
    tail: Vec<u8>,
    /// How many came before those.
    passed: u64,
    first: Option<u64>,
}

impl Appended {
    /// Where the first one begins.
    pub fn first(&self) -> Option<u64> {
        self.first
    }
}

impl Write for Appended {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.first.is_some() {
            return Ok(bytes.len());
        }
        self.tail.extend_from_slice(bytes);
        let whole = self.tail.as_slice();
        let all = SIGNS.iter().flat_map(|sign| memmem::find_iter(whole, sign));
        let sure = all.filter(|&at| whole.get(at..at + SEEN).is_some_and(is_packed));
        self.first = sure.min().map(|at| self.passed + at as u64);
        let done = whole.len().saturating_sub(SEEN - 1);
        self.tail.drain(..done);
        self.passed += done as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether what has one of the signs is no accident: those of three bytes come by chance.
fn is_packed(head: &[u8]) -> bool {
    match head {
        // Flags that there are, then a time, and how it was packed, and where.
        [0x1f, 0x8b, 0x08, flags, _, _, _, _, extra, system] => {
            *flags < 0x20 && matches!(extra, 0 | 2 | 4) && matches!(system, 0..=13 | 255)
        }
        [b'B', b'Z', b'h', level, rest @ ..] => level.is_ascii_digit() && rest == b"1AY&SY",
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(bytes: &[u8], at_once: usize) -> Option<u64> {
        let mut appended = Appended::default();
        for part in bytes.chunks(at_once) {
            appended.write_all(part).unwrap();
        }
        appended.first()
    }

    #[test]
    fn what_is_packed_is_found_however_it_comes() {
        for packed in [
            &b"\x1f\x8b\x08\0\x01\x02\x03\x04\0\x03"[..],
            b"\x1f\x8b\x08\x08\0\0\0\0\x02\xff",
            b"\x28\xb5\x2f\xfd123456",
            b"\xfd7zXZ\x001234",
            b"7z\xbc\xaf\x27\x1c1234",
            b"Rar!\x1a\x07\x01\0ab",
            b"BZh91AY&SY",
            b"PK\x03\x04\x14\0\0\0\0\0",
        ] {
            let whole = [&b"some sound "[..], packed, b" and more"].concat();
            for at_once in [1, 3, 10, 100] {
                assert_eq!(first(&whole, at_once), Some(11), "{packed:?}");
            }
        }
    }

    #[test]
    fn what_only_looks_like_it_is_nothing() {
        for bytes in [
            &b""[..],
            b"BZhou and BZh9 are names",
            b"\x1f\x8b\x08\xff\0\0\0\0\0\x03",
            b"\x1f\x8b\x08\0\0\0\0\0\x09\x03",
            b"sound that ends in \x1f\x8b\x08\0",
        ] {
            assert_eq!(first(bytes, 4), None, "{bytes:?}");
        }
    }
}
