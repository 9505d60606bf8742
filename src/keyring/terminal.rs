//! What a terminal puts around text: brackets around what is pasted, and escape sequences.

use std::ops::Range;

use zeroize::Zeroizing;

/// What stands before and after pasted text: as sent, as shown by `cat -v`, and with the escape
/// character gone.
pub(super) const PASTES: [(&str, &str); 4] = [
    ("\u{1b}[200~", "\u{1b}[201~"),
    ("^[[200~", "^[[201~"),
    ("[200~", "[201~"),
    ("200~", "201~"),
];

/// What colours the text that stands between: those that are searched for.
pub(super) fn colours() -> Vec<(String, &'static str)> {
    const ENDS: [&str; 2] = ["\u{1b}[0m", "\u{1b}[m"];
    let mut codes: Vec<String> = ["0", "1", "4", "7"].map(str::to_owned).into();
    for colour in 30..=37 {
        codes.extend(["", "0;", "1;", "01;"].map(|weight| format!("{weight}{colour}")));
    }
    codes.extend((90..=97).map(|colour| colour.to_string()));
    let mut around = Vec::new();
    for code in codes {
        let start = format!("\u{1b}[{code}m");
        around.push((start.clone(), ""));
        around.extend(ENDS.map(|end| (start.clone(), end)));
        if let Some(colour) = code.strip_prefix("01;") {
            // As grep has it, which clears the rest of the line too.
            let start = format!("\u{1b}[01;{colour}m\u{1b}[K");
            around.push((start.clone(), ""));
            around.push((start, "\u{1b}[m\u{1b}[K"));
        }
    }
    around
        .extend(["\u{1b}[m\u{1b}[K", "\u{1b}[K", ENDS[0], ENDS[1]].map(|end| (String::new(), end)));
    around
}

/// What is left without the escape sequences on both sides, where there are any.
pub(super) fn within_escapes(bytes: &[u8]) -> Option<Range<usize>> {
    let mut start = 0;
    while let Some(len) = bytes.get(start..).and_then(sequence) {
        start += len;
    }
    let mut end = bytes.len();
    while let Some(from) = (start..end).rev().take(LONGEST).find(|&from| {
        let tail = bytes.get(from..end).unwrap_or_default();
        // The leftover of one that starts earlier is not taken for a whole one.
        sequence(tail) == Some(tail.len()) && !follows_escape(bytes, from)
    }) {
        end = from;
    }
    (start > 0 || end < bytes.len()).then_some(start..end)
}

/// A text without the escape sequences in it; `None` where there are none. Of those whose escape character is gone
/// nobody can tell that they are some.
pub(super) fn without_escapes(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut left = Zeroizing::new(Vec::with_capacity(bytes.len()));
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        let is_sent = rest.starts_with(b"\x1b") || rest.starts_with(b"^[");
        match sequence(rest).filter(|_| is_sent) {
            Some(length) => rest = rest.get(length..).unwrap_or_default(),
            None => {
                left.push(*first);
                rest = tail;
            }
        }
    }
    (left.len() < bytes.len()).then_some(left)
}

/// The longest sequence that is looked for at the end.
const LONGEST: usize = 32;

fn follows_escape(bytes: &[u8], from: usize) -> bool {
    bytes
        .get(..from)
        .is_some_and(|before| before.ends_with(b"\x1b") || before.ends_with(b"^["))
}

/// How long the sequence is that starts here: a control sequence as sent or as `cat -v` shows it, but
/// none of a paste; of those whose escape character is gone only colours and cleared lines.
fn sequence(bytes: &[u8]) -> Option<usize> {
    let (introducer, bare) = [&b"\x1b["[..], b"^[[", b"["]
        .into_iter()
        .find(|introducer| bytes.starts_with(introducer))
        .map(|introducer| (introducer.len(), introducer == b"["))?;
    let rest = bytes.get(introducer..)?;
    let parameters = rest
        .iter()
        .take(LONGEST)
        .take_while(|byte| (0x20..0x40).contains(*byte))
        .count();
    let last = *rest.get(parameters)?;
    let numbers = rest.get(..parameters)?;
    let plain = numbers
        .iter()
        .all(|byte| byte.is_ascii_digit() || *byte == b';');
    let fits = match last {
        b'm' | b'K' => plain,
        b'~' => !bare && numbers != b"200" && numbers != b"201",
        0x40..=0x7e => !bare,
        _ => false,
    };
    fits.then_some(introducer + parameters + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_are_told_from_keys() {
        for (text, inner) in [
            ("\u{1b}[31mkey\u{1b}[0m", Some("key")),
            ("\u{1b}[01;31m\u{1b}[Kkey\u{1b}[m\u{1b}[K", Some("key")),
            ("\u{1b}[38;5;208mkey", Some("key")),
            ("key\u{1b}[0m", Some("key")),
            ("^[[1mkey^[[0m", Some("key")),
            ("[01;31m[Kkey[m[K", Some("key")),
            ("\u{1b}[2Jkey", Some("key")),
            ("\u{1b}[200~key\u{1b}[201~", None),
            ("[key]", None),
            ("[abc]key[1]", None),
            ("key", None),
            ("", None),
        ] {
            let found = within_escapes(text.as_bytes()).map(|range| &text[range]);
            assert_eq!(found, inner, "{text:?}");
        }
    }

    #[test]
    fn what_is_searched_for_is_recognised() {
        for (before, after) in colours() {
            let text = format!("{before}key{after}");
            let found = within_escapes(text.as_bytes()).map(|range| &text[range]);
            assert_eq!(found, Some("key"), "{text:?}");
        }
    }
}
