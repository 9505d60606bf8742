use std::ops::Range;

use serde::de::IgnoredAny;

use super::damage::Damage;
use super::peel::variable_prefix;
use super::unravel::Unravelled;
use super::wraps::{BEARER, BYTE_ORDER_MARK, QUOTES};

/// How far back the start of a URL is looked for.
const URL: usize = 4096;
/// How long a line is whose comments and lists are looked at.
const LINE: usize = 16 * 1024;

/// What separates the items of a list.
const SEPARATORS: &[u8] = b",;|";
/// What starts a comment when a blank stands before it.
const COMMENTS: [&[u8]; 6] = [b"#", b"//", b";", b"--", b"/*", b"<!--"];
/// The signs of brackets, and of what templates and shells put around a name.
const BRACKETS: &[u8] = b"<>{}[]()$#%@=_*!&~^";

/// What a text looks like as a whole, which is looked at once for all of its parts.
pub(super) struct Looks {
    pub(super) is_json: bool,
    is_nearly_json: bool,
    /// Whether nothing but its ends breaks it into lines.
    one_line: bool,
    has_separators: bool,
    /// Where comments may start.
    comments: Vec<usize>,
    /// The length of its words, where all have the same.
    words: Option<usize>,
    /// Whether it may hold lines of an env file.
    pub(super) has_assignments: bool,
    /// Where what comes after the scheme starts, where the text is a URL.
    pub(super) url: Option<usize>,
}

impl Looks {
    pub(super) fn of(text: &[u8]) -> Self {
        let short = text.len() <= LINE;
        let comments = (1..text.len()).filter(|&at| {
            text[at - 1].is_ascii_whitespace()
                && COMMENTS.iter().any(|sign| text[at..].starts_with(sign))
        });
        let mut words = text
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        let first = words.next().map(<[u8]>::len);
        Self {
            is_json: is_json(text),
            is_nearly_json: is_nearly_json(text),
            one_line: !text.trim_ascii().contains(&b'\n'),
            has_separators: text.iter().any(|byte| SEPARATORS.contains(byte)),
            comments: if short {
                comments.collect()
            } else {
                Vec::new()
            },
            words: first.filter(|first| words.all(|word| word.len() == *first)),
            has_assignments: text.contains(&b'='),
            url: after_scheme(text),
        }
    }
}

/// Where the part after the scheme starts of a text that is a URL.
fn after_scheme(text: &[u8]) -> Option<usize> {
    let scheme = text.windows(3).position(|signs| signs == b"://")?;
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    let is_url = text[..scheme].iter().all(plain) && !text.iter().any(u8::is_ascii_whitespace);
    is_url.then_some(scheme + 3)
}

