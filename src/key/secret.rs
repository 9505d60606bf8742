use zeroize::Zeroizing;

use super::Fingerprint;

/// Bytes that may be a key: zeroized when dropped, and with no way to print, copy or serialize them.
///
/// The missing traits are the point: there is no `Debug`, `Display`, `Serialize` or `Clone`, so a
/// key can reach a screen, a log or a report only through [`Secret::expose`], which is easy to grep.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the bytes over. They are not copied, so no second copy stays behind.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Copies bytes out of a buffer that somebody else owns and wipes.
    #[must_use]
    pub fn copied(bytes: &[u8]) -> Self {
        Self::new(bytes.to_vec())
    }

    /// Lines of text.
    #[must_use]
    pub fn of_lines<'l>(lines: impl Iterator<Item = &'l [u8]> + Clone) -> Self {
        // One buffer of the final size: growing would leave copies behind.
        let length = lines.clone().map(|line| line.len() + 1).sum();
        let mut text = Vec::with_capacity(length);
        for line in lines {
            text.extend_from_slice(line);
            text.push(b'\n');
        }
        Self::new(text)
    }

    /// The bytes, to be hashed or searched, never to be shown.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fingerprint at full length.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.0)
    }
}
