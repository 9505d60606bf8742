//! Keys that are spelled in a way that no format fits: glued to letters, in the pieces of a list, as the
//! codes of their characters.

use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use zeroize::Zeroizing;

use super::escape::ends_in_escape;
use super::escaped::{Unescaped, gap, part, reach, sight};
use super::joint::{self, is_quote, trivia};
use super::literal::AROUND;
use super::window::View;
use crate::keyring::Format;

/// How far from a call that makes characters of codes their list may stand.
const NEAR: usize = 1 << 10;

/// How far from a joint the key begins that it is in the beginning of.
const NEAR_PREFIX: usize = 64;

/// The fewest bytes of a key whose codes are worth a word when they were not understood.
const SHORTEST: usize = 16;

/// What was found.
pub(super) enum Spelling<'t> {
    /// Letters or digits stand right beside a key: all of them together.
    Glued(&'t [u8]),
    /// A key in a text that was put together.
    Token(&'t [u8], Range<usize>),
    /// A text is made at this place that may be a key.
    Unfollowed(Made, usize),
}

/// What a text is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    /// Codes of characters, after a calculation.
    OfCodes,
    /// The beginning of a key, and what code puts behind it.
    OfParts,
}

#[derive(Clone, Copy)]
enum Sign {
    /// What every key begins with.
    Prefix,
    /// The same with the end of a literal in it, and so on.
    Pieces,
    Codes,
    Hex,
    /// A piece of what Next sends after the page.
    Flight,
    Join,
    FromCode,
}

/// What every script may have.
const SIGNS: &[(&str, Sign)] = &[
    ("self.__next_f.push([1,\"", Sign::Flight),
    ("].join(\"\")", Sign::Join),
    ("].join('')", Sign::Join),
    ("].join(``)", Sign::Join),
    ("fromCharCode", Sign::FromCode),
    ("fromCodePoint", Sign::FromCode),
];

/// What may stand between two pieces of a key.
const BETWEEN: &[&str] = &["\",\"", "','", "\", \"", "${\""];

pub(super) struct Spelled {
    signs: AhoCorasick,
    kinds: Vec<Sign>,
    /// The fewest bytes of a key.
    shortest: usize,
    /// Where the next sign may start, from the start of the stream.
    next: u64,
}

