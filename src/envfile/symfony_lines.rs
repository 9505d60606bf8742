//! The statements of a file that Symfony reads, before their references are resolved.

use super::buffer::Buffer;
use super::symfony::{DOLLAR, Refused, name_end};
use super::text::{find, find_or_end};

const NOT_CLOSED: Refused = "a quote is not closed";

pub(super) struct Reader<'t> {
    text: &'t [u8],
    pub(super) at: usize,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Passes over blanks, empty lines and comments. False at the end of the file.
    pub(super) fn next_statement(&mut self) -> bool {
        loop {
            self.at = find_or_end(self.text, self.at, |b| !is_space(b));
            match self.peek() {
                None => return false,
                Some(b'#') => self.at = find_or_end(self.text, self.at, |b| b == b'\n'),
                Some(_) => return true,
            }
        }
    }

    pub(super) fn statement(&mut self) -> Result<(&'t [u8], Buffer), Refused> {
        let name = self.name()?;
        Ok((name, self.value()?))
    }

    fn name(&mut self) -> Result<&'t [u8], Refused> {
        if self.text[self.at..].starts_with(b"export") {
            let blanks = find_or_end(self.text, self.at + 6, |b| !is_blank(b));
            if blanks > self.at + 6 && name_end(self.text, blanks) > blanks {
                self.at = blanks;
            }
        }
        let start = self.at;
        self.at = name_end(self.text, start);
        match self.peek() {
            _ if self.at == start => Err("symfony refuses what is no name"),
            Some(b'=') => {
                self.at += 1;
                Ok(&self.text[start..self.at - 1])
            }
            Some(b' ' | b'\t') => Err("symfony refuses a blank before `=`"),
            _ => Err("symfony refuses a name without `=`"),
        }
    }

    fn value(&mut self) -> Result<Buffer, Refused> {
        let blanks = find_or_end(self.text, self.at, |b| !is_blank(b));
        let mut value = Buffer::default();
        match self.text.get(blanks) {
            None | Some(b'\n' | b'#') => {
                self.at = find_or_end(self.text, blanks, |b| b == b'\n');
                return Ok(value);
            }
            _ if blanks > self.at => return Err("symfony refuses a blank before a value"),
            _ => {}
        }
        loop {
            match self.peek() {
                None | Some(b'\n') => return Ok(value),
                Some(b'\'') => self.single(&mut value)?,
                Some(b'"') => self.double(&mut value)?,
                Some(_) => {
                    self.plain(&mut value)?;
                    if self.peek() == Some(b'#') {
                        return Ok(value);
                    }
                }
            }
        }
    }

    fn single(&mut self, value: &mut Buffer) -> Result<(), Refused> {
        let start = self.at + 1;
        let end = find(self.text, start, b'\'').ok_or(NOT_CLOSED)?;
        for &byte in &self.text[start..end] {
            match byte {
                b'\\' => value.extend(b"\\\\"),
                b'$' => value.push(DOLLAR),
                byte => value.push(byte),
            }
        }
        self.at = end + 1;
        Ok(())
    }

    fn double(&mut self, value: &mut Buffer) -> Result<(), Refused> {
        let start = self.at + 1;
        let is_escaped = |at: usize| self.text[at - 1] == b'\\' && self.text[at - 2] != b'\\';
        let mut end = find(self.text, start, b'"').ok_or(NOT_CLOSED)?;
        while is_escaped(end) {
            end = find(self.text, end + 1, b'"').ok_or(NOT_CLOSED)?;
        }
        let text = replaced(&self.text[start..end], b'"', b'"');
        let text = replaced(&replaced(&text, b'r', b'\r'), b'n', b'\n');
        protect(&text, value);
        self.at = end + 1;
        Ok(())
    }

    /// Up to a quote, the end of the line or a comment.
    fn plain(&mut self, value: &mut Buffer) -> Result<(), Refused> {
        let mut plain = Buffer::default();
        let mut before = self.text[self.at - 1];
        while let Some(mut byte) = self.peek() {
            if matches!(byte, b'\n' | b'"' | b'\'') || (byte == b'#' && is_blank(before)) {
                break;
            }
            if byte == b'\\'
                && let Some(&quote @ (b'"' | b'\'')) = self.text.get(self.at + 1)
            {
                self.at += 1;
                byte = quote;
            }
            before = byte;
            plain.push(byte);
            self.at += 1;
            if byte == b'$' && self.peek() == Some(b'(') {
                let end = self.closing()?;
                plain.extend(&self.text[self.at..end]);
                self.at = end;
            }
        }
        let is_blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0b);
        let end = plain.iter().rposition(|b| !is_blank(b));
        let plain = &plain[..end.map_or(0, |end| end + 1)];
        if !plain.contains(&b'$') && plain.iter().any(|&b| is_space(b)) {
            return Err("symfony refuses blanks in a value without quotes");
        }
        protect(plain, value);
        Ok(())
    }

    /// Behind the parenthesis that closes this one, on the same line.
    fn closing(&self) -> Result<usize, Refused> {
        let mut depth = 0_usize;
        for (at, byte) in (self.at..).zip(&self.text[self.at..]) {
            match byte {
                b'(' => depth += 1,
                b')' => depth -= 1,
                b'\n' => break,
                _ => {}
            }
            if depth == 0 {
                return Ok(at + 1);
            }
        }
        Err("symfony refuses a `$(` that is not closed on its line")
    }
}

