//! Keys, and what is said about them.

use sha2::{Digest, Sha256};

use super::dice::Dice;

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// What the keys of a project look like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// As AllStak's, with a `format`.
    Prefixed,
    /// With dashes and a `format`.
    Dashed,
    /// Letters and digits, and no `format` that would say so.
    Plain,
    /// With the signs of base64 in it, and no `format`.
    Signed,
}

impl Style {
    pub const ALL: [Self; 4] = [Self::Prefixed, Self::Dashed, Self::Plain, Self::Signed];

    pub fn format(self) -> Option<&'static str> {
        match self {
            Self::Prefixed => Some("^ask_live_[A-Za-z0-9]{32}$"),
            Self::Dashed => Some("^sk-[a-z0-9]{12}-[a-z0-9]{24}$"),
            Self::Plain | Self::Signed => None,
        }
    }

    /// A key that was never made before.
    pub fn key(self, dice: &mut Dice) -> String {
        match self {
            Self::Prefixed => format!("ask_live_{}", some(dice, LETTERS, 32)),
            Self::Dashed => format!("sk-{}-{}", some(dice, LOWER, 12), some(dice, LOWER, 24)),
            Self::Plain => some(dice, LETTERS, 36),
            Self::Signed => format!(
                "{}+{}/{}",
                some(dice, LETTERS, 12),
                some(dice, LETTERS, 9),
                some(dice, LETTERS, 16)
            ),
        }
    }
}

/// Letters and digits, one of each kind at least, so that a change of case changes it.
fn some(dice: &mut Dice, from: &[u8], length: usize) -> String {
    let mut text: Vec<u8> = (0..length).map(|_| *dice.pick(from)).collect();
    text[0] = b'q';
    text[1] = b'7';
    if from.len() > LOWER.len() {
        text[2] = b'W';
    }
    String::from_utf8(text).unwrap()
}

/// The fingerprint of these bytes, with so many digits.
pub fn fingerprint(bytes: &[u8], digits: usize) -> String {
    format!("sha256:{}", &hex::encode(Sha256::digest(bytes))[..digits])
}
