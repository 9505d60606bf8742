//! What must not be found: every key that a test deploys, in every form it could slip out in.

use std::collections::BTreeSet;

use data_encoding::{BASE32, BASE64, BASE64URL, HEXLOWER, HEXUPPER};

use crate::support::Ran;

/// How many characters of a key in a row are a leak.
const WINDOW: usize = 8;

/// Pieces of keys that must not be found anywhere.
pub struct Needles(BTreeSet<Vec<u8>>);

impl Needles {
    /// All pieces of the secret part of these keys, in all their forms.
    pub fn of(keys: &[&str]) -> Self {
        let mut needles = BTreeSet::new();
        for key in keys {
            // What all keys of AllStak begin with is no secret.
            let secret = key.strip_prefix("ask_live_").unwrap_or(key).as_bytes();
            for piece in secret.windows(WINDOW) {
                needles.insert(piece.to_vec());
                needles.insert(piece.to_ascii_lowercase());
                needles.insert(piece.iter().rev().copied().collect());
                needles.insert(HEXLOWER.encode(piece).into_bytes());
                needles.insert(HEXUPPER.encode(piece).into_bytes());
                needles.insert(each(piece, |byte| format!("%{byte:02x}")));
                needles.insert(each(piece, |byte| format!("%{byte:02X}")));
                needles.insert(each(piece, |byte| format!("\\u{byte:04x}")));
                needles.insert(each(piece, |byte| format!("\\x{byte:02x}")));
                needles.insert(each(piece, |byte| format!("\\\\u{byte:04x}")));
                needles.insert(each(piece, |byte| format!("&#{byte};")));
                needles.insert(each(piece, |byte| format!("&#x{byte:x};")));
                needles.insert(each(piece, |byte| format!("{byte}, ")));
                needles.insert(each(piece, |byte| format!("{byte} ")));
                needles.insert(each(piece, |byte| format!("0x{byte:02x}, ")));
                needles.insert(each(piece, |byte| format!("\\{byte:03o}")));
                needles.insert(each(piece, |byte| format!("={byte:02X}")));
                needles.insert(each(piece, |byte| format!("%25{byte:02X}")));
                for separator in [" ", ":", "-"] {
                    needles.insert(each(piece, |byte| format!("{byte:02x}{separator}")));
                    let letter = |byte| format!("{}{separator}", char::from(byte));
                    needles.insert(each(piece, letter));
                    needles.extend(grouped(piece, separator));
                    needles.extend(grouped(HEXUPPER.encode(piece).as_bytes(), separator));
                }
            }
            for before in 0..5 {
                let shifted = [&b"_____"[..before], secret].concat();
                let encoded = BASE32.encode(&shifted).into_bytes();
                for piece in encoded[8..encoded.len() - 8].windows(WINDOW + 4) {
                    needles.insert(piece.to_vec());
                    needles.insert(piece.to_ascii_lowercase());
                    needles.extend(grouped(piece, "-"));
                }
            }
            let wide: Vec<u8> = secret.iter().flat_map(|&byte| [byte, 0]).collect();
            for before in 0..3 {
                let shifted = [&b"___"[..before], &wide[..]].concat();
                let encoded = BASE64.encode(&shifted).into_bytes();
                let inner = &encoded[4..encoded.len() - 4];
                needles.extend(inner.windows(2 * WINDOW + 4).map(<[u8]>::to_vec));
                // Base64 looks different at each of three offsets; the ends depend on the neighbours.
                let shifted = [&b"___"[..before], secret].concat();
                for encoding in [BASE64, BASE64URL] {
                    let encoded = encoding.encode(&shifted).into_bytes();
                    let inner = &encoded[4..encoded.len() - 4];
                    for piece in inner.windows(WINDOW + 4) {
                        needles.insert(piece.to_vec());
                        needles.extend(grouped(piece, " "));
                    }
                }
            }
        }
        Self(needles)
    }

    /// The first one that is in these bytes.
    pub fn find(&self, bytes: &[u8]) -> Option<String> {
        // Every needle is found by its first bytes, so that long reports stay quick to search.
        let present: BTreeSet<&[u8]> = bytes.windows(WINDOW).collect();
        self.0
            .iter()
            .filter(|needle| present.contains(&needle[..WINDOW]))
            .find(|needle| {
                bytes
                    .windows(needle.len())
                    .any(|window| window == &needle[..])
            })
            .map(|needle| String::from_utf8_lossy(needle).into_owned())
    }

    /// Fails when anything that was printed holds one.
    #[track_caller]
    pub fn are_not_in(&self, ran: &Ran, what: &str) {
        for text in [&ran.stdout, &ran.stderr] {
            if let Some(found) = self.find(text.as_bytes()) {
                panic!("{what} leaks {found:?}: {ran}");
            }
        }
    }
}

/// In groups of four, wherever the first of them begins.
fn grouped<'p>(piece: &'p [u8], separator: &'p str) -> impl Iterator<Item = Vec<u8>> + 'p {
    (1..=4).map(move |first| {
        let mut grouped = piece[..first].to_vec();
        for group in piece[first..].chunks(4) {
            grouped.extend(separator.as_bytes());
            grouped.extend(group);
        }
        grouped
    })
}

fn each(piece: &[u8], form: impl Fn(u8) -> String) -> Vec<u8> {
    piece
        .iter()
        .copied()
        .map(form)
        .collect::<String>()
        .into_bytes()
}

#[test]
fn every_form_is_found() {
    let key = "ask_live_4Vq8ZkT2mWc7RbX1sYdN6hJp3FgLe9Ua";
    let needles = Needles::of(&[key]);
    let forms = [
        key.to_owned(),
        key.to_lowercase(),
        format!("cut: {}", &key[20..30]),
        BASE64.encode(key.as_bytes()),
        BASE64.encode(format!("KEY={key}\n").as_bytes()),
        BASE64.encode(format!(" {key}").as_bytes()),
        HEXUPPER.encode(key.as_bytes()),
        key.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        key.bytes().map(|byte| format!("\\u{byte:04x}")).collect(),
        key.bytes().map(|byte| format!("{byte:02x}:")).collect(),
        key.bytes()
            .map(|byte| format!("{} ", char::from(byte)))
            .collect(),
        format!("{} {} {}", &key[18..22], &key[22..26], &key[26..30]),
        BASE32.encode(format!(" {key}").as_bytes()),
        format!("{:?}", key.as_bytes()),
    ];
    for form in forms {
        assert!(needles.find(form.as_bytes()).is_some(), "{form}");
    }
    assert_eq!(
        needles.find(b"sha256:9f2c41d07a3b ask_live_ length 41"),
        None
    );
}
