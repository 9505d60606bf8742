use std::ops::Deref;

use super::buffer::Buffer;

/// The file as its program sees it: borrowed where nothing had to change.
pub(super) enum Text<'f> {
    Same(&'f [u8]),
    Changed(Buffer),
}

impl Deref for Text<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Same(bytes) => bytes,
            Self::Changed(buffer) => buffer,
        }
    }
}

/// What becomes of carriage returns before parsing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CarriageReturn {
    /// `\r\n` and a lone `\r` become `\n`.
    Newline,
    /// Each is dropped.
    Dropped,
}

/// With `\r\n` and `\r` as `\n`, and every other byte as it is.
pub(super) fn with_line_feeds(file: &[u8]) -> Text<'_> {
    if !file.contains(&b'\r') {
        return Text::Same(file);
    }
    let mut buffer = Buffer::with_capacity(file.len());
    let mut before = 0;
    for &byte in file {
        match byte {
            b'\r' => buffer.push(b'\n'),
            b'\n' if before == b'\r' => {}
            byte => buffer.push(byte),
        }
        before = byte;
    }
    Text::Changed(buffer)
}

/// Reads bytes as UTF-8, U+FFFD for what is not, and settles carriage returns.
pub(super) fn prepared(file: &[u8], carriage_return: CarriageReturn) -> Text<'_> {
    if !file.contains(&b'\r') && std::str::from_utf8(file).is_ok() {
        return Text::Same(file);
    }
    let mut buffer = Buffer::with_capacity(file.len());
    for chunk in file.utf8_chunks() {
        let mut valid = chunk.valid().as_bytes();
        while let Some(at) = find(valid, 0, b'\r') {
            buffer.extend(&valid[..at]);
            if carriage_return == CarriageReturn::Newline {
                buffer.push(b'\n');
            }
            let pair =
                carriage_return == CarriageReturn::Newline && valid.get(at + 1) == Some(&b'\n');
            valid = &valid[at + if pair { 2 } else { 1 }..];
        }
        buffer.extend(valid);
        if !chunk.invalid().is_empty() {
            buffer.extend("\u{fffd}".as_bytes());
        }
    }
    Text::Changed(buffer)
}

/// Where this byte next stands.
pub(super) fn find(text: &[u8], from: usize, byte: u8) -> Option<usize> {
    let rest = text.get(from..)?;
    rest.iter().position(|&b| b == byte).map(|at| from + at)
}

/// Where one of these bytes next stands, else the end.
pub(super) fn find_or_end(text: &[u8], from: usize, wanted: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest.iter().position(|&b| wanted(b)).unwrap_or(rest.len())
}

/// The character that starts here and its length; `None` at the end and at bytes that are not UTF-8.
pub(super) fn char_at(text: &[u8], at: usize) -> Option<(char, usize)> {
    let first = *text.get(at)?;
    if first.is_ascii() {
        return Some((char::from(first), 1));
    }
    let window = &text[at..text.len().min(at + 4)];
    let character = window.utf8_chunks().next()?.valid().chars().next()?;
    Some((character, character.len_utf8()))
}

/// The first position at or after `at` whose character is another one.
pub(super) fn skip(text: &[u8], mut at: usize, wanted: impl Fn(char) -> bool) -> usize {
    while let Some((character, length)) = char_at(text, at) {
        if !wanted(character) {
            break;
        }
        at += length;
    }
    at
}

/// Without these characters at the end.
pub(super) fn trim_end(mut text: &[u8], wanted: impl Fn(char) -> bool) -> &[u8] {
    while let Some((character, start)) = last_char(text) {
        if !wanted(character) {
            break;
        }
        text = &text[..start];
    }
    text
}

fn last_char(text: &[u8]) -> Option<(char, usize)> {
    (1..=4.min(text.len())).find_map(|length| {
        let start = text.len() - length;
        char_at(text, start)
            .filter(|&(_, found)| found == length)
            .map(|(character, _)| (character, start))
    })
}

/// Line numbers, cheap when asked for in ascending order.
pub(super) struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: u32,
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
        }
    }

    /// The line of this position, from 1.
    pub(super) fn of(&mut self, at: usize) -> u32 {
        if at < self.at {
            *self = Self::new(self.text);
        }
        let at = at.min(self.text.len());
        let passed = self.text[self.at..at].iter().filter(|&&b| b == b'\n');
        self.line = self
            .line
            .saturating_add(u32::try_from(passed.count()).unwrap_or(u32::MAX));
        self.at = at;
        self.line
    }
}

/// `\s` and `trim` of JavaScript.
pub(super) fn is_javascript_space(c: char) -> bool {
    c == '\u{feff}' || (c != '\u{85}' && c.is_whitespace())
}

/// `\s` and `strip` of Python.
pub(super) fn is_python_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prepared_text_is_utf_8_with_settled_line_ends() {
        let newline = |file| prepared(file, CarriageReturn::Newline).to_vec();
        assert_eq!(
            newline(b"a\r\nb\rc\r\r\n\xff\r"),
            "a\nb\nc\n\n\u{fffd}\n".as_bytes()
        );
        let dropped = |file| prepared(file, CarriageReturn::Dropped).to_vec();
        assert_eq!(dropped(b"a\r\nb\rc\xe2\x82"), "a\nbc\u{fffd}".as_bytes());
        assert!(matches!(
            prepared("ä\n".as_bytes(), CarriageReturn::Newline),
            Text::Same(_)
        ));
    }

    #[test]
    fn lines_are_counted_in_any_order() {
        let mut lines = Lines::new(b"a\nb\n\nc");
        assert_eq!([0, 1, 2, 5, 99].map(|at| lines.of(at)), [1, 1, 2, 4, 4]);
        assert_eq!(lines.of(2), 2);
    }

    #[test]
    fn spaces_are_trimmed_and_skipped_but_broken_bytes_are_not() {
        assert_eq!(trim_end("a\u{a0} ".as_bytes(), char::is_whitespace), b"a");
        assert_eq!(trim_end(b"a \xc2", char::is_whitespace), b"a \xc2");
        assert_eq!(trim_end(b"a\xa0", char::is_whitespace), b"a\xa0");
        assert_eq!(
            skip("\u{3000} \u{feff}b".as_bytes(), 0, is_javascript_space),
            7
        );
        assert_eq!(skip(b"\xc2", 0, is_javascript_space), 0);
    }
}
