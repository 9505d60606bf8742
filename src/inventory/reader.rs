use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use serde::de::DeserializeOwned;

use super::de::De;
use super::failure::Failure;
use super::log::{Log, opaque};
use super::template::Scope;
use super::tree::{Id, Kind, Scalar, Tree};
use crate::text::nearest;

/// The most mistakes of one thing that are told at once, each of which needs another attempt.
const ATTEMPTS: usize = 16;

/// Reads parts of a file as types, and reports whatever does not fit.
pub(super) struct Reader<'a> {
    pub tree: &'a Tree,
    pub log: &'a Log,
    /// What templates are filled in with; without it they stay as they are.
    pub scope: Option<&'a Scope<'a>>,
    /// Whether templates stay as they are and stand for anything that may be wanted.
    pub draft: bool,
    gaps: RefCell<Vec<Gap>>,
    /// The map whose unknown keys are kept instead of being reported.
    open: Cell<Option<Id>>,
    rest: RefCell<Vec<[Id; 2]>>,
    known: Cell<&'static [&'static str]>,
    /// The maps in which a key was misspelt, and what it was taken for.
    misspelt: RefCell<Vec<(Id, String)>>,
}

/// A map that was read as a `T`, and what the type does not know.
pub(super) struct Part<T> {
    /// `None` when something was reported.
    pub value: Option<T>,
    /// The keys and values that are left.
    pub rest: Vec<[Id; 2]>,
    /// The keys that the type knows.
    pub known: &'static [&'static str],
}

/// What was reported and is passed over from then on, so that the next mistake is found.
#[derive(Clone, Copy, PartialEq)]
enum Gap {
    Value(Id),
    Key(Id, &'static str),
}

impl<'a> Reader<'a> {
    pub fn new(tree: &'a Tree, log: &'a Log, scope: Option<&'a Scope<'a>>) -> Self {
        Self {
            tree,
            log,
            scope,
            draft: false,
            gaps: RefCell::default(),
            open: Cell::new(None),
            rest: RefCell::default(),
            known: Cell::new(&[]),
            misspelt: RefCell::default(),
        }
    }

    /// Looks at what cannot be filled in yet.
    pub fn draft(tree: &'a Tree, log: &'a Log) -> Self {
        Self {
            draft: true,
            ..Self::new(tree, log, None)
        }
    }

    /// Reads a node; `None` when something was reported.
    pub fn read<T: DeserializeOwned>(&self, id: Id) -> Option<T> {
        self.attempt(id, |de| T::deserialize(de))
    }

    /// Reads a map of which every key may be left out; what was reported counts as left out.
    pub fn read_loosely<T: DeserializeOwned>(&self, id: Id) -> Option<T> {
        self.entries(id, "a map")?;
        self.attempts(id, |de| T::deserialize(de))
    }

    /// Reads a map and leaves what the type does not know; `None` when it is no map.
    pub fn read_part<T: DeserializeOwned>(&self, id: Id, expected: &str) -> Option<Part<T>> {
        if !matches!(self.tree.kind(id), Kind::Mapping(_)) {
            self.wrong(id, expected);
            return None;
        }
        self.open.set(Some(id));
        let value = self.read(id);
        self.open.set(None);
        Some(Part {
            value,
            rest: self.rest.take(),
            known: self.known.get(),
        })
    }

    /// Runs `read` again and again, each time past one more mistake.
    pub fn attempt<'r, T>(
        &'r self,
        id: Id,
        read: impl FnMut(De<'r>) -> Result<T, Failure>,
    ) -> Option<T> {
        let before = self.log.faults();
        let value = self.attempts(id, read)?;
        (self.log.faults() == before).then_some(value)
    }

    fn attempts<'r, T>(
        &'r self,
        id: Id,
        mut read: impl FnMut(De<'r>) -> Result<T, Failure>,
    ) -> Option<T> {
        self.gaps.borrow_mut().clear();
        for _ in 0..ATTEMPTS {
            self.rest.borrow_mut().clear();
            let known = self.gaps.borrow().len();
            let result = read(De::new(self, id));
            match result {
                Ok(value) => return Some(value),
                Err(_) if self.gaps.borrow().len() == known => return None,
                Err(_) => {}
            }
        }
        None
    }

    /// A string.
    pub fn text(&self, id: Id) -> Option<Cow<'a, str>> {
        self.scalar(id, "a string").map(|(text, _)| text)
    }

