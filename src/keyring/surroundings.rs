use std::ops::Range;

use serde::de::IgnoredAny;

use super::damage::Damage;
use super::unravel::Unravelled;
use super::wraps::{BYTE_ORDER_MARK, QUOTES};

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

/// Whether a text is a JSON object or list.
pub(super) fn is_json(text: &[u8]) -> bool {
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
pub(super) fn layers_around(text: &[u8], key: &Range<usize>, is_json: bool) -> Vec<Damage> {
    let (before, after) = (&text[..key.start], &text[key.end..]);
    if before.is_empty() && after.is_empty() {
        return Vec::new();
    }
    if is_json {
        return vec![Damage::InsideJson];
    }
    if is_in_url(before) {
        return vec![Damage::InsideUrl];
    }
    if is_bracketed(before, after) {
        return vec![Damage::Bracketed];
    }
    if is_nearly_json(text) {
        return vec![Damage::InsideJson];
    }
    if text.len() <= LINE {
        let line = text.trim_ascii();
        let one_line = !line.contains(&b'\n');
        if let Some(inner) = one_line.then(|| commented(text, key)).flatten() {
            return [vec![Damage::InlineComment], inner].concat();
        }
        if is_item(text, key) {
            return vec![Damage::InsideList];
        }
    }
    vec![Damage::Surrounded]
}

/// Whether what stands before a key, up to the last blank, is the start of a URL.
fn is_in_url(before: &[u8]) -> bool {
    let near = &before[before.len().saturating_sub(URL)..];
    let word = near
        .rsplit(|byte| byte.is_ascii_whitespace() || b"\"'`<>,;|".contains(byte))
        .next();
    word.is_some_and(|word| word.windows(3).any(|signs| signs == b"://"))
}

fn is_bracketed(before: &[u8], after: &[u8]) -> bool {
    let bare = |side: &[u8]| {
        side.iter().any(|byte| BRACKETS.contains(byte))
            && side.iter().all(|byte| {
                BRACKETS.contains(byte) || byte.is_ascii_whitespace() || b"\"'`".contains(byte)
            })
    };
    bare(before) && bare(after)
}

/// What is wrong with a key before the comment that follows it.
fn commented(text: &[u8], key: &Range<usize>) -> Option<Vec<Damage>> {
    let after = &text[key.end..];
    let starts = (1..after.len()).filter(|&at| {
        after[at - 1].is_ascii_whitespace()
            && COMMENTS.iter().any(|sign| after[at..].starts_with(sign))
    });
    let comment = key.end + starts.min()?;
    layers_to(text[..comment].trim_ascii_end(), &text[key.clone()])
}

/// Whether a key is one of several items with a separator between them.
fn is_item(text: &[u8], key: &Range<usize>) -> bool {
    let is_separator = |byte: &u8| SEPARATORS.contains(byte);
    let (before, after) = (&text[..key.start], &text[key.end..]);
    let start = before.iter().rposition(is_separator).map_or(0, |at| at + 1);
    let end = after.iter().position(is_separator);
    let item = &text[start..end.map_or(text.len(), |at| key.end + at)];
    let separated = start > 0 || end.is_some();
    let key = &text[key.clone()];
    if separated && layers_to(item.trim_ascii(), key).is_some() {
        return true;
    }
    // Without a separator the items must look alike.
    let mut words = text
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .peekable();
    words.peek().is_some()
        && words.all(|word| word.len() == key.len())
        && text.trim_ascii().len() > key.len()
}

/// What lies around a key when it is wrapped in nothing but known layers.
fn layers_to(text: &[u8], key: &[u8]) -> Option<Vec<Damage>> {
    let unravelled = Unravelled::new(text);
    unravelled
        .rests()
        .find(|(_, bytes)| *bytes == key)
        .map(|(rest, _)| rest.layers.clone())
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
