use std::ops::Range;

use percent_encoding::percent_decode;
use zeroize::Zeroizing;

use super::blocks::outdented;
use super::comments::uncommented;
use super::damage::Damage;
use super::decode::{base32, base64, hexadecimal};
use super::joined::joined;
use super::numbers::{Notation, lists};
use super::packed::{is_packed, unpacked};
use super::signs::read_typographic;
use super::terminal::without_escapes;
use super::unescape::{backslashes, entities};
use super::wraps::{MIN_KEY, NO_BREAK_SPACES, ZERO_WIDTH};

/// How many encodings may lie around a key, one in the other.
const DEPTH: usize = 5;
/// How often a text is written anew as a whole before something in it is decoded.
const REWRITES: usize = 6;
/// Bounds for values made to take long; a real one has a handful.
const TEXTS: usize = 192;
const BYTES: usize = 32 * 1024 * 1024;

/// The fewest characters of base64 that may be a key.
const BASE64: usize = 11;
/// The fewest digits of hex that may be one.
const HEX: usize = 2 * MIN_KEY;
/// The fewest characters of base32.
const BASE32: usize = 13;

/// A text in which a key may stand: a value, or what the value or something in it decodes to.
pub(super) struct Text<'v> {
    bytes: Bytes<'v>,
    /// Which text it comes from, and by what; `None` of both for the value itself.
    parent: Option<usize>,
    encoding: Option<Damage>,
    /// Where it is put together from pieces that were decoded each by itself: where each starts here,
    /// and where it stood in the parent.
    pieces: Vec<(usize, Range<usize>)>,
    /// Where something was taken out.
    pub(super) breaks: Vec<usize>,
    depth: usize,
    kind: Kind,
}

/// What a text is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The value itself, or what parts of another text decode to.
    Read,
    /// Another text written anew, for so many times.
    Rewritten(usize),
    /// What words decode to that are no encoding: nothing more is in it.
    Noise,
}

enum Bytes<'v> {
    Value(&'v [u8]),
    Decoded(Zeroizing<Vec<u8>>),
}

/// Everything that a value may be read as, as a whole or in parts: the value itself comes first.
pub(super) struct Texts<'v> {
    pub(super) all: Vec<Text<'v>>,
    /// Whether something was left out because it would take too long.
    pub(super) cut: bool,
}

/// One way to read a text.
struct Derived {
    encoding: Option<Damage>,
    bytes: Zeroizing<Vec<u8>>,
    pieces: Vec<(usize, Range<usize>)>,
    breaks: Vec<usize>,
    kind: Kind,
}

impl Derived {
    fn whole(encoding: Option<Damage>, bytes: Zeroizing<Vec<u8>>) -> Self {
        Self {
            encoding,
            bytes,
            pieces: Vec::new(),
            breaks: Vec::new(),
            kind: Kind::Read,
        }
    }
}

impl Text<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Value(bytes) => bytes,
            Bytes::Decoded(bytes) => bytes,
        }
    }

    /// Whether it is what words decode to that are no encoding.
    pub(super) fn is_noise(&self) -> bool {
        self.kind == Kind::Noise
    }

    /// The piece in which a range lies: where it stands here, and in the parent.
    fn piece(&self, range: &Range<usize>) -> Option<(Range<usize>, &Range<usize>)> {
        let after = self
            .pieces
            .partition_point(|(start, _)| *start <= range.start);
        let (start, from) = self.pieces.get(after.checked_sub(1)?)?;
        // A line end stands between two pieces.
        let end = self
            .pieces
            .get(after)
            .map_or(self.bytes().len(), |(next, _)| next - 1);
        (range.end <= end).then_some((*start..end, from))
    }
}

impl<'v> Texts<'v> {
    pub(super) fn new(value: &'v [u8]) -> Self {
        Self::within(value, DEPTH, true)
    }

    /// The value and what one encoding hides in it, without putting together what is wrapped over lines:
    /// what is quickly made.
    pub(super) fn shallow(value: &'v [u8]) -> Self {
        Self::within(value, 1, false)
    }

