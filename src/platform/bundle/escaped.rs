//! Keys that are written with escapes for some of their characters, or in parts.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use zeroize::Zeroizing;

use super::joint::{self, is_quote, joint, opening, quote_before, trivia};

/// How many blanks stand beside a key that is written in another way, as a rule.
const MOST_BLANKS: usize = 80;

/// How many places between the parts of one key may be filled with blanks or comments.
const MOST_GAPS: usize = 4;

/// How many bytes stand for one character, at most.
const WIDEST: usize = 12;

static ENTITY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"&#"));

static CONCAT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b".concat("));

/// How much of a stream is looked at from the first escape of a key that has so many bytes at most.
pub(super) const fn reach(longest: usize) -> usize {
    2 * WIDEST * longest + 2 * MOST_BLANKS
}

/// The same where parts of it may stand far from each other.
pub(super) const fn sight(longest: usize) -> usize {
    reach(longest) + MOST_GAPS * joint::MOST
}

/// Every escape before such a place is looked at together with the one it was found for.
pub(super) const fn step(longest: usize) -> usize {
    WIDEST * longest
}

/// A text without its escapes.
pub(super) struct Unescaped {
    pub text: Zeroizing<Vec<u8>>,
    /// Where in it something stood for something else, and where that is in the text it was taken from.
    marks: Vec<(usize, usize)>,
}

impl Unescaped {
    /// Up to this place, and so many bytes of what it stands for behind it.
    pub fn of(raw: &[u8], until: usize, behind: usize) -> Self {
        let mut unescaped = Self::with_room(until.min(raw.len()) + behind);
        let end = unescaped.push(&raw[..until.min(raw.len())], raw, usize::MAX, part);
        let first = unescaped.marks.len();
        unescaped.push(&raw[end..], &raw[end..], behind, part);
        for (_, at) in &mut unescaped.marks[first..] {
            *at += end;
        }
        unescaped
    }

    /// So many bytes of what a text stands for if all literals in it are put together, as in a list.
    pub fn joined(raw: &[u8], most: usize) -> Self {
        let mut unescaped = Self::with_room(most);
        unescaped.push(raw, raw, most, part_or_gap);
        unescaped
    }

    /// These texts one after the other, and all literals in them put together, as in a list.
    pub fn of_pieces(pieces: &[&[u8]]) -> Self {
        let mut unescaped = Self::with_room(pieces.iter().map(|piece| piece.len()).sum());
        for piece in pieces {
            if !unescaped.text.is_empty() {
                unescaped.marks.push((unescaped.text.len(), 0));
            }
            unescaped.push(piece, piece, usize::MAX, part_or_gap);
        }
        unescaped
    }

    fn with_room(bytes: usize) -> Self {
        Self {
            text: Zeroizing::new(Vec::with_capacity(bytes)),
            marks: Vec::new(),
        }
    }

    /// Takes in what starts in these bytes, which may go on in more of them, up to so many bytes of what it stands
    /// for; where it ended.
    fn push(
        &mut self,
        bytes: &[u8],
        raw: &[u8],
        most: usize,
        part: impl Fn(&[u8]) -> Option<(usize, Option<u8>)>,
    ) -> usize {
        let most = self.text.len().saturating_add(most);
        let mut at = 0;
        while at < bytes.len() && self.text.len() < most {
            match part(&raw[at..]) {
                Some((length, sign)) => {
                    self.marks.push((self.text.len(), at));
                    self.text.extend(sign);
                    at += length;
                }
                None => {
                    self.text.push(raw[at]);
                    at += 1;
                }
            }
        }
        at
    }

    /// Whether a part of it was written in another way.
    pub fn is_changed(&self, range: &Range<usize>) -> bool {
        self.changed(range).is_some()
    }

    /// Where the other way to write a part of it starts, in the text it was taken from.
    pub fn changed(&self, range: &Range<usize>) -> Option<usize> {
        let first = self.marks.partition_point(|(mark, _)| *mark < range.start);
        let (mark, raw) = self.marks.get(first)?;
        (*mark < range.end).then_some(*raw)
    }
}

