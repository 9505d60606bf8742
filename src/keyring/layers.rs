use std::collections::HashMap;
use std::ops::Range;

use super::damage::Damage;
use super::surroundings::{is_json, layers_around};
use super::texts::Texts;

/// How large a text is at most that is looked at again for each of its parts.
const LARGE: usize = 64 * 1024;

/// Says what lies around parts of a value.
pub(super) struct Described<'v> {
    texts: &'v Texts<'v>,
    /// Whether a text is JSON, once it was asked.
    json: HashMap<usize, bool>,
}

impl<'v> Described<'v> {
    pub(super) fn new(texts: &'v Texts<'v>) -> Self {
        Self {
            texts,
            json: HashMap::new(),
        }
    }

    /// From the outermost to the innermost: what stands around an encoded part, its encoding, then what
    /// stands around the part in what was decoded.
    pub(super) fn layers(&mut self, text: usize, part: &Range<usize>) -> Vec<Damage> {
        let texts = self.texts;
        let mut layers = Vec::new();
        let mut is_piece = false;
        if let Some((parent, from, encoding)) = texts.origin(text, part) {
            let whole = texts.all.get(parent).map_or(0, |text| text.bytes().len());
            is_piece = from != (0..whole);
            layers = self.layers(parent, &from);
            layers.extend(encoding);
        }
        let (around, part) = texts.around(text, part);
        let is_json = match is_piece && around.len() <= LARGE {
            true => is_json(around),
            false => self.is_json(text, around),
        };
        layers.extend(layers_around(around, &part, is_json));
        layers
    }

    /// Whether a text, which has these bytes, is JSON.
    pub(super) fn is_json(&mut self, text: usize, bytes: &[u8]) -> bool {
        *self.json.entry(text).or_insert_with(|| is_json(bytes))
    }
}