    /// The value alone.
    pub(super) fn plain(value: &'v [u8]) -> Self {
        Self {
            all: vec![Text {
                bytes: Bytes::Value(value),
                parent: None,
                encoding: None,
                pieces: Vec::new(),
                breaks: Vec::new(),
                depth: 0,
                kind: Kind::Read,
            }],
            cut: false,
        }
    }

    fn within(value: &'v [u8], deep: usize, thorough: bool) -> Self {
        let mut texts = Self::plain(value);
        let mut left = BYTES.min(value.len() * 24 + 256 * 1024);
        let mut next = 0;
        let mut counted = 0;
        while let Some(text) = texts.all.get(next) {
            let (depth, kind) = (text.depth, text.kind);
            let found = match (kind, thorough) {
                (Kind::Noise, _) => Vec::new(),
                (_, false) if depth == deep => Vec::new(),
                (_, false) => derived(text.bytes(), false),
                (_, true) => {
                    let (found, cut) = derived_thoroughly(text);
                    texts.cut |= cut;
                    found
                }
            };
            for mut derived in found {
                if derived.pieces.is_empty() {
                    let times = match kind {
                        Kind::Rewritten(times) => times + 1,
                        _ => 1,
                    };
                    derived.kind = Kind::Rewritten(times);
                }
                let known = |text: &Text<'_>| text.bytes() == &derived.bytes[..];
                if derived.bytes.len() < MIN_KEY || texts.all.iter().any(known) {
                    continue;
                }
                let is_deeper = match derived.kind {
                    Kind::Rewritten(times) if thorough => times > REWRITES,
                    _ => depth == deep,
                };
                if is_deeper {
                    // More is encoded in it than is looked at.
                    texts.cut |= derived.kind != Kind::Noise;
                    continue;
                }
                if counted == TEXTS || derived.bytes.len() > left {
                    texts.cut = true;
                    continue;
                }
                left -= derived.bytes.len();
                counted += usize::from(derived.kind != Kind::Noise);
                texts.all.push(Text {
                    bytes: Bytes::Decoded(derived.bytes),
                    parent: Some(next),
                    encoding: derived.encoding,
                    pieces: derived.pieces,
                    breaks: derived.breaks,
                    depth: match derived.kind {
                        Kind::Rewritten(_) if thorough => depth,
                        _ => depth + 1,
                    },
                    kind: derived.kind,
                });
            }
            next += 1;
        }
        texts
    }

    /// Whether a text comes of parts that were decoded.
    pub(super) fn is_of_pieces(&self, text: usize) -> bool {
        let mut at = self.all.get(text);
        while let Some(text) = at {
            if !text.pieces.is_empty() {
                return true;
            }
            at = text.parent.and_then(|parent| self.all.get(parent));
        }
        false
    }

    /// The text that a range of one stands in, by itself: a piece where it is put together.
    pub(super) fn around(&self, text: usize, range: &Range<usize>) -> (&[u8], Range<usize>) {
        let Some(text) = self.all.get(text) else {
            return (&[], 0..0);
        };
        match text.piece(range) {
            Some((piece, _)) => (
                text.bytes().get(piece.clone()).unwrap_or_default(),
                range.start - piece.start..range.end - piece.start,
            ),
            None => (text.bytes(), range.clone()),
        }
    }

    /// Where something in a text comes from: which part of which other text, and by what encoding.
    pub(super) fn origin(
        &self,
        text: usize,
        range: &Range<usize>,
    ) -> Option<(usize, Range<usize>, Option<Damage>)> {
        let text = self.all.get(text)?;
        let parent = text.parent?;
        let from = match text.piece(range) {
            Some((_, from)) => from.clone(),
            None => 0..self.all.get(parent)?.bytes().len(),
        };
        Some((parent, from, text.encoding))
    }
}

