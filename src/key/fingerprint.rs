use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// How many hex digits of a SHA-256 a fingerprint shows: 8 to 64, 12 unless set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digits(u8);

impl Digits {
    /// The fewest digits accepted anywhere.
    pub const MIN: Self = Self(8);
    /// The fewest digits at which damage is searched, and what is shown unless set otherwise.
    pub const DEFAULT: Self = Self(12);
    /// A whole SHA-256.
    pub const MAX: Self = Self(64);

    /// `None` outside 8 to 64.
    #[must_use]
    pub fn new(digits: u8) -> Option<Self> {
        (Self::MIN.0..=Self::MAX.0)
            .contains(&digits)
            .then_some(Self(digits))
    }

    /// The number itself.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }
}

impl Default for Digits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The first 8 to 64 hex digits of a SHA-256 over the exact bytes of a key.
///
/// Written `sha256:9f2c41d07a3b`. Two fingerprints of different lengths are compared with
/// [`Fingerprint::agrees`]; `==` also asks for the same length.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint {
    /// Zero beyond the digits.
    bytes: [u8; 32],
    digits: Digits,
}

impl Fingerprint {
    /// The text before the digits.
    pub const PREFIX: &'static str = "sha256:";

    /// The whole SHA-256 of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self {
            bytes: Sha256::digest(bytes).into(),
            digits: Digits::MAX,
        }
    }

    /// How many digits are known.
    #[must_use]
    pub fn digits(&self) -> Digits {
        self.digits
    }

    /// The digest's bytes, zero beyond the known digits.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// The same fingerprint with at most this many digits.
    #[must_use]
    pub fn cut(&self, digits: Digits) -> Self {
        let digits = digits.min(self.digits);
        let mut bytes = self.bytes;
        mask(&mut bytes, digits);
        Self { bytes, digits }
    }

    /// Whether all the digits that both sides have are the same.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        let shared = usize::from(self.digits.min(other.digits).0);
        let whole = shared / 2;
        self.bytes[..whole] == other.bytes[..whole]
            && (shared.is_multiple_of(2) || self.bytes[whole] >> 4 == other.bytes[whole] >> 4)
    }
}

/// Clears everything beyond the digits.
fn mask(bytes: &mut [u8; 32], digits: Digits) {
    let digits = usize::from(digits.0);
    let whole = digits / 2;
    if digits % 2 == 1 {
        bytes[whole] &= 0xf0;
    }
    bytes[digits.div_ceil(2)..].fill(0);
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 64];
        hex::encode_to_slice(self.bytes, &mut text).map_err(|_| fmt::Error)?;
        let digits = &text[..usize::from(self.digits.0)];
        f.write_str(Self::PREFIX)?;
        f.write_str(std::str::from_utf8(digits).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is no fingerprint. It never repeats the text, which may be a key in the wrong place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `sha256:` and 8 to 64 hex digits")]
pub struct ParseFingerprintError;

impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = text
            .strip_prefix(Self::PREFIX)
            .ok_or(ParseFingerprintError)?;
        let digits = u8::try_from(hex.len())
            .ok()
            .and_then(Digits::new)
            .ok_or(ParseFingerprintError)?;
        let padded = format!("{hex:0<64}");
        let mut bytes = [0; 32];
        hex::decode_to_slice(padded, &mut bytes).map_err(|_| ParseFingerprintError)?;
        Ok(Self { bytes, digits })
    }
}

impl serde::Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn parse(text: &str) -> Fingerprint {
        text.parse().unwrap()
    }

    #[test]
    fn is_sha_256_of_the_exact_bytes() {
        assert_eq!(Fingerprint::of(b"abc").to_string(), ABC);
        assert_ne!(Fingerprint::of(b"abc\n"), Fingerprint::of(b"abc"));
    }

    #[test]
    fn cutting_keeps_the_first_digits_even_an_odd_number() {
        let whole = Fingerprint::of(b"abc");
        let cut = whole.cut(Digits::new(9).unwrap());
        assert_eq!(cut.to_string(), &ABC[.."sha256:".len() + 9]);
        assert_eq!(cut, parse(&cut.to_string()));
        assert_eq!(cut.cut(Digits::MAX), cut);
    }

    #[test]
    fn agreement_uses_the_digits_both_sides_have() {
        let whole = Fingerprint::of(b"abc");
        assert!(whole.agrees(&parse("sha256:ba7816bf8")));
        assert!(parse("sha256:ba7816bf8").agrees(&whole));
        assert!(!whole.agrees(&parse("sha256:ba7816bf7")));
        assert!(!whole.agrees(&parse("sha256:ca7816bf8")));
    }

    #[test]
    fn upper_case_is_read_and_written_back_in_lower_case() {
        assert_eq!(
            parse("sha256:BA7816BF8F01").to_string(),
            "sha256:ba7816bf8f01"
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "sha256:",
            "sha256:ba7816b",
            "ba7816bf8f01",
            "sha256:ba7816bf8f0g",
            "md5:ba7816bf8f01",
            &format!("{ABC}0"),
        ] {
            assert_eq!(text.parse::<Fingerprint>(), Err(ParseFingerprintError));
        }
    }
}