/// Where something stands for a character of a key, or one part of a text ends and another begins.
pub(super) struct Found {
    pub start: usize,
    /// Where the next one may be found.
    pub next: usize,
}

/// The first such place that is recognized in this range.
pub(super) fn find(text: &[u8], range: Range<usize>) -> Option<Found> {
    let within = text.get(range.clone())?;
    let at = |start: usize| Found {
        start,
        next: start + 1,
    };
    let sign = memchr::memchr3_iter(b'\\', b'%', b'+', within).find_map(|found| {
        let found = range.start + found;
        match text[found] {
            b'+' => joint_around(text, found),
            _ => part(&text[found..]).map(|_| at(found)),
        }
    });
    let end = |sign: &Found| sign.next - 1 - range.start;
    let until = sign.as_ref().map_or(within.len(), end);
    // What begins in the range may end behind it.
    let visible = |sign: &Finder<'_>| {
        let end = range.start + until + sign.needle().len() - 1;
        &text[range.start..text.len().min(end)]
    };
    let entity = ENTITY
        .find_iter(visible(&ENTITY))
        .map(|at| range.start + at)
        .find(|at| part(&text[*at..]).is_some())
        .map(at);
    let concat = CONCAT.find_iter(visible(&CONCAT)).find_map(|found| {
        let call = range.start + found;
        let quote = quote_before(text, call)?;
        part(&text[quote..]).map(|_| Found {
            start: quote,
            next: call + 1,
        })
    });
    concat.or(entity).or(sign)
}

/// From the quote before a sign that joins two texts.
fn joint_around(text: &[u8], plus: usize) -> Option<Found> {
    let behind = &text[plus + 1..];
    is_quote(*behind.get(opening(behind))?).then_some(())?;
    let quote = quote_before(text, plus)?;
    part(&text[quote..]).map(|_| Found {
        start: quote,
        next: plus + 1,
    })
}

fn part_or_gap(text: &[u8]) -> Option<(usize, Option<u8>)> {
    part(text).or_else(|| gap(text))
}

/// What stands for a character of a key, or for nothing between two parts: its length.
pub(super) fn part(text: &[u8]) -> Option<(usize, Option<u8>)> {
    match text {
        [b'\\', b'\n', ..] => Some((2, None)),
        [b'\\', b'\r', b'\n', ..] => Some((3, None)),
        [b'\\', b'/', ..] => Some((2, Some(b'/'))),
        [b'\\', ..] => {
            let count = text.iter().take_while(|byte| **byte == b'\\').count();
            let (length, sign) = match &text[count..] {
                [b'x', digits @ ..] => (3, hex(digits.get(..2)?)?),
                [b'u', b'{', digits @ ..] => {
                    let end = digits.iter().take(7).position(|byte| *byte == b'}')?;
                    (end + 3, hex(&digits[..end])?)
                }
                [b'u', digits @ ..] => (5, hex(digits.get(..4)?)?),
                rest => octal(rest).or_else(|| itself(rest))?,
            };
            is_meant(sign).then_some((count + length, Some(sign)))
        }
        [b'%', digits @ ..] => {
            let sign = hex(digits.get(..2)?)?;
            is_meant(sign).then_some((3, Some(sign)))
        }
        [b'&', b'#', rest @ ..] => {
            let end = rest.iter().take(8).position(|byte| *byte == b';')?;
            let sign = match &rest[..end] {
                [b'x' | b'X', digits @ ..] => hex(digits)?,
                digits => std::str::from_utf8(digits).ok()?.parse().ok()?,
            };
            is_meant(sign).then_some((end + 3, Some(sign)))
        }
        [quote, ..] if is_quote(*quote) => Some((joint(text)?, None)),
        _ => None,
    }
}

/// What stands between two literals of a list, or around one in a template.
pub(super) fn gap(text: &[u8]) -> Option<(usize, Option<u8>)> {
    let length = |rest: &[u8]| text.len() - rest.len();
    if let Some([quote, rest @ ..]) = text.strip_prefix(b"${") {
        return is_quote(*quote).then(|| (length(rest), None));
    }
    let [quote, rest @ ..] = text else {
        return None;
    };
    if !is_quote(*quote) {
        return None;
    }
    if let Some(rest) = rest.strip_prefix(b"}") {
        return Some((length(rest), None));
    }
    let rest = rest[trivia(rest)..].strip_prefix(b",")?;
    let rest = &rest[trivia(rest)..];
    let joins = rest.first().is_some_and(|next| is_quote(*next));
    joins.then_some((length(rest) + 1, None))
}