/// What a text may be read as in one more step, as far as that is quickly made.
fn derived(text: &[u8], thorough: bool) -> Vec<Derived> {
    let percent = text.contains(&b'%').then(|| {
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
        bytes.extend(percent_decode(text));
        Derived::whole(Some(Damage::PercentEncoded), bytes)
    });
    let json = backslashes(text).map(|bytes| Derived::whole(Some(Damage::JsonEscaped), bytes));
    let html = entities(text).map(|bytes| Derived::whole(None, bytes));
    let mut base64_runs: Vec<_> = runs(text, is_base64, BASE64, 2).collect();
    if text.iter().any(|byte| matches!(byte, b'+' | b'/')) {
        base64_runs.extend(runs(text, is_url_safe, BASE64, 2));
    }
    if thorough && text.iter().any(|byte| matches!(byte, b'-' | b'_')) {
        base64_runs.extend(runs(text, is_standard, BASE64, 2));
    }
    // Most are the same in all alphabets.
    base64_runs.sort_unstable_by_key(|run| (run.start, run.end));
    base64_runs.dedup();
    let decode: fn(&[u8]) -> Option<Zeroizing<Vec<u8>>> = match thorough {
        false => |run| Some(base64(run)?.1),
        true => |run| {
            // What follows the last of several lines may look like more of them.
            let groups = &run[..run.len() / 4 * 4];
            Some(base64(run).or_else(|| base64(groups))?.1)
        },
    };
    let base64 = decoded(text, Damage::Base64, base64_runs.into_iter(), decode);
    let hex_runs = runs(text, |byte| byte.is_ascii_hexdigit(), HEX, 0);
    [
        percent,
        json,
        html,
        base64,
        decoded(text, Damage::Hex, hex_runs, hexadecimal),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// All that a text may be read as in one more step, and whether there is more in it.
fn derived_thoroughly(text: &Text<'_>) -> (Vec<Derived>, bool) {
    let bytes = text.bytes();
    let mut cut = false;
    let mut found = derived(bytes, true);
    found.extend(squeezed(bytes));
    found.extend(outdented(bytes).map(|plain| Derived::whole(None, plain)));
    if text.kind == Kind::Read {
        let plain = without_escapes(bytes);
        found.extend(plain.map(|plain| Derived::whole(Some(Damage::TerminalEscapes), plain)));
        if bytes.contains(&0) {
            let letters = bytes.iter().copied().filter(|byte| *byte != 0);
            let mut narrow = Zeroizing::new(Vec::with_capacity(bytes.len()));
            narrow.extend(letters);
            found.push(Derived::whole(Some(Damage::Utf16), narrow));
        }
        let bare = uncommented(bytes).into_iter();
        found.extend(bare.map(|bare| Derived::whole(None, bare)));
        let plain = read_typographic(bytes).into_iter().flatten();
        let encoding = Some(Damage::TypographicCharacters);
        found.extend(plain.map(|bytes| Derived::whole(encoding, bytes)));
    }
    // Pieces that a program joins may stand on lines of their own, or in a string that is code.
    let may_join = !text.breaks.is_empty() || text.encoding == Some(Damage::JsonEscaped);
    if (text.kind == Kind::Read || text.kind == Kind::Rewritten(1) && may_join)
        && let Some(joined) = joined(bytes)
    {
        cut |= joined.cut;
        found.push(Derived::whole(None, joined.bytes));
    }
    let is_base32 = |byte: u8| byte.is_ascii_alphabetic() || (b'2'..=b'7').contains(&byte);
    let base32_runs = runs(bytes, is_base32, BASE32, 6);
    found.extend(decoded(bytes, Damage::Base32, base32_runs, base32));
    for (encoding, notation) in [
        (Damage::ByteList, Notation::Decimal),
        (Damage::Hex, Notation::Hexadecimal),
    ] {
        found.extend(together(encoding, lists(bytes, notation)));
    }
    let mut found: Vec<_> = found
        .into_iter()
        .flat_map(Derived::apart)
        .flatten()
        .collect();
    let starts: Vec<usize> = text.pieces.iter().map(|(start, _)| *start).collect();
    let unpacked = unpacked(bytes, &starts);
    found.extend(together(Damage::Compressed, unpacked.texts));
    (found, cut | unpacked.cut)
}

/// Without anything that takes no ink: a key that was wrapped over lines is whole in it, and a text
/// of two bytes a character is one of one. A sign that continues a line goes with its line end.
fn squeezed(text: &[u8]) -> Option<Derived> {
    let mut breaks = Vec::new();
    let bytes = inked(text, |at| {
        if breaks.last() != Some(&at) {
            breaks.push(at);
        }
    })?;
    Some(Derived {
        breaks,
        ..Derived::whole(None, bytes)
    })
}

/// The same of a word or a value; `None` where nothing is to be left out.
pub(super) fn without_blanks(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    inked(text, |_| {})
}

fn inked(text: &[u8], mut left_out: impl FnMut(usize)) -> Option<Zeroizing<Vec<u8>>> {
    if text.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let gone = match first {
            b'\\' if matches!(tail, [b'\n', ..] | [b'\r', b'\n', ..]) => 1,
            byte if byte.is_ascii_whitespace() || byte.is_ascii_control() => 1,
            byte if byte.is_ascii() => 0,
            _ => no_ink(rest),
        };
        if gone == 0 {
            bytes.push(*first);
            rest = tail;
        } else {
            left_out(bytes.len());
            rest = rest.get(gone..).unwrap_or_default();
        }
    }
    (bytes.len() < text.len()).then_some(bytes)
}

fn no_ink(text: &[u8]) -> usize {
    let signs = ZERO_WIDTH.iter().chain(&NO_BREAK_SPACES[..1]);
    signs
        .filter(|sign| text.starts_with(sign))
        .map(|sign| sign.len())
        .next()
        .unwrap_or(0)
}

/// What is decoded of these runs, each on a line of its own.
fn decoded(
    text: &[u8],
    encoding: Damage,
    runs: impl Iterator<Item = Range<usize>>,
    decode: fn(&[u8]) -> Option<Zeroizing<Vec<u8>>>,
) -> Option<Derived> {
    let room = 2 * text.len() + 1;
    let mut bytes = Zeroizing::new(Vec::new());
    let mut pieces: Vec<(usize, Range<usize>)> = Vec::new();
    for run in runs {
        let Some(decoded) = text.get(run.clone()).and_then(decode) else {
            continue;
        };
        if decoded.len() < MIN_KEY || bytes.len() + decoded.len() >= room {
            continue;
        }
        if bytes.capacity() == 0 {
            // At once, so that growing leaves no copies behind; most texts have nothing that is encoded.
            bytes.reserve_exact(room);
        }
        if !pieces.is_empty() {
            bytes.push(b'\n');
        }
        pieces.push((bytes.len(), run));
        bytes.extend_from_slice(&decoded);
    }
    (!pieces.is_empty()).then_some(Derived {
        pieces,
        ..Derived::whole(Some(encoding), bytes)
    })
}

/// Puts pieces together that were decoded already.
fn together(encoding: Damage, found: Vec<(Range<usize>, Zeroizing<Vec<u8>>)>) -> Option<Derived> {
    let found = found.into_iter();
    let found: Vec<_> = found.filter(|(_, one)| one.len() >= MIN_KEY).collect();
    let length = found.iter().map(|(_, one)| one.len() + 1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(length.sum()));
    let mut pieces = Vec::new();
    for (from, one) in found {
        if !pieces.is_empty() {
            bytes.push(b'\n');
        }
        pieces.push((bytes.len(), from));
        bytes.extend_from_slice(&one);
    }
    (!pieces.is_empty()).then_some(Derived {
        pieces,
        ..Derived::whole(Some(encoding), bytes)
    })
}

impl Derived {
    /// What is decoded, in two: the pieces that read as something, and those that do not.
    fn apart(self) -> [Option<Self>; 2] {
        if self.pieces.is_empty() {
            return [Some(self), None];
        }
        let ends = self.pieces.iter().skip(1).map(|(next, _)| next - 1);
        let ends = ends.chain([self.bytes.len()]);
        let pieces = self.pieces.iter().zip(ends);
        let (words, noise): (Vec<_>, Vec<_>) = pieces
            .map(|((start, from), end)| (from.clone(), &self.bytes[*start..end]))
            .partition(|(_, piece)| reads(piece));
        if words.is_empty() {
            return [
                None,
                Some(Self {
                    kind: Kind::Noise,
                    ..self
                }),
            ];
        }
        if noise.is_empty() {
            return [Some(self), None];
        }
        let made = |pieces: Vec<(Range<usize>, &[u8])>| {
            let length = pieces.iter().map(|(_, piece)| piece.len() + 1);
            let mut bytes = Zeroizing::new(Vec::with_capacity(length.sum()));
            let mut starts = Vec::with_capacity(pieces.len());
            for (from, piece) in pieces {
                if !starts.is_empty() {
                    bytes.push(b'\n');
                }
                starts.push((bytes.len(), from));
                bytes.extend_from_slice(piece);
            }
            Self {
                pieces: starts,
                ..Self::whole(self.encoding, bytes)
            }
        };
        let noise = Self {
            kind: Kind::Noise,
            ..made(noise)
        };
        [Some(made(words)), Some(noise)]
    }
}

/// Whether these bytes are a text or hold a packed one, rather than what comes of decoding a word.
fn reads(bytes: &[u8]) -> bool {
    let is_sign = |byte: &&u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace() || **byte == 0;
    let signs = bytes.iter().filter(is_sign).count();
    4 * signs >= 3 * bytes.len() || is_packed(bytes) || std::str::from_utf8(bytes).is_ok()
}

/// Runs of these bytes, with as many `=` after them as may fill up their last group.
fn runs<'t>(
    text: &'t [u8],
    is_in: impl Fn(u8) -> bool + 't,
    least: usize,
    padding: usize,
) -> impl Iterator<Item = Range<usize>> + 't {
    // Without its padding no run is shorter, so of so many bytes one tells that none of them is of any.
    let step = least.saturating_sub(padding).max(1);
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let last = at + step - 1;
            if !is_in(*text.get(last)?) {
                at = last + 1;
                continue;
            }
            let is_out = |byte: &u8| !is_in(*byte);
            let start = text[at..last].iter().rposition(is_out);
            let start = start.map_or(at, |before| at + before + 1);
            let digits = text[last..].iter().position(is_out);
            let end = digits.map_or(text.len(), |digits| last + digits);
            let signs = text[end..].iter().take(padding);
            at = end + signs.take_while(|byte| **byte == b'=').count();
            if at - start >= least {
                return Some(start..at);
            }
        }
    })
}

fn is_url_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn is_standard(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

fn is_base64(byte: u8) -> bool {
    is_url_safe(byte) || is_standard(byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Byte for byte.
    fn by_hand(text: &[u8], least: usize, padding: usize) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            let digits = rest.iter().take_while(|byte| is_base64(**byte)).count();
            let signs = rest[digits..].iter().take(padding);
            let signs = signs.take_while(|byte| **byte == b'=').count();
            let run = at..at + digits + if digits > 0 { signs } else { 0 };
            at = run.end.max(at + 1);
            if digits > 0 && run.len() >= least {
                found.push(run);
            }
        }
        found
    }

    proptest! {
        #[test]
        fn a_run_is_as_long_as_it_can_be(
            text in "[ab=./\\n]{0,60}",
            least in 1_usize..12,
            padding in 0_usize..4,
        ) {
            // A run is no padding alone.
            let least = least.max(padding + 1);
            let found: Vec<_> = runs(text.as_bytes(), is_base64, least, padding).collect();
            prop_assert_eq!(found, by_hand(text.as_bytes(), least, padding));
        }
    }
}
