//! Keys that are written with escapes for some of their characters, or in parts.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use zeroize::Zeroizing;

/// How many blanks may stand around the sign that puts two parts together.
const MOST_BLANKS: usize = 80;

/// How many bytes stand for one character, at most.
const WIDEST: usize = 12;

static ENTITY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"&#"));

static CONCAT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b".concat("));

/// How much of a stream is looked at from the first escape of a key that has so many bytes at most.
pub(super) const fn reach(longest: usize) -> usize {
    2 * WIDEST * longest + 2 * MOST_BLANKS
}

/// Every escape before such a place is looked at together with the one it was found for.
pub(super) const fn step(longest: usize) -> usize {
    WIDEST * longest
}

/// A text without its escapes.
pub(super) struct Unescaped {
    pub text: Zeroizing<Vec<u8>>,
    /// Where in it something stood for something else.
    marks: Vec<usize>,
}

impl Unescaped {
    pub fn of(raw: &[u8]) -> Self {
        let mut unescaped = Self::with_room(raw.len());
        unescaped.push(raw, part);
        unescaped
    }

    /// These texts one after the other, and all literals in them put together, as in a list.
    pub fn of_pieces(pieces: &[&[u8]]) -> Self {
        let mut unescaped = Self::with_room(pieces.iter().map(|piece| piece.len()).sum());
        for piece in pieces {
            if !unescaped.text.is_empty() {
                unescaped.marks.push(unescaped.text.len());
            }
            unescaped.push(piece, |text| part(text).or_else(|| gap(text)));
        }
        unescaped
    }

    fn with_room(bytes: usize) -> Self {
        Self {
            text: Zeroizing::new(Vec::with_capacity(bytes)),
            marks: Vec::new(),
        }
    }

    fn push(&mut self, raw: &[u8], part: impl Fn(&[u8]) -> Option<(usize, Option<u8>)>) {
        let mut at = 0;
        while at < raw.len() {
            match part(&raw[at..]) {
                Some((length, sign)) => {
                    self.marks.push(self.text.len());
                    self.text.extend(sign);
                    at += length;
                }
                None => {
                    self.text.push(raw[at]);
                    at += 1;
                }
            }
        }
    }

    /// Whether a part of it was written in another way.
    pub fn is_changed(&self, range: &Range<usize>) -> bool {
        let first = self.marks.partition_point(|mark| *mark < range.start);
        self.marks.get(first).is_some_and(|mark| *mark < range.end)
    }
}

/// The first place in this range where an escape stands for a character of a key, or one part of a text
/// ends and another begins.
pub(super) fn find(text: &[u8], range: Range<usize>) -> Option<usize> {
    let within = text.get(range.clone())?;
    let sign = memchr::memchr3_iter(b'\\', b'%', b'+', within).find_map(|at| {
        let at = range.start + at;
        match text[at] {
            b'+' => joint_around(text, at),
            _ => part(&text[at..]).map(|_| at),
        }
    });
    let until = sign.map_or(range.end, |at| at.max(range.start)) - range.start;
    let entity = ENTITY
        .find_iter(&within[..until])
        .map(|at| range.start + at)
        .find(|at| part(&text[*at..]).is_some());
    let until = entity.map_or(until, |at| at - range.start);
    let concat = CONCAT.find_iter(&within[..until]).find_map(|at| {
        let quote = (range.start + at).checked_sub(1)?;
        part(&text[quote..]).map(|_| quote)
    });
    concat.or(entity).or(sign)
}

/// The place of the quote before a sign that joins two texts.
fn joint_around(text: &[u8], plus: usize) -> Option<usize> {
    let before = &text[plus.saturating_sub(MOST_BLANKS)..plus];
    let quote = plus - (before.len() - before.trim_ascii_end().len()) - 1;
    let is_joint = plus > 0
        && before
            .trim_ascii_end()
            .last()
            .is_some_and(|last| is_quote(*last));
    (is_joint && part(&text[quote..]).is_some()).then_some(quote)
}

/// What stands for a character of a key, or for nothing between two parts: its length.
fn part(text: &[u8]) -> Option<(usize, Option<u8>)> {
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
                digits => octal(digits)?,
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
        [quote, rest @ ..] if is_quote(*quote) => {
            let blanks = |rest: &[u8]| {
                let blanks = rest.iter().take(MOST_BLANKS);
                blanks.take_while(|byte| byte.is_ascii_whitespace()).count()
            };
            let first = blanks(rest);
            let rest = &rest[first..];
            let sign = [&b"+"[..], b".concat("]
                .into_iter()
                .find(|sign| rest.starts_with(sign))?;
            let rest = &rest[sign.len()..];
            let second = blanks(rest);
            let is_joint = rest.get(second).is_some_and(|next| is_quote(*next));
            is_joint.then_some((first + sign.len() + second + 2, None))
        }
        _ => None,
    }
}

/// What stands between two literals of a list, or around one in a template.
fn gap(text: &[u8]) -> Option<(usize, Option<u8>)> {
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
    let rest = &rest[..rest.len().min(2 * MOST_BLANKS)];
    let next = rest
        .trim_ascii_start()
        .strip_prefix(b",")?
        .trim_ascii_start();
    let joins = next.first().is_some_and(|next| is_quote(*next));
    joins.then_some((rest.len() - next.len() + 2, None))
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

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
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
            ("\"ask_\"+\"live\"", "\"ask_live\""),
            ("'ask_' +\n  `live`", "'ask_live`"),
            ("\"ask_\".concat(\"live\")", "\"ask_live\")"),
            ("\\\"a\\n\\x22%22%2", "\\\"a\\n\\x22%22%2"),
            ("\"a\"+b", "\"a\"+b"),
        ] {
            let unescaped = Unescaped::of(raw.as_bytes());
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
