use zeroize::Zeroizing;

use crate::key::Secret;

/// The most bytes that are taken from any one place that should hold a key: 1 MiB.
pub const MAX_BYTES: usize = 1 << 20;

/// Bytes that may be a key, while they arrive. Growing wipes what it leaves behind, which a plain
/// `Vec` does not.
pub(super) struct Buffer {
    bytes: Zeroizing<Vec<u8>>,
    filled: usize,
    cap: usize,
}

/// More bytes came than the cap allows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Overflow;

impl Buffer {
    /// A buffer for this many bytes, and for up to `cap` if there are more.
    pub fn new(expected: usize, cap: usize) -> Self {
        // One more than expected, so that a single read shows whether that was all.
        let size = expected.min(cap) + 1;
        Self {
            bytes: Zeroizing::new(vec![0; size]),
            filled: 0,
            cap,
        }
    }

    /// Where the next bytes go; never empty.
    ///
    /// # Errors
    ///
    /// When the cap is passed.
    pub fn room(&mut self) -> Result<&mut [u8], Overflow> {
        if self.filled > self.cap {
            return Err(Overflow);
        }
        if self.filled == self.bytes.len() {
            let size = (self.bytes.len() * 2).max(4096).min(self.cap + 1);
            let mut larger = Zeroizing::new(vec![0; size]);
            larger[..self.filled].copy_from_slice(&self.bytes);
            self.bytes = larger;
        }
        Ok(&mut self.bytes[self.filled..])
    }

    /// Counts bytes that were written into [`Buffer::room`].
    pub fn advance(&mut self, count: usize) {
        self.filled = (self.filled + count).min(self.bytes.len());
    }

    /// Appends.
    ///
    /// # Errors
    ///
    /// When the cap is passed.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), Overflow> {
        while !bytes.is_empty() {
            let room = self.room()?;
            let (now, later) = bytes.split_at(room.len().min(bytes.len()));
            room[..now.len()].copy_from_slice(now);
            self.advance(now.len());
            bytes = later;
        }
        if self.filled > self.cap {
            return Err(Overflow);
        }
        Ok(())
    }

    /// How many bytes arrived so far.
    pub fn len(&self) -> usize {
        self.filled
    }

    /// What arrived.
    pub fn into_secret(mut self) -> Secret {
        self.bytes.truncate(self.filled);
        Secret::new(std::mem::take(&mut *self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_up_to_the_cap_and_not_a_byte_more() {
        for cap in [10, 4090, 10_000] {
            for expected in [0, 3, cap] {
                let mut buffer = Buffer::new(expected, cap);
                for _ in 0..cap / 10 {
                    buffer.push(b"0123456789").unwrap();
                }
                assert_eq!(buffer.len(), cap);
                assert_eq!(buffer.push(b"x"), Err(Overflow));
            }
        }
    }

    #[test]
    fn keeps_the_bytes_through_growing() {
        let bytes: Vec<u8> = (0..=255).cycle().take(50_000).collect();
        let mut buffer = Buffer::new(1, MAX_BYTES);
        for chunk in bytes.chunks(777) {
            buffer.push(chunk).unwrap();
        }
        assert_eq!(buffer.into_secret().expose(), bytes);
    }

    #[test]
    fn an_expected_size_needs_no_growing() {
        let mut buffer = Buffer::new(5, MAX_BYTES);
        assert_eq!(buffer.room().unwrap().len(), 6);
        buffer.advance(5);
        assert_eq!(buffer.room().unwrap().len(), 1);
    }
}
