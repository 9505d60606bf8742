//! Properties files, as `java.util.Properties` reads them. Bytes that are no ASCII stay as they are,
//! since readers differ on whether they are Latin-1 or UTF-8.

use zeroize::Zeroizing;

use super::apply::bad;
use crate::key::Secret;
use crate::reading::ReadError;

/// The value of a key, the last one where it stands several times.
///
/// # Errors
///
/// [`crate::reading::ErrorKind::BadData`] where Java refuses the file: at a `\u` without its four digits. A half of a
/// surrogate pair becomes a question mark, as when Java writes it.
pub(super) fn value(file: &[u8], name: &str) -> Result<Option<Secret>, ReadError> {
    let mut lines = Lines {
        rest: file,
        number: 0,
    };
    // As large as it can get: growing would leave copies behind.
    let mut line = Zeroizing::new(Vec::with_capacity(file.len()));
    let mut found = None;
    while let Some(number) = lines.next_into(&mut line) {
        let (key, value) = split(&line);
        let (Some(key), Some(value)) = (unescape(key), unescape(value)) else {
            return Err(bad(
                format!(
                    "line {number} has a broken `\\u` escape, at which Java refuses the whole file"
                ),
                "correct that line: a backslash that is meant is written twice",
            ));
        };
        if key.expose() == name.as_bytes() {
            found = Some(value);
        }
    }
    Ok(found)
}

/// Logical lines: without blank ones and comments, and with what a backslash at the end continues.
struct Lines<'f> {
    rest: &'f [u8],
    number: usize,
}

impl<'f> Lines<'f> {
    /// The number of the line at which the next one begins; its text is written to `line`.
    fn next_into(&mut self, line: &mut Vec<u8>) -> Option<usize> {
        line.clear();
        let mut began = None;
        while let Some(natural) = self.natural() {
            let text = start(natural);
            // A line of nothing but a backslash continues nothing.
            if line.is_empty() {
                if matches!(text.first(), None | Some(b'#' | b'!')) {
                    began = None;
                    continue;
                }
                began = Some(self.number);
            }
            let first = began.unwrap_or(self.number);
            let slashes = text.iter().rev().take_while(|byte| **byte == b'\\').count();
            if slashes % 2 == 0 {
                line.extend_from_slice(text);
                return Some(first);
            }
            line.extend_from_slice(&text[..text.len() - 1]);
        }
        began
    }

    fn natural(&mut self) -> Option<&'f [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        self.number += 1;
        let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let end = self.rest.iter().position(is_end).unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at(end);
        let both = rest.starts_with(b"\r\n");
        self.rest = rest.get(1 + usize::from(both)..).unwrap_or_default();
        Some(line)
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\x0c')
}

/// The text from the first byte that is no blank.
fn start(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| is_blank(**byte)).count();
    &text[blanks..]
}

/// The name and the value of a line, both with their escapes.
fn split(line: &[u8]) -> (&[u8], &[u8]) {
    let mut escaped = false;
    let end = line.iter().position(|&byte| {
        let ends = !escaped && (matches!(byte, b'=' | b':') || is_blank(byte));
        escaped = !escaped && byte == b'\\';
        ends
    });
    let (name, rest) = line.split_at(end.unwrap_or(line.len()));
    let rest = start(rest);
    let value = match rest.split_first() {
        Some((b'=' | b':', value)) => start(value),
        _ => rest,
    };
    (name, value)
}

/// `None` where an escape is broken.
fn unescape(text: &[u8]) -> Option<Secret> {
    let mut plain = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'\\' {
            plain.push(byte);
            continue;
        }
        let Some((&sign, tail)) = rest.split_first() else {
            break;
        };
        rest = tail;
        match sign {
            b't' => plain.push(b'\t'),
            b'n' => plain.push(b'\n'),
            b'r' => plain.push(b'\r'),
            b'f' => plain.push(b'\x0c'),
            b'u' => {
                let first = unit(rest)?;
                rest = rest.get(4..)?;
                let second = rest.strip_prefix(b"\\u").and_then(unit);
                let pair = [first, second.unwrap_or_default()];
                let sign = char::decode_utf16(pair).next()?.unwrap_or('?');
                if sign.len_utf16() == 2 {
                    rest = rest.get(6..)?;
                }
                plain.extend_from_slice(sign.encode_utf8(&mut [0; 4]).as_bytes());
            }
            other => plain.push(other),
        }
    }
    Some(Secret::new(std::mem::take(&mut *plain)))
}

fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.get(..4)?;
    let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
    let digits = is_hex.then(|| std::str::from_utf8(digits).ok()).flatten()?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {

    #[track_caller]
    fn assert_gives(file: &str, value: Option<&str>) {
        let found =
            super::value(file.as_bytes(), "a.k").unwrap_or_else(|error| panic!("{error:?}"));
        let found = found.map(|key| String::from_utf8(key.expose().to_vec()).unwrap());
        assert_eq!(found.as_deref(), value, "{file:?}");
    }

    #[test]
    fn lines_are_read_as_java_reads_them() {
        for (file, value) in [
            ("a.k=v", "v"),
            ("a.k = v \n", "v "),
            ("  a.k: v\r\n", "v"),
            ("a.k v\r", "v"),
            ("a.k\t:\u{c}=v", "=v"),
            ("a.k", ""),
            ("a.k=", ""),
            ("a.k=\"v\"", "\"v\""),
            ("a.k=v # no comment", "v # no comment"),
            ("a\\.k=v", "v"),
            ("a.k=1\na.k=2\n", "2"),
            ("x=1\\\n  a.k=2\na.k=3", "3"),
            ("a.k=v\\\n   w\\\r\n\tx\n", "vwx"),
            ("a.k=v\\\\\nw=1", "v\\"),
            ("# c\\\na.k=v", "v"),
            ("a.k=v\\\n#w", "v#w"),
            ("\n\n!a.k=no\n \na.k=v", "v"),
            ("a.k=v\\", "v"),
            ("a.k=\\t\\n\\r\\f\\q\\:", "\t\n\r\u{c}q:"),
            ("\\\n#\na.k=v", "v"),
            ("a.k=v\\ud83d\\u0041", "v?A"),
            ("a.k=v\\ude00\\ud83d", "v??"),
            ("a.k=\\u0076\\ud83d\\ude00\u{e9}", "v\u{1f600}\u{e9}"),
        ] {
            assert_gives(file, Some(value));
        }
        for file in ["", "a.K=v", "#a.k=v", "x=1\\\na.k=2", "a=k"] {
            assert_gives(file, None);
        }
    }

    #[test]
    fn what_java_refuses_is_refused_with_its_line() {
        for (file, line) in [
            ("a.k=v\nx=\\u12\n", "line 2 "),
            ("a.k=1\\\n\\u12zz\n", "line 1 "),
            ("\na.k=\\ud83d\\u1\n", "line 2 "),
        ] {
            let error = super::value(file.as_bytes(), "a.k").err().unwrap();
            assert!(error.message.starts_with(line), "{}", error.message);
        }
    }
}
