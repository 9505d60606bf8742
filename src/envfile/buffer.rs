use std::ops::Deref;

use zeroize::{Zeroize, Zeroizing};

use crate::key::Secret;

/// Bytes under construction that may hold a key.
///
/// A plain `Vec` leaves its old bytes behind whenever it grows; this one wipes them.
#[derive(Default)]
pub(super) struct Buffer(Zeroizing<Vec<u8>>);

impl Buffer {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(bytes)))
    }

    pub(super) fn push(&mut self, byte: u8) {
        self.extend(&[byte]);
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            let mut bigger = Self::with_capacity(needed.max(self.0.capacity() * 2));
            bigger.0.extend_from_slice(&self.0);
            *self = bigger;
        }
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn truncate(&mut self, len: usize) {
        if let Some(rest) = self.0.get_mut(len..) {
            rest.zeroize();
            self.0.truncate(len);
        }
    }

    pub(super) fn into_secret(mut self) -> Secret {
        Secret::new(std::mem::take(&mut *self.0))
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_and_shrinks_like_a_vec() {
        let mut buffer = Buffer::default();
        let mut model = Vec::new();
        for byte in 0..=255 {
            buffer.push(byte);
            buffer.extend(&[byte, byte]);
            model.extend_from_slice(&[byte; 3]);
        }
        assert_eq!(&*buffer, model);
        buffer.truncate(700);
        model.truncate(700);
        buffer.truncate(10_000);
        assert_eq!(buffer.into_secret().expose(), model);
    }
}
