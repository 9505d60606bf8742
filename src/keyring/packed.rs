//! Texts that were compressed before they were encoded.

use std::io::Read;
use std::ops::Range;

use flate2::read::{GzDecoder, ZlibDecoder};
use memchr::memmem::find_iter;
use zeroize::Zeroizing;

/// How much is made of one packed text, and how many times its size.
const MOST: usize = 4 * 1024 * 1024;
const TIMES: usize = 256;
/// How many of them are looked into in one text.
const TEXTS: usize = 16;

const GZIP: &[u8] = b"\x1f\x8b\x08";
/// How texts start that are packed in ways nobody here undoes: bzip2, xz, Zstandard.
const OTHERS: [&[u8]; 3] = [b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"];

/// What is packed in a text.
#[derive(Default)]
pub(super) struct Unpacked {
    /// Where each stands, and what is in it.
    pub(super) texts: Vec<(Range<usize>, Zeroizing<Vec<u8>>)>,
    /// Whether there is more in it than was looked at.
    pub(super) cut: bool,
}

/// Whether these bytes are the start of something that is packed.
pub(super) fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(GZIP) || is_zlib(bytes) || is_of_others(bytes)
}

/// Unpacks what a text holds; `starts` are where parts of it start, if it has any.
pub(super) fn unpacked(text: &[u8], starts: &[usize]) -> Unpacked {
    let mut unpacked = Unpacked::default();
    let whole = [0];
    let starts = if starts.is_empty() { &whole } else { starts };
    let mut packed: Vec<usize> = find_iter(text, GZIP).collect();
    packed.extend(starts.iter().filter(|start| is_zlib(&text[**start..])));
    for start in starts {
        unpacked.cut |= is_of_others(&text[*start..]);
    }
    packed.sort_unstable();
    unpacked.cut |= packed.len() > TEXTS;
    for start in packed.into_iter().take(TEXTS) {
        let bytes = &text[start..];
        let (found, more) = match bytes.starts_with(GZIP) {
            true => read(GzDecoder::new(bytes), bytes.len()),
            false => read(ZlibDecoder::new(bytes), bytes.len()),
        };
        unpacked.cut |= more;
        unpacked.texts.push((start..text.len(), found));
    }
    unpacked
}

/// All that can be read, and whether there is more of it.
fn read(mut packed: impl Read, length: usize) -> (Zeroizing<Vec<u8>>, bool) {
    let mut bytes = Zeroizing::new(vec![0; MOST.min(length.saturating_mul(TIMES))]);
    let mut at = 0;
    loop {
        if at == bytes.len() {
            let is_more = !matches!(packed.read(&mut [0]), Ok(0));
            return (bytes, is_more);
        }
        match packed.read(&mut bytes[at..]) {
            Ok(0) | Err(_) => break,
            Ok(count) => at += count,
        }
    }
    bytes.truncate(at);
    (bytes, false)
}

/// By its first two bytes, which a deflated text of the usual window has.
fn is_zlib(bytes: &[u8]) -> bool {
    matches!(bytes, [0x78, 0x01 | 0x5e | 0x9c | 0xda, _, ..])
}

fn is_of_others(bytes: &[u8]) -> bool {
    OTHERS.iter().any(|magic| bytes.starts_with(magic))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzipped(text: &[u8]) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(text).unwrap();
        packed.finish().unwrap()
    }

    #[test]
    fn what_is_packed_is_read_and_what_is_too_large_is_said() {
        let text = [b"x", &gzipped(b"some text")[..]].concat();
        let found = unpacked(&text, &[]);
        assert_eq!(found.texts[0].1[..], b"some text"[..]);
        assert!(!found.cut);
        let bomb = gzipped(&vec![b'a'; MOST + 1]);
        assert!(unpacked(&bomb, &[]).cut);
        let numbers: Vec<String> = (0..20_000).map(|number| format!("{number} ")).collect();
        let broken = gzipped(numbers.concat().as_bytes());
        let broken = unpacked(&broken[..broken.len() - 9], &[]);
        assert!(broken.texts[0].1.starts_with(b"0 1 2 "));
    }

    #[test]
    fn what_nobody_unpacks_is_open() {
        for magic in OTHERS {
            assert!(is_packed(magic));
            assert!(unpacked(&[b"ab\n", magic].concat(), &[0, 3]).cut);
        }
        assert!(!unpacked(b"BZ and so on", &[]).cut);
    }
}