impl Spelled {
    pub fn new(format: &Format) -> Option<Self> {
        let fixed = SIGNS
            .iter()
            .map(|(sign, kind)| (sign.as_bytes().to_vec(), *kind));
        let mut signs: Vec<(Vec<u8>, Sign)> = fixed.collect();
        for prefix in format.prefixes() {
            signs.extend(of_prefix(prefix));
        }
        let (signs, kinds): (Vec<_>, Vec<_>) = signs.into_iter().unzip();
        Some(Self {
            signs: AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostFirst)
                .build(signs)
                .ok()?,
            kinds,
            shortest: format.shortest(),
            next: 0,
        })
    }

    /// How many bytes before a place have to be seen.
    pub fn before(longest: usize) -> usize {
        NEAR.max(reach(longest))
    }

    pub fn restart(&mut self) {
        self.next = 0;
    }

    pub fn look(&mut self, view: &View<'_>, format: &Format, mut take: impl FnMut(Spelling<'_>)) {
        let resumed = usize::try_from(self.next.saturating_sub(view.gone)).unwrap_or(usize::MAX);
        let mut from = view.places.start.max(resumed);
        let text = view.bytes;
        // A sign that begins in these places ends a little later.
        while from < view.places.end
            && let Some(found) = self.signs.find(&text[from..])
        {
            let sign = from + found.start()..from + found.end();
            if sign.start >= view.places.end {
                break;
            }
            from = sign.start + 1;
            let around = |before: usize| {
                let until = text.len().min(sign.end + reach(format.longest()));
                sign.start.saturating_sub(before)..until
            };
            match self.kinds[found.pattern().as_usize()] {
                Sign::Prefix => prefixed(text, sign.start, format, &mut take),
                Sign::Pieces => {
                    joined(&text[around(reach(format.longest()))], format, &mut take);
                    let start = sign.start.saturating_sub(NEAR_PREFIX);
                    let most = 2 * NEAR_PREFIX + format.longest() + AROUND;
                    let whole = Unescaped::joined(&text[start..], most);
                    if let Some(at) = cut_in(text, start, &whole, format) {
                        take(Spelling::Unfollowed(Made::OfParts, at));
                    }
                }
                Sign::Flight => {
                    let end = memchr::memmem::rfind(&text[around(NEAR).start..sign.start], b"\"])");
                    if let Some(end) = end {
                        let end = around(NEAR).start + end;
                        let before = &text[end.saturating_sub(reach(format.longest()))..end];
                        let pieces = [before, &text[sign.end..around(0).end]];
                        put_together(&pieces, format, &mut take);
                    }
                }
                Sign::Join => {
                    let start = around(reach(format.longest())).start;
                    if let Some(list) = memchr::memrchr(b'[', &text[start..sign.start]) {
                        joined(&text[start + list + 1..sign.start], format, &mut take);
                    }
                }
                Sign::Codes => {
                    let codes = codes(&text[sign.start..around(0).end]);
                    let is_inside = text[..sign.start]
                        .last()
                        .is_some_and(|byte| is_word(*byte) || *byte == b'.');
                    if let Some(key) = format.at(&codes, 0).filter(|_| !is_inside) {
                        take(Spelling::Token(&codes, key));
                    }
                }
                Sign::Hex => {
                    let bytes = from_hex(&text[sign.start..around(0).end]);
                    if let Some(key) = format.at(&bytes, 0) {
                        take(Spelling::Token(&bytes, key));
                    }
                }
                Sign::FromCode => self.coded(text, sign.start, around(NEAR), format, &mut take),
            }
        }
        self.next = view.gone + from as u64;
    }

    /// Lists of codes near a call that makes characters of them.
    fn coded(
        &self,
        text: &[u8],
        call: usize,
        near: Range<usize>,
        format: &Format,
        take: &mut impl FnMut(Spelling<'_>),
    ) {
        let mut at = near.start;
        while at < near.end.min(call + NEAR) {
            let starts =
                text[at].is_ascii_digit() && !text[..at].last().is_some_and(|byte| is_word(*byte));
            if !starts {
                at += 1;
                continue;
            }
            let list = &text[at..near.end];
            let codes = codes(list);
            let length = length(list);
            // Tables of other numbers hold stretches that look like codes.
            let opens = text[..at].trim_ascii_end().last();
            let closes = list[length..].trim_ascii_start().first();
            let is_whole = matches!((opens, closes), (Some(b'[' | b'('), Some(b']' | b')')));
            let count = self.shortest.max(SHORTEST)..=2 * format.longest();
            match format.find_from(&codes, 0, ends_in_escape) {
                Some(key) => take(Spelling::Token(&codes, key)),
                None if is_whole && count.contains(&codes.len()) && !is_ordered(&codes) => {
                    take(Spelling::Unfollowed(Made::OfCodes, call));
                }
                None => {}
            }
            at += length.max(1);
        }
    }
}

