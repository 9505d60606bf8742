use std::ops::Range;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::damage::Damage;
use super::encode::Encoding;
use super::message::Message;
use super::tables::{BETWEEN, Layers, Named, TABLES, Tables, Wrapped};
use super::wraps::{MAX_EDITED, MIN_KEY};
use super::{rewritten, spaced};

/// One kind of form, in the order that decides between explanations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tier {
    Wrapped,
    WrappedTwice,
    Encoded,
    Spaced,
    Rewritten,
    Doubled,
    CaseChanged,
    Truncated,
    Swapped,
    Missing,
    Changed,
    Added,
}

/// What a character is replaced by: everything printable in ASCII.
pub(super) const TYPED: Range<u8> = b' '..0x7f;

/// What slips in when typing: blanks have a name of their own.
pub(super) const SLIPPED_IN: Range<u8> = b'!'..0x7f;

/// Buffers of one thread, reused for every form and wiped at the end.
pub(super) struct Workspace {
    message: Message,
    plain: Zeroizing<Vec<u8>>,
    encoded: Zeroizing<Vec<u8>>,
}

impl Workspace {
    /// Room for every form of keys up to this length, behind these names.
    pub(super) fn new(longest_key: usize, names: &[Arc<str>]) -> Self {
        let edited = (longest_key.min(MAX_EDITED) + 8) * 4;
        let encoded = edited * Encoding::MOST;
        let wrapped = longest_key + TABLES.most_added(names);
        Self {
            message: Message::with_room_for(encoded.max(wrapped)),
            plain: Zeroizing::new(Vec::with_capacity(edited)),
            encoded: Zeroizing::new(Vec::with_capacity(encoded)),
        }
    }
}

impl Tier {
    pub(super) const ALL: [Self; 12] = [
        Self::Wrapped,
        Self::WrappedTwice,
        Self::Encoded,
        Self::Spaced,
        Self::Rewritten,
        Self::Doubled,
        Self::CaseChanged,
        Self::Truncated,
        Self::Swapped,
        Self::Missing,
        Self::Changed,
        Self::Added,
    ];

    /// How many rows of forms a key of this length has. Rows are what threads share out.
    pub(super) fn rows(self, len: usize) -> usize {
        let tables: &Tables = &TABLES;
        let edited = len <= MAX_EDITED;
        match self {
            _ if len < MIN_KEY => 0,
            Self::Wrapped => tables.wrapped.len(),
            Self::WrappedTwice => tables.wrapped_twice.len(),
            _ if !edited => 0,
            Self::Encoded => tables.encoded.len(),
            Self::Spaced => spaced::rows(len),
            Self::Rewritten => 1,
            Self::Doubled => BETWEEN.len(),
            Self::CaseChanged => len + 2,
            Self::Truncated => len / 2 * 2,
            Self::Swapped => len - 1,
            Self::Missing => len - 2,
            Self::Changed => len,
            Self::Added => len + 1,
        }
    }

