//! What happens to the characters of a key itself, told from the bytes.

use super::damage::Damage;
use super::forms::{SLIPPED_IN, TYPED, Tier};
use super::spaced;
use super::wraps::{MAX_EDITED, MIN_KEY};

const MOST_IN_A_CHARACTER: usize = 4;

/// Whether only the forms count that are searched by fingerprint, or all that a value shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    ByFingerprint,
    ByValue,
}

/// The first form of this key that the bytes are, of those that change the key itself.
pub(super) fn edit(key: &[u8], bytes: &[u8], shown: Shown) -> Option<(Tier, Damage)> {
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
        if key.eq_ignore_ascii_case(bytes)
            && (shown == Shown::ByValue || is_searched_case(key, bytes))
        {
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
    one_character(key, bytes, shown)
}

/// Whether the case is changed in one letter, or all of it is the same.
fn is_searched_case(key: &[u8], bytes: &[u8]) -> bool {
    let is = |turned: fn(&u8) -> u8| key.iter().map(turned).eq(bytes.iter().copied());
    let different = key.iter().zip(bytes).filter(|(key, byte)| key != byte);
    different.take(2).count() == 1 || is(u8::to_ascii_uppercase) || is(u8::to_ascii_lowercase)
}

/// Whether one character makes the difference, which may take more than one byte.
fn one_character(key: &[u8], bytes: &[u8], shown: Shown) -> Option<(Tier, Damage)> {
    if bytes.len().abs_diff(key.len()) > MOST_IN_A_CHARACTER {
        return None;
    }
    let (before, lost, new) = difference(key, bytes);
    if shown == Shown::ByFingerprint {
        return match (lost, new) {
            ([], [new]) if SLIPPED_IN.contains(new) => Some((Tier::Added, Damage::CharacterAdded)),
            ([_], []) => Some((Tier::Missing, Damage::CharacterMissing)),
            ([_], [new]) if TYPED.contains(new) => Some((Tier::Changed, Damage::CharacterChanged)),
            _ => None,
        };
    }
    if lost.is_empty() {
        // Where it slipped in may look shifted, when it starts like what comes after it.
        let mut slipped_in = (before.saturating_sub(new.len())..=before)
            .filter_map(|at| {
                Some((
                    key.split_at_checked(at)?,
                    bytes.get(at..at + new.len())?,
                    at,
                ))
            })
            .filter(|((start, end), new, at)| {
                bytes.starts_with(start) && bytes.get(at + new.len()..) == Some(end)
            })
            .map(|(_, new, _)| new)
            .collect::<Vec<_>>()
            .into_iter();
        if slipped_in.clone().any(spaced::is_blank) {
            return Some((Tier::Spaced, Damage::WhitespaceInside));
        }
        return slipped_in
            .any(is_character)
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
