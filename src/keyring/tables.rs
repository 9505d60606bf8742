use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

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

/// The same where the name of a variable stands before the key: whatever stands around each name. The
/// name itself is the asking project's.
pub(super) struct Named {
    pub(super) layers: Layers,
    /// What stands before the first name, between two, and after the last.
    before: Vec<Vec<u8>>,
    pub(super) after: Vec<u8>,
}

/// Stands for the name of a variable while the tables are made: no sign around a key has it.
const NAME: &str = "\0name\0";

impl Named {
    /// The most names in one form.
    const NAMES: usize = 2;
    /// The names, what stands around them, a key, and what stands after it.
    const MOST: usize = 2 * Self::NAMES + 3;

    /// The parts of this form of a key, in their order.
    pub(super) fn parts<'p>(&'p self, name: &'p [u8], key: &'p [u8]) -> [&'p [u8]; Self::MOST] {
        let mut parts = [&[][..]; Self::MOST];
        let before = self.before.iter().enumerate();
        let before = before.flat_map(|(at, part)| [(at > 0).then_some(name), Some(part)]);
        let all = before.flatten().chain([key, &self.after[..]]);
        for (slot, part) in parts.iter_mut().zip(all) {
            *slot = part;
        }
        parts
    }

    /// What stands behind all that comes before a key.
    fn behind<'v>(&self, name: &[u8], value: &'v [u8]) -> Option<&'v [u8]> {
        let mut rest = value;
        for (at, part) in self.before.iter().enumerate() {
            if at > 0 {
                rest = rest.strip_prefix(name)?;
            }
            rest = rest.strip_prefix(&part[..])?;
        }
        Some(rest)
    }

    fn is(&self, name: &[u8], before: &[u8], after: &[u8]) -> bool {
        self.after == after && self.behind(name, before).is_some_and(<[u8]>::is_empty)
    }

    /// How many bytes it adds beside the names.
    fn added(&self) -> usize {
        self.before.iter().map(Vec::len).sum::<usize>() + self.after.len()
    }
}

/// Everything about the forms that is the same for every key.
pub(super) struct Tables {
    pub(super) wrapped: Vec<Wrapped>,
    /// In the order of what stands before and after.
    pub(super) wrapped_twice: Vec<Wrapped>,
    /// Those of one layer and of two that have names in them.
    pub(super) named: Vec<Named>,
    pub(super) named_twice: Vec<Named>,
    pub(super) encoded: Vec<Encoded>,
    /// The most bytes that wrapping adds, without a name and beside names.
    most_added: usize,
    most_beside_names: usize,
}

/// Made when a search first needs them, and the same for everybody.
pub(super) static TABLES: LazyLock<Tables> = LazyLock::new(Tables::new);

impl Tables {
    fn new() -> Self {
        let wraps = wraps(&[NAME]);
        let once: Vec<_> = wraps
            .iter()
            .map(|wrap| Wrapped {
                layers: Layers::new([wrap.damage]),
                before: wrap.before.clone(),
                after: wrap.after.clone(),
            })
            .collect();
        let (named_twice, wrapped_twice) = apart(pairs(&wraps, &once));
        let (named, wrapped) = apart(once);
        let most_added = wrapped
            .iter()
            .chain(&wrapped_twice)
            .map(|wrapped| wrapped.before.len() + wrapped.after.len())
            .max()
            .unwrap_or_default();
        let most_beside_names = named.iter().chain(&named_twice).map(Named::added).max();
        Self {
            most_beside_names: most_beside_names.unwrap_or_default(),
            wrapped,
            wrapped_twice,
            named,
            named_twice,
            encoded: encoded(),
            most_added,
        }
    }

    /// No fewer bytes than wrapping adds, where these names may be among them.
    pub(super) fn most_added(&self, names: &[Arc<str>]) -> usize {
        let longest = names.iter().map(|name| name.len()).max();
        let named = longest.map(|name| self.most_beside_names + Named::NAMES * name);
        self.most_added.max(named.unwrap_or_default())
    }