/// What is looked for where keys begin with this.
fn of_prefix(prefix: &[u8]) -> Vec<(Vec<u8>, Sign)> {
    let mut signs = vec![(prefix.to_vec(), Sign::Prefix)];
    for pair in prefix.windows(2) {
        let pieces = BETWEEN
            .iter()
            .map(|between| [&pair[..1], between.as_bytes(), &pair[1..]].concat());
        signs.extend(pieces.map(|piece| (piece, Sign::Pieces)));
    }
    let start = &prefix[..prefix.len().min(4)];
    let listed = |between: &str, write: fn(&u8) -> String| {
        let codes: Vec<String> = start.iter().map(write).collect();
        codes.join(between).into_bytes()
    };
    for between in [",", ", "] {
        let writes: [fn(&u8) -> String; 6] = [
            u8::to_string,
            |code| format!("0o{code:o}"),
            |code| format!("0b{code:b}"),
            |code| format!("0b{code:08b}"),
            |code| format!("0x{code:02x}"),
            |code| format!("0x{code:02X}"),
        ];
        signs.extend(writes.map(|write| (listed(between, write), Sign::Codes)));
    }
    signs.dedup_by(|a, b| a.0 == b.0);
    signs.push((hex::encode(start).into_bytes(), Sign::Hex));
    signs.push((hex::encode_upper(start).into_bytes(), Sign::Hex));
    signs
}

