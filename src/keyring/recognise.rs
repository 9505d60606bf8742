use super::damage::Damage;
use super::forms::Tier;
use super::known::{Explanation, Keyring, ProjectId};
use super::tables::BETWEEN;
use super::unravel::{Rest, Unravelled, is_encoding};
use super::wraps::{MAX_EDITED, MIN_KEY};
use super::{rewritten, spaced};
use crate::key::Fingerprint;

const MOST_IN_A_CHARACTER: usize = 4;

impl Keyring {
    /// Which known key a value is, damaged or not, or which ones it holds. `own` is the project that
    /// asks.
    ///
    /// It finds every form the search finds and names it alike, and beyond these up to six layers
    /// of wrapping and encoding with any of the other forms within, and every key inside a larger
    /// value. A key of which only the fingerprint is known is recognised wherever the form can be
    /// undone.
    #[must_use]
    pub fn explain_value(&self, own: ProjectId, value: &[u8]) -> Option<Explanation> {
        self.look_into(own, value).explanation
    }

    /// Which known key a whole value is, damaged or not.
    pub(super) fn explain_whole(&self, own: ProjectId, value: &[u8]) -> Option<Explanation> {
        let whole = Fingerprint::of(value);
        if let Some(exact) = self.exact(own, &whole) {
            return Some(exact);
        }
        let unravelled = Unravelled::new(value);
        let under = |reach| {
            let rests = unravelled.rests().skip(1);
            rests.filter(move |(rest, _)| Reach::of(&rest.layers) == reach)
        };
        self.wrapped(own, under(Reach::Wrapped))
            .or_else(|| self.wrapped(own, under(Reach::Encoded)))
            .or_else(|| self.edited(own, &[], value))
            .or_else(|| self.wrapped(own, under(Reach::Deeper)))
            .or_else(|| {
                let mut rests = unravelled.rests().skip(1);
                rests.find_map(|(rest, bytes)| self.edited(own, &rest.layers, bytes))
            })
            .or_else(|| {
                let mut rests = unravelled.rests();
                rests.find_map(|(rest, bytes)| self.respaced(own, &rest.layers, bytes))
            })
    }

    /// By keys with blanks of their own that have others here, however many.
    fn respaced(&self, own: ProjectId, layers: &[Damage], bytes: &[u8]) -> Option<Explanation> {
        let found: Vec<_> = self
            .rewritable()
            .filter_map(|(key, print)| Some((rewritten::differ_in_blanks(key, bytes)?, print)))
            .collect();
        let (damage, _) = *found.first()?;
        let keys = found.iter().filter(|(other, _)| *other == damage);
        self.explanation(
            own,
            keys.map(|(_, print)| *print),
            &[layers, &[damage]].concat(),
        )
    }

    /// By what programs make of a key that looks like something else to them.
    fn rewritten(&self, own: ProjectId, layers: &[Damage], bytes: &[u8]) -> Option<Explanation> {
        let mut best = None;
        let mut keys = Vec::new();
        for (key, fingerprint) in self.rewritable() {
            let forms = rewritten::forms(key);
            let Some((damage, _)) = forms.iter().find(|(_, form)| **form == bytes) else {
                continue;
            };
            if best.is_none_or(|best| *damage < best) {
                keys.clear();
                best = Some(*damage);
            }
            if best == Some(*damage) {
                keys.push(*fingerprint);
            }
        }
        self.explanation(own, &keys, &[layers, &[best?]].concat())
    }