/// An escape of one to three octal digits, without its backslash.
fn octal(text: &[u8]) -> Option<(usize, u8)> {
    let digits = text
        .iter()
        .take(3)
        .take_while(|byte| matches!(byte, b'0'..=b'7'));
    let digits = &text[..digits.count()];
    let code = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()?;
    Some((digits.len(), code))
}

/// A character that is none of an escape, and means itself behind a backslash.
fn itself(text: &[u8]) -> Option<(usize, u8)> {
    let sign = *text.first()?;
    let is_escape = matches!(sign, b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'u' | b'x');
    (!is_escape).then_some((1, sign))
}

fn hex(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok()?;
    let is_hex = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let code = is_hex.then(|| u32::from_str_radix(digits, 16).ok())??;
    u8::try_from(code).ok()
}

/// Whether a character is one of a key; blanks and quotes beside it are looked at elsewhere.
fn is_meant(sign: u8) -> bool {
    sign.is_ascii_graphic() && !matches!(sign, b'"' | b'\'' | b'`' | b'\\' | b';' | b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_of_a_list_are_put_together() {
        for (pieces, plain) in [
            (&["\"a\",\"s\",\n 'k'"][..], "\"ask'"),
            (&["`ask_${\"live\"}_4`"], "`ask_live_4`"),
            (&["ask_", "live"], "ask_live"),
            (&["\"ask_\" /* a */, // b\n \"live\""], "\"ask_live\""),
            (&["\"a\",b"], "\"a\",b"),
        ] {
            let pieces: Vec<_> = pieces.iter().map(|piece| piece.as_bytes()).collect();
            let whole = Unescaped::of_pieces(&pieces);
            assert_eq!(String::from_utf8_lossy(&whole.text), plain);
        }
    }

    #[test]
    fn escapes_and_joints_are_taken_out() {
        for (raw, plain) in [
            ("\\x61sk\\u005flive", "ask_live"),
            ("\\u{61}sk\\\\u005flive", "ask_live"),
            ("ask%5Flive", "ask_live"),
            ("a\\/b", "a/b"),
            ("ask\\137live", "ask_live"),
            ("\\141sk\\\\137live", "ask_live"),
            ("ask&#95;live&#x5f;", "ask_live_"),
            ("\\1 \\0 &#10; &#;", "\\1 \\0 &#10; &#;"),
            ("ask_\\\nlive", "ask_live"),
            ("ask\\_live", "ask_live"),
            ("as\\k\\_liv\\\r\ne", "ask_live"),
            ("as\\\\k\\-\\9", "ask-9"),
            ("\\b\\t\\u\\x\\; \\", "\\b\\t\\u\\x\\; \\"),
            ("\"ask_\"+\"live\"", "\"ask_live\""),
            ("'ask_' +\n  `live`", "'ask_live`"),
            ("\"ask_\".concat(\"live\")", "\"ask_live\")"),
            ("\"\".concat(\"ask_\").concat(\"live\")", "\"ask_live\")"),
            ("\"ask_\" /* + */ + // x\n \"live\"", "\"ask_live\""),
            ("\"ask_\" // x\n+ /* y */\"live\"", "\"ask_live\""),
            ("\\\"a\\n\\x22%22%2", "\\\"a\\n\\x22%22%2"),
            ("\"a\"+b", "\"a\"+b"),
        ] {
            let unescaped = Unescaped::of(raw.as_bytes(), raw.len(), 0);
            assert_eq!(String::from_utf8_lossy(&unescaped.text), plain);
            let is_changed = unescaped.is_changed(&(0..plain.len()));
            assert_eq!(is_changed, raw != plain, "{raw}");
            assert_eq!(
                find(raw.as_bytes(), 0..raw.len()).is_some(),
                raw != plain,
                "{raw}"
            );
        }
    }
}