    /// What it is called when this stands before and after a key, as one layer.
    pub(super) fn around(&self, names: &[Arc<str>], before: &[u8], after: &[u8]) -> Option<Layers> {
        let wraps = self.wrapped.iter();
        let plain = wraps
            .filter(|wrap| wrap.before == before && wrap.after == after)
            .map(|wrap| wrap.layers);
        plain
            .chain(of_names(&self.named, names, before, after))
            .min()
    }

    /// What stands within those of the signs around a key that only its bytes are looked for in.
    pub(super) fn enclosed<'v>(
        &self,
        names: &[Arc<str>],
        value: &'v [u8],
    ) -> impl Iterator<Item = &'v [u8]> {
        let wraps = self.wrapped.iter();
        let plain = wraps
            .filter(|wrap| is_enclosed(wrap.layers.as_slice()))
            .filter_map(|wrap| {
                let rest = value.strip_prefix(&wrap.before[..])?;
                rest.strip_suffix(&wrap.after[..])
            });
        let named = self.named.iter();
        let named = named
            .filter(|named| is_enclosed(named.layers.as_slice()))
            .flat_map(move |named| {
                names.iter().filter_map(|name| {
                    let rest = named.behind(name.as_bytes(), value)?;
                    rest.strip_suffix(&named.after[..])
                })
            });
        plain.chain(named)
    }

    /// The same as two layers.
    pub(super) fn twice_around(
        &self,
        names: &[Arc<str>],
        before: &[u8],
        after: &[u8],
    ) -> Option<Layers> {
        let place = self
            .wrapped_twice
            .binary_search_by(|wrap| (&wrap.before[..], &wrap.after[..]).cmp(&(before, after)));
        let plain = place.ok().and_then(|place| self.wrapped_twice.get(place));
        plain
            .map(|wrap| wrap.layers)
            .or_else(|| of_names(&self.named_twice, names, before, after).min())
    }
}

/// What it is called when this stands before and after a key, one of these names in it.
fn of_names(
    named: &[Named],
    names: &[Arc<str>],
    before: &[u8],
    after: &[u8],
) -> impl Iterator<Item = Layers> {
    names.iter().flat_map(move |name| {
        let fitting = named
            .iter()
            .filter(move |named| named.is(name.as_bytes(), before, after));
        fitting.map(|named| named.layers)
    })
}

/// Those with a name in them, and the others.
fn apart(wrapped: Vec<Wrapped>) -> (Vec<Named>, Vec<Wrapped>) {
    let mut named = Vec::new();
    let mut plain = Vec::new();
    for wrapped in wrapped {
        let before = split(&wrapped.before, NAME.as_bytes());
        if before.len() > 1 {
            named.push(Named {
                layers: wrapped.layers,
                before,
                after: wrapped.after,
            });
        } else {
            plain.push(wrapped);
        }
    }
    (named, plain)
}

/// What stands around each of these marks.
fn split(text: &[u8], mark: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.windows(mark.len()).position(|here| here == mark) {
        parts.push(rest[..at].to_vec());
        rest = &rest[at + mark.len()..];
    }
    parts.push(rest.to_vec());
    parts
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
        let tables = Tables::new();
        let layers_of = |before: &str, after: &str| {
            let around = (before.as_bytes(), after.as_bytes());
            let plain = tables.wrapped.iter().chain(&tables.wrapped_twice);
            let plain = plain
                .filter(|form| (&form.before[..], &form.after[..]) == around)
                .map(|form| form.layers);
            let named = tables.named.iter().chain(&tables.named_twice);
            let named = named
                .filter(|form| form.is(b"B", around.0, around.1))
                .map(|form| form.layers);
            let found: Vec<_> = plain
                .chain(named)
                .map(|layers| layers.as_slice().to_vec())
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