/// Whether a text is a JSON object or list.
fn is_json(text: &[u8]) -> bool {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    matches!(text.trim_ascii_start(), [b'{' | b'[', ..])
        && serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

/// Whether a text is meant to be a JSON object, though it has a comment in it, or one comma too many.
fn is_nearly_json(text: &[u8]) -> bool {
    matches!(text.trim_ascii(), [b'{', inner @ .., b'}'] if inner.windows(2).any(|signs| signs == b"\":"))
}

/// What a key in a text is surrounded by, and what else is wrong with it there, from the outermost to
/// the innermost. Empty where the key is all there is.
pub(super) fn layers_around(text: &[u8], key: &Range<usize>, looks: &Looks) -> Vec<Damage> {
    let (before, after) = (&text[..key.start], &text[key.end..]);
    if before.is_empty() && after.is_empty() {
        return Vec::new();
    }
    if looks.is_json {
        return vec![Damage::InsideJson];
    }
    if is_in_url(before) {
        return vec![Damage::InsideUrl];
    }
    if is_bracketed(before, after) {
        return vec![Damage::Bracketed];
    }
    if looks.is_nearly_json {
        return vec![Damage::InsideJson];
    }
    if text.len() <= LINE {
        let comment = looks
            .one_line
            .then(|| commented(text, key, &looks.comments));
        if let Some(inner) = comment.flatten() {
            return [vec![Damage::InlineComment], inner].concat();
        }
        if is_item(text, key, looks) {
            return vec![Damage::InsideList];
        }
    }
    vec![Damage::Surrounded]
}

/// Whether what stands before a key, up to the last blank, is the start of a URL.
pub(super) fn is_in_url(before: &[u8]) -> bool {
    let near = &before[before.len().saturating_sub(URL)..];
    let word = near
        .rsplit(|byte| byte.is_ascii_whitespace() || b"\"'`<>,;|".contains(byte))
        .next();
    word.is_some_and(|word| word.windows(3).any(|signs| signs == b"://"))
}

fn is_bracketed(before: &[u8], after: &[u8]) -> bool {
    let bare = |side: &[u8]| {
        side.iter().all(|byte| {
            BRACKETS.contains(byte) || byte.is_ascii_whitespace() || b"\"'`".contains(byte)
        }) && side.iter().any(|byte| BRACKETS.contains(byte))
    };
    bare(before) && bare(after)
}

/// What is wrong with a key before the comment that follows it.
fn commented(text: &[u8], key: &Range<usize>, comments: &[usize]) -> Option<Vec<Damage>> {
    let after = comments.partition_point(|&at| at <= key.end);
    let before = text[..*comments.get(after)?].trim_ascii_end();
    layers_to(before, key)
}

/// Whether a key is one of several items with a separator between them.
fn is_item(text: &[u8], key: &Range<usize>, looks: &Looks) -> bool {
    if looks.has_separators && is_separated(text, key) {
        return true;
    }
    // Without a separator the items must look alike.
    looks.words == Some(key.len()) && text.trim_ascii().len() > key.len()
}

fn is_separated(text: &[u8], key: &Range<usize>) -> bool {
    let is_separator = |byte: &u8| SEPARATORS.contains(byte);
    let (before, after) = (&text[..key.start], &text[key.end..]);
    let start = before.iter().rposition(is_separator).map_or(0, |at| at + 1);
    let end = after.iter().position(is_separator);
    let separated = start > 0 || end.is_some();
    let item = &text[..end.map_or(text.len(), |at| key.end + at)];
    let blanks = item[start..].len() - item[start..].trim_ascii_start().len();
    let start = start + blanks.min(key.start - start);
    let key = key.start - start..key.end - start;
    separated && layers_to(item[start..].trim_ascii_end(), &key).is_some()
}

/// What lies around a key when it is wrapped in nothing but known layers.
fn layers_to(text: &[u8], key: &Range<usize>) -> Option<Vec<Damage>> {
    let (before, after) = (text.get(..key.start)?, text.get(key.end..)?);
    let key = &text[key.clone()];
    if before.is_empty() && after.is_empty() {
        return Some(Vec::new());
    }
    // Nearly everything is told apart here from what has layers.
    if !before.is_empty() && !may_open(text) || !after.is_empty() && !may_close(after) {
        return None;
    }
    let unravelled = Unravelled::new(text);
    unravelled
        .rests()
        .find(|(_, bytes)| *bytes == key)
        .map(|(rest, _)| rest.layers.clone())
}

/// Whether a layer may start like this: a blank, a quote, a name or a sign of a terminal.
fn may_open(text: &[u8]) -> bool {
    let is_sign = |byte: u8| !byte.is_ascii_alphanumeric() && byte != b'_' || byte == b'2';
    text.first().is_some_and(|&byte| is_sign(byte))
        || variable_prefix(text).is_some()
        || text
            .get(..BEARER.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(BEARER.as_bytes()))
}

/// Whether a layer may end like this. The sequences of a terminal end with a letter.
fn may_close(after: &[u8]) -> bool {
    let escapes = || after.contains(&0x1b) || after.contains(&b'[');
    let is_sign = |byte: u8| !byte.is_ascii_alphanumeric();
    after.last().is_some_and(|&byte| is_sign(byte) || escapes())
}

/// A text without one pair of quotes around it.
pub(super) fn unquoted(text: &[u8]) -> &[u8] {
    QUOTES
        .iter()
        .find_map(|quote| {
            let quote = quote.as_bytes();
            text.strip_prefix(quote)?.strip_suffix(quote)
        })
        .unwrap_or(text)
}
