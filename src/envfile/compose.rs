//! `env_file:` and `.env` of Docker Compose 2: compose-go `dotenv/parser.go`, read at its commit
//! e70e961 (July 2026).
//!
//! There is no Compose 2 in the package registries, so the tests hold these rules and the cases that
//! compose-go publishes, and do not run it. References are to earlier lines here; in Compose the
//! project's environment comes before those.

use std::sync::LazyLock;

use regex::Regex;

use super::buffer::Buffer;
use super::compose_template::substitute;
use super::text::{Lines, char_at, find, find_or_end, skip, trim_end};
use super::variables::{Expansion, Variables};
use super::{Entry, Outside, Rejected};

pub(super) fn parse(file: &[u8], variables: &mut Variables<'_>) -> Result<(), Rejected> {
    let mut lines = Lines::new(file);
    let mut reader = Reader { file, at: 0 };
    if file.starts_with("\u{feff}".as_bytes()) {
        reader.at = 3;
    }
    while let Some(start) = reader.statement_start() {
        reader
            .statement(&mut lines, variables)
            .map_err(|reason| Rejected {
                line: lines.of(start),
                reason,
            })?;
    }
    Ok(())
}

struct Reader<'f> {
    file: &'f [u8],
    at: usize,
}

impl<'f> Reader<'f> {
    fn statement_start(&mut self) -> Option<usize> {
        loop {
            self.at = skip(self.file, self.at, char::is_whitespace);
            if *self.file.get(self.at)? != b'#' {
                return Some(self.at);
            }
            self.at = find(self.file, self.at, b'\n')?;
        }
    }

    fn statement(
        &mut self,
        lines: &mut Lines<'_>,
        variables: &mut Variables<'_>,
    ) -> Result<(), &'static str> {
        let start = self.at;
        let (name, separator) = self.name()?;
        if name.contains(&b' ') {
            return Err("compose refuses a space in a name");
        }
        self.at = skip(self.file, self.at, is_space);
        if separator == Some(b'\n') {
            // An unset one is left out, so that an earlier value stays.
            if variables.outside() == Outside::Unknown {
                let line = lines.of(start);
                variables.set(name, Entry::Inherited { line });
            }
            return Ok(());
        }
        let value = self.value(variables)?;
        let line = if value.unknown { lines.of(start) } else { 0 };
        variables.set(name, value.into_entry(line));
        Ok(())
    }

    /// The name and what ended it. At the end of the file nothing does: then there is no name, and
    /// what looked like one is the value.
    fn name(&mut self) -> Result<(&'f [u8], Option<u8>), &'static str> {
        let rest = &self.file[self.at..];
        let exported = rest
            .strip_prefix(b"export")
            .and_then(|rest| rest.first())
            .is_some_and(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0c));
        if exported {
            self.at = skip(self.file, self.at + 6, is_space);
        }
        let start = self.at;
        let mut at = start;
        while let Some(&byte) = self.file.get(at) {
            if matches!(byte, b'=' | b':' | b'\n') {
                self.at = at + 1;
                let name = trim_end(&self.file[start..at], char::is_whitespace);
                return Ok((name, Some(byte)));
            }
            at += match char_at(self.file, at) {
                Some((c, length)) if is_space(c) || is_name(c) => length,
                _ => return Err("compose refuses this character in a name"),
            };
        }
        if start == self.file.len() {
            return Err("compose refuses a file that ends with `export`");
        }
        Ok((&[], None))
    }

    fn value(&mut self, variables: &mut Variables<'_>) -> Result<Expansion, &'static str> {
        let mut result = Expansion::default();
        match self.file.get(self.at) {
            Some(b'\'') => result.bytes = self.quoted(b'\'')?,
            Some(b'"') => {
                let value = expand_escapes(&self.quoted(b'"')?);
                substitute(&value, variables, &mut result)?;
            }
            _ => substitute(self.unquoted(), variables, &mut result)?,
        }
        Ok(result)
    }

    fn unquoted(&mut self) -> &'f [u8] {
        let start = self.at;
        let end = find_or_end(self.file, start, |b| b == b'\n');
        self.at = (end + 1).min(self.file.len());
        let value = &self.file[start..end];
        let comment = value.windows(2).position(|pair| pair == b" #");
        trim_end(
            &value[..comment.unwrap_or(value.len())],
            char::is_whitespace,
        )
    }

    /// What follows on the line after the closing quote is the next statement.
    fn quoted(&mut self, quote: u8) -> Result<Buffer, &'static str> {
        let mut value = Buffer::default();
        let mut escaped = false;
        for (at, &byte) in self.file.iter().enumerate().skip(self.at + 1) {
            match (byte, escaped) {
                (b'\\', false) => escaped = true,
                (_, false) if byte == quote => {
                    self.at = at + 1;
                    return Ok(value);
                }
                (_, true) => {
                    if byte != quote {
                        value.push(b'\\');
                    }
                    value.push(byte);
                    escaped = false;
                }
                (_, false) => value.push(byte),
            }
        }
        Err("compose refuses a quote that is not closed")
    }
}

