//! Whether bytes are text, or something that has to be decoded before it can be searched.

use std::io;

/// How many bytes are judged together.
pub(super) const BLOCK: usize = 1024;

/// The fewest bytes that can hold a key once they are decompressed.
const FEWEST: u64 = 16;

/// One control character in so many bytes is too many for text. Compressed data has one in nine.
const RARE: usize = 20;

/// Looks at a stream, piece by piece.
#[derive(Default)]
pub(super) struct Texture {
    block: Block,
    bytes: u64,
    met_nul: bool,
    /// Where the first block starts that is no text.
    binary: Option<u64>,
}

#[derive(Default)]
struct Block {
    bytes: usize,
    nuls: usize,
    /// Control characters other than NUL.
    controls: usize,
}

impl Texture {
    pub fn look(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = BLOCK - self.block.bytes;
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.block.add(now);
            self.bytes += now.len() as u64;
            if self.block.bytes == BLOCK {
                self.close();
            }
            bytes = later;
        }
    }

    fn close(&mut self) {
        let block = std::mem::take(&mut self.block);
        self.met_nul |= block.nuls > 0;
        if self.binary.is_none() && block.is_binary() {
            self.binary = Some(self.bytes - block.bytes as u64);
        }
    }

    /// Whether there was a NUL in what was seen so far.
    pub fn met_nul(&self) -> bool {
        self.met_nul || self.block.nuls > 0
    }

    /// Where it stops being text, to [`BLOCK`] bytes, at the end of a stream that is long enough to matter.
    pub fn binary(&mut self) -> Option<u64> {
        self.close();
        self.binary.filter(|_| self.bytes >= FEWEST)
    }
}

impl io::Write for Texture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.look(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Block {
    fn add(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len();
        // Sums of bytes are what compilers turn into wide instructions.
        for part in bytes.chunks(255) {
            let nuls = part
                .iter()
                .fold(0_u8, |sum, &byte| sum + u8::from(byte == 0));
            let all = part
                .iter()
                .fold(0_u8, |sum, &byte| sum + u8::from(is_control(byte)));
            self.nuls += usize::from(nuls);
            self.controls += usize::from(all - nuls);
        }
    }

    fn is_binary(&self) -> bool {
        let rare = |controls: usize| controls * RARE <= self.bytes;
        // Text of two bytes a character, or padding.
        let is_wide = self.nuls * 3 >= self.bytes && rare(self.controls);
        !is_wide && !rare(self.controls + self.nuls)
    }
}

fn is_control(byte: u8) -> bool {
    (byte < b'\t') | ((byte > b'\r') & (byte < b' ') & (byte != 0x1b)) | (byte == 0x7f)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, ZlibEncoder};

    use super::*;

    fn is_binary(bytes: &[u8], size: usize) -> bool {
        let mut texture = Texture::default();
        bytes.chunks(size).for_each(|part| texture.look(part));
        texture.binary().is_some()
    }

    #[test]
    fn text_in_every_encoding_is_text() {
        let wide: Vec<u8> = "const a = 1;\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        for text in [
            "const a = \"ä€\u{1f511}\";\n\t\u{1b}[0m"
                .repeat(100)
                .as_bytes(),
            b"caf\xe9 \xa0\xff\xfe in Latin-1",
            b"/* one \x01 and one \0 */ var a=1;function b(c){return c+a}",
            &wide.repeat(200),
            b"",
            b"\x01\x02\x03",
            &[0; 5000],
        ] {
            for size in [1, 100, 5000] {
                assert!(!is_binary(text, size), "{text:?}");
            }
        }
    }

    #[test]
    fn what_is_compressed_is_not_wherever_it_stands() {
        // What cannot be made smaller is stored as it is.
        let text = [
            &b"const a=\"ask_live_4Vq8ZkT2mWc7RbX1sYdN6hJp3FgLe9Ua\";"[..],
            &b"function b(c){return c+a}".repeat(9),
        ];
        let text = &text.concat();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
        zlib.write_all(text).unwrap();
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::fast());
        deflate.write_all(text).unwrap();
        let (zlib, deflate) = (zlib.finish().unwrap(), deflate.finish().unwrap());
        let mixed: Vec<u8> = (0..3000_u32).map(|at| ((at * at) >> 3) as u8).collect();
        let behind = [&b"a readable start\n".repeat(1000)[..], &mixed].concat();
        for bytes in [&zlib, &deflate, &mixed, &behind] {
            for size in [1, 100, 5000] {
                assert!(is_binary(bytes, size), "{bytes:?}");
            }
        }
    }
}
