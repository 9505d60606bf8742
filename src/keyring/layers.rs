use std::collections::HashMap;
use std::ops::Range;

use super::damage::Damage;
use super::surroundings::{Looks, layers_around};
use super::texts::Texts;

/// How large a text is at most that is looked at again for each of its parts.
const LARGE: usize = 64 * 1024;

/// Says what lies around parts of a value.
pub(super) struct Described<'v> {
    texts: &'v Texts<'v>,
    /// What a text looks like, once it was asked.
    looks: HashMap<usize, Looks>,
}

impl<'v> Described<'v> {
    pub(super) fn new(texts: &'v Texts<'v>) -> Self {
        Self {
            texts,
            looks: HashMap::new(),
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
        if is_piece && around.len() <= LARGE {
            layers.extend(layers_around(around, &part, &Looks::of(around)));
        } else {
            layers.extend(layers_around(around, &part, self.of(text, around)));
        }
        layers
    }

    /// What a text looks like, which has these bytes.
    pub(super) fn of(&mut self, text: usize, bytes: &[u8]) -> &Looks {
        self.looks.entry(text).or_insert_with(|| Looks::of(bytes))
    }
}
