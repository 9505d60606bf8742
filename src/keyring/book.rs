use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::damage::Damage;
use super::format::Format;
use super::known::{Explanation, KeyId, Known, ProjectId, prefix};
use super::lookup::Lookup;
use super::wire::Wire;
use super::{rewritten, spaced};
use crate::key::{Fingerprint, Secret};

/// The keys of one project, under names that never change.
#[derive(Default)]
struct Book {
    /// By their index.
    known: Vec<Option<Known>>,
    /// How many keys each previous one is behind the latest of them, by when they were learned of. As it
    /// was learned of, where nothing was said.
    ages: Vec<u32>,
    /// The variables that this project's keys are deployed in.
    names: Box<[Arc<str>]>,
    /// Whether it is known what they look like.
    formatted: bool,
}

/// Every key known: current, next and previous of every project and environment, each project's in a book
/// of its own. It grows while an audit learns of keys, and nothing that was made of the others is made
/// again.
#[derive(Default)]
pub struct Keyring {
    books: Vec<Book>,
    /// By the first 8 digits, which every fingerprint has.
    by_prefix: HashMap<u32, Vec<KeyId>>,
    /// One key for each value, however many keys share it; `None` for what is known no longer.
    values: Vec<Option<KeyId>>,
    /// Places of those values that look like something else to some program, or have blanks of their own.
    rewritable: Vec<usize>,
    /// Each once.
    formats: Vec<Arc<Format>>,
    /// Made when it is needed, and kept up afterwards.
    lookup: OnceLock<Lookup>,
}

impl Keyring {
    /// Takes over known keys, and for each project the name of the variable that its keys are deployed in,
    /// as far as there is one: a `NAME=` that was stored with a key is found from a fingerprint only for
    /// the names of the project that asks.
    #[must_use]
    pub fn new(known: Vec<Known>, variables: &[&str]) -> Self {
        let mut ring = Self::default();
        for (variable, project) in variables.iter().zip(0..) {
            ring.name(ProjectId(project), [Arc::from(*variable)]);
        }
        for key in known {
            ring.add(key);
        }
        ring
    }