    /// By the first layers that have a known key under them.
    fn wrapped<'u>(
        &self,
        own: ProjectId,
        rests: impl Iterator<Item = (&'u Rest, &'u [u8])>,
    ) -> Option<Explanation> {
        let mut first: Option<&[Damage]> = None;
        let mut keys = Vec::new();
        for (rest, bytes) in rests {
            if first.is_none_or(|first| first == rest.layers) {
                let fingerprint = Fingerprint::of(bytes);
                if self.knows(&fingerprint) {
                    first = Some(&rest.layers);
                    keys.push(fingerprint);
                }
            }
        }
        self.explanation(own, &keys, first?)
    }

    /// By every other form, under these layers.
    fn edited(&self, own: ProjectId, layers: &[Damage], bytes: &[u8]) -> Option<Explanation> {
        // Where blanks were taken out to look under them, none can be lost.
        let respaced = layers.last() == Some(&Damage::WhitespaceInside);
        let rewritten = (!respaced).then(|| self.rewritten(own, layers, bytes));
        if let Some(rewritten @ Some(_)) = rewritten {
            return rewritten;
        }
        let doubled = halves(bytes)
            .map(Fingerprint::of)
            .filter(|half| self.knows(half));
        let mut keys: Vec<_> = doubled.collect();
        let mut best = (!keys.is_empty()).then_some((Tier::Doubled, Damage::Doubled));
        if best.is_none() {
            for (key, fingerprint) in self.values() {
                let Some(fit) = edit(key, bytes) else {
                    continue;
                };
                if best.is_none_or(|best| fit < best) {
                    keys.clear();
                    best = Some(fit);
                }
                if best == Some(fit) {
                    keys.push(*fingerprint);
                }
            }
        }
        let (_, damage) = best?;
        self.explanation(own, &keys, &[layers, &[damage]].concat())
    }
}

/// Layers by whether a fingerprint under them would be found too. What only a value shows comes
/// after all that, so that a value and its fingerprint have one name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Wrapped,
    Encoded,
    Deeper,
}

impl Reach {
    fn of(layers: &[Damage]) -> Self {
        let encodings = layers.iter().filter(|damage| is_encoding(**damage)).count();
        match (encodings, layers.len()) {
            (0, ..=2) => Self::Wrapped,
            (1, ..=3) | (2, ..=5) => Self::Encoded,
            _ => Self::Deeper,
        }
    }
}

/// What these bytes are twice.
fn halves(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    BETWEEN.into_iter().filter_map(move |between| {
        let twice = bytes.len().checked_sub(between.len())?;
        let (half, rest) = bytes.split_at(twice / 2);
        (half.len() >= MIN_KEY && rest.strip_prefix(between)? == half).then_some(half)
    })
}

/// The first form of this key that the bytes are, of those that change the key itself.
fn edit(key: &[u8], bytes: &[u8]) -> Option<(Tier, Damage)> {
    if !(MIN_KEY..=MAX_EDITED).contains(&key.len()) {
        return None;
    }
    if bytes.len() < key.len() && bytes.len() * 2 >= key.len() {
        if key.ends_with(bytes) {
            return Some((Tier::Truncated, Damage::TruncatedStart));
        }
        if key.starts_with(bytes) {
            return Some((Tier::Truncated, Damage::TruncatedEnd));
        }
    }
    if bytes.len() == key.len() {
        if key.eq_ignore_ascii_case(bytes) {
            return Some((Tier::CaseChanged, Damage::CaseChanged));
        }
        let mut different = key.iter().zip(bytes).filter(|(key, byte)| key != byte);
        let first = [different.next(), different.next(), different.next()];
        if let [Some(one), Some(other), None] = first
            && one == (other.1, other.0)
        {
            return Some((Tier::Swapped, Damage::CharactersSwapped));
        }
    }
    one_character(key, bytes)
}

/// Whether one character makes the difference, which may take more than one byte.
fn one_character(key: &[u8], bytes: &[u8]) -> Option<(Tier, Damage)> {
    if bytes.len().abs_diff(key.len()) > MOST_IN_A_CHARACTER {
        return None;
    }
    let (before, lost, new) = difference(key, bytes);
    if lost.is_empty() {
        // Where it slipped in may look shifted, when it starts like what comes after it.
        let places = before.saturating_sub(new.len())..=before;
        let slipped_in: Vec<_> = places
            .filter_map(|at| bytes.get(at..at + new.len()).zip(bytes.get(..at)))
            .filter(|(_, before)| key.starts_with(before))
            .map(|(new, _)| new)
            .collect();
        if slipped_in.iter().any(|new| spaced::is_blank(new)) {
            return Some((Tier::Spaced, Damage::WhitespaceInside));
        }
        return slipped_in
            .iter()
            .any(|new| is_character(new))
            .then_some((Tier::Added, Damage::CharacterAdded));
    }
    match (is_character(lost), is_character(new)) {
        (true, _) if new.is_empty() => Some((Tier::Missing, Damage::CharacterMissing)),
        (true, true) => Some((Tier::Changed, Damage::CharacterChanged)),
        _ => None,
    }
}