    /// The forms that have names in them, beside those in the rows.
    pub(super) fn named(self, len: usize) -> &'static [Named] {
        match self {
            _ if len < MIN_KEY => &[],
            Self::Wrapped => &TABLES.named,
            Self::WrappedTwice => &TABLES.named_twice,
            _ => &[],
        }
    }

    /// The most forms that one row has.
    pub(super) fn forms_per_row(self, len: usize) -> usize {
        match self {
            Self::Swapped => len,
            Self::Changed => TYPED.len(),
            Self::Added => SLIPPED_IN.len(),
            Self::Spaced => spaced::PER_ROW,
            Self::Rewritten => rewritten::MOST,
            _ => 1,
        }
    }

    /// How many forms a key of this length has at most: some turn out to equal the key.
    pub(super) fn forms(self, len: usize) -> u64 {
        let rows = self.rows(len) as u64;
        match self {
            Self::Swapped => rows * (rows + 1) / 2,
            _ => rows * self.forms_per_row(len) as u64,
        }
    }

    /// Makes the forms in these rows, one after the other in the same buffer. Forms that equal the
    /// key are left out where that costs nothing to see; they can explain nothing anyway, since
    /// only what is no known key is searched.
    pub(super) fn make(
        self,
        key: &[u8],
        rows: Range<usize>,
        workspace: &mut Workspace,
        form: &mut impl FnMut(&Message, Layers),
    ) {
        let tables: &Tables = &TABLES;
        let message = &mut workspace.message;
        match self {
            Self::Wrapped => wrapped(key, &tables.wrapped, rows, message, form),
            Self::WrappedTwice => wrapped(key, &tables.wrapped_twice, rows, message, form),
            Self::Encoded => encoded(key, rows, tables, workspace, form),
            Self::Spaced => spaced::make(key, rows, &mut workspace.plain, message, form),
            Self::Rewritten => {
                for (damage, bytes) in rewritten::forms(key) {
                    message.write(&[&bytes]);
                    form(message, Layers::new([damage]));
                }
            }
            Self::Doubled => {
                for between in BETWEEN.get(rows).unwrap_or_default() {
                    message.write(&[key, between, key]);
                    form(message, Layers::new([Damage::Doubled]));
                }
            }
            Self::CaseChanged => case_changed(key, rows, message, form),
            Self::Truncated => truncated(key, rows, message, form),
            Self::Swapped => swapped(key, rows, message, form),
            Self::Missing => missing(key, rows, message, form),
            Self::Changed => changed(key, rows, message, form),
            Self::Added => added(key, rows, message, form),
        }
    }

    /// Makes the forms of a key behind a name, in the same way.
    pub(super) fn make_named(
        self,
        key: &[u8],
        name: &[u8],
        workspace: &mut Workspace,
        form: &mut impl FnMut(&Message, Layers),
    ) {
        for named in self.named(key.len()) {
            workspace.message.write(&named.parts(name, key));
            form(&workspace.message, named.layers);
        }
    }

    /// The first layers, if any, under which these bytes are a form of this key. `names` are those of the
    /// variables of the project that asks.
    pub(super) fn layers(self, key: &[u8], bytes: &[u8], names: &[Arc<str>]) -> Option<Layers> {
        if matches!(self, Self::Wrapped | Self::WrappedTwice) {
            let places = 0..=bytes.len().checked_sub(key.len())?;
            return places
                .filter_map(|at| {
                    let after = bytes.get(at..)?.strip_prefix(key)?;
                    let before = bytes.get(..at)?;
                    match self {
                        Self::Wrapped => TABLES.around(names, before, after),
                        _ => TABLES.twice_around(names, before, after),
                    }
                })
                .min();
        }
        let mut first: Option<Layers> = None;
        let mut workspace = Workspace::new(key.len(), names);
        let rows = 0..self.rows(key.len());
        self.make(key, rows, &mut workspace, &mut |form, layers| {
            if form.bytes() == bytes && first.is_none_or(|first| layers < first) {
                first = Some(layers);
            }
        });
        first
    }
}

fn wrapped(
    key: &[u8],
    wrapped: &[Wrapped],
    rows: Range<usize>,
    message: &mut Message,
    form: &mut impl FnMut(&Message, Layers),
) {
    for wrapped in wrapped.get(rows).unwrap_or_default() {
        message.write(&[&wrapped.before, key, &wrapped.after]);
        form(message, wrapped.layers);
    }
}

fn encoded(
    key: &[u8],
    rows: Range<usize>,
    tables: &Tables,
    workspace: &mut Workspace,
    form: &mut impl FnMut(&Message, Layers),
) {
    let Workspace {
        message,
        plain,
        encoded,
    } = workspace;
    for row in tables.encoded.get(rows).unwrap_or_default() {
        plain.clear();
        for part in [row.inner.before, key, row.inner.after] {
            plain.extend_from_slice(part);
        }
        if let Some((encoding, around)) = row.first {
            if !encoding.write(plain, encoded) {
                continue;
            }
            plain.clear();
            for part in [around.before, encoded, around.after] {
                plain.extend_from_slice(part);
            }
        }
        if row.encoding.write(plain, encoded) {
            message.write(&[row.outer.before, encoded, row.outer.after]);
            form(message, row.layers);
        }
    }
}