    /// The same, knowing what the keys of each project look like, as far as they have a format: parts
    /// of a value that fit one are compared with the keys of which only the fingerprint is known.
    #[must_use]
    pub fn with_formats<'f>(
        mut self,
        formats: impl IntoIterator<Item = Option<&'f Arc<Format>>>,
    ) -> Self {
        for (format, project) in formats.into_iter().zip(0..) {
            let Some(format) = format else { continue };
            self.book(ProjectId(project)).formatted = true;
            if !self.formats.iter().any(|known| Arc::ptr_eq(known, format)) {
                self.formats.push(Arc::clone(format));
            }
        }
        self
    }

    /// Says in which variables a project's keys are deployed.
    pub fn name(&mut self, project: ProjectId, names: impl IntoIterator<Item = Arc<str>>) {
        let mut names: Vec<_> = names.into_iter().collect();
        names.sort_unstable();
        names.dedup();
        self.book(project).names = names.into();
    }

    /// Takes one more key in. What had its name before is known no longer.
    pub fn add(&mut self, key: Known) {
        let id = key.id();
        self.forget(id);
        let place = self.place_for(&key);
        let same = self
            .by_prefix
            .entry(prefix(&key.fingerprint()))
            .or_default();
        same.push(id);
        let book = self.book(id.project);
        let formatted = book.formatted;
        if book.known.len() <= id.index() {
            book.known.resize_with(id.index() + 1, || None);
        }
        if let Some(lookup) = self.lookup.get_mut() {
            lookup.add(&key, place, formatted);
        }
        if let Some(slot) = self.book(id.project).known.get_mut(id.index()) {
            *slot = Some(key);
        }
    }

    /// Takes one more previous key of a project in, and names it.
    pub fn learn(&mut self, project: ProjectId, key: impl FnOnce(KeyId) -> Known) -> KeyId {
        let first = KeyId::previous(project, 0).index();
        let known = self.book(project).known.len().max(first) - first;
        let id = KeyId::previous(project, u32::try_from(known).unwrap_or(u32::MAX));
        self.add(key(id));
        id
    }

    /// Takes a key in by its bytes that was known by its fingerprint alone.
    pub fn reveal(&mut self, id: KeyId, secret: Secret) {
        if self.get(id).is_none_or(|known| known.secret().is_none()) {
            self.add(Known::by_value(id, secret));
        }
    }

    /// Forgets a key: nothing is compared with it anymore.
    pub fn forget(&mut self, id: KeyId) {
        let book = self.books.get_mut(id.project.0 as usize);
        let slot = book.and_then(|book| book.known.get_mut(id.index()));
        let Some(gone) = slot.and_then(Option::take) else {
            return;
        };
        if let Some(same) = self.by_prefix.get_mut(&prefix(&gone.fingerprint())) {
            same.retain(|other| *other != id);
        }
        if gone.secret().is_some()
            && let Some(place) = self.values.iter().position(|value| *value == Some(id))
        {
            let fingerprint = gone.fingerprint();
            let mut others = self.agreeing(&fingerprint);
            let other = others.find(|other| is_same_value(other, &gone));
            let other = other.map(Known::id);
            drop(others);
            if let Some(value) = self.values.get_mut(place) {
                *value = other;
            }
        }
        if let Some(lookup) = self.lookup.get_mut() {
            lookup.forget(&gone);
        }
    }

    /// Says in which order a project's previous keys followed each other, the latest first.
    pub fn order(&mut self, project: ProjectId, keys: impl IntoIterator<Item = KeyId>) {
        let ages = &mut self.book(project).ages;
        for (key, age) in keys.into_iter().zip(0..) {
            let Some(nth) = key.nth().map(|nth| nth as usize) else {
                continue;
            };
            for unsaid in ages.len()..=nth {
                ages.push(u32::try_from(unsaid).unwrap_or(u32::MAX));
            }
            ages[nth] = age;
        }
    }

    /// One key.
    #[must_use]
    pub fn get(&self, id: KeyId) -> Option<&Known> {
        let book = self.books.get(id.project.0 as usize)?;
        book.known.get(id.index())?.as_ref()
    }

    /// Every key, project by project.
    pub fn known(&self) -> impl Iterator<Item = &Known> {
        let books = self.books.iter();
        books.flat_map(|book| book.known.iter().flatten())
    }

    /// The keys that this is without any damage, by all the digits that both sides have. `own` is
    /// the project that asks.
    #[must_use]
    pub fn exact(&self, own: ProjectId, fingerprint: &Fingerprint) -> Option<Explanation> {
        self.explanation(own, [fingerprint], &[])
    }

    /// Whether keys with this fingerprint are known by value, and none of them has so many bytes.
    #[must_use]
    pub fn contradicts(&self, fingerprint: &Fingerprint, length: u64) -> bool {
        let with_value = self.agreeing(fingerprint).filter_map(Known::secret);
        let mut lengths = with_value.map(|secret| secret.len() as u64).peekable();
        lengths.peek().is_some() && lengths.all(|known| known != length)
    }

    /// Whether nobody saw what has this fingerprint, which was only told.
    #[must_use]
    pub fn is_hearsay(&self, fingerprint: &Fingerprint) -> bool {
        self.agreeing(fingerprint).all(|key| key.secret().is_none())
    }

    /// The bytes of a key with this fingerprint, where they are at hand.
    #[must_use]
    pub fn secret_of(&self, fingerprint: &Fingerprint) -> Option<&Secret> {
        self.agreeing(fingerprint).find_map(Known::secret)
    }

    /// The variables that a project's keys are deployed in.
    pub(super) fn names(&self, project: ProjectId) -> &[Arc<str>] {
        let book = self.books.get(project.0 as usize);
        book.map_or(&[], |book| &book.names)
    }

    /// What keys look like: every format, each once.
    pub(super) fn formats(&self) -> &[Arc<Format>] {
        &self.formats
    }

    /// What a search inside values goes by.
    pub(super) fn lookup(&self) -> &Lookup {
        self.lookup.get_or_init(|| {
            let mut lookup = Lookup::default();
            for (place, value) in self.values.iter().enumerate() {
                if let Some(secret) = value.and_then(|id| self.get(id)?.secret()) {
                    lookup.grams.add(place, secret.expose());
                }
            }
            for key in self.known() {
                lookup.add(key, None, self.is_formatted(key.id().project));
            }
            lookup
        })
    }

    /// One of [`Self::values`], by its place among them.
    pub(super) fn value_at(&self, place: usize) -> Option<(&[u8], &Fingerprint)> {
        self.value_of((*self.values.get(place)?)?)
    }

    /// The distinct values at hand.
    pub(super) fn values(&self) -> impl Iterator<Item = (&[u8], &Fingerprint)> + Clone {
        let values = self.values.iter().flatten();
        values.filter_map(|&id| self.value_of(id))
    }

    /// How many places for values there are.
    pub(super) fn places(&self) -> usize {
        self.values.len()
    }

    /// Those of the values that look like something else to some program, or have blanks of their own.
    pub(super) fn rewritable(&self) -> impl Iterator<Item = (&[u8], &Fingerprint)> + Clone {
        let places = self.rewritable.iter();
        places.filter_map(|&place| self.value_at(place))
    }

    /// Whether any known key agrees with this.
    #[must_use]
    pub fn knows(&self, fingerprint: &Fingerprint) -> bool {
        self.agreeing(fingerprint).next().is_some()
    }

    /// Names the keys with these fingerprints, best first; `None` when there are none.
    pub(super) fn explanation<'f>(
        &self,
        own: ProjectId,
        fingerprints: impl IntoIterator<Item = &'f Fingerprint>,
        damage: &[Damage],
    ) -> Option<Explanation> {
        let mut keys: Vec<_> = fingerprints
            .into_iter()
            .flat_map(|fingerprint| self.agreeing(fingerprint))
            .map(Known::id)
            .collect();
        let name = |key: &KeyId| (key.project != own, key.role(), self.age(*key), key.project);
        keys.sort_unstable_by_key(|key| (name(key), *key));
        keys.dedup_by_key(|key| name(key));
        (!keys.is_empty()).then(|| Explanation {
            keys,
            damage: damage.into(),
            inside: None,
            wire: Wire::default(),
        })
    }

    pub(super) fn agreeing(&self, fingerprint: &Fingerprint) -> impl Iterator<Item = &Known> {
        self.by_prefix
            .get(&prefix(fingerprint))
            .into_iter()
            .flatten()
            .filter_map(|&id| self.get(id))
            .filter(move |key| key.fingerprint().agrees(fingerprint))
    }

    /// How many keys a previous one is behind the latest of them.
    fn age(&self, key: KeyId) -> u32 {
        let nth = key.nth().unwrap_or_default();
        let book = self.books.get(key.project.0 as usize);
        let said = book.and_then(|book| book.ages.get(nth as usize));
        said.copied().unwrap_or(nth)
    }

    /// The place for the value of a key that is about to be added, where it has one that is new.
    fn place_for(&mut self, key: &Known) -> Option<usize> {
        let bytes = key.secret()?.expose();
        let fingerprint = key.fingerprint();
        let mut others = self.agreeing(&fingerprint);
        if others.any(|other| is_same_value(other, key)) {
            return None;
        }
        drop(others);
        let place = self.values.len();
        self.values.push(Some(key.id()));
        if rewritten::applies_to(bytes) || spaced::removed(bytes).is_some() {
            self.rewritable.push(place);
        }
        Some(place)
    }

    fn value_of(&self, id: KeyId) -> Option<(&[u8], &Fingerprint)> {
        self.get(id)?.value()
    }

    fn is_formatted(&self, project: ProjectId) -> bool {
        let book = self.books.get(project.0 as usize);
        book.is_some_and(|book| book.formatted)
    }

    fn book(&mut self, project: ProjectId) -> &mut Book {
        let index = project.0 as usize;
        if self.books.len() <= index {
            self.books.resize_with(index + 1, Book::default);
        }
        &mut self.books[index]
    }
}