/// The escapes of Go that the shell's `echo` has too, and `\$`, which becomes the `$$` of a template.
fn expand_escapes(value: &[u8]) -> Buffer {
    let mut expanded = Buffer::with_capacity(value.len());
    let mut rest = value;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            expanded.push(byte);
            continue;
        }
        let plain = match after.first() {
            Some(b'0') => {
                rest = octal(&after[1..], &mut expanded);
                continue;
            }
            Some(b'$') => &b"$$"[..],
            Some(b'a') => b"\x07",
            Some(b'b') => b"\x08",
            Some(b'f') => b"\x0c",
            Some(b'n') => b"\n",
            Some(b'r') => b"\r",
            Some(b't') => b"\t",
            Some(b'v') => b"\x0b",
            Some(b'\\') => b"\\",
            // A quote cannot follow: its backslash went with the quotes.
            _ => {
                expanded.push(b'\\');
                continue;
            }
        };
        expanded.extend(plain);
        rest = &after[1..];
    }
    expanded
}

/// `\0` and up to three digits: a character if they are three octal ones up to 377, else left there
/// without the zero.
fn octal<'v>(after: &'v [u8], expanded: &mut Buffer) -> &'v [u8] {
    let is_digit = after.iter().take(3).take_while(|b| b.is_ascii_digit());
    let (digits, rest) = after.split_at(is_digit.count());
    let code = match digits {
        [high @ b'0'..=b'3', middle @ b'0'..=b'7', low @ b'0'..=b'7'] => {
            Some((high - b'0') << 6 | (middle - b'0') << 3 | (low - b'0'))
        }
        _ => None,
    };
    if let Some(code) = code {
        let mut utf8 = [0; 4];
        expanded.extend(char::from(code).encode_utf8(&mut utf8).as_bytes());
    } else {
        expanded.push(b'\\');
        expanded.extend(digits);
    }
    rest
}

fn is_space(c: char) -> bool {
    matches!(
        c,
        '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}'
    )
}

fn is_name(c: char) -> bool {
    // Go's letters and numbers are general categories; Rust's `is_alphabetic` is wider.
    static LETTER_OR_NUMBER: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^[\p{L}\p{N}]$").ok());
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '[' | ']');
    }
    LETTER_OR_NUMBER.as_ref().map_or_else(
        || c.is_alphanumeric(),
        |letter| letter.is_match(c.encode_utf8(&mut [0; 4])),
    )
}

#[cfg(test)]
mod tests {
    use super::super::Dialect::Compose;
    use super::super::tests::{Absent, FromOutside, Is, check, check_alone, names, rejects};
    use super::super::{Entry, Outside, read};

