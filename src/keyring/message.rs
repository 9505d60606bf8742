use sha2::block_api::compress256;
use zeroize::Zeroizing;

/// Bytes in one block of SHA-256.
const BLOCK: usize = 64;

/// The state SHA-256 starts from (FIPS 180-4, 5.3.3).
const START: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// A message that stays in the blocks SHA-256 reads, padding and all.
///
/// The search hashes many messages that differ in one byte. Changing that byte here costs nothing
/// more than the hashing itself: no copy, no padding, and no hasher that keeps bytes of a key.
pub(super) struct Message {
    /// Always whole blocks.
    blocks: Zeroizing<Vec<u8>>,
    len: usize,
}

impl Message {
    /// Room for messages up to this long. A longer one is hashed all the same, but leaves bytes
    /// behind where the buffer was before it grew.
    pub(super) fn with_room_for(len: usize) -> Self {
        let mut message = Self {
            blocks: Zeroizing::new(Vec::with_capacity(len + 2 * BLOCK)),
            len: 0,
        };
        message.write(&[]);
        message
    }

    /// Makes it these parts, one after the other.
    pub(super) fn write(&mut self, parts: &[&[u8]]) {
        self.blocks.clear();
        for part in parts {
            self.blocks.extend_from_slice(part);
        }
        self.len = self.blocks.len();
        self.blocks.push(0x80);
        let padded = (self.blocks.len() + 8).next_multiple_of(BLOCK);
        self.blocks.resize(padded - 8, 0);
        let bits = (self.len as u64) * 8;
        self.blocks.extend_from_slice(&bits.to_be_bytes());
    }

    /// The message without its padding.
    pub(super) fn bytes(&self) -> &[u8] {
        self.blocks.get(..self.len).unwrap_or_default()
    }

    /// The message, to change bytes of it in place.
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        self.blocks.get_mut(..self.len).unwrap_or_default()
    }

    /// The first 8 hex digits of its SHA-256.
    #[inline]
    pub(super) fn prefix(&self) -> u32 {
        let mut state = START;
        compress256(&mut state, self.blocks.as_chunks::<BLOCK>().0);
        state[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Fingerprint;
    use crate::keyring::known::prefix;

    #[test]
    fn agrees_with_sha_256_at_every_length_around_a_block() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut message = Message::with_room_for(16);
        assert_eq!(message.prefix(), prefix(&Fingerprint::of(b"")));
        for len in (0..=bytes.len()).rev() {
            let (one, two) = bytes[..len].split_at(len / 3);
            message.write(&[one, two]);
            assert_eq!(message.bytes(), &bytes[..len]);
            assert_eq!(message.prefix(), prefix(&Fingerprint::of(&bytes[..len])));
        }
    }

    #[test]
    fn bytes_changed_in_place_are_hashed() {
        let mut message = Message::with_room_for(3);
        message.write(&[b"abx"]);
        message.bytes_mut()[2] = b'c';
        assert_eq!(message.prefix(), prefix(&Fingerprint::of(b"abc")));
    }
}