/// How many bytes the two start with in common, and what is between that and their common end.
fn difference<'b>(key: &'b [u8], bytes: &'b [u8]) -> (usize, &'b [u8], &'b [u8]) {
    let before = key.iter().zip(bytes).take_while(|(a, b)| a == b).count();
    let (key, bytes) = (&key[before..], &bytes[before..]);
    let ends = key.iter().rev().zip(bytes.iter().rev());
    let after = ends.take_while(|(a, b)| a == b).count();
    (
        before,
        &key[..key.len() - after],
        &bytes[..bytes.len() - after],
    )
}

/// A byte, a line end, or a character of UTF-8.
fn is_character(bytes: &[u8]) -> bool {
    match bytes.len() {
        1 => true,
        2..=MOST_IN_A_CHARACTER => {
            bytes == b"\r\n"
                || std::str::from_utf8(bytes).is_ok_and(|text| text.chars().count() == 1)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use data_encoding::BASE64;
    use proptest::prelude::*;

    use super::*;
    use crate::key::{Digits, Secret};
    use crate::keyring::{KeyId, Known, Role};

    const KEY: &str = "ask_live_0123456789abcdefghijABCDEFGHIJxy";
    const OLD: &str = "ask_live_ZYXWVUTSRQPONMLKJIHGFEDCBA987654";

    fn id(project: u32, role: Role) -> KeyId {
        KeyId {
            project: ProjectId(project),
            role,
        }
    }

    fn value(project: u32, role: Role, key: &str) -> Known {
        Known::by_value(id(project, role), Secret::copied(key.as_bytes()))
    }

    /// The current key by value, the previous one by 12 digits.
    fn ring() -> Keyring {
        let old = Fingerprint::of(OLD.as_bytes()).cut(Digits::DEFAULT);
        Keyring::new(
            vec![
                value(0, Role::Current, KEY),
                Known::by_fingerprint(id(0, Role::Previous(0)), old),
            ],
            &["ALLSTAK_API_KEY"],
        )
    }

    fn explained(ring: &Keyring, value: impl AsRef<[u8]>) -> Option<(Vec<KeyId>, String)> {
        let found = ring.explain_value(ProjectId(0), value.as_ref())?;
        let names: Vec<_> = found.damage.iter().map(|damage| damage.name()).collect();
        Some((found.keys, names.join(" ")))
    }

    #[test]
    fn names_go_from_the_outermost_to_the_innermost_however_deep() {
        let base64 = BASE64.encode(format!("{KEY}\n").as_bytes());
        for (value, names) in [
            (KEY.to_owned(), ""),
            (format!("\"{KEY}\"\n"), "trailing-newline double-quotes"),
            (format!("\"{KEY}\n\""), "double-quotes trailing-newline"),
            (
                format!("{base64}\r\n"),
                "trailing-crlf base64 trailing-newline",
            ),
            (format!("“{KEY}"), "unbalanced-quote"),
            (format!("\"{KEY}'"), "unbalanced-quote unbalanced-quote"),
            (format!("\"\"{KEY}\""), "double-quotes unbalanced-quote"),
            (
                format!(" export ALLSTAK_API_KEY=\"Bearer {KEY}\";\n"),
                "leading-whitespace trailing-newline variable-prefix trailing-punctuation \
                 double-quotes bearer-prefix",
            ),
            (
                format!("Authorization: Bearer {KEY}"),
                "variable-prefix bearer-prefix",
            ),
            (
                format!("\"{}\"", KEY.to_lowercase()),
                "double-quotes case-changed",
            ),
            (format!("'{}'", &KEY[..30]), "single-quotes truncated-end"),
            (format!("{KEY}\\n"), "json-escaped trailing-newline"),
            (format!("{KEY}%0A"), "percent-encoded trailing-newline"),
            (KEY.replace('_', "-"), "none"),
            (KEY.replacen("live", "l\u{200b}ive", 1), "whitespace-inside"),
            (KEY.replacen('0', "ö", 1), "character-changed"),
            (KEY.replacen("01", "10", 1), "characters-swapped"),
            (KEY.replacen('5', "", 1), "character-missing"),
            (KEY[20..].to_owned(), "truncated-start"),
            (KEY[21..].to_owned(), "none"),
            (format!("{KEY}{KEY}"), "doubled"),
        ] {
            let expected =
                (names != "none").then(|| (vec![id(0, Role::Current)], names.to_owned()));
            assert_eq!(explained(&ring(), &value), expected, "{value:?}");
        }
    }

    #[test]
    fn a_key_known_by_fingerprint_is_recognised_where_the_form_can_be_undone() {
        for (value, names) in [
            (OLD.to_owned(), Some("")),
            (format!("{OLD}\n"), Some("trailing-newline")),
            (format!("'{OLD}'\r\n"), Some("trailing-crlf single-quotes")),
            (BASE64.encode(OLD.as_bytes()), Some("base64")),
            (format!("{OLD}\n{OLD}"), Some("doubled")),
            (OLD[1..].to_owned(), None),
        ] {
            let found = explained(&ring(), &value);
            let expected = names.map(|names| (vec![id(0, Role::Previous(0))], names.to_owned()));
            assert_eq!(found, expected, "{value:?}");
        }
    }

    #[test]
    fn the_first_form_over_all_keys_wins_and_every_key_it_fits_is_named() {
        // Cut short they are the same; the third is what the second is with one character changed.
        let ring = Keyring::new(
            vec![
                value(1, Role::Current, "shared-start-1111"),
                value(0, Role::Previous(1), "shared-start-2222"),
                value(0, Role::Next, "shared-start-2223"),
            ],
            &[],
        );
        let all = vec![
            id(0, Role::Next),
            id(0, Role::Previous(1)),
            id(1, Role::Current),
        ];
        assert_eq!(
            explained(&ring, "shared-start-"),
            Some((all, "truncated-end".to_owned()))
        );
        assert_eq!(
            explained(&ring, "shared-start-222"),
            Some((
                vec![id(0, Role::Next), id(0, Role::Previous(1))],
                "truncated-end".to_owned()
            ))
        );
        // A foreign key with a layer comes before an own one with a changed character.
        assert_eq!(
            explained(&ring, "shared-start-1111;"),
            Some((
                vec![id(1, Role::Current)],
                "trailing-punctuation".to_owned()
            ))
        );
        // Equal to a known key, it is no form of another.
        assert_eq!(
            explained(&ring, "shared-start-2223"),
            Some((vec![id(0, Role::Next)], String::new()))
        );
    }

    #[test]
    fn short_keys_match_exactly_or_not_at_all() {
        let ring = Keyring::new(
            vec![value(0, Role::Current, "seven77"), value(0, Role::Next, "")],
            &[],
        );
        assert!(explained(&ring, "seven77").is_some());
        assert!(explained(&ring, "").is_some());
        for form in [
            "seven77\n",
            "\"seven77\"",
            "seven7",
            " ",
            "\"\"",
            "seven77seven77",
        ] {
            assert_eq!(explained(&ring, form), None, "{form:?}");
        }
    }

    #[test]
    fn long_keys_are_recognised_when_wrapped_but_not_when_edited() {
        let long = KEY.repeat(20);
        let ring = Keyring::new(vec![value(0, Role::Current, &long)], &[]);
        let found = explained(&ring, format!("\"{long}\"\n")).unwrap();
        assert_eq!(found.1, "trailing-newline double-quotes");
        assert_eq!(explained(&ring, &long[1..]), None);
    }

    #[test]
    fn values_made_to_take_long_do_not() {
        let start = Instant::now();
        let ring = ring();
        for value in [
            "\"".repeat(100_000),
            " \"';".repeat(50_000),
            "\u{a0}".repeat(50_000),
            "A=".repeat(50_000),
            "\\\\".repeat(50_000),
            "%25".repeat(20_000),
            BASE64.encode(BASE64.encode(&[b'A'; 30_000]).as_bytes()),
        ] {
            assert_eq!(explained(&ring, value), None);
        }
        assert!(start.elapsed() < Duration::from_secs(20));
    }

    proptest! {
        #[test]
        fn takes_anything(value in prop::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(explained(&ring(), value), None);
        }
    }
}
