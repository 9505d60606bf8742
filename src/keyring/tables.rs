use std::collections::BTreeMap;

use super::damage::Damage;
use super::encode::Encoding;
use super::wraps::{Wrap, wraps};

/// The damage of one searched form, from the outermost to the innermost. Fewer layers come first,
/// then the declared order decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Layers {
    len: u8,
    /// Filled up with the first kind, so that the derived order looks at the used ones only.
    layers: [Damage; Self::MOST],
}

impl Layers {
    /// A base64 of a base64, each with something around it.
    const MOST: usize = 5;

    pub(super) fn new(damage: impl IntoIterator<Item = Damage>) -> Self {
        let mut layers = Self {
            len: 0,
            layers: [Damage::LeadingWhitespace; Self::MOST],
        };
        for (slot, damage) in layers.layers.iter_mut().zip(damage) {
            *slot = damage;
            layers.len += 1;
        }
        layers
    }

    pub(super) fn as_slice(&self) -> &[Damage] {
        self.layers.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// What may stand around an encoded key, or have stood around it before it was encoded.
#[derive(Clone, Copy)]
pub(super) struct Around {
    damage: Option<Damage>,
    pub(super) before: &'static [u8],
    pub(super) after: &'static [u8],
}

impl Around {
    const NOTHING: Self = Self {
        damage: None,
        before: b"",
        after: b"",
    };
    const NEWLINE: Self = Self {
        damage: Some(Damage::TrailingNewline),
        before: b"",
        after: b"\n",
    };
    const ALL: [Self; 4] = [
        Self::NOTHING,
        Self::NEWLINE,
        Self {
            damage: Some(Damage::TrailingCrlf),
            before: b"",
            after: b"\r\n",
        },
        Self {
            damage: Some(Damage::DoubleQuotes),
            before: b"\"",
            after: b"\"",
        },
    ];
}

/// One way to encode a key, once or twice.
pub(super) struct Encoded {
    pub(super) layers: Layers,
    pub(super) inner: Around,
    /// Done before `encoding`, with something of its own around it.
    pub(super) first: Option<(Encoding, Around)>,
    pub(super) encoding: Encoding,
    pub(super) outer: Around,
}

/// What stands between the two copies of a key that was pasted twice.
pub(super) const BETWEEN: [&[u8]; 5] = [b"", b"\n", b"\r\n", b" ", b","];

/// What stands before and after a key in one or two layers.
pub(super) struct Wrapped {
    pub(super) layers: Layers,
    pub(super) before: Vec<u8>,
    pub(super) after: Vec<u8>,
}

/// Everything about the forms that is the same for every key.
pub(super) struct Tables {
    pub(super) wrapped: Vec<Wrapped>,
    /// In the order of what stands before and after.
    pub(super) wrapped_twice: Vec<Wrapped>,
    pub(super) encoded: Vec<Encoded>,
    /// The most bytes that wrapping adds.
    pub(super) most_added: usize,
}

impl Tables {
    pub(super) fn new(variables: &[&str]) -> Self {
        let wraps = wraps(variables);
        let wrapped: Vec<_> = wraps
            .iter()
            .map(|wrap| Wrapped {
                layers: Layers::new([wrap.damage]),
                before: wrap.before.clone(),
                after: wrap.after.clone(),
            })
            .collect();
        let wrapped_twice = pairs(&wraps, &wrapped);
        let most_added = wrapped
            .iter()
            .chain(&wrapped_twice)
            .map(|wrapped| wrapped.before.len() + wrapped.after.len())
            .max()
            .unwrap_or_default();
        Self {
            wrapped,
            wrapped_twice,
            encoded: encoded(),
            most_added,
        }
    }

    /// What it is called when this stands before and after a key, as one layer.
    pub(super) fn around(&self, before: &[u8], after: &[u8]) -> Option<Layers> {
        let wraps = self.wrapped.iter();
        wraps
            .filter(|wrap| wrap.before == before && wrap.after == after)
            .map(|wrap| wrap.layers)
            .min()
    }

    /// What stands within those of the signs around a key that only its bytes are looked for in.
    pub(super) fn enclosed<'v>(&self, value: &'v [u8]) -> impl Iterator<Item = &'v [u8]> {
        let wraps = self.wrapped.iter();
        wraps
            .filter(|wrap| is_enclosed(wrap.layers.as_slice()))
            .filter_map(|wrap| {
                let rest = value.strip_prefix(&wrap.before[..])?;
                rest.strip_suffix(&wrap.after[..])
            })
    }

    /// The same as two layers.
    pub(super) fn twice_around(&self, before: &[u8], after: &[u8]) -> Option<Layers> {
        let place = self
            .wrapped_twice
            .binary_search_by(|wrap| (&wrap.before[..], &wrap.after[..]).cmp(&(before, after)));
        Some(self.wrapped_twice.get(place.ok()?)?.layers)
    }
}