    /// The cases of compose-go's own `godotenv_test.go`, with the name K.
    #[test]
    fn the_published_cases() {
        for (file, value) in [
            ("K=bar", "bar"),
            ("K =bar", "bar"),
            ("K= bar", "bar"),
            ("K=\"bar\"", "bar"),
            ("K='bar'", "bar"),
            ("K=\"escaped\\\"bar\"", "escaped\"bar"),
            ("K=\"\\\"quoted\\\"\"", "\"quoted\""),
            ("K=\"'d'\"", "'d'"),
            ("K: 1", "1"),
            ("K: Foo=bar", "Foo=bar"),
            ("K=1:B", "1:B"),
            ("export K=2", "2"),
            ("export K='\\n'", "\\n"),
            ("export\tK=2", "2"),
            ("\texport K=2", "2"),
            ("export K=\"export A\"", "export A"),
            ("K=\"bar\\nbaz\"", "bar\nbaz"),
            ("K=a\\tb", "a\\tb"),
            ("K=\"a\\tb\"", "a\tb"),
            (
                "K=\"Z\\aZ\\bZ\\fZ\\nZ\\rZ\\tZ\\vZ\\\\Z\\0123Z\"",
                "Z\u{7}Z\u{8}Z\u{c}Z\nZ\rZ\tZ\u{b}Z\\ZSZ",
            ),
            ("K=foobar=", "foobar="),
            ("K=bar ", "bar"),
            ("K=bar # this is foo", "bar"),
            ("K=bar #this is foo", "bar"),
            ("K=bar #", "bar"),
            ("K=123#not-an-inline-comment", "123#not-an-inline-comment"),
            ("K=\"bar#baz\"#", "bar#baz"),
            ("K=\"bar#baz\" # comment", "bar#baz"),
            ("K='bar#baz' # comment", "bar#baz"),
            ("K=\"bar\\n\\ b\\az\"", "bar\n\\ b\u{7}z"),
            ("K=\"bar\\\\\\n\\ b\\az\"", "bar\\\n\\ b\u{7}z"),
            ("K=\"bar\\\\r\\ b\\az\"", "bar\\r\\ b\u{7}z"),
            ("K=\"bar\\nbaz\\\\\"", "bar\nbaz\\"),
            (" K =value", "value"),
            ("K=\"\\0123\"", "S"),
            ("K=\"\\x07\"", "\\x07"),
            ("K=\"\\u12e4\"", "\\u12e4"),
            ("FOO=test\nK=$FOO", "test"),
            ("FOO=test\nK=${FOO}bar", "testbar"),
            ("FOO=test\nK=\"quote $FOO\"", "quote test"),
            ("K='quote $FOO'", "quote $FOO"),
            ("K=\"foo\\$BAR\"", "foo$BAR"),
            ("K=\"foo\\${BAR}\"", "foo${BAR}"),
            ("FOO=test\nK=\"foo\\${FOO} ${FOO}\"", "foo${FOO} test"),
            ("\u{feff}K=1", "1"),
        ] {
            check(Compose, file.as_bytes(), Is(value));
        }
        check_alone(Compose, b"K=$FOO", Is(""));
        for file in ["lol$wut", "K=\"", "K=\"value\\\"", "K='value\"", "A B=1"] {
            rejects(Compose, file.as_bytes(), 1);
        }
        let file = "a=b\na[1]=c\na.propertyKey=d\nárvíztűrő-TÜKÖRFÚRÓGÉP=x\nexportFoo=2\n";
        assert_eq!(
            names(Compose, file.as_bytes()),
            [
                "a",
                "a[1]",
                "a.propertyKey",
                "árvíztűrő-TÜKÖRFÚRÓGÉP",
                "exportFoo"
            ]
        );
    }

    #[test]
    fn what_follows_a_closing_quote_is_another_statement() {
        assert_eq!(names(Compose, b"K=\"a\" B=1\n"), ["K", "B"]);
        rejects(Compose, b"K=\"val\"ue$", 1);
        check(Compose, b"K=\"val\"ue\n", Is("val"));
    }

    #[test]
    fn a_name_alone_is_inherited_unless_the_file_ends_with_it() {
        let inherits = |file: &[u8]| {
            matches!(
                read(Compose, file, "K", Outside::Unknown),
                Ok(Entry::Inherited { line: 2 })
            )
        };
        assert!(inherits(b"\nK\n"));
        assert!(inherits(b"K=v\nexport K\n"));
        check(Compose, b"\nK", Absent);
        check_alone(Compose, b"K=v\nK\n", Is("v"));
    }

    #[test]
    fn a_comment_needs_a_space_that_is_not_trimmed_before_it() {
        check(Compose, b"K= # c", Is("# c"));
        check(Compose, b"K=v\t# c", Is("v\t# c"));
        check(Compose, "K=v\u{3000}".as_bytes(), Is("v"));
    }

    #[test]
    fn octal_escapes_are_three_digits_or_nothing() {
        check(
            Compose,
            b"K=\"\\0377\\0400\\012\\0\\0089\"",
            Is("ÿ\\400\\12\\\\089"),
        );
        check(Compose, b"K=\"\\c\\q\"", Is("\\c\\q"));
    }

    #[test]
    fn a_reference_out_of_the_file_is_told_apart() {
        check(Compose, b"A=1\n\nK=$A$B", FromOutside(3));
        check(Compose, b"K=pa$$word", Is("pa$word"));
    }

    #[test]
    fn refusals_have_their_line() {
        rejects(Compose, b"A=1\nexport ", 2);
        rejects(Compose, b"A='1\n2'\n\n\nK=\"v", 5);
        rejects(Compose, b"\xff=1", 1);
        rejects(Compose, "\nA\u{301}=1".as_bytes(), 2);
    }
}
