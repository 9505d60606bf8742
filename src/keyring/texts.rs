use std::ops::Range;

use percent_encoding::percent_decode;
use zeroize::Zeroizing;

use super::damage::Damage;
use super::decode::{base64, hexadecimal};
use super::unescape::{backslashes, entities};
use super::wraps::{MIN_KEY, NO_BREAK_SPACES, ZERO_WIDTH};

/// How many encodings may lie around a key, one in the other.
const DEPTH: usize = 3;
/// Bounds for values made to take long; a real one has a handful.
const TEXTS: usize = 48;
const BYTES: usize = 16 * 1024 * 1024;

/// The fewest characters of base64 that may be a key.
const BASE64: usize = 11;
/// The fewest digits of hex that may be one.
const HEX: usize = 2 * MIN_KEY;

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
}

impl Derived {
    fn whole(encoding: Option<Damage>, bytes: Zeroizing<Vec<u8>>) -> Self {
        Self {
            encoding,
            bytes,
            pieces: Vec::new(),
            breaks: Vec::new(),
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

    fn within(value: &'v [u8], deep: usize, squeeze: bool) -> Self {
        let mut texts = Self {
            all: vec![Text {
                bytes: Bytes::Value(value),
                parent: None,
                encoding: None,
                pieces: Vec::new(),
                breaks: Vec::new(),
                depth: 0,
            }],
            cut: false,
        };
        let mut left = BYTES.min(value.len() * 16 + 64 * 1024);
        let mut next = 0;
        while let Some(text) = texts.all.get(next) {
            if text.depth < deep {
                for derived in derived(text.bytes(), squeeze) {
                    let known = |text: &Text<'_>| text.bytes() == &derived.bytes[..];
                    if derived.bytes.len() < MIN_KEY || texts.all.iter().any(known) {
                        continue;
                    }
                    if texts.all.len() == TEXTS || derived.bytes.len() > left {
                        texts.cut = true;
                        continue;
                    }
                    left -= derived.bytes.len();
                    let depth = texts.all.get(next).map_or(0, |text| text.depth) + 1;
                    texts.all.push(Text {
                        bytes: Bytes::Decoded(derived.bytes),
                        parent: Some(next),
                        encoding: derived.encoding,
                        pieces: derived.pieces,
                        breaks: derived.breaks,
                        depth,
                    });
                }
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

/// Everything a text may be read as in one more step.
fn derived(text: &[u8], squeeze: bool) -> Vec<Derived> {
    let percent = text.contains(&b'%').then(|| {
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
        bytes.extend(percent_decode(text));
        Derived::whole(Some(Damage::PercentEncoded), bytes)
    });
    let json = backslashes(text).map(|bytes| Derived::whole(Some(Damage::JsonEscaped), bytes));
    let html = entities(text).map(|bytes| Derived::whole(None, bytes));
    let base64_runs = runs(text, is_base64, BASE64).chain(runs(text, is_url_safe, BASE64));
    let hex_runs = runs(text, |byte| byte.is_ascii_hexdigit(), HEX);
    [
        percent,
        json,
        html,
        squeeze.then(|| squeezed(text)).flatten(),
        pieces(text, Damage::Base64, base64_runs, |run| {
            Some(base64(run)?.1)
        }),
        pieces(text, Damage::Hex, hex_runs, hexadecimal),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Without anything that takes no ink: a key that was wrapped over lines is whole in it, and a text
/// of two bytes a character is one of one. A sign that continues a line goes with its line end.
fn squeezed(text: &[u8]) -> Option<Derived> {
    if text.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut breaks = Vec::new();
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
            if breaks.last() != Some(&bytes.len()) {
                breaks.push(bytes.len());
            }
            rest = rest.get(gone..).unwrap_or_default();
        }
    }
    (!breaks.is_empty()).then_some(Derived {
        breaks,
        ..Derived::whole(None, bytes)
    })
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
fn pieces(
    text: &[u8],
    encoding: Damage,
    runs: impl Iterator<Item = Range<usize>>,
    decode: fn(&[u8]) -> Option<Zeroizing<Vec<u8>>>,
) -> Option<Derived> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * text.len() + 1));
    let mut pieces: Vec<(usize, Range<usize>)> = Vec::new();
    for run in runs {
        let Some(decoded) = text.get(run.clone()).and_then(decode) else {
            continue;
        };
        if decoded.len() < MIN_KEY || bytes.len() + decoded.len() >= bytes.capacity() {
            continue;
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

/// Runs of these bytes, with up to two `=` after them.
fn runs(
    text: &[u8],
    is_in: fn(u8) -> bool,
    least: usize,
) -> impl Iterator<Item = Range<usize>> + Clone {
    let mut at = 0;
    std::iter::from_fn(move || {
        at += text.get(at..)?.iter().position(|&byte| is_in(byte))?;
        let start = at;
        let tail = text.get(at..)?;
        at += tail.iter().take_while(|&&byte| is_in(byte)).count();
        let tail = text.get(at..)?;
        at += tail
            .iter()
            .take(2)
            .take_while(|&&byte| byte == b'=')
            .count();
        Some(start..at)
    })
    .filter(move |run| run.len() >= least)
}

fn is_url_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_".contains(&byte)
}

fn is_base64(byte: u8) -> bool {
    is_url_safe(byte) || b"+/".contains(&byte)
}
