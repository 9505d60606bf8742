use std::collections::HashSet;
use std::ops::Range;

use zeroize::Zeroizing;

use super::damage::Damage;
use super::decode::decodings;
use super::peel::peels;
use super::wraps::MIN_KEY;

/// How deeply layers are looked for.
const LAYERS: usize = 6;
/// How many of them may be encodings.
const ENCODINGS: usize = 2;
/// Bounds for values made to take long; a real one has a handful.
const RESTS: usize = 256;
const BUFFERS: usize = 24;
const BYTES: usize = 16 * 1024 * 1024;

/// One way to read a value: what is left under these layers.
pub(super) struct Rest {
    /// From the outermost to the innermost.
    pub(super) layers: Vec<Damage>,
    buffer: usize,
    range: Range<usize>,
}

/// Everything a value may be around something else: the value itself first, then by the number of
/// layers, then in their declared order.
pub(super) struct Unravelled<'v> {
    value: &'v [u8],
    /// Buffer 1 and on; 0 is the value.
    decoded: Vec<Zeroizing<Vec<u8>>>,
    rests: Vec<Rest>,
}

impl<'v> Unravelled<'v> {
    pub(super) fn new(value: &'v [u8]) -> Self {
        let mut unravelled = Self {
            value,
            decoded: Vec::new(),
            rests: vec![Rest {
                layers: Vec::new(),
                buffer: 0,
                range: 0..value.len(),
            }],
        };
        let most = (BYTES / value.len().max(1)).clamp(16, RESTS);
        let mut seen = HashSet::from([(0, 0..value.len())]);
        let mut next = 0;
        while next < unravelled.rests.len() && unravelled.rests.len() < most {
            for rest in unravelled.under(next) {
                if rest.range.len() >= MIN_KEY && seen.insert((rest.buffer, rest.range.clone())) {
                    unravelled.rests.push(rest);
                }
            }
            next += 1;
        }
        unravelled
    }

    /// Each with its bytes.
    pub(super) fn rests(&self) -> impl Iterator<Item = (&Rest, &[u8])> {
        self.rests.iter().map(|rest| (rest, self.bytes(rest)))
    }

    /// What is one layer under another rest, in declared order.
    fn under(&mut self, index: usize) -> Vec<Rest> {
        let Some(rest) = self
            .rests
            .get(index)
            .filter(|rest| rest.layers.len() < LAYERS)
        else {
            return Vec::new();
        };
        let add = |damage: Damage| {
            let mut layers = rest.layers.clone();
            layers.push(damage);
            layers
        };
        let bytes = self.bytes(rest);
        let mut found: Vec<_> = peels(bytes)
            .into_iter()
            .map(|(damage, range)| Rest {
                layers: add(damage),
                buffer: rest.buffer,
                range: rest.range.start + range.start..rest.range.start + range.end,
            })
            .collect();
        let encodings = rest.layers.iter().filter(|damage| is_encoding(**damage));
        let mut new = Vec::new();
        if encodings.count() < ENCODINGS {
            for (damage, bytes) in decodings(bytes) {
                let known = self.decoded.iter().chain(&new).any(|other| *other == bytes);
                let buffer = self.decoded.len() + new.len() + 1;
                if !known && buffer <= BUFFERS {
                    found.push(Rest {
                        layers: add(damage),
                        buffer,
                        range: 0..bytes.len(),
                    });
                    new.push(bytes);
                }
            }
        }
        self.decoded.extend(new);
        found.sort_by_key(|rest| rest.layers.last().copied());
        found
    }

    fn bytes(&self, rest: &Rest) -> &[u8] {
        let buffer = match rest.buffer.checked_sub(1) {
            None => self.value,
            Some(index) => self.decoded.get(index).map_or(&[][..], |bytes| bytes),
        };
        buffer.get(rest.range.clone()).unwrap_or_default()
    }
}

pub(super) fn is_encoding(damage: Damage) -> bool {
    matches!(
        damage,
        Damage::Base64
            | Damage::Hex
            | Damage::PercentEncoded
            | Damage::JsonEscaped
            | Damage::Base64Url
            | Damage::Utf16
            | Damage::HtmlEntities
            | Damage::BackslashEscaped
            | Damage::PropertiesEscaped
            | Damage::TypographicCharacters
            | Damage::WhitespaceInside
    )
}