    /// A string that says something.
    pub fn name(&self, id: Id) -> Option<Cow<'a, str>> {
        let text = self.text(id)?;
        if text.trim().is_empty() {
            self.log
                .report(self.tree.site(id), "expected a name, found an empty string");
            return None;
        }
        Some(text)
    }

    /// A scalar that is not null, filled in, and whether it may be something else than a string.
    pub fn scalar(&self, id: Id, expected: &str) -> Option<(Cow<'a, str>, bool)> {
        match self.tree.kind(id) {
            Kind::Scalar(scalar) if !scalar.is_null() => match self.scope {
                None => Some((Cow::Borrowed(scalar.text), scalar.plain)),
                Some(scope) => {
                    let text = scope.fill(self.tree, id, self.log)?;
                    // `'${port}'` must be quoted in many places, and is a number nevertheless.
                    let plain = scalar.plain || matches!(text, Cow::Owned(_));
                    Some((text, plain))
                }
            },
            _ => {
                self.wrong(id, expected);
                None
            }
        }
    }

    /// The keys and values of a map; of nothing, none.
    pub fn entries(&self, id: Id, expected: &str) -> Option<&'a [[Id; 2]]> {
        match self.tree.kind(id) {
            Kind::Mapping(entries) => Some(entries),
            Kind::Scalar(scalar) if scalar.is_null() => Some(&[]),
            _ => {
                self.wrong(id, expected);
                None
            }
        }
    }

    /// The items of a list.
    pub fn items(&self, id: Id, expected: &str) -> Option<&'a [Id]> {
        match self.tree.kind(id) {
            Kind::Sequence(items) => Some(items),
            _ => {
                self.wrong(id, expected);
                None
            }
        }
    }

    /// Reports that something else was expected.
    pub fn wrong(&self, id: Id, expected: &str) {
        let found = found(self.tree, id);
        self.log.report(
            self.tree.site(id),
            format!("expected {expected}, found {found}"),
        );
    }

    /// Reports an unknown key, or keeps it for whoever knows it.
    pub(super) fn unknown(&self, map: Id, entry: [Id; 2], known: &'static [&'static str]) {
        let name = self.tree.text(entry[0]);
        if map == self.tree.root() && name.starts_with("x-") {
            return;
        }
        if self.open.get() == Some(map) {
            self.known.set(known);
            self.rest.borrow_mut().push(entry);
            return;
        }
        self.unknown_key(map, entry[0], known);
    }

    /// Reports an unknown key of a map.
    pub fn unknown_key(&self, map: Id, key: Id, known: &[&str]) {
        if self.log.is_full() {
            return;
        }
        let name = self.tree.text(key);
        let message = format!(
            "unknown key {}: expected {}",
            self.log.name(name),
            super::failure::one_of(known)
        );
        let near = nearest(name, known.iter().copied());
        if let Some(near) = near {
            self.misspelt.borrow_mut().push((map, near.to_owned()));
        }
        self.log.report_with(self.tree.site(key), message, || {
            Some(format!("did you mean `{}`?", near?))
        });
    }

    /// Reports that a key of a map is missing, unless one was taken for it.
    pub fn missing_key(&self, map: Id, key: &str, help: &str) {
        let mut misspelt = self.misspelt.borrow().clone().into_iter();
        if !misspelt.any(|(other, taken_for)| other == map && taken_for == key) {
            let message = format!("missing key `{key}`{help}");
            self.log.report(self.tree.site(map), message);
        }
    }

    /// Reports what came up to this node.
    pub(super) fn failed(&self, id: Id, failure: Failure) -> Failure {
        let gap = match failure {
            Failure::Reported => return Failure::Reported,
            Failure::Missing(key) => {
                self.missing_key(id, key, "");
                Gap::Key(id, key)
            }
            Failure::Said(message) => {
                self.said(id, message);
                Gap::Value(id)
            }
        };
        let mut gaps = self.gaps.borrow_mut();
        if !gaps.contains(&gap) {
            gaps.push(gap);
        }
        Failure::Reported
    }

    /// Reports what a type or a source says of a value, unless it repeats the value.
    pub fn said(&self, id: Id, message: String) {
        if self.draft && self.tree.has_template(id) {
            return;
        }
        let repeats = |text: &str| text.len() >= 4 && message.contains(text);
        let mut hidden = self.log.guard().is_some_and(|guard| guard.hides(&message))
            || message.split('`').skip(1).step_by(2).any(opaque);
        self.tree
            .each_scalar(id, &mut |scalar, Scalar { text, .. }| {
                let filled = self
                    .scope
                    .and_then(|scope| scope.fill(self.tree, scalar, self.log));
                hidden |= repeats(text) || filled.is_some_and(|text| repeats(&text));
            });
        let message = if hidden {
            "is not accepted here".to_owned()
        } else {
            message
        };
        self.log.report(self.tree.site(id), message);
    }

    pub(super) fn is_gap(&self, id: Id) -> bool {
        self.gaps.borrow().contains(&Gap::Value(id))
    }

    /// A key of a map that is missing and was reported, counted from 0.
    pub(super) fn missing(&self, map: Id, index: usize) -> Option<&'static str> {
        self.gaps
            .borrow()
            .iter()
            .filter_map(|gap| match gap {
                Gap::Key(id, key) if *id == map => Some(*key),
                Gap::Key(..) | Gap::Value(_) => None,
            })
            .nth(index)
    }
}

/// What stands there, without saying what.
pub(super) fn found(tree: &Tree, id: Id) -> &'static str {
    match tree.kind(id) {
        Kind::Sequence(_) => "a list",
        Kind::Mapping(_) => "a map",
        Kind::Scalar(scalar) if scalar.is_null() => "nothing",
        Kind::Scalar(Scalar { plain: false, .. }) => "a string",
        Kind::Scalar(Scalar { text, .. }) => {
            if matches!(text, "true" | "false") {
                "true or false"
            } else if text.parse::<f64>().is_ok() {
                "a number"
            } else {
                "a string"
            }
        }
    }
}