/// Whether these are signs around a key that no layer is peeled off for.
pub(super) fn is_enclosed(layers: &[Damage]) -> bool {
    matches!(layers, [Damage::Bracketed | Damage::InsideJson])
}

/// Every pair under its first name: the order of what stands on two sides cannot be seen, and
/// `""key"` may be read in two ways.
fn pairs(wraps: &[Wrap], once: &[Wrapped]) -> Vec<Wrapped> {
    let mut pairs = BTreeMap::<_, Layers>::new();
    for outer in wraps.iter().filter(|wrap| wrap.pairs) {
        for inner in wraps.iter().filter(|wrap| wrap.pairs) {
            if outer.is_apart_from(inner) {
                let before = [&outer.before[..], &inner.before].concat();
                let after = [&inner.after[..], &outer.after].concat();
                let layers = Layers::new([outer.damage, inner.damage]);
                pairs
                    .entry((before, after))
                    .and_modify(|first| *first = layers.min(*first))
                    .or_insert(layers);
            }
        }
    }
    for wrapped in once {
        pairs.remove(&(wrapped.before.clone(), wrapped.after.clone()));
    }
    pairs
        .into_iter()
        .map(|((before, after), layers)| Wrapped {
            layers,
            before,
            after,
        })
        .collect()
}

fn encoded() -> Vec<Encoded> {
    let mut forms = Vec::new();
    for encoding in Encoding::all() {
        for outer in Around::ALL {
            // Typographic quotes around a key are a layer of their own.
            let plain = matches!(encoding, Encoding::Typographic(_));
            let inner = if plain {
                &Around::ALL[..1]
            } else {
                &Around::ALL
            };
            for inner in inner {
                forms.push(Encoded::new(outer, encoding, None, *inner));
            }
        }
    }
    // A Kubernetes Secret whose `data` was encoded by hand and by a tool.
    let base64 = Encoding::ALPHABETS[0];
    for outer in [Around::NOTHING, Around::NEWLINE] {
        for between in [Around::NOTHING, Around::NEWLINE] {
            for inner in [Around::NOTHING, Around::NEWLINE] {
                forms.push(Encoded::new(outer, base64, Some((base64, between)), inner));
            }
        }
    }
    forms
}

impl Encoded {
    fn new(
        outer: Around,
        encoding: Encoding,
        first: Option<(Encoding, Around)>,
        inner: Around,
    ) -> Self {
        let layers = [
            outer.damage,
            Some(encoding.damage()),
            first.and_then(|(_, around)| around.damage),
            first.map(|(encoding, _)| encoding.damage()),
            inner.damage,
        ];
        Self {
            layers: Layers::new(layers.into_iter().flatten()),
            inner,
            first,
            encoding,
            outer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_layers_come_first_then_the_declared_order() {
        let order = [
            Layers::new([Damage::LeadingWhitespace]),
            Layers::new([Damage::Hex]),
            Layers::new([Damage::LeadingWhitespace, Damage::Backticks]),
            Layers::new([Damage::LeadingWhitespace, Damage::Hex]),
            Layers::new([Damage::TrailingNewline, Damage::LeadingWhitespace]),
        ];
        assert!(order.is_sorted());
        assert_eq!(
            order[3].as_slice(),
            [Damage::LeadingWhitespace, Damage::Hex]
        );
    }

    #[test]
    fn pairs_have_one_name_each_and_no_shorter_one() {
        let tables = Tables::new(&["ALLSTAK_API_KEY", "B"]);
        let layers_of = |before: &str, after: &str| {
            let found: Vec<_> = tables
                .wrapped
                .iter()
                .chain(&tables.wrapped_twice)
                .filter(|form| {
                    (&form.before[..], &form.after[..]) == (before.as_bytes(), after.as_bytes())
                })
                .map(|form| form.layers.as_slice().to_vec())
                .collect();
            assert!(found.len() <= 1, "{found:?}");
            found.into_iter().next().unwrap_or_default()
        };
        for (before, after, layers) in [
            ("\"", "\"", &[Damage::DoubleQuotes][..]),
            ("", "\n\n", &[Damage::TrailingWhitespace]),
            ("", " \r\n", &[Damage::TrailingWhitespace]),
            (
                "\"\"",
                "\"",
                &[Damage::DoubleQuotes, Damage::UnbalancedQuote],
            ),
            (
                "\"",
                "\"\n",
                &[Damage::TrailingNewline, Damage::DoubleQuotes],
            ),
            (
                "\"",
                "\n\"",
                &[Damage::DoubleQuotes, Damage::TrailingNewline],
            ),
            (
                " ",
                "\n",
                &[Damage::LeadingWhitespace, Damage::TrailingNewline],
            ),
            (
                "B=\"",
                "\"",
                &[Damage::VariablePrefix, Damage::DoubleQuotes],
            ),
            (
                "\"B=",
                "\"",
                &[Damage::DoubleQuotes, Damage::VariablePrefix],
            ),
        ] {
            assert_eq!(layers_of(before, after), layers, "{before:?} {after:?}");
        }
    }
}
