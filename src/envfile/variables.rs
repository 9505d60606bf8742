use std::collections::HashMap;

use super::buffer::Buffer;
use super::{Entry, Outside};

/// The variables found so far.
pub(super) struct Variables<'w> {
    only: Option<&'w [u8]>,
    outside: Outside,
    /// With the order of first appearance.
    found: HashMap<Vec<u8>, (usize, Entry)>,
    /// How many more bytes references may bring in.
    budget: usize,
}

/// What a reference to a variable gives.
pub(super) enum Known<'v> {
    Value(&'v [u8]),
    Unset,
    /// The file does not set it, and the environment is not known.
    Unknown,
}

impl<'w> Variables<'w> {
    /// No real file comes near it, and a small hostile one that doubles a value on each line would
    /// otherwise fill the memory.
    pub(super) const BUDGET: usize = 1 << 20;

    pub(super) const OVER_BUDGET: &'static str =
        "the references up to here bring in more than 1 MiB";

    /// Keeps every variable.
    pub(super) fn all(outside: Outside) -> Self {
        Self {
            only: None,
            outside,
            found: HashMap::new(),
            budget: Self::BUDGET,
        }
    }

    /// Keeps one variable, so that the values of the others need not be built.
    pub(super) fn only(name: &'w [u8], outside: Outside) -> Self {
        Self {
            only: Some(name),
            ..Self::all(outside)
        }
    }

    /// As empty as at the start.
    pub(super) fn fresh(&self) -> Self {
        Self {
            only: self.only,
            ..Self::all(self.outside)
        }
    }

    pub(super) fn outside(&self) -> Outside {
        self.outside
    }

    /// Whether this variable is kept at all.
    pub(super) fn wants(&self, name: &[u8]) -> bool {
        self.only.is_none_or(|only| only == name)
    }

    /// Sets a variable, over what it was. Ones that nobody wants are passed over.
    pub(super) fn set(&mut self, name: &[u8], entry: Entry) {
        if !self.wants(name) {
            return;
        }
        if let Some((_, known)) = self.found.get_mut(name) {
            *known = entry;
        } else {
            let place = self.found.len();
            self.found.insert(name.to_vec(), (place, entry));
        }
    }

    /// Whether the file names this variable, with a value or without.
    pub(super) fn has(&self, name: &[u8]) -> bool {
        self.found.contains_key(name)
    }

    /// Whether a variable has such a value in the end.
    pub(super) fn any(&self, is_such: impl Fn(&[u8]) -> bool) -> bool {
        let mut values = self.found.values().filter_map(|(_, entry)| entry.value());
        values.any(|value| is_such(value.expose()))
    }

    pub(super) fn lookup(&self, name: &[u8]) -> Known<'_> {
        match self.found.get(name) {
            Some((_, Entry::Value(secret))) => Known::Value(secret.expose()),
            Some((_, Entry::Absent)) => Known::Unset,
            Some((_, Entry::Inherited { .. } | Entry::Outside { .. } | Entry::Command { .. })) => {
                Known::Unknown
            }
            None if self.outside == Outside::Empty => Known::Unset,
            None => Known::Unknown,
        }
    }

    /// Adds to a value what a reference gives. False when the budget is spent.
    #[must_use]
    pub(super) fn refer(&mut self, name: &[u8], value: &mut Expansion) -> bool {
        let bytes = match self.lookup(name) {
            Known::Value(bytes) => bytes,
            Known::Unset => return true,
            Known::Unknown => {
                value.unknown = true;
                return true;
            }
        };
        let Some(left) = self.budget.checked_sub(bytes.len()) else {
            return false;
        };
        value.bytes.extend(bytes);
        self.budget = left;
        true
    }

    /// Whether both hold the same variables with the same values.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        self.found.len() == other.found.len()
            && self.found.iter().all(|(name, (_, entry))| {
                other
                    .found
                    .get(name)
                    .is_some_and(|(_, theirs)| entry.agrees(theirs))
            })
    }

    pub(super) fn take(mut self, name: &[u8]) -> Entry {
        self.found
            .remove(name)
            .map_or(Entry::Absent, |(_, entry)| entry)
    }

    pub(super) fn into_entries(self) -> Vec<(String, Entry)> {
        let mut found: Vec<_> = self
            .found
            .into_iter()
            .filter(|(_, (_, entry))| !matches!(entry, Entry::Absent))
            .collect();
        found.sort_unstable_by_key(|(_, (place, _))| *place);
        found
            .into_iter()
            .map(|(name, (_, entry))| (String::from_utf8_lossy(&name).into_owned(), entry))
            .collect()
    }
}

/// A value under construction that may refer to others.
#[derive(Default)]
pub(super) struct Expansion {
    pub(super) bytes: Buffer,
    /// Some of it comes from outside of the file.
    pub(super) unknown: bool,
    /// Some of it is what a command prints.
    pub(super) runs: bool,
}

impl Expansion {
    pub(super) fn of_a_command() -> Self {
        Self {
            runs: true,
            ..Self::default()
        }
    }

    /// Whether all of it stands in the file.
    pub(super) fn is_whole(&self) -> bool {
        !self.unknown && !self.runs
    }

    pub(super) fn into_entry(self, line: u32) -> Entry {
        if self.runs {
            Entry::Command { line }
        } else if self.unknown {
            Entry::Outside { line }
        } else {
            Entry::Value(self.bytes.into_secret())
        }
    }
}