/// With the escape of one letter replaced.
fn replaced(text: &[u8], letter: u8, by: u8) -> Buffer {
    let mut buffer = Buffer::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let is_one = byte == b'\\' && after.first() == Some(&letter);
        buffer.push(if is_one { by } else { byte });
        rest = &after[usize::from(is_one)..];
    }
    buffer
}

/// Adds a text, with each dollar sign that a backslash keeps as [`DOLLAR`] and without that backslash.
fn protect(text: &[u8], to: &mut Buffer) {
    let mut backslashes = 0;
    for &byte in text {
        if byte == b'$' && backslashes % 2 == 1 {
            to.truncate(to.len() - 1);
            to.push(DOLLAR);
        } else {
            to.push(byte);
        }
        backslashes = if byte == b'\\' { backslashes + 1 } else { 0 };
    }
}

/// `\s` of PHP.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::super::Dialect::Symfony;
    use super::super::tests::{Is, check, names, rejects};

    #[test]
    fn quotes_may_stand_side_by_side_and_go_over_several_lines() {
        check(Symfony, b"K=a'b'\"c\"d", Is("abcd"));
        check(Symfony, b"K='a\nb' # c", Is("a\nb"));
        check(Symfony, b"K=\"a\r\nb\"", Is("a\nb"));
        check(Symfony, b"K='a\\'\nL=w", Is("a\\"));
        check(Symfony, b"K=`v`", Is("`v`"));
        rejects(Symfony, b"A=1\nK=\"v", 2);
        rejects(Symfony, b"A=1\nK='v", 2);
    }

    #[test]
    fn escapes_are_those_of_double_quotes_and_of_quotes() {
        check(Symfony, b"K=\"a\\nb\\r\\\"\\\\c\\t\"", Is("a\nb\r\"\\c\\t"));
        check(Symfony, b"K=a\\b\\\\c\\\"", Is("a\\b\\c\""));
        check(Symfony, b"K='a\\nb'", Is("a\\nb"));
    }

    #[test]
    fn blanks_are_refused_but_in_quotes_and_at_the_end() {
        check(Symfony, b"  K=v  # c", Is("v"));
        check(Symfony, b"K=a#b", Is("a#b"));
        check(Symfony, b"K=#c\nL=w", Is(""));
        for line in [
            "K=a b",
            "K= v",
            "K =v",
            "K=a 'b' c",
            "K: v",
            "K",
            "K\n",
            "export K",
        ] {
            rejects(Symfony, format!("A=1\n{line}").as_bytes(), 2);
        }
    }

    #[test]
    fn names_are_words_with_a_letter() {
        let file = b"export K=1\nexport=2\n__a1=3\nK=4";
        assert_eq!(names(Symfony, file), ["K", "export", "__a1"]);
        check(Symfony, file, Is("4"));
        for name in ["_", "1K", "A-B", "A.B", "'K'", "\u{e4}", "set K"] {
            rejects(Symfony, format!("\n{name}=v").as_bytes(), 2);
        }
    }

    #[test]
    fn a_byte_order_mark_and_nul_are_refused_and_other_bytes_kept() {
        rejects(Symfony, "\u{feff}K=v".as_bytes(), 1);
        rejects(Symfony, b"A=1\nK=\0", 2);
        let entry = super::super::read(Symfony, b"K=a\xff", "K", Default::default());
        assert_eq!(entry.unwrap().value().unwrap().expose(), b"a\xff");
    }
}
