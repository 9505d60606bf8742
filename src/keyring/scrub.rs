use std::borrow::Cow;
use std::ops::Range;

use super::decode::decodings;
use super::format::Format;
use super::wraps::MIN_KEY;
use crate::text::escape;

/// What stands for something that was taken out.
const REDACTED: &str = "[redacted]";

/// A text from outside, such as the body of an error, made fit to be shown: what looks like a key
/// is taken out, also where it is encoded, what a terminal would act on is escaped, and all of it
/// is cut to so many characters, `…` included.
#[must_use]
pub fn scrubbed<'f>(
    text: &[u8],
    formats: impl IntoIterator<Item = &'f Format, IntoIter: Clone>,
    characters: usize,
) -> String {
    let shown = redacted(text, formats.into_iter());
    let escaped = escape(&shown);
    match escaped.char_indices().nth(characters) {
        None => escaped.into_owned(),
        Some(_) => {
            let kept = characters.saturating_sub(1);
            escaped.chars().take(kept).chain(['…']).collect()
        }
    }
}

/// Cut afterwards, so that no key is cut in two and shown by half.
fn redacted<'f>(text: &[u8], formats: impl Iterator<Item = &'f Format> + Clone) -> Cow<'_, str> {
    let mut hidden: Vec<_> = formats
        .clone()
        .flat_map(|format| format.find_anywhere(text))
        .collect();
    for in_token in [is_base64, is_url_safe, is_escaped] {
        hidden.extend(
            tokens(text, in_token).filter(|token| holds_key(&text[token.clone()], &formats, 2)),
        );
    }
    if hidden.is_empty() {
        return String::from_utf8_lossy(text);
    }
    hidden.sort_unstable_by_key(|range| (range.start, range.end));
    let mut shown = String::new();
    let mut from = 0;
    for range in hidden {
        if range.start >= from {
            shown += &String::from_utf8_lossy(&text[from..range.start]);
            shown += REDACTED;
        }
        from = from.max(range.end);
    }
    shown += &String::from_utf8_lossy(&text[from..]);
    Cow::Owned(shown)
}

/// Whether something encoded decodes to a text that holds what looks like a key.
fn holds_key<'f>(
    token: &[u8],
    formats: &(impl Iterator<Item = &'f Format> + Clone),
    depth: usize,
) -> bool {
    decodings(token).into_iter().any(|(_, bytes)| {
        formats
            .clone()
            .any(|format| format.find_anywhere(&bytes).next().is_some())
            || (depth > 1 && holds_key(&bytes, formats, depth - 1))
    })
}

fn is_url_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_".contains(&byte)
}

fn is_base64(byte: u8) -> bool {
    is_url_safe(byte) || b"+/".contains(&byte)
}

/// What percent and JSON escapes stand among.
fn is_escaped(byte: u8) -> bool {
    !byte.is_ascii_whitespace() && !b"\"'<>,;&=".contains(&byte)
}

/// Runs of these bytes with the padding of base64, without the backslash of a quote that follows.
fn tokens(text: &[u8], in_token: fn(u8) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        at += text.get(at..)?.iter().position(|&byte| in_token(byte))?;
        let start = at;
        at += text[start..]
            .iter()
            .take_while(|&&byte| in_token(byte))
            .count();
        let padding = text[at..].iter().take(2).take_while(|&&byte| byte == b'=');
        at += padding.count();
        let quote = text[start..at]
            .iter()
            .rev()
            .take_while(|&&byte| byte == b'\\');
        Some(start..at - quote.count())
    })
    .filter(|token| token.len() >= MIN_KEY)
}

#[cfg(test)]
mod tests {
    use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "ask_live_0123456789abcdefghijABCDEFGHIJxy";

    fn formats() -> [Format; 1] {
        [Format::new("^ask_live_[A-Za-z0-9]{32}$").unwrap()]
    }

    fn scrub(text: &str) -> String {
        scrubbed(text.as_bytes(), &formats(), 1000)
    }

    #[test]
    fn keys_are_taken_out_wherever_they_stand() {
        let text = format!("bad key \"{KEY}\", x{KEY}{KEY}9 and no more");
        assert_eq!(
            scrub(&text),
            r#"bad key "[redacted]", x[redacted][redacted]9 and no more"#
        );
    }

    #[test]
    fn encoded_keys_are_taken_out_too() {
        let percent: String = KEY.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let json: String = KEY.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
        let twice = BASE64.encode(BASE64.encode(KEY.as_bytes()).as_bytes());
        let config = BASE64.encode(format!("{{\"key\": \"{KEY}\"}}").as_bytes());
        for encoded in [
            BASE64.encode(KEY.as_bytes()),
            BASE64.encode(format!("{KEY}\n").as_bytes()),
            BASE64URL_NOPAD.encode(KEY.as_bytes()),
            HEXLOWER.encode(KEY.as_bytes()),
            HEXUPPER.encode(KEY.as_bytes()),
            percent,
            json,
            twice,
            config,
        ] {
            for (before, after) in [
                ("{\"key\":\"", "\"}"),
                ("key=", "."),
                ("\\\"", "\\\""),
                ("/v1/", " "),
            ] {
                let text = format!("{before}{encoded}{after}");
                if (before, encoded.starts_with('\\')) == ("/v1/", true) {
                    continue;
                }
                let shown = scrub(&text);
                assert!(
                    shown.contains(REDACTED) && !shown.contains(&encoded),
                    "{shown}"
                );
            }
        }
    }

    #[test]
    fn words_and_digests_stay() {
        let text =
            "permission denied: policy AllowReadOnlyForEveryone, sha256:ba7816bf8f01cfea, a%20b";
        assert_eq!(scrub(text), text);
    }

    #[test]
    fn what_acts_is_escaped_and_the_rest_is_cut_by_characters() {
        assert_eq!(scrub("\u{1b}[2Jgone\n"), r"\u{1b}[2Jgone\n");
        assert_eq!(scrubbed(b"\xff\x00", [], 100), "\u{fffd}\\u{0}");
        assert_eq!(scrubbed("éééé".as_bytes(), [], 4), "éééé");
        assert_eq!(scrubbed("ééééé".as_bytes(), [], 4), "ééé…");
        assert_eq!(scrubbed(b"abc", [], 0), "…");
    }

    #[test]
    fn a_key_across_the_cut_is_not_shown_by_half() {
        let text = format!("no such key: {KEY}");
        assert_eq!(
            scrubbed(text.as_bytes(), &formats(), 30),
            "no such key: [redacted]"
        );
        assert_eq!(
            scrubbed(text.as_bytes(), &formats(), 18),
            "no such key: [red…"
        );
    }

    proptest! {
        #[test]
        fn takes_anything_and_shows_no_key(
            before in prop::collection::vec(any::<u8>(), 0..30),
            after in prop::collection::vec(any::<u8>(), 0..30),
            characters in 0_usize..100,
        ) {
            let text = [&before[..], KEY.as_bytes(), &after].concat();
            let shown = scrubbed(&text, &formats(), characters);
            prop_assert!(!shown.contains(&KEY[9..]));
            prop_assert!(shown.chars().count() <= characters.max(1));
        }
    }
}