/// The first row is all upper case, the second all lower case, then one letter each.
fn case_changed(
    key: &[u8],
    rows: Range<usize>,
    message: &mut Message,
    form: &mut impl FnMut(&Message, Layers),
) {
    let layers = Layers::new([Damage::CaseChanged]);
    message.write(&[key]);
    for row in rows {
        match row {
            0 => message.bytes_mut().make_ascii_uppercase(),
            1 => message.bytes_mut().make_ascii_lowercase(),
            _ => match message.bytes_mut().get_mut(row - 2) {
                Some(letter) if letter.is_ascii_alphabetic() => *letter ^= 0x20,
                _ => continue,
            },
        }
        form(message, layers);
        message.bytes_mut().copy_from_slice(key);
    }
}

/// Even rows lose their start, odd rows their end.
fn truncated(
    key: &[u8],
    rows: Range<usize>,
    message: &mut Message,
    form: &mut impl FnMut(&Message, Layers),
) {
    for row in rows {
        let lost = row / 2 + 1;
        let (kept, damage) = if row % 2 == 0 {
            (key.get(lost..), Damage::TruncatedStart)
        } else {
            (
                key.get(..key.len().saturating_sub(lost)),
                Damage::TruncatedEnd,
            )
        };
        message.write(&[kept.unwrap_or_default()]);
        form(message, Layers::new([damage]));
    }
}

/// A row is one character swapped with each one after it.
fn swapped(
    key: &[u8],
    rows: Range<usize>,
    message: &mut Message,
    form: &mut impl FnMut(&Message, Layers),
) {
    let layers = Layers::new([Damage::CharactersSwapped]);
    message.write(&[key]);
    for one in rows {
        for other in one + 1..key.len() {
            if key.get(one) != key.get(other) {
                message.bytes_mut().swap(one, other);
                form(message, layers);
                message.bytes_mut().swap(one, other);
            }
        }
    }
}

/// A row is one character left out; the first and the last one are a truncation.
fn missing(
    key: &[u8],
    rows: Range<usize>,
    message: &mut Message,
    form: &mut impl FnMut(&Message, Layers),
) {
    let layers = Layers::new([Damage::CharacterMissing]);
    for row in rows {
        let (before, after) = key.split_at(row + 1);
        message.write(&[before, after.get(1..).unwrap_or_default()]);
        form(message, layers);
    }
}

/// A row is one character replaced by every other one.
fn changed(
    key: &[u8],
    rows: Range<usize>,
    message: &mut Message,
    form: &mut impl FnMut(&Message, Layers),
) {
    let layers = Layers::new([Damage::CharacterChanged]);
    message.write(&[key]);
    for (row, &original) in key.iter().enumerate().take(rows.end).skip(rows.start) {
        for typed in TYPED.filter(|&typed| typed != original) {
            set(message, row, typed);
            form(message, layers);
        }
        set(message, row, original);
    }
}

/// A row is one place where every character may have slipped in.
fn added(
    key: &[u8],
    rows: Range<usize>,
    message: &mut Message,
    form: &mut impl FnMut(&Message, Layers),
) {
    let layers = Layers::new([Damage::CharacterAdded]);
    for row in rows {
        let (before, after) = key.split_at(row);
        message.write(&[before, b" ", after]);
        // The same character before its like is the form that the next row makes.
        for typed in SLIPPED_IN.filter(|typed| after.first() != Some(typed)) {
            set(message, row, typed);
            form(message, layers);
        }
    }
}

fn set(message: &mut Message, at: usize, byte: u8) {
    if let Some(slot) = message.bytes_mut().get_mut(at) {
        *slot = byte;
    }
}