fn is_same_value(one: &Known, other: &Known) -> bool {
    one.secret().is_some() && one.fingerprint() == other.fingerprint()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Digits;

    fn value(id: KeyId, bytes: &str) -> Known {
        Known::by_value(id, Secret::copied(bytes.as_bytes()))
    }

    fn short(id: KeyId, bytes: &str, digits: u8) -> Known {
        let digits = Digits::new(digits).unwrap();
        Known::by_fingerprint(id, Fingerprint::of(bytes.as_bytes()).cut(digits))
    }

    #[test]
    fn exact_matches_use_the_digits_both_sides_have() {
        let ring = Keyring::new(
            vec![
                value(KeyId::current(ProjectId(0)), "current-key"),
                short(KeyId::previous(ProjectId(0), 0), "previous-key", 9),
            ],
            &[],
        );
        let whole = Fingerprint::of(b"previous-key");
        let found = ring.exact(ProjectId(0), &whole).unwrap();
        assert_eq!(found.keys, [KeyId::previous(ProjectId(0), 0)]);
        assert!(found.damage.is_empty());
        let cut = Fingerprint::of(b"current-key").cut(Digits::MIN);
        assert_eq!(
            ring.exact(ProjectId(0), &cut).unwrap().keys,
            [KeyId::current(ProjectId(0))]
        );
        assert_eq!(ring.exact(ProjectId(0), &Fingerprint::of(b"other")), None);
    }

    #[test]
    fn own_keys_come_first_then_others_by_role() {
        let ring = Keyring::new(
            vec![
                value(KeyId::previous(ProjectId(2), 0), "shared"),
                value(KeyId::previous(ProjectId(1), 1), "shared"),
                short(KeyId::current(ProjectId(3)), "shared", 12),
                value(KeyId::next(ProjectId(1)), "shared"),
                value(KeyId::current(ProjectId(0)), "shared"),
            ],
            &[],
        );
        let found = ring
            .exact(ProjectId(1), &Fingerprint::of(b"shared"))
            .unwrap();
        assert_eq!(
            found.keys,
            [
                KeyId::next(ProjectId(1)),
                KeyId::previous(ProjectId(1), 1),
                KeyId::current(ProjectId(0)),
                KeyId::current(ProjectId(3)),
                KeyId::previous(ProjectId(2), 0),
            ]
        );
    }

    #[test]
    fn the_order_of_previous_keys_may_change_and_their_names_do_not() {
        let own = ProjectId(0);
        let mut ring = Keyring::new(vec![short(KeyId::previous(own, 0), "same", 12)], &[]);
        let learned = |text: &'static str| move |id| short(id, text, 12);
        let second = ring.learn(own, learned("same"));
        let third = ring.learn(own, learned("same"));
        let named = |ring: &Keyring| ring.exact(own, &Fingerprint::of(b"same")).unwrap().keys;
        let first = KeyId::previous(own, 0);
        assert_eq!(named(&ring), [first, second, third]);
        ring.order(own, [third, first, second]);
        assert_eq!(named(&ring), [third, first, second]);
    }

    #[test]
    fn a_value_that_one_key_gives_up_is_still_found_by_another() {
        let [own, other] = [0, 1].map(ProjectId);
        let [current, next] = [KeyId::current(own), KeyId::next(other)];
        let mut ring = Keyring::new(
            vec![value(current, "shared-value"), value(next, "shared-value")],
            &[],
        );
        let found = |ring: &Keyring| {
            let texts = ["\"shared-value\"", "a,shared-value,b"];
            texts.map(|text| {
                ring.explain_value(own, text.as_bytes())
                    .map(|found| found.keys)
            })
        };
        assert_eq!(
            found(&ring),
            [Some(vec![current, next]), Some(vec![current, next])]
        );
        ring.forget(current);
        assert_eq!(found(&ring), [Some(vec![next]), Some(vec![next])]);
        ring.forget(next);
        assert_eq!(found(&ring), [None, None]);
        ring.add(value(current, "shared-value"));
        assert_eq!(found(&ring), [Some(vec![current]), Some(vec![current])]);
        // What was only told is searched for in values as soon as it is shown.
        let told = ring.learn(own, |id| short(id, "another-value", 12));
        ring.reveal(told, Secret::copied(b"another-value"));
        let inside = ring.explain_value(own, b"x=another-value,").unwrap();
        assert_eq!(inside.keys, [told]);
    }
}