/// A key that begins here, and either is glued to something or goes on in another piece.
fn prefixed(text: &[u8], at: usize, format: &Format, take: &mut impl FnMut(Spelling<'_>)) {
    let longest = format.longest();
    let Some(key) = format.at(text, at) else {
        let pieces = &text[at..text.len().min(at + sight(longest) + AROUND)];
        let whole = Unescaped::joined(pieces, longest + AROUND);
        if !take_changed(&whole, format, take) && is_cut(text, at, longest) {
            take(Spelling::Unfollowed(Made::OfParts, at));
        }
        return;
    };
    let end = text.len().min(key.end + Format::SIGHT);
    if format
        .find_from(&text[..end], at, ends_in_escape)
        .is_some_and(|free| free.start == at)
    {
        return;
    }
    let in_word = |byte: &&u8| is_word(**byte);
    let mut before = text[..at]
        .iter()
        .rev()
        .take(AROUND)
        .take_while(in_word)
        .count();
    if ends_in_escape(&text[..at]) {
        before = 0;
    }
    let behind = text[key.end..]
        .iter()
        .take(AROUND)
        .take_while(in_word)
        .count();
    if before + behind > 0 {
        take(Spelling::Glued(&text[at - before..key.end + behind]));
    }
}

fn joined(text: &[u8], format: &Format, take: &mut impl FnMut(Spelling<'_>)) {
    put_together(&[text], format, take);
}

/// Keys that go across the ends of literals.
fn put_together(pieces: &[&[u8]], format: &Format, take: &mut impl FnMut(Spelling<'_>)) {
    take_changed(&Unescaped::of_pieces(pieces), format, take);
}

/// Takes the keys that were written in another way; whether there were any.
fn take_changed(whole: &Unescaped, format: &Format, take: &mut impl FnMut(Spelling<'_>)) -> bool {
    let (mut from, mut any) = (0, false);
    while let Some(found) = format.find_from(&whole.text, from, ends_in_escape) {
        from = found.end;
        if whole.is_changed(&found) {
            any = true;
            take(Spelling::Token(&whole.text, found));
        }
    }
    any
}

/// Where the beginning of a key that was written in another way goes on with what is no literal, if it does. The text
/// was taken from this place.
pub(super) fn cut_in(
    text: &[u8],
    start: usize,
    whole: &Unescaped,
    format: &Format,
) -> Option<usize> {
    format.prefixes().iter().find_map(|prefix| {
        let mut found = memchr::memmem::find_iter(&whole.text, prefix);
        found.find_map(|at| {
            let raw = start + whole.changed(&(at..at + prefix.len()))?;
            let is_cut =
                format.at(&whole.text, at).is_none() && is_cut(text, raw, format.longest());
            is_cut.then_some(raw)
        })
    })
}

/// Whether the beginning of a key, which stands here, goes on with what is no literal.
fn is_cut(text: &[u8], start: usize, longest: usize) -> bool {
    let rest = &text[start..text.len().min(start + sight(longest))];
    let (mut at, mut count) = (0, 0);
    while count <= longest && at < rest.len() {
        if is_word(rest[at]) || b"-.~:/+=".contains(&rest[at]) {
            (at, count) = (at + 1, count + 1);
        } else if let Some((length, sign)) = part(&rest[at..]).or_else(|| gap(&rest[at..])) {
            (at, count) = (at + length, count + usize::from(sign.is_some()));
        } else {
            let before = &text[start.saturating_sub(NEAR)..start];
            return goes_on(&rest[at..], before);
        }
    }
    false
}

/// Whether code puts something behind the literal that ends here, or into it.
fn goes_on(rest: &[u8], before: &[u8]) -> bool {
    if rest.starts_with(b"${") {
        return true;
    }
    if !rest.first().is_some_and(|byte| is_quote(*byte)) {
        return false;
    }
    // A bracket may end a call that only looks for such a text.
    if let Some(sign) = joint::sign(rest) {
        return !(sign.in_brackets && sign.is_plus);
    }
    let behind = &rest[1 + trivia(&rest[1..])..];
    // Nobody looks behind a comment as long as that.
    if behind.starts_with(b"/*") || behind.starts_with(b"//") {
        return true;
    }
    let Some(list) = behind.strip_prefix(b",") else {
        return false;
    };
    let statement = |text: &[u8]| text.iter().all(|byte| !matches!(byte, b';' | b'{' | b'}'));
    let is_joined = memchr::memmem::find(list, b"].join(")
        .is_some_and(|end| end < NEAR && statement(&list[..end]) && is_level(&list[..end]));
    let is_handed = memchr::memmem::rfind(before, b".concat(").is_some_and(|call| {
        let handed = &before[call + 8..];
        statement(handed) && !handed.contains(&b')')
    });
    is_joined || is_handed
}

/// Whether no bracket ends in a text that does not begin in it.
fn is_level(text: &[u8]) -> bool {
    let mut depth = 0_usize;
    text.iter().all(|byte| {
        let left = match byte {
            b'(' | b'[' => Some(depth + 1),
            b')' | b']' => depth.checked_sub(1),
            _ => Some(depth),
        };
        depth = left.unwrap_or(0);
        left.is_some()
    })
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether each number is greater than the one before it, as in tables of character classes: no key is made of those.
fn is_ordered(codes: &[u8]) -> bool {
    codes.windows(2).all(|pair| pair[0] < pair[1])
}

/// The characters whose codes a list starts with, as far as they are bytes.
fn codes(list: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut codes = Zeroizing::new(Vec::new());
    let _ = each_code(list, |code| codes.push(code));
    codes
}

/// How many bytes such a list has.
fn length(list: &[u8]) -> usize {
    each_code(list, |_| {})
}

fn each_code(list: &[u8], mut take: impl FnMut(u8)) -> usize {
    let mut at = 0;
    loop {
        let (digits, radix) = match &list[at..] {
            [b'0', b'x' | b'X', digits @ ..] => (digits, 16),
            [b'0', b'o' | b'O', digits @ ..] => (digits, 8),
            [b'0', b'b' | b'B', digits @ ..] => (digits, 2),
            digits => (digits, 10),
        };
        let count = digits
            .iter()
            .take_while(|byte| char::from(**byte).is_digit(radix))
            .count();
        let number = std::str::from_utf8(&digits[..count]).ok();
        let Some(code) = number.and_then(|number| u8::from_str_radix(number, radix).ok()) else {
            return at;
        };
        take(code);
        at = list.len() - digits.len() + count;
        let rest = list[at..].trim_ascii_start();
        let Some(rest) = rest.strip_prefix(b",") else {
            return at;
        };
        at = list.len() - rest.trim_ascii_start().len();
    }
}

fn from_hex(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let pairs = text.as_chunks::<2>().0.iter();
    let bytes =
        pairs.map_while(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    Zeroizing::new(bytes.collect())
}
