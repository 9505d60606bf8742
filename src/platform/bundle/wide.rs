//! Text of two bytes a character, within any other bytes.

use zeroize::Zeroizing;

/// Takes every other byte of what may be UTF-16, whichever byte comes first.
#[derive(Default)]
pub(super) struct Wide {
    last: Last,
    /// A byte that counts only if a NUL follows.
    pending: Option<u8>,
    /// Whether there was a NUL at all.
    met: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Nothing,
    Nul,
    Byte,
}

impl Wide {
    /// The narrow text in these bytes, with NULs where something else stands; `None` where there is none.
    pub fn narrow(&mut self, bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        if !self.met && memchr::memchr(0, bytes).is_none() {
            if !bytes.is_empty() {
                (self.last, self.pending) = (Last::Byte, bytes.last().copied());
            }
            return None;
        }
        self.met = true;
        let mut narrow = Zeroizing::new(Vec::with_capacity(bytes.len() + 1));
        let gap = |narrow: &mut Vec<u8>| {
            if narrow.last() != Some(&0) {
                narrow.push(0);
            }
        };
        for &byte in bytes {
            match (byte, self.last) {
                (0, Last::Byte) => narrow.extend(self.pending.take()),
                (0, _) => gap(&mut narrow),
                (_, Last::Nul | Last::Nothing) => narrow.push(byte),
                (_, Last::Byte) => {
                    gap(&mut narrow);
                    self.pending = Some(byte);
                }
            }
            self.last = match byte {
                0 => Last::Nul,
                _ => Last::Byte,
            };
        }
        Some(narrow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_text_is_found_whichever_byte_comes_first() {
        let little: Vec<u8> = "key=äb".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "key=äb".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for wide in [
            little.clone(),
            big.clone(),
            [b"\xff\xfe", &*little].concat(),
            [b"\xfe\xff", &*big].concat(),
            [b"plain text", &*little, b"more"].concat(),
            [b"plain text\0\0", &*big, b"\0\0\0"].concat(),
        ] {
            for size in [1, 3, 1000] {
                let mut reader = Wide::default();
                let parts = wide.chunks(size);
                let narrow: Vec<u8> = parts
                    .filter_map(|part| reader.narrow(part))
                    .flat_map(|part| part.to_vec())
                    .collect();
                let at = memchr::memmem::find(&narrow, b"key=\xe4b");
                assert!(at.is_some(), "{size}: {narrow:?} of {wide:?}");
            }
        }
        assert!(Wide::default().narrow(b"no wide text").is_none());
    }
}
