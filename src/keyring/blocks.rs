//! Keys of several lines that say where they begin and end, as PEM has it.

use std::ops::Range;

use memchr::memmem::{Finder, find, find_iter};
use zeroize::Zeroizing;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// Each of them, without the line end behind it and with it.
pub(super) fn blocks(text: &[u8]) -> Vec<Range<usize>> {
    let end_of = Finder::new(END);
    let whole = |start: usize| {
        let end = start + end_of.find(&text[start..])? + END.len();
        Some(start..end + find(&text[end..], DASHES)? + DASHES.len())
    };
    let mut found: Vec<Range<usize>> = Vec::new();
    for start in find_iter(text, BEGIN) {
        // Without an end it is the same for all that follow.
        let Some(block) = whole(start) else { break };
        if text[block.end..].starts_with(b"\n") {
            found.push(block.start..block.end + 1);
        }
        found.push(block);
    }
    found
}

/// A text with such a key in it as the key has its lines: without blanks around them, and with plain line ends.
/// `None` where nothing changes.
pub(super) fn outdented(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    find(text, BEGIN)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() + 1));
    for line in text.split(|byte| *byte == b'\n') {
        bytes.extend_from_slice(line.trim_ascii());
        bytes.push(b'\n');
    }
    bytes.pop();
    (bytes.len() < text.len()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_found_whatever_its_lines_look_like() {
        let text = b"k: |\r\n  -----BEGIN K-----\r\n  abc\r\n  -----END K-----\r\nx: 1";
        let plain = outdented(text).unwrap();
        let found: Vec<_> = blocks(&plain)
            .into_iter()
            .map(|range| str::from_utf8(&plain[range]).unwrap())
            .collect();
        let key = "-----BEGIN K-----\nabc\n-----END K-----";
        assert_eq!(found, [&*format!("{key}\n"), key]);
        assert_eq!(outdented(&plain), None);
        assert_eq!(outdented(b"  k: 1\r\n"), None);
        assert!(blocks(b"-----BEGIN K-----\nabc").is_empty());
    }
}
