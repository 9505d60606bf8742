use std::collections::BTreeSet;
use std::ops::Range;

use super::damage::Damage;
use super::terminal::{PASTES, within_escapes};
use super::utf16::MARKS;
use super::wraps::{
    BEARER, BLANKS, BYTE_ORDER_MARK, EXPORT, NO_BREAK_SPACES, PUNCTUATION, QUOTES, SMART_QUOTES,
    STRAIGHT_QUOTES, ZERO_WIDTH, trailing,
};

/// How many members of a run may belong to the key itself: unusual, but it must not hide the key.
const OWN: usize = 8;

/// Every single layer these bytes may be wrapped in, in declared order, and where the rest stands.
pub(super) fn peels(bytes: &[u8]) -> Vec<(Damage, Range<usize>)> {
    let mut peels = Peels {
        bytes,
        found: Vec::new(),
    };
    peels.run_before(Damage::LeadingWhitespace, &BLANKS);
    peels.run_after(trailing, &BLANKS);
    peels.before(Damage::ByteOrderMark, BYTE_ORDER_MARK);
    let [spaces @ .., _] = &ZERO_WIDTH;
    peels.run_before(Damage::ZeroWidthCharacter, spaces);
    peels.run_after(|_| Damage::ZeroWidthCharacter, &ZERO_WIDTH);
    peels.run_before(Damage::NoBreakSpace, &NO_BREAK_SPACES);
    peels.run_after(|_| Damage::NoBreakSpace, &NO_BREAK_SPACES);
    for (damage, quote) in STRAIGHT_QUOTES {
        peels.around(damage, quote.as_bytes(), quote.as_bytes());
    }
    for (open, close) in SMART_QUOTES {
        peels.around(Damage::SmartQuotes, open.as_bytes(), close.as_bytes());
    }
    for quote in QUOTES {
        peels.before(Damage::UnbalancedQuote, quote.as_bytes());
        peels.after(Damage::UnbalancedQuote, quote.as_bytes());
    }
    if let Some((_, start)) = variable_prefix(bytes) {
        peels.keep(Damage::VariablePrefix, start..bytes.len());
    }
    if let Some((start, _)) = bytes.split_at_checked(BEARER.len())
        && start.eq_ignore_ascii_case(BEARER.as_bytes())
    {
        peels.keep(Damage::BearerPrefix, BEARER.len()..bytes.len());
    }
    for text in PUNCTUATION {
        peels.after(Damage::TrailingPunctuation, text.as_bytes());
    }
    for (before, after) in PASTES {
        peels.around(Damage::BracketedPaste, before.as_bytes(), after.as_bytes());
        peels.before(Damage::BracketedPaste, before.as_bytes());
        peels.after(Damage::BracketedPaste, after.as_bytes());
    }
    if let Some(rest) = within_escapes(bytes) {
        peels.keep(Damage::TerminalEscapes, rest);
    }
    for mark in MARKS {
        peels.before(Damage::Utf16, mark);
    }
    peels.found.sort_by_key(|(damage, _)| *damage);
    peels.found
}

/// The name and the length of a `NAME=`, `export NAME=` or `NAME: ` that these bytes start with.
/// A name before a colon may be a header's, with dashes in it.
pub(super) fn variable_prefix(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let rest = bytes.strip_prefix(EXPORT.as_bytes()).unwrap_or(bytes);
    let exported = rest.len() < bytes.len();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let in_name = |byte: &u8| is_name(byte) || *byte == b'-';
    let end = rest.iter().position(|byte| !in_name(byte))?;
    let (name, sign) = rest.split_at(end);
    let starts_well = name
        .first()
        .is_some_and(|byte| !byte.is_ascii_digit() && *byte != b'-');
    let sign_len = match sign {
        [b'=', ..] if name.iter().all(is_name) => 1,
        [b':', b' ', ..] if !exported => 2,
        _ => return None,
    };
    starts_well.then_some((name, bytes.len() - sign.len() + sign_len))
}

struct Peels<'b> {
    bytes: &'b [u8],
    found: Vec<(Damage, Range<usize>)>,
}

impl Peels<'_> {
    fn keep(&mut self, damage: Damage, rest: Range<usize>) {
        self.found.push((damage, rest));
    }

    fn before(&mut self, damage: Damage, text: &[u8]) {
        if self.bytes.starts_with(text) {
            self.keep(damage, text.len()..self.bytes.len());
        }
    }

    fn after(&mut self, damage: Damage, text: &[u8]) {
        if self.bytes.ends_with(text) {
            self.keep(damage, 0..self.bytes.len() - text.len());
        }
    }

    fn around(&mut self, damage: Damage, open: &[u8], close: &[u8]) {
        let (start, end) = (open.len(), self.bytes.len().saturating_sub(close.len()));
        if start <= end && self.bytes.starts_with(open) && self.bytes.ends_with(close) {
            self.keep(damage, start..end);
        }
    }

    fn run_before(&mut self, damage: Damage, members: &[&[u8]]) {
        let len = self.bytes.len();
        let run = runs(|at| {
            let rest = &self.bytes[at..];
            members
                .iter()
                .filter(move |member| rest.starts_with(member))
        });
        for start in run {
            self.keep(damage, start..len);
        }
    }

    fn run_after(&mut self, damage: fn(&[u8]) -> Damage, members: &[&[u8]]) {
        let len = self.bytes.len();
        let run = runs(|at| {
            let rest = &self.bytes[..len - at];
            members.iter().filter(move |member| rest.ends_with(member))
        });
        for end in run.into_iter().map(|lost| len - lost) {
            self.keep(damage(&self.bytes[end..]), 0..end);
        }
    }
}

/// How many bytes a run takes: first as a whole, then without what the key itself may start or end
/// with. `next` gives the members that follow after so many bytes. There can be two, since the last
/// byte of a no-break space in UTF-8 is one in Latin-1.
fn runs<'m, I: Iterator<Item = &'m &'m [u8]>>(next: impl Fn(usize) -> I) -> Vec<usize> {
    if next(0).next().is_none() {
        return Vec::new();
    }
    let mut reached = BTreeSet::from([0]);
    let mut last = None;
    while let Some(&at) = reached.range(last.map_or(0, |last| last + 1)..).next() {
        reached.extend(next(at).map(|member| at + member.len()));
        last = Some(at);
    }
    reached.remove(&0);
    reached.into_iter().rev().take(OWN + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peeled(text: &str) -> Vec<(Damage, &str)> {
        peels(text.as_bytes())
            .into_iter()
            .map(|(damage, rest)| (damage, &text[rest]))
            .collect()
    }

    #[test]
    fn every_layer_is_seen_the_whole_run_first() {
        for (text, expected) in [
            ("key", vec![]),
            (
                "  key",
                vec![
                    (Damage::LeadingWhitespace, "key"),
                    (Damage::LeadingWhitespace, " key"),
                ],
            ),
            (
                "key\r\n",
                vec![
                    (Damage::TrailingNewline, "key\r"),
                    (Damage::TrailingCrlf, "key"),
                ],
            ),
            ("\u{feff}key", vec![(Damage::ByteOrderMark, "key")]),
            ("key\u{feff}", vec![(Damage::ZeroWidthCharacter, "key")]),
            ("\u{a0}key", vec![(Damage::NoBreakSpace, "key")]),
            (
                "\"key\"",
                vec![
                    (Damage::DoubleQuotes, "key"),
                    (Damage::UnbalancedQuote, "key\""),
                    (Damage::UnbalancedQuote, "\"key"),
                ],
            ),
            ("bEARER key", vec![(Damage::BearerPrefix, "key")]),
            ("key;", vec![(Damage::TrailingPunctuation, "key")]),
        ] {
            assert_eq!(peeled(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_last_byte_of_a_no_break_space_may_be_one_of_its_own() {
        let ends: Vec<_> = peels(b"key\xc2\xa0")
            .into_iter()
            .map(|(_, rest)| rest.end)
            .collect();
        assert_eq!(ends, [3, 4]);
    }

    #[test]
    fn a_long_run_is_one_layer() {
        let text = format!("key{}", " ".repeat(10_000));
        let found = peeled(&text);
        assert_eq!(found[0], (Damage::TrailingWhitespace, "key"));
        assert_eq!(found.len(), OWN + 1);
    }

    #[test]
    fn variables_and_headers_are_told_from_keys() {
        for (text, name) in [
            ("ALLSTAK_API_KEY=key", Some("ALLSTAK_API_KEY")),
            ("export KEY=key", Some("KEY")),
            ("_k1: key", Some("_k1")),
            ("X-AllStak-Key: key", Some("X-AllStak-Key")),
            ("export KEY: key", None),
            ("a-b=key", None),
            ("1A=key", None),
            ("user:password", None),
            ("=key", None),
            ("export =key", None),
            ("ask_live_1", None),
            ("", None),
        ] {
            let found = variable_prefix(text.as_bytes());
            assert_eq!(
                found.map(|found| found.0),
                name.map(str::as_bytes),
                "{text}"
            );
            assert!(found.is_none_or(|(_, len)| &text[len..] == "key"));
        }
    }
}
